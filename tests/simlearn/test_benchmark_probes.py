"""Probes against independent solutions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from simlearn.benchmarks.probes import Moments, Scaler, choose_ridge, fit_logistic, held_out, knn_scores, logits, total


@pytest.fixture
def samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = (rng.normal(size=(200, 6)) * [1, 10, 0.1, 3, 1, 1] + [0, 50, 2, 0, 0, 0]).astype(np.float32)
    y = (x @ rng.normal(size=(6, 2)) + 0.3 * rng.normal(size=(200, 2)) + 5).astype(np.float32)
    return x, y


@pytest.mark.parametrize("penalty", [1e-3, 0.5])
def test_ridge_equals_least_squares_with_penalty_rows(samples, penalty):
    x, y = (a.astype(np.float64) for a in samples)
    found = total([Moments.of(x[:70], y[:70]), Moments.of(x[70:], y[70:])]).ridge(penalty)
    s = x.std(0)
    rows = np.vstack(
        [np.hstack([(x - x.mean(0)) / s, np.ones((200, 1))]), np.hstack([np.sqrt(200 * penalty) * np.eye(6), np.zeros((6, 1))])]
    )
    solution = np.linalg.lstsq(rows, np.vstack([y, np.zeros((6, 2))]), rcond=None)[0]
    weight = solution[:6] / s[:, None]
    np.testing.assert_allclose(found.weight, weight, rtol=1e-6)
    np.testing.assert_allclose(found.bias, solution[6] - x.mean(0) @ weight, rtol=1e-6)


def test_free_features_are_not_shrunk(samples):
    """With an endless penalty only the free feature is left, at its least-squares weight."""
    x, y = samples
    found = Moments.of(x, y).ridge(1e9, free=1)
    slope = np.linalg.lstsq(np.column_stack([x[:, -1].astype(np.float64), np.ones(len(x))]), y.astype(np.float64), rcond=None)[0]
    np.testing.assert_allclose(found.weight[-1], slope[0], rtol=1e-5)
    np.testing.assert_allclose(found.weight[:-1], 0, atol=1e-6)


def test_error_from_moments_is_the_error_of_predictions(samples):
    x, y = samples
    model = Moments.of(x[:100], y[:100]).ridge(0.1)
    direct = np.mean((x[100:].astype(np.float64) @ model.weight + model.bias - y[100:]) ** 2)
    assert Moments.of(x[100:], y[100:]).mean_squared_error(model) == pytest.approx(direct, rel=1e-7)


def test_bounds_are_those_of_all_frames():
    parts = [Moments.of(np.zeros((2, 1)), np.array([[1.0, -5.0], [3.0, 2.0]])), Moments.of(np.ones((1, 1)), np.array([[2.0, 7.0]]))]
    model = total(parts).ridge(1.0)
    np.testing.assert_array_equal([model.low, model.high], [[1, -5], [3, 7]])


def test_a_feature_that_never_varies_changes_nothing(samples):
    x, y = samples
    constant = np.hstack([x, np.full((200, 1), 7.3, np.float32)])
    with_it, without = Moments.of(constant, y).ridge(0.01), Moments.of(x, y).ridge(0.01)
    np.testing.assert_allclose(with_it.weight[:6], without.weight)
    np.testing.assert_array_equal(with_it.weight[6], 0)


def test_penalty_is_the_one_that_generalises():
    """40 useless features and few frames: a strong penalty wins; with one true feature and many samples, a weak one."""
    rng = np.random.default_rng(0)
    noise = [Moments.of(rng.normal(size=(12, 40)), rng.normal(size=(12, 1))) for _ in range(4)]
    assert choose_ridge(noise, (1e-3, 1.0, 100.0), folds=4)[1] == 100.0
    clean = []
    for _ in range(4):
        x = rng.normal(size=(500, 3))
        clean.append(Moments.of(x, 2 * x[:, :1]))
    model, penalty = choose_ridge(clean, (1e-3, 1.0, 100.0), folds=4)
    assert penalty == 1e-3
    np.testing.assert_allclose(model.weight[:, 0], [2, 0, 0], atol=0.01)


def test_logistic_equals_scipy():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(150, 4))
    classes = (x @ rng.normal(size=(4, 3)) + rng.gumbel(size=(150, 3))).argmax(1)
    penalty = 0.05

    def objective(flat: np.ndarray) -> float:
        weight, bias = flat[:12].reshape(4, 3), flat[12:]
        scores = x @ weight + bias
        log_sum = np.log(np.exp(scores).sum(1))
        return float(np.mean(log_sum - scores[np.arange(150), classes]) + 0.5 * penalty * (weight**2).sum())

    expected = minimize(objective, np.zeros(15), method="BFGS", options={"gtol": 1e-7}).x
    found = fit_logistic(torch.tensor(x, dtype=torch.float32), torch.tensor(classes), 3, penalty)
    np.testing.assert_allclose(found.weight, expected[:12].reshape(4, 3), atol=1e-3)  # float32 against float64: the worst seen is 5e-4
    scores = logits(found, torch.tensor(x, dtype=torch.float32))
    np.testing.assert_allclose(scores.numpy(), x @ found.weight + found.bias, atol=1e-5)


def test_knn_votes_by_hand():
    train = torch.tensor([[1.0, 0.0], [2.0, 0.1], [0.0, 3.0]])
    votes = knn_scores(train, torch.tensor([0, 0, 1]), torch.tensor([[5.0, 0.0]]), 2, k=2, temperature=0.07)
    second = 2 / np.hypot(2, 0.1)
    np.testing.assert_allclose(votes.numpy(), [[1 + np.exp((second - 1) / 0.07), 0]], rtol=1e-4)
    all_three = knn_scores(train, torch.tensor([0, 0, 1]), torch.tensor([[0.0, 1.0]]), 2, k=20, temperature=0.07)
    assert all_three.argmax() == 1


def test_scaler_uses_training_statistics_and_silences_constants():
    x = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    np.testing.assert_allclose(Scaler.of(x)(torch.tensor([[4.0, 9.0]])).numpy(), [[2.0, 0.0]])


def test_held_out_is_balanced():
    classes = np.array([0] * 10 + [1] * 5)
    mask = held_out(classes, 5)
    assert list(np.flatnonzero(mask)) == [4, 9, 14]
    folds = [held_out(classes, 5, fold) for fold in range(5)]
    assert np.array_equal(np.sum(folds, axis=0), np.ones(15)), "every item is held out once"
    assert all(mask.sum() == 3 for mask in folds)
