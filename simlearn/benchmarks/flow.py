"""Optical flow of image pairs: what all flow benchmarks share, from the files of predictions to the baselines.

A prediction is float32 [H, W, 2], (du, dv) in pixels, target minus source, for every pixel.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.flow_metrics import Bool, Measure, Sums, per_item, sums
from simlearn.benchmarks.flow_pictures import WORST_PX, flow_picture
from simlearn.benchmarks.predictions import SHOWN, Item, Predictor, Scored, Unusable, checked
from simlearn.formats import flo, kitti

Flow = NDArray[np.float32]
RANDOM_PX = 10.0
FARNEBACK = {"pyr_scale": 0.5, "levels": 5, "winsize": 15, "iterations": 5, "poly_n": 7, "poly_sigma": 1.5, "flags": 0}


class Pairs(Protocol):
    """What a reader of flow data offers: `names`, by index the images a predictor may see and the labels; and `missing`, absent files."""

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def missing(self) -> Sequence[str]: ...

    def pictures(self, index: int) -> dict[str, NDArray[np.uint8]]: ...

    def labels(self, index: int) -> dict[str, Any]: ...

    def fingerprint(self) -> str: ...


def fill_background(flow: Flow, valid: Bool) -> Flow:
    """A flow with the invalid pixels filled as KITTI's development kit does before it measures.

    Along each row, a gap gets the smaller of the two neighbouring values (each component by itself, by sign and not by size), and what lies
    before the first or after the last valid pixel that pixel's value; rows above the first and below the last with a valid pixel get that
    row. Rows without one between these stay zero, as in the kit. UserError when no pixel is valid.
    """
    if not valid.any():
        raise UserError("no pixel of the flow is valid: the file holds no prediction")
    width = valid.shape[1]
    columns = np.arange(width)
    left = np.maximum.accumulate(np.where(valid, columns, -1), axis=1)
    right = np.minimum.accumulate(np.where(valid, columns, width)[:, ::-1], axis=1)[:, ::-1]
    left, right = np.where(left < 0, right, left), np.where(right == width, left, right)
    rows = np.flatnonzero(valid.any(axis=1))
    filled = np.zeros_like(flow)
    for row in rows:
        filled[row] = np.minimum(flow[row, left[row]], flow[row, right[row]])
    filled[: rows[0]], filled[rows[-1] + 1 :] = filled[rows[0]], filled[rows[-1]]
    return filled


def _complete(flow: Flow, known: Bool, *, fill: bool) -> Flow:
    if known.all():
        return flow
    if fill:
        return fill_background(flow, known)
    raise UserError(f"{int((~known).sum())} pixels have no flow, every pixel needs one")


def _read_npy(path: Path) -> NDArray[Any]:
    found = np.load(path, allow_pickle=False)
    if found.dtype.kind not in "fiu" or found.ndim != 3 or found.shape[2] != 2:
        raise UserError(f"holds {found.dtype} {list(found.shape)} instead of float [H, W, 2]")
    return found.astype(np.float32)


def readers(*, fill: bool) -> dict[str, Callable[[Path], Any]]:
    """Of `.png` (KITTI's 16 bits), `.flo` and `.npy` (float [H, W, 2]). Pixels marked as unknown are filled, or make the file unusable."""
    return {
        ".png": lambda path: _complete(*kitti.decode_flow(path.read_bytes()), fill=fill),
        ".flo": lambda path: _complete(*flo.decode(path.read_bytes()), fill=fill),
        ".npy": _read_npy,
    }


def _size(item: Item) -> tuple[int, int]:
    height, width = item.inputs()["rgb"].shape[:2]
    return height, width


def zero(item: Item) -> Flow:
    """Nothing moves: its end-point error is the mean length of the true flow."""
    return np.zeros((*_size(item), 2), dtype=np.float32)


def random(item: Item) -> Flow:
    """Each component uniform within +-10 px, always the same for an item's name; on still images its mean error is 7.65 px."""
    rng = np.random.default_rng(zlib.crc32(item.name.encode()))
    return rng.uniform(-RANDOM_PX, RANDOM_PX, (*_size(item), 2)).astype(np.float32)


def farneback(item: Item) -> Flow:
    """Farneback 2003 as OpenCV has it: 5 levels, window 15, 5 iterations, polynomials of 7 pixels."""
    cv2 = _opencv()
    return np.asarray(cv2.calcOpticalFlowFarneback(*_greys(cv2, item), None, **FARNEBACK), dtype=np.float32)


def dis(item: Item) -> Flow:
    """Dense inverse search, Kroeger et al. 2016, as OpenCV has it: preset "medium", which stops at half resolution."""
    cv2 = _opencv()
    found = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*_greys(cv2, item), None)
    return np.asarray(found, dtype=np.float32)


def _greys(cv2: Any, item: Item) -> list[NDArray[np.uint8]]:
    seen = item.inputs()
    return [cv2.cvtColor(np.ascontiguousarray(seen[key]), cv2.COLOR_RGB2GRAY) for key in ("rgb", "rgb_next")]


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise UserError(f"this baseline needs OpenCV, which is missing ({error}): pip install simlearn[programs]") from error
    return cv2


def _truth(data: Pairs, index: int) -> Flow:
    """Of every pixel, 0 where it is not known."""
    labels = data.labels(index)
    return np.where(labels["known"][..., None], labels["flow_forward"], 0).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of a flow benchmark; `baselines` says how OpenCV's are set, `pictures` how many pairs are shown, half of them the worst."""

    baselines: str = "Farneback: 5 levels, window 15, 5 iterations, polynomials of 7 px (sigma 1.5); DIS: preset medium"
    pictures: int = 4


@dataclass(frozen=True, kw_only=True)
class FlowBenchmark:
    """A scored benchmark of optical flow; see `simlearn.benchmarks.predictions`.

    `open` reads the data; `masks` gives from an item's labels the pixels of each of the `measures`' masks, bool [H, W]. An image without a
    pixel of the mask "all" is unusable. `fill`: whether unknown pixels of a prediction are filled.
    """

    name: str
    title: str
    protocol: str
    DATA_SET: str
    open: Callable[[Path | None], Pairs]
    masks: Callable[[Mapping[str, Any]], Mapping[str, Bool]]
    measures: tuple[Measure, ...]
    fill: bool = False
    SETTINGS: Settings = Settings()
    TASK: ClassVar[str] = "flow"
    BASELINES: ClassVar[Mapping[str, Callable[[Item], Any]]] = {
        "truth": lambda item: item.truth(),
        "zero": zero,
        "random": random,
        "farneback": farneback,
        "dis": dis,
    }

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.title)

    @property
    def QUICK(self) -> Settings:
        return self.SETTINGS

    @property
    def READERS(self) -> Mapping[str, Callable[[Path], Any]]:
        return readers(fill=self.fill)

    def score(self, predictor: Predictor, request: Request) -> Evaluation:
        """A row for each of the measures over all images that can be scored."""
        data = self.open(request.root)
        if data.missing and request.strict:
            raise UserError(f"{self.DATA_SET} lacks {_named(data.missing)}; without --strict they would be left out, counted and named")
        numbers = {name: i for i, name in enumerate(data.names)}
        items = [Item(name=name, inputs=partial(data.pictures, i), truth=partial(_truth, data, i)) for name, i in numbers.items()]
        scored = Scored(items, predictor, strict=request.strict, say=request.say)
        done = {
            item.name: found for item, found in scored.pairs(lambda item, flow: self._sums(partial(data.labels, numbers[item.name]), flow))
        }
        result = Evaluation(
            benchmark=self.name,
            protocol=f"{self.protocol} n = {len(done)} pairs.",
            source=predictor.source,
            settings=self.SETTINGS,
            quick=request.quick,
            data={"name": self.DATA_SET, "fingerprint": data.fingerprint(), **scored.facts, **_lacking(data.missing)},
        )
        found = {measure.metric: per_item(list(done.values()), measure) for measure in self.measures}
        result.add_items(list(done), {metric: values for metric, values in found.items() if values is not None}, stage="prediction")
        for title, name in _extremes(done, self.SETTINGS.pictures).items():
            found = checked(predictor.predict(items[numbers[name]]), (*_size(items[numbers[name]]), 2))
            picture = flow_picture(data.pictures(numbers[name])["rgb"], data.labels(numbers[name]), found)
            result.pictures.append((f"{title}: picture, true flow, predicted flow, error (white: {WORST_PX:.0f} px and more)", picture))
        return result

    def _sums(self, read: Callable[[], Mapping[str, Any]], flow: Any) -> dict[str, Sums]:
        try:
            labels = read()
        except UserError as error:
            raise Unusable(f"its truth cannot be read ({error})") from error
        truth, masks = np.where(labels["known"][..., None], labels["flow_forward"], 0), self.masks(labels)
        if not masks["all"].any():
            raise Unusable("has no pixel of known flow")
        return sums(checked(flow, truth.shape), truth, masks)


def _extremes(done: Mapping[str, Mapping[str, Sums]], count: int) -> dict[str, str]:
    """Names of the pairs with the largest and the smallest mean errors, half of `count` each, under their captions."""
    errors = {name: sums["all"].of["epe"] / sums["all"].pixels for name, sums in done.items()}
    ranked = sorted(errors, key=lambda name: -errors[name])
    worst = ranked[: (min(count, len(ranked)) + 1) // 2]
    best = ranked[len(worst) :][::-1][: count // 2]
    return {f"{word} pair {name}, {errors[name]:.2f} px": name for word, names in (("worst", worst), ("best", best)) for name in names}


def _named(missing: Sequence[str]) -> str:
    return f"{len(missing)} files: {', '.join(missing[:SHOWN])}{' and more' if len(missing) > SHOWN else ''}"


def _lacking(missing: Sequence[str]) -> dict[str, str]:
    return {"missing": _named(missing)} if missing else {}
