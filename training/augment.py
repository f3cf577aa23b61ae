"""Photometric augmentation of whole batches on their device. It changes what the camera saw, never the geometry.

All changes of colour (brightness, contrast, saturation, hue, grey, one channel for all) are one affine map a picture, so a batch costs
one small matrix product; blur and noise follow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.learner import Config

LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G, B in the brightness of a pixel (ITU-R BT.601)."""


@dataclass(frozen=True, kw_only=True)
class PhotometricConfig(Config):
    """`brightness`, `contrast`, `saturation`: factors drawn from [1 - x, 1 + x]; `hue`: a turn drawn from [-x, x] half-circles.

    `grey`, `channel`, `blur`, `noise` are probabilities: of a grey picture, of one random channel in place of all three (Ren & Lee
    2018), of a blur of up to `blur_sigma` pixels and of Gaussian noise of up to `noise_sigma` (1 = white).
    """

    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4
    hue: float = 0.1
    grey: float = 0.1
    channel: float = 0.1
    blur: float = 0.2
    blur_sigma: float = 1.2
    noise: float = 0.3
    noise_sigma: float = 0.05

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation", "hue", "grey", "channel", "blur", "noise"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")
        if self.grey + self.channel > 1:
            raise UserError(f"grey + channel must not exceed 1, not {self.grey + self.channel}")
        if self.blur_sigma < 0 or self.noise_sigma < 0:
            raise UserError(f"blur_sigma and noise_sigma must not be negative, not {self.blur_sigma}, {self.noise_sigma}")


def photometric(images: Tensor, config: PhotometricConfig, generator: torch.Generator) -> Tensor:
    """float [B, 3, H, W] in [0, 1] -> the same, each picture changed in its own way. `generator` lives on the images' device."""
    images = jitter_colour(images, config, generator)
    images = blur(images, config, generator)
    return add_noise(images, config, generator).clamp(0, 1)


def jitter_colour(images: Tensor, config: PhotometricConfig, generator: torch.Generator) -> Tensor:
    """Affine in colour, picture by picture: contrast about the picture's mean brightness, then brightness."""
    matrix = colour_matrices(len(images), config, generator, images.device)
    gain = _uniform(len(images), 1 - config.brightness, 1 + config.brightness, generator, images.device)
    contrast = _uniform(len(images), 1 - config.contrast, 1 + config.contrast, generator, images.device)
    mean = torch.einsum("c,bchw->b", images.new_tensor(LUMA), images) / images[0, 0].numel()
    scaled = matrix * (gain * contrast)[:, None, None]
    offset = (gain * (1 - contrast) * mean)[:, None, None].expand(-1, 3, 1)
    return torch.baddbmm(offset, scaled, images.flatten(2)).clamp_(0, 1).view(images.shape)


def colour_matrices(count: int, config: PhotometricConfig, generator: torch.Generator, device: torch.device) -> Tensor:
    """float [count, 3, 3] acting on RGB: hue and saturation, or the picture's grey, or one of its channels for all three."""
    luma = torch.tensor(LUMA, device=device).expand(3, 3)
    saturation = _uniform(count, 1 - config.saturation, 1 + config.saturation, generator, device)[:, None, None]
    angle = _uniform(count, -config.hue * math.pi, config.hue * math.pi, generator, device)
    colour = luma + saturation * (hue_rotations(angle) - luma)
    kind = torch.rand(count, generator=generator, device=device)
    chosen = torch.randint(3, (count,), generator=generator, device=device)
    channel = F.one_hot(chosen, 3).float()[:, None, :].expand(-1, 3, -1)
    colour = torch.where((kind < config.grey)[:, None, None], luma, colour)
    return torch.where((kind >= 1 - config.channel)[:, None, None], channel, colour)


def hue_rotations(angle: Tensor) -> Tensor:
    """float [B] radians -> [B, 3, 3]: rotations of RGB about the grey axis (Rodrigues' formula), made to keep luma and grey."""
    axis = 1 / math.sqrt(3)
    cross = angle.new_tensor([[0, -axis, axis], [axis, 0, -axis], [-axis, axis, 0]])
    rotation = torch.eye(3, device=angle.device) + torch.sin(angle)[:, None, None] * cross
    rotation = rotation + (1 - torch.cos(angle))[:, None, None] * (cross @ cross)
    luma = angle.new_tensor(LUMA)
    return rotation + (luma - luma @ rotation)[:, None, :]


def blur(images: Tensor, config: PhotometricConfig, generator: torch.Generator) -> Tensor:
    """A separable Gaussian of its own width for every chosen picture."""
    count, channels = images.shape[:2]
    chosen = torch.rand(count, generator=generator, device=images.device) < config.blur
    sigma = _uniform(count, 0.1, max(0.1, config.blur_sigma), generator, images.device)
    picked = chosen.nonzero()[:, 0]
    if not len(picked) or config.blur_sigma == 0:
        return images
    radius = math.ceil(2.5 * config.blur_sigma)
    offsets = torch.arange(-radius, radius + 1, device=images.device)
    kernel = torch.softmax(-(offsets**2) / (2 * sigma[picked, None] ** 2), 1).repeat_interleave(channels, 0)
    rows = F.pad(images[picked].flatten(0, 1)[None], (radius,) * 4, mode="replicate")
    rows = F.conv2d(rows, kernel[:, None, None, :], groups=len(kernel))
    return images.index_copy(0, picked, F.conv2d(rows, kernel[:, None, :, None], groups=len(kernel)).view(-1, *images.shape[1:]))


def add_noise(images: Tensor, config: PhotometricConfig, generator: torch.Generator) -> Tensor:
    """Gaussian noise of its own strength for every chosen picture."""
    count = len(images)
    chosen = torch.rand(count, generator=generator, device=images.device) < config.noise
    sigma = _uniform(count, 0, config.noise_sigma, generator, images.device)
    picked = chosen.nonzero()[:, 0]
    if not len(picked):
        return images
    noise = torch.randn((len(picked), *images.shape[1:]), generator=generator, device=images.device)
    return images.index_add(0, picked, noise * sigma[picked, None, None, None])


def _uniform(count: int, low: float, high: float, generator: torch.Generator, device: torch.device) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator, device=device)
