"""Mosaic, noise and converter: what must stay exact, and distributions with known moments."""

import numpy as np
import pytest
import torch
from scipy import stats

from renderers.sensor.bayer import colour_of, demosaic, mosaic
from renderers.sensor.photosites import deviates, digitise, shot_noise
from scenes.sensor import BAYER_PATTERNS, DEMOSAICS

each_mosaic = pytest.mark.parametrize(("pattern", "method"), [(p, m) for p in BAYER_PATTERNS for m in DEMOSAICS])


def ramp(height: int, width: int) -> torch.Tensor:
    """Another plane in every channel."""
    v, u = np.mgrid[0:height, 0:width]
    planes = [0.2 + 0.010 * u + 0.004 * v, 0.5 - 0.006 * u + 0.003 * v, 0.1 + 0.002 * u + 0.012 * v]
    return torch.from_numpy(np.stack(planes, axis=-1)).float()


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_the_pattern_begins_in_the_top_left_corner(pattern):
    colours = colour_of(pattern, 5, 7, "cpu")
    assert "".join("RGB"[c] for c in colours[:2, :2].flatten().tolist()) == pattern
    assert torch.equal(colours[2:4, 4:6], colours[:2, :2])


@each_mosaic
def test_one_colour_survives_the_mosaic_up_to_the_border(pattern, method):
    image = torch.tensor([0.7, 0.31, 0.05]).expand(9, 12, 3)
    torch.testing.assert_close(demosaic(mosaic(image, pattern), pattern, method), image, atol=1e-6, rtol=0)


@each_mosaic
def test_linear_ramps_survive_the_mosaic(pattern, method):
    image = ramp(15, 18)
    inner = demosaic(mosaic(image, pattern), pattern, method)[2:-2, 2:-2]
    torch.testing.assert_close(inner, image[2:-2, 2:-2], atol=1e-6, rtol=0)


@each_mosaic
def test_a_photosite_keeps_its_own_value(pattern, method):
    image = torch.rand(8, 10, 3, generator=torch.Generator().manual_seed(3))
    raw = mosaic(image, pattern)
    assert torch.equal(mosaic(demosaic(raw, pattern, method), pattern), raw)


def test_malvar_restores_grey_detail_better_than_bilinear():
    grey = torch.rand(40, 40, generator=torch.Generator().manual_seed(4))
    grey = torch.nn.functional.avg_pool2d(grey[None, None], 3, 1, 1)[0, 0][..., None].expand(40, 40, 3)
    error = {m: float((demosaic(mosaic(grey, "RGGB"), "RGGB", m) - grey).pow(2).mean()) for m in DEMOSAICS}
    assert error["malvar"] < 0.5 * error["bilinear"]


@pytest.mark.parametrize("mean", [0.3, 4.0, 15.9, 16.1, 120.0, 5000.0])
def test_shot_noise_has_the_mean_variance_and_skewness_of_a_poisson_count(mean):
    count = 400_000
    normal = deviates(np.random.default_rng(5), (count,), torch.device("cpu"))
    electrons = shot_noise(torch.full((count,), mean), normal).double().numpy()
    assert electrons.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / count) + 1e-3 * np.sqrt(mean))
    assert electrons.var() == pytest.approx(mean + (1 / 12 + 1 / 18) * (mean >= 16), rel=5 * np.sqrt((2 + 1 / mean) / count))
    assert stats.skew(electrons) == pytest.approx(mean**-0.5, abs=0.03)
    assert (electrons == np.round(electrons)).all()
    assert electrons.min() >= 0


def test_few_electrons_follow_the_poisson_distribution():
    normal = deviates(np.random.default_rng(6), (200_000,), torch.device("cpu"))
    electrons = shot_noise(torch.full((200_000,), 2.5), normal).numpy()
    observed = np.bincount(electrons.astype(int), minlength=12)[:12] / len(electrons)
    np.testing.assert_allclose(observed, stats.poisson.pmf(np.arange(12), 2.5), atol=0.004)


def test_a_rounding_in_the_light_leaves_all_other_noise_alone():
    normal = deviates(np.random.default_rng(7), (1000,), torch.device("cpu"))
    electrons = torch.linspace(0.0, 300.0, 1000)
    nudged = electrons.clone()
    nudged[10] = torch.nextafter(electrons[10], torch.tensor(1e9)) + 5.0
    assert torch.equal(shot_noise(electrons, normal)[11:], shot_noise(nudged, normal)[11:])
    assert shot_noise(electrons, normal)[0] == 0  # no light, no noise


def test_a_converter_rounds_to_its_codes():
    signal = torch.linspace(-0.4, 1.4, 4001)
    codes = digitise(signal, 4, 0.0)
    np.testing.assert_allclose(codes.unique().numpy(), np.arange(16) / 15, atol=1e-6)
    inside = (signal >= 0) & (signal <= 1)
    assert float((codes - signal)[inside].abs().max()) <= 0.5 / 15 + 1e-6
    black = round(0.2 * 255)
    low = digitise(signal, 8, 0.2)
    assert float(low.min()) == pytest.approx(-black / (255 - black))
    assert float(low.max()) == 1.0


def test_a_black_level_keeps_the_dark_unbiased():
    dark = 0.01 * deviates(np.random.default_rng(8), (100_000,), torch.device("cpu"))
    assert float(digitise(dark, 10, 0.1).mean()) == pytest.approx(0.0, abs=2e-4)
    assert float(digitise(dark, 10, 0.0).mean()) == pytest.approx(0.01 * (2 * np.pi) ** -0.5, rel=0.05)  # its negative half is lost
