"""Direct light: linear radiance from the visible surfaces, their materials, the lights with their shadows, and the sky."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp

from renderers.buffers import SceneBuffers
from renderers.device import is_cpu, upload, upload_poses
from renderers.kernels.reflectance import SkyRow
from renderers.kernels.shading import shade_lanes, shade_pixels
from renderers.labels import scenery_of, sight_of
from renderers.moment import Moment
from renderers.shadows import ShadowMaps
from renderers.threads import Team
from renderers.visibility.view import ViewCache
from scenes.scene import Sky


class Shader:
    """Shades views of one scene."""

    def __init__(self, buffers: SceneBuffers, cache: ViewCache, team: Team) -> None:
        self._buffers, self._cache, self._team = buffers, cache, team
        self._shadows = ShadowMaps(buffers, team)
        self._scenery = scenery_of(buffers)
        self._sky = _sky(buffers.scene.sky)

    def radiance(self, moments: Sequence[Moment]) -> wp.array:
        """Linear radiance vec3 [B, H, W] at moments of one and the same time."""
        slots = self._cache.slots(moments)
        views, device = self._cache.views, self._buffers.device
        self._shadows.draw(moments[0].time)
        poses = upload_poses(np.stack([m.pose for m in moments]), device)
        objects = upload_poses(self._buffers.world_from_object(moments[0].time), device)
        result: wp.array = wp.empty((len(moments), views.camera.height, views.camera.width), dtype=wp.vec3, device=device)
        inputs = [upload(slots, wp.int32, device), sight_of(views), poses, objects, self._scenery]
        inputs += [self._shadows.rows, self._shadows.texels, self._sky, result]
        self._team.launch_rows(shade_lanes if is_cpu(device) else shade_pixels, views.eye, len(moments), inputs)
        return result


def _sky(sky: Sky) -> Any:
    row: Any = SkyRow()
    row.zenith, row.horizon, row.ground = wp.vec3(*sky.zenith), wp.vec3(*sky.horizon), wp.vec3(*sky.ground)
    row.up = wp.vec3(0.0, 0.0, 1.0)
    return row
