"""Depth of KITTI frames against LiDAR: ridge regression on frozen features, leaving one frame out at a time."""

from __future__ import annotations

from collections.abc import Sequence
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
from simlearn.benchmarks.probes import choose_ridge
from simlearn.benchmarks.source import RANDOM, SUPERVISED, Source
from simlearn.benchmarks.supervised import Training, train_supervised
from simlearn.datasets.kitti import KittiObject

DEPTH = DepthProtocol(minimum_m=1e-3, maximum_m=80.0, crop="garg", scaling="median")

DATA_SET = "kitti"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`size`: input (width, height). `supervised_samples`: windows seen for each frame left out."""

    size: tuple[int, int] = (416, 128)
    penalties: tuple[float, ...] = PENALTIES
    supervised_samples: int = 300
    supervised_crop: tuple[int, int] = (208, 128)
    pictures: int = 3


SETTINGS = Settings()
QUICK = Settings(supervised_samples=150, pictures=2)
PROTOCOL = (
    "KITTI object, {n} frames, Velodyne projected to camera z (pixel = round(u), nearest point wins), leave one frame out; input "
    "{width}x{height}; all stages resized bilinearly to the stride-4 grid and stacked, with the cell's row and column; ridge "
    "regression (row and column not penalised) to the mean log depth of each cell on the other frames, its penalty chosen by leaving "
    "out one of those at a time; log depth clipped to the training range and resized bilinearly; {depth}. 'supervised': trunk and "
    "linear layer trained end to end on the other frames. constant, row_prior: no image seen."
)


def evaluate(source: Source, request: Request) -> Evaluation:
    settings = QUICK if request.quick else SETTINGS
    data = KittiObject(request.root)
    if len(data) < 3:
        raise UserError(f"{data.folder} has {len(data)} complete frames, leaving one out needs at least 3: add frames")
    frames = [DepthFrame.of(data[i]) for i in range(len(data))]
    if source.method == SUPERVISED:
        predicted, source = supervised_predictions(source, frames, settings, request)
        chosen: list[float] = []
    else:
        predicted, chosen = probe_predictions(source, frames, settings, request)
    result = Evaluation(
        benchmark="kitti_depth",
        protocol=PROTOCOL.format(n=len(frames), width=settings.size[0], height=settings.size[1], depth=DEPTH.wording()),
        source=source,
        settings=settings,
        quick=request.quick,
        data={"name": "kitti", "fingerprint": data.fingerprint()},
    )
    values, count = score_depth(predicted, frames, DEPTH)
    result.add(values, stage="hypercolumn", n=count, chosen={"penalty": chosen})
    if source.method == RANDOM:
        others = [[*frames[:i], *frames[i + 1 :]] for i in range(len(frames))]
        for name, guesses in baseline_predictions(frames, others, DEPTH).items():
            values, count = score_depth(guesses, frames, DEPTH)
            result.add(values, stage="none", n=count, baseline=name)
    result.pictures = depth_pictures(predicted, frames, DEPTH, settings.pictures, sparse=True)
    return result


def probe_predictions(
    source: Source, frames: Sequence[DepthFrame], settings: Settings, request: Request
) -> tuple[list[NDArray[np.float32]], list[float]]:
    """Each frame's depth predicted from the others, and the penalty that was chosen for it."""
    backbone = source.load().to(device())
    columns, moments = [], []
    for i, frame in enumerate(frames):
        columns.append(columns_of(backbone, frame, settings.size))
        moments.append(depth_moments(columns[-1], frame, DEPTH))
        request.say(f"features of {i + 1}/{len(frames)} frames")
    predicted, chosen = [], []
    for i, frame in enumerate(frames):
        others = [*moments[:i], *moments[i + 1 :]]
        model, penalty = choose_ridge(others, settings.penalties, folds=min(len(others), 5), free=COORDINATES)
        predicted.append(log_depth_to_size(apply(model, columns[i])[0], *frame.depth.shape))
        chosen.append(penalty)
        request.say(f"depth of {i + 1}/{len(frames)} frames")
    return predicted, chosen


def supervised_predictions(
    source: Source, frames: Sequence[DepthFrame], settings: Settings, request: Request
) -> tuple[list[NDArray[np.float32]], Source]:
    """Each frame's depth by a network trained on the others, and the source with the cost of all those trainings."""
    predicted, seconds, seen = [], 0.0, 0
    for i, frame in enumerate(frames):
        request.say(f"supervised reference without frame {i + 1}/{len(frames)}")
        samples = depth_samples([*frames[:i], *frames[i + 1 :]], settings.size, DEPTH)
        learner = depth_learner(source, settings.supervised_crop, samples)
        training = Training(samples=settings.supervised_samples, batch_size=5, seed=source.seed)
        seconds += train_supervised(learner, samples, training, request, tag=f"fold{i}")
        seen += training.samples
        predict = learner.predictor(settings.size)
        predicted.append(log_depth_to_size(predict(frame.rgb)[0], *frame.depth.shape))
    return predicted, source.cost(seen, seconds)
