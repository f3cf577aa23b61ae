"""Surface normals indoors, files or networks: angles to normals derived from the measured (7-Scenes) or rendered (SceneNet RGB-D) depth.

Normals are in the camera's frame (x right, y down, z forward) and face the camera, so their z is negative or zero. Nothing is turned round
for a prediction that faces away. Predictions: `<item name>` with

    .npy     float [H, W, 3], of any length
    .png     8 or 16 bits: red (x + 1) / 2, green (1 - y) / 2, blue (1 - z) / 2 of the largest value, as `simlearn view` colours normals
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.benchmarks.evaluation import Evaluation, Picture, Request
from simlearn.benchmarks.indoor_depth import Frames, SceneNetFrames, SevenScenesFrames, items_of, shown_of
from simlearn.benchmarks.metrics import normal_angles
from simlearn.benchmarks.normals_from_depth import PlaneFit, normals_from_depth
from simlearn.benchmarks.pictures import side_by_side
from simlearn.benchmarks.predictions import Item, Predictor, Readers, Scored, Unusable
from simlearn.colorize import colorize
from simlearn.formats.image import decode_image
from simlearn.statistics import Interval, PerItem

Normals = NDArray[np.float32]
BELOW_DEG = (5, 7.5, 11.25, 22.5, 30)
STEP_DEG, STEPS = 0.01, 18001
"""Of the counts from which the pooled median is taken: no memory holds the angles of all frames."""
SHORTEST = 1e-6
RESIZED = "resized bilinearly (pixels at their centres) and normalised"


def read_npy(path: Path) -> Normals:
    array = np.load(path, allow_pickle=False)
    if array.dtype.kind not in "fiu" or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise UserError(f"holds {array.dtype} {list(array.shape)} instead of float [H, W, 3]")
    return array.astype(np.float32)


def read_png(path: Path) -> Normals:
    array = decode_image(path.read_bytes())
    if array.ndim != 3 or array.shape[2] != 3:
        raise UserError(f"holds {array.dtype} {list(array.shape)} instead of colours [H, W, 3]")
    signed = 2 * array.astype(np.float32) / np.iinfo(array.dtype).max - 1
    return (signed * np.array((1, -1, -1))).astype(np.float32)


READERS: Readers = {".npy": read_npy, ".png": read_png}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every `step`-th frame is measured; `pictures`: how many are shown beside truth and prediction."""

    step: int = 1
    pictures: int = 3


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One frame: angles in degrees summed, their squares summed, how many are below each of `BELOW_DEG`, their count and median."""

    total: float
    squares: float
    below: tuple[int, ...]
    count: int
    median: float
    picture: Picture | None = None

    @classmethod
    def of(cls, angles: NDArray[np.float64], picture: Picture | None = None) -> Scores:
        return cls(
            total=float(angles.sum()),
            squares=float((angles**2).sum()),
            below=tuple(int((angles < limit).sum()) for limit in BELOW_DEG),
            count=angles.size,
            median=float(np.median(angles)),
            picture=picture,
        )


def by_steps(angles: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many lie in each step of `STEP_DEG`."""
    return np.bincount((angles / STEP_DEG).astype(np.int64), minlength=STEPS)


def _everywhere(item: Item, normal: Callable[[Normals], Any]) -> Normals:
    truth, _ = item.truth()
    return np.broadcast_to(np.asarray(normal(truth), dtype=np.float32), truth.shape)


def _mean(item: Item) -> Normals:
    truth, known = item.truth()
    direction = truth[known].mean(axis=0, dtype=np.float64) if known.any() else (0.0, 0.0, -1.0)
    return np.broadcast_to(np.asarray(direction, dtype=np.float32), truth.shape)


def _random(item: Item) -> Normals:
    """Every pixel by itself, even over the half sphere that faces the camera along z; always the same for an item's name."""
    rng = np.random.default_rng(zlib.crc32(item.name.encode()))
    found = rng.normal(size=item.truth()[0].shape)
    found[..., 2] = -np.abs(found[..., 2])
    return found.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class NormalsBenchmark:
    """A scored benchmark; see `simlearn.benchmarks.predictions`. The truth of an item is (normals, where they are known), float32 [H, W, 3]
    and bool [H, W]. Baselines: "constant" is towards the camera everywhere, "mean" each frame's own mean normal."""

    name: str
    title: str
    DATA_SET: str
    open: Callable[[Path | None], Frames]
    fit: PlaneFit
    SETTINGS: Settings = Settings()
    QUICK: Settings = Settings(step=10, pictures=1)
    TASK: ClassVar[str] = "normal"
    READERS: ClassVar[Readers] = READERS
    BASELINES: ClassVar[Mapping[str, Callable[[Item], Any]]] = {
        "truth": lambda item: item.truth()[0],
        "mean": _mean,
        "constant": lambda item: _everywhere(item, lambda _: (0, 0, -1)),
        "random": _random,
    }

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.title)

    def truth(self, sample: Mapping[str, Any]) -> tuple[Normals, NDArray[np.bool_]]:
        return normals_from_depth(sample["depth"], sample["K"], self.fit)

    def score(self, predictor: Predictor, request: Request) -> Evaluation:
        """Rows over all frames that can be scored."""
        settings = self.QUICK if request.quick else self.SETTINGS
        frames = self.open(request.root)
        numbers = {name: i for i, name in enumerate(frames.names)}
        items = items_of(frames, settings.step, self.truth)
        shown = shown_of(list(items), settings.pictures)
        scored = Scored(list(items.values()), predictor, strict=request.strict, say=request.say)
        pairs = scored.pairs(lambda item, guess: self.angles(frames[numbers[item.name]], guess, draw=item.name in shown))
        done: dict[str, Scores] = {}
        steps = np.zeros(STEPS, dtype=np.int64)
        for item, (angles, picture) in pairs:
            done[item.name] = Scores.of(angles, picture)
            steps += by_steps(angles)
        result = Evaluation(
            benchmark=self.name,
            protocol=f"{self.title} {self.fit.wording()}. Every {settings.step}. frame, n = {len(done)} of {len(numbers)}. Angles over the "
            "known pixels of all frames together, *_per_image of each frame and then the mean; predictions are normalised, those of "
            f"another size {RESIZED}, none is turned round.",
            source=predictor.source,
            settings=settings,
            quick=request.quick,
            data={"name": self.DATA_SET, "fingerprint": frames.fingerprint(), **scored.facts},
            pictures=[found.picture for found in done.values() if found.picture],
        )
        _add_rows(result, done, steps)
        return result

    def angles(self, sample: Mapping[str, Any], guess: Any, *, draw: bool) -> tuple[NDArray[np.float64], Picture | None]:
        """Degrees at each known pixel of a frame, and its picture where one is to be drawn.

        Unusable for predictions that cannot be measured and for frames without a known normal.
        """
        truth, known = self.truth(sample)
        if not known.any():
            raise Unusable("has no pixel whose normal is known")
        values = fitted(guess, *truth.shape[:2])
        lengths = np.linalg.norm(values[known], axis=-1)
        if not np.isfinite(lengths).all():
            raise Unusable(f"has {int((~np.isfinite(lengths)).sum())} normals that are not finite")
        if lengths.min() < SHORTEST:
            raise Unusable(f"has {int((lengths < SHORTEST).sum())} normals of length 0")
        return normal_angles(values, truth, known), _picture(sample, truth, known, values) if draw else None


def fitted(guess: Any, height: int, width: int) -> Normals:
    """The prediction [h, w, 3] at the truth's size."""
    values = np.asarray(guess, dtype=np.float32)
    if values.ndim != 3 or values.shape[2] != 3 or not values.size:
        raise Unusable(f"has shape {'x'.join(map(str, values.shape))}, normals [H, W, 3] were expected")
    if values.shape[:2] == (height, width):
        return values
    unit = values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), np.float32(SHORTEST))
    tensor = torch.from_numpy(np.ascontiguousarray(unit.transpose(2, 0, 1)))[None]
    resized = F.interpolate(tensor, (height, width), mode="bilinear", align_corners=False)[0]
    return resized.permute(1, 2, 0).numpy()


def _picture(sample: Mapping[str, Any], truth: Normals, known: NDArray[np.bool_], values: Normals) -> Picture:
    unit = values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), np.float32(SHORTEST))
    coloured = np.where(known[..., None], colorize("normal", truth), 0).astype(np.uint8)
    title = f"{sample['name']}: image, normals derived from depth (black: none), prediction"
    return title, side_by_side([sample["rgb"], coloured, colorize("normal", np.where(np.isfinite(unit), unit, 0))])


def _add_rows(result: Evaluation, done: Mapping[str, Scores], steps: NDArray[np.int64]) -> None:
    names, found = list(done), list(done.values())
    counts = [scores.count for scores in found]
    shares = {
        f"normal_below_{limit:g}": PerItem.pooled([100 * scores.below[k] for scores in found], counts) for k, limit in enumerate(BELOW_DEG)
    }
    result.add_items(names, {"normal_mean": PerItem.pooled([scores.total for scores in found], counts)}, stage="prediction")
    result.add({"normal_median": pooled_median(steps)}, stage="prediction", n=len(names))
    squares = PerItem.pooled([scores.squares for scores in found], counts)
    spread = squares.interval()
    interval = Interval(spread.low**0.5, spread.high**0.5) if spread else None
    result.add({"normal_rmse": squares.value**0.5}, stage="prediction", n=len(names), interval=interval)
    each = {
        "normal_mean_per_image": PerItem.mean([scores.total / scores.count for scores in found]),
        "normal_median_per_image": PerItem.mean([scores.median for scores in found]),
    }
    result.add_items(names, shares | each, stage="prediction")


def pooled_median(steps: NDArray[np.int64]) -> float:
    """In degrees, of counts by steps of `STEP_DEG`: the middle of the step that holds it, 0 for the first."""
    step = int(np.searchsorted(np.cumsum(steps), (steps.sum() + 1) // 2))
    return (step + 0.5) * STEP_DEG if step else 0.0


SEVEN_SCENES = NormalsBenchmark(
    name="seven_scenes_normals_predictions",
    title="Normals of 7-Scenes frames; colour and depth are not registered to each other.",
    DATA_SET="seven_scenes",
    open=SevenScenesFrames,
    fit=PlaneFit(window_px=21, maximum_m=4.0),
)
SCENENET = NormalsBenchmark(
    name="scenenet_normals_predictions",
    title="Normals of SceneNet RGB-D's rendered validation trajectories.",
    DATA_SET="scenenet_rgbd",
    open=SceneNetFrames,
    fit=PlaneFit(window_px=5, maximum_m=20.0, largest_error=0.005),
)
