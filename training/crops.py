"""Random resized crops of labelled frames: one window for every label, so that the geometry stays true.

A crop that is enlarged to `size` is what a camera with another focal length and principal point sees from the same pose, so depth
(z) and normals keep their values and only K changes. A horizontal flip is what the mirrored world shows: normal x and flow du
change sign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.learner import Config


@dataclass(frozen=True, kw_only=True)
class CropConfig(Config):
    """`area` and `aspect` (width / height) are ranges; area is a fraction of the largest square in the frame."""

    size: int = 64
    area: tuple[float, float] = (0.25, 1.0)
    aspect: tuple[float, float] = (0.8, 1.25)
    flip: bool = True

    def __post_init__(self) -> None:
        if self.size < 32 or self.size % 32:
            raise UserError(f"crop size must be a positive multiple of 32, not {self.size}")
        if not 0 < self.area[0] <= self.area[1] <= 1:
            raise UserError(f"crop area must be an ascending range within (0, 1], not {self.area}")
        if not 0 < self.aspect[0] <= self.aspect[1]:
            raise UserError(f"crop aspect must be an ascending range of positive numbers, not {self.aspect}")


@dataclass(frozen=True, kw_only=True)
class Window:
    """Rows [top, top + height) and columns [left, left + width) of a frame, to be resized to size x size pixels."""

    top: int
    left: int
    height: int
    width: int
    flip: bool
    size: int

    def pixels(self, frame_width: int) -> Tensor:
        """int64 [size * size]: the source pixel under the centre of every target pixel, as a position in the flattened frame."""
        rows = self.top + _nearest(self.height, self.size)
        columns = self.left + _nearest(self.width, self.size)
        return (rows[:, None] * frame_width + (columns.flip(0) if self.flip else columns)).flatten()


def _nearest(source: int, target: int) -> Tensor:
    return ((torch.arange(target) + 0.5) * (source / target)).long()


def draw_window(height: int, width: int, config: CropConfig, generator: torch.Generator) -> Window:
    """A random window of an image of this size."""
    draws = torch.rand(5, generator=generator, dtype=torch.float64).tolist()
    area = (config.area[0] + draws[0] * (config.area[1] - config.area[0])) * min(height, width) ** 2
    aspect = math.exp(math.log(config.aspect[0]) + draws[1] * math.log(config.aspect[1] / config.aspect[0]))
    rows = min(height, max(1, round(math.sqrt(area / aspect))))
    columns = min(width, max(1, round(math.sqrt(area * aspect))))
    return Window(
        top=int(draws[2] * (height - rows + 1)),
        left=int(draws[3] * (width - columns + 1)),
        height=rows,
        width=columns,
        flip=config.flip and draws[4] < 0.5,
        size=config.size,
    )


def crop_frame(sample: Mapping[str, Tensor], window: Window) -> dict[str, Tensor]:
    """The window of a labelled frame. Labels are those of the nearest source pixel, never blended; rgb is resampled without aliasing.

    sample: any of rgb uint8 [3, H, W], K float32 [3, 3] and labels [H, W] or [C, H, W]; `contour` is found anew from `instance`
    when that is there, because a resized contour has gaps. Other keys (poses, names) are refused.
    """
    pixels: dict[int, Tensor] = {}
    crop = {name: _crop(name, value, window, pixels) for name, value in sample.items()}
    if "contour" in crop and "instance" in crop:
        crop["contour"] = contours(crop["instance"])
    return crop


def _crop(name: str, value: Tensor, window: Window, pixels: dict[int, Tensor]) -> Tensor:
    if name == "rgb":
        return crop_rgb(value, window)
    if name == "K":
        return crop_intrinsics(value, window)
    if value.ndim not in (2, 3):
        raise ValueError(f"{name} {list(value.shape)} isn't an image, so it can't be cropped")
    width = value.shape[-1]
    if width not in pixels:
        pixels[width] = window.pixels(width)
    # Taking from the flattened frame costs a quarter of indexing with rows and columns.
    taken = value.flatten(-2).index_select(-1, pixels[width]).unflatten(-1, (window.size, window.size))
    if name == "normal" and window.flip:
        taken[0].neg_()
    if name.startswith("flow_"):
        taken[0] *= (-1 if window.flip else 1) * window.size / window.width
        taken[1] *= window.size / window.height
    return taken


def crop_rgb(rgb: Tensor, window: Window) -> Tensor:
    """uint8 [3, H, W] -> uint8 [3, size, size]."""
    part = rgb[None, :, window.top : window.top + window.height, window.left : window.left + window.width]
    part = F.interpolate(part, (window.size, window.size), mode="bilinear", antialias=True)[0]
    return part.flip(-1) if window.flip else part


def crop_intrinsics(K: Tensor, window: Window) -> Tensor:
    """K float [3, 3] of the camera that sees the window (mirrored when flipped) as an image of its own."""
    x, y = window.size / window.width, window.size / window.height
    to_crop = torch.tensor([[x, 0, -x * window.left], [0, y, -y * window.top], [0, 0, 1]], dtype=K.dtype)
    cropped = to_crop @ K
    if window.flip:
        cropped[0, 2] = window.size - cropped[0, 2]
    return cropped


def contours(instance: Tensor) -> Tensor:
    """bool [..., H, W]: a 4-neighbour has another instance id (the label table's definition)."""
    edge = torch.zeros(instance.shape, dtype=torch.bool, device=instance.device)
    below = instance[..., 1:, :] != instance[..., :-1, :]
    right = instance[..., :, 1:] != instance[..., :, :-1]
    edge[..., 1:, :] |= below
    edge[..., :-1, :] |= below
    edge[..., :, 1:] |= right
    edge[..., :, :-1] |= right
    return edge
