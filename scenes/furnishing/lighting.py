"""Lights and exposure of a room: ceiling lamps, table lamps, daylight from the windows, ambient light from all the bounces."""

from __future__ import annotations

import numpy as np

from scenes.furnishing.layout import Item, Layout
from scenes.furnishing.shell import Opening
from scenes.scene import Color, Material, PointLight, Sky
from scenes.shapes import size

MOST_SMALL_LAMPS = 2


def _color(values: np.ndarray) -> Color:
    r, g, b = (round(float(v), 4) for v in values)
    return (r, g, b)


def lamps_and_daylight(
    layout: Layout, ceiling_lamps: list[Item], holes: tuple[Opening, ...], rng: np.random.Generator, daylight: float
) -> tuple[PointLight, ...]:
    """Point lights below the ceiling lamps and above the small ones, and one before each window; `daylight` in [0, 1] mixes the two."""
    warm = np.array([1.0, rng.uniform(0.84, 0.96), rng.uniform(0.62, 0.9)])
    cool = np.array([rng.uniform(0.86, 0.96), 0.97, 1.0])
    area = layout.length * layout.breadth
    lights = []
    for lamp in ceiling_lamps:
        power = (1.25 - daylight) * 0.45 * area / len(ceiling_lamps) * float(rng.uniform(0.8, 1.2))
        if lamp.z < 1.9:  # hangs low above a table: a part of its light reaches the room by way of the ceiling
            bounced = _position(-0.4 * lamp.x, -0.4 * lamp.y, layout.height - 0.5)
            lights.append(PointLight(position=bounced, intensity=_color(0.5 * power * warm)))
            power *= 0.5
        lights.append(PointLight(position=_position(lamp.x, lamp.y, lamp.z - 0.12), intensity=_color(power * warm)))
    small = [item for item in layout.find("lamp") if item not in ceiling_lamps]
    for lamp in small[:MOST_SMALL_LAMPS]:
        if rng.uniform() < 0.7:
            z = lamp.z + size(lamp.shape)[2] + 0.12
            lights.append(PointLight(position=_position(lamp.x, lamp.y, z), intensity=_color(float(rng.uniform(0.25, 0.6)) * warm)))
    for hole in holes:
        if hole.z > 0:
            x, y = hole.wall.point(hole.along, 0.7)
            power = (0.15 + daylight) * 1.5 * hole.width * hole.height
            lights.append(PointLight(position=_position(x, y, hole.z + 0.55 * hole.height), intensity=_color(power * cool)))
    return tuple(lights)


def _position(x: float, y: float, z: float) -> tuple[float, float, float]:
    return (round(x, 4), round(y, 4), round(z, 4))


def mean_irradiance(layout: Layout, lights: tuple[PointLight, ...]) -> np.ndarray:
    """Direct irradiance [3], W / m^2, averaged over the room's six inner surfaces (a grid of points on each)."""
    half = np.array([layout.length, layout.breadth, layout.height]) / 2
    grid = (np.arange(6) + 0.5) / 3 - 1
    a, b = (k.ravel() for k in np.meshgrid(grid, grid))
    total, weight = np.zeros(3), 0.0
    for axis in range(3):
        others = [k for k in range(3) if k != axis]
        area = 4 * half[others[0]] * half[others[1]]
        for sign in (-1.0, 1.0):
            points = np.empty((len(a), 3))
            points[:, axis], points[:, others[0]], points[:, others[1]] = sign * half[axis], a * half[others[0]], b * half[others[1]]
            points[:, 2] += half[2]
            for light in lights:
                towards = np.asarray(light.position) - points
                squared = np.maximum(np.einsum("ij,ij->i", towards, towards), 0.04)
                cosine = np.maximum(-sign * towards[:, axis], 0.0) / np.sqrt(squared)
                total += area * float(np.mean(cosine / squared)) * np.asarray(light.intensity)
            weight += area
    return np.asarray(total / weight)


def ambient(direct: np.ndarray, floor: Material, wall: Material, strength: float) -> Sky:
    """What the bounces add: about `strength` times the direct light, tinted by the walls, and by the floor from below."""
    radiance = strength * direct / np.pi
    walls, ground = np.asarray(wall.color) / max(wall.color), np.asarray(floor.color)
    upper = radiance * (0.5 + 0.5 * walls)
    lower = radiance * (0.55 + 0.9 * ground) * (0.6 + 0.4 * walls)
    return Sky(zenith=_color(1.1 * upper), horizon=_color(upper), ground=_color(lower))


def exposure_for(brightness: float, direct: np.ndarray, sky: Sky, reflectance: float) -> float:
    """Exposure at which the room's mean radiance is shown as about `brightness` (sRGB, 0 ... 1)."""
    radiance = reflectance * (np.mean(direct) / np.pi + np.mean(sky.horizon))
    return round(float(brightness**2.2 / radiance), 4)


def glowing(material: Material, exposure: float) -> Material:
    """A lamp's or window's material with its emission, given in display units, turned into radiance under this exposure."""
    if not any(material.emission):
        return material
    r, g, b = (round(e / exposure, 4) for e in material.emission)
    return Material(
        color=material.color, texture=material.texture, roughness=material.roughness, metallic=material.metallic, emission=(r, g, b)
    )
