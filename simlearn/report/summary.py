"""What the rows say, in sentences: which method beats random initialisation, on what, by how much, over how many seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from simlearn.report.measurements import CONFIDENCE, CONTEXT, REFERENCE, Line, Metric, Table, Variant
from simlearn.report.tables import decimals, label, number, seeds_text, with_unit

NOTHING_REAL = (
    "Nothing here was measured on real data: every figure comes from rendered worlds that were held out from training. To measure on real "
    "images, point the environment variable SIMLEARN_DATA at a folder that holds the data sets in their official layouts (simlearn info "
    "lists the layouts and what it finds) and run the evaluation again."
)


@dataclass(frozen=True)
class Difference:
    """Mean of `variant` minus mean of `reference` for one metric.

    `half_width` belongs to the 95 % Welch interval, None when either side has fewer than three seeds.
    """

    metric: Metric
    variant: Line
    reference: Line

    @property
    def value(self) -> float:
        return self.variant.cells[self.metric].mean - self.reference.cells[self.metric].mean

    @property
    def half_width(self) -> float | None:
        a, b = (np.asarray(line.cells[self.metric].values) for line in (self.variant, self.reference))
        if min(len(a), len(b)) < 3:
            return None
        parts = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
        if sum(parts) == 0:
            return 0.0
        freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(a) - 1) + parts[1] ** 2 / (len(b) - 1))
        return float(stats.t.ppf(0.5 + CONFIDENCE / 2, freedom) * math.sqrt(sum(parts)))

    @property
    def verdict(self) -> str:
        """ "better", "worse", or "unclear" where the interval of the difference holds zero or there is no interval."""
        width = self.half_width
        if width is None or abs(self.value) <= width:
            return "unclear"
        return "better" if (self.value > 0) == self.metric.higher_is_better else "worse"


def difference(table: Table, variant: Variant, reference: Variant) -> Difference | None:
    """Difference on the primary metric, each at its own best stage; None where one of them has no value."""
    a, b = table.best_line(variant), table.best_line(reference)
    if a is None or b is None or table.primary not in a.cells or table.primary not in b.cells:
        return None
    return Difference(table.primary, a, b)


def reference_of(table: Table, variant: Variant) -> Variant | None:
    """The random initialisation to compare with: the one of the same backbone and width."""
    same = [v for v in table.variants if v.method == REFERENCE and (v.backbone, v.width) == (variant.backbone, variant.width)]
    return same[0] if same else None


def sentences(tables: Sequence[Table]) -> list[str]:
    """The summary paragraph, one sentence an entry. Where nothing real was measured the page also shows `NOTHING_REAL`."""
    if not tables:
        return ["No benchmark was measured yet, so there is no result to sum up."]
    text = []
    real = [table for table in tables if table.real]
    text.append(_scope(tables, real))
    for table in [*real, *(table for table in tables if not table.real)]:
        text += _about(table)
    return text


def _scope(tables: Sequence[Table], real: Sequence[Table]) -> str:
    counts = len({table.benchmark for table in tables}), len({table.benchmark for table in real})
    methods = {variant.method for table in tables for variant in table.variants if variant.method not in CONTEXT}
    return (
        f"{_count(len(methods), 'method')} {'was' if len(methods) == 1 else 'were'} measured on {_count(counts[0], 'benchmark')}, "
        f"{counts[1] or 'none'} of them on real data."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _about(table: Table) -> list[str]:
    text = []
    for variant in table.variants:
        if variant.method in (REFERENCE, *CONTEXT):
            continue
        reference = reference_of(table, variant)
        found = reference and difference(table, variant, reference)
        if found:
            text.append(_sentence(table, found))
    return text or [f"On {table.benchmark} no method can be set against random initialisation: one of the two was not measured."]


def _sentence(table: Table, found: Difference) -> str:
    metric = found.metric
    a, b = found.variant.cells[metric], found.reference.cells[metric]
    digits = decimals([a, b])
    gain = abs(found.value)
    ahead = metric.better(a.mean, b.mean)
    verb = {"better": "beats", "worse": "falls short of"}.get(found.verdict) or (
        "matches" if gain == 0 else "is ahead of" if ahead else "is behind"
    )
    width = found.half_width
    spread = "" if width is None else f" ± {number(width, digits)}"
    values = f"{number(a.mean, digits)} against {with_unit(number(b.mean, digits), metric.unit)}"
    certainty = (
        "too few seeds for an interval, so an indication only"
        if width is None
        else "beyond the spread of the seeds"
        if found.verdict != "unclear"
        else "within the spread of the seeds"
    )
    where = table.benchmark if table.real else f"{table.benchmark} (rendered)"
    return (
        f"On {where}, {label(found.variant.variant)} {verb} random initialisation by {number(gain, digits)}{spread} in {metric.name} "
        f"({values}; {seeds_text(a, b)}; {certainty})."
    )
