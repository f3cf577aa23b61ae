"""Views of pictures of any size: random and central squares of one sample on the CPU, colours of a whole batch on its device."""

from __future__ import annotations

import zlib

import torch
from torch import Tensor

from training.augment import PhotometricConfig, photometric
from training.crops import CropConfig, Window, crop_rgb, draw_window
from training.images import normalise


def random_view(rgb: Tensor, crop: CropConfig, generator: torch.Generator) -> Tensor:
    """uint8 [3, H, W] of any size -> uint8 [3, size, size]: a random window, perhaps flipped ("random resized crop")."""
    height, width = rgb.shape[-2:]
    return crop_rgb(rgb, draw_window(height, width, crop, generator))


def two_views(rgb: Tensor, crop: CropConfig, generator: torch.Generator) -> Tensor:
    """uint8 [3, H, W] -> uint8 [2, 3, size, size]: two windows drawn independently of one another."""
    return torch.stack([random_view(rgb, crop, generator) for _ in range(2)])


def central_view(rgb: Tensor, size: int) -> Tensor:
    """uint8 [3, H, W] -> uint8 [3, size, size]: the largest square in the middle, without any randomness."""
    height, width = rgb.shape[-2:]
    side = min(height, width)
    window = Window(top=(height - side) // 2, left=(width - side) // 2, height=side, width=side, flip=False, size=size)
    return crop_rgb(rgb, window)


def recolour(rgb: Tensor, colour: PhotometricConfig, generator: torch.Generator) -> Tensor:
    """uint8 [..., 3, H, W] -> float32 of the same shape in [0, 1]: every picture's colours changed in its own way, blur and noise."""
    pictures = rgb.reshape(-1, *rgb.shape[-3:]).float() / 255
    return photometric(pictures, colour, generator).view(rgb.shape)


def recoloured_input(rgb: Tensor, colour: PhotometricConfig, generator: torch.Generator) -> Tensor:
    """`recolour`, normalised as networks read it."""
    return normalise(recolour(rgb, colour, generator))


def picture_id(rgb: Tensor) -> Tensor:
    """int64 scalar that is equal for equal pictures; of two different ones it is equal once in 2^32 times (CRC-32)."""
    return torch.tensor(zlib.crc32(rgb.contiguous().numpy().data))
