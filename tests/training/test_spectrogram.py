from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from scenes.errors import UserError
from training.backbones import build_backbone
from training.learner import AUDIO_RATE
from training.pretexts import build_pretext
from training.spectrogram import SpectrogramConfig, log_mel, loudness, mel, mel_filters, mel_power, paint_log_mel

CONFIG = SpectrogramConfig()
BIN = AUDIO_RATE / CONFIG.window


def tone(hertz: float, amplitude: float = 1.0, samples: int = 4000) -> Tensor:
    return amplitude * torch.sin(2 * torch.pi * hertz * torch.arange(samples, dtype=torch.float64) / AUDIO_RATE).float()


def test_mel_scale_has_its_published_anchor() -> None:
    """1000 Hz are 1000 mel; by hand, 6300 Hz = 9 * 700 Hz are 2595 mel."""
    assert mel(torch.tensor([0.0, 1000.0, 6300.0])).tolist() == pytest.approx([0, 999.99, 2595], abs=0.01)


def test_filters_are_triangles_that_add_to_one() -> None:
    """Three bands from 0 to 6300 Hz: corners are at quarters of 2595 mel, 700 (10^(k/4) - 1) Hz."""
    filters = mel_filters(SpectrogramConfig(bands=3, lowest=0, highest=6300))
    corners = [700 * (10 ** (k / 4) - 1) for k in range(5)]
    for band, (low, peak, high) in enumerate(zip(corners, corners[1:], corners[2:], strict=False)):
        for k in (5, 20, 40, 60, 100, 150, 250):
            hertz = k * BIN
            expected = max(0.0, min((hertz - low) / (peak - low), (high - hertz) / (high - peak)))
            assert filters[band, k].item() == pytest.approx(expected, abs=1e-6)
    within = slice(math.ceil(corners[1] / BIN), math.floor(corners[3] / BIN))
    assert torch.allclose(filters[:, within].sum(0), torch.ones(()), atol=1e-6)


@pytest.mark.parametrize("k", [10, 64, 200])
def test_power_of_a_tone_by_hand(k: int) -> None:
    """A sine of amplitude 0.5 in the middle of bin k has power 1/4 there and 1/16 in both neighbours, in every window."""
    filters = mel_filters(CONFIG)
    expected = 0.25 * (filters[:, k] + (filters[:, k - 1] + filters[:, k + 1]) / 4)
    power = mel_power(tone(k * BIN, 0.5), CONFIG)
    assert torch.allclose(power, expected[:, None].expand_as(power), atol=1e-6)


def test_power_of_noise_equals_a_slow_fourier_transform() -> None:
    audio = np.random.default_rng(0).normal(0, 0.3, 1000)
    n = np.arange(CONFIG.window)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / CONFIG.window)
    steps = []
    for start in range(0, len(audio) - CONFIG.window + 1, CONFIG.hop):
        part = audio[start : start + CONFIG.window] * window
        waves = [abs(np.sum(part * np.exp(-2j * np.pi * k * n / CONFIG.window))) for k in range(CONFIG.window // 2 + 1)]
        steps.append((np.array(waves) * 2 / window.sum()) ** 2)
    expected = mel_filters(CONFIG).double() @ torch.tensor(np.stack(steps, 1))
    found = mel_power(torch.tensor(audio, dtype=torch.float32), CONFIG)
    assert found.shape == (40, 4)
    assert torch.allclose(found.double(), expected, rtol=1e-4, atol=1e-9)


def test_windows_stay_within_the_sound_and_are_ten_milliseconds_apart() -> None:
    """A click at sample 1000 is in windows [160 k, 160 k + 512), that is k = 4, 5, 6 (and at the very edge of none)."""
    audio = torch.zeros(2000)
    audio[1000] = 1
    assert (mel_power(audio, CONFIG).sum(0) > 1e-12).nonzero()[:, 0].tolist() == [4, 5, 6]
    assert mel_power(audio, CONFIG).shape[1] == CONFIG.steps(2000) == 10
    assert [CONFIG.steps(n) for n in (12800, 671, 512, 511, 0)] == [77, 1, 1, 0, 0]


def test_loudness_in_decibels() -> None:
    """Of a sine of full scale between the first and last band's peaks 0; a tenth of the amplitude is 20 dB less; silence has a value."""
    loud = [loudness(mel_power(tone(k * BIN, a), CONFIG)).item() for k, a in ((40, 1.0), (100, 0.1))]
    assert loud == pytest.approx([0, -20], abs=0.01)
    assert loudness(mel_power(torch.zeros(4000), CONFIG)).item() < -150
    assert loudness(mel_power(torch.full((4000,), 0.5), CONFIG)).item() < -100


def test_neither_gain_nor_offset_of_a_recording_shows() -> None:
    audio = torch.randn(4, 8000, generator=torch.Generator().manual_seed(0)) * 0.05 + tone(500, 0.2, 8000)
    gains, offsets = torch.tensor([0.02, 0.5, 2, 3])[:, None], torch.tensor([0.3, -0.2, 0, 0.1])[:, None]
    plain, changed = (log_mel(mel_power(x, CONFIG), CONFIG) for x in (audio, gains * audio + offsets))
    assert plain.std() > 0.3
    assert torch.allclose(plain, changed, atol=1e-3)


def test_silence_has_a_finite_spectrogram() -> None:
    sound = log_mel(mel_power(torch.zeros(2, 4000), CONFIG), CONFIG)
    assert torch.equal(sound, torch.full_like(sound, -5.0))  # log10 of the floor


def test_painted_with_low_bands_below() -> None:
    pixels = paint_log_mel(log_mel(mel_power(tone(300), CONFIG), CONFIG)).astype(int).sum(2)
    assert pixels[:, 3].argmax() > 30
    assert pixels.shape == (40, CONFIG.steps(4000))


def test_impossible_spectrograms_are_refused() -> None:
    with pytest.raises(UserError, match="fewer bands"):
        SpectrogramConfig(bands=200)
    with pytest.raises(UserError, match="8000 Hz"):
        SpectrogramConfig(highest=9000)
    with pytest.raises(UserError, match="positive"):
        SpectrogramConfig(hop=0)


def test_audio_network_has_eight_convolutions_and_is_not_for_pictures() -> None:
    """Weights by hand at width 8: 9 (1·8 + 8² + 8·16 + 16² + 16·32 + 32² + 32·64 + 64²) and two a channel for each normalisation."""
    network = build_backbone("audio_convnet", width=8, in_channels=1, num_classes=3)
    convolutions = 9 * (8 + 64 + 128 + 256 + 512 + 1024 + 2048 + 4096)
    assert sum(p.numel() for p in network.parameters()) == convolutions + 2 * 2 * (8 + 16 + 32 + 64) + 65 * 3
    assert network.input == "audio"
    with pytest.raises(UserError, match="choose another backbone"):
        build_pretext("rotation", build_backbone("audio_convnet", width=8))
