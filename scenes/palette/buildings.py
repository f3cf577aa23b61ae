"""What buildings, roads and pavements are made of."""

from __future__ import annotations

import numpy as np

from scenes.palette.scheme import Roles, Scheme, linear, pattern
from scenes.scene import Color, Material, Texture
from scenes.textures.facades import BRICK_M, BRICK_TONES, COURSE_M, SIGN_M

ROLES = Roles()
SEEDS = 3  # variants of large pictures; tones and colours vary on top
_BRICK_METRES = 3.0


def _grey(rng: np.random.Generator, low: float, high: float, saturation: float = 0.08) -> Color:
    """A grey, bluish or brownish, of a screen value between low and high."""
    return linear(float(rng.choice([0.09, 0.1, 0.6])), float(rng.uniform(0, saturation)), float(rng.uniform(low, high)))


def _large(rng: np.random.Generator, kind: str, metres: float, **parameters: int | float) -> Texture:
    """A variant of a pattern at double resolution."""
    return Texture.of(kind, metres=metres, resolution=512, seed=int(rng.integers(SEEDS)), **parameters)


# Walls


def _brick(rng: np.random.Generator, tones: tuple[int, ...]) -> Material:
    rows, columns = round(_BRICK_METRES / COURSE_M), round(_BRICK_METRES / BRICK_M)
    texture = _large(rng, "brickwork", _BRICK_METRES, rows=rows, columns=columns, tone=int(rng.choice(tones)))
    light = float(rng.uniform(0.8, 1.0))
    return Material(
        color=(light, round(light * float(rng.uniform(0.93, 1.0)), 4), round(light * float(rng.uniform(0.88, 1.0)), 4)),
        texture=texture,
        roughness=0.9,
    )


def _render(rng: np.random.Generator) -> Material:
    warm = rng.uniform() < 0.75
    hue = float(rng.uniform(0.06, 0.15) if warm else rng.choice([0.0, 0.03, 0.3, 0.55, 0.6]))
    color = linear(hue, float(rng.uniform(0.02, 0.28 if warm else 0.13)), float(rng.uniform(0.74, 0.95)))
    return Material(color=color, texture=pattern(rng, "render", 4.0), roughness=0.95)


def _stone(rng: np.random.Generator, kind: str) -> Material:
    color = linear(float(rng.uniform(0.07, 0.13)), float(rng.uniform(0.05, 0.3)), float(rng.uniform(0.68, 0.92)))
    return Material(color=color, texture=pattern(rng, kind, 2.4), roughness=0.9)


def _boards(rng: np.random.Generator) -> Material:
    hue = float(rng.choice([0.1, 0.13, 0.58, 0.38, 0.02]))
    strong = rng.uniform() < 0.25
    color = linear(
        hue,
        float(rng.uniform(0.2, 0.4) if strong else rng.uniform(0.0, 0.14)),
        float(rng.uniform(0.5, 0.7) if strong else rng.uniform(0.78, 0.97)),
    )
    return Material(color=color, texture=pattern(rng, "clapboard", 2.4), roughness=0.75)


@ROLES
def facade(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["brick", "render", "boards", "stone"], p=[0.46, 0.32, 0.12, 0.1]))
    if kind == "brick":
        return _brick(rng, tuple(range(BRICK_TONES)))
    return {"render": _render, "boards": _boards}.get(kind, lambda r: _stone(r, "rubble"))(rng)


@ROLES
def facade_town(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["brick", "render", "stone"], p=[0.5, 0.36, 0.14]))
    if kind == "brick":
        return _brick(rng, (0, 1, 2, 3, 4))
    return _render(rng) if kind == "render" else _stone(rng, "ashlar")


@ROLES
def facade_office(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["concrete", "panels", "brick", "stone"], p=[0.35, 0.3, 0.2, 0.15]))
    if kind == "brick":
        return _brick(rng, (0, 1, 2, 5))
    if kind == "stone":
        return _stone(rng, "ashlar")
    if kind == "panels":
        return Material(
            color=_grey(rng, 0.45, 0.95, 0.15), texture=Texture.of("slabs", metres=3.0, seed=int(rng.integers(SEEDS))), roughness=0.5
        )
    return Material(color=_grey(rng, 0.6, 0.85), texture=pattern(rng, "render", 4.0), roughness=0.9)


@ROLES
def facade_shed(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue, strength = float(rng.choice([0.6, 0.1, 0.35, 0.02])), float(rng.choice([0.04, 0.1, 0.28]))
    color = linear(hue, strength, float(rng.uniform(0.55, 0.92)))
    return Material(color=color, texture=pattern(rng, "sheet_metal", 2.0), roughness=0.5)


@ROLES
def facade_church(scheme: Scheme, rng: np.random.Generator) -> Material:
    return _stone(rng, str(rng.choice(["rubble", "ashlar"]))) if rng.uniform() < 0.7 else _brick(rng, (0, 1, 2, 4))


@ROLES
def plinth(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=_grey(rng, 0.35, 0.65), texture=pattern(rng, "render", 3.0), roughness=0.95)


@ROLES
def stone_trim(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=_grey(rng, 0.62, 0.92, 0.12), texture=pattern(rng, "render", 2.0), roughness=0.9)


@ROLES
def chimney(scheme: Scheme, rng: np.random.Generator) -> Material:
    return _brick(rng, (1, 2, 3, 4, 5))


# Roofs


def _roof_color(rng: np.random.Generator) -> Color:
    """Red, brown or grey, as roofs are."""
    draw = rng.uniform()
    if draw < 0.45:
        return linear(float(rng.uniform(0.02, 0.05)), float(rng.uniform(0.4, 0.62)), float(rng.uniform(0.5, 0.72)))
    if draw < 0.65:
        return linear(float(rng.uniform(0.04, 0.08)), float(rng.uniform(0.2, 0.4)), float(rng.uniform(0.32, 0.5)))
    return linear(0.6, float(rng.uniform(0.02, 0.14)), float(rng.uniform(0.28, 0.5)))


@ROLES
def roof(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["roof_tiles", "slates"], p=[0.6, 0.4]))
    return Material(color=_roof_color(rng), texture=pattern(rng, kind, 3.0), roughness=0.85)


@ROLES
def roof_flat(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=_grey(rng, 0.35, 0.6), texture=pattern(rng, "asphalt", 4.0), roughness=0.95)


@ROLES
def roof_metal(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=_grey(rng, 0.45, 0.8, 0.15), texture=pattern(rng, "sheet_metal", 2.0), roughness=0.5)


@ROLES
def eaves(scheme: Scheme, rng: np.random.Generator) -> Material:
    pale = rng.uniform() < 0.55
    return Material(color=_grey(rng, 0.75, 0.95, 0.04) if pale else _grey(rng, 0.12, 0.35, 0.35), roughness=0.6)


# Windows, doors, shops


@ROLES
def window_glass(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(float(rng.uniform(0.54, 0.6)), float(rng.uniform(0.1, 0.3)), float(rng.uniform(0.32, 0.5)))
    return Material(color=color, texture=pattern(rng, "glazing", 4.0), roughness=0.08)


@ROLES
def window_curtain(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue = float(rng.choice([0.1, 0.1, rng.uniform()]))
    return Material(color=linear(hue, float(rng.uniform(0.02, 0.2)), float(rng.uniform(0.5, 0.8))), roughness=0.5)


@ROLES
def window_frame(scheme: Scheme, rng: np.random.Generator) -> Material:
    draw = rng.uniform()
    if draw < 0.68:
        return Material(color=linear(0.12, 0.02, float(rng.uniform(0.85, 0.96))), roughness=0.5)
    if draw < 0.85:
        return Material(color=linear(0.07, float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.25, 0.45))), roughness=0.6)
    return Material(color=_grey(rng, 0.12, 0.3), roughness=0.5)


@ROLES
def front_door(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue, value = float(rng.choice([0.0, 0.33, 0.6, 0.07, 0.07, 0.95, 0.5])), float(rng.uniform(0.2, 0.6))
    return Material(color=linear(hue, float(rng.uniform(0.3, 0.8)), value), roughness=0.45)


@ROLES
def shed_door(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = (
        _grey(rng, 0.5, 0.92) if rng.uniform() < 0.6 else linear(float(rng.choice([0.58, 0.35, 0.02])), 0.5, float(rng.uniform(0.3, 0.6)))
    )
    return Material(color=color, roughness=0.5)


@ROLES
def shop_front(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(float(rng.uniform()), float(rng.uniform(0.2, 0.75)), float(rng.uniform(0.15, 0.6))), roughness=0.4)


@ROLES
def shop_sign(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=(0.92, 0.92, 0.92), texture=_large(rng, "sign_boards", SIGN_M[0]), roughness=0.5)


@ROLES
def awning(scheme: Scheme, rng: np.random.Generator) -> Material:
    color = linear(float(rng.choice([0.0, 0.35, 0.6, 0.1, 0.95])), float(rng.uniform(0.3, 0.75)), float(rng.uniform(0.5, 0.9)))
    return Material(color=color, texture=pattern(rng, "stripes", 1.6) if rng.uniform() < 0.5 else None, roughness=0.9)


@ROLES
def railing(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=_grey(rng, 0.1, 0.3) if rng.uniform() < 0.6 else _grey(rng, 0.7, 0.95), roughness=0.5)


# The street


@ROLES
def asphalt(scheme: Scheme, rng: np.random.Generator) -> Material:
    patched = int(rng.uniform() < 0.3)
    texture = _large(rng, "asphalt", 7.0 if patched else 5.0, age=round(float(rng.choice([0.15, 0.5, 0.9])), 2), patches=patched)
    return Material(color=_grey(rng, 0.36, 0.58, 0.09), texture=texture, roughness=0.9)


@ROLES
def pavement(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["paving", "slabs", "asphalt"], p=[0.65, 0.15, 0.2]))
    metres = {"paving": 2.4, "slabs": 4.0, "asphalt": 4.0}[kind]
    value = (0.4, 0.6) if kind == "asphalt" else (0.6, 0.85)
    return Material(color=_grey(rng, *value, 0.12), texture=Texture.of(kind, metres=metres, seed=int(rng.integers(SEEDS))), roughness=0.9)


@ROLES
def kerb_stone(scheme: Scheme, rng: np.random.Generator) -> Material:
    texture = Texture.of("ashlar", metres=3.6, seed=int(rng.integers(SEEDS)), variety=0.025)
    return Material(color=_grey(rng, 0.6, 0.82, 0.06), texture=texture, roughness=0.9)


@ROLES
def cobbles(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=_grey(rng, 0.45, 0.75, 0.12), texture=_large(rng, "setts", 2.0), roughness=0.8)


@ROLES
def road_patch(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Where the road was opened and closed again: newer and darker, or older and paler tar."""
    texture = _large(rng, "asphalt", 5.0, age=0.15)
    return Material(color=_grey(rng, *((0.24, 0.34) if rng.uniform() < 0.7 else (0.5, 0.62)), 0.06), texture=texture, roughness=0.9)


@ROLES
def manhole(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.07, 0.12, float(rng.uniform(0.2, 0.34))), texture=Texture.of("checker", metres=0.12), roughness=0.5)


@ROLES
def driveway(scheme: Scheme, rng: np.random.Generator) -> Material:
    draw = rng.uniform()
    if draw < 0.4:
        return Material(color=_grey(rng, 0.5, 0.75), texture=Texture.of("slabs", metres=5.0, seed=int(rng.integers(SEEDS))), roughness=0.9)
    return cobbles(scheme, rng) if draw < 0.7 else asphalt(scheme, rng)


def _paint(rng: np.random.Generator, color: Color) -> Material:
    wear = round(float(rng.choice([0.2, 0.5, 0.8])), 2)
    return Material(color=color, texture=Texture.of("road_paint", metres=2.0, seed=int(rng.integers(SEEDS)), wear=wear), roughness=0.7)


@ROLES
def road_paint(scheme: Scheme, rng: np.random.Generator) -> Material:
    return _paint(rng, linear(0.12, 0.03, float(rng.uniform(0.82, 0.97))))


@ROLES
def zebra_paint(scheme: Scheme, rng: np.random.Generator) -> Material:
    return road_paint(scheme, rng)


@ROLES
def road_paint_yellow(scheme: Scheme, rng: np.random.Generator) -> Material:
    return _paint(rng, linear(float(rng.uniform(0.11, 0.14)), float(rng.uniform(0.6, 0.8)), float(rng.uniform(0.8, 0.95))))
