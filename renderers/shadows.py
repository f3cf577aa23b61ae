"""Shadow maps: how near is what each light sees.

What emits light casts no shadow: the lamp that surrounds a point light would swallow it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.device import struct_rows, upload
from renderers.kernels.shadows import LightRow, resolve_nearness
from renderers.visibility.raster import Culled, RasterVisibility
from renderers.visibility.view import View
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import PointLight, Sun

# Texels of a map's edge; not powers of two, whose columns would compete for the same lines of the cache.
POINT_MAP = 400
SUN_MAP = 1000
# x, y and z axes of the six cube faces in the light's frame, which has the world's directions; rotations, as OpenCV camera frames are.
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


@dataclass
class _Map:
    """One map: a camera, its axes in the light's frame, its texels, and the depth keys of what never moves.

    disturbed: the rows into which something that moves was drawn last time.
    """

    camera: Camera
    map_from_light: NDArray[np.float64]
    scratch: View
    nearness: wp.array
    keys: wp.array
    disturbed: range = range(0)


@dataclass(frozen=True)
class _Lamp:
    light_from_world: NDArray[np.float64]
    far: float
    offset: int
    maps: list[_Map]


class ShadowMaps:
    """The maps of all lights of a scene. What never moves is drawn once, what moves at each time that is asked for."""

    def __init__(self, buffers: SceneBuffers, visibility: RasterVisibility) -> None:
        self._buffers, self._visibility = buffers, visibility
        blocks = buffers.triangle_blocks
        moving = buffers.moving[blocks.spans[:, 2]]
        self._still, self._moving = np.flatnonzero(~moving & ~blocks.emits), np.flatnonzero(moving & ~blocks.emits)
        self._time: int | None = None
        sizes = [(1, _sun_map_size(buffers)) if isinstance(light, Sun) else (6, POINT_MAP) for light in buffers.scene.lights]
        offsets = np.cumsum([0, *(count * size * size for count, size in sizes)])
        self.texels: wp.array = wp.empty(max(int(offsets[-1]), 1), dtype=wp.float32, device=buffers.device)
        self._overlay: wp.array | None = None
        self._lamps = [self._lamp(light, int(o), size) for light, o, (_, size) in zip(buffers.scene.lights, offsets, sizes, strict=False)]

    def _lamp(self, light: PointLight | Sun, offset: int, size: int) -> _Lamp:
        if isinstance(light, Sun):
            pose, camera, far = _sun_frame(light, self._buffers, size)
            axes = [np.eye(4)]
        else:
            pose, far = geometry.compose(np.eye(3), light.position), 0.0
            focal = size / 2 - 1  # one texel more than the face on each side, so that filtering does not end at the seams
            camera = Camera(width=size, height=size, fx=focal, fy=focal, cx=size / 2, cy=size / 2)
            axes = [geometry.compose(rows, np.zeros(3)) for rows in FACE_AXES]
        scratch, device = self._visibility.blank(camera, far), self._buffers.device
        shared: wp.array = wp.empty((size, size), dtype=wp.uint64, device=device)
        maps = []
        for k, map_from_light in enumerate(axes):
            first = offset + k * size * size
            nearness = self.texels[first : first + size * size].reshape((size, size))
            keys = wp.empty_like(shared) if len(self._moving) else shared
            maps.append(_Map(camera, map_from_light, scratch, nearness, keys))
        return _Lamp(geometry.invert(pose), far, offset, maps)

    def rows(self, pose: NDArray[np.float64], time: int) -> wp.array:
        """LightRow [L] for a camera pose, with the maps drawn for `time`."""
        if self._time != time:
            self._draw(time)
            self._time = time
        lights = self._buffers.scene.lights
        rows = struct_rows(LightRow, len(lights))
        for row, light, lamp in zip(rows, lights, self._lamps, strict=True):
            row["light_from_eye"] = (lamp.light_from_world @ pose)[:3]
            row["place"] = _place_in_eye(light, pose)
            row["power"] = light.irradiance if isinstance(light, Sun) else light.intensity
            row["far"], row["offset"] = lamp.far, lamp.offset
            camera = lamp.maps[0].camera
            row["size"], row["focal"], row["per_focal"] = camera.width, camera.fx, 1.0 / camera.fx
        return upload(rows, LightRow, self._buffers.device)

    def _draw(self, time: int) -> None:
        world_from_object = self._buffers.world_from_object(time)
        for lamp in self._lamps:
            light_from_object = lamp.light_from_world @ world_from_object
            for shadow_map in lamp.maps:
                poses = shadow_map.map_from_light @ light_from_object
                if self._time is None:
                    self._draw_still(shadow_map, poses)
                if len(self._moving):
                    self._draw_moving(shadow_map, poses)

    def _draw_still(self, shadow_map: _Map, poses: NDArray[np.float64]) -> None:
        view = shadow_map.scratch
        shadow_map.keys.zero_()
        self._visibility.scan(view, poses, self._cull(shadow_map, poses, self._still), shadow_map.keys)
        self._resolve(shadow_map, shadow_map.keys, range(shadow_map.camera.height))

    def _draw_moving(self, shadow_map: _Map, poses: NDArray[np.float64]) -> None:
        """Draws what moves over what does not, in the rows that either the last or this drawing touches."""
        culled = self._cull(shadow_map, poses, self._moving)
        touched = culled.rows(shadow_map.camera, shadow_map.scratch.pinhole.far)
        rows = _cover(touched, shadow_map.disturbed)
        shadow_map.disturbed = touched
        if not rows:
            return
        if self._overlay is None or self._overlay.shape != shadow_map.keys.shape:
            self._overlay = wp.empty_like(shadow_map.keys)
        size = shadow_map.camera.width
        wp.copy(self._overlay, shadow_map.keys, rows.start * size, rows.start * size, len(rows) * size)
        self._visibility.scan(shadow_map.scratch, poses, culled, self._overlay)
        self._resolve(shadow_map, self._overlay, rows)

    def _cull(self, shadow_map: _Map, poses: NDArray[np.float64], among: NDArray[np.int64]) -> Culled:
        return self._visibility.cull(shadow_map.camera, poses, among, shadow_map.scratch.pinhole.far)

    def _resolve(self, shadow_map: _Map, keys: wp.array, rows: range) -> None:
        run = shadow_map.scratch.pinhole.run
        inputs = [keys, rows.start, run, shadow_map.nearness]
        wp.launch(resolve_nearness, dim=(len(rows), shadow_map.camera.width // run), inputs=inputs, device=self._buffers.device)


def _cover(a: range, b: range) -> range:
    """The smallest range that holds both."""
    if not a or not b:
        return a or b
    return range(min(a.start, b.start), max(a.stop, b.stop))


def _place_in_eye(light: PointLight | Sun, pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """Position of a light, or the unit vector towards parallel light, in the frame of a camera pose."""
    if isinstance(light, Sun):
        return -np.asarray(light.direction) @ pose[:3, :3]
    return (np.asarray(light.position) - pose[:3, 3]) @ pose[:3, :3]


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


def _sun_map_size(buffers: SceneBuffers) -> int:
    corners = _world_corners(buffers)
    return SUN_MAP if np.ptp(corners, axis=0).max() < 15.0 else 2 * SUN_MAP


def _sun_frame(light: Sun, buffers: SceneBuffers, size: int) -> tuple[NDArray[np.float64], Camera, float]:
    """(pose of the sun's frame, map camera, far): the map holds the whole scene, the origin lies at its middle."""
    corners = _world_corners(buffers)
    middle = (corners.min(0) + corners.max(0)) / 2
    radius = float(np.linalg.norm(corners - middle, axis=1).max()) * 1.01 + 0.01
    focal = size / (2 * radius)
    camera = Camera(width=size, height=size, fx=focal, fy=focal, cx=size / 2, cy=size / 2)
    return geometry.look_at(middle, middle + np.asarray(light.direction)), camera, radius
