"""Direct light: linear radiance from the visible surfaces, their materials, the lights with their shadows, and the sky."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp

from renderers.air import air_of, sky_of
from renderers.buffers import SceneBuffers
from renderers.device import is_cpu, upload, upload_poses
from renderers.kernels.ambient import CELL, TASKS_BY_LANES, TASKS_BY_POINTS, Grid
from renderers.kernels.common import Eye
from renderers.kernels.lanes import LANES
from renderers.kernels.shading import Lighting, shade_lanes, shade_pixels
from renderers.labels import scenery_of
from renderers.moment import Moment
from renderers.shadows import ShadowMaps
from renderers.threads import Team
from renderers.visibility.view import ViewCache, Views


class Shader:
    """Shades views of one scene. by_lanes: several neighbouring pixels at once, on the CPU only (default: there); the bits are the same."""

    def __init__(self, buffers: SceneBuffers, cache: ViewCache, team: Team, *, by_lanes: bool | None = None) -> None:
        self._buffers, self._cache, self._team = buffers, cache, team
        self._shadows = ShadowMaps(buffers, team)
        self._scenery = scenery_of(buffers)
        by_lanes = is_cpu(buffers.device) if by_lanes is None else by_lanes
        self._shade, self._grid_tasks = (shade_lanes, TASKS_BY_LANES) if by_lanes else (shade_pixels, TASKS_BY_POINTS)
        self._lighting: Any = Lighting()
        self._lighting.sky, self._lighting.air = sky_of(buffers.scene.sky), air_of(buffers.scene, buffers.device)
        self._lighting.lights, self._lighting.shadow_maps = self._shadows.rows, self._shadows.texels

    def radiance(self, moments: Sequence[Moment]) -> wp.array:
        """Linear radiance vec3 [B, H, W] at moments of one and the same time."""
        now = upload(self._cache.slots(moments), wp.int32, self._buffers.device)
        views, device, batch = self._cache.views, self._buffers.device, len(moments)
        self._shadows.draw(moments[0].time)
        self._lighting.sun_maps = self._shadows.sun_maps
        poses = upload_poses(np.stack([m.pose for m in moments]), device)
        self._lighting.grid = self._grid(views, now, poses)
        objects = upload_poses(self._buffers.world_from_object(moments[0].time), device)
        result: wp.array = wp.empty((batch, views.camera.height, views.camera.width), dtype=wp.vec3, device=device)
        inputs = [now, views.sight, poses, objects, self._scenery, self._lighting, result]
        self._team.launch_rows_later(self._shade, views.eye, batch, inputs)
        return result

    def _grid(self, views: Views, now: wp.array, poses: wp.array) -> Any:
        """What share of the sky is hidden above points of each view, from eyes at poses mat34 [B]."""
        extent: Any = Eye()
        grid: Any = Grid()
        grid.heights, grid.world_from_eye, batch = self._shadows.heights, poses, len(poses)
        grid.width, grid.height = (-(-size // int(CELL)) for size in (views.camera.width, views.camera.height))
        extent.width, extent.height, extent.run = grid.width, grid.height, grid.width if is_cpu(self._buffers.device) else 1
        with wp.ScopedDevice(self._buffers.device):
            grid.place = wp.empty((batch, grid.width * grid.height + LANES), dtype=wp.vec3)
            grid.nearness, grid.hidden, grid.smooth = (wp.empty(grid.place.shape, dtype=wp.float32) for _ in range(3))
        for task in self._grid_tasks:
            self._team.launch_rows(task, extent, batch, [views.eye, now, views.sight, grid])
        return grid
