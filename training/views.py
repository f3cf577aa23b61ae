"""Views of pictures: squares of one sample of any size on the CPU; colours, or none at all, of a whole batch on its device."""

from __future__ import annotations

import zlib

import torch
import torch.nn.functional as F
from torch import Tensor

from training.augment import LUMA, PhotometricConfig, photometric
from training.crops import CropConfig, Window, crop_rgb, draw_window
from training.images import normalise

LEAST_CONTRAST = 0.01
"""Standard deviation of brightness, or root mean square of its gradient per pixel, below which a picture isn't made stronger."""


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


def sobel(pictures: Tensor) -> Tensor:
    """float [B, 3, H, W] in [0, 1] -> [d/dx, d/dy, magnitude] of the grey picture, over the root mean square of its own magnitude.

    So neither the brightness nor the contrast of a picture shows, both of which colours bring along.
    """
    padded = F.pad(_grey(pictures), (1, 1, 1, 1), mode="replicate")
    across, down = padded[..., 2:] - padded[..., :-2], padded[..., 2:, :] - padded[..., :-2, :]
    across = across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]
    gradient = torch.cat([across, down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]], 1) / 8
    magnitude = gradient.square().sum(1, keepdim=True)
    strength = magnitude.mean((1, 2, 3), keepdim=True).sqrt().clamp(min=LEAST_CONTRAST)
    return torch.cat([gradient, magnitude.sqrt()], 1) / strength


def even_grey(pictures: Tensor) -> Tensor:
    """float [B, 3, H, W] in [0, 1] -> the same shape, normalised: grey, with the mean and the contrast of an average picture."""
    grey = _grey(pictures)
    spread, mean = torch.std_mean(grey, (1, 2, 3), keepdim=True)
    return normalise((0.45 + 0.25 * (grey - mean) / spread.clamp(min=LEAST_CONTRAST)).clamp(0, 1).expand_as(pictures))


def _grey(pictures: Tensor) -> Tensor:
    return (pictures * pictures.new_tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)
