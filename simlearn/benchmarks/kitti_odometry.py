"""KITTI odometry: files of estimated poses against the true ones, as they are or aligned in one of three ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from scenes.errors import UserError
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.odometry import STEP, Drift, Trajectory, align, ate, drift, from_first, rpe, snippet_errors
from simlearn.benchmarks.predictions import Item, Predictor, Scored, Unusable
from simlearn.datasets.kitti_odometry import FOLDERS, read_poses
from simlearn.datasets.root import fingerprint, locate
from simlearn.statistics import PerItem

ROTATION_TOLERANCE = 1e-3
"""Of R Rᵀ from 1: files of six decimals err by 1e-5."""
PROTOCOL = (
    "KITTI odometry, sequences {names}: both paths from the first estimated frame's camera on, estimate {aligned}, before every measure. "
    "t_rel and r_rel: mean over stretches of 100..800 m that begin at every {step}th frame (development kit; overall: pooled over all "
    "stretches). ATE: root of the mean squared distance of positions. ATE of 5 frames: SfMLearner's, sqrt(sum of squares) / 5 of every run "
    "of five frames, each scaled by least squares; its mean. RPE: from each frame to the next, mean."
)
ALIGNED = {
    "none": "not aligned",
    "scale": "scaled by least squares",
    "6dof": "turned and moved by least squares (Umeyama)",
    "7dof": "scaled, turned and moved by least squares (Umeyama)",
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`alignment`: "none", "scale", "6dof" or "7dof"."""

    alignment: str


def read_trajectory(path: Path) -> Trajectory:
    """Lines of 12 numbers (a pose each, from frame 0 on), or of 13 (the frame's number first); UserError for anything else."""
    try:
        rows = np.array([[float(number) for number in line.split()] for line in path.read_text().splitlines() if line.strip()])
    except ValueError as error:
        raise UserError(
            f"{path} has lines of different lengths, or words ({error}): give 12 numbers a line, or 13 with the frame"
        ) from error
    if rows.ndim != 2 or rows.shape[1] not in (12, 13):
        raise UserError(f"{path} is no pose file: give 12 numbers a line, or 13 with the frame's number first")
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3] = rows[:, -12:].reshape(-1, 3, 4)
    if rows.shape[1] == 12:
        return Trajectory.of(poses)
    order = np.argsort(rows[:, 0])
    return Trajectory(rows[order, 0].astype(np.int64), poses[order])


@dataclass(frozen=True)
class Measured:
    """What one sequence's estimate comes to."""

    drift: Drift
    values: Mapping[str, float]


def measure(truth: Trajectory, found: Trajectory, alignment: str = "none") -> Measured:
    """Every measure of an estimated path. Raises Unusable for frames that do not exist, numbers that are not finite, or no rotations."""
    _check(truth, found)
    whole, estimate = from_first(truth.poses, found)
    same = whole[found.frames]
    estimate = align(same, estimate, alignment)
    stretches = drift(whole, found.frames, estimate)
    values = {"ate": ate(same, estimate), "t_rel": stretches.t_rel, "r_rel": stretches.r_rel}
    values["rpe_translation"], values["rpe_rotation"] = rpe(same, estimate)
    values["ate_5_frames"] = float(snippet_errors(same, estimate).mean()) if len(same) >= 5 else float("nan")
    return Measured(stretches, {name: value for name, value in values.items() if np.isfinite(value)})


def _check(truth: Trajectory, found: Trajectory) -> None:
    if len(found.frames) < 2:
        raise Unusable(f"has {len(found.frames)} poses, at least two are needed")
    if len(np.unique(found.frames)) < len(found.frames):
        raise Unusable("names a frame twice")
    if found.frames[0] < 0 or found.frames[-1] >= len(truth.frames):
        raise Unusable(f"has poses of frames {found.frames[0]} to {found.frames[-1]}, the sequence has 0 to {len(truth.frames) - 1}")
    if not np.isfinite(found.poses).all():
        raise Unusable("has numbers that are not finite")
    turns = found.poses[:, :3, :3]
    if np.abs(turns @ turns.transpose(0, 2, 1) - np.eye(3)).max() > ROTATION_TOLERANCE or np.linalg.det(turns).min() < 0:
        raise Unusable("has matrices that are no rotations")


def _standing_still(item: Item) -> Trajectory:
    return Trajectory.of(np.tile(np.eye(4), (len(item.truth().frames), 1, 1)))


def _constant_velocity(item: Item) -> Trajectory:
    """One metre straight ahead a frame: what can be said without looking."""
    poses = np.tile(np.eye(4), (len(item.truth().frames), 1, 1))
    poses[:, 2, 3] = np.arange(len(poses))
    return Trajectory.of(poses)


@dataclass(frozen=True, kw_only=True)
class OdometryBenchmark:
    """A scored benchmark; see `simlearn.benchmarks.predictions`."""

    name: str
    SETTINGS: Settings
    DATA_SET: ClassVar[str] = "kitti_odometry"
    TASK: ClassVar[str] = "trajectory"
    READERS: ClassVar[Mapping[str, Callable[[Path], Any]]] = {".txt": read_trajectory}
    BASELINES: ClassVar[Mapping[str, Callable[[Item], Any]]] = {
        "truth": lambda item: item.truth(),
        "zero": _standing_still,
        "constant_velocity": _constant_velocity,
    }

    @property
    def QUICK(self) -> Settings:
        return self.SETTINGS

    def score(self, predictor: Predictor, request: Request) -> Evaluation:
        folder = locate(request.root, "KITTI odometry", FOLDERS, ("poses",)) / "poses"
        paths = sorted(folder.glob("[0-9][0-9].txt"))
        items = [Item(name=path.stem, inputs=dict, truth=partial(_truth, path)) for path in paths]
        scored = Scored(items, predictor, strict=request.strict, say=request.say)
        alignment = self.SETTINGS.alignment
        done = {item.name: found for item, found in scored.pairs(lambda item, found: measure(item.truth(), found, alignment))}
        result = Evaluation(
            benchmark=self.name,
            protocol=PROTOCOL.format(names=", ".join(done), aligned=ALIGNED[alignment], step=STEP),
            source=predictor.source,
            settings=self.SETTINGS,
            quick=request.quick,
            data={"name": "kitti_odometry", "fingerprint": fingerprint([folder / f"{name}.txt" for name in done], folder), **scored.facts},
        )
        for name, found in done.items():
            result.add(found.values, stage=f"sequence {name}", n=1)
        result.add_items(list(done), _overall(done), stage="all")
        return result


def _truth(path: Path) -> Trajectory:
    return Trajectory.of(read_poses(path))


def _overall(done: Mapping[str, Measured]) -> dict[str, PerItem]:
    """Drift pooled over stretches; the rest averaged over sequences. A measure that some sequence is too short for is left out."""
    measures = {}
    for metric, factor, part in (("t_rel", 100.0, "translation"), ("r_rel", float(np.degrees(100.0)), "rotation")):
        stretches = [getattr(found.drift, part) for found in done.values()]
        if sum(map(len, stretches)):
            measures[metric] = PerItem.pooled([factor * values.sum() for values in stretches], [len(values) for values in stretches])
    for metric in ("ate", "ate_5_frames", "rpe_translation", "rpe_rotation"):
        if all(metric in found.values for found in done.values()):
            measures[metric] = PerItem.mean([found.values[metric] for found in done.values()])
    return measures


NONE, SCALE, SIX, SEVEN = (
    OdometryBenchmark(name=f"kitti_odometry{suffix}", SETTINGS=Settings(alignment=alignment))
    for suffix, alignment in (("", "none"), ("_scale", "scale"), ("_6dof", "6dof"), ("_7dof", "7dof"))
)
