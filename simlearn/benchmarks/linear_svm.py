"""Linear support vector machines, one against the rest for each class, and the average precision that VOC 2007 is measured by.

The machine is the published one of the VOC07 protocol (Goyal et al. 2019): L2-regularised squared hinge, bias regularised as one feature
more that is always 1, positives weighing twice as much. It is solved in the primal by Newton steps with conjugate gradients, all classes
at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

POSITIVE_WEIGHT = 2.0
NEWTON_STEPS, CONJUGATE_STEPS, HALVINGS = 60, 250, 30
RECALLS = np.arange(11) / 10


@dataclass(frozen=True)
class Task:
    """Machines over the same features: x float64 [N, D] with a last column of 1, signs float64 [N, K] of 1 and -1, weights float64 [N, K],
    at least 0 (the item takes no part in this machine)."""

    x: Tensor
    signs: Tensor
    weights: Tensor

    def margins(self, solution: Tensor) -> Tensor:
        """1 - y f(x), float64 [N, K]; an item costs its weight times the square of it where it is positive."""
        return 1 - self.signs * (self.x @ solution)

    def objective(self, solution: Tensor, cost: float) -> Tensor:
        """0.5 |w|^2 + cost * sum of weighted squared hinges, of each machine [K]."""
        hinge = self.margins(solution).clamp(min=0)
        return 0.5 * solution.square().sum(0) + cost * (self.weights * hinge.square()).sum(0)


def with_bias(x: Tensor) -> Tensor:
    """Features of unit length float64 [N, D + 1], the last one always 1."""
    unit = torch.nn.functional.normalize(x.double())
    return torch.cat([unit, unit.new_ones(len(unit), 1)], dim=1)


def fit_svm(task: Task, cost: float, start: Tensor | None = None, tolerance: float = 1e-4) -> Tensor:
    """The machines' weights float64 [D, K]: each minimises `Task.objective`. Stops when no gradient is longer than `tolerance` times
    the one at zero. `start`: of a machine of a similar cost, which saves steps."""
    solution = task.x.new_zeros(task.x.shape[1], task.signs.shape[1]) if start is None else start.clone()
    bound = tolerance * (2 * cost * (task.x.T @ (task.weights * task.signs))).norm(dim=0).clamp(min=1e-12)
    for _ in range(NEWTON_STEPS):
        margins = task.margins(solution)
        active = task.weights * (margins > 0)
        gradient = solution - 2 * cost * (task.x.T @ (active * margins * task.signs))
        if bool((gradient.norm(dim=0) <= bound).all()):
            break
        direction = _newton(task.x, active, -gradient, cost)
        solution = solution + direction * _steps(task, solution, direction, gradient, cost)
    return solution


def _newton(x: Tensor, active: Tensor, target: Tensor, cost: float) -> Tensor:
    """(I + 2 cost X'AX)^-1 target by conjugate gradients, column by column."""
    solved, residual = torch.zeros_like(target), target.clone()
    search, length = residual.clone(), residual.square().sum(0)
    enough = 1e-4 * length  # a hundredth of the gradient's length
    for _ in range(CONJUGATE_STEPS):
        going = length > enough
        if not bool(going.any()):
            break
        product = search + 2 * cost * (x.T @ (active * (x @ search)))
        step = torch.where(going, length / (search * product).sum(0).clamp(min=1e-300), 0.0)
        solved, residual = solved + step * search, residual - step * product
        shorter = residual.square().sum(0)
        search = residual + torch.where(going, shorter / length.clamp(min=1e-300), 0.0) * search
        length = torch.where(going, shorter, length)
    return solved


def _steps(task: Task, solution: Tensor, direction: Tensor, gradient: Tensor, cost: float) -> Tensor:
    """How far each machine goes [K]: 1, halved until the objective falls as Armijo asks."""
    before, slope = task.objective(solution, cost), (gradient * direction).sum(0)
    steps = torch.ones_like(before)
    for _ in range(HALVINGS):
        short = task.objective(solution + steps * direction, cost) > before + 1e-4 * steps * slope + 1e-12 * before
        if not bool(short.any()):
            break
        steps = torch.where(short, steps / 2, steps)
    return steps


def choose_costs(x: Tensor, signs: Tensor, costs: Sequence[float], folds: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(cost, its mean average precision) of each class, float64 [K] both: the best of `costs` on the folds.

    Each of `folds` holds out as large a part of the positives as of the negatives. x float64 [N, D] of `with_bias`, signs float64 [N, K].
    """
    found = np.zeros((len(costs), signs.shape[1]))
    for fold in range(folds):
        held = _fold(signs, folds, fold)
        task = Task(x, signs, torch.where(signs > 0, POSITIVE_WEIGHT, 1.0).double() * ~held)
        solution: Tensor | None = None
        for number, cost in enumerate(sorted(costs)):
            solution = fit_svm(task, cost, solution)
            scores = (x @ solution).numpy()
            for k in range(signs.shape[1]):
                part = held[:, k].numpy()
                found[number, k] += average_precision(scores[part, k], signs[part, k].numpy() > 0) / folds
    best = found.argmax(0)
    return np.array(sorted(costs))[best], found.max(0)


def _fold(signs: Tensor, folds: int, fold: int) -> Tensor:
    """A mask bool [N, K]: every `folds`-th positive and negative of each class, by their place in the list."""
    place = torch.where(signs > 0, (signs > 0).cumsum(0), (signs <= 0).cumsum(0))
    return place % folds == fold


def fit_chosen(x: Tensor, signs: Tensor, costs: NDArray[np.float64]) -> Tensor:
    """The machines of all items, each class with its own cost: float64 [D, K]."""
    solution = x.new_zeros(x.shape[1], signs.shape[1])
    for cost in np.unique(costs):
        mine = torch.from_numpy(np.flatnonzero(costs == cost))
        own = signs[:, mine]
        solution[:, mine] = fit_svm(Task(x, own, torch.where(own > 0, POSITIVE_WEIGHT, 1.0).double()), float(cost))
    return solution


def precision_recall(scores: ArrayLike, positive: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(precision, recall) after each item in the order of falling scores; equal scores in the order given, positives last.

    So that a predictor that says the same of everything gains nothing from the order of the list.
    """
    scores, positive = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    order = np.lexsort((positive, -scores))
    hits = np.cumsum(positive[order])
    return hits / np.arange(1, len(scores) + 1), hits / max(int(positive.sum()), 1)


def average_precision_11(scores: ArrayLike, positive: ArrayLike) -> float:
    """VOC 2007's: the mean over recalls 0, 0.1, ..., 1 of the highest precision at that recall or a higher one."""
    precision, recall = precision_recall(scores, positive)
    # Recalls are ratios of whole numbers: 0.3 is not to be missed by a rounding error.
    return float(np.mean([precision[recall >= level - 1e-12].max(initial=0.0) for level in RECALLS]))


def average_precision(scores: ArrayLike, positive: ArrayLike) -> float:
    """The area under the curve of the highest precision at a recall or a higher one (VOC from 2010 on)."""
    precision, recall = precision_recall(scores, positive)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * highest))
