from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from scenes.errors import UserError
from training.augment import LUMA, PhotometricConfig, hue_rotations, photometric

NONE = PhotometricConfig(brightness=0, contrast=0, saturation=0, hue=0, grey=0, channel=0, blur=0, noise=0)


def pictures(count: int = 32) -> Tensor:
    """Smooth colours away from black and white, so that nothing is clipped."""
    small = torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 0.3 + 0.35
    return torch.nn.functional.interpolate(small, (24, 24), mode="bilinear")


def changed(**settings: float) -> tuple[Tensor, Tensor]:
    images = pictures()
    return images, photometric(images, dataclasses.replace(NONE, **settings), torch.Generator().manual_seed(1))


def luma(images: Tensor) -> Tensor:
    return torch.einsum("c,bchw->bhw", torch.tensor(LUMA), images)


def test_nothing_asked_for_changes_nothing() -> None:
    images, result = changed()
    assert torch.allclose(images, result, atol=2e-6)


def test_brightness_scales_every_picture_by_a_factor_of_its_own() -> None:
    images, result = changed(brightness=0.4)
    factor = result.mean((1, 2, 3)) / images.mean((1, 2, 3))
    assert torch.allclose(result, images * factor[:, None, None, None], atol=1e-5)
    assert 0.6 <= factor.min() < 0.75
    assert 1.25 < factor.max() <= 1.4


def test_contrast_stretches_about_the_mean_brightness() -> None:
    images, result = changed(contrast=0.4)
    assert torch.allclose(luma(images).mean((1, 2)), luma(result).mean((1, 2)), atol=1e-5)
    ratio = luma(result).std((1, 2)) / luma(images).std((1, 2))
    assert 0.6 <= ratio.min() < 0.75
    assert 1.25 < ratio.max() <= 1.4


def test_saturation_moves_colours_from_or_towards_their_grey() -> None:
    images, result = changed(saturation=0.4)
    assert torch.allclose(luma(images), luma(result), atol=1e-5)
    distance = [(x - luma(x)[:, None]).flatten(1).norm(dim=1) for x in (images, result)]
    assert ((distance[1] / distance[0]) < 0.75).any()
    assert ((distance[1] / distance[0]) > 1.25).any()


def test_hue_turns_keep_greys_and_luma_and_a_third_of_a_turn_permutes_channels_but_for_luma() -> None:
    matrix = hue_rotations(torch.tensor([0.3, -1.2]))
    assert torch.allclose(matrix @ torch.ones(3), torch.ones(2, 3), atol=1e-6)
    assert torch.allclose(torch.tensor(LUMA) @ matrix, torch.tensor(LUMA).expand(2, 3), atol=1e-6)
    red = hue_rotations(torch.tensor([2 * torch.pi / 3]))[0] @ torch.tensor([1.0, 0, 0])
    assert torch.allclose(red - red.min(), torch.tensor([0.0, 1, 0]), atol=1e-5)


def test_grey_pictures_show_their_luma() -> None:
    images, result = changed(grey=1)
    assert torch.allclose(result, luma(images)[:, None].expand_as(result), atol=1e-5)


def test_one_channel_stands_for_all_and_each_is_chosen_sometimes() -> None:
    images, result = changed(channel=1)
    matches = [[torch.allclose(result[i], images[i, c].expand(3, -1, -1), atol=1e-5) for c in range(3)] for i in range(len(images))]
    assert all(sum(row) == 1 for row in matches)
    assert all(any(row[c] for row in matches) for c in range(3))


def test_grey_and_channel_happen_as_often_as_asked() -> None:
    images = pictures(1).expand(2000, -1, -1, -1)
    result = photometric(images, dataclasses.replace(NONE, grey=0.2, channel=0.3), torch.Generator().manual_seed(0))
    colourless = (result.amax(1) - result.amin(1)).flatten(1).amax(1) < 1e-5
    assert 0.45 < colourless.float().mean() < 0.55


def test_blur_smooths_without_shifting_brightness() -> None:
    noise = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    result = photometric(noise, dataclasses.replace(NONE, blur=1), torch.Generator().manual_seed(1))
    assert (result.std((1, 2, 3)) <= noise.std((1, 2, 3)) + 1e-6).all()
    assert result.std((1, 2, 3)).min() < 0.5 * noise.std((1, 2, 3)).min()
    assert torch.allclose(result.mean((1, 2, 3)), noise.mean((1, 2, 3)), atol=0.01)
    dot = torch.zeros(1, 3, 33, 33)
    dot[..., 16, 16] = 1
    spread = photometric(dot, dataclasses.replace(NONE, blur=1), torch.Generator().manual_seed(3))
    assert torch.allclose(spread, spread.flip(-1), atol=1e-7)
    assert torch.allclose(spread, spread.transpose(-1, -2), atol=1e-7)


def test_noise_is_as_strong_as_allowed_and_independent_of_the_picture() -> None:
    images, result = changed(noise=1, noise_sigma=0.05)
    strength = (result - images).std((1, 2, 3))
    assert strength.max() < 0.055
    assert strength.max() > 0.035
    assert strength.min() < 0.02


def test_draws_come_from_the_generator_alone() -> None:
    config, images = PhotometricConfig(), pictures()
    torch.manual_seed(0)
    first = photometric(images, config, torch.Generator().manual_seed(9))
    torch.manual_seed(1)
    assert torch.equal(first, photometric(images, config, torch.Generator().manual_seed(9)))
    assert not torch.equal(first, photometric(images, config, torch.Generator().manual_seed(10)))


@pytest.mark.parametrize("bad", [{"brightness": 1.5}, {"grey": 0.7, "channel": 0.6}, {"blur_sigma": -1.0}])
def test_impossible_settings_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(UserError):
        PhotometricConfig(**bad)
