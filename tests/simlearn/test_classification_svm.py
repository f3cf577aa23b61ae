"""Linear support vector machines against a slow reference; average precision by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from simlearn.benchmarks.linear_svm import Task, average_precision, average_precision_11, choose_costs, fit_chosen, fit_svm, with_bias


@pytest.fixture
def problem() -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 5))
    signs = np.where(x @ rng.normal(size=(5, 3)) + rng.normal(size=(80, 3)) > 0.5, 1.0, -1.0)
    return with_bias(torch.from_numpy(x)), torch.from_numpy(signs)


@pytest.mark.parametrize("cost", [1e-3, 1.0, 100.0])
def test_machines_equal_a_slow_reference(problem, cost):
    x, signs = problem
    weights = torch.where(signs > 0, 2.0, 1.0).double()
    weights[:20, 1] = 0  # the second machine does not see these
    found = fit_svm(Task(x, signs, weights), cost, tolerance=1e-8)
    for k in range(3):
        y, c = signs[:, k].numpy(), weights[:, k].numpy()

        def objective(w: np.ndarray, y: np.ndarray = y, c: np.ndarray = c) -> tuple[float, np.ndarray]:
            hinge = np.maximum(0, 1 - y * (x.numpy() @ w))
            return 0.5 * w @ w + cost * np.sum(c * hinge**2), w - 2 * cost * x.numpy().T @ (c * hinge * y)

        expected = minimize(objective, np.zeros(6), jac=True, method="L-BFGS-B", options={"ftol": 1e-16, "gtol": 1e-9, "maxiter": 5000})
        np.testing.assert_allclose(found[:, k], expected.x, atol=2e-5)


def test_a_warm_start_finds_the_same(problem):
    x, signs = problem
    task = Task(x, signs, torch.ones_like(signs))
    cold, warm = fit_svm(task, 10.0, tolerance=1e-8), fit_svm(task, 10.0, fit_svm(task, 1.0), tolerance=1e-8)
    np.testing.assert_allclose(warm, cold, atol=1e-6)


def test_eleven_points_by_hand():
    """Order by score: +, -, +, -, -, +. Precisions at the hits 1, 2/3, 1/2; recalls 1/3, 2/3, 1.

    Recalls 0 to 0.3 are reached with precision 1, 0.4 to 0.6 with 2/3, 0.7 to 1 with 1/2.
    """
    scores, positive = [6, 5, 4, 3, 2, 1], [True, False, True, False, False, True]
    assert average_precision_11(scores, positive) == pytest.approx((4 * 1 + 3 * 2 / 3 + 4 * 1 / 2) / 11)
    assert average_precision(scores, positive) == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)


def test_exact_tenths_count_and_ties_gain_nothing():
    """Ten positives first: the third has recall 0.3, which rounds below the level 0.3 in floating point if it is not minded."""
    assert average_precision_11(np.arange(20)[::-1], np.arange(20) < 10) == pytest.approx(1)
    assert average_precision_11(np.zeros(10), np.arange(10) < 2) == pytest.approx((6 * 0.2 + 5 * 0.2) / 11)
    assert average_precision_11(np.zeros(10), np.arange(10) >= 8) == average_precision_11(np.zeros(10), np.arange(10) < 2)
    assert average_precision_11(np.arange(5), np.zeros(5, bool)) == 0


def test_the_cost_is_chosen_on_training_items_and_separable_classes_are_perfect(problem):
    x, signs = problem
    centres = torch.eye(4, dtype=torch.float64)[torch.arange(120) % 4]
    clear = with_bias(centres + 0.05 * torch.randn(120, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    classes = torch.where(centres > 0, 1.0, -1.0).double()
    costs, validated = choose_costs(clear, classes, (1e-3, 1.0), 3)
    assert (validated == 1).all()
    scores = (clear @ fit_chosen(clear, classes, costs)).numpy()
    assert all(average_precision_11(scores[:, k], classes[:, k].numpy() > 0) == 1 for k in range(4))
    noise = torch.randn(80, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert choose_costs(with_bias(noise), signs, (1e-2, 1.0), 3)[1].mean() < choose_costs(x, signs, (1e-2, 1.0), 3)[1].mean()
