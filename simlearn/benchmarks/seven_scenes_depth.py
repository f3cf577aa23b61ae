"""Depth of an indoor Kinect sequence: ridge regression on frozen features of one part, tested on the other, both ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.benchmarks.dense_probe import (
    COORDINATES,
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
from simlearn.benchmarks.depth_protocols import DepthProtocol
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.features import device
from simlearn.benchmarks.probes import Moments, choose_ridge
from simlearn.benchmarks.source import RANDOM, SUPERVISED, Source
from simlearn.benchmarks.supervised import Training, train_supervised
from simlearn.datasets.seven_scenes import SevenScenes

DEPTH = DepthProtocol(minimum_m=1e-3, maximum_m=10.0, crop=None, scaling="median")

DATA_SET = "seven_scenes"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`part_share`: of the sequence, for its first and for its last part; what lies between is left out. Every `step`-th frame is used.

    `supervised_samples`: windows seen in each of the two trainings.
    """

    size: tuple[int, int] = (320, 240)
    part_share: float = 0.41
    step: int = 2
    folds: int = 3
    penalties: tuple[float, ...] = PENALTIES
    supervised_samples: int = 1200
    supervised_crop: tuple[int, int] = (160, 120)
    pictures: int = 3


SETTINGS = Settings()
QUICK = Settings(step=4, supervised_samples=320, pictures=2)
SPLIT = (
    "7-Scenes RedKitchen, {total} consecutive frames: one in {step} of the first {span} ({first}) and of the last {span} ({last}), the "
    "{gap} between left out"
)
PROTOCOL = (
    SPLIT
    + "; the first part trains and the last tests, then the other way round, mean over all tested frames; input {width}x{height}; all "
    "stages resized bilinearly to the stride-4 grid and stacked, with the cell's row and column; ridge regression (row and column "
    "not penalised) to the mean log depth of each cell, its penalty chosen by {folds}-fold cross-validation over runs of training "
    "frames; log depth clipped to the training range, resized bilinearly; {depth}. 'supervised': trunk and linear layer trained end "
    "to end. constant, row_prior: no image seen."
)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The frames of the first and of the last part, and the words that tell how they were taken."""

    first: list[DepthFrame]
    last: list[DepthFrame]
    words: dict[str, int]

    @property
    def tested(self) -> list[DepthFrame]:
        """In the order in which predictions are made: the last part, then the first."""
        return [*self.last, *self.first]

    @property
    def trained(self) -> list[list[DepthFrame]]:
        """The training frames of each tested one."""
        return [self.first] * len(self.last) + [self.last] * len(self.first)


def split(data: SevenScenes, settings: Settings) -> Parts:
    total = len(data)
    span = int(settings.part_share * total)
    if span < 2 * settings.step:
        raise UserError(f"{data.folder} has {total} complete frames, too few to train and test on: copy the whole sequence")
    first, last = range(0, span, settings.step), range(total - span, total, settings.step)
    words = {"total": total, "step": settings.step, "span": span, "first": len(first), "last": len(last), "gap": total - 2 * span}
    return Parts(first=[DepthFrame.of(data[i]) for i in first], last=[DepthFrame.of(data[i]) for i in last], words=words)


def evaluate(source: Source, request: Request) -> Evaluation:
    settings = QUICK if request.quick else SETTINGS
    data = SevenScenes(request.root)
    parts = split(data, settings)
    chosen: list[float] = []
    if source.method == SUPERVISED:
        predicted, source = supervised_predictions(source, parts, settings, request)
    else:
        predicted, chosen = probe_predictions(source, parts, settings, request)
    result = Evaluation(
        benchmark="seven_scenes_depth",
        protocol=PROTOCOL.format(
            width=settings.size[0], height=settings.size[1], folds=settings.folds, depth=DEPTH.wording(), **parts.words
        ),
        source=source,
        settings=settings,
        quick=request.quick,
        data={"name": "seven_scenes", "fingerprint": data.fingerprint()},
    )
    values, count = score_depth(predicted, parts.tested, DEPTH)
    result.add(values, stage="hypercolumn", n=count, chosen={"penalty": chosen})
    if source.method == RANDOM:
        for name, guesses in baseline_predictions(parts.tested, parts.trained, DEPTH).items():
            values, count = score_depth(guesses, parts.tested, DEPTH)
            result.add(values, stage="none", n=count, baseline=name)
    result.pictures = depth_pictures(predicted, parts.tested, DEPTH, settings.pictures, sparse=False)
    return result


def probe_predictions(source: Source, parts: Parts, settings: Settings, request: Request) -> tuple[list[NDArray[np.float32]], list[float]]:
    """Depth of every tested frame by the ridge of the other part, and the two penalties."""
    backbone = source.load().to(device())
    moments: dict[str, list[Moments]] = {"first": [], "last": []}
    for name, frames in (("first", parts.first), ("last", parts.last)):
        for i, frame in enumerate(frames):
            moments[name].append(depth_moments(columns_of(backbone, frame, settings.size), frame, DEPTH))
            request.say(f"features of {i + 1}/{len(frames)} frames of the {name} part")
    predicted, chosen = [], []
    for name, tested in (("first", parts.last), ("last", parts.first)):
        model, penalty = choose_ridge(moments[name], settings.penalties, settings.folds, free=COORDINATES)
        chosen.append(penalty)
        for i, frame in enumerate(tested):
            output = apply(model, columns_of(backbone, frame, settings.size))
            predicted.append(log_depth_to_size(output[0], *frame.depth.shape))
            request.say(f"depth of {i + 1}/{len(tested)} frames from the {name} part")
    return predicted, chosen


def supervised_predictions(source: Source, parts: Parts, settings: Settings, request: Request) -> tuple[list[NDArray[np.float32]], Source]:
    """Depth of every tested frame by the network trained on the other part, and the source with the cost of both trainings."""
    predicted, seconds = [], 0.0
    training = Training(samples=settings.supervised_samples, batch_size=8, seed=source.seed)
    for name, trained, tested in (("first", parts.first, parts.last), ("last", parts.last, parts.first)):
        request.say(f"supervised reference on the {name} part")
        samples = depth_samples(trained, settings.size, DEPTH)
        learner = depth_learner(source, settings.supervised_crop, samples)
        seconds += train_supervised(learner, samples, training, request, tag=name)
        predict = learner.predictor(settings.size)
        predicted += [log_depth_to_size(predict(frame.rgb)[0], *frame.depth.shape) for frame in tested]
    return predicted, source.cost(2 * training.samples, seconds)
