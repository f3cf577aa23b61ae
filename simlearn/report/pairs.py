"""Two methods (or checkpoints) compared on the very same test items, from the values of single items kept beside results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scenes.errors import UserError
from simlearn.benchmarks.metrics import METRICS
from simlearn.report.measurements import REFERENCE, UPPER, Metric
from simlearn.statistics import CONFIDENCE, Paired, PerItem, half_width, holm, paired, seed_average, welch_half_width

ITEMS = "items"
TRUTH = "truth"


@dataclass(frozen=True)
class Measured:
    """The per-item values of one metric of one run, by the items' names."""

    items: tuple[str, ...]
    values: PerItem


@dataclass(frozen=True)
class ItemRun:
    """What was kept of one run on one benchmark. `data` names the data set and its fingerprint."""

    benchmark: str
    method: str
    checkpoint: str
    seed: int
    data: tuple[str, str]
    protocol: str
    metrics: dict[str, Measured] = field(hash=False)

    @property
    def setting(self) -> tuple[str, ...]:
        """What two runs must share to be compared."""
        return self.benchmark, *self.data, self.protocol


@dataclass(frozen=True)
class PairRow:
    """First minus second, on one metric.

    `items` is the comparison over the items that all runs of both have, `left_out` counts the others. `seed_width` is the half-width of the
    95 % interval over seeds: of the differences by seed (`by_seed`) where both have the same seeds, else Welch's; None below three.
    `adjusted` is `items.p` after Holm's correction for the rows of the same benchmark and metric.
    """

    benchmark: str
    metric: Metric
    first: str
    second: str
    means: tuple[float, float]
    items: Paired
    left_out: int
    seeds: tuple[int, int]
    seed_width: float | None
    by_seed: bool
    adjusted: float

    @property
    def verdict(self) -> str:
        """ "better", "worse" or "not told apart" of these checkpoints, by the adjusted p at 5 %."""
        if self.adjusted >= 1 - CONFIDENCE:
            return "not told apart"
        return "better" if self.metric.better(self.items.difference, 0.0) else "worse"


def find_items(root: Path) -> tuple[list[ItemRun], list[str]]:
    """What `root/items` holds, in the order of names, and a sentence for each file that is no such record."""
    runs, problems = [], []
    for path in sorted((root / ITEMS).glob("*.json")):
        try:
            runs.append(_item_run(json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, KeyError, TypeError) as error:
            problems.append(f"The values of single items in {path.name} could not be read ({type(error).__name__}: {error}).")
    return runs, problems


def _item_run(entry: dict[str, Any]) -> ItemRun:
    metrics = {}
    for name, kept in entry["metrics"].items():
        values = PerItem.pooled(kept["numerator"], kept["denominator"])
        if len(kept["items"]) != len(values) or len(set(kept["items"])) != len(values):
            raise ValueError(f"{name} has {len(values)} values for {len(set(kept['items']))} items")
        metrics[name] = Measured(tuple(kept["items"]), values)
    data = entry["data"]
    return ItemRun(
        benchmark=entry["benchmark"],
        method=entry["method"],
        checkpoint=entry.get("checkpoint", ""),
        seed=int(entry["seed"]),
        data=(str(data["name"]), str(data["fingerprint"])),
        protocol=entry.get("protocol", ""),
        metrics=metrics,
    )


def compare_files(root: Path, first: str, second: str) -> tuple[list[PairRow], list[str]]:
    """Two methods or checkpoints by name, of what `root/items` holds; and what could not be read."""
    runs, problems = find_items(root)
    if not runs:
        raise UserError(f"{root / ITEMS} holds no values of single items: measure with simlearn evaluate --out {root / 'results.jsonl'}")
    return compare_named(named(runs, first), named(runs, second), (first, second)), problems


def compare_named(first: Sequence[ItemRun], second: Sequence[ItemRun], names: tuple[str, str]) -> list[PairRow]:
    """All that can be compared of two groups of runs, called `names`; UserError when they share no benchmark and items."""
    rows = []
    for setting in dict.fromkeys(run.setting for run in first):
        mine, other = ([run for run in group if run.setting == setting] for group in (first, second))
        if other:
            rows += [row for metric in mine[0].metrics if (row := _row(mine, other, metric, names))]
    if not rows:
        seen = [", ".join(sorted({run.benchmark for run in group})) or "nothing" for group in (first, second)]
        raise UserError(
            f"{names[0]} (measured on {seen[0]}) and {names[1]} (on {seen[1]}) share no benchmark, data and protocol with values of single "
            "items: measure both with simlearn evaluate and the same --out"
        )
    return _corrected(rows)


def named(runs: Sequence[ItemRun], name: str) -> list[ItemRun]:
    """The runs of a method, or of a checkpoint's folder; UserError listing what is there when there is none."""
    found = [run for run in runs if name in (run.method, run.checkpoint) or Path(run.checkpoint) == Path(name)]
    if not found:
        known = ", ".join(dict.fromkeys(run.method for run in runs)) or "nothing at all"
        raise UserError(f"no values of single items are kept of {name}: there are those of {known}")
    return found


def default_rows(runs: Sequence[ItemRun]) -> list[PairRow]:
    """Every method against random initialisation where that was measured, else against the best one by the first metric (not the truth)."""
    rows = []
    for setting in dict.fromkeys(run.setting for run in runs):
        mine = [run for run in runs if run.setting == setting]
        methods = [method for method in dict.fromkeys(run.method for run in mine) if method != TRUTH]
        if len(methods) < 2:
            continue
        against = REFERENCE if _is_network_reference(mine) else _leader(mine, methods)
        second = [run for run in mine if run.method == against]
        for method in methods:
            first = [run for run in mine if run.method == method]
            if method != against:
                rows += [row for metric in first[0].metrics if (row := _row(first, second, metric, (method, against)))]
    return _corrected(rows)


def _is_network_reference(runs: Sequence[ItemRun]) -> bool:
    """Whether "random" is there as untrained weights, which is so where a trained or supervised network is; else it is a baseline."""
    return any(run.method == REFERENCE for run in runs) and any(run.checkpoint or run.method == UPPER for run in runs)


def _leader(runs: Sequence[ItemRun], methods: Sequence[str]) -> str:
    metric = next(iter(runs[0].metrics))
    values = {m: np.mean([run.metrics[metric].values.value for run in runs if run.method == m and metric in run.metrics]) for m in methods}
    known = {method: value for method, value in values.items() if np.isfinite(value)}
    best = max if _metric(metric).higher_is_better else min
    return best(known, key=lambda method: known[method]) if known else methods[0]


def _metric(name: str) -> Metric:
    known = METRICS.get(name)
    return Metric(name, "" if known is None or known.unit == "1" else known.unit, known is None or known.higher_is_better)


def _row(first: Sequence[ItemRun], second: Sequence[ItemRun], metric: str, names: tuple[str, str]) -> PairRow | None:
    """The comparison on one metric over the items that all runs have; None where one lacks the metric or no item is shared."""
    groups = [[run for run in group if metric in run.metrics] for group in (first, second)]
    if not all(groups):
        return None
    everyone = [run.metrics[metric] for group in groups for run in group]
    shared = set.intersection(*(set(found.items) for found in everyone))
    if not shared:
        return None
    order = sorted(shared)
    values = [[_in_order(run.metrics[metric], order) for run in group] for group in groups]
    by_seed = [{run.seed: one.value for run, one in zip(group, found, strict=True)} for group, found in zip(groups, values, strict=True)]
    averaged = [seed_average(found) for found in values]
    width, matched = _seed_width(*by_seed)
    items = paired(averaged[0], averaged[1])
    return PairRow(
        benchmark=first[0].benchmark,
        metric=_metric(metric),
        first=names[0],
        second=names[1],
        means=(averaged[0].value, averaged[1].value),
        items=items,
        left_out=len(set.union(*(set(found.items) for found in everyone))) - len(order),
        seeds=(len(by_seed[0]), len(by_seed[1])),
        seed_width=width,
        by_seed=matched,
        adjusted=items.p,
    )


def _in_order(measured: Measured, order: Sequence[str]) -> PerItem:
    place = {name: i for i, name in enumerate(measured.items)}
    return measured.values.take([place[name] for name in order])


def _seed_width(first: dict[int, float], second: dict[int, float]) -> tuple[float | None, bool]:
    """(half-width over seeds, whether it is of the differences by seed)."""
    if first.keys() == second.keys():
        differences = [first[seed] - second[seed] for seed in sorted(first)]
        return half_width(differences), True
    return welch_half_width(list(first.values()), list(second.values())), False


def _corrected(rows: Sequence[PairRow]) -> list[PairRow]:
    """With `adjusted` over the rows of the same benchmark and metric."""
    adjusted: dict[int, float] = {}
    for key in dict.fromkeys((row.benchmark, row.metric) for row in rows):
        places = [i for i, row in enumerate(rows) if (row.benchmark, row.metric) == key]
        adjusted |= dict(zip(places, holm([rows[i].items.p for i in places]), strict=True))
    return [replace(row, adjusted=adjusted[i]) for i, row in enumerate(rows)]
