"""Labels and predictions as pictures, uint8 [H, W, 3]."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib import colormaps
from numpy.typing import NDArray
from torch import Tensor

Pixels = NDArray[np.uint8]


def paint_normal(normal: Tensor, valid: Tensor | None = None) -> Pixels:
    """float [3, H, W], camera frame (x right, y down, z forward): red = to the right, green = up, blue = towards the camera."""
    signs = torch.tensor([1.0, -1.0, -1.0], device=normal.device).view(3, 1, 1)
    colour = ((normal.detach().float() * signs + 1) * 127.5).round()
    return _blacken(colour, valid)


def paint_depth(depth: Tensor, valid: Tensor | None = None) -> Pixels:
    """float [H, W], near = bright; the scale is each picture's own (2nd to 98th percentile of inverse depth)."""
    mask = torch.ones_like(depth, dtype=torch.bool) if valid is None else valid
    inverse = 1 / depth.detach().float().clamp(min=1e-6)
    if mask.any():
        low, high = torch.quantile(inverse[mask], torch.tensor([0.02, 0.98], device=depth.device))
        inverse = (inverse - low) / (high - low).clamp(min=1e-6)
    colour = torch.from_numpy(colormaps["magma"](inverse.clamp(0, 1).cpu().numpy())[..., :3] * 255).permute(2, 0, 1)
    return _blacken(colour, valid)


def paint_mask(mask: Tensor) -> Pixels:
    """bool or probability [H, W] -> white where it is 1."""
    return _blacken((mask.detach().float() * 255).round().expand(3, *mask.shape), None)


def _blacken(colour: Tensor, valid: Tensor | None) -> Pixels:
    colour = colour.cpu()
    if valid is not None:
        colour = colour * valid.cpu()
    pixels: Pixels = colour.clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
    return pixels


def paint_flow(flow: Tensor, largest: float) -> Pixels:
    """float [2, H, W] in pixels -> hue by direction (red to the right, then downwards), white where still, full from `largest` on."""
    du, dv = flow.detach().float().cpu()
    strength = (torch.hypot(du, dv) / max(largest, 1e-6)).clamp(max=1)
    hue = torch.atan2(dv, du)[..., None] - torch.tensor([0.0, 2.0, 4.0]) * (torch.pi / 3)
    colour = 1 - strength[..., None] * (0.5 - 0.5 * torch.cos(hue))
    pixels: Pixels = (255 * colour).round().to(torch.uint8).numpy()
    return pixels
