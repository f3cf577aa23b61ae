"""Optimisers by name, with weight decay on weights only (not on biases or normalisation)."""

from __future__ import annotations

import torch
from torch import nn

from scenes.errors import UserError


def build_optimiser(name: str, module: nn.Module, *, lr: float, weight_decay: float, momentum: float) -> torch.optim.Optimizer:
    """ "adamw" (betas 0.9, 0.999) or "sgd" (Nesterov `momentum`) over the module's trainable parameters."""
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not trainable:
        raise UserError("the learner has no trainable parameters, so there is nothing to fit")
    groups = [
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if name == "adamw":
        # One fused kernel a parameter: on small networks the plain loop over tensors costs more than the arithmetic.
        return torch.optim.AdamW(groups, lr=lr, fused=True)
    if name == "sgd":
        return torch.optim.SGD(groups, lr=lr, momentum=momentum, nesterov=momentum > 0, fused=True)
    raise UserError(f"unknown optimiser {name!r}: known are adamw, sgd")
