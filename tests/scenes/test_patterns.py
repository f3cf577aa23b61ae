"""Pictures repeat without a seam, are the same every time, and differ between seeds."""

from __future__ import annotations

import numpy as np
import pytest

from scenes import textures
from scenes.errors import UserError
from scenes.scene import Texture
from scenes.textures.fields import clouds

SEEDED = [kind for kind in textures.TEXTURES if kind not in ("checker", "image")]
PICTURES = ("scenes.textures.pictures", "scenes.textures.print", "scenes.textures.outlook", "scenes.textures.signs")
VARIANTS = [Texture.of("checker"), *(Texture.of(kind, seed=seed) for kind in SEEDED for seed in (0, 1, 2, 3, 4))]


def _jump_across(image: np.ndarray, axis: int) -> tuple[float, np.ndarray]:
    """Mean change from the last line to the first, and from each line to the next."""
    lines = np.moveaxis(image.astype(float), axis, 0)
    return float(np.abs(lines[0] - lines[-1]).mean()), np.abs(np.diff(lines, axis=0)).mean(axis=(1, 2))


@pytest.mark.parametrize("texture", VARIANTS, ids=lambda t: f"{t.kind}-{dict(t.parameters).get('seed')}")
def test_no_seam(texture: Texture) -> None:
    image = textures.build(texture)
    assert image.dtype == np.uint8
    assert image.shape == (256, 256, 3)
    for axis in (0, 1):
        seam, inside = _jump_across(image, axis)
        assert seam <= 1.15 * inside.max() + 1.0


def test_the_seam_check_notices_a_picture_cut_out_of_a_larger_one() -> None:
    field = clouds(np.random.default_rng(0), 256, falloff=2.0)[:200]
    seam, inside = _jump_across(np.repeat((128 + 30 * field)[..., None], 3, axis=2), 0)
    assert seam > 1.15 * inside.max() + 1.0


@pytest.mark.parametrize("kind", SEEDED)
def test_seeds_differ_and_repeat(kind: str) -> None:
    builder = textures.TEXTURES[kind]
    first, again, other = builder(64, seed=3), builder(64, seed=3), builder(64, seed=4)
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 0.5


@pytest.mark.parametrize("kind", [k for k in SEEDED if k != "kilim" and textures.TEXTURES.target(k).split(":")[0] not in PICTURES])
def test_patterns_are_light_and_of_moderate_contrast(kind: str) -> None:
    image = textures.build(Texture.of(kind, seed=0)).astype(float)
    assert 150 < image.mean() < 250
    assert image.std() < 60


def test_built_pictures_are_shared_and_read_only() -> None:
    texture = Texture.of("wood", seed=5)
    image = textures.build(texture)
    assert textures.build(Texture.of("wood", seed=5)) is image
    with pytest.raises(ValueError, match="read-only"):
        image[0, 0] = 0


def test_wood_grain_runs_along_u() -> None:
    image = textures.build(Texture.of("wood", seed=1)).astype(float).mean(axis=2)
    along, across = np.abs(np.diff(image, axis=1)).mean(), np.abs(np.diff(image, axis=0)).mean()
    assert across > 1.5 * along


def test_unknown_texture_lists_the_known() -> None:
    with pytest.raises(UserError, match=r"known are .*checker"):
        textures.build(Texture.of("plaid-o-matic"))
