"""How much room there is in a scene: distances to, and rays into, the oriented bounding boxes of its instances or of their faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes import shapes
from scenes.scene import Instance, Shape

Float = NDArray[np.float64]
WALKED_THROUGH = ("wall", "doorway")
_SPARE_M = 1e-6  # by which the box around many boxes is larger, so that rounding hides none of them


class FreeSpace:
    """Boxes of instances at the times -1 ... T of a clip. No box is smaller than what it surrounds, so free space here is free indeed.

    What one may walk through, walls with holes and the frames in them, has a box for each of its triangles; these are asked only where
    the box around all of them is near.
    """

    def __init__(self, instances: Sequence[Instance], count: int) -> None:
        self._poses = np.stack([np.broadcast_to(i.motion.poses, (count, 4, 4)) for i in instances], axis=1)
        self._shapes = [instance.shape for instance in instances]
        self._walked = np.array([shape.kind in WALKED_THROUGH for shape in self._shapes])
        corners = np.array([shapes.bounds(shape) for shape in self._shapes])
        self._whole = _Boxes.of(corners[:, 0], corners[:, 1], self._poses)
        self._whole.half[self._walked] += _SPARE_M
        self._parts: dict[int, _Boxes] = {}

    def distances(self, points: ArrayLike) -> Float:
        """Distance [T] of one point for each time to the nearest box at that time, metres; 0 inside a box."""
        points = np.asarray(points, dtype=np.float64)
        whole = self._whole.distances(points)
        nearest = whole[:, ~self._walked].min(axis=1, initial=np.inf)
        for k in np.flatnonzero(self._walked):
            if (whole[:, k] < nearest).any():
                nearest = np.minimum(nearest, self._parts_of(int(k)).distances(points).min(axis=1))
        return np.asarray(nearest)

    def reach(self, time: int, origin: ArrayLike, direction: ArrayLike) -> float:
        """How far along a unit ray the first box begins at a time (index 0 is the time -1); 0 inside one, +inf when there is none."""
        ray = np.asarray(origin, dtype=np.float64), np.asarray(direction, dtype=np.float64)
        whole = self._whole.entries(time, *ray)
        first = float(whole[~self._walked].min(initial=np.inf))
        for k in np.flatnonzero(self._walked):
            if whole[k] < first:
                first = min(first, float(self._parts_of(int(k)).entries(time, *ray).min()))
        return first

    def _parts_of(self, number: int) -> _Boxes:
        """The boxes of the triangles of an instance."""
        if number not in self._parts:
            low, high = _triangles(self._shapes[number])
            self._parts[number] = _Boxes.of(low, high, np.repeat(self._poses[:, number : number + 1], len(low), axis=1))
        return self._parts[number]


@dataclass(frozen=True, eq=False)
class _Boxes:
    """Half edges [N, 3] of boxes, and their rotations [T, N, 3, 3] and centres [T, N, 3] at all times."""

    half: Float
    rotation: Float
    centre: Float

    @classmethod
    def of(cls, low: Float, high: Float, poses: Float) -> _Boxes:
        """From corners [N, 3] in object space and poses [T, N, 4, 4]."""
        rotation = poses[:, :, :3, :3]
        return cls((high - low) / 2, rotation, np.einsum("tnij,nj->tni", rotation, (low + high) / 2) + poses[:, :, :3, 3])

    def distances(self, points: Float) -> Float:
        """Of one point [T, 3] for each time to the boxes at that time [T, N]."""
        local = np.einsum("tnij,tni->tnj", self.rotation, points[:, None] - self.centre)
        outside = np.maximum(np.abs(local) - self.half, 0.0)
        return np.asarray(np.sqrt(np.einsum("tnj,tnj->tn", outside, outside)))

    def entries(self, time: int, origin: Float, direction: Float) -> Float:
        """How far along a ray each box begins [N]: +inf where it is missed, 0 from inside."""
        rotation = self.rotation[time]
        place = np.einsum("nij,ni->nj", rotation, origin - self.centre[time])
        ray = np.einsum("nij,i->nj", rotation, direction)
        ray = np.where(np.abs(ray) < 1e-12, 1e-12, ray)
        first, second = (-self.half - place) / ray, (self.half - place) / ray
        enter, leave = np.minimum(first, second).max(axis=1), np.maximum(first, second).min(axis=1)
        hit = (enter <= leave) & (leave > 0)  # equal where a box is flat
        return np.where(hit, np.maximum(enter, 0.0), np.inf)


@lru_cache(maxsize=256)
def _triangles(shape: Shape) -> tuple[Float, Float]:
    """Lowest and highest corners [F, 3] of a mesh's triangles, in object space."""
    mesh = shapes.build(shape)
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    return corners.min(axis=1), corners.max(axis=1)
