"""UCF101: the probes of short clips, official split 1."""

from __future__ import annotations

from pathlib import Path

from simlearn.benchmarks.action_recognition import INPUTS, Settings, evaluate_on, found_on
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.source import Source
from simlearn.datasets.root import Finding
from simlearn.datasets.ucf101 import UCF101

__all__ = ["DATA_SET", "INPUTS", "QUICK", "SETTINGS", "evaluate", "found"]

DATA_SET = "ucf101"
SETTINGS = Settings(size=112, stride=1, train_clips=3, folds=1, supervised_samples=100_000)
QUICK = Settings(size=64, stride=1, clips=5, train_clips=2, folds=1, penalties=(1e-2, 1.0), supervised_samples=20_000)


def evaluate(source: Source, request: Request) -> Evaluation:
    return evaluate_on(DATA_SET, "official split 1", UCF101, QUICK if request.quick else SETTINGS, source, request)


def found(root: Path | None) -> Finding:
    """Whether there is what it is trained and tested on."""
    return found_on(UCF101, root)
