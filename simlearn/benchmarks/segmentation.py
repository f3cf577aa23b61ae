"""Scored benchmarks of segmentation: PNG files of class ids, anybody's, against the labels of CamVid, KITTI and VOC 2012."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from simlearn.benchmarks.evaluation import Evaluation, Picture, Request
from simlearn.benchmarks.pictures import side_by_side
from simlearn.benchmarks.predictions import Item, Predictor, Scored, Unusable, checked
from simlearn.benchmarks.segmentation_metrics import (
    AVERAGE_PIXELS,
    Counts,
    Things,
    count_pixels,
    intersection_over_union,
    mean_over_classes,
    merge,
    miou_interval,
)
from simlearn.datasets import camvid, kitti_semantics, voc2012
from simlearn.datasets.root import read_grey
from simlearn.statistics import PerItem

Ids = NDArray[np.integer]
UNKNOWN = 255
"""In a table of classes by id: no such id."""
OVERLAY = 0.5
PROTOCOL = (
    "{title}, n = {n} images. Every pixel of known class counts; the void id, where predicted, is no answer and so a miss; any other id "
    "makes a prediction unusable. IoU = hits / (truth + predicted - hits) from counts pooled over images; miou: mean over the classes that "
    "occur in truth or prediction, its interval a bootstrap over images.{more}"
)


class Labelled(Protocol):
    """What a reader of segmentation data offers."""

    @property
    def names(self) -> Sequence[str]: ...

    def __getitem__(self, index: int) -> dict[str, Any]: ...

    def fingerprint(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`pictures`: how many images are shown beside truth and prediction."""

    pictures: int = 3


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One image: its counts and, for every kind of `Things`, (weighted hits, weighted misses)."""

    counts: Counts
    things: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class SegmentationBenchmark:
    """A scored benchmark; see `simlearn.benchmarks.predictions`. A prediction is integers [H, W], ids as the data set has them.

    `class_of_id`: uint8 by id, the index in `classes`, or len(classes) for void; ids beyond it, or `UNKNOWN` in it, do not exist.
    `constant`: the id that the baseline of this name gives to every pixel. `categories`: groups of classes by name. `things`: classes
    whose single things count in iIoU, with their average size, where the reader has instances (KITTI's class id * 256 + number).
    """

    name: str
    title: str
    DATA_SET: str
    open: Callable[[Path | None], Labelled]
    classes: Sequence[str]
    class_of_id: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    constant: int
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    things: Mapping[str, float] = field(default_factory=dict)
    SETTINGS: Settings = Settings()
    QUICK: Settings = Settings(pictures=1)
    TASK: ClassVar[str] = "semantic"
    READERS: ClassVar[Mapping[str, Callable[[Path], Any]]] = {".png": read_grey}

    @property
    def BASELINES(self) -> Mapping[str, Callable[[Item], Any]]:
        return {"truth": lambda item: item.truth(), "constant": self._constant, "random": self._random}

    def _constant(self, item: Item) -> Ids:
        return np.full(item.inputs()["rgb"].shape[:2], self.constant, dtype=np.uint8)

    def _random(self, item: Item) -> Ids:
        """Every class alike at every pixel, always the same for an item's name."""
        ids = np.flatnonzero(self.class_of_id < len(self.classes)).astype(np.uint8)
        return np.random.default_rng(zlib.crc32(item.name.encode())).choice(ids, item.inputs()["rgb"].shape[:2])

    def class_indices(self, ids: Ids) -> NDArray[np.uint8]:
        """Indices of `classes`, len(classes) for void; Unusable for ids that do not exist."""
        if ids.dtype.kind not in "iu":
            raise Unusable(f"has numbers of type {ids.dtype}, class ids are integers")
        strange = (ids < 0) | (ids >= len(self.class_of_id))
        strange |= self.class_of_id[np.where(strange, 0, ids)] == UNKNOWN
        if strange.any():
            raise Unusable(f"has class id {ids[strange][0]} at {int(strange.sum())} pixels, which does not exist")
        return self.class_of_id[ids]

    def score(self, predictor: Predictor, request: Request) -> Evaluation:
        settings = self.QUICK if request.quick else self.SETTINGS
        data = self.open(request.root)
        numbers = {name: i for i, name in enumerate(data.names)}
        items = [Item(name=name, inputs=partial(_inputs, data, i), truth=partial(_truth, data, i)) for name, i in numbers.items()]
        scored = Scored(items, predictor, strict=request.strict, say=request.say)
        shown = {items[i].name for i in np.linspace(0, len(items) - 1, settings.pictures).round().astype(int)}
        done: dict[str, Scores] = {}
        pictures: list[Picture] = []
        for item, (scores, picture) in scored.pairs(lambda item, ids: self._image(data[numbers[item.name]], ids, draw=item.name in shown)):
            done[item.name] = scores
            if picture is not None:
                pictures.append((f"{item.name}: truth, prediction, pixels that are wrong", picture))
        result = Evaluation(
            benchmark=self.name,
            protocol=PROTOCOL.format(title=self.title, n=len(done), more=self._more(done)),
            source=predictor.source,
            settings=settings,
            quick=request.quick,
            data={"name": self.DATA_SET, "fingerprint": data.fingerprint(), **scored.facts},
            pictures=pictures,
        )
        self._add_rows(result, done)
        return result

    def _image(self, sample: Mapping[str, Any], ids: Any, *, draw: bool) -> tuple[Scores, NDArray[np.uint8] | None]:
        truth = self.class_indices(sample["semantic"])
        if (truth == len(self.classes)).all():
            raise Unusable("has no pixel of known class")
        guess = self.class_indices(checked(ids, truth.shape))
        things = {}
        if self.things and "instance" in sample:
            kinds, number = self.class_of_id[sample["instance"] // 256], sample["instance"] % 256
            things = {name: group.weigh(guess, kinds, number) for name, group in self._groups().items()}
        scores = Scores(counts=count_pixels(guess, truth, len(self.classes)), things=things)
        return scores, self.picture(sample["rgb"], truth, guess) if draw else None

    def picture(self, rgb: NDArray[np.uint8], truth: Ids, guess: Ids) -> NDArray[np.uint8]:
        """The image under the true and the predicted classes' colours, and with its wrong pixels in red; void keeps the image's own."""
        wrong = (truth != guess) & (truth < len(self.classes))
        red = np.where(wrong[..., None], np.array((230, 30, 30), np.uint8), rgb // 2 + 100)
        return side_by_side([self._overlay(rgb, truth), self._overlay(rgb, guess), red.astype(np.uint8)])

    def _overlay(self, rgb: NDArray[np.uint8], classes: Ids) -> NDArray[np.uint8]:
        colours = np.concatenate([self.colours[: len(self.classes)], np.zeros((1, 3), np.uint8)])[classes]
        mixed = np.rint((1 - OVERLAY) * rgb + OVERLAY * colours).astype(np.uint8)
        return np.where((classes < len(self.classes))[..., None], mixed, rgb)

    def _groups(self) -> dict[str, Things]:
        """The things of every class, by its name, and of every category that has some, by "category <name>"."""
        number = {name: k for k, name in enumerate(self.classes)}
        groups = {name: Things([number[name]], {number[name]: average}) for name, average in self.things.items()}
        for category, members in self.categories.items():
            own = {number[name]: self.things[name] for name in members if name in self.things}
            if own:
                groups[f"category {category}"] = Things([number[name] for name in members], own)
        return groups

    def _more(self, done: Mapping[str, Scores]) -> str:
        text = ""
        if self.categories:
            text += " miou_category: the same of Cityscapes' seven categories."
        with_things = sum(bool(scores.things) for scores in done.values())
        if with_things:
            text += (
                f" iiou ({with_things} images with instances): as Cityscapes' scripts, hits and misses of every thing weighed by average / "
                "own size, false positives by pixel; Cityscapes' average sizes."
            )
        return text

    def _add_rows(self, result: Evaluation, done: Mapping[str, Scores]) -> None:
        counts = [scores.counts for scores in done.values()]
        pooled, names = np.sum(counts, axis=0), list(done)
        iou = 100 * intersection_over_union(pooled)
        interval = miou_interval(counts)
        result.add({"miou": mean_over_classes(iou)}, stage="all", n=len(done), interval=interval)
        right = PerItem.pooled([100 * np.trace(c[:, :-1]) for c in counts], [c.sum() for c in counts])
        result.add_items(names, {"pixel_accuracy": right}, stage="all")
        if self.categories:
            groups = [[list(self.classes).index(name) for name in members] for members in self.categories.values()]
            by_category = 100 * intersection_over_union(merge(pooled, groups))
            result.add({"miou_category": mean_over_classes(by_category)}, stage="all", n=len(done))
        self._add_things(result, [scores for scores in done.values() if scores.things])
        for name, value in zip(self.classes, iou, strict=True):
            if np.isfinite(value):
                result.add({"iou": value}, stage=name, n=len(done))

    def _add_things(self, result: Evaluation, images: Sequence[Scores]) -> None:
        """iIoU of classes and of categories: hits / (hits + misses + false positives) of what occurs."""
        if not images:
            return
        pooled = np.sum([scores.counts for scores in images], axis=0)
        values: dict[str, list[float]] = {"iiou": [], "iiou_category": []}
        for name, group in self._groups().items():
            hits, misses = np.sum([scores.things[name] for scores in images], axis=0)
            others = [k for k in range(len(self.classes)) if k not in group.right]
            union = hits + misses + pooled[np.ix_(others, list(group.right))].sum()
            if union > 0:
                values["iiou_category" if name.startswith("category ") else "iiou"].append(100 * hits / union)
        result.add({name: float(np.mean(shares)) for name, shares in values.items() if shares}, stage="all", n=len(images))


class CamVidValidation(camvid.CamVid):
    """The validation frames, by name."""

    def __init__(self, root: Path | None) -> None:
        super().__init__(root, "val")
        self.names = [path.stem for path in self.paths]


def _truth(data: Labelled, index: int) -> Any:
    return data[index]["semantic"]


def _inputs(data: Labelled, index: int) -> dict[str, Any]:
    return {"rgb": data[index]["rgb"]}


def _identity(classes: int, void: int) -> NDArray[np.uint8]:
    """The table of a data set whose ids are the classes themselves."""
    table = np.full(void + 1, UNKNOWN, dtype=np.uint8)
    table[:classes] = np.arange(classes)
    table[void] = classes
    return table


CAMVID = SegmentationBenchmark(
    name="camvid_predictions",
    title="CamVid in SegNet's 11 classes, validation frames",
    DATA_SET="camvid",
    open=CamVidValidation,
    classes=camvid.CLASSES,
    class_of_id=_identity(len(camvid.CLASSES), camvid.VOID),
    colours=camvid.COLOURS,
    constant=camvid.CLASSES.index("road"),
)
KITTI = SegmentationBenchmark(
    name="kitti_semantics_predictions",
    title="KITTI semantics 2015, training frames, files of Cityscapes ids",
    DATA_SET="kitti_semantics",
    open=kitti_semantics.KittiSemantics,
    classes=kitti_semantics.CLASSES,
    class_of_id=kitti_semantics.CLASS_OF_ID,
    colours=kitti_semantics.COLOURS,
    constant=7,
    categories=kitti_semantics.CATEGORIES,
    things=AVERAGE_PIXELS,
)
VOC2012 = SegmentationBenchmark(
    name="voc2012_predictions",
    title="PASCAL VOC 2012 segmentation, val, background and 20 classes",
    DATA_SET="voc2012",
    open=lambda root: voc2012.VOC2012Segmentation(root, "val"),
    classes=voc2012.CLASSES,
    class_of_id=_identity(len(voc2012.CLASSES), voc2012.VOID),
    colours=voc2012.COLOURS,
    constant=0,
)
