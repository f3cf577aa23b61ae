"""How much room there is in a scene: distances to, and rays into, the oriented bounding boxes of its instances or of their faces."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes import shapes
from scenes.scene import Instance, Shape

Float = NDArray[np.float64]
WALKED_THROUGH = ("wall", "doorway")


class FreeSpace:
    """Boxes of instances at the times -1 ... T of a clip. No box is smaller than what it surrounds, so free space here is free indeed.

    What one may walk through, walls with holes and the frames in them, has a box for each of its triangles.
    """

    def __init__(self, instances: Sequence[Instance], count: int) -> None:
        bounds = [_bounds(instance.shape) for instance in instances]
        low, high = (np.concatenate([pair[k] for pair in bounds]).reshape(-1, 3) for k in (0, 1))
        middle, self._half = (low + high) / 2, (high - low) / 2
        owner = np.repeat(np.arange(len(instances)), [len(pair[0]) for pair in bounds])
        poses = np.stack([np.broadcast_to(i.motion.poses, (count, 4, 4)) for i in instances], axis=1)[:, owner]
        self._rotation = poses[:, :, :3, :3]  # [T, N, 3, 3]
        self._centre = np.einsum("tnij,nj->tni", self._rotation, middle) + poses[:, :, :3, 3]

    def distances(self, points: ArrayLike) -> Float:
        """Distance [T] of one point for each time to the nearest box at that time, metres; 0 inside a box."""
        offset = np.asarray(points, dtype=np.float64)[:, None] - self._centre
        local = np.einsum("tnij,tni->tnj", self._rotation, offset)
        outside = np.maximum(np.abs(local) - self._half, 0.0)
        return np.asarray(np.sqrt(np.einsum("tnj,tnj->tn", outside, outside)).min(axis=1))

    def reach(self, time: int, origin: ArrayLike, direction: ArrayLike) -> float:
        """How far along a unit ray the first box begins at a time (index 0 is the time -1); 0 inside one, +inf when there is none."""
        rotation = self._rotation[time]
        place = np.einsum("nij,ni->nj", rotation, np.asarray(origin, dtype=np.float64) - self._centre[time])
        ray = np.einsum("nij,i->nj", rotation, np.asarray(direction, dtype=np.float64))
        ray = np.where(np.abs(ray) < 1e-12, 1e-12, ray)
        first, second = (-self._half - place) / ray, (self._half - place) / ray
        enter, leave = np.minimum(first, second).max(axis=1), np.maximum(first, second).min(axis=1)
        hit = (enter <= leave) & (leave > 0)  # equal where a box is flat
        return float(np.maximum(enter[hit], 0.0).min(initial=np.inf))


@lru_cache(maxsize=256)
def _bounds(shape: Shape) -> tuple[Float, Float]:
    """Lowest and highest corners [B, 3] of the boxes about a shape, in object space."""
    if shape.kind in WALKED_THROUGH:
        mesh = shapes.build(shape)
        corners = mesh.vertices[mesh.faces].astype(np.float64)
        return corners.min(axis=1), corners.max(axis=1)
    low, high = shapes.bounds(shape)
    return low[None], high[None]
