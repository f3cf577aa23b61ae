"""What grows and stands outdoors: the material of every role that slots of plants, street furniture and barriers name."""

from __future__ import annotations

import numpy as np

from scenes.palette.scheme import Roles, Scheme, linear, pattern
from scenes.scene import Color, Material

ROLES = Roles()

# Seasons of a crown: hue, saturation, value (each low, high) as seen on a screen, and how often.
_SEASONS = (
    ((0.185, 0.245), (0.4, 0.58), (0.6, 0.82), 0.62),  # green
    ((0.25, 0.3), (0.32, 0.46), (0.48, 0.6), 0.14),  # dark, bluish green
    ((0.15, 0.19), (0.35, 0.55), (0.62, 0.78), 0.12),  # olive
    ((0.11, 0.14), (0.55, 0.75), (0.8, 0.95), 0.07),  # yellow
    ((0.02, 0.06), (0.5, 0.7), (0.5, 0.7), 0.05),  # red and copper
)


def _between(rng: np.random.Generator, low_high: tuple[float, float]) -> float:
    return float(rng.uniform(*low_high))


# Plants and ground


@ROLES
def leaves(scheme: Scheme, rng: np.random.Generator) -> Material:
    season = _SEASONS[int(rng.choice(len(_SEASONS), p=[s[3] for s in _SEASONS]))]
    color = linear(_between(rng, season[0]), _between(rng, season[1]), _between(rng, season[2]))
    return Material(color=color, texture=pattern(rng, "leafage", 1.6), roughness=0.75)


@ROLES
def hedge_leaf(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(_between(rng, (0.18, 0.265)), _between(rng, (0.36, 0.56)), _between(rng, (0.52, 0.76)))
    return Material(color=color, texture=pattern(rng, "leafage", 1.0), roughness=0.75)


@ROLES
def needles(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(_between(rng, (0.26, 0.42)), _between(rng, (0.28, 0.5)), _between(rng, (0.42, 0.58)))
    return Material(color=color, texture=pattern(rng, "leafage", 1.3), roughness=0.85)


@ROLES
def leaves_inner(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.19, 0.42, _between(rng, (0.36, 0.44))), texture=pattern(rng, "leafage", 1.6), roughness=1.0)


@ROLES
def bark(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(_between(rng, (0.06, 0.11)), _between(rng, (0.08, 0.35)), _between(rng, (0.4, 0.68)))
    return Material(color=color, texture=pattern(rng, "bark", 0.9), roughness=0.95)


@ROLES
def grass(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(_between(rng, (0.19, 0.26)), _between(rng, (0.4, 0.6)), _between(rng, (0.5, 0.7)))
    return Material(color=color, texture=pattern(rng, "grass", 1.5), roughness=0.95)


@ROLES
def petals(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue = float(rng.choice([0.0, 0.94, 0.14, 0.08, 0.78, 0.62])) + float(rng.normal(0, 0.015))
    return Material(color=linear(hue, _between(rng, (0.05, 0.85)), _between(rng, (0.75, 0.95))), roughness=0.8)


@ROLES
def earth(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(_between(rng, (0.06, 0.1)), _between(rng, (0.25, 0.45)), _between(rng, (0.36, 0.55)))
    return Material(color=color, texture=pattern(rng, "soil", 1.2), roughness=1.0)


@ROLES
def fallen_leaves(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.09, _between(rng, (0.2, 0.4)), 0.75), texture=pattern(rng, "leaves_ground", 1.6), roughness=1.0)


@ROLES
def gravel(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(0.1, _between(rng, (0.03, 0.25)), _between(rng, (0.6, 0.85)))
    return Material(color=color, texture=pattern(rng, "gravel", 0.8), roughness=1.0)


@ROLES
def edging(scheme: Scheme, rng: np.random.Generator) -> Material:
    if rng.uniform() < 0.4:
        return fence_wood(scheme, rng)
    return concrete_post(scheme, rng)


# Metal, wood, stone and plastic


def _dull(low: float, high: float, rng: np.random.Generator) -> Color:
    return linear(0.1, 0.04, _between(rng, (low, high)))


@ROLES
def galvanised(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(0.58, 0.04, _between(rng, (0.58, 0.72)))
    return Material(color=color, texture=pattern(rng, "concrete", 0.8), roughness=0.5, metallic=0.25)


@ROLES
def painted_metal(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Posts and railings: black, grey, dark green, seldom white."""
    kind = int(rng.choice(4, p=[0.32, 0.34, 0.24, 0.1]))
    color = (_dull(0.1, 0.18, rng), linear(0.58, 0.05, _between(rng, (0.42, 0.62))), linear(0.4, 0.55, 0.3), _dull(0.86, 0.93, rng))[kind]
    return Material(color=color, roughness=0.45)


@ROLES
def concrete_post(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=_dull(0.66, 0.82, rng), texture=pattern(rng, "concrete", 1.0), roughness=0.95)


@ROLES
def fence_wood(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = int(rng.choice(4, p=[0.4, 0.25, 0.2, 0.15]))
    color = (
        linear(0.07, _between(rng, (0.3, 0.5)), _between(rng, (0.5, 0.72))),
        linear(0.1, 0.08, _between(rng, (0.55, 0.7))),
        _dull(0.9, 0.95, rng),
        linear(_between(rng, (0.3, 0.42)), 0.3, 0.42),
    )[kind]
    return Material(color=color, texture=pattern(rng, "wood", 1.1), roughness=0.85)
