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
from renderers.kernels.shadows import LightRow, keep_still, lay_over
from renderers.threads import Team
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import NEAR_M, Views
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


Rectangle = tuple[int, int, int, int]  # of a map: first and last row, first and last column, the last ones not included


@dataclass
class _Maps:
    """The N maps of one lamp. texels: float32 [N, S, S] among those of all lamps; still: the same of what never moves.

    disturbed [N]: the rectangles into which something that moves was drawn last time.
    """

    views: Views
    map_from_world: NDArray[np.float64]
    texels: wp.array
    still: wp.array
    disturbed: list[Rectangle | None]


class ShadowMaps:
    """The maps of all lights of a scene. What never moves is drawn once, what moves at each time that is asked for."""

    def __init__(self, buffers: SceneBuffers, team: Team) -> None:
        self._buffers, self._team = buffers, team
        self._visibility = RasterVisibility(buffers, team)
        blocks = buffers.triangle_blocks
        moving = buffers.moving[blocks.spans[:, 2]] & ~blocks.emits
        self._still, self._moving = buffers.select(~moving & ~blocks.emits), buffers.select(moving)
        self._moving_blocks = np.flatnonzero(moving)
        self._time: float | None = None
        self._views: dict[tuple[int, float, float], Views] = {}
        lamps = [lamp for light in buffers.scene.lights for lamp in lamps_of(light, buffers)]
        offsets = np.cumsum([0, *(len(lamp.map_from_world) * lamp.camera.width**2 for lamp in lamps)])
        self.texels: wp.array = wp.empty(max(int(offsets[-1]), 1), dtype=wp.float32, device=buffers.device)
        self._lamps = [self._maps_of(lamp, int(offset)) for lamp, offset in zip(lamps, offsets, strict=False)]
        self.rows = _rows(lamps, offsets, buffers.device)

    def _maps_of(self, lamp: Lamp, offset: int) -> _Maps:
        size, count = lamp.camera.width, len(lamp.map_from_world)
        kind = (size, lamp.camera.fx, lamp.far)
        if kind not in self._views:
            self._views[kind] = Views(lamp.camera, self._buffers, count, lamp.far)
        texels = self.texels[offset : offset + count * size * size].reshape((count, size, size))
        still = wp.empty_like(texels)
        return _Maps(self._views[kind], lamp.map_from_world, texels, still, [None] * count)

    def draw(self, time: float) -> None:
        """Makes the maps those of `time`."""
        if self._time == time or (self._time is not None and not len(self._moving_blocks)):
            return
        world_from_object = self._buffers.world_from_object(time)
        for maps in self._lamps:
            poses = maps.map_from_world[:, None] @ world_from_object
            if self._time is None:
                self._draw_still(maps, poses)
            if len(self._moving_blocks):
                self._draw_moving(maps, poses)
        self._time = time

    def _draw_still(self, maps: _Maps, poses: NDArray[np.float64]) -> None:
        count, layers = len(poses), self._team.threads
        keys = self._visibility.keys_for(maps.views, count)
        self._visibility.draw(maps.views, range(count), poses, self._still, keys)
        inputs = [keys, layers, maps.still, maps.texels]
        wp.launch(keep_still, dim=(count, maps.views.camera.height), inputs=inputs, device=self._buffers.device)

    def _draw_moving(self, maps: _Maps, poses: NDArray[np.float64]) -> None:
        """Draws what moves over what does not, in the rectangles that either the last or this drawing touches."""
        touched = self._touched(maps.views, poses)
        shown = [k for k, rectangle in enumerate(touched) if rectangle]
        layers, keys = self._team.threads, self._visibility.keys_for(maps.views, len(shown))
        if shown:
            self._visibility.draw(maps.views, shown, poses[shown], self._moving, keys)
        for k, (now, before) in enumerate(zip(touched, maps.disturbed, strict=True)):
            rectangle = _cover(now, before)
            if rectangle:
                top, bottom, left, right = rectangle
                first, used = (shown.index(k) * layers, layers) if now else (0, 0)
                inputs = [keys, first, used, wp.vec2i(top, left), right - left, maps.still[k], maps.texels[k]]
                wp.launch(lay_over, dim=bottom - top, inputs=inputs, device=self._buffers.device)
        maps.disturbed = touched

    def _touched(self, views: Views, poses: NDArray[np.float64]) -> list[Rectangle | None]:
        """Of each map that has the instances at `poses` [N, I, 4, 4], the rectangle that may show something that moves."""
        blocks, camera = self._buffers.triangle_blocks, views.camera
        pose = poses[:, blocks.spans[self._moving_blocks, 2]]
        centre = (pose[..., :3, :3] @ blocks.centre[self._moving_blocks, :, None])[..., 0] + pose[..., :3, 3]
        balls = [(*c.T, blocks.radius[self._moving_blocks]) for c in centre]
        return [_rectangle(camera, *ball, parallel=views.eye.far > 0) for ball in balls]


def _rectangle(
    camera: Camera,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    radius: NDArray[np.float64],
    *,
    parallel: bool,
) -> Rectangle | None:
    """Where a square map may show something of balls in its frame."""
    whole, sides = (0, camera.height, 0, camera.width), []
    if not parallel:
        wide = camera.cx / camera.fx
        seen = (z + radius > NEAR_M) & (np.maximum(np.abs(x), np.abs(y)) - wide * z <= radius * np.hypot(1.0, wide))
        x, y, z, radius = x[seen], y[seen], z[seen], radius[seen]
    if not len(x):
        return None
    if not parallel and (z - radius < NEAR_M).any():
        return whole
    for place, focal, centre, size in ((y, camera.fy, camera.cy, camera.height), (x, camera.fx, camera.cx, camera.width)):
        low, high = place - radius, place + radius
        if not parallel:
            low, high = np.minimum(low / (z - radius), low / (z + radius)), np.maximum(high / (z - radius), high / (z + radius))
        bounds = np.floor(focal * low.min() + centre - 1), np.ceil(focal * high.max() + centre + 1)
        sides += [int(np.clip(b, 0, size)) for b in bounds]
    top, bottom, left, right = sides
    return (top, bottom, left, right) if top < bottom and left < right else None


def _rows(lamps: list[Lamp], offsets: NDArray[np.int64], device: str) -> wp.array:
    """LightRow [L] of the lamps."""
    rows = struct_rows(LightRow, len(lamps))
    for row, lamp, offset in zip(rows, lamps, offsets, strict=False):
        row["place"], row["power"], row["normal"] = lamp.place, lamp.power, lamp.normal
        row["map_from_world"] = lamp.map_from_world[0, :3]
        row["far"], row["offset"] = lamp.far, offset
        row["size"], row["focal"], row["per_focal"] = lamp.camera.width, lamp.camera.fx, 1.0 / lamp.camera.fx
    return upload(rows, LightRow, device)


def _cover(a: Rectangle | None, b: Rectangle | None) -> Rectangle | None:
    """The smallest rectangle that holds both."""
    if a is None or b is None:
        return a or b
    return min(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), max(a[3], b[3])
