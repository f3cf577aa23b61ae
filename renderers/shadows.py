"""Shadow maps: how near is what each light sees.

What emits light casts no shadow: the lamp that surrounds a point light would swallow it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers, Selection
from renderers.device import struct_rows, upload
from renderers.kernels.ambient import Heights
from renderers.kernels.shadows import LightRow, SunMapRow, keep_still, lay_over
from renderers.lamps import Lamp, lamps_of, low_instances, overhead_lamp
from renderers.threads import Team
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import NEAR_M, Views
from scenes.camera import Camera

Rectangle = tuple[int, int, int, int]  # of a map: first and last row, first and last column, the last ones not included


@dataclass(frozen=True)
class _Casters:
    """Triangle blocks that maps show: those of what never moves, and of what does, also by index int [M]."""

    still: Selection
    moving: Selection
    moving_blocks: NDArray[np.int64]

    @classmethod
    def among(cls, buffers: SceneBuffers, chosen: NDArray[np.bool_]) -> _Casters:
        """Of the blocks chosen by a mask [B]."""
        moving = chosen & buffers.moving[buffers.triangle_blocks.spans[:, 2]]
        return cls(buffers.select(chosen & ~moving), buffers.select(moving), np.flatnonzero(moving))


@dataclass
class _Maps:
    """N maps of one lamp. texels: float32 [N, S, S] among those of all lamps; still: the same of what never moves.

    disturbed [N]: the rectangles into which something that moves was drawn last time. reach: of a nested map, else 0.
    """

    lamp: Lamp
    casters: _Casters
    views: Views
    offset: int
    texels: wp.array
    still: wp.array
    disturbed: list[Rectangle | None]
    reach: float = 0.0

    def follow(self, eye: NDArray[np.float64], *, ahead: bool) -> bool:
        """Moves a nested map to an eye at a pose; whether it has to be drawn anew. ahead: see `Lamp.nested`."""
        if not self.reach:
            return False
        camera, before = self.lamp.nested(self.reach, eye, ahead=ahead), self.views.camera
        self.views.aim(camera)
        return camera != before


class ShadowMaps:
    """The maps of all lights of a scene. What never moves is drawn once, what moves at each time that is asked for.

    Nested maps follow the scene's own camera, whichever eye looks at their shadows, so that pictures depend on nothing but time and eye.
    rows: LightRow [L]. sun_maps: SunMapRow, those of the time that was drawn last. texels: of all maps. heights: Heights of what stands
    about the scene's camera, at that time.
    """

    def __init__(self, buffers: SceneBuffers, team: Team) -> None:
        self._buffers, self._team = buffers, team
        self._visibility = RasterVisibility(buffers, team)
        self._time: float | None = None
        self._views: dict[tuple[int, float, float], Views] = {}
        blocks = buffers.triangle_blocks
        lamps, overhead = [lamp for light in buffers.scene.lights for lamp in lamps_of(light, buffers)], overhead_lamp(buffers)
        casters = _Casters.among(buffers, ~blocks.emits)
        wanted = [(lamp, reach, casters) for lamp in lamps for reach in (0.0, *lamp.reaches)]
        if overhead:
            low = _Casters.among(buffers, low_instances(buffers)[blocks.spans[:, 2]])
            wanted += [(overhead, reach, low) for reach in overhead.reaches]
        offsets = np.cumsum([0, *(len(lamp.map_from_world) * lamp.camera.width**2 for lamp, _, _ in wanted)])
        self.texels: wp.array = wp.empty(max(int(offsets[-1]), 1), dtype=wp.float32, device=buffers.device)
        self._maps = [self._maps_of(*which, int(offset)) for which, offset in zip(wanted, offsets, strict=False)]
        self._suns = [m for m in self._maps if m.lamp.far and m.lamp is not overhead]
        self._feet = [m for m in self._maps if m.lamp is overhead]
        self.rows, self.sun_maps = _light_rows(lamps, self._maps, buffers.device), _sun_map_rows(self._suns, buffers.device)
        self.heights: Any = Heights()

    def _maps_of(self, lamp: Lamp, reach: float, casters: _Casters, offset: int) -> _Maps:
        size, count = lamp.camera.width, len(lamp.map_from_world)
        texels = self.texels[offset : offset + count * size * size].reshape((count, size, size))
        still = wp.empty_like(texels) if len(casters.moving_blocks) else texels
        return _Maps(lamp, casters, self._views_for(lamp, reach), offset, texels, still, [None] * count, reach)

    def _views_for(self, lamp: Lamp, reach: float) -> Views:
        """Lamps of one kind share their views; a nested map has its own, for it moves."""
        if reach:
            return Views(lamp.camera, self._buffers, 1, lamp.far)
        kind = (lamp.camera.width, lamp.camera.fx, lamp.far)
        if kind not in self._views:
            self._views[kind] = Views(lamp.camera, self._buffers, len(lamp.map_from_world), lamp.far)
        return self._views[kind]

    def draw(self, time: float) -> None:
        """Makes the maps those of `time`."""
        if self._time == time:
            return
        scene, world_from_object = self._buffers.scene, self._buffers.world_from_object(time)
        eye, ahead = scene.camera_motion.at(time), not scene.camera.is_wide
        for maps in self._maps:
            fresh = maps.follow(eye, ahead=ahead) or self._time is None
            if fresh or len(maps.casters.moving_blocks):
                poses = maps.lamp.map_from_world[:, None] @ world_from_object
                if fresh:
                    self._draw_still(maps, poses)
                if len(maps.casters.moving_blocks):
                    self._draw_moving(maps, poses)
        self.sun_maps = _sun_map_rows(self._suns, self._buffers.device)
        for maps in self._feet:
            _set_heights(self.heights, maps)
        self._time = time

    def _draw_still(self, maps: _Maps, poses: NDArray[np.float64]) -> None:
        count, layers = len(poses), self._team.threads
        keys = self._visibility.keys_for(maps.views, count)
        self._visibility.draw(maps.views, range(count), poses, maps.casters.still, keys)
        inputs = [keys, layers, maps.still]
        maps.disturbed = [None] * count
        wp.launch(keep_still, dim=(count, maps.views.camera.height), inputs=inputs, device=self._buffers.device)
        if maps.still is not maps.texels:
            wp.copy(maps.texels, maps.still)

    def _draw_moving(self, maps: _Maps, poses: NDArray[np.float64]) -> None:
        """Draws what moves over what does not, in the rectangles that either the last or this drawing touches."""
        touched = self._touched(maps, poses)
        shown = [k for k, rectangle in enumerate(touched) if rectangle]
        layers, keys = self._team.threads, self._visibility.keys_for(maps.views, len(shown))
        if shown:
            self._visibility.draw(maps.views, shown, poses[shown], maps.casters.moving, keys)
        for k, (now, before) in enumerate(zip(touched, maps.disturbed, strict=True)):
            rectangle = _cover(now, before)
            if rectangle:
                top, bottom, left, right = rectangle
                first, used = (shown.index(k) * layers, layers) if now else (0, 0)
                inputs = [keys, first, used, wp.vec2i(top, left), right - left, maps.still[k], maps.texels[k]]
                wp.launch(lay_over, dim=bottom - top, inputs=inputs, device=self._buffers.device)
        maps.disturbed = touched

    def _touched(self, maps: _Maps, poses: NDArray[np.float64]) -> list[Rectangle | None]:
        """Of each map that has the instances at `poses` [N, I, 4, 4], the rectangle that may show something that moves."""
        blocks, moving = self._buffers.triangle_blocks, maps.casters.moving_blocks
        pose = poses[:, blocks.spans[moving, 2]]
        centre = (pose[..., :3, :3] @ blocks.centre[moving, :, None])[..., 0] + pose[..., :3, 3]
        balls = [(*c.T, blocks.radius[moving]) for c in centre]
        return [_rectangle(maps.views.camera, *ball, parallel=maps.lamp.far > 0) for ball in balls]


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


def _light_rows(lamps: list[Lamp], maps: list[_Maps], device: str) -> wp.array:
    """LightRow [L] of the lamps."""
    rows = struct_rows(LightRow, len(lamps))
    parallel = [m.lamp for m in maps if m.lamp.far]  # what looks on from above, and is no light, comes last
    for row, lamp in zip(rows, lamps, strict=True):
        row["place"], row["power"], row["normal"] = lamp.place, lamp.power, lamp.normal
        row["map_from_world"], row["far"] = lamp.map_from_world[0, :3], lamp.far
        row["offset"] = next(m.offset for m in maps if m.lamp is lamp)
        row["size"], row["focal"], row["per_focal"] = lamp.camera.width, lamp.camera.fx, 1.0 / lamp.camera.fx
        if lamp.far:
            row["first_map"] = next(k for k, other in enumerate(parallel) if other is lamp)
            row["end_map"] = row["first_map"] + 1 + len(lamp.reaches)
    return upload(rows, LightRow, device)


def _sun_map_rows(maps: list[_Maps], device: str) -> wp.array:
    """SunMapRow of maps of parallel light."""
    rows = struct_rows(SunMapRow, len(maps))
    for row, m in zip(rows, maps, strict=True):
        camera = m.views.camera
        row["offset"], row["focal"], row["per_focal"], row["cx"], row["cy"] = m.offset, camera.fx, 1.0 / camera.fx, camera.cx, camera.cy
    return upload(rows, SunMapRow, device)


def _set_heights(heights: Any, maps: _Maps) -> None:
    """Heights from a map that looks straight down, whose x axis is the world's."""
    camera, shift = maps.views.camera, maps.lamp.map_from_world[0, :3, 3]
    heights.texels, heights.size, heights.focal = maps.texels.flatten(), camera.width, camera.fx
    heights.cx, heights.cy = camera.cx + camera.fx * shift[0], camera.cy + camera.fy * shift[1]
    heights.level = shift[2] - maps.lamp.far


def _cover(a: Rectangle | None, b: Rectangle | None) -> Rectangle | None:
    """The smallest rectangle that holds both."""
    if a is None or b is None:
        return a or b
    return min(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), max(a[3], b[3])
