"""How feature maps of two pictures agree, and one moved onto the other. Written in slices and sums, so that it runs everywhere alike."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-8
"""Added to squared lengths of features, so that those of length 0 agree with nothing."""


def correlation(first: Tensor, second: Tensor, radius: int) -> Tensor:
    """float [B, C, h, w] twice -> [B, (2 * radius + 1)^2, h, w]: the cosine of each cell's features and those of the second map's cells
    around it, row by row from the upper left; 0 beyond the border."""
    first, second = (x * torch.rsqrt(x.square().sum(1, keepdim=True) + EPSILON) for x in (first, second))
    height, width = first.shape[-2:]
    padded, reach = F.pad(second, (radius,) * 4), 2 * radius + 1
    shifts = [padded[..., y : y + height, x : x + width] for y in range(reach) for x in range(reach)]
    return torch.stack([(first * shifted).sum(1) for shifted in shifts], 1)


def offsets(radius: int, like: Tensor) -> Tensor:
    """float [2, (2 * radius + 1)^2]: (du, dv) in cells of each channel of `correlation`."""
    steps = torch.arange(-radius, radius + 1, dtype=like.dtype, device=like.device)
    down, across = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([across.flatten(), down.flatten()])


def warp(maps: Tensor, flow: Tensor) -> Tensor:
    """float [B, C, h, w] looked up where flow [B, 2, h, w], (du, dv) in cells, leads to, bilinearly; 0 beyond the border."""
    height, width = maps.shape[-2:]
    across = flow[:, 0] + torch.arange(width, dtype=flow.dtype, device=flow.device) + 0.5
    down = flow[:, 1] + torch.arange(height, dtype=flow.dtype, device=flow.device)[:, None] + 0.5
    place = torch.stack([across * (2 / width), down * (2 / height)], -1) - 1
    return F.grid_sample(maps, place.to(maps.dtype), mode="bilinear", padding_mode="zeros", align_corners=False)


def convex_upsampling(values: Tensor, weights: Tensor, factor: int) -> Tensor:
    """float [B, C, h, w] -> [B, C, h * factor, w * factor]: every fine pixel is a convex combination of the 3 x 3 coarse cells around its
    own (Teed & Deng 2020). weights float [B, 9 * factor^2, h, w] are logits; beyond the border the outermost cells are repeated."""
    batch, _, height, width = values.shape
    shares = weights.view(batch, 1, 9, factor**2, height, width).softmax(2)
    padded = F.pad(values, (1, 1, 1, 1), mode="replicate")
    around = torch.stack([padded[..., y : y + height, x : x + width] for y in range(3) for x in range(3)], 2)
    fine = (shares * around[:, :, :, None]).sum(2)  # [B, C, factor^2, h, w]
    return F.pixel_shuffle(fine.flatten(1, 2), factor)
