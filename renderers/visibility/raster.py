"""Visibility by rasterisation: triangles are scanned into pixels, the nearest wins (Warp; CPU and CUDA from one source).

Blocks of triangles outside the frustum are left out on the host, and so are the backs of closed parts that the eye is outside of;
`renderers.kernels.raster` does the rest.
"""

from __future__ import annotations

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


class RasterVisibility:
    """Fills views of one scene by rasterisation."""

    def __init__(self, buffers: SceneBuffers) -> None:
        self._buffers = buffers
        self._screen = wp.empty(len(buffers.flat.vertices), dtype=wp.vec3, device=buffers.device)
        self._keys: dict[tuple[int, int], wp.array] = {}

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
        view, size = self.blank(camera), (camera.height, camera.width)
        if size not in self._keys:
            self._keys[size] = wp.zeros(size, dtype=wp.uint64, device=self._buffers.device)
        self.scan(camera, view, eye_from_object, self._keys[size])
        self.resolve(view, self._keys[size], clear=True)
        return view

    def scan(
        self,
        camera: Camera,
        view: View,
        eye_from_object: NDArray[np.float64],
        keys: wp.array,
        among: NDArray[np.bool_] | None = None,
    ) -> bool:
        """Draws into `keys` what may be in view, of the triangle blocks `among` bool [B] (all when None). False if there was nothing."""
        buffers = self._buffers
        vertex_spans, triangle_spans = self._spans(camera, view.pinhole.far, eye_from_object, among)
        if not len(triangle_spans):
            return False
        with wp.ScopedDevice(buffers.device):
            inputs = [upload(vertex_spans, wp.vec3i, buffers.device), upload_poses(eye_from_object, buffers.device), buffers.vertices]
            inputs += [view.pinhole, view.points, self._screen]
            wp.launch(place_vertices, dim=(len(vertex_spans), BLOCK), inputs=inputs)
            inputs = [upload(triangle_spans, wp.vec4i, buffers.device), buffers.triangles, view.points, self._screen, view.pinhole]
            wp.launch(scan_triangles, dim=(len(triangle_spans), BLOCK), inputs=[*inputs, view.planes, keys])
        return True

    def touched_rows(self, camera: Camera, eye_from_object: NDArray[np.float64], far: float, among: NDArray[np.bool_]) -> range:
        """Rows of the image that the triangle blocks `among` may reach, from their balls."""
        centre, radius, _ = self._balls(eye_from_object)
        seen = among & visible_balls(camera, centre, radius, far)
        if not seen.any():
            return range(0)
        y, z, r = centre[seen, 1], centre[seen, 2], radius[seen]
        if far > 0:
            low, high = y - r, y + r
        elif (z - r < NEAR_M).any():
            return range(camera.height)
        else:
            low, high = np.minimum((y - r) / (z - r), (y - r) / (z + r)), np.maximum((y + r) / (z - r), (y + r) / (z + r))
        first, last = np.floor(camera.fy * low.min() + camera.cy - 1), np.ceil(camera.fy * high.max() + camera.cy + 1)
        return range(int(np.clip(first, 0, camera.height)), int(np.clip(last, 0, camera.height)))

    def _balls(self, eye_from_object: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
        """(centre [B, 3], radius [B], instance [B]) of all triangle blocks in the eye's frame, with room for rounding."""
        blocks = self._buffers.triangle_blocks
        instance = blocks.spans[:, 2]
        centre = np.einsum("bij,bj->bi", eye_from_object[instance, :3, :3], blocks.centre) + eye_from_object[instance, :3, 3]
        return centre, blocks.radius * (1 + 1e-6) + 1e-6, instance

    def resolve(self, view: View, keys: wp.array, *, clear: bool) -> None:
        """Writes view.triangle from `keys`."""
        pinhole = view.pinhole
        wp.launch(resolve, dim=launch_size(pinhole), inputs=[keys, clear, pinhole.run, view.triangle], device=self._buffers.device)

    def _spans(
        self, camera: Camera, far: float, eye_from_object: NDArray[np.float64], among: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(vertex spans [B, 3], triangle spans [B, 4]) of what may be in view."""
        buffers, blocks = self._buffers, self._buffers.triangle_blocks
        centre, radius, instance = self._balls(eye_from_object)
        kept = visible_balls(camera, centre, radius, far)
        if among is not None:
            kept &= among
        cull = blocks.closed & self._eye_outside(eye_from_object, far)[instance]
        spans = np.concatenate([blocks.spans, cull[:, None].astype(np.int32)], axis=1)[kept]
        shown = np.zeros(buffers.instance_count, dtype=bool)
        shown[spans[:, 2]] = True
        return buffers.vertex_spans[shown[buffers.vertex_spans[:, 2]]], np.ascontiguousarray(spans)

    def _eye_outside(self, eye_from_object: NDArray[np.float64], far: float) -> NDArray[np.bool_]:
        """bool [I]: the eye and its near plane lie outside the instance's bounding box, so backs of closed parts cannot be seen."""
        if far > 0:
            return np.ones(len(eye_from_object), dtype=bool)
        eye = geometry.invert(eye_from_object)[:, :3, 3]
        bounds, margin = self._buffers.flat.bounds, 4 * NEAR_M
        return np.any((eye < bounds[:, 0] - margin) | (eye > bounds[:, 1] + margin), axis=1)
