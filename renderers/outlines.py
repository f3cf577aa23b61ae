"""Boxes around whole objects: in their own space, and in the image of a pinhole camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderers.flatten import FlatScene
from renderers.visibility.view import NEAR_M
from scenes import geometry
from scenes.camera import Camera

_EDGES = ((0, 1), (1, 2), (2, 0))
_TOGETHER = 16_384  # points, about, so that what is computed of them stays in the processor's caches


class Outlines:
    """The corners of a scene's triangles, by instance.

    box_3d: float64 [I, 6], centre and size along the axes of each instance's own space; NaN without triangles.
    """

    def __init__(self, flat: FlatScene) -> None:
        used, faces = np.unique(flat.triangles, return_inverse=True)
        self._points, self._faces = flat.vertices[used].astype(np.float64), faces.reshape(-1, 3)
        self._owner = flat.triangle_instance
        self._starts = np.searchsorted(used, flat.vertex_range)
        self._solid = np.flatnonzero(np.diff(self._starts))  # instances that have triangles
        self._groups = np.split(self._solid, np.flatnonzero(np.diff(self._starts[self._solid] // _TOGETHER)) + 1)
        self._placed = np.empty_like(self._points)
        low, high = self._extent(self._points, self._points)
        self.box_3d = np.concatenate([(low + high) / 2, high - low], axis=1)

    def boxes_2d(self, camera: Camera, eye_from_object: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(float64 [I, 4], bool [I]): boxes around all that lies beyond the near plane, and whether something lies before it.

        A box is (left, top, right, bottom) in pixels, not cut at the image's border, NaN if nothing lies beyond the near plane.
        """
        points, count = self._placed, len(self._starts) - 1
        low, high, cut = np.full((count, 2), np.nan), np.full((count, 2), np.nan), np.zeros(count, dtype=bool)
        for group in self._groups:
            for k in group:
                run = slice(self._starts[k], self._starts[k + 1])
                points[run] = geometry.transform(eye_from_object[k], self._points[run])
            whole = slice(self._starts[group[0]], self._starts[group[-1] + 1])
            starts, beyond = self._starts[group] - whole.start, points[whole, 2:] >= NEAR_M
            pixels = _image(camera, np.where(beyond, points[whole], (0.0, 0.0, 1.0)))
            low[group] = np.minimum.reduceat(np.where(beyond, pixels, np.inf), starts)
            high[group] = np.maximum.reduceat(np.where(beyond, pixels, -np.inf), starts)
            cut[group] = ~np.logical_and.reduceat(beyond[:, 0], starts)
        self._extend_by_crossings(camera, points, points[:, 2] >= NEAR_M, cut, low, high)
        boxes = np.concatenate([low, high], axis=1)
        boxes[~np.isfinite(boxes).all(1)] = np.nan
        return boxes, cut

    def _extent(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest row of each instance's run, float64 [I, ...]; NaN for an empty run."""
        lowest, highest = (np.full((len(self._starts) - 1, low.shape[1]), np.nan) for _ in range(2))
        lowest[self._solid] = np.minimum.reduceat(low, self._starts[self._solid])
        highest[self._solid] = np.maximum.reduceat(high, self._starts[self._solid])
        return lowest, highest

    def _extend_by_crossings(
        self,
        camera: Camera,
        points: NDArray[np.float64],
        beyond: NDArray[np.bool_],
        cut: NDArray[np.bool_],
        low: NDArray[np.float64],
        high: NDArray[np.float64],
    ) -> None:
        """Where edges of the instances `cut` meet the near plane, the box reaches to those points."""
        chosen = np.flatnonzero(cut[self._owner])
        for first, second in _EDGES:
            a, b = self._faces[chosen, first], self._faces[chosen, second]
            crosses = beyond[a] != beyond[b]
            start, end, owner = points[a[crosses]], points[b[crosses]], self._owner[chosen[crosses]]
            share = (NEAR_M - start[:, 2]) / (end[:, 2] - start[:, 2])
            pixels = _image(camera, start + share[:, None] * (end - start))
            np.minimum.at(low, owner, pixels)
            np.maximum.at(high, owner, pixels)


def _image(camera: Camera, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pinhole image (u, v) of points [..., 3] with z > 0; also of a camera whose distortion is zero."""
    return points[:, :2] / points[:, 2:] * (camera.fx, camera.fy) + (camera.cx, camera.cy)


def share_outside(boxes: NDArray[np.float64], camera: Camera) -> NDArray[np.float64]:
    """float64 [...]: share of the area of boxes [..., 4] outside the image, 1 for NaN; a side of length 0 lies in or out as a whole."""
    size = np.array([camera.width, camera.height], dtype=np.float64)
    low, high = boxes[..., :2], boxes[..., 2:]
    length = high - low
    inside = np.clip(np.minimum(high, size) - np.maximum(low, 0.0), 0.0, None)
    within = ((low >= 0) & (low <= size)).astype(np.float64)
    share = np.where(length > 0, inside / np.where(length > 0, length, 1.0), within)
    return 1.0 - np.nan_to_num(share).prod(-1)
