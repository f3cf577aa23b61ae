"""Clips: one crop and one change of colour for all frames, and any backbone, of pictures or of clips, on them.

If frames were cropped or recoloured one by one, their order would show in no way, or be given away by what has nothing to do with motion.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.augment import PhotometricConfig, add_noise, jitter_colour
from training.backbones.base import Backbone
from training.crops import CropConfig, Window, draw_window


def crop_clip(rgb: Tensor, window: Window) -> Tensor:
    """uint8 [T, 3, H, W] -> uint8 [T, 3, size, size]: the same window of every frame."""
    part = rgb[..., window.top : window.top + window.height, window.left : window.left + window.width]
    part = F.interpolate(part, (window.size, window.size), mode="bilinear", antialias=True)
    return part.flip(-1) if window.flip else part


def clip_view(rgb: Tensor, crop: CropConfig, generator: torch.Generator) -> Tensor:
    """uint8 [T, 3, H, W] of any size -> uint8 [T, 3, size, size]: one random window, perhaps flipped, for all frames."""
    return crop_clip(rgb, draw_window(rgb.shape[-2], rgb.shape[-1], crop, generator))


def recolour_clips(rgb: Tensor, colour: PhotometricConfig, generator: torch.Generator) -> Tensor:
    """uint8 [B, T, 3, H, W] -> float32 of the same shape in [0, 1]: one change of colour a clip; noise differs from frame to frame."""
    batch, frames, _, height, width = rgb.shape
    tall = rgb.transpose(1, 2).reshape(batch, 3, frames * height, width).float() / 255
    tall = add_noise(jitter_colour(tall, colour, generator), colour, generator).clamp(0, 1)
    return tall.view(batch, 3, frames, height, width).transpose(1, 2)


def clip_stages(backbone: Backbone, clips: Tensor) -> dict[str, Tensor]:
    """Every stage's map of clips float [B, T, 3, H, W], normalised -> [B, C, T', H', W'].

    A backbone of pictures sees the frames one by one, so T' = T there.
    """
    if backbone.input == "clip":
        return backbone.forward_stages(clips.transpose(1, 2))
    maps = backbone.forward_stages(clips.flatten(0, 1))
    return {name: m.unflatten(0, clips.shape[:2]).transpose(1, 2) for name, m in maps.items()}


def clip_maps(backbone: Backbone, clips: Tensor) -> Tensor:
    """The last stage's map of clips float [B, T, 3, H, W], normalised -> [B, C, T', H', W']."""
    return clip_stages(backbone, clips)[backbone.stages[-1]]
