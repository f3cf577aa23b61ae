"""Classification of the picture sets that have one question: a linear probe and nearest neighbours on every stage of the backbone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simlearn.benchmarks.classification import Classification, DrawnSettings
from simlearn.benchmarks.picture_problem import Problem, Round, Rows, faults_of, few_of_each, parts
from simlearn.datasets.caltech101 import Caltech101
from simlearn.datasets.places365 import Places365
from simlearn.datasets.stl10 import STL10
from simlearn.datasets.svhn import SVHN

FAST = (1e-2, 1e-1, 1.0)
"""Candidates for the probe's weight in quick evaluations."""


def _problem(name: str, readers: Sequence[Any], size: int | None, rounds: Sequence[Round]) -> Problem:
    return Problem(
        name=name,
        labels=np.concatenate([reader.classes for reader in readers]),
        class_names=tuple(readers[0].class_names),
        rounds=tuple(rounds),
        faults=faults_of(*readers),
        **parts(*readers, size=size),
    )


def _caltech101(root: Path | None, settings: DrawnSettings) -> Problem:
    """Each round trains on the 30 pictures of a class of its own draw, as the reader draws them, and tests on the rest."""
    readers = [Caltech101(root, split) for split in ("train", "test")]
    every = _problem("caltech101", readers, settings.size, ())
    rounds = []
    for draw in range(settings.rounds):
        train = set(Caltech101(root, "train", draw).paths)
        chosen = np.array([path in train for reader in readers for path in reader.paths])
        rounds.append(_few(every.labels, np.flatnonzero(chosen), np.flatnonzero(~chosen), settings, draw))
    return _problem("caltech101", readers, settings.size, rounds)


def _stl10(root: Path | None, settings: DrawnSettings) -> Problem:
    """Each round trains on one of the ten official folds of 1,000 pictures; all are tested on the whole test."""
    train, test = STL10(root, "train"), STL10(root, "test")
    tested = len(train) + np.arange(len(test))
    rounds = [Round(fold, tested) for fold in train.folds()[: settings.rounds] if len(fold)]
    return _problem("stl10", (train, test), settings.size, rounds)


def _one_round(name: str, readers: Sequence[Any], settings: DrawnSettings) -> Problem:
    train, test = readers
    every = _problem(name, readers, settings.size, ())
    split = _few(every.labels, np.arange(len(train)), len(train) + np.arange(len(test)), settings, 0)
    return _problem(name, readers, settings.size, (split,))


def _few(labels: Rows, train: Rows, test: Rows, settings: DrawnSettings, draw: int) -> Round:
    return Round(few_of_each(labels, train, settings.train_per_class, draw), few_of_each(labels, test, settings.test_per_class, draw))


def _svhn(root: Path | None, settings: DrawnSettings) -> Problem:
    return _one_round("svhn", (SVHN(root, "train"), SVHN(root, "test")), settings)


def _places365(root: Path | None, settings: DrawnSettings) -> Problem:
    return _one_round("places365", (Places365(root, "train"), Places365(root, "val")), settings)


CALTECH101 = Classification(
    name="caltech101",
    title="Caltech-101 classification: linear probe and nearest neighbours, 30 training pictures a class.",
    settings=DrawnSettings(size=96, test_per_class=50, rounds=5),
    quick=DrawnSettings(size=96, test_per_class=50, rounds=2, penalties=FAST, supervised_epochs=8),
    load=_caltech101,
    what="Caltech-101, {classes} classes without the background, {train} training pictures (30 a class) and {test} test pictures (at most "
    "50 a class), {rounds} random splits",
    class_mean=True,
)
STL_10 = Classification(
    name="stl10",
    title="STL-10 classification: linear probe and nearest neighbours on the ten official folds.",
    settings=DrawnSettings(rounds=10),
    quick=DrawnSettings(rounds=2, penalties=FAST, supervised_epochs=8),
    load=_stl10,
    what="STL-10, {classes} classes, {rounds} of the official folds of {train} training pictures, {test} test pictures of 96x96",
)
SVHN_DIGITS = Classification(
    name="svhn",
    title="SVHN classification: linear probe and nearest neighbours on cropped digits.",
    settings=DrawnSettings(train_per_class=1000),
    quick=DrawnSettings(train_per_class=200, test_per_class=200, penalties=FAST, supervised_epochs=8),
    load=_svhn,
    what="SVHN, cropped digits of 32x32, {train} training pictures (at most 1,000 a class) and {test} test pictures",
    flip=False,
)
PLACES_365 = Classification(
    name="places365",
    title="Places365 classification: linear probe and nearest neighbours, 50 training pictures a class.",
    settings=DrawnSettings(size=112, train_per_class=50),
    quick=DrawnSettings(size=112, train_per_class=10, test_per_class=10, penalties=FAST, supervised_epochs=8),
    load=_places365,
    what="Places365, {classes} classes, {train} training pictures (at most 50 a class) and {test} validation pictures",
    test="validation",
    ON_REQUEST=True,
)
