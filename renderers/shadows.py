"""Shadow maps: how near is what each light sees.

What emits light casts no shadow: the lamp that surrounds a point light would swallow it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.device import struct_rows, upload
from renderers.kernels.shadows import LightRow, resolve_nearness
from renderers.threads import Team
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import Views
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import AreaLight, Light, PointLight, Sun

# Texels of a map's edge; not powers of two, whose columns would compete for the same lines of the cache.
POINT_MAP = 400
AREA_MAP = 200
SUN_MAP = 1000
AREA_PIECES = 3  # an area light is this many point-like pieces in each direction
# x, y and z axes of the six cube faces; the cube's frame has the world's directions. Rotations, as OpenCV camera frames are.
FACE_AXES = np.array(
    [
        [[0, -1, 0], [0, 0, -1], [1, 0, 0]],
        [[0, 1, 0], [0, 0, -1], [-1, 0, 0]],
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
        [[-1, 0, 0], [0, 0, -1], [0, -1, 0]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
    ],
    dtype=np.float64,
)


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """What the shader makes of a light: a point that has a cube of six maps, or parallel light that has one.

    power: W / sr (times the cosine with `normal` where that is not zero), or W / m^2 of parallel light. place: see LightRow.
    map_from_world: float64 [N, 4, 4], of each map.
    """

    place: NDArray[np.float64]
    power: NDArray[np.float64]
    normal: NDArray[np.float64]
    map_from_world: NDArray[np.float64]
    camera: Camera
    far: float = 0.0


def lamps_of(light: Light, buffers: SceneBuffers) -> Iterator[Lamp]:
    """The lamps that stand for a scene's light."""
    if isinstance(light, Sun):
        yield _sun_lamp(light, buffers)
    elif isinstance(light, PointLight):
        yield _point_lamp(np.asarray(light.position), np.asarray(light.intensity), np.zeros(3), POINT_MAP)
    else:
        yield from _area_lamps(light)


def _area_lamps(light: AreaLight) -> Iterator[Lamp]:
    """Pieces of equal size, each a Lambertian emitter at its middle."""
    right, up = np.asarray(light.right), np.asarray(light.up)
    across = np.cross(2 * right, 2 * up)
    area = float(np.linalg.norm(across))
    steps = (2 * np.arange(AREA_PIECES) + 1) / AREA_PIECES - 1
    for i in steps:
        for j in steps:
            power = np.asarray(light.radiance) * area / AREA_PIECES**2
            yield _point_lamp(np.asarray(light.position) + i * right + j * up, power, across / area, AREA_MAP)


def _point_lamp(place: NDArray[np.float64], power: NDArray[np.float64], normal: NDArray[np.float64], size: int) -> Lamp:
    focal = size / 2 - 1  # one texel more than the face on each side, so that filtering does not end at the seams
    camera = Camera(width=size, height=size, fx=focal, fy=focal, cx=size / 2, cy=size / 2)
    maps = np.stack([geometry.compose(rows, -rows @ place) for rows in FACE_AXES])
    return Lamp(place=place, power=power, normal=normal, map_from_world=maps, camera=camera)


def _sun_lamp(light: Sun, buffers: SceneBuffers) -> Lamp:
    """One map that holds the whole scene."""
    corners = _world_corners(buffers)
    size = SUN_MAP if np.ptp(corners, axis=0).max() < 15.0 else 2 * SUN_MAP
    middle, direction = (corners.min(0) + corners.max(0)) / 2, np.asarray(light.direction)
    radius = float(np.linalg.norm(corners - middle, axis=1).max()) * 1.01 + 0.01
    focal = size / (2 * radius)
    camera = Camera(width=size, height=size, fx=focal, fy=focal, cx=size / 2, cy=size / 2)
    pose = geometry.look_at(middle, middle + direction)
    power, maps = np.asarray(light.irradiance), geometry.invert(pose)[None]
    return Lamp(place=-direction, power=power, normal=np.zeros(3), map_from_world=maps, camera=camera, far=radius)


def _world_corners(buffers: SceneBuffers) -> NDArray[np.float64]:
    """Corners float64 [K, 3] of all instances' boxes at all times, world frame."""
    flat, corners = buffers.flat, []
    for instance, (low, high) in zip(buffers.scene.instances, flat.bounds, strict=True):
        if np.isfinite(low).all():
            box = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
            corners.append(
                (box @ instance.motion.poses[:, :3, :3].transpose(0, 2, 1) + instance.motion.poses[:, None, :3, 3]).reshape(-1, 3)
            )
    return np.concatenate(corners)


@dataclass
class _Map:
    """One map: its texels among those of all, and the depth keys of what never moves.

    disturbed: the rows into which something that moves was drawn last time.
    """

    views: Views
    map_from_world: NDArray[np.float64]
    nearness: wp.array
    keys: wp.array
    disturbed: range = range(0)


class ShadowMaps:
    """The maps of all lights of a scene. What never moves is drawn once, what moves at each time that is asked for."""

    def __init__(self, buffers: SceneBuffers, team: Team) -> None:
        self._buffers, self._team = buffers, team
        self._visibility = RasterVisibility(buffers, team)
        blocks = buffers.triangle_blocks
        moving = buffers.moving[blocks.spans[:, 2]]
        self._still = buffers.select(~moving & ~blocks.emits)
        self._moving = buffers.select(moving & ~blocks.emits)
        self._moving_blocks = np.flatnonzero(moving & ~blocks.emits)
        self._time: float | None = None
        self._views: dict[tuple[int, float, float], Views] = {}
        lamps = [lamp for light in buffers.scene.lights for lamp in lamps_of(light, buffers)]
        counts = [len(lamp.map_from_world) * lamp.camera.width**2 for lamp in lamps]
        offsets = np.cumsum([0, *counts])
        self.texels: wp.array = wp.empty(max(int(offsets[-1]), 1), dtype=wp.float32, device=buffers.device)
        self._overlay: wp.array | None = None
        self._maps = [m for lamp, offset in zip(lamps, offsets, strict=False) for m in self._maps_of(lamp, int(offset))]
        self.rows = _rows(lamps, offsets, buffers.device)

    def _maps_of(self, lamp: Lamp, offset: int) -> Iterator[_Map]:
        size = lamp.camera.width
        kind = (size, lamp.camera.fx, lamp.far)
        if kind not in self._views:
            self._views[kind] = Views(lamp.camera, self._buffers, 1, lamp.far)
        for k, map_from_world in enumerate(lamp.map_from_world):
            first = offset + k * size * size
            nearness = self.texels[first : first + size * size].reshape((size, size))
            keys = wp.zeros((1, size, size), dtype=wp.uint64, device=self._buffers.device) if len(self._moving_blocks) else None
            yield _Map(self._views[kind], map_from_world, nearness, keys)

    def draw(self, time: float) -> None:
        """Makes the maps those of `time`."""
        if self._time == time or (self._time is not None and not len(self._moving_blocks)):
            return
        world_from_object = self._buffers.world_from_object(time)
        for shadow_map in self._maps:
            poses = shadow_map.map_from_world @ world_from_object
            if self._time is None:
                self._draw_still(shadow_map, poses)
            if len(self._moving_blocks):
                self._draw_moving(shadow_map, poses)
        self._time = time

    def _draw_still(self, shadow_map: _Map, poses: NDArray[np.float64]) -> None:
        views = shadow_map.views
        keys = self._visibility.keys_for(views, 1)
        self._visibility.draw(views, [0], poses[None], self._still, keys)
        if shadow_map.keys is not None:
            merged = keys.numpy().max(0, keepdims=True) if self._team.threads > 1 else keys[:1]
            wp.copy(shadow_map.keys, upload(merged, wp.uint64, self._buffers.device) if self._team.threads > 1 else merged)
        self._resolve(shadow_map, keys, self._team.threads, range(views.camera.height))
        keys.zero_()

    def _draw_moving(self, shadow_map: _Map, poses: NDArray[np.float64]) -> None:
        """Draws what moves over what does not, in the rows that either the last or this drawing touches."""
        touched = self._rows_of_moving(shadow_map.views, poses)
        rows = _cover(touched, shadow_map.disturbed)
        shadow_map.disturbed = touched
        if not rows:
            return
        if self._overlay is None or self._overlay.shape != shadow_map.keys.shape:
            self._overlay = wp.empty_like(shadow_map.keys)
        size = shadow_map.views.camera.width
        wp.copy(self._overlay, shadow_map.keys, rows.start * size, rows.start * size, len(rows) * size)
        self._visibility.draw(shadow_map.views, [0], poses[None], self._moving, self._overlay, layers=1)
        self._resolve(shadow_map, self._overlay, 1, rows)

    def _rows_of_moving(self, views: Views, poses: NDArray[np.float64]) -> range:
        """The rows of a map that may show something that moves."""
        blocks = self._buffers.triangle_blocks
        pose = poses[blocks.spans[self._moving_blocks, 2]]
        centre = (pose[:, :3, :3] @ blocks.centre[self._moving_blocks, :, None])[..., 0] + pose[:, :3, 3]
        (x, y, z), r = centre.T, blocks.radius[self._moving_blocks]
        camera = views.camera
        if views.eye.far > 0:
            low, high = (y - r).min(), (y + r).max()
        else:
            wide = camera.cx / camera.fx
            seen = (z + r > views.eye.near) & (np.abs(x) - wide * z <= r * np.hypot(1.0, wide))
            y, z, r = y[seen], z[seen], r[seen]
            if not len(z):
                return range(0)
            if (z - r < views.eye.near).any():
                return range(camera.height)
            low = np.minimum((y - r) / (z - r), (y - r) / (z + r)).min()
            high = np.maximum((y + r) / (z - r), (y + r) / (z + r)).max()
        first, last = np.floor(camera.fy * low + camera.cy - 1), np.ceil(camera.fy * high + camera.cy + 1)
        return range(int(np.clip(first, 0, camera.height)), int(np.clip(last, 0, camera.height)))

    def _resolve(self, shadow_map: _Map, keys: wp.array, layers: int, rows: range) -> None:
        eye = shadow_map.views.eye
        inputs = [eye, rows.start, 0, layers, keys, shadow_map.nearness]
        wp.launch(resolve_nearness, dim=(len(rows), -(-eye.width // eye.run)), inputs=inputs, device=self._buffers.device)


def _rows(lamps: list[Lamp], offsets: NDArray[np.int64], device: str) -> wp.array:
    """LightRow [L] of the lamps."""
    rows = struct_rows(LightRow, len(lamps))
    for row, lamp, offset in zip(rows, lamps, offsets, strict=False):
        row["place"], row["power"], row["normal"] = lamp.place, lamp.power, lamp.normal
        row["map_from_world"] = lamp.map_from_world[0, :3]
        row["far"], row["offset"] = lamp.far, offset
        row["size"], row["focal"], row["per_focal"] = lamp.camera.width, lamp.camera.fx, 1.0 / lamp.camera.fx
    return upload(rows, LightRow, device)


def _cover(a: range, b: range) -> range:
    """The smallest range that holds both."""
    if not a or not b:
        return a or b
    return range(min(a.start, b.start), max(a.stop, b.stop))
