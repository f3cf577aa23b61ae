"""Haze, clouds and the glow about the sun as kernels read them."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import warp as wp

from renderers.device import upload
from renderers.kernels.air import CELLS, RISE, Air
from renderers.kernels.reflectance import SkyRow
from scenes.scene import Scene, Sky, Sun

_NOISE = NormalDist(0.4922, 0.1243)  # of `cloud_noise`, measured
_HALF_HIDDEN = 0.293  # of RISE, where a cloud hides half of what is behind it
_TOWARD_SUN = 0.3  # cells of noise, how far thickness is compared for shading


def sky_of(sky: Sky) -> Any:
    """The gradient, which is seen and lights surfaces."""
    row: Any = SkyRow()
    row.zenith, row.horizon, row.ground = wp.vec3(*sky.zenith), wp.vec3(*sky.horizon), wp.vec3(*sky.ground)
    row.up = wp.vec3(0.0, 0.0, 1.0)
    return row


def air_of(scene: Scene, device: str) -> Any:
    """What is seen of the air: nothing where the scene has no haze, no clouds and no sun."""
    air: Any = Air()
    if scene.haze is not None:
        air.extinction, air.haze = scene.haze.extinction_per_m, wp.vec3(*scene.haze.radiance)
    sun = next((light for light in scene.lights if isinstance(light, Sun)), None)
    to_sun, irradiance = (-np.asarray(sun.direction), np.asarray(sun.irradiance)) if sun else (np.zeros(3), np.zeros(3))
    air.to_sun, air.sun = wp.vec3(*to_sun), wp.vec3(*irradiance)
    lattice = np.zeros(0)
    if scene.sky.cloud_cover > 0:
        lattice = np.random.default_rng(scene.sky.cloud_seed).random(int(CELLS) ** 2)
        air.edge = _edge(scene.sky.cloud_cover)
        air.lit, air.shaded = _cloud_colors(scene.sky, irradiance * (to_sun[2] > 0))
        air.toward_sun = wp.vec2(*(_TOWARD_SUN * to_sun[:2]))
    air.lattice = upload(lattice, wp.float32, device)
    return air


def _edge(cover: float) -> float:
    """Noise that this share of the plane exceeds."""
    return _NOISE.inv_cdf(1 - cover) - _HALF_HIDDEN * float(RISE) if cover < 1 else -1.0


def _cloud_colors(sky: Sky, sun: np.ndarray) -> tuple[wp.vec3, wp.vec3]:
    """Radiance of clouds in the light of sun and sky, and of what they shade of themselves: white, whatever the sky's colour."""
    ambient = 0.4 * np.asarray(sky.horizon) + 0.6 * np.asarray(sky.zenith)
    ambient = 0.3 * ambient + 0.7 * ambient.mean()
    return wp.vec3(*(1.1 * ambient + 0.2 * sun)), wp.vec3(*(0.8 * ambient + 0.03 * sun))
