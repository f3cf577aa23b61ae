"""Tiny ImageNet classification: a linear probe and nearest neighbours on every stage of the backbone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simlearn.benchmarks.classification import Classification, Settings, best_stage, linear, neighbours
from simlearn.benchmarks.picture_problem import Problem, Round, faults_of, parts
from simlearn.datasets.tiny_imagenet import TinyImageNet

__all__ = ["DATA_SET", "QUICK", "SETTINGS", "best_stage", "evaluate", "linear", "load", "neighbours"]

DATA_SET = "tiny_imagenet"
SETTINGS = Settings()
QUICK = Settings(penalties=(1e-2, 1e-1, 1.0), supervised_epochs=8)
WHAT = "Tiny ImageNet, {classes} classes, {train} training and {test} validation images of 64x64"


def load(root: Path | None, settings: object = SETTINGS) -> Problem:
    """The training images train, the validation images test: those of the official test have no labels."""
    del settings
    train, test = TinyImageNet(root, "train"), TinyImageNet(root, "val")
    return Problem(
        name="tiny_imagenet",
        labels=np.array([*train.classes, *test.classes]),
        class_names=tuple(train.class_names),
        rounds=(Round(np.arange(len(train)), np.arange(len(train), len(train) + len(test))),),
        faults=faults_of(train, test),
        **parts(train, test, size=None),
    )


BENCHMARK = Classification(name="tiny_imagenet", title=__doc__, settings=SETTINGS, quick=QUICK, load=load, what=WHAT, test="validation")
evaluate = BENCHMARK.evaluate
