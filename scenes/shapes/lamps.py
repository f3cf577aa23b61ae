"""Lamps. Shades and bulbs shine by their material's emission; the family adds the point light."""

from __future__ import annotations

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.parts import Part, cylinder, lathe


def _shade(bottom: float, top: float, low: float, high: float, wall: float = 0.004) -> Part:
    """An open conical lamp shade of thin material, radii in metres."""
    profile = [(bottom - wall, low), (bottom, low), (top, high), (top - wall, high), (bottom - wall, low)]
    return lathe(profile, 28)


def _ball(radius: float, z: float, segments: int = 12) -> Part:
    angle = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)
    profile = np.stack([radius * np.cos(angle), z + radius * np.sin(angle)], axis=1)
    profile[[0, -1], 0] = 0.0
    return lathe(profile, segments, crease_deg=80)


@made_of("metal", "shade", "bulb")
def floor_lamp(width: float = 0.42, height: float = 1.6, taper: float = 0.75, shade: float = 0.3, foot: float = 0.62) -> Mesh:
    """A lamp on a pole with a conical shade `shade` high; `foot` is the radius of its foot over that of its shade."""
    r = width / 2
    plate = lathe([(0, 0), (foot * r, 0), (foot * r, 0.012), (0.8 * foot * r, 0.022), (0.02, 0.03), (0, 0.03)], 28)
    pole = cylinder(0.011, height - 0.16, (0, 0, 0.02), segments=10)
    return standing(
        (width, width, height), [plate, pole], _shade(r, taper * r, height - shade, height), _ball(0.045, height - 0.47 * shade)
    )


@made_of("ceramic", "shade", "bulb")
def table_lamp(width: float = 0.28, height: float = 0.46, belly: float = 0.34, taper: float = 0.7) -> Mesh:
    """A lamp on a turned foot."""
    r, neck = width / 2, 0.58 * height
    b = belly * width
    profile = [(0, 0), (0.75 * b, 0), (0.78 * b, 0.02), (b, 0.3 * neck), (0.8 * b, 0.6 * neck), (0.25 * b, 0.85 * neck), (0.012, neck)]
    foot = lathe([*profile, (0.012, 0.75 * height), (0, 0.75 * height)], 24, crease_deg=50)
    return standing((width, width, height), foot, _shade(r, taper * r, 0.55 * height, height), _ball(0.035, 0.77 * height))


@made_of("metal", "shade", "bulb")
def pendant(width: float = 0.42, height: float = 0.7, shade_height: float = 0.24, crown: float = 0.12, shoulder: float = 0.6) -> Mesh:
    """A lamp that hangs from the ceiling by a cord; z = `height` is the ceiling.

    `crown` is the radius of the shade's top, `shoulder` how wide it is just below, as a share of its foot.
    """
    r, t = width / 2, 0.005
    outer = [(r, 0.0), (0.93 * r, 0.45 * shade_height), (max(shoulder * r, crown), 0.85 * shade_height), (crown, shade_height)]
    inner = [(x - t, z - (0.0 if k == 0 else t)) for k, (x, z) in reversed(list(enumerate(outer)))]
    shade = lathe([*outer, *inner, outer[0]], 28, crease_deg=50)
    cord = cylinder(0.006, height - shade_height, (0, 0, shade_height - 0.03), segments=6)
    rose = cylinder(0.05, 0.025, (0, 0, height - 0.025), segments=16)
    cap = cylinder(crown + 0.002, 0.02, (0, 0, shade_height - 0.014), segments=20, top=0.4 * crown)
    return standing((width, width, height), [cord, rose, cap], shade, _ball(0.05, 0.45 * shade_height))


@made_of("metal", "bulb")
def ceiling_dome(width: float = 0.4, height: float = 0.11, rim: float = 0.025, inset: float = 0.93) -> Mesh:
    """A flat glass dome in a rim `rim` high; z = `height` is the ceiling. `inset` is the dome's radius over the rim's."""
    r = width / 2
    ring = cylinder(r, rim, (0, 0, height - rim), segments=28)
    angle = np.linspace(0, np.pi / 2, 6)
    glass = np.stack([inset * r * np.sin(angle), (height - 0.02) * (1 - np.cos(angle))], axis=1)
    return standing((width, width, height), ring, lathe([*glass.tolist(), (0, height - 0.02)], 28, crease_deg=40))
