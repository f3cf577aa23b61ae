"""Batch normalisation over the batches of all processes. torch's own SyncBatchNorm runs on GPUs only."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

from training.distributed import mean_with_gradient, world

Module = TypeVar("Module", bound=nn.Module)
PLAIN = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class SyncedBatchNorm(nn.BatchNorm2d):
    """[B, C, ...] normalised by mean and variance over the batches of all ranks, which must be of one size. Alone: BatchNorm."""

    def forward(self, x: Tensor) -> Tensor:
        if world()[1] == 1 or not (self.training or self.running_mean is None):
            return super().forward(x)
        inner = [dim for dim in range(x.ndim) if dim != 1]
        shape = [1, -1] + [1] * (x.ndim - 2)
        mean = mean_with_gradient(x.float().mean(inner))
        centred = x.float() - mean.view(shape)
        variance = mean_with_gradient(centred.square().mean(inner))
        self._remember(mean.detach(), variance.detach(), x.numel() // x.shape[1] * world()[1])
        y = centred * torch.rsqrt(variance + self.eps).view(shape)
        return (y * self.weight.view(shape) + self.bias.view(shape) if self.affine else y).to(x.dtype)

    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance * (count / max(1, count - 1)), share)

    def _check_input_dim(self, input: Tensor) -> None:
        del input  # any number of dimensions


def synchronise(module: Module) -> Module:
    """Makes every batch normalisation in `module` one over all ranks, in place: weights, names and modules stay the same."""
    for part in module.modules():
        if type(part) in PLAIN:
            part.__class__ = SyncedBatchNorm
    return module
