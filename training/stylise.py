"""Rendered pictures in the style of others: of real ones, where there are any, or of random filters. Shapes stay where they are.

Each change happens to a picture with a probability of its own, 0 being never.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.learner import Config

FLATTEST = 0.02
"""Standard deviation (1 = white) below which a channel is not stretched further: its noise would become the picture."""


@dataclass(frozen=True, kw_only=True)
class StyleConfig(Config):
    """`amplitude`, `statistics`, `convolution` are probabilities.

    Of the amplitudes of a real picture's coarse waves, those of up to a number of periods drawn from `band`, as parts of the picture's size
    (Fourier domain adaptation, Yang & Soatto 2020); of each channel's mean and spread being a real picture's; and of a random filter
    instead of colours and fine texture (Xu et al. 2021), as wide as one of `kernels`, mixed with the picture in a random ratio.
    """

    amplitude: float = 0.0
    statistics: float = 0.0
    convolution: float = 0.0
    band: tuple[float, float] = (0.01, 0.09)
    kernels: tuple[int, ...] = (1, 3, 5, 7)

    def __post_init__(self) -> None:
        for name in ("amplitude", "statistics", "convolution"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")
        if not 0 <= self.band[0] <= self.band[1] <= 0.5:
            raise UserError(f"band must be an ascending range within [0, 0.5], not {self.band}")
        if not self.kernels or any(size < 1 or size % 2 == 0 for size in self.kernels):
            raise UserError(f"kernels must be odd numbers of pixels, not {self.kernels}")

    @property
    def reads_real(self) -> bool:
        """Whether real pictures are needed."""
        return self.amplitude > 0 or self.statistics > 0


def toward_real(images: Tensor, real: Tensor, config: StyleConfig, generator: torch.Generator) -> Tensor:
    """float [B, 3, H, W] in [0, 1] twice -> the first, the chosen ones each with something of the second at the same place in the batch.

    What is drawn depends on B alone, so a generator in the same state gives another frame of the same pictures the same style.
    """
    if config.amplitude:
        low, high = config.band
        part = low + (high - low) * torch.rand((), generator=generator, device=images.device)
        images = _some(images, swap_amplitude(images, real, part), config.amplitude, generator).clamp(0, 1)
    if config.statistics:
        images = _some(images, match_statistics(images, real), config.statistics, generator).clamp(0, 1)
    return images


def _some(images: Tensor, changed: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    chosen = torch.rand(len(images), generator=generator, device=images.device) < probability
    return torch.where(chosen[:, None, None, None], changed, images)


def swap_amplitude(images: Tensor, styles: Tensor, band: float | Tensor) -> Tensor:
    """Amplitudes of waves of up to `band` times the picture's size in periods from `styles`, phases and finer waves from `images`.

    float [B, 3, H, W] twice; the result is not clipped. The mean colour is the wave of no period, so it is always exchanged.
    """
    height, width = images.shape[-2:]
    own, other = torch.fft.rfft2(images), torch.fft.rfft2(styles)
    down = torch.fft.fftfreq(height, device=images.device).abs()[:, None]
    across = torch.fft.rfftfreq(width, device=images.device)[None]
    amplitude = torch.where(torch.maximum(down, across) <= band, other.abs(), own.abs())
    return torch.fft.irfft2(torch.polar(amplitude, own.angle()), s=(height, width))


def match_statistics(images: Tensor, styles: Tensor) -> Tensor:
    """Each channel shifted and stretched to the mean and standard deviation of the same channel of `styles` (Reinhard et al. 2001, in RGB).

    float [B, 3, H, W] twice, of any sizes; the result is not clipped.
    """
    spread, mean = torch.std_mean(images, (2, 3), keepdim=True)
    style_spread, style_mean = torch.std_mean(styles, (2, 3), keepdim=True)
    return (images - mean) / spread.clamp(min=FLATTEST) * style_spread + style_mean


def random_convolution(images: Tensor, config: StyleConfig, generator: torch.Generator) -> Tensor:
    """Normalised [B, 3, H, W] -> the same, the chosen ones mixed with what a random filter of their own makes of them.

    Weights are Gaussian such that the filter keeps the variance of noise; one width for the batch. Like `toward_real`, draws depend on B.
    """
    if not config.convolution:
        return images
    count, channels, height, width = images.shape
    device = images.device
    size = config.kernels[int(torch.randint(len(config.kernels), (), generator=generator, device=device))]
    kernels = torch.randn(count * channels, channels, size, size, generator=generator, device=device) / (channels * size**2) ** 0.5
    ratio = torch.rand(count, 1, 1, 1, generator=generator, device=device)
    padded = F.pad(images, (size // 2,) * 4, mode="replicate").view(1, count * channels, height + size - 1, width + size - 1)
    filtered = F.conv2d(padded, kernels, groups=count).view(images.shape)
    return _some(images, ratio * images + (1 - ratio) * filtered, config.convolution, generator)
