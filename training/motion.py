"""Where and when something moves in a clip: differences between its frames, each brought to the same brightness and contrast."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.crops import CropConfig, Window, draw_window
from training.patches import standardise

CELLS = 32
"""Along each side of the grid on which frames are compared: coarse, so that noise averages out."""
WINDOWS = 4
"""Candidates among which a moving window is drawn."""
LEAST = 1e-4
"""Added to every weight: where nothing moves, all choices are alike."""


def motion(rgb: Tensor) -> Tensor:
    """uint8 [T, 3, H, W] -> float [T - 1, CELLS, CELLS]: how much each cell changes from one frame to the next."""
    grey = F.interpolate(rgb, (CELLS, CELLS), mode="bilinear", antialias=True).float().mean(1) / 255
    return standardise(grey).diff(dim=0).abs()


def draw_interval(moved: Tensor, length: int, generator: torch.Generator) -> int:
    """The first of `length` consecutive frames, drawn in proportion to the motion between them. moved: [T - 1, ...]."""
    each = moved.flatten(1).mean(1)
    return draw(each.unfold(0, length - 1, 1).sum(1), generator)


def draw_moving_window(moved: Tensor, height: int, width: int, crop: CropConfig, generator: torch.Generator) -> Window:
    """A random window of frames [height, width], drawn from several in proportion to the motion in them."""
    windows = [draw_window(height, width, crop, generator) for _ in range(WINDOWS)]
    return windows[draw(torch.stack([motion_within(moved, w, height, width) for w in windows]), generator)]


def motion_within(moved: Tensor, window: Window, height: int, width: int) -> Tensor:
    """The sum over the window's cells; a window smaller than a cell has one."""
    top, left = window.top * CELLS // height, window.left * CELLS // width
    bottom = max(top + 1, (window.top + window.height) * CELLS // height)
    right = max(left + 1, (window.left + window.width) * CELLS // width)
    return moved[:, top:bottom, left:right].sum()


def draw(weights: Tensor, generator: torch.Generator) -> int:
    """An index, drawn in proportion to the weights."""
    return int(torch.multinomial(weights + LEAST, 1, generator=generator))
