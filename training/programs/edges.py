"""Edges of colour pictures by a program of our own, after Canny (1986): smooth, differentiate, thin, follow from strong to weak.

Colours are differentiated together (Di Zenzo 1986): an edge between two colours of the same brightness is one, and channels that rise in
opposite directions don't cancel. Batches of pictures on any device.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import label
from torch import Tensor

NEIGHBOURS = np.stack([np.zeros((3, 3), bool), np.ones((3, 3), bool), np.zeros((3, 3), bool)])
"""Of a pixel in a stack of pictures: the eight around it in its own."""


def edges(pictures: Tensor, *, sigma: float, strong: float = 0.06, weak: float = 0.4) -> Tensor:
    """bool [B, H, W]: one pixel wide edges of pictures float32 [B, 3, H, W] in [0, 1], smoothed with `sigma` pixels.

    An edge's contrast is the height of a step that would have its gradient (1 = from 0 to 1 in one channel, 1.7 = from black to white).
    Edges begin at contrasts of `strong` and go on, through 8-neighbours, down to `weak` of that.
    """
    across, down = gradient(smoothed(pictures, sigma))
    contrast, x, y = strongest_change(across, down)
    contrast = contrast / step_gradient(sigma)
    thin = ridges(contrast, x, y)
    return connected(thin & (contrast >= strong), thin & (contrast >= weak * strong))


def step_gradient(sigma: float) -> float:
    """What `gradient` says beside a step of height 1 between two pixels, smoothed with `sigma` pixels."""
    return (math.erf(1.5 / sigma / math.sqrt(2)) + math.erf(0.5 / sigma / math.sqrt(2))) / 4


def smoothed(images: Tensor, sigma: float) -> Tensor:
    """float [B, C, H, W], blurred with a Gaussian; borders are repeated."""
    radius = math.ceil(3 * sigma)
    offsets = torch.arange(-radius, radius + 1, device=images.device, dtype=images.dtype)
    kernel = torch.softmax(-offsets.square() / (2 * sigma**2), 0)
    planes = F.pad(images.flatten(0, 1)[:, None], (radius,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(planes, kernel[None, None, None]), kernel[None, None, :, None]).view_as(images)


def gradient(images: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel's derivatives per pixel to the right and downwards, [B, C, H, W] each."""
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    across, down = padded[..., 2:] - padded[..., :-2], padded[..., 2:, :] - padded[..., :-2, :]
    across = (across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]) / 8
    return across, (down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]) / 8


def strongest_change(across: Tensor, down: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How much the colour changes per pixel in the direction in which it changes most, and that direction (x, y): [B, H, W] each."""
    xx, yy, xy = across.square().sum(1), down.square().sum(1), (across * down).sum(1)
    root = ((xx - yy).square() + 4 * xy.square()).sqrt()
    angle = 0.5 * torch.atan2(2 * xy, xx - yy)
    return ((xx + yy + root) / 2).clamp(min=0).sqrt(), angle.cos(), angle.sin()


TIE = 1e-4
"""Part of a contrast within which two pixels are equal: a step between two pixels is an edge in one of them, whatever rounding says."""


def ridges(strength: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """bool [B, H, W]: stronger than the two points a pixel away along direction (x, y), interpolated; of equal ones the first counts."""
    height, width = strength.shape[-2:]
    row, column = (torch.arange(n, device=strength.device, dtype=strength.dtype) for n in (height, width))
    scale = strength.new_tensor([2 / max(width - 1, 1), 2 / max(height - 1, 1)])
    # The longer part of the step is a whole pixel, so that an upright edge is compared with none of its own pixels.
    longest = torch.maximum(x.abs(), y.abs()).clamp(min=1e-6)
    x, y = x / longest, y / longest
    ends = []
    for sign in (-1, 1):
        grid = torch.stack([column + sign * x, row[:, None] + sign * y], -1) * scale - 1
        ends.append(F.grid_sample(strength[:, None], grid, mode="bilinear", padding_mode="border", align_corners=True)[:, 0])
    return (strength > ends[0] * (1 + TIE)) & (strength >= ends[1] * (1 - TIE))


def connected(seeds: Tensor, paths: Tensor) -> Tensor:
    """bool [B, H, W]: the groups of 8-neighbours among `paths` that hold one of `seeds`, which are part of them (both bool [B, H, W]).

    Followed on the CPU: on a device every step along an edge would be a round of its own.
    """
    groups, count = label(paths.cpu().numpy(), NEIGHBOURS)
    kept = np.zeros(count + 1, bool)
    kept[groups[seeds.cpu().numpy()]] = True
    kept[0] = False
    return torch.from_numpy(kept[groups]).to(seeds.device)
