"""Features of a frozen backbone, in batches, on the GPU where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from training.backbones import Backbone
from training.images import to_input

GRID_STRIDE = 4
"""Hypercolumns live on a grid of one cell for 4x4 input pixels."""


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def as_tensor(rgb: NDArray[np.uint8], size: tuple[int, int] | None = None) -> Tensor:
    """uint8 [H, W, 3] -> uint8 [3, H', W'], resized to size (width, height) by bilinear interpolation without aliasing."""
    image = torch.from_numpy(np.array(rgb)).permute(2, 0, 1)
    if size is None or (size[1], size[0]) == tuple(image.shape[1:]):
        return image.contiguous()
    return F.interpolate(image[None], (size[1], size[0]), mode="bilinear", antialias=True)[0]


@torch.inference_mode()
def pooled_stages(
    backbone: Backbone, images: Sequence[NDArray[np.uint8]], *, grid: int = 2, batch: int = 100, say: Callable[[str], None] = print
) -> dict[str, Tensor]:
    """Every stage averaged over a grid x grid partition of its map: {stage: float32 [N, channels * grid * grid]} on the CPU.

    images: uint8 [H, W, 3], all of one size. The backbone is used in eval mode.
    """
    backbone = backbone.eval().to(device())
    parts: dict[str, list[Tensor]] = {stage: [] for stage in backbone.stages}
    for start in range(0, len(images), batch):
        stack = torch.stack([as_tensor(image) for image in images[start : start + batch]]).to(device())
        for stage, maps in backbone.forward_stages(to_input(stack)).items():
            parts[stage].append(F.adaptive_avg_pool2d(maps, grid).flatten(1).cpu())
        say(f"features of {min(start + batch, len(images))}/{len(images)} images")
    return {stage: torch.cat(maps) for stage, maps in parts.items()}


def coordinate_grid(height: int, width: int) -> Tensor:
    """Row and column of the centre of every cell of an image's grid, -1..1: float32 [2, height, width]."""
    rows, columns = ((torch.arange(n) + 0.5) / n * 2 - 1 for n in (height, width))
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"))


def hypercolumn(backbone: Backbone, images: Tensor, coordinates: Tensor | None) -> Tensor:
    """All stages resized bilinearly to the stride-4 grid and stacked: float [B, D, ceil(H / 4), ceil(W / 4)].

    images: float32 [B, 3, H, W], normalised. `coordinates` [2 or B x 2, h, w] become two channels more (see `coordinate_grid`).
    Gradients flow, so that the supervised reference uses the same function end to end.
    """
    height, width = (-(-size // GRID_STRIDE) for size in images.shape[2:])
    maps = [
        F.interpolate(stage, (height, width), mode="bilinear", align_corners=False) for stage in backbone.forward_stages(images).values()
    ]
    if coordinates is not None:
        maps.append(coordinates.to(maps[0].dtype).expand(len(images), -1, -1, -1))
    return torch.cat(maps, dim=1)


def hypercolumn_width(backbone: Backbone, *, coordinates: bool) -> int:
    """D of `hypercolumn`."""
    return sum(backbone.channels[stage] for stage in backbone.stages) + 2 * coordinates


@torch.inference_mode()
def frozen_hypercolumn(backbone: Backbone, rgb: NDArray[np.uint8], size: tuple[int, int], *, coordinates: bool) -> Tensor:
    """Of one image resized to size (width, height): float32 [D, h, w] on the backbone's device; the backbone must be in eval mode there."""
    place = next(backbone.parameters()).device
    images = to_input(as_tensor(rgb, size)[None].to(place))
    grid = coordinate_grid(*(-(-n // GRID_STRIDE) for n in images.shape[2:])).to(place) if coordinates else None
    return hypercolumn(backbone, images, grid)[0]
