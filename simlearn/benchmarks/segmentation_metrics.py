"""Measures of segmentation as VOC and Cityscapes define them, and their intervals over images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlearn.statistics import Interval

RESAMPLES = 1000
Counts = NDArray[np.int64]


def count_pixels(prediction: NDArray[np.integer], truth: NDArray[np.integer], classes: int) -> Counts:
    """int64 [classes, classes + 1]: rows truth, columns prediction; the last column counts pixels that were given no class.

    Both arrays hold class indices, `classes` meaning void; pixels whose truth is void are left out.
    """
    known = truth < classes
    pairs = truth[known].astype(np.int64) * (classes + 1) + prediction[known]
    return np.bincount(pairs, minlength=classes * (classes + 1)).reshape(classes, classes + 1)


def intersection_over_union(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """Of each class, hits / (truth + predicted - hits), float64 [..., classes], of counts [..., classes, classes + 1].

    NaN for a class that occurs in neither. A pixel without a predicted class is missed by its true class and laid to no other.
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)
    union = counts.sum(-1) + counts[..., :-1].sum(-2) - hits
    with np.errstate(invalid="ignore"):
        return np.where(union > 0, hits / np.where(union > 0, union, 1), np.nan)


def merge(counts: Counts, groups: Sequence[Sequence[int]]) -> Counts:
    """The same counts between groups of classes: [groups, groups + 1]."""
    assign = np.zeros((counts.shape[0] + 1, len(groups) + 1), dtype=np.int64)
    for k, members in enumerate(groups):
        assign[list(members), k] = 1
    assign[-1, -1] = 1
    return assign[:-1, :-1].T @ counts @ assign


def mean_over_classes(iou: NDArray[np.float64]) -> float:
    """Over the classes that occur; NaN where none does."""
    known = iou[np.isfinite(iou)]
    return float(known.mean()) if known.size else float("nan")


def miou_interval(counts: Sequence[Counts], seed: int = 0) -> Interval | None:
    """95 % bootstrap over images of the mean IoU of pooled counts; None for fewer than two images."""
    if len(counts) < 2:
        return None
    stack = np.stack(counts).reshape(len(counts), -1).astype(np.float64)
    drawn = np.random.default_rng(seed).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), RESAMPLES)
    iou = intersection_over_union((drawn @ stack).reshape(RESAMPLES, *counts[0].shape))
    low, high = np.percentile(np.nanmean(iou, axis=1), [2.5, 97.5])
    return Interval(float(low), float(high))


# Cityscapes' scripts, `avgClassSize`: the average number of pixels of a thing in its training set.
AVERAGE_PIXELS = {
    "person": 3462.4756337644,
    "rider": 3930.4788056518,
    "car": 12794.0202738185,
    "truck": 27855.1264367816,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "motorcycle": 6298.7200839748,
    "bicycle": 4672.3249222261,
}


@dataclass(frozen=True)
class Things:
    """How the things of a class, or of a category, are scored: whose things, which predicted classes are right, and their average sizes.

    `average_pixels`: {class: pixels}; the keys are the classes whose things count.
    """

    right: Sequence[int]
    average_pixels: Mapping[int, float]

    def weigh(self, prediction: NDArray[np.integer], kinds: NDArray[np.integer], instance: NDArray[np.integer]) -> tuple[float, float]:
        """(weighted hits, weighted misses) in pixels of one image: each thing weighs average size / its own size.

        prediction: class indices [H, W]; instance: the number of the thing, 0 for none; kinds: the class index of the thing.
        """
        hits = misses = 0.0
        right = np.isin(prediction, self.right)
        for kind, average in self.average_pixels.items():
            own = np.where(kinds == kind, instance, 0)
            sizes = np.bincount(own.ravel())[1:]
            found = np.bincount(own[right], minlength=len(sizes) + 1)[1:]
            there = sizes > 0
            share = float((found[there] / sizes[there]).sum())
            hits, misses = hits + average * share, misses + average * (int(there.sum()) - share)
        return hits, misses
