"""Measures against hand-computed answers, the known traps among them."""

from __future__ import annotations

import numpy as np
import pytest

from scenes.errors import UserError
from simlearn.benchmarks.metrics import (
    DepthErrors,
    DepthProtocol,
    class_iou,
    confusion,
    depth_errors,
    garg_crop,
    mean_depth_errors,
    mean_iou,
    normal_angles,
    pixel_accuracy,
    top_k,
)

METRIC = DepthProtocol(scaling="none", maximum_m=80.0)
MEDIAN = DepthProtocol(scaling="median", maximum_m=80.0)


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float32)


def test_depth_errors_by_hand():
    found = depth_errors(row(2, 4, 10), row(1, 4, 8), METRIC)
    assert found is not None
    assert found.abs_rel == pytest.approx((1 + 0 + 0.25) / 3)
    assert found.rmse == pytest.approx(np.sqrt((1 + 0 + 4) / 3))
    assert found.delta1 == pytest.approx(1 / 3)  # 10 / 8 is exactly 1.25, which does not count
    assert found.pixels == 3


def test_prediction_is_scaled_before_it_is_clipped():
    # Medians 100 and 10: scaled by 0.1 to 1, 10, 20. Clipping to 80 first would give 10, 80, 80, hence 1.25, 10, 10.
    found = depth_errors(row(10, 100, 200), row(1, 10, 20), MEDIAN)
    assert found is not None
    assert found.abs_rel == pytest.approx(0, abs=1e-6)
    assert found.scale == pytest.approx(0.1)


def test_scaled_prediction_is_clipped_to_the_range():
    found = depth_errors(row(1, 1, 100), row(1, 1, 50), MEDIAN)
    assert found is not None
    assert found.abs_rel == pytest.approx((80 - 50) / 50 / 3)


def test_median_is_taken_over_counted_pixels_only():
    truth = row(2, 2, 4, 90, np.inf, 0)
    found = depth_errors(row(1, 1, 2, 77, 77, 77), truth, MEDIAN)
    assert found is not None
    assert (found.scale, found.pixels, found.abs_rel) == (2.0, 3, 0.0)


def test_no_pixel_counts_and_bad_predictions():
    assert depth_errors(row(1.0), row(np.inf), MEDIAN) is None
    with pytest.raises(UserError, match="1 of 2"):
        depth_errors(row(1, np.nan), row(1, 1), MEDIAN)
    with pytest.raises(UserError, match="median"):
        depth_errors(row(0, 0), row(1, 1), MEDIAN)
    with pytest.raises(UserError, match="resize"):
        depth_errors(np.ones((2, 2)), row(1, 1), MEDIAN)
    with pytest.raises(UserError):
        mean_depth_errors([])


def test_garg_crop_truncates_to_whole_pixels():
    # 375 x 1242: rows 153.04 .. 371.96, columns 44.65 .. 1197.35.
    rows, columns = np.nonzero(garg_crop(375, 1242))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (153, 370, 44, 1196)
    # 370 x 1224 (two of the frames): rows 151.0000007 .. 366.9999993, columns 43.999997 .. 1180.000003: rounding would differ.
    rows, columns = np.nonzero(garg_crop(370, 1224))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (151, 365, 43, 1179)


def test_crop_leaves_out_errors_outside_it():
    truth = np.full((100, 100), 10, np.float32)
    prediction = truth.copy()
    prediction[:40] = 50
    found = depth_errors(prediction, truth, DepthProtocol(crop="garg", scaling="none"))
    assert found is not None
    assert found.abs_rel == 0
    assert found.pixels == (99 - 40) * (96 - 3)


def test_depth_is_averaged_over_images_not_pixels():
    many = DepthErrors(0.1, 1.0, 0.9, 10_000, 1.0)
    few = DepthErrors(0.3, 3.0, 0.5, 10, 1.0)
    assert mean_depth_errors([many, few]) == pytest.approx({"abs_rel": 0.2, "rmse": 2.0, "delta1": 0.7})


def test_iou_by_hand_with_void():
    truth = np.array([0, 0, 0, 1, 1, 11, 11])
    guess = np.array([0, 0, 1, 1, 0, 0, 1])
    matrix = confusion(guess, truth, 11)
    np.testing.assert_array_equal(matrix[:2, :2], [[2, 1], [1, 1]])
    assert matrix.sum() == 5
    np.testing.assert_allclose(class_iou(matrix)[:2], [2 / 4, 1 / 3])
    assert np.isnan(class_iou(matrix)[2:]).all()
    assert mean_iou(matrix) == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert pixel_accuracy(matrix) == pytest.approx(3 / 5)


def test_iou_is_pooled_over_images():
    # Image 1 is all class 0 and right; image 2 has one pixel of class 1, missed.
    first = confusion(np.zeros(9, int), np.zeros(9, int), 2)
    second = confusion(np.zeros(1, int), np.ones(1, int), 2)
    pooled = mean_iou(first + second)
    assert pooled == pytest.approx((9 / 10 + 0) / 2)
    assert pooled != pytest.approx((mean_iou(first) + mean_iou(second)) / 2)


def test_a_class_predicted_but_absent_counts_as_zero():
    assert mean_iou(confusion(np.array([0, 2]), np.array([0, 0]), 3)) == pytest.approx((0.5 + 0) / 2)


def test_predicted_void_is_refused():
    with pytest.raises(UserError, match=r"0\.\.10"):
        confusion(np.array([11]), np.array([0]), 11)


def test_normal_angles_by_hand():
    truth = np.array([[0, 0, -1.0], [0, 0, -1], [0, 0, -1], [1, 0, 0]])
    guess = np.array([[0, 0, -3.0], [0, 1, -1], [1, 0, 0], [0, 0, 0]])
    angles = normal_angles(guess, truth, np.array([True, True, True, False]))
    np.testing.assert_allclose(angles, [0, 45, 90], atol=1e-9)
    tiny = normal_angles(np.array([[1e-9, 0, -1.0]]), np.array([[0, 0, -1.0]]), np.array([True]))
    assert tiny[0] == pytest.approx(np.degrees(1e-9))


def test_top_k_by_hand_and_for_a_constant():
    scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    classes = np.array([1, 1, 0])
    assert top_k(scores, classes) == pytest.approx(1 / 3)
    assert top_k(scores, classes, k=2) == pytest.approx(2 / 3)
    assert top_k(np.zeros((3, 3)), classes) == 0
