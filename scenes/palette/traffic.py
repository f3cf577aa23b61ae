"""What vehicles, cycles and the clothes of people in the street are made of."""

from __future__ import annotations

import numpy as np

from scenes.palette.scheme import Roles, Scheme, linear, pattern
from scenes.scene import Material

ROLES = Roles()

# Paints (hue, saturation, value as seen on a screen) and their rough share of new cars in Europe in the 2020s.
_PAINTS = (
    (0.12, 0.02, 0.87, 0.27),  # white
    (0.6, 0.03, 0.45, 0.25),  # grey
    (0.65, 0.1, 0.19, 0.21),  # black
    (0.6, 0.02, 0.72, 0.09),  # silver
    (0.61, 0.75, 0.5, 0.1),  # blue
    (0.995, 0.85, 0.62, 0.05),  # red
    (0.38, 0.45, 0.35, 0.01),  # green
    (0.09, 0.35, 0.5, 0.01),  # beige and brown
    (0.06, 0.85, 0.8, 0.005),  # orange
    (0.14, 0.85, 0.9, 0.005),  # yellow
)

# Hue, saturation, value of buses and lorries.
_LIVERIES = (
    (0.995, 0.8, 0.7),
    (0.12, 0.03, 0.92),
    (0.6, 0.7, 0.55),
    (0.13, 0.75, 0.88),
    (0.4, 0.6, 0.45),
    (0.06, 0.8, 0.85),
    (0.6, 0.04, 0.5),
)


@ROLES
def car_paint(scheme: Scheme, rng: np.random.Generator) -> Material:
    share = np.array([paint[3] for paint in _PAINTS])
    hue, saturation, value, _ = _PAINTS[int(rng.choice(len(_PAINTS), p=share / share.sum()))]
    hue += float(rng.normal(0, 0.012))
    saturation, value = saturation * float(rng.uniform(0.75, 1.1)), value * float(rng.uniform(0.82, 1.05))
    return Material(color=linear(hue, min(saturation, 1.0), min(value, 0.95)), roughness=float(rng.uniform(0.22, 0.35)))


@ROLES
def van_paint(scheme: Scheme, rng: np.random.Generator) -> Material:
    if rng.uniform() < 0.45:
        return car_paint(scheme, rng)
    return Material(color=linear(0.12, 0.02, float(rng.uniform(0.78, 0.88))), roughness=0.35)


@ROLES
def bus_paint(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue, saturation, value = _LIVERIES[int(rng.integers(len(_LIVERIES)))]
    return Material(color=linear(hue + float(rng.normal(0, 0.01)), saturation, value * float(rng.uniform(0.85, 1.05))), roughness=0.35)


@ROLES
def truck_paint(scheme: Scheme, rng: np.random.Generator) -> Material:
    return bus_paint(scheme, rng)


@ROLES
def cargo(scheme: Scheme, rng: np.random.Generator) -> Material:
    """The box of a lorry: of ribbed sheets, mostly white."""
    white = linear(0.12, 0.02, float(rng.uniform(0.7, 0.84)))
    color = white if rng.uniform() < 0.65 else scheme.accent(rng, (0.35, 0.75), (0.35, 0.75))
    return Material(color=color, texture=pattern(rng, "sheet_metal", 1.6), roughness=0.5)


@ROLES
def car_glass(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.58, 0.28, float(rng.uniform(0.2, 0.3))), roughness=0.12)


@ROLES
def tyre(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.6, 0.04, float(rng.uniform(0.13, 0.19))), roughness=0.9)


@ROLES
def rim(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.6, 0.02, float(rng.choice([0.78, 0.7, 0.25], p=[0.55, 0.3, 0.15]))), roughness=0.35, metallic=0.5)


@ROLES
def headlamp(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.58, 0.06, float(rng.uniform(0.55, 0.72))), roughness=0.15, metallic=0.3)


@ROLES
def tail_lamp(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.99, 0.88, float(rng.uniform(0.5, 0.66))), roughness=0.2)


@ROLES
def number_plate(scheme: Scheme, rng: np.random.Generator) -> Material:
    yellow = rng.uniform() < 0.15
    return Material(color=linear(0.13, 0.75 if yellow else 0.03, 0.9), roughness=0.5)


@ROLES
def black_trim(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=linear(0.6, 0.03, float(rng.uniform(0.11, 0.17))), roughness=0.6)


# People: complexions as linear RGB from light to dark, and hair.
_SKINS = ((0.62, 0.38, 0.28), (0.56, 0.34, 0.23), (0.48, 0.28, 0.18), (0.36, 0.2, 0.12), (0.22, 0.115, 0.065), (0.1, 0.05, 0.03))
_HAIRS = ((0.012, 0.01, 0.009), (0.035, 0.02, 0.012), (0.09, 0.045, 0.02), (0.3, 0.18, 0.07), (0.28, 0.28, 0.28), (0.18, 0.06, 0.02))


@ROLES
def skin(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=_SKINS[int(rng.choice(6, p=[0.24, 0.22, 0.2, 0.14, 0.12, 0.08]))], roughness=0.6)


@ROLES
def hair(scheme: Scheme, rng: np.random.Generator) -> Material:
    return Material(color=_HAIRS[int(rng.choice(6, p=[0.28, 0.28, 0.2, 0.1, 0.1, 0.04]))], roughness=0.6)


@ROLES
def top(scheme: Scheme, rng: np.random.Generator) -> Material:
    kind = rng.uniform()
    if kind < 0.45:  # black, grey, navy, white
        hue, saturation, value = ((0.6, 0.05, 0.17), (0.6, 0.04, 0.5), (0.62, 0.45, 0.28), (0.1, 0.03, 0.9))[int(rng.integers(4))]
        color = linear(hue, saturation, value * float(rng.uniform(0.85, 1.1)))
    else:
        color = linear(float(rng.uniform(0.12, 1.0)), float(rng.uniform(0.2, 0.85)), float(rng.uniform(0.3, 0.9)))  # no hue of bare skin
    if rng.uniform() < 0.2:
        return Material(color=color, texture=pattern(rng, str(rng.choice(["stripes", "gingham"])), 0.4), roughness=0.9)
    return Material(color=color, texture=pattern(rng, "weave", 0.22), roughness=0.9)


@ROLES
def trousers(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue, saturation, value = (
        (0.61, 0.5, 0.4),
        (0.61, 0.4, 0.25),
        (0.6, 0.05, 0.16),
        (0.6, 0.05, 0.4),
        (0.1, 0.35, 0.65),
        (0.3, 0.25, 0.35),
    )[int(rng.choice(6, p=[0.28, 0.2, 0.24, 0.1, 0.12, 0.06]))]
    value *= float(rng.uniform(0.8, 1.2))
    return Material(color=linear(hue, saturation, value), texture=pattern(rng, "weave", 0.22), roughness=0.9)


@ROLES
def shoes(scheme: Scheme, rng: np.random.Generator) -> Material:
    hue, saturation, value = ((0.6, 0.05, 0.14), (0.06, 0.55, 0.3), (0.1, 0.03, 0.88), (0.6, 0.3, 0.35))[
        int(rng.choice(4, p=[0.45, 0.2, 0.25, 0.1]))
    ]
    return Material(color=linear(hue, saturation, value), roughness=0.6)


@ROLES
def bike_paint(scheme: Scheme, rng: np.random.Generator) -> Material:
    if rng.uniform() < 0.5:
        return Material(color=linear(0.6, 0.05, float(rng.choice([0.14, 0.2, 0.75, 0.9]))), roughness=0.35)
    return Material(color=linear(float(rng.uniform()), float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.35, 0.8))), roughness=0.35)
