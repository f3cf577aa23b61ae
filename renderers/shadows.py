# ruff: noqa: RUF046, UP018 - int(0) declares a variable that a kernel may change
"""Shadow maps: what each light sees, as the triangle under each texel, so that the test is exact up to a texel and needs no depth bias.

A texel's triangle blocks the light from a point when it is nearer to the light both where the point is (the triangle's plane, extended to the
point's direction) and at the texel's centre (the point's own plane, extended to it). The first fails to be nearer around a concave edge,
the second around a convex one, and both hold behind a true occluder; so surfaces do not shadow themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import BLOCK, SceneBuffers
from renderers.kernels import KERNEL_OPTIONS, apply, mat34
from renderers.visibility.raster import RasterVisibility, nearness_plane
from renderers.visibility.view import View
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import PointLight, Sun

wp.set_module_options(KERNEL_OPTIONS)

POINT_MAP = 512  # texels of a cube map's edge
SUN_MAP = 1024
# A blocker must be nearer by this fraction of the distance; what stands on a floor is joined to its shadow up to a few millimetres.
CLEARANCE = wp.constant(1.0e-3)
SUN_CLEARANCE_M = wp.constant(2.0e-3)

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


@wp.struct
class LightRow:
    """A light and its maps. `far` > 0: parallel light along z of the light's frame; else a point light at that frame's origin.

    light_from_eye: rigid. offset: where its maps start among the texels of all maps. size, focal: texels.
    """

    light_from_eye: mat34
    power: wp.vec3
    far: wp.float32
    offset: wp.int32
    size: wp.int32
    focal: wp.float32


@wp.struct
class Receiver:
    """A point that light may reach, in the light's frame: its map ray (nearness = plane . ray), the axes of the map and its position there."""

    own: wp.int32
    ray: wp.vec3
    plane: wp.vec3
    right: wp.vec3
    down: wp.vec3
    s: wp.float32
    t: wp.float32
    needed: wp.float32


@wp.func
def lit_share(
    maps: wp.array(dtype=wp.int32), planes: wp.array2d(dtype=wp.vec3), row: int, offset: int, size: int, step: float, at: Receiver
):
    """Share of light in [0, 1] that passes the four texels around the receiver, bilinear. A blocker's nearness exceeds `needed` more."""
    left = wp.floor(at.s)
    top = wp.floor(at.t)
    fs = at.s - left
    ft = at.t - top
    first = offset + int(top) * size + int(left)
    seen = wp.vec4i(maps[first], maps[first + 1], maps[first + size], maps[first + size + 1])
    if seen[0] == at.own and seen[1] == at.own and seen[2] == at.own and seen[3] == at.own:
        return 1.0
    weight = wp.vec4((1.0 - fs) * (1.0 - ft), fs * (1.0 - ft), (1.0 - fs) * ft, fs * ft)
    own_here = wp.dot(at.plane, at.ray) + at.needed
    lit = float(1.0)
    for k in range(4):
        triangle = seen[k]
        if triangle >= 0 and triangle != at.own:
            plane = planes[row, triangle]
            if wp.dot(plane, at.ray) > own_here:
                there = at.ray + at.right * ((float(k & 1) - fs) * step) + at.down * ((float(k >> 1) - ft) * step)
                own_there = wp.dot(at.plane, there)
                if own_there <= 0.0 or wp.dot(plane, there) > own_there + at.needed:
                    lit -= weight[k]
    return wp.max(lit, 0.0)


@wp.func
def point_light_share(
    light: LightRow, row: int, maps: wp.array(dtype=wp.int32), planes: wp.array2d(dtype=wp.vec3), own: int, place: wp.vec3, normal: wp.vec3
):
    """Share of point light `row` that reaches `place` with `normal` (both in the light's frame), from its cube map."""
    x = wp.abs(place[0])
    y = wp.abs(place[1])
    z = wp.abs(place[2])
    at = Receiver()
    face = int(0)
    right = wp.vec3(0.0, -1.0, 0.0)
    down = wp.vec3(0.0, 0.0, -1.0)
    reach = x
    if x >= y and x >= z:
        if place[0] < 0.0:
            face = 1
            right = wp.vec3(0.0, 1.0, 0.0)
    elif y >= z:
        reach = y
        face = 2
        right = wp.vec3(1.0, 0.0, 0.0)
        if place[1] < 0.0:
            face = 3
            right = wp.vec3(-1.0, 0.0, 0.0)
    else:
        reach = z
        face = 4
        right = wp.vec3(1.0, 0.0, 0.0)
        down = wp.vec3(0.0, 1.0, 0.0)
        if place[2] < 0.0:
            face = 5
            down = wp.vec3(0.0, -1.0, 0.0)
    per_reach = 1.0 / wp.max(reach, 1.0e-6)
    middle = 0.5 * float(light.size) - 0.5
    at.own = own
    at.ray = place * per_reach
    at.plane = normal * (1.0 / wp.dot(normal, place))
    at.right = right
    at.down = down
    at.s = wp.dot(at.ray, right) * light.focal + middle
    at.t = wp.dot(at.ray, down) * light.focal + middle
    at.needed = CLEARANCE * per_reach
    return lit_share(maps, planes, row, light.offset + face * light.size * light.size, light.size, 1.0 / light.focal, at)


@wp.func
def sun_share(
    light: LightRow, row: int, maps: wp.array(dtype=wp.int32), planes: wp.array2d(dtype=wp.vec3), own: int, place: wp.vec3, normal: wp.vec3
):
    """Share of parallel light `row` that reaches `place` with `normal` (both in the light's frame); all of it outside the map."""
    at = Receiver()
    at.own = own
    at.ray = wp.vec3(place[0], place[1], 1.0)
    slope_x = normal[0] / normal[2]
    slope_y = normal[1] / normal[2]
    at.plane = wp.vec3(slope_x, slope_y, light.far - place[2] - slope_x * place[0] - slope_y * place[1])
    at.right = wp.vec3(1.0, 0.0, 0.0)
    at.down = wp.vec3(0.0, 1.0, 0.0)
    middle = 0.5 * float(light.size) - 0.5
    at.s = place[0] * light.focal + middle
    at.t = place[1] * light.focal + middle
    at.needed = SUN_CLEARANCE_M
    last = float(light.size - 1)
    if at.s < 0.0 or at.t < 0.0 or at.s >= last or at.t >= last:
        return 1.0
    return lit_share(maps, planes, row, light.offset, light.size, 1.0 / light.focal, at)


@wp.kernel
def place_planes(
    spans: wp.array(dtype=wp.vec3i),
    light_from_object: wp.array(dtype=mat34),
    vertices: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    far: float,
    planes: wp.array(dtype=wp.vec3),
):
    """Nearness planes of triangles in a light's frame."""
    block, lane = wp.tid()
    span = spans[block]
    i = span[0] + lane
    if i >= span[1]:
        return
    t = triangles[i]
    pose = light_from_object[span[2]]
    planes[i] = nearness_plane(apply(pose, vertices[t[0]]), apply(pose, vertices[t[1]]), apply(pose, vertices[t[2]]), far)


@dataclass
class _Map:
    """One map: a camera, its axes in the light's frame, the drawn view, and the keys of what never moves (None if nothing moves)."""

    camera: Camera
    map_from_light: NDArray[np.float64]
    view: View
    still_keys: wp.array | None = None
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
        scratch = self._visibility.blank(camera, far)
        for k, map_from_light in enumerate(axes):
            first = offset + k * size * size
            triangle = self.texels[first : first + size * size].reshape((size, size))
            maps.append(_Map(camera, map_from_light, replace(scratch, triangle=triangle)))
        return _Lamp(geometry.invert(pose), far, offset, maps)

    def rows(self, pose: NDArray[np.float64], time: int) -> wp.array:
        """LightRow [L] for a camera pose, with the maps drawn for `time`."""
        if self._time != time:
            self._draw(time)
            self._time = time
        lights = self._buffers.scene.lights
        rows = np.zeros(len(lights), dtype=LightRow.numpy_dtype())
        for row, light, lamp in zip(rows, lights, self._lamps, strict=True):
            row["light_from_eye"] = (lamp.light_from_world @ pose)[:3]
            row["power"] = light.irradiance if isinstance(light, Sun) else light.intensity
            row["far"], row["offset"] = lamp.far, lamp.offset
            row["size"], row["focal"] = lamp.maps[0].camera.width, lamp.maps[0].camera.fx
        return wp.array(rows, dtype=LightRow, device=self._buffers.device)

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
        spans = self._buffers.triangle_blocks.spans[among]
        if len(spans):
            with wp.ScopedDevice(self._buffers.device):
                poses = wp.array(light_from_object[:, :3].astype(np.float32), dtype=mat34)
                inputs = [wp.array(spans, dtype=wp.vec3i), poses, self._buffers.vertices, self._buffers.triangles, lamp.far]
                wp.launch(place_planes, dim=(len(spans), BLOCK), inputs=[*inputs, self.planes[row]])

    def _draw_still(self, shadow_map: _Map, light_from_object: NDArray[np.float64]) -> None:
        keys = wp.zeros(shadow_map.view.triangle.shape, dtype=wp.uint64, device=self._buffers.device)
        self._visibility.scan(shadow_map.camera, shadow_map.view, shadow_map.map_from_light @ light_from_object, keys, self._still)
        self._visibility.resolve(shadow_map.view, keys, clear=False)
        shadow_map.still_keys = keys if self._moving.any() else None

    def _draw_moving(self, shadow_map: _Map, light_from_object: NDArray[np.float64]) -> None:
        keys = wp.clone(shadow_map.still_keys)
        drawn = self._visibility.scan(shadow_map.camera, shadow_map.view, shadow_map.map_from_light @ light_from_object, keys, self._moving)
        if drawn or shadow_map.disturbed:
            self._visibility.resolve(shadow_map.view, keys, clear=False)
        shadow_map.disturbed = drawn


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
