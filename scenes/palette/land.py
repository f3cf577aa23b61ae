"""What open land is covered with: lawns, verges, crops, earth."""

from __future__ import annotations

import numpy as np

from scenes.palette.scheme import Roles, Scheme, linear
from scenes.scene import Material, Texture

ROLES = Roles()
SEEDS = 3  # variants of large pictures; tones and colours vary on top


def _ground(
    rng: np.random.Generator,
    kind: str,
    metres: float,
    hue: tuple[float, float],
    saturation: tuple[float, float],
    value: tuple[float, float],
    **parameters: int | float,
) -> Material:
    """Land of a pattern, tinted by a colour drawn from ranges as seen on a screen."""
    color = linear(float(rng.uniform(*hue)), float(rng.uniform(*saturation)), float(rng.uniform(*value)))
    texture = Texture.of(kind, metres=metres, resolution=512, seed=int(rng.integers(SEEDS)), **parameters)
    return Material(color=color, texture=texture, roughness=1.0)


@ROLES
def lawn(scheme: Scheme, rng: np.random.Generator) -> Material:
    wear = float(rng.choice([0.1, 0.5, 0.9]))
    hue = (0.14, 0.2) if rng.uniform() < 0.3 else (0.2, 0.27)  # dry or fresh
    return _ground(rng, "turf", 11.0, hue, (0.12, 0.38), (0.48, 0.63), wear=wear)


@ROLES
def meadow(scheme: Scheme, rng: np.random.Generator) -> Material:
    return _ground(rng, "meadow", 9.0, (0.15, 0.26), (0.08, 0.34), (0.5, 0.67), flowers=int(rng.choice([0, 200, 900])))


@ROLES
def verge(scheme: Scheme, rng: np.random.Generator) -> Material:
    """The rough grass beside a road, drier than the land behind it."""
    return _ground(rng, "meadow", 5.0, (0.12, 0.22), (0.1, 0.36), (0.47, 0.65), flowers=200)


@ROLES
def shoulder(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Grit and trodden earth at a road's edge."""
    kind, metres = ("gravel", 0.9) if rng.uniform() < 0.5 else ("soil", 1.4)
    return _ground(rng, kind, metres, (0.08, 0.12), (0.1, 0.32), (0.5, 0.68))


@ROLES
def young_crop(scheme: Scheme, rng: np.random.Generator) -> Material:
    rows, cover = ((10, 0.45), (10, 0.7), (7, 0.6))[int(rng.integers(3))]
    return _ground(rng, "crop_rows", 5.0, (0.12, 0.24), (0.02, 0.18), (0.54, 0.68), rows=rows, cover=cover)


@ROLES
def cereal(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Ripe and golden, or still green."""
    if rng.uniform() < 0.55:
        return _ground(rng, "ears", 5.0, (0.1, 0.13), (0.32, 0.52), (0.7, 0.85))
    return _ground(rng, "ears", 5.0, (0.19, 0.27), (0.4, 0.6), (0.45, 0.62))


@ROLES
def rapeseed(scheme: Scheme, rng: np.random.Generator) -> Material:
    return _ground(rng, "ears", 4.0, (0.145, 0.165), (0.7, 0.85), (0.8, 0.92), rows=1)


@ROLES
def maize(scheme: Scheme, rng: np.random.Generator) -> Material:
    return _ground(rng, "crop_rows", 7.5, (0.22, 0.27), (0.15, 0.3), (0.42, 0.55), rows=10, cover=0.95)


@ROLES
def stubble(scheme: Scheme, rng: np.random.Generator) -> Material:
    return _ground(rng, "stubble", 6.0, (0.09, 0.13), (0.06, 0.25), (0.75, 0.95))


@ROLES
def ploughed(scheme: Scheme, rng: np.random.Generator) -> Material:
    return _ground(rng, "furrows", 6.0, (0.05, 0.1), (0.2, 0.45), (0.5, 0.75))
