"""Kinetics: linear probes of short clips, trained on the training list, tested on the validation list."""

from __future__ import annotations

from pathlib import Path

from simlearn.benchmarks.action_recognition import INPUTS, Settings, evaluate_on, found_on
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.source import Source
from simlearn.datasets.kinetics import Kinetics
from simlearn.datasets.root import Finding

__all__ = ["DATA_SET", "INPUTS", "ON_REQUEST", "QUICK", "SETTINGS", "evaluate", "found"]

DATA_SET = "kinetics"
ON_REQUEST = True
SETTINGS = Settings(size=112, stride=2, train_clips=1, grid=1, folds=1, held_out_every=10, kinds=("linear",), supervised_samples=500_000)
QUICK = Settings(
    size=64, clips=3, train_clips=1, grid=1, folds=1, held_out_every=10, kinds=("linear",), penalties=(1e-2,), supervised_samples=50_000
)


def read(root: Path | None, split: str) -> Kinetics:
    """The validation list tests: the test list has no public labels."""
    return Kinetics(root, "val" if split == "test" else split)


def evaluate(source: Source, request: Request) -> Evaluation:
    settings = QUICK if request.quick else SETTINGS
    return evaluate_on(DATA_SET, "training list, tested on the validation list", read, settings, source, request)


def found(root: Path | None) -> Finding:
    """Whether there is what it is trained and tested on."""
    return found_on(read, root)
