"""Depth on KITTI by the five protocols that are all called "Eigen" and give numbers that cannot be compared with each other.

Lists: monodepth2's splits/eigen/test_files.txt (697 pictures) and splits/eigen_benchmark/test_files.txt (those 652 that have annotated
depth), expected as `kitti/splits/<split>/test_files.txt` under `$SIMLEARN_DATA`; lines are "<date>/<drive> <number> l".
Predictions: `<drive>/image_02/<number, ten digits>` with an ending of `simlearn.benchmarks.depth_maps`, or one file of all;
where both lists are there, one of the 697 serves for the 652 as well (monodepth2's eigen_to_benchmark_ids).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.benchmarks.depth_maps import READERS, RESIZES, Depth, fitted
from simlearn.benchmarks.depth_protocols import (
    DEPTH_METRICS,
    UNCLIPPED,
    WINDOW_HEIGHT,
    WINDOW_WIDTH,
    DepthErrors,
    DepthProtocol,
    depth_errors,
)
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.predictions import Item, Predictor, Readers, Scored, Unusable
from simlearn.datasets.kitti_depth_annotated import annotated, read_depth, truth_file
from simlearn.datasets.kitti_raw import Frame, KittiRaw, eigen_depth, find
from simlearn.datasets.root import fingerprint, locate, read_rgb
from simlearn.statistics import PerItem

SPLITS = {"eigen": 697, "eigen_benchmark": 652}
SIDES = {"l": "image_02", "r": "image_03"}
CONSTANT_M = 15.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`constant_m`: what the baseline "constant" predicts everywhere."""

    constant_m: float = CONSTANT_M


def read_list(path: Path) -> list[Frame]:
    """The pictures of a list; UserError for a line that is none."""
    frames = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            folder, picture, side = line.split()
            frames.append(Frame(folder.split("/")[-1], SIDES[side], int(picture)))
        except (ValueError, KeyError) as error:
            raise UserError(f"{path}, line {number}: {line!r} is not '<date>/<drive> <number> l': restore the list") from error
    return frames


def _rows(frames: list[Frame], splits: Path) -> list[dict[int, int]]:
    """Where each picture is in a file of all of its own list, and in one of the longer list "eigen" where that holds every picture."""
    rows, path = [{len(frames): row} for row in range(len(frames))], splits / "eigen" / "test_files.txt"
    longer = {frame: row for row, frame in enumerate(read_list(path))} if path.exists() else {}
    if len(longer) > len(frames) and set(frames) <= set(longer):
        return [own | {len(longer): longer[frame]} for own, frame in zip(rows, frames, strict=True)]
    return rows


def _velodyne(raw: KittiRaw, frame: Frame) -> Depth:
    """The truth of protocol A, of the picture's size."""
    if not raw.scan(frame).exists():
        raise Unusable("has no Velodyne scan")
    calibration = raw.calibration(frame)
    return eigen_depth(raw.points(frame), calibration.matrices, calibration.height, calibration.width)


def _annotated(folder: Path, frame: Frame) -> Depth:
    path = truth_file(folder, frame)
    if not path.exists():
        raise Unusable("has no annotated depth")
    return read_depth(path)


def _constant(item: Item) -> Depth:
    """What can be said without looking."""
    return np.full(item.truth().shape, CONSTANT_M, dtype=np.float32)


def _picture(root: Path | None, frame: Frame) -> dict[str, NDArray[Any]]:
    raw = KittiRaw(root, [frame])
    return {"rgb": read_rgb(raw.picture(frame)), "K": raw.calibration(frame).K}


@dataclass(frozen=True, kw_only=True)
class EigenBenchmark:
    """A scored benchmark; see `simlearn.benchmarks.predictions`. `resize`: how predictions of another size are treated, of `RESIZES`."""

    name: str
    title: str
    split: str
    protocol: DepthProtocol
    resize: str
    TASK: ClassVar[str] = "depth"
    READERS: ClassVar[Readers] = READERS
    SETTINGS: ClassVar[Settings] = Settings()
    QUICK: ClassVar[Settings] = Settings()
    BASELINES: ClassVar[Mapping[str, Callable[[Item], Any]]] = {"truth": lambda item: item.truth(), "constant": _constant}

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.title)

    @property
    def DATA_SET(self) -> str:
        return "kitti_raw" if self.split == "eigen" else "kitti_depth_annotated"

    def score(self, predictor: Predictor, request: Request) -> Evaluation:
        """A row for every measure of `DEPTH_METRICS`, over all pictures of the list that can be scored."""
        path = locate(request.root, f"the list {self.split} of KITTI depth", (f"kitti/splits/{self.split}", f"splits/{self.split}"), ())
        frames = read_list(path / "test_files.txt")
        items = [
            Item(name=frame.name, inputs=partial(_picture, request.root, frame), truth=truth, rows=rows)
            for frame, truth, rows in zip(frames, self._truths(request.root, frames), _rows(frames, path.parent), strict=True)
        ]
        scored = Scored(items, predictor, strict=request.strict, say=request.say)
        done = {item.name: errors for item, errors in scored.pairs(self._errors)}
        result = Evaluation(
            benchmark=self.name,
            protocol=f"{self.title} {self.protocol.wording()}. Predictions of another size are {RESIZES[self.resize]}. What is predicted "
            f"for pixels that do not count has no influence. n = {len(done)} of {SPLITS[self.split]} pictures.",
            source=predictor.source,
            settings=self.SETTINGS,
            quick=request.quick,
            data={"name": self.DATA_SET, "fingerprint": fingerprint([path / "test_files.txt"], path), **scored.facts},
        )
        values = {metric: PerItem.mean([getattr(errors, metric) for errors in done.values()]) for metric in DEPTH_METRICS}
        result.add_items(list(done), values, stage="prediction")
        return result

    def _truths(self, root: Path | None, frames: list[Frame]) -> list[Callable[[], Depth]]:
        if self.split == "eigen":
            find(root)
            raw = KittiRaw(root, frames)
            return [partial(_velodyne, raw, frame) for frame in frames]
        folder = annotated(root)
        return [partial(_annotated, folder, frame) for frame in frames]

    def _errors(self, item: Item, prediction: Any) -> DepthErrors:
        truth = item.truth()
        shapes = [truth.shape, (WINDOW_HEIGHT, WINDOW_WIDTH)] if self.protocol.window else [truth.shape]
        values, disparity = fitted(prediction, shapes, self.resize)
        try:
            found = depth_errors(
                values, self.protocol.cut(truth) if values.shape != truth.shape else truth, self.protocol, disparity=disparity
            )
        except UserError as error:
            raise Unusable(str(error)) from error
        if found is None:
            raise Unusable("has no pixel of known depth in the range and the crop")
        return found


EIGEN = EigenBenchmark(
    name="kitti_eigen",
    title="KITTI depth, Eigen split, protocol A (monodepth2): Velodyne forward x at pixel round - 1.",
    split="eigen",
    protocol=DepthProtocol(crop="garg"),
    resize="disparity",
)
BENCHMARK = EigenBenchmark(
    name="kitti_eigen_benchmark",
    title="KITTI depth, Eigen split, protocol B (monodepth2 eigen_benchmark): annotated depth, uncapped.",
    split="eigen_benchmark",
    protocol=DepthProtocol(minimum_m=0.0, maximum_m=float("inf"), clip_m=(1e-3, 80.0)),
    resize="disparity",
)
BTS = EigenBenchmark(
    name="kitti_eigen_bts",
    title="KITTI depth, Eigen split, protocol C (BTS, AdaBins): annotated depth, metric.",
    split="eigen_benchmark",
    protocol=DepthProtocol(window="kitti_benchmark", crop="garg", scaling="none"),
    resize="depth",
)
MARIGOLD = EigenBenchmark(
    name="kitti_eigen_marigold",
    title="KITTI depth, Eigen split, protocol D (Marigold): annotated depth, scale and shift fitted.",
    split="eigen_benchmark",
    protocol=DepthProtocol(minimum_m=1e-5, window="kitti_benchmark", crop="eigen", scaling="least_squares"),
    resize="depth",
)
METRIC = EigenBenchmark(
    name="kitti_eigen_metric",
    title="KITTI depth, Eigen split, protocol E (Depth Anything V2, metric): annotated depth, whole pictures.",
    split="eigen_benchmark",
    protocol=DepthProtocol(closed=True, scaling="none", clip_m=UNCLIPPED, least_pixels=10),
    resize="depth_corners",
)
