"""Fight or none: the probes of short clips of surveillance cameras."""

from __future__ import annotations

from pathlib import Path

from simlearn.benchmarks.action_recognition import INPUTS, Settings, evaluate_on, found_on
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.source import Source
from simlearn.datasets.root import Finding
from simlearn.datasets.surveillance_fights import SurveillanceFights

__all__ = ["DATA_SET", "INPUTS", "QUICK", "SETTINGS", "evaluate", "found"]

DATA_SET = "surveillance_fights"
SETTINGS = Settings()
QUICK = Settings(clips=5, train_clips=5, penalties=(1e-1, 1.0, 10.0), supervised_samples=480)


def evaluate(source: Source, request: Request) -> Evaluation:
    return evaluate_on(
        DATA_SET, "the first 60 % of each class, by name, train", SurveillanceFights, QUICK if request.quick else SETTINGS, source, request
    )


def found(root: Path | None) -> Finding:
    """Whether there is what it is trained and tested on."""
    return found_on(SurveillanceFights, root)
