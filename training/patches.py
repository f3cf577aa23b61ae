"""Square patches on a jittered 3 x 3 grid, for methods that ask where in a picture a patch comes from.

Patches are cut from the picture's own pixels and then resampled one by one to half the crop's size, so no pixel of one has a share of
another. Half the crop's size is twice as large as they would appear in a crop: the papers' 64 to 96 px patches of 225 px and more do not
carry over to small pictures, where a patch of 16 px would leave a single cell after four of a network's five halvings; at twice
that the last stage still sees one cell, and nine patches cost little more than two crops.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.crops import draw_window
from training.images import to_picture
from training.learner import Config
from training.pictures import Pixels
from training.square_crops import SquareCropConfig

CELLS, CENTRE = 9, 4
"""Cells of the grid in reading order, and the middle one."""
LEAST_PATCH = 4
"""Pixels on a side below which a patch shows nothing."""
FLAT = 1 / 255
"""Standard deviation below which a patch counts as flat, so that its rounding errors aren't blown up."""


@dataclass(frozen=True, kw_only=True)
class PatchCropConfig(SquareCropConfig):
    """The square in which the grid is laid. Larger than other methods' crops, because a patch is only about a quarter of it wide."""

    area: tuple[float, float] = (0.5, 1.0)


@dataclass(frozen=True, kw_only=True)
class GridConfig(Config):
    """In patch widths: `gap` between unmoved neighbours, and `jitter`, by which every patch is moved along both axes at most. So
    gap - 2 * jitter always stays free between two patches."""

    gap: float
    jitter: float

    def __post_init__(self) -> None:
        if not 0 <= 2 * self.jitter < self.gap:
            raise UserError(f"gap must exceed twice the jitter, or patches could touch, not gap {self.gap} with jitter {self.jitter}")


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Pixels of the picture: the side of a patch, the gap between unmoved neighbours and the largest move."""

    patch: int
    gap: int
    jitter: int

    @classmethod
    def within(cls, side: int, config: GridConfig) -> Self:
        """The largest grid in a square of this many pixels; UserError when that is too small."""
        for patch in range(int(side / 3), LEAST_PATCH - 1, -1):
            gap, least_gap = math.ceil(config.gap * patch), math.ceil((config.gap - 2 * config.jitter) * patch)
            grid = cls(patch=patch, gap=gap, jitter=(gap - least_gap) // 2)
            if grid.side <= side:
                return grid
        raise UserError(f"nine patches of {LEAST_PATCH} px don't fit in a square of {side} px: leave out such small pictures")

    @property
    def side(self) -> int:
        return 3 * self.patch + 2 * self.gap + 2 * self.jitter

    def corners(self, generator: torch.Generator) -> Tensor:
        """int64 [9, 2]: row and column of the patches' upper left pixels, moved at random."""
        place = torch.arange(CELLS)
        unmoved = torch.stack([place // 3, place % 3], 1) * (self.patch + self.gap)
        return unmoved + torch.randint(2 * self.jitter + 1, (CELLS, 2), generator=generator)


def cut_patches(
    rgb: Tensor, crop: PatchCropConfig, grid: GridConfig, cells: Iterable[int], size: int, generator: torch.Generator
) -> Tensor:
    """Patches of a random grid in a random square of the picture, those in `cells`: rgb uint8 [3, H, W] -> uint8 [N, 3, size, size]."""
    height, width = rgb.shape[-2:]
    window = draw_window(height, width, crop, generator)
    square = rgb[:, window.top : window.top + window.height, window.left : window.left + window.width]
    layout = Grid.within(min(square.shape[-2:]), grid)
    corners, side = layout.corners(generator).tolist(), layout.patch
    if window.flip:
        square = square.flip(-1)
    parts = [square[:, row : row + side, column : column + side] for row, column in (corners[cell] for cell in cells)]
    return F.interpolate(torch.stack(parts), (size, size), mode="bilinear", antialias=True)


def standardise(patches: Tensor) -> Tensor:
    """float [..., H, W] in [0, 1] -> every channel of every patch with mean 0 and standard deviation 1 (less where it is flat)."""
    std, mean = torch.std_mean(patches, (-2, -1), correction=0, keepdim=True)
    return (patches - mean) / std.clamp(min=FLAT)


def average_features(backbone: Backbone, patches: Tensor) -> Tensor:
    """float [N, 3, P, P], normalised -> [N, C]: the last stage's average. Channels last, the layout that networks are trained in."""
    return backbone(patches.contiguous(memory_format=torch.channels_last)).mean((2, 3))


def mosaic(patches: Mapping[int, Tensor], frame: int = 1) -> Pixels:
    """Normalised patches float [3, P, P] in their cells of the grid -> uint8 [H, W, 3]; other cells stay black."""
    size = next(iter(patches.values())).shape[-1] + frame
    canvas = torch.zeros(3, 3 * size + frame, 3 * size + frame, dtype=torch.uint8)
    for cell, patch in patches.items():
        row, column = cell // 3 * size + frame, cell % 3 * size + frame
        canvas[:, row : row + size - frame, column : column + size - frame] = to_picture(patch).cpu()
    pixels: Pixels = canvas.permute(1, 2, 0).contiguous().numpy()
    return pixels
