"""Visibility by rasterisation: triangles are scanned into pixels, the nearest wins (Warp; CPU and CUDA from one source).

Blocks of triangles outside the frustum are left out on the host, and so are the backs of closed parts that the eye is outside of;
`renderers.kernels.raster` does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import BLOCK, SceneBuffers
from renderers.device import upload, upload_poses
from renderers.kernels.raster import place_vertices, resolve, scan_triangles
from renderers.visibility.view import NEAR_M, View, launch_size, pinhole_of
from scenes import geometry
from scenes.camera import Camera


def visible_balls(camera: Camera, centre: NDArray[np.float64], radius: NDArray[np.float64], far: float) -> NDArray[np.bool_]:
    """bool [B]: the ball (eye frame) is not wholly outside one of the frustum's planes."""
    x, y, z = centre[..., 0], centre[..., 1], centre[..., 2]
    seen = np.ones(len(z), dtype=bool) if far > 0 else z + radius >= NEAR_M
    for axis, focal, low, high in (
        (x, camera.fx, -camera.cx, camera.width - camera.cx),
        (y, camera.fy, -camera.cy, camera.height - camera.cy),
    ):
        for sign, bound in ((1.0, low / focal), (-1.0, high / focal)):
            if far > 0:
                seen &= sign * (axis - bound) >= -radius
            else:
                seen &= sign * (axis - bound * z) >= -radius * np.sqrt(1 + bound * bound)
    return seen


@dataclass(frozen=True)
class Culled:
    """What may be in view. vertices: int32 [N, 3] and triangles: int32 [M, 4], spans as the kernels take them.

    centre: float64 [M, 3] and radius: float64 [M], a ball around each triangle span in the eye's frame.
    """

    vertices: NDArray[np.int32]
    triangles: NDArray[np.int32]
    centre: NDArray[np.float64]
    radius: NDArray[np.float64]

    def rows(self, camera: Camera, far: float) -> range:
        """The image rows that it may reach."""
        if not len(self.triangles):
            return range(0)
        y, z, r = self.centre[:, 1], self.centre[:, 2], self.radius
        if far > 0:
            low, high = y - r, y + r
        elif (z - r < NEAR_M).any():
            return range(camera.height)
        else:
            low, high = np.minimum((y - r) / (z - r), (y - r) / (z + r)), np.maximum((y + r) / (z - r), (y + r) / (z + r))
        first, last = np.floor(camera.fy * low.min() + camera.cy - 1), np.ceil(camera.fy * high.max() + camera.cy + 1)
        return range(int(np.clip(first, 0, camera.height)), int(np.clip(last, 0, camera.height)))


class RasterVisibility:
    """Fills views of one scene by rasterisation."""

    def __init__(self, buffers: SceneBuffers) -> None:
        self._buffers = buffers
        self._screen = wp.empty(len(buffers.flat.vertices), dtype=wp.vec3, device=buffers.device)
        self._keys: dict[tuple[int, int], wp.array] = {}
        self._everything = np.arange(len(buffers.triangle_blocks.spans))

    def blank(self, camera: Camera, far: float = 0.0) -> View:
        """A view whose arrays are not filled yet."""
        buffers = self._buffers
        with wp.ScopedDevice(buffers.device):
            return View(
                pinhole=pinhole_of(camera, buffers.device, far),
                triangle=wp.empty((camera.height, camera.width), dtype=wp.int32),
                points=wp.empty(len(buffers.flat.vertices), dtype=wp.vec3),
                planes=wp.empty(len(buffers.flat.triangles), dtype=wp.vec3),
            )

    def see(self, camera: Camera, eye_from_object: NDArray[np.float64]) -> View:
        """What a camera sees in whose frame the instances have the poses `eye_from_object` float64 [I, 4, 4]."""
        view, size, device = self.blank(camera), (camera.height, camera.width), self._buffers.device
        if size not in self._keys:
            self._keys[size] = wp.zeros(size, dtype=wp.uint64, device=device)
        self.scan(view, eye_from_object, self.cull(camera, eye_from_object, self._everything), self._keys[size])
        inputs = [self._keys[size], view.pinhole.run, view.triangle]
        wp.launch(resolve, dim=launch_size(view.pinhole), inputs=inputs, device=device)
        return view

    def cull(self, camera: Camera, eye_from_object: NDArray[np.float64], among: NDArray[np.int64], far: float = 0.0) -> Culled:
        """Those of the triangle blocks `among` (indices) that may be in view."""
        buffers, blocks = self._buffers, self._buffers.triangle_blocks
        instance = blocks.spans[among, 2]
        rotation, shift = eye_from_object[:, :3, :3], eye_from_object[:, :3, 3]
        centre = (rotation[instance] @ blocks.centre[among, :, None])[..., 0] + shift[instance]
        radius = blocks.radius[among] * (1 + 1e-6) + 1e-6  # with room for rounding
        kept = visible_balls(camera, centre, radius, far)
        instance, among = instance[kept], among[kept]
        cull = blocks.closed[among] & self._eye_outside(eye_from_object, far)[instance]
        spans = np.concatenate([blocks.spans[among], cull[:, None].astype(np.int32)], axis=1)
        shown = np.zeros(buffers.instance_count, dtype=bool)
        shown[instance] = True
        return Culled(buffers.vertex_spans[shown[buffers.vertex_spans[:, 2]]], spans, centre[kept], radius[kept])

    def scan(self, view: View, eye_from_object: NDArray[np.float64], culled: Culled, keys: wp.array) -> None:
        """Draws what may be in view into `keys`."""
        if not len(culled.triangles):
            return
        buffers = self._buffers
        device = buffers.device
        inputs = [upload(culled.vertices, wp.vec3i, device), upload_poses(eye_from_object, device), buffers.vertices]
        inputs += [view.pinhole, view.points, self._screen]
        wp.launch(place_vertices, dim=(len(culled.vertices), BLOCK), inputs=inputs, device=device)
        inputs = [upload(culled.triangles, wp.vec4i, device), buffers.triangles, view.points, self._screen, view.pinhole]
        wp.launch(scan_triangles, dim=(len(culled.triangles), BLOCK), inputs=[*inputs, view.planes, keys], device=device)

    def _eye_outside(self, eye_from_object: NDArray[np.float64], far: float) -> NDArray[np.bool_]:
        """bool [I]: the eye and its near plane lie outside the instance's bounding box, so backs of closed parts cannot be seen."""
        if far > 0:
            return np.ones(len(eye_from_object), dtype=bool)
        eye = geometry.invert(eye_from_object)[:, :3, 3]
        bounds, margin = self._buffers.flat.bounds, 4 * NEAR_M
        return np.any((eye < bounds[:, 0] - margin) | (eye > bounds[:, 1] + margin), axis=1)
