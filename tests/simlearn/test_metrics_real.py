"""Measures against hand-computed answers, the known traps among them."""

from __future__ import annotations

import numpy as np
import pytest

from scenes.errors import UserError
from simlearn.benchmarks.metrics import (
    class_iou,
    confusion,
    mean_iou,
    normal_angles,
    pixel_accuracy,
    top_k,
)


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
