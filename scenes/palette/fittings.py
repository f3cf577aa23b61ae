"""What kitchens, bathrooms and the small things of a household are made of."""

from __future__ import annotations

import numpy as np

from scenes.palette import indoor
from scenes.palette.scheme import TEXTURE_SEEDS, Role, Roles, Scheme, linear, pattern
from scenes.scene import Material, Texture

ROLES = Roles()


def neutral(rng: np.random.Generator, low: float, high: float, roughness: float, metallic: float = 0.0) -> Material:
    """A grey without a cast, its lightness (as seen on a screen) between two bounds."""
    return Material(color=linear(0.1, 0.02, float(rng.uniform(low, high))), roughness=roughness, metallic=metallic)


@ROLES
def cupboard(scheme: Scheme, rng: np.random.Generator) -> Material:
    return neutral(rng, 0.75, 0.95, 0.5)


@ROLES
def kitchen_front(scheme: Scheme, rng: np.random.Generator) -> Material:
    draw = rng.uniform()
    if draw < 0.42:
        return neutral(rng, 0.82, 0.95, float(rng.uniform(0.2, 0.5)))
    if draw < 0.68:
        return Material(color=scheme.woods[0], texture=pattern(rng, "wood", 0.8), roughness=0.45)
    if draw < 0.82:
        return neutral(rng, 0.2, 0.5, 0.45)
    return Material(color=scheme.accent(rng, (0.12, 0.5), (0.4, 0.8)), roughness=0.4)


@ROLES
def worktop(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["wood", "marble", "concrete", "plain"], p=[0.4, 0.22, 0.22, 0.16]))
    if kind == "wood":
        return Material(color=scheme.woods[1], texture=pattern(rng, "wood", 0.9), roughness=0.45)
    color = linear(0.08, float(rng.uniform(0.0, 0.12)), float(rng.choice([0.22, 0.35, 0.6, 0.9])))
    texture = None if kind == "plain" else pattern(rng, kind, 1.0)
    return Material(color=color, texture=texture, roughness=float(rng.uniform(0.15, 0.45)))


@ROLES
def steel(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(
        color=linear(0.6, 0.02, float(rng.uniform(0.7, 0.82))), texture=pattern(rng, "brushed", 0.4), roughness=0.32, metallic=0.5
    )


@ROLES
def appliance(scheme: Scheme, rng: np.random.Generator) -> Material:
    draw = rng.uniform()
    if draw < 0.5:
        return neutral(rng, 0.88, 0.96, 0.3)
    if draw < 0.8:
        return steel(scheme, rng)
    if draw < 0.93:
        return neutral(rng, 0.12, 0.25, 0.25)
    return Material(color=scheme.accent(rng, (0.25, 0.6), (0.55, 0.9)), roughness=0.25)


@ROLES
def dark_glass(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.6, 0.1, float(rng.uniform(0.08, 0.17))), roughness=0.08)


@ROLES
def burner(scheme: Scheme, rng: np.random.Generator) -> Material:
    return neutral(rng, 0.22, 0.36, 0.6)


@ROLES
def rubber(scheme: Scheme, rng: np.random.Generator) -> Material:
    return neutral(rng, 0.18, 0.3, 0.85)


@ROLES
def porcelain(scheme: Scheme, rng: np.random.Generator) -> Material:
    if rng.uniform() < 0.88:
        return neutral(rng, 0.9, 0.97, 0.12)
    return Material(color=linear(float(rng.uniform()), 0.12, 0.88), roughness=0.12)


@ROLES
def seat_plastic(scheme: Scheme, rng: np.random.Generator) -> Material:
    return neutral(rng, 0.88, 0.96, 0.3) if rng.uniform() < 0.8 else indoor.wooden(scheme, rng, 0)


@ROLES
def frosted(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.5, 0.05, float(rng.uniform(0.8, 0.92))), roughness=0.6)


@ROLES
def mirror_glass(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.55, 0.04, 0.92), roughness=0.04, metallic=1.0)


@ROLES
def towel(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["carpet", "stripes", "gingham"], p=[0.7, 0.18, 0.12]))
    color = linear(0.1, 0.03, 0.93) if rng.uniform() < 0.35 else scheme.accent(rng, (0.15, 0.6), (0.5, 0.92))
    return Material(color=color, texture=pattern(rng, kind, 0.4), roughness=1.0)


@ROLES
def coat(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(float(rng.choice([0.08, 0.6, 0.02, 0.3])), float(rng.uniform(0.05, 0.55)), float(rng.uniform(0.18, 0.6)))
    return Material(color=color, texture=pattern(rng, "weave", 0.16), roughness=0.95)


@ROLES
def cookware(scheme: Scheme, rng: np.random.Generator) -> Material:
    if rng.uniform() < 0.6:
        return steel(scheme, rng)
    return Material(
        color=linear(float(rng.choice([0.0, 0.05, 0.6, 0.35])), float(rng.uniform(0.5, 0.85)), float(rng.uniform(0.3, 0.8))), roughness=0.25
    )


@ROLES
def pan(scheme: Scheme, rng: np.random.Generator) -> Material:
    return neutral(rng, 0.12, 0.24, 0.5) if rng.uniform() < 0.7 else steel(scheme, rng)


@ROLES
def drinking_glass(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Glass is not see-through here: pale, a little tinted, shiny."""
    hue, saturation = float(rng.uniform(0.3, 0.6)), float(rng.choice([0.04, 0.08, 0.3], p=[0.5, 0.35, 0.15]))
    return Material(color=linear(hue, saturation, float(rng.uniform(0.72, 0.9))), roughness=0.06)


@ROLES
def bottle_glass(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue, saturation, value = ((0.3, 0.6, 0.28), (0.28, 0.4, 0.5), (0.07, 0.75, 0.3), (0.5, 0.06, 0.85), (0.58, 0.35, 0.7))[
        int(rng.integers(5))
    ]
    return Material(color=linear(hue, saturation, value), roughness=0.07)


@ROLES
def label(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.95, 0.94, 0.92), texture=Texture.of("label", seed=int(rng.integers(TEXTURE_SEEDS))), roughness=0.7)


@ROLES
def carton_print(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.95, 0.95, 0.95), texture=Texture.of("packaging", seed=int(rng.integers(2 * TEXTURE_SEEDS))), roughness=0.5)


@ROLES
def cap(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(float(rng.uniform()), float(rng.choice([0.05, 0.7])), float(rng.uniform(0.3, 0.85)))
    return Material(color=color, roughness=0.35)


@ROLES
def apple(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue, value = (float(rng.uniform(-0.02, 0.03)), 0.75) if rng.uniform() < 0.6 else (float(rng.uniform(0.17, 0.26)), 0.8)
    return Material(color=linear(hue, 0.75, value), texture=pattern(rng, "noise", 0.3), roughness=0.3)


@ROLES
def orange(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(float(rng.uniform(0.07, 0.13)), 0.88, 0.95), texture=pattern(rng, "plaster", 0.1), roughness=0.5)


@ROLES
def pear(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(float(rng.uniform(0.13, 0.22)), 0.6, 0.8), texture=pattern(rng, "noise", 0.3), roughness=0.45)


@ROLES
def wicker(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(0.09, float(rng.uniform(0.15, 0.5)), float(rng.uniform(0.45, 0.9)))
    return Material(color=color, texture=pattern(rng, "wicker", 0.12), roughness=0.85)


@ROLES
def bin(scheme: Scheme, rng: np.random.Generator) -> Material:
    return steel(scheme, rng) if rng.uniform() < 0.4 else cap(scheme, rng)


@ROLES
def backpack(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(float(rng.uniform()), float(rng.uniform(0.2, 0.75)), float(rng.uniform(0.25, 0.75)))
    return Material(color=color, texture=pattern(rng, "weave", 0.12), roughness=0.9)


@ROLES
def shoe_upper(scheme: Scheme, rng: np.random.Generator) -> Material:
    if rng.uniform() < 0.5:
        return indoor.leather(scheme, rng)
    color = linear(float(rng.uniform()), float(rng.choice([0.05, 0.65])), float(rng.uniform(0.3, 0.95)))
    return Material(color=color, texture=pattern(rng, "weave", 0.08), roughness=0.9)


@ROLES
def wax(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(float(rng.uniform(0.0, 0.15)), float(rng.choice([0.08, 0.15, 0.7])), 0.9), roughness=0.5)


@ROLES
def flame(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.9, 0.7, 0.4), roughness=0.8, emission=(2.6, 1.7, 0.7))


@ROLES
def tissue_print(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["dots", "stripes", "gingham", "noise"]))
    return Material(color=scheme.accent(rng, (0.1, 0.6), (0.7, 0.95)), texture=pattern(rng, kind, 0.15), roughness=0.6)


@ROLES
def umbrella(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(float(rng.uniform()), float(rng.uniform(0.1, 0.8)), float(rng.uniform(0.2, 0.7))), roughness=0.7)


@ROLES
def keys(scheme: Scheme, rng: np.random.Generator) -> Material:
    return neutral(rng, 0.12, 0.25, 0.6) if rng.uniform() < 0.6 else neutral(rng, 0.8, 0.95, 0.6)


@ROLES
def cover_print(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.95, 0.95, 0.95), texture=Texture.of("cover", seed=int(rng.integers(2 * TEXTURE_SEEDS))), roughness=0.45)


@ROLES
def page(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.95, 0.93, 0.88), texture=Texture.of("page", seed=int(rng.integers(TEXTURE_SEEDS))), roughness=0.85)


@ROLES
def pencil(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(float(rng.uniform()), 0.7, float(rng.uniform(0.4, 0.95))), roughness=0.4)


def _toy(hue: float) -> Role:
    """Painted wood or plastic in a primary colour."""

    def material(scheme: Scheme, rng: np.random.Generator) -> Material:
        return Material(
            color=linear(hue + float(rng.normal(0, 0.008)), float(rng.uniform(0.65, 0.9)), float(rng.uniform(0.7, 0.95))), roughness=0.35
        )

    return material


ROLES.update(toy_red=_toy(0.0), toy_orange=_toy(0.07), toy_yellow=_toy(0.14), toy_blue=_toy(0.6))


@ROLES
def toy_paint(scheme: Scheme, rng: np.random.Generator) -> Material:
    return _toy(float(rng.uniform()))(scheme, rng)


@ROLES
def toy_black(scheme: Scheme, rng: np.random.Generator) -> Material:
    return neutral(rng, 0.05, 0.12, 0.2)


@ROLES
def plush(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(float(rng.uniform(0.05, 0.1)), float(rng.uniform(0.2, 0.65)), float(rng.uniform(0.35, 0.85)))
    return Material(color=color, texture=pattern(rng, "carpet", 0.15), roughness=1.0)


@ROLES
def muzzle(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.09, 0.2, 0.9), texture=pattern(rng, "carpet", 0.15), roughness=1.0)


@ROLES
def guitar_neck(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.06, 0.5, float(rng.uniform(0.12, 0.3))), roughness=0.5)


@ROLES
def world_map(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.95, 0.95, 0.95), texture=Texture.of("world_map", seed=int(rng.integers(4))), roughness=0.35)


@ROLES
def blind(scheme: Scheme, rng: np.random.Generator) -> Material:
    draw = rng.uniform()
    if draw < 0.6:
        return neutral(rng, 0.8, 0.95, 0.5)
    return indoor.wooden(scheme, rng, 0) if draw < 0.8 else Material(color=scheme.accent(rng, (0.1, 0.4), (0.5, 0.85)), roughness=0.5)


@ROLES
def shower_curtain(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["plaster", "stripes", "dots", "gingham"], p=[0.4, 0.25, 0.2, 0.15]))
    return Material(color=linear(scheme.hues[0], float(rng.uniform(0.0, 0.3)), 0.93), texture=pattern(rng, kind, 0.7), roughness=0.7)


@ROLES
def towel_band(scheme: Scheme, rng: np.random.Generator) -> Material:
    return towel(scheme, rng)
