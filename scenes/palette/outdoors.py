"""What grows and stands outdoors: the material of every role that slots of plants, street furniture and barriers name."""

from __future__ import annotations

import numpy as np

from scenes.palette.scheme import TEXTURE_SEEDS, Roles, Scheme, linear, pattern
from scenes.scene import Color, Material, Texture
from scenes.textures.signs import BOARD_M, POSTER_M, SIGNS_M

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
def woods(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Leaves from afar: duller, and always some green."""
    color = linear(_between(rng, (0.17, 0.27)), _between(rng, (0.28, 0.44)), _between(rng, (0.46, 0.64)))
    return Material(color=color, texture=pattern(rng, "leafage", 9.0), roughness=0.9)


@ROLES
def hedge_leaf(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(_between(rng, (0.18, 0.265)), _between(rng, (0.36, 0.56)), _between(rng, (0.52, 0.76)))
    return Material(color=color, texture=pattern(rng, "leafage", 1.0), roughness=0.75)


@ROLES
def needles(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(_between(rng, (0.24, 0.37)), _between(rng, (0.26, 0.46)), _between(rng, (0.42, 0.58)))
    return Material(color=color, texture=pattern(rng, "leafage", 1.3), roughness=0.85)


@ROLES
def bark(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(_between(rng, (0.06, 0.11)), _between(rng, (0.08, 0.35)), _between(rng, (0.4, 0.68)))
    return Material(color=color, texture=pattern(rng, "bark", 0.9), roughness=0.95)


@ROLES
def grass(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(_between(rng, (0.175, 0.24)), _between(rng, (0.34, 0.54)), _between(rng, (0.5, 0.68)))
    return Material(color=color, texture=pattern(rng, "grass", 2.3), roughness=0.95)


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
    color = linear(0.58, 0.04, _between(rng, (0.66, 0.8)))
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


@ROLES
def fence(scheme: Scheme, rng: np.random.Generator) -> Material:
    """For fences of any style."""
    draw = rng.uniform()
    return fence_wood(scheme, rng) if draw < 0.45 else painted_metal(scheme, rng) if draw < 0.85 else galvanised(scheme, rng)


@ROLES
def bench_wood(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(_between(rng, (0.05, 0.1)), _between(rng, (0.2, 0.55)), _between(rng, (0.45, 0.75)))
    return Material(color=color, texture=pattern(rng, "wood", 1.0), roughness=0.8)


@ROLES
def pole_wood(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(0.08, _between(rng, (0.1, 0.35)), _between(rng, (0.4, 0.6)))
    return Material(color=color, texture=pattern(rng, "wood", 2.0), roughness=0.95)


@ROLES
def garden_wall(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Bricks, rendered masonry or stone."""
    kind = str(rng.choice(["bricks", "plaster", "concrete"], p=[0.55, 0.3, 0.15]))
    if kind == "bricks":
        color = linear(_between(rng, (0.02, 0.08)), _between(rng, (0.25, 0.6)), _between(rng, (0.6, 0.85)))
        return Material(color=color, texture=pattern(rng, "bricks", 0.96), roughness=0.95)
    color = linear(0.1, _between(rng, (0.02, 0.2)), _between(rng, (0.68, 0.92)))
    return Material(color=color, texture=pattern(rng, kind, 1.5), roughness=0.95)


@ROLES
def coping(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=_dull(0.6, 0.85, rng), texture=pattern(rng, "concrete", 1.2), roughness=0.9)


@ROLES
def hydrant(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue = float(rng.choice([0.0, 0.0, 0.13, 0.58]))
    return Material(color=linear(hue, 0.82, _between(rng, (0.6, 0.85))), roughness=0.45)


@ROLES
def post_paint(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue, value = ((0.0, 0.7), (0.13, 0.92), (0.6, 0.6))[int(rng.choice(3, p=[0.45, 0.4, 0.15]))]
    return Material(color=linear(hue, 0.85, value), roughness=0.4)


@ROLES
def bin_paint(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue, saturation, value = ((0.38, 0.6, 0.34), (0.1, 0.04, 0.25), (0.58, 0.08, 0.55), (0.06, 0.85, 0.88))[
        int(rng.choice(4, p=[0.35, 0.25, 0.25, 0.15]))
    ]
    return Material(color=linear(hue, saturation, value), roughness=0.5)


@ROLES
def bin_plastic(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue, saturation, value = ((0.1, 0.03, 0.22), (0.38, 0.6, 0.32), (0.07, 0.55, 0.32), (0.6, 0.65, 0.45))[
        int(rng.choice(4, p=[0.45, 0.25, 0.15, 0.15]))
    ]
    return Material(color=linear(hue, saturation, value), roughness=0.55)


@ROLES
def lid_plastic(scheme: Scheme, rng: np.random.Generator) -> Material:
    if rng.uniform() < 0.5:
        return bin_plastic(scheme, rng)
    hue, saturation = ((0.14, 0.85), (0.6, 0.8), (0.36, 0.7), (0.06, 0.6))[int(rng.integers(4))]
    return Material(color=linear(hue, saturation, _between(rng, (0.4, 0.85))), roughness=0.5)


@ROLES
def cabinet_grey(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(float(rng.choice([0.1, 0.3, 0.58])), _between(rng, (0.02, 0.12)), _between(rng, (0.5, 0.8)))
    return Material(color=color, texture=pattern(rng, "concrete", 1.5), roughness=0.6)


@ROLES
def dark_slot(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.015, 0.015, 0.016), roughness=0.6)


@ROLES
def shelter_glass(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Pale and glossy: what stands behind it is not seen."""
    return Material(color=linear(_between(rng, (0.45, 0.58)), _between(rng, (0.06, 0.14)), _between(rng, (0.62, 0.78))), roughness=0.08)


# Signs and lamps


@ROLES
def sign_face(scheme: Scheme, rng: np.random.Generator) -> Material:
    texture = Texture.of("signs", metres=SIGNS_M, resolution=512, seed=int(rng.integers(TEXTURE_SEEDS)))
    return Material(color=(0.92, 0.92, 0.92), texture=texture, roughness=0.45)


@ROLES
def sign_back(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.58, 0.04, _between(rng, (0.5, 0.66))), roughness=0.5, metallic=0.2)


@ROLES
def poster(scheme: Scheme, rng: np.random.Generator) -> Material:
    texture = Texture.of("poster", metres=POSTER_M, resolution=512, seed=int(rng.integers(TEXTURE_SEEDS)))
    return Material(color=(0.9, 0.9, 0.9), texture=texture, roughness=0.5)


@ROLES
def board_face(scheme: Scheme, rng: np.random.Generator) -> Material:
    texture = Texture.of("direction_board", metres=BOARD_M, resolution=512, seed=int(rng.integers(TEXTURE_SEEDS)))
    return Material(color=(0.9, 0.9, 0.9), texture=texture, roughness=0.5)


@ROLES
def reflector(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(0.0, 0.8, 0.8) if rng.uniform() < 0.4 else linear(0.1, 0.02, 0.93)
    return Material(color=color, roughness=0.3)


@ROLES
def lamp_glow(scheme: Scheme, rng: np.random.Generator) -> Material:
    """The glass of street lamps, as a rule not lit by day."""
    return Material(color=linear(0.12, 0.08, _between(rng, (0.75, 0.92))), roughness=0.2)


@ROLES
def signal_housing(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = float(rng.uniform())
    color = linear(0.13, 0.8, 0.85) if kind < 0.15 else linear(0.4, 0.45, 0.22) if kind < 0.35 else _dull(0.1, 0.16, rng)
    return Material(color=color, roughness=0.5)


@ROLES
def signal_lens(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.03, 0.028, 0.026), roughness=0.15)


@ROLES
def signal_red(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.3, 0.01, 0.01), roughness=0.3, emission=(1.9, 0.04, 0.02))


@ROLES
def signal_amber(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.3, 0.12, 0.01), roughness=0.3, emission=(2.1, 0.75, 0.02))


@ROLES
def signal_green(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.01, 0.3, 0.15), roughness=0.3, emission=(0.02, 1.6, 0.5))
