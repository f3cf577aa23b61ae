"""Results brought together over seeds: one table for each protocol of each benchmark.

Results are averaged only when they differ in nothing but seed and checkpoint: same benchmark, data fingerprint, protocol, settings,
method, backbone, width, samples seen, stage and metric.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simlearn.results import Result
from simlearn.statistics import half_width

REFERENCE = "random"
UPPER = "supervised"
CONTEXT = ("constant", "row_prior")
RENDERED = ("rendered", "synthetic", "heldout")
HEADLINE = ("only", "chosen", "best", "best and last", "own")
CHOSEN = "best"  # stage chosen on held-out training data by the benchmark itself
# Names of a backbone's stages from input to output; names that end in a number go by that number. What is neither (all stages
# stacked, say) is no step on the way from input to output.
STAGES = ("input", "stem", "conv1", "layer1", "layer2", "layer3", "layer4", "lstm", "avgpool")
OUTPUTS = ("fc", "head")


@dataclass(frozen=True)
class Estimate:
    """Mean of one metric over seeds.

    `half_width` is that of the two-sided 95 % Student t-interval of the mean, None below three finite values. `n` holds the
    distinct numbers of test items behind the values, ascending.
    """

    values: tuple[float, ...]
    seeds: tuple[int, ...]
    n: tuple[int, ...]

    @property
    def mean(self) -> float:
        return math.fsum(self.values) / len(self.values)

    @property
    def half_width(self) -> float | None:
        return half_width(self.values)


@dataclass(frozen=True)
class Metric:
    """A column: the metric's name, its unit ("" for a bare number) and which direction is better."""

    name: str
    unit: str
    higher_is_better: bool

    def better(self, a: float, b: float) -> bool:
        """Whether `a` is strictly better than `b`."""
        return a > b if self.higher_is_better else a < b


@dataclass(frozen=True)
class Variant:
    """What was measured, apart from seed and stage."""

    method: str
    backbone: str = ""
    width: int = 0
    samples_seen: int = 0

    @property
    def rank(self) -> tuple[int, str, str, int, int]:
        """Sorting key of the fixed order: random, pretexts by name, supervised, context baselines."""
        if self.method in CONTEXT:
            group = 3
        else:
            group = {REFERENCE: 0, UPPER: 2}.get(self.method, 1)
        return group, self.method, self.backbone, self.width, self.samples_seen


@dataclass(frozen=True)
class Line:
    """One variant at one stage. `chosen` names the stages that "best" stood for, where that is known.

    `role`: "only" where there is one stage; "chosen" by the benchmark on held-out training data; "last"; "best" or "best and last" by
    the mean over seeds on the test items themselves, where the benchmark chose none; "own" for what is no step
    from input to output, such as all stages stacked or a network's own output; "" for every other stage.
    """

    variant: Variant
    stage: str
    role: str
    cells: Mapping[Metric, Estimate]
    chosen: Mapping[Metric, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """All that was measured on one data set under one protocol and its `settings`.

    `lines` go by the fixed order of methods, then by stage from input to output. `replaced` counts results that a later, different one
    of the same seed supersedes; `unusable` names the method of each result whose value is not finite.
    """

    benchmark: str
    protocol: str
    data_name: str
    fingerprint: str
    settings: Mapping[str, Any]
    real: bool
    metrics: tuple[Metric, ...]
    lines: tuple[Line, ...]
    replaced: int = 0
    unusable: tuple[str, ...] = ()

    @property
    def primary(self) -> Metric:
        """The metric by which a variant's best stage is chosen: the first one measured."""
        return self.metrics[0]

    @property
    def headline(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.role)

    def best_line(self, variant: Variant, metric: Metric) -> Line | None:
        """The line of a variant's best stage, if the metric was measured there."""
        return next((l for l in self.lines if l.variant == variant and l.role in HEADLINE and metric in l.cells), None)

    @property
    def variants(self) -> tuple[Variant, ...]:
        return tuple(dict.fromkeys(line.variant for line in self.lines))


def is_real(row: Result) -> bool:
    """Whether the result was measured on real data: neither its benchmark nor its data is a rendered one."""
    return not any(name.lower().startswith(RENDERED) for name in (row.benchmark, row.data.get("name", "")))


def settings_of(row: Result) -> dict[str, Any]:
    """What decides how a result was measured; what the measurement picked on its training data is no setting."""
    return {name: value for name, value in row.config.items() if name != "chosen"}


def tables(rows: Iterable[Result]) -> list[Table]:
    """One table for each benchmark, protocol, settings and data, in order of first appearance, benchmarks kept together."""
    groups: dict[tuple[str, ...], list[Result]] = {}
    for row in rows:
        settings = json.dumps(settings_of(row), sort_keys=True, default=str)
        data = row.data.get("name", ""), row.data.get("fingerprint", "")
        groups.setdefault((row.benchmark, row.protocol, settings, *data), []).append(row)
    first_seen = list(dict.fromkeys(key[0] for key in groups))
    return [_table(groups[key]) for key in sorted(groups, key=lambda key: first_seen.index(key[0]))]


def _table(rows: list[Result]) -> Table:
    latest: dict[tuple[Variant, str, Metric, int], Result] = {}
    replaced = 0
    for row in rows:
        key = _variant(row), row.stage, _metric(row), row.seed
        replaced += key in latest and latest[key].value != row.value
        latest[key] = row
    usable = {key: row for key, row in latest.items() if math.isfinite(row.value)}
    cells: dict[tuple[Variant, str], dict[Metric, list[Result]]] = {}
    for (variant, stage, metric, _), row in usable.items():
        cells.setdefault((variant, stage), {}).setdefault(metric, []).append(row)
    metrics = tuple(dict.fromkeys(metric for _, _, metric, _ in latest))
    first = rows[0]
    return Table(
        benchmark=first.benchmark,
        protocol=first.protocol,
        data_name=first.data.get("name", ""),
        fingerprint=first.data.get("fingerprint", ""),
        settings=settings_of(first),
        real=is_real(first),
        metrics=metrics,
        lines=_lines(cells, metrics[0]),
        replaced=replaced,
        unusable=tuple(key[0].method for key in latest if key not in usable),
    )


def _lines(cells: Mapping[tuple[Variant, str], Mapping[Metric, list[Result]]], primary: Metric) -> tuple[Line, ...]:
    estimates = {key: {metric: _estimate(rows) for metric, rows in by_metric.items()} for key, by_metric in cells.items()}
    lines = []
    for variant in sorted({variant for variant, _ in estimates}, key=lambda variant: variant.rank):
        stages = sorted((stage for v, stage in estimates if v == variant), key=_stage_rank)
        roles = _roles(stages, {stage: estimates[variant, stage] for stage in stages}, primary)
        for stage in stages:
            lines.append(Line(variant, stage, roles[stage], estimates[variant, stage], _chosen(cells[variant, stage])))
    return tuple(lines)


def _chosen(by_metric: Mapping[Metric, list[Result]]) -> dict[Metric, tuple[str, ...]]:
    """For each metric the names of the stages that "best" stood for, over seeds."""
    chosen = {}
    for metric, rows in by_metric.items():
        names = {str(row.config.get("chosen", {}).get("stage", "")) for row in rows if row.stage == CHOSEN} - {""}
        if names:
            chosen[metric] = tuple(sorted(names, key=_stage_rank))
    return chosen


def _roles(stages: list[str], estimates: Mapping[str, Mapping[Metric, Estimate]], primary: Metric) -> dict[str, str]:
    """The role of each stage of one variant; `stages` run from input to output."""
    if len(stages) == 1:
        return {stages[0]: "only"}
    probed = [stage for stage in stages if primary in estimates[stage] and (stage == CHOSEN or is_step(stage))]
    roles = {stage: "" if stage in probed else "own" for stage in stages}
    named = [stage for stage in probed if stage != CHOSEN]
    if len(probed) == 1:
        return {**roles, probed[0]: "chosen" if not named else "only"}
    if not probed:
        return roles
    roles[named[-1]] = "last"
    if CHOSEN in probed:
        return {**roles, CHOSEN: "chosen"}
    sign = 1 if primary.higher_is_better else -1
    best = max(probed, key=lambda stage: sign * estimates[stage][primary].mean)
    return {**roles, best: "best and last" if best == named[-1] else "best"}


def _estimate(rows: list[Result]) -> Estimate:
    rows = sorted(rows, key=lambda row: row.seed)
    return Estimate(
        values=tuple(float(row.value) for row in rows),
        seeds=tuple(row.seed for row in rows),
        n=tuple(sorted({row.n for row in rows})),
    )


def _variant(row: Result) -> Variant:
    return Variant(row.method, row.backbone, row.width, row.samples_seen)


def _metric(row: Result) -> Metric:
    return Metric(row.metric, "" if row.unit == "1" else row.unit, row.higher_is_better)


def is_step(stage: str) -> bool:
    """Whether a stage is one of the steps from input to output that a probe can be laid on."""
    return _stage_rank(stage)[0] == 1


def _stage_rank(stage: str) -> tuple[int, int, str]:
    """Sorting key: what is no step first, then the steps from input to output, then the network's own outputs."""
    if stage in STAGES:
        return 1, STAGES.index(stage), stage
    if stage in OUTPUTS:
        return 2, OUTPUTS.index(stage), stage
    number = re.search(r"(\d+)$", stage)
    return (1, int(number.group(1)), stage) if number else (0, 0, stage)
