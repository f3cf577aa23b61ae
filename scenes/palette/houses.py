"""What houses have that single rooms have not: tiled rooms, facades, and windows by night."""

from __future__ import annotations

import numpy as np

from scenes.palette.indoor import WOODS
from scenes.palette.scheme import Roles, Scheme, linear, pattern
from scenes.scene import Material, Texture

ROLES = Roles()


@ROLES
def wet_floor(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Floors of kitchens and bathrooms."""
    kind = str(rng.choice(["tiles", "marble", "checker"], p=[0.72, 0.18, 0.1]))
    metres = round(float(rng.uniform(0.9, 2.0)) if kind == "tiles" else float(rng.uniform(0.6, 1.2)), 2)
    tone = linear(float(rng.uniform(0.04, 0.14)), float(rng.uniform(0.0, 0.18)), float(rng.choice([0.4, 0.62, 0.8, 0.92])))
    return Material(color=tone, texture=pattern(rng, kind, metres) if kind != "checker" else None, roughness=float(rng.uniform(0.2, 0.5)))


@ROLES
def wet_wall(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Walls of bathrooms: small tiles, white or in a pale colour."""
    pale = rng.uniform() < 0.55
    hue = float(rng.choice([0.08, 0.12, 0.5, 0.58, 0.35])) + float(rng.normal(0, 0.02))
    color = linear(0.1, 0.03, 0.93) if pale else linear(hue, float(rng.uniform(0.08, 0.3)), float(rng.uniform(0.65, 0.9)))
    if rng.uniform() < 0.55:
        return Material(color=color, texture=_oblong(rng), roughness=0.2)
    return Material(color=color, texture=pattern(rng, "tiles", round(float(rng.uniform(0.4, 1.2)), 2)), roughness=0.25)


def _oblong(rng: np.random.Generator) -> Texture:
    """Tiles twice as long as high, 7.5 to 20 cm high, eight rows a repeat."""
    return pattern(rng, "wall_tiles", float(rng.choice([0.6, 0.8, 1.2, 1.6])))


@ROLES
def splashback(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Behind the worktop of a kitchen: mostly tiles, or one sheet of stone, steel or painted glass."""
    draw = rng.uniform()
    if draw < 0.65:
        color = linear(0.1, 0.03, 0.93) if rng.uniform() < 0.5 else scheme.accent(rng, (0.08, 0.45), (0.5, 0.92))
        return Material(color=color, texture=_oblong(rng), roughness=0.2)
    if draw < 0.8:
        return Material(color=linear(0.08, 0.05, float(rng.choice([0.35, 0.6, 0.92]))), texture=pattern(rng, "marble", 1.0), roughness=0.25)
    if draw < 0.88:
        return Material(color=linear(0.6, 0.02, 0.78), texture=pattern(rng, "brushed", 0.4), roughness=0.32, metallic=0.5)
    return Material(color=scheme.accent(rng, (0.05, 0.5), (0.4, 0.9)), roughness=0.08)


@ROLES
def living_floor(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Floors of rooms to live and work in, and of corridors: mostly wood."""
    if rng.uniform() < 0.82:
        kind = "planks" if rng.uniform() < 0.75 else "parquet"
        color = WOODS[int(rng.integers(len(WOODS)))]
        return Material(color=color, texture=pattern(rng, kind, 1.3), roughness=float(rng.uniform(0.35, 0.7)))
    return wet_floor(scheme, rng)


@ROLES
def house_front(scheme: Scheme, rng: np.random.Generator) -> Material:
    """Outer walls: render or bricks."""
    if rng.uniform() < 0.6:
        color = linear(float(rng.uniform(0.05, 0.14)), float(rng.uniform(0.0, 0.3)), float(rng.uniform(0.75, 0.95)))
        return Material(color=color, texture=pattern(rng, "plaster", 2.0), roughness=0.95)
    return Material(color=linear(0.04, float(rng.uniform(0.1, 0.5)), 0.9), texture=pattern(rng, "bricks", 0.96), roughness=0.95)


@ROLES
def night_outlook(scheme: Scheme, rng: np.random.Generator) -> Material:
    """What a window shows by night: next to nothing."""
    level = float(rng.uniform(0.01, 0.05))
    return Material(color=(0.01, 0.01, 0.012), roughness=0.1, emission=(round(0.4 * level, 4), round(0.6 * level, 4), round(level, 4)))
