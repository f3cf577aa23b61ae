"""A scene's emitters as rows for kernels: its lights, and its emissive triangles in one group for each instance."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.device import struct_rows, upload
from renderers.flatten import FlatScene
from renderers.kernels import path_lights
from renderers.kernels.path_lights import Emitter, Glowing
from renderers.texture_store import srgb_to_linear
from scenes import geometry
from scenes.scene import AreaLight, Light, Material, PointLight, Scene, Sun
from scenes.textures import build

_DIMMEST = 0.05  # share of a material's mean emission that each of its triangles is taken to have at least, so that all are sampled


def glows(scene: Scene, flat: FlatScene) -> NDArray[np.bool_]:
    """bool [F]: the triangle's material emits light."""
    emissive = np.array([max(m.emission) > 0 for m in scene.materials], dtype=bool)
    return emissive[flat.triangle_material]


def _light_row(row: Any, light: Light) -> None:
    if isinstance(light, Sun):
        row["kind"], row["power"], row["place"] = path_lights.SUN, light.irradiance, -np.asarray(light.direction)
        row["strength"] = np.mean(light.irradiance)
        return
    row["place"] = light.position
    if isinstance(light, PointLight):
        row["kind"], row["power"], row["strength"] = path_lights.POINT, light.intensity, np.mean(light.intensity)
        return
    assert isinstance(light, AreaLight)
    across = np.cross(light.right, light.up)
    area = 4.0 * float(np.linalg.norm(across))
    row["kind"], row["power"], row["strength"] = path_lights.RECTANGLE, light.radiance, np.mean(light.radiance) * area
    row["right"], row["up"], row["normal"], row["area"] = light.right, light.up, across / (area / 4.0), area


def _mean_emission(scene: Scene, flat: FlatScene, triangles: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean radiance over channels and area float64 [K] of triangles, roughly: their texture at a lattice of points."""
    mean = np.empty(len(triangles))
    owner = flat.triangle_material[triangles]
    for index in np.unique(owner):
        chosen = owner == index
        mean[chosen] = _pictured(scene.materials[index], flat.uvs[flat.triangles[triangles[chosen]]])
    return mean


def _pictured(material: Material, uvs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean emission float64 [K] of triangles with texture coordinates [K, 3, 2]."""
    plain = float(np.mean(material.emission))
    if material.texture is None:
        return np.full(len(uvs), plain)
    picture = srgb_to_linear(build(material.texture) / 255.0) @ (np.asarray(material.emission) / 3.0)
    a, b = (part.ravel() for part in np.meshgrid(np.arange(0.125, 1, 0.25), np.arange(0.125, 1, 0.25)))
    a, b = np.where(a + b > 1, 1 - a, a), np.where(a + b > 1, 1 - b, b)
    places = np.stack([1 - a - b, a, b], axis=1) @ uvs.astype(np.float64)  # [K, 16, 2]
    texels = np.floor(places / material.texture.metres * len(picture)).astype(np.int64) % len(picture)
    seen = picture[texels[..., 1], texels[..., 0]].mean(axis=1)
    return np.asarray(np.maximum(seen, _DIMMEST * picture.mean()))


@dataclass(frozen=True)
class _Group:
    """Emissive triangles of one instance: entries first ... end - 1, a ball in object space, and radiance times area."""

    instance: int
    first: int
    end: int
    centre: NDArray[np.float64]
    radius: float
    strength: float


class Emitters:
    """Rows for kernels; `rows(time)` moves those that move. `glowing` lists the emissive triangles, if there are any (`any_glow`)."""

    def __init__(self, scene: Scene, flat: FlatScene, device: str) -> None:
        self._scene, self._device = scene, device
        self._lights = struct_rows(Emitter, len(scene.lights))
        for row, light in zip(self._lights, scene.lights, strict=True):
            _light_row(row, light)
        self._lights = self._lights[self._lights["strength"] > 0]
        triangles = np.flatnonzero(glows(scene, flat))
        self.any_glow = len(triangles) > 0
        self._groups: list[_Group] = []
        self.glowing: Any = Glowing()
        self._list(flat, triangles)

    def _list(self, flat: FlatScene, triangles: NDArray[np.int64]) -> None:
        corners = flat.vertices[flat.triangles[triangles]].astype(np.float64)
        area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        power = area * _mean_emission(self._scene, flat, triangles)
        owner = flat.triangle_instance[triangles]
        bounds = np.append(np.flatnonzero(np.diff(owner, prepend=-1)), len(owner))
        cumulative, density = np.empty(len(owner)), np.empty(len(owner))
        for first, end in pairwise(bounds):
            part = slice(int(first), int(end))
            share = power[part] / power[part].sum()
            cumulative[part], density[part] = np.cumsum(share), share / area[part]
            self._groups.append(_group(int(owner[first]), part, corners[part], float(power[part].sum())))
        group = len(self._lights) + np.repeat(np.arange(len(self._groups)), np.diff(bounds))
        entry = np.full(len(flat.triangles) if len(triangles) else 0, -1, dtype=np.int32)
        entry[triangles] = np.arange(len(triangles))
        for name, values, dtype in (
            ("triangle", triangles, wp.int32),
            ("emitter", group, wp.int32),
            ("cumulative", cumulative, wp.float32),
            ("density", density, wp.float32),
            ("entry", entry, wp.int32),
        ):
            setattr(self.glowing, name, upload(values, dtype, self._device))

    def rows(self, time: float) -> wp.array:
        """Emitter [E] at a time: the lights, then the groups."""
        rows = struct_rows(Emitter, len(self._lights) + len(self._groups))
        rows[: len(self._lights)] = self._lights
        for row, group in zip(rows[len(self._lights) :], self._groups, strict=True):
            pose = self._scene.instances[group.instance].motion.at(time)
            row["kind"], row["first"], row["end"] = path_lights.GLOW, group.first, group.end
            row["place"], row["radius"], row["strength"] = geometry.transform(pose, group.centre), group.radius, group.strength
        return upload(rows, Emitter, self._device)


def _group(instance: int, part: slice, corners: NDArray[np.float64], strength: float) -> _Group:
    points = corners.reshape(-1, 3)
    centre = (points.min(0) + points.max(0)) / 2
    radius = float(np.linalg.norm(points - centre, axis=1).max())
    return _Group(instance, part.start, part.stop, centre, radius, strength)
