"""Errors of flow as a mixture of two Laplace distributions: ordinary ones of one pixel, and wide ones where nothing can be matched.

SEA-RAFT (Wang et al. 2024): pixels that cannot be found again, hidden or blurred ones, need not pull at the weights as hard as the others.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

WIDEST = 10.0
"""Of the wide distribution's log scale."""


def mixture_loss(flow: Tensor, doubt: Tensor, truth: Tensor) -> Tensor:
    """float [B, H, W]: the negative log likelihood of the truth, up to a constant such that a sure and perfect flow has 0.

    flow, truth float [B, 2, H, W] in pixels; doubt [B, 2, H, W]: the logit of an ordinary error, and the log scale of the others, clipped
    to 0 .. 10.
    """
    error = (flow - truth).abs().sum(1)
    wide = doubt[:, 1].clamp(0, WIDEST)
    ordinary = F.logsigmoid(doubt[:, 0]) - error
    other = F.logsigmoid(-doubt[:, 0]) - error * torch.exp(-wide) - 2 * wide
    return -torch.logaddexp(ordinary, other)
