"""Errors of optical flow, and the ways in which benchmarks average them. Arrays are float [H, W, 2], (du, dv) in pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError
from simlearn.statistics import PerItem

OUTLIER_PX, OUTLIER_SHARE = 3.0, 0.05
KINDS = ("epe", "fl", "out_1", "out_2", "out_3", "out_4", "out_5")
Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Measure:
    """One number of a benchmark: what is summed (`kind`, of `KINDS`), over which pixels (`mask`, a name of the benchmark's), and how.

    "epe": end-point error, px. "fl": outliers of KITTI 2015, %. "out_3": errors of more than 3 px, %, without a relative part.
    `pooled`: over the pixels of all images together, so that an image with more known pixels weighs more; else the mean over images of
    each image's mean, those without a pixel of the mask left out.
    """

    metric: str
    kind: str
    mask: str
    pooled: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(f"unknown flow measure {self.kind!r}: known are {', '.join(KINDS)}")


@dataclass(frozen=True)
class Sums:
    """Of one image over the pixels of one mask: their count, and for each of `KINDS` the sum, outliers in %."""

    pixels: int
    of: Mapping[str, float]


def end_point_errors(prediction: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """|prediction - truth| in pixels, float64 [H, W]; UserError when the shapes differ."""
    p, t = np.asarray(prediction, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if p.shape != t.shape or p.shape[-1:] != (2,):
        raise UserError(f"the predicted flow is {p.shape}, the truth {t.shape}: both must be [H, W, 2] of one size")
    return np.hypot(p[..., 0] - t[..., 0], p[..., 1] - t[..., 1])


def outliers(errors: NDArray[np.float64], truth: ArrayLike) -> Bool:
    """KITTI 2015's rule, bool [H, W]: error > 3 px and error / |truth| > 0.05, both strictly. Where nothing moves the latter holds."""
    t = np.asarray(truth, dtype=np.float64)
    return (errors > OUTLIER_PX) & (errors > OUTLIER_SHARE * np.hypot(t[..., 0], t[..., 1]))


def sums(prediction: ArrayLike, truth: ArrayLike, masks: Mapping[str, Bool]) -> dict[str, Sums]:
    """What there is to add up of one image, for each mask (bool [H, W])."""
    errors = end_point_errors(prediction, truth)
    wrong = outliers(errors, truth)
    found = {}
    for name, mask in masks.items():
        inside = errors[mask]
        over = {f"out_{px}": 100.0 * float((inside > px).sum()) for px in (1, 2, 3, 4, 5)}
        found[name] = Sums(int(mask.sum()), {"epe": float(inside.sum()), "fl": 100.0 * float(wrong[mask].sum()), **over})
    return found


def per_item(images: Sequence[Mapping[str, Sums]], measure: Measure) -> PerItem | None:
    """A measure over images; None when no image has a pixel of its mask."""
    parts = [image[measure.mask] for image in images]
    values = np.array([part.of[measure.kind] for part in parts])
    pixels = np.array([part.pixels for part in parts], dtype=np.float64)
    if not pixels.sum():
        return None
    if measure.pooled:
        return PerItem.pooled(values, pixels)
    return PerItem(values / np.maximum(pixels, 1), (pixels > 0).astype(np.float64))
