"""HMDB51: the probes of short clips, official split 1."""

from __future__ import annotations

from pathlib import Path

from simlearn.benchmarks.action_recognition import INPUTS, Settings, evaluate_on, found_on
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.source import Source
from simlearn.datasets.hmdb51 import HMDB51
from simlearn.datasets.root import Finding

__all__ = ["DATA_SET", "INPUTS", "QUICK", "SETTINGS", "evaluate", "found"]

DATA_SET = "hmdb51"
SETTINGS = Settings(size=112, stride=1, train_clips=3, folds=1, supervised_samples=40_000)
QUICK = Settings(size=64, stride=1, clips=5, train_clips=2, folds=1, penalties=(1e-2, 1.0), supervised_samples=8_000)


def evaluate(source: Source, request: Request) -> Evaluation:
    return evaluate_on(DATA_SET, "official split 1", HMDB51, QUICK if request.quick else SETTINGS, source, request)


def found(root: Path | None) -> Finding:
    """Whether there is what it is trained and tested on."""
    return found_on(HMDB51, root)
