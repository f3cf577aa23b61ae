"""Sun, sky, haze and exposure of a day: from a clear noon to an overcast evening."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from scenes.scene import Color, Haze, Light, Sky, Sun

GREY = 0.18  # mean reflectance of a street view
_CLEAR_AIR = 3e-5  # extinction per metre at which the horizon is as blue as it gets


@dataclass(frozen=True)
class Weather:
    """Lights, sky, haze and the exposure that shows it at the brightness asked for."""

    lights: tuple[Light, ...]
    sky: Sky
    haze: Haze | None
    exposure: float


def _color(values: np.ndarray) -> Color:
    r, g, b = (round(float(v), 4) for v in values)
    return (r, g, b)


def weather(
    rng: np.random.Generator, *, elevation_deg: float, azimuth_deg: float, clouds: float, extinction: float, brightness: float
) -> Weather:
    """A day with the sun at an elevation and azimuth (from +x towards +y), `clouds` in [0, 1] and haze of `extinction` per metre.

    Low suns are warm and weak (optical air mass); clouds take sunlight and spread it over a whiter sky.
    """
    height = sin(radians(max(elevation_deg, 2.0)))
    air_mass = 1.0 / (height + 0.05)
    colour = np.exp(-air_mass * np.array([0.09, 0.16, 0.3])) / np.exp(-0.09)
    hidden = float(np.clip((clouds - 0.7) / 0.25, 0.0, 1.0))  # broken clouds leave the sun free, a closed cover does not
    sun = 6.0 * (1 - hidden) ** 1.5 * colour
    # A clear sky is about as bright as sunlit ground; a closed cover is all the light there is.
    day, veiled = 0.25 + 0.75 * height, 0.35 * clouds + 0.65 * hidden
    milky = float(np.clip(np.log10(max(extinction, 1e-9) / _CLEAR_AIR) / 1.7, 0.0, 1.0))  # droplets scatter all colours alike
    zenith = day * ((1 - veiled) * np.array([0.11, 0.24, 0.56]) + veiled * np.array([0.66, 0.69, 0.74]))
    clear = (1 - milky) * np.array([0.42, 0.64, 0.95]) + milky * np.array([0.86, 0.91, 0.96])
    horizon = day * ((1 - veiled) * clear + veiled * np.array([0.8, 0.83, 0.86]))
    horizon = horizon * (1 + 0.35 * (1 - height) * (1 - hidden) * (colour / colour.mean() - 1))
    falling = sun * height
    ground = 0.16 * (falling / np.pi + horizon) * np.array([1.0, 0.98, 0.9])
    sky = Sky(
        zenith=_color(zenith),
        horizon=_color(horizon),
        ground=_color(ground),
        cloud_cover=round(clouds, 3),
        cloud_seed=int(rng.integers(1 << 16)),
    )
    lights: tuple[Light, ...] = ()
    if hidden < 0.97:
        a, e = radians(azimuth_deg), radians(max(elevation_deg, 2.0))
        direction = (-cos(e) * cos(a), -cos(e) * sin(a), -sin(e))
        lights = (Sun(direction=direction, irradiance=_color(sun)),)
    lit = GREY * (float(np.mean(falling)) * 0.6 / np.pi + float(np.mean(zenith + horizon)) / 2 * 0.8)
    haze = Haze(extinction_per_m=round(extinction, 6), radiance=_color(0.95 * horizon)) if extinction > 0 else None
    return Weather(lights, sky, haze, round(float(brightness**2.2 / lit), 4))
