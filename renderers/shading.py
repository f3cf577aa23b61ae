"""Direct light: linear radiance from the visible surfaces, their materials, the lights with their shadows, and the sky."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.device import upload_poses
from renderers.kernels.reflectance import SkyRow
from renderers.kernels.shading import Scenery, shade
from renderers.labels import Moment
from renderers.shadows import ShadowMaps
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import launch_size
from scenes.scene import Sky


class Shader:
    """Shades views of one scene."""

    def __init__(self, buffers: SceneBuffers, visibility: RasterVisibility) -> None:
        self._buffers = buffers
        self._shadows = ShadowMaps(buffers, visibility)
        self._scenery: Any = Scenery()
        for name in ("triangles", "normals", "uvs", "triangle_instance", "triangle_look", "materials", "texels"):
            setattr(self._scenery, name, getattr(buffers, name))
        self._scenery.shadow_maps = self._shadows.texels
        camera = buffers.scene.camera
        self._radiance: wp.array = wp.empty((camera.height, camera.width), dtype=wp.vec3, device=buffers.device)

    def radiance(self, now: Moment, pose: NDArray[np.float64], time: int) -> wp.array:
        """Linear radiance vec3 [H, W] at a moment, seen from the camera pose; overwritten by the next call."""
        view = now.view()
        device = self._buffers.device
        poses, lights = upload_poses(now.eye_from_object, device), self._shadows.rows(pose, time)
        inputs = [view.pinhole, view.triangle, view.points, view.planes, poses, self._scenery, lights]
        inputs += [_sky(self._buffers.scene.sky, pose), self._radiance]
        wp.launch(shade, dim=launch_size(view.pinhole), inputs=inputs, device=device)
        return self._radiance


def _sky(sky: Sky, pose: NDArray[np.float64]) -> Any:
    row: Any = SkyRow()
    row.zenith, row.horizon, row.ground = wp.vec3(*sky.zenith), wp.vec3(*sky.horizon), wp.vec3(*sky.ground)
    row.up = wp.vec3(*pose[2, :3])
    return row
