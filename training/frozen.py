"""Copies of networks that are not trained: what momentum encoders, teachers and labellers are."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def frozen_copy(module: Module) -> Module:
    """A copy whose weights are buffers: saved and moved like any state, but neither an optimiser nor DDP takes them for parameters."""
    twin = copy.deepcopy(module)
    for part in twin.modules():
        for name, weight in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, weight.detach())
    return twin


@torch.no_grad()
def copy_into(twin: nn.Module, module: nn.Module) -> None:
    """The twin becomes what the module is now, batch statistics included."""
    for mine, theirs in zip(_state(twin), _state(module), strict=True):
        mine.copy_(theirs)


@torch.no_grad()
def follow(twin: nn.Module, module: nn.Module, momentum: float) -> None:
    """weights of the twin = momentum * its own + (1 - momentum) * the module's. Batch statistics stay its own."""
    own = dict(twin.named_buffers())
    for name, weight in module.named_parameters():
        own[name].lerp_(weight.detach().to(own[name].dtype), 1 - momentum)


def _state(module: nn.Module) -> list[torch.Tensor]:
    return [tensor for _, tensor in sorted(module.state_dict().items())]
