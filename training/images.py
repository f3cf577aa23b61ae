"""Between pictures (uint8 sRGB) and what networks read (float32, normalised by the ImageNet convention)."""

from __future__ import annotations

import torch
from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
"""Mean of R, G, B in [0, 1]. Torchvision's and timm's checkpoints expect this convention, so ours do too."""
STD = (0.229, 0.224, 0.225)


def normalise(images: Tensor) -> Tensor:
    """float [..., 3, H, W] in [0, 1] -> the same shape, normalised."""
    mean, std = _statistics(images)
    return (images - mean) / std


def to_input(rgb: Tensor) -> Tensor:
    """uint8 [..., 3, H, W], sRGB -> float32 of the same shape, normalised."""
    if rgb.dtype != torch.uint8 or rgb.ndim < 3 or rgb.shape[-3] != 3:
        raise ValueError(f"expected uint8 [..., 3, H, W], got {rgb.dtype} {list(rgb.shape)}")
    return normalise(rgb.float() / 255)


def to_picture(images: Tensor) -> Tensor:
    """The inverse of `to_input`: float [..., 3, H, W], normalised -> uint8 (values outside [0, 255] are clipped)."""
    mean, std = _statistics(images)
    return ((images.detach() * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)


def _statistics(like: Tensor) -> tuple[Tensor, Tensor]:
    mean, std = (torch.tensor(v, dtype=like.dtype, device=like.device).view(3, 1, 1) for v in (MEAN, STD))
    return mean, std
