"""Visibility by ray casting: one ray through each pixel's centre, for cameras of any model (Embree on the CPU, Warp's BVH anywhere)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.device import is_cpu, upload, upload_poses
from renderers.kernels.motion import Geometry
from renderers.kernels.visibility_rays import (
    AWAY_M,
    Doubtful,
    aim,
    aim_at_points,
    keep_hits,
    keep_second_hits,
    write_occluded,
)
from renderers.moment import Moment
from renderers.rays import Rays
from renderers.threads import Team
from renderers.visibility.view import Views

_RAYS_AT_ONCE = {True: 1, False: 1 << 24}  # on the CPU one view after the other, on a GPU as many as this many rays allow
_DOUBTFUL = 1 << 14


class RayVisibility:
    """Fills views of one scene by ray casting; says exactly which points are hidden from another eye.

    Rays start at the near plane, NEAR_M before the eye, as rasterisation clips there; of fisheye cameras and panoramas at the distance
    NEAR_M. Rays meet the world's triangles in float32, so who wins a pixel may differ from rasterisation where two surfaces meet within
    rounding; depth and all other labels follow from the triangle in the eye's frame, bit for bit as rasterisation has them.

    A triangle whose plane passes through the eye covers no pixel. Where rounding has it hit nevertheless, the pixel is asked again beside
    that plane (at most _DOUBTFUL pixels at once; any more see nothing).
    """

    def __init__(self, buffers: SceneBuffers, team: Team, rays: Rays) -> None:
        self._buffers, self._team, self._rays, self._device = buffers, team, rays, buffers.device
        self._geometry: Any = Geometry()
        self._geometry.triangles, self._geometry.triangle_instance = buffers.triangles, buffers.triangle_instance
        self._table: wp.array = wp.empty((0, 6), dtype=wp.float32, device=self._device)
        self._doubtful: Any = Doubtful()
        self._doubtful.pixel = wp.empty(_DOUBTFUL, dtype=wp.int32, device=self._device)
        away = np.tile([float(AWAY_M)] * 3 + [1.0, 0.0, 0.0], (_DOUBTFUL, 1))  # what a GPU casts before any hit was doubtful
        self._doubtful.rays = upload(away, wp.float32, self._device)
        self._doubtful.count = wp.zeros(1, dtype=wp.int32, device=self._device)

    def see(self, views: Views, slots: Sequence[int], moments: Sequence[Moment]) -> None:
        """Fills `slots` of the views with what is seen at `moments`."""
        for chosen in self._together(views, moments):
            self._see(views, np.asarray(slots)[chosen], [moments[k] for k in chosen])

    def _see(self, views: Views, slots: NDArray[np.int_], moments: list[Moment]) -> None:
        """The same for moments of one time."""
        self._rays.place(moments[0].time)
        count = len(moments)
        eyes = upload_poses(np.stack([m.pose for m in moments]), self._device)
        objects = upload_poses(np.stack([self._buffers.eye_from_object(m) for m in moments]), self._device)
        rays = self._rays_for(views, count)
        self._team.launch_rows(aim, views.eye, count, [eyes, rays])
        hits = self._rays.closest(rays)
        self._doubtful.count.zero_()
        where, rows = upload(slots, wp.int32, self._device), views.rows
        inputs = [where, eyes, objects, self._buffers.vertices, self._geometry, hits.t, hits.triangle, hits.normal, rows, self._doubtful]
        self._team.launch_rows(keep_hits, views.eye, count, inputs)
        self._look_again(views, [where, objects, self._buffers.vertices, self._geometry], rows)

    def _look_again(self, views: Views, inputs: list[Any], rows: Any) -> None:
        """Casts the rays of doubtful hits again. A GPU casts all there is room for, so that the host need not know their number."""
        doubtful = min(int(self._doubtful.count.numpy()[0]), _DOUBTFUL) if is_cpu(self._device) else _DOUBTFUL
        if doubtful:
            hits = self._rays.closest(self._doubtful.rays[:doubtful])
            inputs = [views.eye, *inputs, hits.t, hits.triangle, rows, self._doubtful]
            wp.launch(keep_second_hits, dim=doubtful, inputs=inputs, device=self._device)

    def hide(self, views: Views, now: wp.array, others: Sequence[Moment], motion: Any) -> None:
        """Writes motion.occluded: which of the points that the views now[b] show are hidden from the eyes others[b], by a ray to each.

        The first hit counts if it is nearer than the point by more than SAME_DEPTH of the distance, and by more than rounding explains.
        """
        for chosen in self._together(views, others):
            self._rays.place(others[chosen[0]].time)
            eyes = upload_poses(np.stack([others[b].pose for b in chosen]), self._device)
            rays, entries = self._rays_for(views, len(chosen)), upload(chosen, wp.int32, self._device)
            inputs = [entries, now, views.rows, self._geometry, motion, eyes, rays]
            self._team.launch_rows(aim_at_points, views.eye, len(chosen), inputs)
            blocked = self._rays.occluded(rays, 1.0)
            self._team.launch_rows(write_occluded, views.eye, len(chosen), [entries, blocked, motion.occluded])

    def _together(self, views: Views, moments: Sequence[Moment]) -> Iterator[list[int]]:
        """Positions of moments of the same time, as many as may be cast together."""
        room = max(1, _RAYS_AT_ONCE[is_cpu(self._device)] // (views.camera.height * views.camera.width))
        for time in dict.fromkeys(m.time for m in moments):
            same = [k for k, m in enumerate(moments) if m.time == time]
            yield from (same[first : first + room] for first in range(0, len(same), room))

    def _rays_for(self, views: Views, count: int) -> wp.array:
        """Room for the rays of `count` images, float32 [count * H * W, 6], used again and again."""
        needed = count * views.camera.height * views.camera.width
        if self._table.shape[0] < needed:
            self._table = wp.empty((needed, 6), dtype=wp.float32, device=self._device)
        return self._table[:needed]
