"""What a benchmark is asked for and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlearn.benchmarks.metrics import METRICS
from simlearn.benchmarks.source import Source
from simlearn.provenance import commit
from simlearn.results import Result
from simlearn.statistics import Interval, PerItem

Picture = tuple[str, NDArray[np.uint8]]
"""A title and an image uint8 [H, W, 3]."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """How to run a benchmark. `root` is the folder of real data, `rendered` that of a rendered data set never trained on.

    `say` shows progress. `strict` refuses predictions with something missing. `work` is a folder for what a supervised reference leaves
    while it trains. `cache` is a folder where features may be kept (see `simlearn.benchmarks.feature_cache`), None: they are not.
    """

    root: Path | None
    rendered: Path | None = None
    work: Path
    cache: Path | None = None
    quick: bool = False
    strict: bool = False
    say: Callable[[str], None] = print


@dataclass(kw_only=True)
class Evaluation:
    """Rows and pictures of one benchmark on one source. `settings` is the benchmark's frozen dataclass; every row carries it."""

    benchmark: str
    protocol: str
    source: Source
    settings: Any
    quick: bool
    data: Mapping[str, str]
    rows: list[Result] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    per_item: dict[str, dict[str, Any]] = field(default_factory=dict)
    """{metric: {"items": names, "numerator": ..., "denominator": ...}} of what `add_items` was given."""

    def add_items(self, names: Sequence[str], measures: Mapping[str, PerItem], *, stage: str, baseline: str | None = None) -> None:
        """A row for each measure over the named items, with its bootstrap interval; the items' own values are kept for paired tests."""
        for metric, values in measures.items():
            self.add({metric: values.value}, stage=stage, n=len(names), baseline=baseline, interval=values.interval())
            if baseline is None:
                facts = {"numerator": values.numerator.tolist(), "denominator": values.denominator.tolist()}
                self.per_item[metric] = {"items": list(names), **facts}

    def add(
        self,
        values: Mapping[str, float],
        *,
        stage: str,
        n: int,
        baseline: str | None = None,
        chosen: Mapping[str, Any] | None = None,
        interval: Interval | None = None,
    ) -> None:
        """A row for each value. `baseline` names a predictor that looks at no image; `chosen` tells what was picked on training data."""
        source = self.source
        for metric, value in values.items():
            self.rows.append(
                Result(
                    benchmark=self.benchmark,
                    protocol=self.protocol,
                    method=baseline or source.method,
                    checkpoint="" if baseline or source.checkpoint is None else str(source.checkpoint),
                    backbone="" if baseline else source.backbone,
                    width=0 if baseline else source.width,
                    stage=stage,
                    metric=metric,
                    unit=METRICS[metric].unit,
                    value=float(value),
                    higher_is_better=METRICS[metric].higher_is_better,
                    n=n,
                    seed=source.seed,
                    samples_seen=0 if baseline else source.samples_seen,
                    train_seconds=0.0 if baseline else source.train_seconds,
                    peak_memory_mb=0.0 if baseline else source.peak_memory_mb,
                    commit=commit(),
                    data=dict(self.data),
                    config=evaluation_config(self.settings, self.quick) | {"chosen": dict(chosen or {})},
                    low=interval.low if interval else None,
                    high=interval.high if interval else None,
                )
            )


def evaluation_config(settings: Any, quick: bool) -> dict[str, Any]:
    """What a row's `config` says of the settings: the part by which two evaluations are known to be the same."""
    return {"settings": _plain(asdict(settings)), "quick": quick}


def _plain(value: Any) -> Any:
    """With lists for tuples, as JSON gives them back, so that a stored row compares equal."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, tuple | list) else value
