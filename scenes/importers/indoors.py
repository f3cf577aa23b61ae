"""Light, exposure and camera of rooms that come from files."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenes.distributions import Normal, Uniform
from scenes.errors import UserError
from scenes.furnishing import lighting
from scenes.furnishing.layout import Layout
from scenes.importers.collection import Collection
from scenes.importers.files import AssetWarning
from scenes.importers.free_space import FreeSpace, upper_side, world_triangles
from scenes.scene import Color, FamilyConfig, Instance, Material, PointLight, Sky
from scenes.textures.images import mean_color

Float = NDArray[np.float64]
MOST_TOLD = 20  # remarks of one scene that are warned about one by one


@dataclass(frozen=True, kw_only=True)
class IndoorConfig(FamilyConfig):
    """What the families of imported rooms let a user choose. Lengths in metres, `speed` metres and `turn` degrees a frame."""

    horizontal_fov: Uniform = Uniform(56.0, 76.0)
    eye_height: Uniform = Uniform(1.35, 1.7)
    speed: Uniform = Uniform(0.01, 0.05)
    turn: Uniform = Uniform(0.5, 2.5)
    brightness: Uniform = Uniform(0.42, 0.55)
    ambient: Normal = Normal(0.5, 0.1, 0.3, 0.8)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 20 <= self.horizontal_fov.low <= self.horizontal_fov.high <= 120:
            raise UserError(f"horizontal_fov is in degrees, within 20 ... 120, not {self.horizontal_fov}")


@dataclass(frozen=True)
class Light:
    """Lights, ambient light and exposure of a room."""

    lights: tuple[PointLight, ...]
    sky: Sky
    exposure: float


def lit(rooms: Sequence[Float], reflectance: float, brightness: float, ambient: float, rng: np.random.Generator) -> Light:
    """A lamp under the ceiling of each room, bounds [2, 3]; exposure and ambient light are for the first, whose surfaces reflect that much.

    Long rooms have two lamps. Rooms without a bound height count as 2.6 m high.
    """
    warm = np.array([1.0, rng.uniform(0.86, 0.97), rng.uniform(0.68, 0.92)])
    lights: list[PointLight] = []
    first: tuple[PointLight, ...] = ()
    for low, high in rooms:
        across = np.maximum(high - low, 0.5)
        height = float(across[2]) if across[2] > 1.5 else 2.6
        long = int(np.argmax(across[:2]))
        shifts = [0.0] if across[long] < 5 else [-0.25 * float(across[long]), 0.25 * float(across[long])]
        power = 0.45 * float(across[0] * across[1]) / len(shifts) * float(rng.uniform(0.8, 1.2))
        for shift in shifts:
            x, y = (float(k) for k in (low + high)[:2] / 2 + shift * np.eye(2)[long])
            r, g, b = (round(float(power * k), 4) for k in warm)
            position = (round(x, 3), round(y, 3), round(float(low[2]) + height - 0.35, 3))
            lights.append(PointLight(position=position, intensity=(r, g, b)))
        first = first or tuple(lights)
    low, high = rooms[0]
    length, breadth = (float(k) for k in np.maximum(high - low, 0.5)[:2])
    layout = Layout(length, breadth, float(high[2] - low[2]) if high[2] - low[2] > 1.5 else 2.6)
    middle = np.array([*(low + high)[:2] / 2, low[2]])
    inside = tuple(PointLight(position=_shifted(light, middle), intensity=light.intensity) for light in first)
    direct = lighting.mean_irradiance(layout, inside)
    paint = Material(color=(reflectance, reflectance, reflectance))
    sky = lighting.ambient(direct, paint, paint, ambient)
    return Light(tuple(lights), sky, lighting.exposure_for(brightness, direct, sky, reflectance))


def reflectance(things: Collection) -> float:
    """Mean reflectance of a room: half that of floors, walls and ceilings, half that of all else; within 0.1 ... 0.8."""
    surfaces, others = list[float](), list[float]()
    for instance in things.instances:
        means = surfaces if instance.category in ("floor", "wall", "ceiling") else others
        for material in (things.materials[k] for k in instance.materials):
            picture = mean_color(material.texture) if material.texture is not None else np.ones(3)
            means.append(float(np.mean(picture * material.color)))
    groups = [float(np.mean(means)) for means in (surfaces, others) if means]
    return float(np.clip(np.mean(groups or [0.5]), 0.1, 0.8))


def _shifted(light: PointLight, middle: Float) -> Color:
    x, y, z = (float(k) for k in np.asarray(light.position) - middle)
    return (x, y, z)


def boxes_of(instances: Iterable[Instance]) -> Float:
    """Lowest and highest corners [I, 2, 3] of instances in the world, at time 0."""
    bounds = [(t.min(axis=(0, 1)), t.max(axis=(0, 1))) for t in map(world_triangles, instances)]
    return np.array(bounds, dtype=np.float64).reshape(-1, 2, 3)


def free_space(instances: Sequence[Instance], floor: Instance, eye_height: float) -> FreeSpace:
    """What is free to walk on a floor among everything else; the camera is `eye_height` above it."""
    ground = upper_side(world_triangles(floor))
    matter = np.concatenate([world_triangles(instance) for instance in instances])
    return FreeSpace(matter, ground, float(np.median(ground[..., 2])) + eye_height)


def tell(where: str, remarks: Iterable[str]) -> list[str]:
    """Warns about each distinct remark, naming the place; returns them."""
    distinct = list(dict.fromkeys(remarks))
    for remark in distinct[:MOST_TOLD]:
        warnings.warn(f"{where}: {remark}", AssetWarning, stacklevel=3)
    if len(distinct) > MOST_TOLD:
        warnings.warn(f"{where}: and {len(distinct) - MOST_TOLD} more remarks, in the scene's metadata", AssetWarning, stacklevel=3)
    return distinct
