from __future__ import annotations

from typing import Any

import pytest
import torch
from drawn_houses import house
from torch import Tensor

from scenes.errors import UserError
from training.stylise import StyleConfig, match_statistics, random_convolution, swap_amplitude, toward_real


def pictures(count: int, first: int = 0) -> Tensor:
    return torch.stack([house(first + i, 32)["rgb"] for i in range(count)]).float() / 255


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_exchanged_amplitudes_leave_every_phase_and_all_finer_waves() -> None:
    images, styles, band = pictures(4), pictures(4, 50), 3 / 32
    found = torch.fft.fft2(swap_amplitude(images, styles, band))
    own, other = torch.fft.fft2(images), torch.fft.fft2(styles)
    period = torch.fft.fftfreq(32).abs()
    coarse = torch.maximum(period[:, None], period[None]) <= band
    assert int(coarse.sum()) == 7 * 7, "three periods either way, and none"
    assert torch.allclose(found[..., coarse].abs(), other[..., coarse].abs(), atol=1e-3)
    assert torch.allclose(found[..., ~coarse], own[..., ~coarse], atol=1e-3)
    strong = (own.abs() > 1e-2) & (found.abs() > 1e-2)
    turned = torch.angle(found * own.conj())[strong]
    assert strong.float().mean() > 0.9
    assert turned.abs().max() < 1e-2


def test_the_narrowest_band_exchanges_the_mean_colour_alone() -> None:
    images, styles = pictures(3), pictures(3, 50)
    found = swap_amplitude(images, styles, 0.0)
    assert torch.allclose(found.mean((2, 3)), styles.mean((2, 3)), atol=1e-5)
    assert torch.allclose(found - found.mean((2, 3), True), images - images.mean((2, 3), True), atol=1e-5)


def test_a_picture_in_its_own_style_is_itself() -> None:
    images = pictures(3)
    assert torch.allclose(swap_amplitude(images, images, 0.2), images, atol=1e-5)
    assert torch.allclose(match_statistics(images, images), images, atol=1e-5)


def test_matched_pictures_have_the_styles_mean_and_spread_in_every_channel() -> None:
    images, styles = pictures(3), pictures(3, 50)[..., :20]
    found = match_statistics(images, styles)
    assert torch.allclose(found.mean((2, 3)), styles.mean((2, 3)), atol=1e-5)
    assert torch.allclose(found.std((2, 3)), styles.std((2, 3)), atol=1e-5)
    flat = match_statistics(torch.full((1, 3, 8, 8), 0.3), styles[:1])
    assert torch.allclose(flat, styles[:1].mean((2, 3), True).expand_as(flat), atol=1e-5), "nothing is made of nothing"


@pytest.mark.parametrize("name", ["amplitude", "statistics", "convolution"])
def test_never_and_always(name: str) -> None:
    images, styles = pictures(8), pictures(8, 50)

    def changed(**options: Any) -> Tensor:
        config, draws = StyleConfig(**options), source()
        return random_convolution(toward_real(images, styles, config, draws), config, draws)

    before = source().get_state()
    draws = source()
    assert torch.equal(random_convolution(toward_real(images, styles, StyleConfig(), draws), StyleConfig(), draws), images)
    assert torch.equal(draws.get_state(), before), "what is off draws nothing"
    always, half = ((changed(**{name: p}) - images).abs().amax((1, 2, 3)) > 1e-3 for p in (1.0, 0.5))
    assert always.all()
    assert half.any()
    assert not half.all()
    assert torch.equal(changed(**{name: 1.0}), changed(**{name: 1.0}))


def test_filters_are_each_pictures_own_and_mix_neither_pictures_nor_places() -> None:
    """With filters of one pixel every picture's change is one linear map of its colours."""
    images = torch.randn(6, 3, 16, 16, generator=source(1))
    config = StyleConfig(convolution=1.0, kernels=(1,))
    found = random_convolution(images, config, source())
    maps = []
    for image, picture in zip(images.flatten(2), found.flatten(2), strict=True):
        solved = torch.linalg.lstsq(image.T, picture.T).solution
        assert torch.allclose(image.T @ solved, picture.T, atol=1e-4)
        maps.append(solved)
    assert min((maps[i] - maps[j]).abs().max().item() for i in range(6) for j in range(i)) > 0.01


def test_filters_keep_the_strength_of_noise() -> None:
    """Mixed in ratio a with a filter of independent weights: a^2 + (1 - a)^2 of the variance, 2/3 on average over a in [0, 1]."""
    noise = torch.randn(400, 3, 16, 16, generator=source(2))
    for size in (1, 3, 7):
        found = random_convolution(noise, StyleConfig(convolution=1.0, kernels=(size,)), source(size))
        assert found[..., 4:-4, 4:-4].var().item() == pytest.approx(2 / 3, abs=0.06)


def test_the_same_draws_give_another_frame_the_same_style() -> None:
    images, styles = pictures(6), pictures(6, 50)
    config = StyleConfig(amplitude=0.5, statistics=0.5, convolution=0.5)
    touched = []
    for frame in (images, images.flip(-1)):
        draws = source(4)
        found = random_convolution(toward_real(frame, styles, config, draws), config, draws)
        touched.append((found - frame).abs().amax((1, 2, 3)) > 1e-3)
    assert torch.equal(*touched)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(UserError, match="amplitude must lie between 0 and 1"):
        StyleConfig(amplitude=2)
    with pytest.raises(UserError, match="odd numbers"):
        StyleConfig(kernels=(2,))
    with pytest.raises(UserError, match="ascending range"):
        StyleConfig(band=(0.2, 0.1))
    assert StyleConfig.from_dict(StyleConfig(kernels=(3,)).to_dict()) == StyleConfig(kernels=(3,))
