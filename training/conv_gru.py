"""A memory of maps (ConvGRU, Ballas et al. 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvGRU(nn.Module):
    """A gated recurrent unit whose state and input are maps [B, D, h, w]; its convolutions are 1 x 1, so every cell has its own memory."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.gates = nn.Conv2d(2 * dimensions, 2 * dimensions, 1)
        self.candidate = nn.Conv2d(2 * dimensions, dimensions, 1)

    def forward(self, state: Tensor, x: Tensor) -> Tensor:
        """The state after x."""
        update, reset = self.gates(torch.cat([x, state], 1)).sigmoid().chunk(2, 1)
        candidate = self.candidate(torch.cat([x, reset * state], 1)).tanh()
        return state + update * (candidate - state)
