"""Optimisers by name, with weight decay on weights only (not on biases or normalisation)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from scenes.errors import UserError
from training.lars import LARS

OPTIMISERS = ("adamw", "sgd", "lars")


def build_optimiser(name: str, module: nn.Module, *, lr: float, weight_decay: float, momentum: float) -> torch.optim.Optimizer:
    """ "adamw" (betas 0.9, 0.999), "sgd" (Nesterov `momentum`) or "lars" (with `momentum`) over the module's trainable parameters."""
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not trainable:
        raise UserError("the learner has no trainable parameters, so there is nothing to fit")
    weights: dict[str, Any] = {"params": [p for p in trainable if p.ndim > 1], "weight_decay": weight_decay}
    others: dict[str, Any] = {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0}
    if name == "adamw":
        # One fused kernel a parameter: on small networks the plain loop over tensors costs more than the arithmetic.
        return torch.optim.AdamW([weights, others], lr=lr, fused=True)
    if name == "sgd":
        return torch.optim.SGD([weights, others], lr=lr, momentum=momentum, nesterov=momentum > 0, fused=True)
    if name == "lars":
        return LARS([weights, {**others, "adapt": False}], lr=lr, momentum=momentum)
    raise UserError(f"unknown optimiser {name!r}: known are {', '.join(OPTIMISERS)}")
