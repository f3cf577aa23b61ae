"""What things indoors are made of: the material of every role that slots of indoor shapes name."""

from __future__ import annotations

import numpy as np

from scenes.palette.scheme import PAINTING_SEEDS, TEXTURE_SEEDS, WOODS, Roles, Scheme, linear, pattern
from scenes.scene import Material, Texture

ROLES = Roles()


# Surfaces of the room


@ROLES
def wall(scheme: Scheme, rng: np.random.Generator) -> Material:
    strength = 0.2 if 0.2 < scheme.wall_hue < 0.5 else 0.32  # greens look stronger than they are
    saturation, value = strength * scheme.tint, 0.94 - 0.16 * scheme.tint + float(rng.normal(0, 0.005))
    return Material(color=linear(scheme.wall_hue, saturation, value), texture=pattern(rng, "plaster", 2.0), roughness=0.9)


@ROLES
def accent_wall(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["plaster", "stripes", "dots", "bricks", "wood"], p=[0.5, 0.15, 0.15, 0.12, 0.08]))
    if kind == "plaster":
        color = linear(scheme.hues[0], float(rng.uniform(0.12, 0.4)), float(rng.uniform(0.5, 0.85)))
    elif kind == "bricks":
        color = linear(0.04, float(rng.uniform(0.0, 0.5)), float(rng.uniform(0.75, 1.0)))
    elif kind == "wood":
        color = scheme.woods[1]
    else:
        color = linear(scheme.wall_hue, float(rng.uniform(0.0, 0.2)), float(rng.uniform(0.85, 0.98)))
    metres = {
        "plaster": 2.0,
        "stripes": float(rng.uniform(0.5, 1.2)),
        "dots": float(rng.uniform(0.6, 1.2)),
        "bricks": 0.96,
        "wood": 1.2,
    }
    return Material(color=color, texture=pattern(rng, kind, round(metres[kind], 2)), roughness=0.9)


@ROLES
def ceiling(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.1, 0.02, float(rng.uniform(0.92, 0.98))), texture=pattern(rng, "plaster", 2.5), roughness=0.95)


@ROLES
def floor(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["planks", "parquet", "tiles", "carpet", "concrete", "marble"], p=[0.46, 0.12, 0.14, 0.16, 0.06, 0.06]))
    metres = {"planks": 1.3, "parquet": 1.2, "tiles": 1.6, "carpet": 1.0, "concrete": 2.0, "marble": 2.0}[kind]
    if kind in ("planks", "parquet"):
        color = WOODS[int(rng.integers(len(WOODS)))]
        return Material(color=color, texture=pattern(rng, kind, metres), roughness=float(rng.uniform(0.35, 0.7)))
    if kind == "carpet":
        color = linear(float(rng.uniform()), float(rng.uniform(0.0, 0.3)), float(rng.uniform(0.45, 0.85)))
        return Material(color=color, texture=pattern(rng, kind, metres), roughness=1.0)
    color = linear(float(rng.uniform(0.04, 0.14)), float(rng.uniform(0.0, 0.25)), float(rng.uniform(0.55, 0.95)))
    return Material(color=color, texture=pattern(rng, kind, metres), roughness=float(rng.uniform(0.25, 0.6)))


@ROLES
def trim(scheme: Scheme, rng: np.random.Generator) -> Material:
    if scheme.trim_white:
        return Material(color=linear(0.1, 0.03, 0.93), roughness=0.5)
    return wood(scheme, rng)


@ROLES
def radiator(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.1, 0.03, float(rng.uniform(0.86, 0.95))), roughness=0.4)


@ROLES
def door(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.1, 0.04, 0.9), roughness=0.5) if rng.uniform() < 0.5 else wooden(scheme, rng, 0)


@ROLES
def outlook(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Through a window; brighter than the room, as a camera set to the room sees it."""
    level, warm = float(rng.uniform(1.0, 1.7)), float(rng.uniform(-0.05, 0.05))
    emission = (round(level * (1 + warm), 4), round(level, 4), round(level * (1 - warm), 4))
    texture = Texture.of("outlook", seed=int(rng.integers(TEXTURE_SEEDS)))
    return Material(color=(0.0, 0.0, 0.0), texture=texture, roughness=1.0, emission=emission)


# Furniture


def wooden(scheme: Scheme, rng: np.random.Generator, which: int) -> Material:
    return Material(color=scheme.woods[which], texture=pattern(rng, "wood", 0.8), roughness=float(rng.uniform(0.4, 0.7)))


@ROLES
def wood(scheme: Scheme, rng: np.random.Generator) -> Material:
    draw = rng.uniform()
    if draw < 0.8:
        return wooden(scheme, rng, 0 if draw < 0.55 else 1)
    return Material(color=linear(0.1, 0.03, float(rng.choice([0.93, 0.9, 0.25]))), roughness=0.45)


@ROLES
def front(scheme: Scheme, rng: np.random.Generator) -> Material:
    draw = rng.uniform()
    if draw < 0.55:
        return wooden(scheme, rng, 0 if draw < 0.4 else 1)
    if draw < 0.8:
        return Material(color=linear(0.1, 0.03, float(rng.uniform(0.85, 0.95))), roughness=0.4)
    return Material(color=scheme.accent(rng, (0.15, 0.5), (0.45, 0.8)), roughness=0.5)


@ROLES
def back(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.1, 0.05, float(rng.uniform(0.5, 0.9))), roughness=0.8)


@ROLES
def base(scheme: Scheme, rng: np.random.Generator) -> Material:
    return wood(scheme, rng) if rng.uniform() < 0.6 else metal(scheme, rng)


@ROLES
def metal(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Chrome, brushed steel, black or white powder coat, now and then brass."""
    kind = str(rng.choice(["chrome", "brushed", "black", "white", "brass"], p=[0.3, 0.25, 0.22, 0.1, 0.13]))
    if kind == "black":
        return Material(color=linear(0.1, 0.03, float(rng.uniform(0.12, 0.25))), roughness=0.5, metallic=0.1)
    if kind == "white":
        return Material(color=linear(0.1, 0.03, float(rng.uniform(0.85, 0.95))), roughness=0.45)
    color = linear(0.11, 0.4, 0.75) if kind == "brass" else linear(0.6, 0.02, float(rng.uniform(0.68, 0.85)))
    texture = pattern(rng, "brushed", 0.3) if kind == "brushed" else None
    return Material(color=color, texture=texture, roughness=0.2 if kind == "chrome" else 0.35, metallic=0.5)


@ROLES
def plastic(scheme: Scheme, rng: np.random.Generator) -> Material:
    value = float(rng.uniform(0.1, 0.25)) if rng.uniform() < 0.75 else float(rng.uniform(0.5, 0.93))
    return Material(color=linear(0.6, 0.04, value), roughness=0.4)


@ROLES
def seat(scheme: Scheme, rng: np.random.Generator) -> Material:
    return fabric(scheme, rng) if rng.uniform() < 0.75 else leather(scheme, rng)


@ROLES
def fabric(scheme: Scheme, rng: np.random.Generator) -> Material:
    if rng.uniform() < 0.18:
        return leather(scheme, rng)
    muted = rng.uniform() < 0.45
    color = (
        linear(0.1, float(rng.uniform(0.0, 0.18)), float(rng.uniform(0.35, 0.88)))
        if muted
        else scheme.accent(rng, (0.25, 0.6), (0.35, 0.8))
    )
    return Material(color=color, texture=pattern(rng, "weave", 0.22), roughness=0.95)


@ROLES
def leather(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(float(rng.uniform(0.03, 0.08)), float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.2, 0.55)))
    return Material(color=color, texture=pattern(rng, "concrete", 0.6), roughness=0.45)


@ROLES
def mattress(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.1, 0.03, float(rng.uniform(0.88, 0.96))), texture=pattern(rng, "weave", 0.3), roughness=0.95)


@ROLES
def linen(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(0.1, 0.03, 0.94) if rng.uniform() < 0.6 else scheme.accent(rng, (0.05, 0.3), (0.75, 0.95))
    return Material(color=color, texture=pattern(rng, "plaster", 0.7), roughness=0.95)


@ROLES
def blanket(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["weave", "gingham", "stripes", "dots", "carpet"], p=[0.4, 0.18, 0.18, 0.12, 0.12]))
    color = scheme.accent(rng, (0.15, 0.55), (0.45, 0.9)) if kind in ("weave", "carpet") else linear(scheme.hues[0], 0.06, 0.93)
    metres = {"weave": 0.3, "gingham": 0.9, "stripes": 1.1, "dots": 0.7, "carpet": 0.5}[kind]
    return Material(color=color, texture=pattern(rng, kind, metres), roughness=0.95)


@ROLES
def curtain(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["weave", "stripes", "plaster"], p=[0.5, 0.15, 0.35]))
    color = scheme.accent(rng, (0.1, 0.45), (0.5, 0.92)) if rng.uniform() < 0.6 else linear(0.1, 0.06, float(rng.uniform(0.75, 0.95)))
    return Material(color=color, texture=pattern(rng, kind, 0.4 if kind == "weave" else 0.8), roughness=0.95)


@ROLES
def rug(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["kilim", "berber", "carpet", "stripes", "gingham"], p=[0.4, 0.2, 0.2, 0.12, 0.08]))
    if kind in ("kilim", "stripes", "gingham"):
        return Material(color=(0.85, 0.83, 0.8), texture=pattern(rng, kind, float(rng.choice([0.7, 1.0, 1.4]))), roughness=1.0)
    color = linear(0.1, 0.08, 0.92) if kind == "berber" else scheme.accent(rng, (0.1, 0.6), (0.35, 0.85))
    return Material(color=color, texture=pattern(rng, kind, 1.0), roughness=1.0)


@ROLES
def rug_border(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=scheme.accent(rng, (0.2, 0.6), (0.25, 0.7)), texture=pattern(rng, "carpet", 0.6), roughness=1.0)


# Small things


@ROLES
def ceramic(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Mostly white, cream and stoneware; now and then a strong glaze."""
    draw = rng.uniform()
    if draw < 0.45:
        return Material(color=linear(0.1, float(rng.uniform(0.02, 0.12)), float(rng.uniform(0.86, 0.96))), roughness=0.2)
    if draw < 0.65:
        stone = linear(float(rng.uniform(0.05, 0.12)), float(rng.uniform(0.08, 0.35)), float(rng.uniform(0.3, 0.8)))
        return Material(color=stone, texture=pattern(rng, "concrete", 0.3), roughness=0.5)
    return Material(color=scheme.accent(rng, (0.15, 0.65), (0.35, 0.9)), roughness=0.2)


@ROLES
def pot(scheme: Scheme, rng: np.random.Generator) -> Material:
    return ceramic(scheme, rng) if rng.uniform() < 0.6 else Material(color=linear(0.05, 0.55, 0.7), roughness=0.9)


@ROLES
def soil(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.07, 0.45, 0.25), texture=pattern(rng, "carpet", 0.3), roughness=1.0)


@ROLES
def leaf(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(float(rng.uniform(0.22, 0.38)), float(rng.uniform(0.45, 0.75)), float(rng.uniform(0.4, 0.75)))
    return Material(color=color, texture=pattern(rng, "foliage", 0.3), roughness=0.6)


@ROLES
def spines(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.95, 0.93, 0.9), texture=pattern(rng, "spines", 1.0), roughness=0.6)


@ROLES
def paper(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.12, 0.1, float(rng.uniform(0.85, 0.93))), roughness=0.9)


@ROLES
def canvas(scheme: Scheme, rng: np.random.Generator) -> Material:
    """A painting, or now and then a landscape."""
    landscape, seed = rng.uniform() < 0.2, int(rng.integers(PAINTING_SEEDS))
    texture = Texture.of("outlook", seed=seed % TEXTURE_SEEDS) if landscape else Texture.of("painting", seed=seed)
    return Material(color=(0.92, 0.92, 0.92), texture=texture, roughness=0.7)


@ROLES
def photograph(scheme: Scheme, rng: np.random.Generator) -> Material:
    shade = linear(0.08, float(rng.choice([0.03, 0.3], p=[0.75, 0.25])), 0.95)  # some are sepia
    return Material(color=shade, texture=Texture.of("outlook", seed=int(rng.integers(TEXTURE_SEEDS))), roughness=0.3)


@ROLES
def dial(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.1, 0.02, float(rng.choice([0.95, 0.95, 0.2]))), roughness=0.5)


@ROLES
def mount(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.12, 0.03, float(rng.uniform(0.85, 0.96))), roughness=0.9)


@ROLES
def frame(scheme: Scheme, rng: np.random.Generator) -> Material:
    draw = rng.uniform()
    if draw < 0.4:
        return wooden(scheme, rng, int(rng.integers(2)))
    return Material(color=linear(0.12, 0.05 if draw < 0.85 else 0.5, float(rng.choice([0.1, 0.93, 0.7]))), roughness=0.4)


@ROLES
def screen(scheme: Scheme, rng: np.random.Generator) -> Material:
    if rng.uniform() < 0.35:
        return Material(color=(0.012, 0.012, 0.014), roughness=0.15)
    return Material(color=(1.0, 1.0, 1.0), texture=Texture.of("screen", seed=int(rng.integers(TEXTURE_SEEDS))), roughness=0.2)


@ROLES
def shade(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(0.1, float(rng.uniform(0.03, 0.35)), float(rng.uniform(0.8, 0.95)))
    r, g, b = (round(0.35 * k, 4) for k in color)
    return Material(color=color, texture=pattern(rng, "weave", 0.2), roughness=0.95, emission=(r, g, b))


@ROLES
def bulb(scheme: Scheme, rng: np.random.Generator) -> Material:
    warm = float(rng.uniform(0.6, 0.95))
    return Material(color=(0.9, 0.9, 0.9), roughness=0.5, emission=(2.5, 2.3, round(2.4 * warm, 4)))


@ROLES
def ball(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["stripes", "checker", "dots"]))
    color = linear(float(rng.uniform()), float(rng.uniform(0.4, 0.85)), float(rng.uniform(0.6, 0.95)))
    texture = Texture.of("checker", metres=0.4) if kind == "checker" else pattern(rng, kind, 0.3)
    return Material(color=color, texture=texture, roughness=0.5)


@ROLES
def cardboard(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.09, 0.42, float(rng.uniform(0.6, 0.75))), texture=pattern(rng, "plaster", 0.5), roughness=0.9)


@ROLES
def tape(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.1, 0.3, float(rng.uniform(0.6, 0.85))), roughness=0.3)
