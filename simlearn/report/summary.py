"""What the rows say, in sentences: which method beats random initialisation, on what, by how much, over how many seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from simlearn.report.measurements import CHOSEN, CONTEXT, REFERENCE, Line, Metric, Table, Variant, is_step
from simlearn.report.tables import count_range, decimals, label, metric_label, number, seeds_text, with_unit
from simlearn.statistics import welch_half_width

NOTHING_REAL = (
    "Nothing here was measured on real data: every figure comes from rendered worlds that were held out from training. To measure on real "
    "images, point the environment variable SIMLEARN_DATA at a folder that holds the data sets in their official layouts (simlearn info "
    "lists the layouts and what it finds) and run the evaluation again."
)


MOST_METHODS = 4
"""With more of them the summary goes by benchmark, not by method."""


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
        return welch_half_width(*(line.cells[self.metric].values for line in (self.variant, self.reference)))

    @property
    def verdict(self) -> str:
        """ "better", "worse", or "unclear" where the interval of the difference holds zero or there is no interval."""
        width = self.half_width
        if width is None or abs(self.value) <= width:
            return "unclear"
        return "better" if (self.value > 0) == self.metric.higher_is_better else "worse"


def difference(table: Table, variant: Variant, reference: Variant) -> Difference | None:
    """Difference on the primary metric, each at its own best stage; None where one has no value or they are of different kinds."""
    a, b = (table.best_line(v, table.primary) for v in (variant, reference))
    if a is None or b is None:
        return None
    alike = a.stage == b.stage or all(line.stage == CHOSEN or is_step(line.stage) for line in (a, b))
    return Difference(table.primary, a, b) if alike else None


def reference_of(table: Table, variant: Variant) -> Variant | None:
    """The random initialisation to compare with: the one of the same backbone and width."""
    same = [v for v in table.variants if v.method == REFERENCE and (v.backbone, v.width) == (variant.backbone, variant.width)]
    return same[0] if same else None


@dataclass(frozen=True)
class Summary:
    """The paragraph at the top of the page, and one sentence with figures for each comparison behind it."""

    paragraph: str
    details: tuple[str, ...]


def summarise(tables: Sequence[Table]) -> Summary:
    """What the tables say. Where nothing real was measured the page also shows `NOTHING_REAL`."""
    if not tables:
        return Summary("No benchmark was measured yet, so there is no result to sum up.", ())
    found = [(table, one) for table in sorted(tables, key=lambda table: not table.real) for one in _comparisons(table)]
    methods = list(dict.fromkeys(one.variant.variant.method for _, one in found))
    if len(methods) > MOST_METHODS:
        tallies = [_overview(list(group)) for _, group in groupby(found, key=lambda pair: id(pair[0]))]
    else:
        tallies = [_tally(method, found) for method in methods]
    if not found:
        tallies = ["No method can be set against random initialisation yet: measure both on the same benchmark."]
    return Summary(" ".join([_scope(tables), *tallies]), tuple(_sentence(table, one) for table, one in found))


def _scope(tables: Sequence[Table]) -> str:
    benchmarks, real = ({table.benchmark for table in tables if table.real >= only} for only in (False, True))
    methods = {variant.method for table in tables for variant in table.variants if variant.method not in CONTEXT}
    if len(benchmarks) == 1:
        where = "on real data" if real else "not on real data"
    else:
        where = "all on real data" if benchmarks == real else f"{len(real) or 'none'} of them on real data"
    verb = "was" if len(methods) == 1 else "were"
    return f"{_count(len(methods), 'method')} {verb} measured on {_count(len(benchmarks), 'benchmark')}, {where}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _comparisons(table: Table) -> list[Difference]:
    """Every trained method against random initialisation."""
    trained = [variant for variant in table.variants if variant.method not in (REFERENCE, *CONTEXT)]
    pairs = [(variant, reference_of(table, variant)) for variant in trained]
    return [one for variant, reference in pairs if reference and (one := difference(table, variant, reference))]


def _tally(method: str, found: Sequence[tuple[Table, Difference]]) -> str:
    """On which benchmarks a method is better than, worse than, or not told apart from random initialisation."""
    mine = [(table, one) for table, one in found if one.variant.variant.method == method]
    groups: dict[str, list[str]] = {}
    for table, one in mine:
        name = f"{table.benchmark} ({metric_label(one.metric)}{'' if table.real else ', not real data'})"
        groups.setdefault(_certainty(one), []).append(name)
    parts = [f"{phrase} on {_joined(list(dict.fromkeys(groups[phrase])))}" for phrase in PHRASES if phrase in groups]
    name = label(mine[0][1].variant.variant)
    return f"{name[0].upper() + name[1:] if name != method else name} {'; '.join(parts)}."


def _overview(found: Sequence[tuple[Table, Difference]]) -> str:
    """Which methods are better and worse than random initialisation on one benchmark, the best first."""
    table = found[0][0]
    ordered = sorted((one for _, one in found), key=lambda one: one.value, reverse=found[0][1].metric.higher_is_better)
    groups: dict[str, list[str]] = {}
    for one in ordered:
        groups.setdefault("unsure" if one.half_width is None else one.verdict, []).append(label(one.variant.variant))
    better, worse = groups.get("better", []), groups.get("worse", [])
    where = f"On {table.benchmark} ({metric_label(found[0][1].metric)}{'' if table.real else ', not real data'})"
    verb = "beats" if len(better) < 2 else "beat"
    parts = [f"{_joined(better) if better else 'no method'} {verb} random initialisation beyond the spread of seeds"]
    if worse:
        parts.append(f"{_joined(worse)} fall{'s' if len(worse) < 2 else ''} short of it")
    if others := len(ordered) - len(better) - len(worse):
        parts.append(f"{others} {'others ' if better or worse else ''}cannot be told from it")
    return f"{where}, {'; '.join(parts)}."


PHRASES = (
    "beats random initialisation beyond the spread of the seeds",
    "is ahead of random initialisation, with too few seeds to be sure,",
    "cannot be told from random initialisation within the spread of the seeds",
    "is not ahead of random initialisation, with too few seeds to be sure,",
    "falls short of random initialisation beyond the spread of the seeds",
)


def _certainty(one: Difference) -> str:
    if one.half_width is None:
        ahead = one.metric.better(one.variant.cells[one.metric].mean, one.reference.cells[one.metric].mean)
        return PHRASES[1] if ahead else PHRASES[3]
    return {"better": PHRASES[0], "unclear": PHRASES[2], "worse": PHRASES[4]}[one.verdict]


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _sentence(table: Table, one: Difference) -> str:
    """The figures of one comparison."""
    metric = one.metric
    a, b = one.variant.cells[metric], one.reference.cells[metric]
    digits = decimals([a, b])
    width = one.half_width
    interval = " (no interval: that needs three seeds)" if width is None else f" ± {number(width, digits)}"
    sign = "+" if one.value > 0 else ""
    direction = "higher is better" if metric.higher_is_better else "lower is better"
    items = f"n\u00a0{count_range([*a.n, *b.n])}"
    return (
        f"{table.benchmark}{'' if table.real else ' (not real data)'}, {metric_label(metric)}, {direction}: {label(one.variant.variant)} "
        f"{with_unit(number(a.mean, digits), metric.unit)} against {with_unit(number(b.mean, digits), metric.unit)}, difference "
        f"{sign}{number(one.value, digits)}{interval}; {seeds_text(a, b)}, {items}."
    )
