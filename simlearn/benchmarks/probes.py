"""The simple predictors laid on frozen features: ridge regression, logistic regression, nearest neighbours. All deterministic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Linear:
    """y = x @ weight + bias, weight float64 [D, K], bias float64 [K]. `low` and `high` [K] bound the targets that it was fitted to."""

    weight: Float64
    bias: Float64
    low: Float64
    high: Float64


@dataclass(frozen=True)
class Moments:
    """All that ridge regression needs to know of its samples: count, sums, products and bounds (float64), which add up over frames.

    Frames are gone through once; each fold of a cross-validation over frames then costs one small solve.
    """

    count: float
    x: Float64
    y: Float64
    xx: Float64
    xy: Float64
    yy: Float64
    low: Float64
    high: Float64

    @classmethod
    def of(cls, x: NDArray[np.float32], y: NDArray[np.float32]) -> Moments:
        """Moments of samples x [N, D] with targets y [N, K]."""
        x64, y64 = x.astype(np.float64), y.astype(np.float64)
        low, high = y64.min(0, initial=np.inf), y64.max(0, initial=-np.inf)
        return cls(float(len(x64)), x64.sum(0), y64.sum(0), x64.T @ x64, x64.T @ y64, (y64**2).sum(0), low, high)

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            self.count + other.count,
            self.x + other.x,
            self.y + other.y,
            self.xx + other.xx,
            self.xy + other.xy,
            self.yy + other.yy,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
        )

    def ridge(self, penalty: float, free: int = 0) -> Linear:
        """Minimiser of mean |y - x w - b|^2 + penalty * |s w|^2, s the standard deviations of x: ridge on standardised features, b free.

        The last `free` features (where in the image a cell lies, say) are not penalised. A feature that never varies gets weight zero.
        """
        mean_x, mean_y = self.x / self.count, self.y / self.count
        covariance = self.xx / self.count - np.outer(mean_x, mean_x)
        spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        # Below this the variance is rounding error of the float32 features; dividing by it would blow noise up.
        alive = spread > 1e-6 * (1.0 + np.abs(mean_x))
        s = np.where(alive, spread, 1.0)
        gram = covariance / np.outer(s, s) * np.outer(alive, alive)
        cross = (self.xy / self.count - np.outer(mean_x, mean_y)) / s[:, None] * alive[:, None]
        penalties = np.where(np.arange(len(s)) < len(s) - free, penalty, 0.0)
        solved = np.linalg.solve(gram + np.diag(np.where(alive, penalties, 1.0)), cross)
        weight = solved / s[:, None]
        return Linear(weight, mean_y - mean_x @ weight, self.low, self.high)

    def mean_squared_error(self, model: Linear) -> float:
        """Of the model on these samples, averaged over targets."""
        w, b = model.weight, model.bias
        quadratic = np.einsum("dk,de,ek->k", w, self.xx, w) + 2 * b * (self.x @ w) + self.count * b**2
        cross = np.einsum("dk,dk->k", w, self.xy) + b * self.y
        return float(np.mean(self.yy - 2 * cross + quadratic) / self.count)


def total(parts: Sequence[Moments]) -> Moments:
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result


def choose_ridge(frames: Sequence[Moments], penalties: Sequence[float], folds: int, free: int = 0) -> tuple[Linear, float]:
    """Ridge on all frames with the penalty that does best when each of `folds` runs of consecutive frames is held out; and the penalty."""
    folds = min(folds, len(frames))
    assert folds >= 2, "a penalty is chosen on frames that are held out"
    parts = [total([frames[i] for i in indices]) for indices in np.array_split(np.arange(len(frames)), folds)]
    errors = {
        penalty: sum(
            part.mean_squared_error(total([other for k, other in enumerate(parts) if k != held]).ridge(penalty, free))
            for held, part in enumerate(parts)
        )
        for penalty in penalties
    }
    best = min(errors, key=lambda penalty: errors[penalty])
    return total(frames).ridge(best, free), best


@dataclass(frozen=True)
class Scaler:
    """Standardisation by the statistics of training features; features that never vary become zero."""

    mean: Tensor
    spread: Tensor

    @classmethod
    def of(cls, x: Tensor) -> Scaler:
        spread = x.double().std(dim=0, correction=0).float()
        return cls(x.double().mean(dim=0).float(), torch.where(spread > 1e-6, spread, torch.inf))

    def __call__(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.spread


def fit_logistic(x: Tensor, classes: Tensor, count: int, penalty: float, iterations: int = 100) -> Linear:
    """Multinomial logistic regression: minimises mean cross entropy + penalty/2 * |W|^2 (bias free) by full-batch LBFGS from zero.

    x float32 [N, D], classes int64 [N] below `count`. The problem is convex; it stops early when the gradient is below 1e-5.
    """
    parameters = torch.zeros(x.shape[1] + 1, count, requires_grad=True, device=x.device)
    solver = torch.optim.LBFGS([parameters], max_iter=iterations, tolerance_grad=1e-5, tolerance_change=1e-9, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        weight, bias = parameters[:-1], parameters[-1]
        value = cross_entropy(torch.addmm(bias, x, weight), classes) + 0.5 * penalty * weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        solver.step(loss)
    solution = parameters.detach().cpu().double().numpy()
    unbounded = np.full(count, np.inf)
    return Linear(solution[:-1], solution[-1], -unbounded, unbounded)


def logits(model: Linear, x: Tensor) -> Tensor:
    """Scores float32 [N, C] of features [N, D]."""
    weight, bias = (
        torch.as_tensor(model.weight, dtype=x.dtype, device=x.device),
        torch.as_tensor(model.bias, dtype=x.dtype, device=x.device),
    )
    return torch.addmm(bias, x, weight)


def knn_scores(train: Tensor, classes: Tensor, test: Tensor, count: int, k: int = 20, temperature: float = 0.07) -> Tensor:
    """Votes float32 [N, count]: the k most similar training features (cosine), each weighing exp(similarity / temperature)."""
    similarity = normalize(test) @ normalize(train).T
    values, indices = similarity.topk(min(k, len(train)), dim=1)
    # exp((s - 1) / T) differs by a common factor and cannot overflow.
    votes = torch.zeros(len(test), count, device=train.device)
    return votes.scatter_add_(1, classes[indices], ((values - 1) / temperature).exp())


def held_out(classes: NDArray[np.int64], folds: int, fold: int = 0) -> NDArray[np.bool_]:
    """A mask of the held-out fold, one in `folds` items of each class by their place in the list: balanced, and equal for all methods."""
    mask = np.zeros(len(classes), dtype=bool)
    for value in np.unique(classes):
        mask[np.flatnonzero(classes == value)[folds - 1 - fold :: folds]] = True
    return mask
