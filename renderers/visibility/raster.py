"""Visibility by rasterisation: triangles are scanned into pixels, the nearest wins (Warp; CPU and CUDA from one source)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import BLOCK, SceneBuffers, Selection
from renderers.device import is_cpu, upload, upload_poses
from renderers.kernels.raster import Queue, Triangles, place_vertices, resolve, scan_queue, scan_triangles
from renderers.moment import Moment
from renderers.threads import Team
from renderers.visibility.view import Views
from scenes.camera import Camera
from scenes.errors import UserError

_LARGE_ROWS = 16  # on a GPU a triangle of more rows is shared by many threads
_QUEUE_PER_VIEW = 1024
_QUEUE_LANES = 64


class RasterVisibility:
    """Fills views of one scene by rasterisation, pinhole cameras only.

    Where several threads draw, each has its own depth buffer; the nearest of all wins, so the image does not depend on their number.
    large_rows: triangles that may cover more rows are drawn by many threads in a second launch (default: on a GPU only).
    """

    def __init__(self, buffers: SceneBuffers, team: Team, large_rows: int | None = None) -> None:
        self._buffers, self._team = buffers, team
        self._large_rows = _LARGE_ROWS if large_rows is None and not is_cpu(buffers.device) else large_rows
        self._lanes = 1 if is_cpu(buffers.device) else BLOCK
        self._screen: wp.array = wp.empty((0, 0), dtype=wp.vec3, device=buffers.device)
        self._keys: dict[tuple[int, int], wp.array] = {}
        self._everything = buffers.select(np.ones(len(buffers.triangle_blocks.spans), dtype=bool))

    def see(self, views: Views, slots: Sequence[int], moments: Sequence[Moment]) -> None:
        """Fills `slots` of the views with what is seen at `moments`."""
        check_camera(views.camera)
        poses = np.stack([self._buffers.eye_from_object(m) for m in moments])
        keys = self.keys_for(views, len(slots))
        self.draw(views, slots, poses, self._everything, keys)
        inputs = [upload(slots, wp.int32, self._buffers.device), self._team.threads, keys, views.triangle]
        self._team.launch_rows(resolve, views.eye, len(slots), inputs)

    def keys_for(self, views: Views, count: int) -> wp.array:
        """Cleared depth keys uint64 [count * threads, H, W] for views of this size, kept for the next use (`resolve` leaves them clear)."""
        size = (views.camera.height, views.camera.width)
        layers = count * self._team.threads
        if size not in self._keys or self._keys[size].shape[0] < layers:
            self._keys[size] = wp.zeros((layers, *size), dtype=wp.uint64, device=self._buffers.device)
        return self._keys[size]

    def draw(
        self,
        views: Views,
        slots: Sequence[int],
        eye_from_object: NDArray[np.float64],
        among: Selection,
        keys: wp.array,
        layers: int | None = None,
    ) -> None:
        """Draws part of the scene as eyes see it that have the instances at `eye_from_object` float64 [U, I, 4, 4].

        keys: `layers` (default: one for each thread) after each other for each eye.
        """
        buffers, device, lanes, team = self._buffers, self._buffers.device, self._lanes, self._team
        layers = team.threads if layers is None else layers
        count = len(slots)
        if self._screen.shape[0] < count:
            self._screen = wp.empty((count, len(buffers.flat.vertices)), dtype=wp.vec3, device=device)
        slot_array, poses = upload(slots, wp.int32, device), upload_poses(eye_from_object, device)
        blocks = buffers.blocks_on_device

        def place(_piece: int, first: int, size: int) -> None:
            inputs = [views.eye, slot_array, first, lanes, among.vertex_spans, blocks, poses, buffers.vertices, views.points, self._screen]
            wp.launch(place_vertices, dim=(count, size, lanes), inputs=inputs, device=device)

        team.share(len(among.vertex_spans), place)
        space, queue = self._space(views), self._queue(count)

        def scan(piece: int, first: int, size: int) -> None:
            inputs = [views.eye, slot_array, first, lanes, layers, piece, among.blocks, blocks, poses, space, queue, keys]
            wp.launch(scan_triangles, dim=(count, size, lanes), inputs=inputs, device=device)

        team.share(len(among.blocks), scan, pieces=layers)
        if self._large_rows is not None:
            inputs = [views.eye, layers, _QUEUE_LANES, space, queue, keys]
            wp.launch(scan_queue, dim=(len(queue.entries), _QUEUE_LANES), inputs=inputs, device=device)

    def _space(self, views: Views) -> Any:
        space: Any = Triangles()
        space.corners, space.points, space.screen, space.planes = self._buffers.triangles, views.points, self._screen, views.planes
        return space

    def _queue(self, count: int) -> Any:
        queue: Any = Queue()
        if self._large_rows is not None:
            queue.entries = wp.empty(count * _QUEUE_PER_VIEW, dtype=wp.vec3i, device=self._buffers.device)
            queue.count = wp.zeros(1, dtype=wp.int32, device=self._buffers.device)
            queue.rows = self._large_rows
        return queue


def check_camera(camera: Camera) -> None:
    """UserError for a camera that rasterisation does not know."""
    if not camera.is_pinhole:
        raise UserError(f"rasterisation knows pinhole cameras only, not {camera.model}: render this scene with 'embree' or 'bvh'")
