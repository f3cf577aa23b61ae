"""The measures: depth, surface normals, segmentation, classification. Each function's text is its formula and its protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError

Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Metric:
    """What a number is: its unit, and whether more of it is better."""

    unit: str
    higher_is_better: bool


METRICS: dict[str, Metric] = {
    "linear_top1": Metric("%", True),
    "knn_top1": Metric("%", True),
    "classifier_top1": Metric("%", True),
    "retrieval_top1": Metric("%", True),
    "retrieval_top5": Metric("%", True),
    "retrieval_top10": Metric("%", True),
    "miou": Metric("%", True),
    "pixel_accuracy": Metric("%", True),
    "abs_rel": Metric("1", False),
    "rmse": Metric("m", False),
    "delta1": Metric("1", True),
    "normal_mean": Metric("deg", False),
    "normal_below_11.25": Metric("%", True),
    "t_rel": Metric("%", False),
    "r_rel": Metric("deg/100 m", False),
    "ate": Metric("m", False),
    "ate_5_frames": Metric("m", False),
    "rpe_translation": Metric("m", False),
    "rpe_rotation": Metric("deg", False),
}


@dataclass(frozen=True, kw_only=True)
class DepthProtocol:
    """How predicted depth is compared: range in metres (both ends excluded), crop (None or "garg"), scaling ("median" or "none")."""

    minimum_m: float = 1e-3
    maximum_m: float = 80.0
    crop: str | None = None
    scaling: str = "median"

    def __post_init__(self) -> None:
        if not 0 < self.minimum_m < self.maximum_m:
            raise UserError(f"a depth range of {self.minimum_m}..{self.maximum_m} m is empty: give 0 < minimum < maximum")
        if self.crop not in (None, "garg"):
            raise UserError(f"unknown depth crop {self.crop!r}: known are None, 'garg'")
        if self.scaling not in ("median", "none"):
            raise UserError(f"unknown depth scaling {self.scaling!r}: known are 'median', 'none'")

    def wording(self) -> str:
        crop = "Garg crop" if self.crop else "no crop"
        scaling = "scaled per image by median(truth)/median(prediction)" if self.scaling == "median" else "no scaling"
        return (
            f"{crop}, {self.minimum_m:g}..{self.maximum_m:g} m, {scaling}, then clipped to the range; mean over images of per-image values"
        )

    def mask(self, truth: NDArray[np.float32]) -> Bool:
        """Pixels that count: minimum < truth < maximum, inside the crop."""
        mask = (truth > self.minimum_m) & (truth < self.maximum_m)
        return mask & garg_crop(*truth.shape) if self.crop == "garg" else mask


def garg_crop(height: int, width: int) -> Bool:
    """The crop of Garg et al. (2016): rows 0.40810811 H .. 0.99189189 H, columns 0.03594771 W .. 0.96405229 W, truncated to int32."""
    top, bottom, left, right = np.array(
        [0.40810811 * height, 0.99189189 * height, 0.03594771 * width, 0.96405229 * width], dtype=np.float64
    ).astype(np.int32)
    crop = np.zeros((height, width), dtype=bool)
    crop[top:bottom, left:right] = True
    return crop


@dataclass(frozen=True)
class DepthErrors:
    """Of one image, over its counted pixels.

    abs_rel: mean |p - t| / t. rmse: sqrt(mean (p - t)^2), metres. delta1: share of max(p/t, t/p) < 1.25. scale: what p was multiplied by.
    """

    abs_rel: float
    rmse: float
    delta1: float
    pixels: int
    scale: float


def depth_errors(prediction: ArrayLike, truth: ArrayLike, protocol: DepthProtocol) -> DepthErrors | None:
    """Errors of a predicted depth [H, W] in metres (or to scale) against the truth [H, W], +inf or 0 where unknown.

    Order of work: mask by truth's range and crop; scale; clip the prediction to the range; measure. None when no pixel counts.
    Raises UserError when shapes differ or the prediction has a value that is not finite, or not positive where it is scaled.
    """
    prediction, truth = np.asarray(prediction, dtype=np.float64), np.asarray(truth, dtype=np.float32)
    if prediction.shape != truth.shape:
        raise UserError(f"the prediction is {prediction.shape}, the truth {truth.shape}: resize the prediction to the truth's size")
    mask = protocol.mask(truth)
    if not mask.any():
        return None
    p, t = prediction[mask], truth[mask].astype(np.float64)
    if not np.isfinite(p).all():
        raise UserError(
            f"{int((~np.isfinite(p)).sum())} of {p.size} predicted depths are not finite: the network or file that made them is broken"
        )
    scale = 1.0
    if protocol.scaling == "median":
        median = float(np.median(p))
        if median <= 0:
            raise UserError(f"the predicted depth has median {median:g}, it cannot be scaled: predictions must be positive metres")
        scale = float(np.median(t)) / median
    p = np.clip(p * scale, protocol.minimum_m, protocol.maximum_m)
    ratio = np.maximum(p / t, t / p)
    return DepthErrors(
        abs_rel=float(np.mean(np.abs(p - t) / t)),
        rmse=float(np.sqrt(np.mean((p - t) ** 2))),
        delta1=float(np.mean(ratio < 1.25)),
        pixels=int(p.size),
        scale=scale,
    )


def mean_depth_errors(errors: Sequence[DepthErrors]) -> dict[str, float]:
    """Plain means over images of abs_rel, rmse and delta1."""
    if not errors:
        raise UserError("no image has a pixel of known depth within the protocol's range and crop: check the data set")
    return {name: float(np.mean([getattr(e, name) for e in errors])) for name in ("abs_rel", "rmse", "delta1")}


def confusion(prediction: ArrayLike, truth: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Counts int64 [classes, classes], rows truth, columns prediction; pixels whose truth is not in 0..classes-1 (void) are left out.

    Add up the matrices of all images before taking `mean_iou` (pooled), which differs from the mean of per-image values.
    """
    prediction, truth = np.asarray(prediction), np.asarray(truth)
    if prediction.shape != truth.shape:
        raise UserError(f"the prediction is {prediction.shape}, the truth {truth.shape}: resize the prediction to the truth's size")
    counted = (truth >= 0) & (truth < classes)
    p, t = prediction[counted].astype(np.int64), truth[counted].astype(np.int64)
    if p.size and (p.min() < 0 or p.max() >= classes):
        raise UserError(f"predicted class ids reach {p.min()}..{p.max()}: they must be 0..{classes - 1}")
    return np.bincount(t * classes + p, minlength=classes * classes).reshape(classes, classes)


def class_iou(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Intersection over union of each class, true positives / (truth + prediction - true positives); NaN for a class in neither."""
    hits = np.diag(matrix).astype(np.float64)
    union = matrix.sum(0) + matrix.sum(1) - hits
    return np.where(union > 0, hits / np.maximum(union, 1), np.nan)


def mean_iou(matrix: NDArray[np.int64]) -> float:
    """Mean of `class_iou` over the classes that occur in truth or prediction."""
    return float(np.nanmean(class_iou(matrix)))


def pixel_accuracy(matrix: NDArray[np.int64]) -> float:
    """Share of counted pixels whose class is right."""
    return float(np.diag(matrix).sum() / matrix.sum())


def normal_angles(prediction: ArrayLike, truth: ArrayLike, valid: ArrayLike) -> NDArray[np.float64]:
    """Angles in degrees, float64 [number of valid pixels], between normals [..., 3]; the prediction is normalised first.

    Pool the angles of all images before taking the mean or the share below 11.25 degrees.
    """
    valid = np.asarray(valid, dtype=bool)
    p, t = np.asarray(prediction, dtype=np.float64)[valid], np.asarray(truth, dtype=np.float64)[valid]
    p = p / np.maximum(np.linalg.norm(p, axis=-1, keepdims=True), 1e-12)
    # atan2 keeps its accuracy near 0 and 180 degrees, where arccos of a rounded dot product does not.
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(p, t), axis=-1), np.sum(p * t, axis=-1)))


def top_k(scores: ArrayLike, classes: ArrayLike, k: int = 1) -> float:
    """Share of rows whose class is among the k highest scores [N, C]. A tie counts against: every other class with a score >= the
    true one ranks before it, so that a predictor that says the same for all classes gets nothing."""
    scores, classes = np.asarray(scores), np.asarray(classes)
    own = scores[np.arange(len(classes)), classes]
    return float(np.mean((scores >= own[:, None]).sum(axis=1) <= k))
