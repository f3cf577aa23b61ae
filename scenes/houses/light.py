"""Light of a house: daylight through its windows or lamps in the evening, few lights in all, and an exposure for what the camera sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.furnishing.layout import Item
from scenes.furnishing.lighting import mean_irradiance
from scenes.houses.building import Part
from scenes.houses.views import Surroundings, view_rays
from scenes.randomness import Streams
from scenes.scene import Color, Light, PointLight, Sky, Sun

Float = NDArray[np.float64]
_SUN_SHARE = 3.0  # of the sun's irradiance in the mean one indoors: far less than in nature, as a photographer's flash would have it
_THINGS, _BUILDING = 0.28, 0.6  # usual reflectance of furniture, and of walls, floors and ceilings


@dataclass(frozen=True, kw_only=True)
class Weather:
    """night: whether only lamps shine. azimuth_deg, elevation_deg: of the sun. sunny: whether it casts shadows. daylight: 0 ... 1.2."""

    night: bool
    azimuth_deg: float
    elevation_deg: float
    sunny: bool
    daylight: float


def _color(values: Float) -> Color:
    r, g, b = (round(float(v), 4) for v in values)
    return (r, g, b)


def _moved(light: PointLight, part: Part) -> PointLight:
    x, y, z = light.position
    cx, cy = part.room.inside.centre
    return replace(light, position=(round(x + cx, 4), round(y + cy, 4), z))


def room_lights(part: Part, lamps: list[Item], lit: bool, weather: Weather, rng: np.random.Generator) -> list[PointLight]:
    """Lights of one room in its own frame: one for each ceiling lamp that is on, one for the windows of each side by day."""
    layout, found = part.layout, []
    area = layout.length * layout.breadth
    warm = np.array([1.0, rng.uniform(0.84, 0.96), rng.uniform(0.66, 0.9)])
    cool = np.array([rng.uniform(0.88, 0.96), 0.97, 1.0])
    power = (1.25 - 0.8 * weather.daylight * (not weather.night)) * (0.4 * area + 0.8)
    for lamp in lamps if lit else []:
        low = lamp.z < 1.9  # above a table: the light stays inside the shade, below its cap, and is weaker so as not to bleach the table
        z = lamp.z + 0.08 if low else lamp.z - 0.12
        strength = (0.45 if low else 1.0) * power / len(lamps) * float(rng.uniform(0.8, 1.2))
        found.append(PointLight(position=(lamp.x, lamp.y, round(z, 4)), intensity=_color(strength * warm)))
    if not weather.night:
        for wall in layout.walls:
            holes = [h for h in part.windows if h.wall == wall]
            glass = sum(h.width * h.height for h in holes)
            if holes:
                middle = max(holes, key=lambda h: h.width * h.height)
                x, y = wall.point(middle.along, min(0.7, 0.3 * min(layout.length, layout.breadth)))
                place = (round(x, 4), round(y, 4), round(middle.z + 0.55 * middle.height, 4))
                found.append(PointLight(position=place, intensity=_color((0.2 + weather.daylight) * 1.4 * glass * cool)))
    return found


def kept(lights: list[list[PointLight]], nearness: Float, most: int) -> list[list[PointLight]]:
    """At most `most` lights, those of the nearest rooms; the second and later ones of a room come after the first of the next."""
    order = sorted((nearness[k] + 1.5 * n, k, n) for k, of_room in enumerate(lights) for n in range(len(of_room)))[:most]
    chosen = {(k, n) for _, k, n in order}
    return [[light for n, light in enumerate(of_room) if (k, n) in chosen] for k, of_room in enumerate(lights)]


def irradiance_of(parts: list[Part], lights: list[list[PointLight]], rooms: list[int]) -> Float:
    """Mean direct irradiance [3] in some rooms."""
    return np.mean([mean_irradiance(parts[k].layout, tuple(lights[k])) for k in rooms], axis=0)


def sky_of(direct: Float, weather: Weather, strength: float, rng: np.random.Generator) -> Sky:
    """The sky stands for light that bounces about in the rooms; seen through windows it is brightest above the horizon."""
    radiance = strength * np.maximum(direct, 0.08) / pi
    if weather.night:
        return Sky(zenith=_color(1.05 * radiance), horizon=_color(radiance), ground=_color(0.7 * radiance))
    blue = np.array([0.72, 0.88, 1.15]) if weather.sunny else np.array([0.95, 1.0, 1.05])
    level = float(np.mean(radiance))
    bright = np.array([1.35, 1.58, 1.85]) if weather.sunny else np.array([1.5, 1.6, 1.7])
    horizon = level * bright * float(rng.uniform(0.9, 1.1))
    cover = float(rng.uniform(0.0, 0.5) if weather.sunny else rng.uniform(0.5, 1.0))
    return Sky(
        zenith=_color(0.75 * level * blue),
        horizon=_color(horizon),
        ground=_color(0.75 * radiance),
        cloud_cover=round(cover, 3),
        cloud_seed=int(rng.integers(1000)),
    )


def sun_of(direct: Float, sky: Sky, weather: Weather, rng: np.random.Generator) -> Sun:
    azimuth, elevation = radians(weather.azimuth_deg), radians(weather.elevation_deg)
    direction = (-cos(elevation) * cos(azimuth), -cos(elevation) * sin(azimuth), -sin(elevation))
    low = np.exp(-weather.elevation_deg / 20.0)
    tint = np.array([1.0, 0.96 - 0.15 * low, 0.9 - 0.35 * low])
    power = float(np.mean(direct)) + pi * float(np.mean(sky.horizon)) * 0.6
    return Sun(direction=direction, irradiance=_color(_SUN_SHARE * power * float(rng.uniform(0.7, 1.3)) * tint))


def seen_radiance(place: Surroundings, camera: Camera, poses: Float, lights: list[Light], sky: Sky) -> Float:
    """Estimated radiance [R] (mean of the channels) along a coarse grid of rays of some frames; boxes stand for things."""
    found = []
    albedo = np.where(np.arange(len(place.boxes.centre)) < len(place.categories), _THINGS, _BUILDING)
    for pose in poses:
        rays = view_rays(camera, pose)
        boxes, numbers = place.boxes.before(pose[:3, 3], rays)
        distance, index, normal = boxes.hits(pose[:3, 3], rays)
        hit = index >= 0
        points = pose[:3, 3] + np.where(hit, distance, 1.0)[:, None] * rays + 0.01 * normal
        irradiance = np.full(len(rays), pi * (0.5 * float(np.mean(sky.horizon)) + 0.5 * float(np.mean(sky.zenith))))
        irradiance *= 0.85 + 0.15 * normal[:, 2] * np.where(np.mean(sky.ground) < np.mean(sky.zenith), 1.0, -1.0)
        for light in lights:
            irradiance[hit] += _arriving(place, light, points[hit], normal[hit])
        found.append(np.where(hit, albedo[numbers[index]] * irradiance / pi, float(np.mean(sky.horizon))))
    return np.concatenate(found)


def _arriving(place: Surroundings, light: Light, points: Float, normals: Float) -> Float:
    """Irradiance [N] that a light sends to points with these normals, behind boxes none."""
    if isinstance(light, PointLight):
        towards = np.asarray(light.position) - points
        far = np.maximum(np.linalg.norm(towards, axis=1), 0.2)
        power = float(np.mean(light.intensity)) / far**2
        boxes = place.boxes.among(np.vstack([points, light.position]))
    else:
        assert isinstance(light, Sun)
        towards, far = np.broadcast_to(-np.asarray(light.direction), points.shape), np.full(len(points), 1e3)
        power, boxes = np.full(len(points), float(np.mean(light.irradiance))), place.boxes
    direction = towards / np.linalg.norm(towards, axis=1, keepdims=True)
    cosine = np.maximum(np.einsum("ij,ij->i", direction, normals), 0.0)
    blocked = np.zeros(len(points), dtype=bool)
    facing = cosine > 0
    if facing.any():
        blocked[facing] = boxes.hits(points[facing], direction[facing])[0] < far[facing] - 0.15
    return np.where(blocked, 0.0, power * cosine)


def exposure_of(radiance: Float, brightness: float) -> float:
    """Exposure at which the picture's mean, clipped at white, is about `brightness` (sRGB, 0 ... 1), or less so that little is clipped."""
    encoded = np.maximum(radiance, 1e-6) ** (1 / 2.2)
    scale = brightness / float(encoded.mean())
    for _ in range(6):
        scale *= brightness / float(np.minimum(scale * encoded, 1.0).mean())
    scale = min(scale, 0.95 / float(np.quantile(encoded, 0.85)))
    return round(float(scale**2.2), 4)


@dataclass(frozen=True, kw_only=True)
class Lighting:
    """Lights and sky of a scene, its exposure, and the names of the lamps that are off."""

    lights: tuple[Light, ...]
    sky: Sky
    exposure: float
    dark: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a configuration asks of the light: `lit` the share of rooms whose lamps are on, `most` lights in all, see also `Config`."""

    lit: float
    ambient: float
    brightness: float
    most: int


def light_up(
    parts: list[Part],
    lamps: list[list[Item]],
    place: Surroundings,
    camera: Camera,
    poses: Float,
    weather: Weather,
    wishes: Wishes,
    streams: Streams,
) -> Lighting:
    """Light for what the camera sees: first of all in the rooms it walks through, `poses` float64 [N, 4, 4]."""
    rng = streams.generator("light")
    nearness = _nearness(parts, place, poses)
    visited = [k for k, near in enumerate(nearness) if near == 0.0]
    on = streams.generator("lit").uniform(size=len(parts)) < wishes.lit
    on[visited] |= np.array([weather.night or not parts[k].windows for k in visited])
    lights = [
        room_lights(part, lamps[k], bool(on[k]), weather, streams.child("light").generator(part.room.name)) for k, part in enumerate(parts)
    ]
    lights = kept(lights, nearness, wishes.most - int(not weather.night and weather.sunny))
    direct = irradiance_of(parts, lights, visited)
    sky = sky_of(direct, weather, wishes.ambient, rng)
    placed: list[Light] = [_moved(light, parts[k]) for k, of_room in enumerate(lights) for light in of_room]
    if weather.sunny and not weather.night:
        placed.insert(0, sun_of(direct, sky, weather, rng))
    frames = poses[np.unique(np.linspace(0, len(poses) - 1, 3 + len(poses) // 20).astype(int))]
    exposure = exposure_of(seen_radiance(place, camera, frames, placed, sky), wishes.brightness)
    dark = {f"{part.room.name}/{lamp.name}" for k, part in enumerate(parts) for lamp in lamps[k] if not on[k]}
    return Lighting(lights=tuple(placed), sky=sky, exposure=exposure, dark=frozenset(dark))


def _nearness(parts: list[Part], place: Surroundings, poses: Float) -> Float:
    """How far each room is from being seen [R]: 0 for those walked through, else metres from the walk, more for what lies behind."""
    eyes, ahead = poses[:, :3, 3], poses[:, :2, 2]
    visited = {place.room_at(float(x), float(y)) for x, y, _ in eyes}
    found = np.zeros(len(parts))
    for k, part in enumerate(parts):
        if k not in visited:
            centre = np.array(part.room.inside.centre)
            towards = centre - eyes[:, :2]
            far = np.linalg.norm(towards, axis=1)
            facing = np.einsum("ij,ij->i", towards, ahead) / np.maximum(far, 1e-6)
            found[k] = 1.0 + float(np.min(far * (1.5 - 0.5 * facing)))
    return found
