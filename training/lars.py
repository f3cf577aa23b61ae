"""LARS: SGD whose step is scaled layer by layer to the size of the weights (You, Gitman & Ginsburg 2017), for large batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

TRUST = 1e-3
"""The paper's eta: the part of its own norm by which a layer moves at lr 1."""


class LARS(torch.optim.Optimizer):
    """v = momentum * v + rate * (gradient + weight_decay * w); w = w - lr * v, with rate = TRUST |w| / |gradient + weight_decay * w|.

    Where a group's `adapt` is False (biases and normalisation), or a norm is 0, the rate is 1.
    """

    def __init__(self, params: Iterable[Any], *, lr: float, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "adapt": True})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, group)
        return loss

    def _move(self, weight: Tensor, group: dict[str, Any]) -> None:
        change = weight.grad.add(weight, alpha=group["weight_decay"])  # type: ignore[union-attr]
        if group["adapt"]:
            size, length = weight.norm(), change.norm()
            change.mul_(torch.where((size > 0) & (length > 0), TRUST * size / length, torch.ones_like(size)))
        velocity = self.state[weight].setdefault("velocity", torch.zeros_like(weight))
        weight.sub_(velocity.mul_(group["momentum"]).add_(change), alpha=group["lr"])
