"""Depth of an indoor Kinect sequence: ridge regression on frozen features of its first part, tested on its last part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.benchmarks.dense_probe import (
    PENALTIES,
    DepthFrame,
    apply,
    baseline_predictions,
    columns_of,
    depth_learner,
    depth_moments,
    depth_pictures,
    depth_samples,
    log_depth_to_size,
    score_depth,
)
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.features import device
from simlearn.benchmarks.metrics import DepthProtocol
from simlearn.benchmarks.probes import choose_ridge
from simlearn.benchmarks.source import RANDOM, SUPERVISED, Source
from simlearn.benchmarks.supervised import Training, train_supervised
from simlearn.datasets.seven_scenes import SevenScenes

DEPTH = DepthProtocol(minimum_m=1e-3, maximum_m=10.0, crop=None, scaling="median")

DATA_SET = "seven_scenes"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Shares of the sequence that train and that test; what lies between is left out. Every `step`-th frame of each is used."""

    size: tuple[int, int] = (320, 240)
    train_share: float = 0.55
    test_share: float = 0.27
    step: int = 2
    folds: int = 5
    penalties: tuple[float, ...] = PENALTIES
    supervised_samples: int = 1600
    supervised_crop: tuple[int, int] = (160, 120)
    pictures: int = 3


SETTINGS = Settings()
QUICK = Settings(step=4, supervised_samples=480, pictures=2)
SPLIT = "7-Scenes RedKitchen, every {step}th of {total} consecutive frames: {test} of the last {test_span} test"
PROTOCOL = (
    SPLIT + ", {train} of the first {train_span} train, the {gap} between are left out; input {width}x{height}; all stages resized "
    "bilinearly to the stride-4 grid and stacked, with the cell's row and column; ridge regression to the mean log depth of each cell, "
    "its penalty chosen by {folds}-fold cross-validation over runs of training frames; log depth resized bilinearly; {depth}. "
    "'supervised': trunk and linear layer trained end to end. constant, row_prior: no image seen."
)


@dataclass(frozen=True, kw_only=True)
class Split:
    """Frames to train and to test on, and the words that tell how they were taken."""

    train: list[DepthFrame]
    test: list[DepthFrame]
    words: dict[str, int]


def split(data: SevenScenes, settings: Settings) -> Split:
    total = len(data)
    train_span, test_span = int(settings.train_share * total), int(settings.test_share * total)
    train, test = range(0, train_span, settings.step), range(total - test_span, total, settings.step)
    if len(train) < 2 or not len(test):
        raise UserError(f"{data.folder} has {total} complete frames, too few to train and test on: copy the whole sequence")
    words = {
        **{"step": settings.step, "total": total, "train": len(train), "test": len(test)},
        **{"train_span": train_span, "test_span": test_span, "gap": total - train_span - test_span},
    }
    return Split(train=[DepthFrame.of(data[i]) for i in train], test=[DepthFrame.of(data[i]) for i in test], words=words)


def evaluate(source: Source, request: Request) -> Evaluation:
    settings = QUICK if request.quick else SETTINGS
    data = SevenScenes(request.root)
    parts = split(data, settings)
    chosen: dict[str, float] = {}
    if source.method == SUPERVISED:
        learner = depth_learner(source, settings.supervised_crop)
        training = Training(samples=settings.supervised_samples, batch_size=8, seed=source.seed)
        seconds = train_supervised(learner, depth_samples(parts.train, settings.size, DEPTH), training, request)
        source = source.cost(training.samples, seconds)
        predict = learner.predictor(settings.size)
        predicted = [log_depth_to_size(predict(frame.rgb)[0], *frame.depth.shape) for frame in parts.test]
    else:
        predicted, chosen = probe_predictions(source, parts.train, parts.test, settings, request)
    size, words = settings.size, parts.words
    result = Evaluation(
        benchmark="seven_scenes_depth",
        protocol=PROTOCOL.format(width=size[0], height=size[1], folds=settings.folds, depth=DEPTH.wording(), **words),
        source=source,
        settings=settings,
        quick=request.quick,
        data={"name": "seven_scenes", "fingerprint": data.fingerprint()},
    )
    values, count = score_depth(predicted, parts.test, DEPTH)
    result.add(values, stage="hypercolumn", n=count, chosen=chosen)
    if source.method == RANDOM:
        for name, guesses in baseline_predictions(parts.test, [parts.train] * len(parts.test), DEPTH).items():
            values, count = score_depth(guesses, parts.test, DEPTH)
            result.add(values, stage="none", n=count, baseline=name)
    result.pictures = depth_pictures(predicted, parts.test, DEPTH, settings.pictures, sparse=False)
    return result


def probe_predictions(
    source: Source, train: Sequence[DepthFrame], test: Sequence[DepthFrame], settings: Settings, request: Request
) -> tuple[list[NDArray[np.float32]], dict[str, float]]:
    """Depth of the test frames by a ridge fitted on the training frames, and its penalty."""
    backbone = source.load().to(device())
    moments = []
    for i, frame in enumerate(train):
        moments.append(depth_moments(columns_of(backbone, frame, settings.size), frame, DEPTH))
        request.say(f"features of {i + 1}/{len(train)} training frames")
    model, penalty = choose_ridge(moments, settings.penalties, settings.folds)
    predicted = []
    for i, frame in enumerate(test):
        columns = columns_of(backbone, frame, settings.size)
        predicted.append(log_depth_to_size(apply(model, columns)[0], *frame.depth.shape))
        request.say(f"depth of {i + 1}/{len(test)} test frames")
    return predicted, {"penalty": penalty}
