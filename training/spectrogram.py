"""Log-mel spectrograms: sound as a picture of bands over time, and how loud it was.

Mel scale: mel(f) = 2595 log10(1 + f / 700) (O'Shaughnessy 1987, as in the HTK book); filters are triangles of height 1 whose corners are
equally spaced on it. The Hann window is as long as the transform and scaled so that a sine of amplitude 1 has power 1 in its bin and, as
the window is exactly three bins wide, a quarter in both neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib import colormaps
from numpy.typing import NDArray
from torch import Tensor

from scenes.errors import UserError
from training.learner import AUDIO_RATE, Config


@dataclass(frozen=True, kw_only=True)
class SpectrogramConfig(Config):
    """`window` and `hop` in samples of sound (16 a millisecond): windows of 32 ms, one every 10 ms. `lowest` and `highest` in Hz.

    `floor`: power that is added before the logarithm to a mean of 1. 125 to 7500 Hz are VGGish's (Hershey et al. 2017).
    """

    bands: int = 40
    window: int = 512
    hop: int = 160
    lowest: float = 125.0
    highest: float = 7500.0
    floor: float = 1e-5

    def __post_init__(self) -> None:
        if self.bands < 1 or self.window < 2 or self.hop < 1 or not self.floor > 0:
            raise UserError(f"bands, window, hop and floor must be positive, not {self.bands}, {self.window}, {self.hop}, {self.floor}")
        if not 0 <= self.lowest < self.highest <= AUDIO_RATE / 2:
            raise UserError(f"bands must lie between 0 and {AUDIO_RATE // 2} Hz, not {self.lowest} and {self.highest}")
        if (mel_filters(self).sum(1) == 0).any():
            raise UserError(f"{self.bands} bands are narrower than the transform's bins: take fewer bands or a longer window")

    def steps(self, samples: int) -> int:
        """Windows that lie within so many samples of sound."""
        return max(0, 1 + (samples - self.window) // self.hop)


def mel(hertz: Tensor) -> Tensor:
    return 2595 * torch.log10(1 + hertz / 700)


def mel_filters(config: SpectrogramConfig) -> Tensor:
    """float32 [bands, window // 2 + 1]: every band's weights of the transform's bins."""
    ends = mel(torch.tensor([config.lowest, config.highest], dtype=torch.float64))
    corners = 700 * (10 ** (torch.linspace(float(ends[0]), float(ends[1]), config.bands + 2, dtype=torch.float64) / 2595) - 1)
    bins = torch.arange(config.window // 2 + 1, dtype=torch.float64) * AUDIO_RATE / config.window
    low, peak, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    return torch.minimum((bins - low) / (peak - low), (high - bins) / (high - peak)).clamp(min=0).float()


def mel_power(audio: Tensor, config: SpectrogramConfig) -> Tensor:
    """float32 [..., S] -> [..., bands, config.steps(S)]: windows start at the first sample and none reaches beyond the last."""
    window = torch.hann_window(config.window, periodic=True, device=audio.device)
    flat = audio.reshape(-1, audio.shape[-1])
    spectrum = torch.stft(flat, config.window, config.hop, window=window * 2 / window.sum(), center=False, return_complex=True)
    power = torch.view_as_real(spectrum).square().sum(-1)
    return (mel_filters(config).to(audio.device) @ power).view(*audio.shape[:-1], config.bands, -1)


def loudness(power: Tensor) -> Tensor:
    """[..., bands, steps] of `mel_power` -> [...]: dB within the bands; 0 is a sine of full scale, as overlapping triangles add to 1."""
    return 10 * torch.log10(power.sum(-2).mean(-1) / 1.5 + 1e-20)


def log_mel(power: Tensor, config: SpectrogramConfig) -> Tensor:
    """`mel_power` [..., bands, steps] -> its log10 of the sound made equally loud: the mean of all bands and steps is 1 (0 of silence).

    So the loudness of a recording doesn't show; nor does a constant offset, which lies below the lowest band.
    """
    mean = power.mean((-2, -1), keepdim=True)
    return torch.log10(power / mean.clamp(min=1e-20) + config.floor)


def paint_log_mel(sound: Tensor) -> NDArray[np.uint8]:
    """`log_mel` [bands, steps] -> uint8 [bands, steps, 3], low bands below, bright = strong."""
    shade = sound.detach().float().cpu().flip(0)
    shade = (shade - shade.min()) / (shade.max() - shade.min()).clamp(min=1e-6)
    return (colormaps["magma"](shade.numpy())[..., :3] * 255).round().astype(np.uint8)
