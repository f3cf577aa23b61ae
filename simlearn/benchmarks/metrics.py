"""The measures: surface normals, segmentation, classification; those of depth are in `simlearn.benchmarks.depth_protocols`.

Each function's text is its formula and its protocol.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError


@dataclass(frozen=True)
class Metric:
    """What a number is: its unit, and whether more of it is better."""

    unit: str
    higher_is_better: bool


METRICS: dict[str, Metric] = {
    "linear_top1": Metric("%", True),
    "linear_top5": Metric("%", True),
    "knn_top1": Metric("%", True),
    "linear_class_mean": Metric("%", True),
    "knn_class_mean": Metric("%", True),
    "classifier_top1": Metric("%", True),
    "svm_map": Metric("%", True),
    "svm_map_area": Metric("%", True),
    **{f"low_shot_{shots}": Metric("%", True) for shots in (1, 2, 4, 8, 16, 32)},
    "finetune_top1": Metric("%", True),
    "retrieval_top1": Metric("%", True),
    "retrieval_top5": Metric("%", True),
    "retrieval_top10": Metric("%", True),
    "retrieval_top20": Metric("%", True),
    "retrieval_top50": Metric("%", True),
    "linear_softmax_top1": Metric("%", True),
    **{f"correspondence_{name}": Metric("%", True) for name in ("other", "shifted", "yes_no")},
    **{f"{name}_split{k}": Metric("%", True) for name in ("linear_top1", "retrieval_top1") for k in (1, 2, 3)},
    **{f"retrieval_top{k}_split1": Metric("%", True) for k in (5, 10, 20, 50)},
    "miou": Metric("%", True),
    "miou_category": Metric("%", True),
    "iou": Metric("%", True),
    "iiou": Metric("%", True),
    "iiou_category": Metric("%", True),
    "pixel_accuracy": Metric("%", True),
    "abs_rel": Metric("1", False),
    "sq_rel": Metric("m", False),
    "rmse": Metric("m", False),
    "rmse_log": Metric("1", False),
    "log10": Metric("1", False),
    "delta1": Metric("1", True),
    "delta2": Metric("1", True),
    "delta3": Metric("1", True),
    "silog": Metric("100 ln", False),
    "silog_half": Metric("ln", False),
    **{
        f"{name}{ending}": Metric(unit, name.startswith("delta"))
        for ending in ("_aligned", "_aligned_disparity")
        for name, unit in {"abs_rel": "1", "rmse": "m", "log10": "1", "delta1": "1", "delta2": "1", "delta3": "1"}.items()
    },
    "normal_mean": Metric("deg", False),
    "normal_median": Metric("deg", False),
    "normal_rmse": Metric("deg", False),
    "normal_mean_per_image": Metric("deg", False),
    "normal_median_per_image": Metric("deg", False),
    "normal_below_5": Metric("%", True),
    "normal_below_7.5": Metric("%", True),
    "normal_below_11.25": Metric("%", True),
    "normal_below_22.5": Metric("%", True),
    "normal_below_30": Metric("%", True),
    "epe": Metric("px", False),
    "epe_noc": Metric("px", False),
    "epe_pooled": Metric("px", False),
    "epe_matched": Metric("px", False),
    "epe_unmatched": Metric("px", False),
    "epe_s0_10": Metric("px", False),
    "epe_s10_40": Metric("px", False),
    "epe_s40": Metric("px", False),
    "fl_all": Metric("%", False),
    "fl_noc": Metric("%", False),
    "fl_bg": Metric("%", False),
    "fl_fg": Metric("%", False),
    "outliers_3": Metric("%", False),
    "outliers_3_noc": Metric("%", False),
    "outliers_1": Metric("%", False),
    "outliers_5": Metric("%", False),
    "outliers_2_noc": Metric("%", False),
    "outliers_5_noc": Metric("%", False),
    "t_rel": Metric("%", False),
    "r_rel": Metric("deg/100 m", False),
    "ate": Metric("m", False),
    "ate_5_frames": Metric("m", False),
    "rpe_translation": Metric("m", False),
    "rpe_rotation": Metric("deg", False),
}


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
