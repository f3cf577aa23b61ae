"""Depth and normals of rendered worlds that were never trained on: ridge regression on one half of them, tested on the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.benchmarks.dense_probe import (
    COORDINATES,
    PENALTIES,
    DepthFrame,
    apply,
    baseline_predictions,
    cell_log_depth,
    columns_of,
    depth_learner,
    depth_pictures,
    log_depth_to_size,
    score_depth,
)
from simlearn.benchmarks.depth_protocols import DepthProtocol
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.features import GRID_STRIDE, device
from simlearn.benchmarks.metrics import normal_angles
from simlearn.benchmarks.pictures import side_by_side
from simlearn.benchmarks.probes import Moments, choose_ridge
from simlearn.benchmarks.source import RANDOM, SUPERVISED, Source
from simlearn.benchmarks.supervised import Training, dense_sample, train_supervised
from simlearn.benchmarks.zero_shot import load_heads, predict_depth, predict_normals, predicts_depth
from simlearn.colorize import colorize
from simlearn.datasets.root import fingerprint
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.trained import to_size
from training.backbones import Backbone

DATA_SET = "synthetic"
DEPTH = DepthProtocol(minimum_m=1e-3, maximum_m=80.0, crop=None, scaling="median")
Prediction = tuple[NDArray[np.float32], NDArray[np.float32]]
"""depth float32 [H, W], normals float32 [H, W, 3] (not normalised)."""


@dataclass(frozen=True, kw_only=True)
class SurfaceFrame(DepthFrame):
    """normal float32 [H, W, 3], unit, camera frame; valid bool [H, W], where there is a surface."""

    normal: NDArray[np.float32]
    valid: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`size`: input (width, height) of the probe, `head_size` that of the network's own heads. `frames`: at most so many in each half."""

    size: tuple[int, int] = (160, 120)
    head_size: tuple[int, int] = (128, 96)
    frames: int = 64
    folds: int = 5
    penalties: tuple[float, ...] = PENALTIES
    supervised_samples: int = 2400
    supervised_crop: tuple[int, int] = (96, 96)
    pictures: int = 3


SETTINGS = Settings()
QUICK = Settings(frames=32, supervised_samples=800, pictures=2)
PROTOCOL = (
    "Rendered worlds never trained on: {train} frames of {train_scenes} train the probe, {test} frames of {test_scenes} other worlds "
    "test; input {width}x{height}; all stages resized bilinearly to the stride-4 grid and stacked, with the cell's row and column; "
    "ridge regression (row and column not penalised) to log depth and normal of each cell, its penalty chosen by {folds}-fold "
    "cross-validation; depth: clipped to the training range, {depth}; normals: angles pooled over all pixels. Stage 'head': the "
    "network's own heads, nothing fitted. 'supervised': trunk and linear layer trained end to end on the probe's training frames. "
    "constant, row_prior: no image seen."
)


def evaluate(source: Source, request: Request) -> Evaluation:
    settings = QUICK if request.quick else SETTINGS
    if request.rendered is None:
        raise UserError(
            "the benchmark 'rendered' needs a data set of worlds never trained on: make one with `simlearn generate`, give --data DIR"
        )
    data = SyntheticDataset(request.rendered, labels=("rgb", "depth", "normal", "valid"))
    halves = split_scenes(data, settings.frames)
    train, test = ([to_frame(data, i) for i in half] for half in halves)
    chosen: dict[str, float] = {}
    if source.method == SUPERVISED:
        predicted, source = supervised_predictions(source, train, test, settings, request)
    else:
        predicted, chosen = probe_predictions(source.load().to(device()), train, test, settings, request.say)
    scenes = [len({data.locate(i)[0] for i in half}) for half in halves]
    result = Evaluation(
        benchmark="rendered",
        protocol=PROTOCOL.format(
            train=len(train),
            test=len(test),
            train_scenes=scenes[0],
            test_scenes=scenes[1],
            width=settings.size[0],
            height=settings.size[1],
            folds=settings.folds,
            depth=DEPTH.wording(),
        ),
        source=source,
        settings=settings,
        quick=request.quick,
        data={"name": f"rendered {data.manifest.config['family']}", "fingerprint": fingerprint(_files(data), data.root)},
    )
    values, count = score(predicted, test)
    result.add(values, stage="hypercolumn", n=count, chosen=chosen)
    result.pictures = pictures(predicted, test, settings.pictures)
    if source.method == RANDOM:
        for name, guesses in baseline_predictions(test, [train] * len(test), DEPTH).items():
            depths, count = score_depth(guesses, test, DEPTH)
            result.add(depths, stage="none", n=count, baseline=name)
    if source.method != SUPERVISED:
        _measure_heads(result, source, test, settings, request.say)
    return result


def _files(data: SyntheticDataset) -> list:
    return [data.root / shard.name for shard in data.shards]


def split_scenes(data: SyntheticDataset, limit: int) -> tuple[list[int], list[int]]:
    """Frame indices of the first half of the scenes and of the second, each thinned evenly to at most `limit`."""
    scenes = len(data.shards)
    if scenes < 4:
        raise UserError(f"{data.root} has {scenes} scenes, half of which train and half test: generate at least 4")
    position = np.array([data.locate(i)[0] for i in range(len(data))])
    halves = np.flatnonzero(position < scenes // 2), np.flatnonzero(position >= scenes // 2)
    first, second = (half[np.unique(np.linspace(0, len(half) - 1, min(limit, len(half))).round().astype(int))].tolist() for half in halves)
    return first, second


def to_frame(data: SyntheticDataset, index: int) -> SurfaceFrame:
    sample = data[index]
    return SurfaceFrame(
        name=f"scene {sample['scene']} time {sample['time']}",
        rgb=sample["rgb"].permute(1, 2, 0).numpy(),
        depth=sample["depth"].numpy(),
        normal=sample["normal"].permute(1, 2, 0).numpy(),
        valid=sample["valid"].numpy(),
    )


def cell_targets(frame: SurfaceFrame, height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(mean log depth [h, w], NaN where unknown; normal [3, h, w] of the pixel at each cell's centre, 0 where it has none)."""
    rows = ((np.arange(height) + 0.5) * frame.depth.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * frame.depth.shape[1] / width).astype(int)
    normal = np.where(frame.valid[..., None], frame.normal, 0)[rows[:, None], columns]
    return cell_log_depth(frame.depth, height, width, DEPTH), normal.transpose(2, 0, 1).astype(np.float32)


def probe_predictions(
    backbone: Backbone, train: Sequence[SurfaceFrame], test: Sequence[SurfaceFrame], settings: Settings, say: Callable[[str], None]
) -> tuple[list[Prediction], dict[str, float]]:
    """Depth and normals of the test frames by one ridge with four outputs, and its penalty."""
    moments = []
    for i, frame in enumerate(train):
        columns = columns_of(backbone, frame, settings.size)
        height, width = columns.shape[1:]
        log_depth, normal = cell_targets(frame, height, width)
        known = np.isfinite(log_depth) & ((normal**2).sum(0) > 0.5)
        targets = np.concatenate([log_depth[None], normal])[:, known].T
        moments.append(Moments.of(columns.permute(1, 2, 0).cpu().numpy()[known], targets))
        say(f"features of {i + 1}/{len(train)} training frames")
    model, penalty = choose_ridge(moments, settings.penalties, settings.folds, free=COORDINATES)
    predicted = []
    for i, frame in enumerate(test):
        predicted.append(_to_size(apply(model, columns_of(backbone, frame, settings.size)), frame))
        say(f"depth and normals of {i + 1}/{len(test)} test frames")
    return predicted, {"penalty": penalty}


def _to_size(output: torch.Tensor, frame: SurfaceFrame) -> Prediction:
    height, width = frame.depth.shape
    return log_depth_to_size(output[0], height, width), to_size("normal", output[1:4], height, width)


def supervised_predictions(
    source: Source, train: Sequence[SurfaceFrame], test: Sequence[SurfaceFrame], settings: Settings, request: Request
) -> tuple[list[Prediction], Source]:
    """Depth and normals of the test frames by a network trained on the training frames, and the source with its cost."""
    width, height = (n // GRID_STRIDE for n in settings.size)
    samples = []
    for frame in train:
        log_depth, normal = cell_targets(frame, height, width)
        samples.append(dense_sample(frame.rgb, settings.size, log_depth=log_depth, normal=normal))
    learner = depth_learner(source, settings.supervised_crop, samples, outputs=4)
    training = Training(samples=settings.supervised_samples, batch_size=16, seed=source.seed)
    seconds = train_supervised(learner, samples, training, request)
    predict = learner.predictor(settings.size)
    return [_to_size(predict(frame.rgb), frame) for frame in test], source.cost(training.samples, seconds)


def _measure_heads(
    result: Evaluation, source: Source, test: Sequence[SurfaceFrame], settings: Settings, say: Callable[[str], None]
) -> None:
    """Adds rows of the network's own depth and normals, where it has them."""
    if not predicts_depth(source.load_heads()):
        return
    network = load_heads(source)
    depths = predict_depth(network, test, settings.head_size, say)
    normals = [predict_normals(network, frame, settings.head_size) for frame in test]
    both = [(depth, normal) for depth, normal in zip(depths, normals, strict=True) if normal is not None]
    values, count = score(both, test) if len(both) == len(test) else score_depth(depths, test, DEPTH)
    result.add(values, stage="head", n=count)


def score(predicted: Sequence[Prediction], frames: Sequence[SurfaceFrame]) -> tuple[dict[str, float], int]:
    """Errors of depth and normals, and on how many frames they rest."""
    values, count = score_depth([depth for depth, _ in predicted], frames, DEPTH)
    angles = np.concatenate([normal_angles(p[1], f.normal, f.valid) for p, f in zip(predicted, frames, strict=True)])
    return {**values, "normal_mean": float(angles.mean()), "normal_below_11.25": float(100 * (angles < 11.25).mean())}, count


def pictures(predicted: Sequence[Prediction], frames: Sequence[SurfaceFrame], count: int) -> list[tuple[str, NDArray[np.uint8]]]:
    shown = depth_pictures([depth for depth, _ in predicted], frames, DEPTH, count, sparse=False)
    normal, frame = predicted[0][1], frames[0]
    unit = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    images = [frame.rgb, colorize("normal", np.where(frame.valid[..., None], frame.normal, 0)), colorize("normal", unit)]
    return [*shown, (f"{frame.name}: image, true normals, predicted normals", side_by_side(images))]
