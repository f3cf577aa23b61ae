"""What the processes of one training run tell each other. Alone, every function here is the identity."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def world() -> tuple[int, int]:
    """(rank of this process, number of processes); (0, 1) outside of distributed training."""
    if not (dist.is_available() and dist.is_initialized()):
        return 0, 1
    return dist.get_rank(), dist.get_world_size()


def gather(own: Tensor) -> Tensor:
    """[B, ...] of this rank -> [ranks * B, ...] of all, in the order of ranks; `own` has one shape on all ranks.

    It has a gradient: what any rank's loss says about this rank's rows comes back here, summed over the ranks. So when each rank takes
    the mean loss of its own rows and the gradients of the weights are then averaged over ranks (as DDP does), the result is the gradient
    of the mean over all rows. (`torch.distributed.all_gather` alone passes none, and a rank would miss what others say of its rows.)
    """
    return own if world()[1] == 1 else _Gather.apply(own)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        del ctx
        parts = [torch.empty_like(own, memory_format=torch.contiguous_format) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, own.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        del ctx
        total = grads[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total.chunk(dist.get_world_size())[dist.get_rank()]


def mean(own: Tensor) -> Tensor:
    """The mean over ranks of a tensor that has one shape on all, without a gradient."""
    ranks = world()[1]
    if ranks == 1:
        return own
    total = own.detach().clone()
    dist.all_reduce(total)
    return total / ranks


def mean_with_gradient(own: Tensor) -> Tensor:
    """As `mean`; what the ranks' losses say about it comes back to every rank's share, summed (see `gather`)."""
    return own if world()[1] == 1 else _Mean.apply(own)


class _Mean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        del ctx
        return mean(own)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        del ctx
        return mean(grads[0])


def agreed(own: Tensor) -> Tensor:
    """The first rank's value on all ranks."""
    if world()[1] > 1:
        dist.broadcast(own, 0)
    return own


def any_rank(own: bool, device: torch.device) -> bool:
    """Whether it holds on one rank at least."""
    if world()[1] == 1:
        return own
    flag = torch.tensor(float(own), device=device)
    dist.all_reduce(flag)
    return bool(flag > 0)
