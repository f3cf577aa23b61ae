"""HMDB51: the probes of short clips, on each of the three official splits and in the mean."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from simlearn.benchmarks.action_recognition import INPUTS, Settings, evaluate_splits, found_on
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.source import Source
from simlearn.datasets.hmdb51 import HMDB51
from simlearn.datasets.root import Finding

__all__ = ["DATA_SET", "INPUTS", "QUICK", "SETTINGS", "evaluate", "found"]

SPLITS = tuple(partial(HMDB51, fold=fold) for fold in (1, 2, 3))
DATA_SET = "hmdb51"
SETTINGS = Settings(size=112, stride=1, train_clips=3, folds=1, supervised_samples=40_000)
QUICK = Settings(size=64, stride=1, clips=5, train_clips=2, folds=1, penalties=(1e-2, 1.0), supervised_samples=8_000)


def evaluate(source: Source, request: Request) -> Evaluation:
    return evaluate_splits(DATA_SET, "the three official splits", SPLITS, QUICK if request.quick else SETTINGS, source, request)


def found(root: Path | None) -> Finding:
    """Whether there is what it is trained and tested on."""
    findings = [found_on(read, root) for read in SPLITS]
    return next((finding for finding in findings if not finding.present), findings[0])
