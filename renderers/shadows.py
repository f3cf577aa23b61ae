"""Shadow maps: what each light sees, as the triangle under each texel, and the triangles' planes in the light's frame.

What emits light casts no shadow: the lamp that surrounds a point light would swallow it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import BLOCK, SceneBuffers
from renderers.device import struct_rows, upload, upload_poses
from renderers.kernels.shadows import LightRow, place_planes
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import View
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import PointLight, Sun

POINT_MAP = 512  # texels of a cube map's edge
SUN_MAP = 1024
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
    """One map: a camera, its axes in the light's frame, the drawn view, and the depth keys of what never moves.

    disturbed: something that moves was drawn into the view last time.
    """

    camera: Camera
    map_from_light: NDArray[np.float64]
    view: View
    keys: wp.array
    disturbed: bool = False


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
        self._still, self._moving = ~moving & ~blocks.emits, moving & ~blocks.emits
        self._time: int | None = None
        sizes = [(1, _sun_map_size(buffers)) if isinstance(light, Sun) else (6, POINT_MAP) for light in buffers.scene.lights]
        offsets = np.cumsum([0, *(count * size * size for count, size in sizes)])
        with wp.ScopedDevice(buffers.device):
            self.texels = wp.empty(max(int(offsets[-1]), 1), dtype=wp.int32)
            self.planes = wp.empty((max(len(sizes), 1), len(buffers.flat.triangles)), dtype=wp.vec3)
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
        maps = []
        scratch, device = self._visibility.blank(camera, far), self._buffers.device
        keys: wp.array = wp.empty((size, size), dtype=wp.uint64, device=device)
        for k, map_from_light in enumerate(axes):
            first = offset + k * size * size
            triangle = self.texels[first : first + size * size].reshape((size, size))
            own_keys = wp.empty_like(keys) if self._moving.any() else keys
            maps.append(_Map(camera, map_from_light, replace(scratch, triangle=triangle), own_keys))
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
            row["size"], row["focal"] = lamp.maps[0].camera.width, lamp.maps[0].camera.fx
        return upload(rows, LightRow, self._buffers.device)

    def _draw(self, time: int) -> None:
        world_from_object = self._buffers.world_from_object(time)
        for k, lamp in enumerate(self._lamps):
            light_from_object = lamp.light_from_world @ world_from_object
            self._place_planes(k, lamp, light_from_object, self._still | self._moving if self._time is None else self._moving)
            for shadow_map in lamp.maps:
                if self._time is None:
                    self._draw_still(shadow_map, light_from_object)
                if self._moving.any():
                    self._draw_moving(shadow_map, light_from_object)

    def _place_planes(self, row: int, lamp: _Lamp, light_from_object: NDArray[np.float64], among: NDArray[np.bool_]) -> None:
        buffers = self._buffers
        spans = buffers.triangle_blocks.spans[among]
        if len(spans):
            inputs: list[Any] = [upload(spans, wp.vec3i, buffers.device), upload_poses(light_from_object, buffers.device), buffers.vertices]
            inputs += [buffers.triangles, lamp.far, self.planes[row]]
            wp.launch(place_planes, dim=(len(spans), BLOCK), inputs=inputs, device=buffers.device)

    def _draw_still(self, shadow_map: _Map, light_from_object: NDArray[np.float64]) -> None:
        shadow_map.keys.zero_()
        self._visibility.scan(
            shadow_map.camera, shadow_map.view, shadow_map.map_from_light @ light_from_object, shadow_map.keys, self._still
        )
        self._visibility.resolve(shadow_map.view, shadow_map.keys, clear=False)

    def _draw_moving(self, shadow_map: _Map, light_from_object: NDArray[np.float64]) -> None:
        keys = wp.clone(shadow_map.keys)
        drawn = self._visibility.scan(shadow_map.camera, shadow_map.view, shadow_map.map_from_light @ light_from_object, keys, self._moving)
        if drawn or shadow_map.disturbed:
            self._visibility.resolve(shadow_map.view, keys, clear=False)
        shadow_map.disturbed = drawn


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
