"""Depth indoors, files or networks: 7-Scenes, SceneNet RGB-D and NYU Depth V2, each as metres and after two alignments.

One prediction is measured three times: as metres; after scale and shift of depth; after scale and shift of disparity. Metrics of the second
have the ending `_aligned`, of the third `_aligned_disparity`. A prediction that is disparity has no metres: only the third is measured.
Predictions: `<item name>` with an ending of `simlearn.benchmarks.depth_maps`, or one file of all in the data set's order.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from scenes.errors import UserError
from simlearn.benchmarks.depth_maps import READERS, RESIZES, Depth, Disparity, fitted
from simlearn.benchmarks.depth_protocols import DepthErrors, DepthProtocol, depth_errors
from simlearn.benchmarks.evaluation import Evaluation, Picture, Request
from simlearn.benchmarks.pictures import side_by_side
from simlearn.benchmarks.predictions import Item, Predictor, Readers, Scored, Unusable
from simlearn.colorize import colorize, scale_of
from simlearn.datasets.nyu_depth_v2 import NYUDepthV2
from simlearn.datasets.scenenet_rgbd import SceneNetRGBD
from simlearn.datasets.seven_scenes import SevenScenes
from simlearn.statistics import PerItem

MEASURED = ("abs_rel", "rmse", "log10", "delta1", "delta2", "delta3")
ALIGNMENTS = {"": "none", "_aligned": "least_squares", "_aligned_disparity": "least_squares_disparity"}
"""Endings of metrics, with how the prediction is scaled."""
INDOORS = DepthProtocol(minimum_m=1e-3, maximum_m=10.0, scaling="none")
CONSTANT_M = 2.5
RANDOM_M = (0.5, 10.0)


class Frames(Protocol):
    """What a reader offers: samples with "rgb", "depth" and "K" by index, their `names`, and a fingerprint."""

    @property
    def names(self) -> Sequence[str]: ...

    def __getitem__(self, index: int) -> dict[str, Any]: ...

    def fingerprint(self) -> str: ...


class SevenScenesFrames(SevenScenes):
    """The frames of a sequence, with names and K."""

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        self.names = [path.name.split(".")[0] for path in self.paths]
        self._K = self.camera().K

    def __getitem__(self, index: int) -> dict[str, Any]:
        return super().__getitem__(index) | {"K": self._K}


class SceneNetFrames(SceneNetRGBD):
    """The frames of the validation trajectories, with names."""

    def __init__(self, root: Path | None) -> None:
        super().__init__(root, "val")
        self.names = [f"{walk.render_path}/{view.frame_num}" for walk, view in self._frames]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every `step`-th frame is measured; `pictures`: how many are shown beside truth and prediction; what baselines say, in metres."""

    step: int = 1
    pictures: int = 3
    constant_m: float = CONSTANT_M
    random_m: tuple[float, float] = RANDOM_M


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One frame: its errors for each of `ALIGNMENTS` that its prediction allows, and its picture where one is shown."""

    errors: Mapping[str, DepthErrors]
    picture: Picture | None = None


def items_of(frames: Frames, step: int, truth: Callable[[Mapping[str, Any]], Any]) -> dict[str, Item]:
    """What is to be predicted: every `step`-th frame, by name; `truth` makes the answer of a sample."""

    def inputs(index: int) -> dict[str, Any]:
        sample = frames[index]
        return {"rgb": sample["rgb"], "K": sample["K"]}

    def answer(index: int) -> Any:
        return truth(frames[index])

    total = len(frames.names)
    chosen = range(0, total, step)
    return {
        frames.names[index]: Item(
            name=frames.names[index], inputs=partial(inputs, index), truth=partial(answer, index), rows={total: index, len(chosen): row}
        )
        for row, index in enumerate(chosen)
    }


def shown_of(names: Sequence[str], count: int) -> set[str]:
    """Names spread over the list."""
    return {names[i] for i in np.linspace(0, len(names) - 1, count).round().astype(int)}


def _same(item: Item, value: Callable[[Depth], Any]) -> Depth:
    """One value at every pixel, made of the true depth."""
    truth = item.truth()
    return np.full(truth.shape, value(truth), dtype=np.float32)


def _mean(truth: Depth) -> float:
    counted = INDOORS.mask(truth)
    return float(truth[counted].mean(dtype=np.float64)) if counted.any() else CONSTANT_M


def _random(item: Item) -> Depth:
    """Every pixel by itself, always the same for an item's name."""
    rng = np.random.default_rng(zlib.crc32(item.name.encode()))
    return rng.uniform(*RANDOM_M, item.truth().shape).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class IndoorDepth:
    """A scored benchmark; see `simlearn.benchmarks.predictions`. Baseline "mean": each frame's own mean true depth, "constant": 2.5 m."""

    name: str
    title: str
    DATA_SET: str
    open: Callable[[Path | None], Frames]
    protocol: DepthProtocol = INDOORS
    SETTINGS: Settings = Settings()
    QUICK: Settings = Settings(step=10, pictures=1)
    TASK: ClassVar[str] = "depth"
    READERS: ClassVar[Readers] = READERS
    BASELINES: ClassVar[Mapping[str, Callable[[Item], Any]]] = {
        "truth": lambda item: item.truth(),
        "mean": lambda item: _same(item, _mean),
        "constant": lambda item: _same(item, lambda _: CONSTANT_M),
        "random": _random,
    }

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.title)

    def score(self, predictor: Predictor, request: Request) -> Evaluation:
        """Rows for each of `MEASURED` and `ALIGNMENTS` over all frames that can be scored."""
        settings = self.QUICK if request.quick else self.SETTINGS
        frames = self.open(request.root)
        numbers = {name: i for i, name in enumerate(frames.names)}
        items = items_of(frames, settings.step, lambda sample: sample["depth"])
        shown = shown_of(list(items), settings.pictures)
        scored = Scored(list(items.values()), predictor, strict=request.strict, say=request.say)
        pairs = scored.pairs(lambda item, guess: self.scores(frames[numbers[item.name]], guess, draw=item.name in shown))
        done = {item.name: found for item, found in pairs}
        result = Evaluation(
            benchmark=self.name,
            protocol=f"{self.title} {self._wording(settings)} n = {len(done)} of {len(numbers)} frames.",
            source=predictor.source,
            settings=settings,
            quick=request.quick,
            data={"name": self.DATA_SET, "fingerprint": frames.fingerprint(), **scored.facts},
            pictures=[found.picture for found in done.values() if found.picture],
        )
        for ending in ALIGNMENTS:
            errors = {name: found.errors[ending] for name, found in done.items() if ending in found.errors}
            if errors:
                values = {f"{metric}{ending}": PerItem.mean([getattr(e, metric) for e in errors.values()]) for metric in MEASURED}
                result.add_items(list(errors), values, stage="prediction")
        return result

    def scores(self, sample: Mapping[str, Any], guess: Any, *, draw: bool) -> Scores:
        """Of one frame; Unusable for predictions that cannot be measured and for frames without a known pixel."""
        truth = sample["depth"]
        values, disparity = fitted(guess, [truth.shape], "disparity" if isinstance(guess, Disparity) else "depth")
        found = {}
        for ending, scaling in ALIGNMENTS.items():
            if disparity and scaling != "least_squares_disparity":
                continue
            try:
                errors = depth_errors(values, truth, replace(self.protocol, scaling=scaling), disparity=disparity)
            except UserError as error:
                raise Unusable(str(error)) from error
            if errors is None:
                raise Unusable("has no pixel of known depth in the range and the crop")
            found[ending] = errors
        return Scores(errors=found, picture=self._picture(sample, values, found) if draw else None)

    def _picture(self, sample: Mapping[str, Any], values: Depth, errors: Mapping[str, DepthErrors]) -> Picture:
        """Image, truth and the prediction, in metres where it has them, else as aligned disparity."""
        truth = np.where(sample["depth"] <= self.protocol.maximum_m, sample["depth"], np.float32(np.inf))
        if "" not in errors:
            fit = errors["_aligned_disparity"]
            values = 1 / np.maximum(fit.scale * values + fit.shift, 1 / self.protocol.maximum_m)
        low, high = scale_of("depth", [truth])
        images = [sample["rgb"], *(colorize("depth", depth.astype(np.float32), (low, high)) for depth in (truth, values))]
        return f"{sample['name']}: image, truth, prediction ({low:.1f} to {high:.1f} m)", side_by_side(images)

    def _wording(self, settings: Settings) -> str:
        aligned = [replace(self.protocol, scaling=scaling).wording() for scaling in ALIGNMENTS.values()]
        return (
            f"Every {settings.step}. frame. Metres: {aligned[0]}. _aligned: {aligned[1]}. _aligned_disparity: {aligned[2]}. Predictions of "
            f"another size are {RESIZES['depth']}, disparity as disparity; disparity is measured by _aligned_disparity only."
        )


SEVEN_SCENES = IndoorDepth(
    name="seven_scenes_depth_predictions",
    title="Depth of 7-Scenes frames against the Kinect, as metres and aligned; colour and depth are not registered to each other.",
    DATA_SET="seven_scenes",
    open=SevenScenesFrames,
)
SCENENET = IndoorDepth(
    name="scenenet_depth_predictions",
    title="Depth of SceneNet RGB-D's rendered validation trajectories, as metres and aligned; exact to the millimetre along the ray.",
    DATA_SET="scenenet_rgbd",
    open=SceneNetFrames,
)
NYU = IndoorDepth(
    name="nyu_depth_predictions",
    title="Depth of NYU Depth V2's 654 labelled test pictures against the Kinect's raw depth, as metres and aligned.",
    DATA_SET="nyu_depth_v2",
    open=lambda root: NYUDepthV2(root, "test"),
    protocol=replace(INDOORS, crop="nyu"),
)
