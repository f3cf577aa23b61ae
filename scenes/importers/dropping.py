"""Imported things dropped into an imported room, as in SceneNet RGB-D: convex hulls fall among triangles; what does not rest is left out.

Files are rarely closed surfaces, so what the engine is told of them is made here and not from their volumes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from scenes import shapes
from scenes.geometry import compose, rotation_from_quaternion, rotation_z, transform
from scenes.importers.free_space import world_triangles
from scenes.physics import Body, World, come_to_rest
from scenes.physics.collision import Collider
from scenes.scene import Instance, Shape

Float = NDArray[np.float64]
TRIES = 12  # places tried for one thing
MOST_CORNERS = 200
THINNEST_M = 0.004
_GAP_M = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fixed(Body):
    """Triangles of the room, taken as they are."""

    triangles: Float

    @cached_property
    def collider(self) -> Collider:
        corners = self.triangles.reshape(-1, 3)
        middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
        reach = float(np.linalg.norm(corners - middle, axis=1).max())
        whole = (corners,)
        return Collider(hulls=whole, loose=whole, hollow=(self.triangles,), centre=middle, volume=1.0, radius=reach, sphere=0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Dropped(Body):
    """The convex hull of a file's triangles."""

    @cached_property
    def collider(self) -> Collider:
        return _hull(self.shape)


def _directions() -> Float:
    """Unit vectors [256, 3], evenly spread (Fibonacci's spiral)."""
    z = 1 - (2 * np.arange(256) + 1) / 256
    angle = np.pi * (3 - np.sqrt(5)) * np.arange(256)
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1)


@lru_cache(maxsize=512)
def _hull(shape: Shape) -> Collider:
    points = shapes.build(shape).vertices.astype(np.float64)
    thin = np.ptp(points, axis=0) < THINNEST_M
    if thin.any():  # a sheet is given the least thickness that the engine can handle
        points = np.concatenate([points - thin * THINNEST_M / 2, points + thin * THINNEST_M / 2])
    try:
        hull = ConvexHull(points)
    except QhullError:  # flat, but askew
        points = (points[None] + THINNEST_M / 2 * np.array([[[-1.0] * 3], [[1.0, 1.0, 1.0]]])).reshape(-1, 3)
        hull = ConvexHull(points, qhull_options="QJ")
    corners = points[hull.vertices]
    middle = corners.mean(axis=0)
    a, b, c = (points[hull.simplices[:, k]] - middle for k in range(3))
    six = np.abs(np.einsum("ij,ij->i", a, np.cross(b, c)))
    centre = middle + (six[:, None] * (a + b + c)).sum(axis=0) / (4 * six.sum())
    if len(corners) > MOST_CORNERS:
        corners = corners[np.unique(np.argmax(corners @ _directions().T, axis=0))]
    reach = float(np.linalg.norm(corners - centre, axis=1).max())
    whole = (corners,)
    return Collider(hulls=whole, loose=whole, hollow=(None,), centre=centre, volume=float(hull.volume), radius=reach, sphere=0.0)


@dataclass(frozen=True)
class Fall:
    """A thing to be dropped: a distinct name, its shape, whether it starts upright, and the draws of its places."""

    name: str
    shape: Shape
    upright: bool
    rng: np.random.Generator


def dropped(
    room: Sequence[Instance], floor: Float, ceiling: float, rounds: Sequence[Sequence[Fall]]
) -> tuple[dict[str, Float], Counter[str]]:
    """(poses [4, 4] of what came to rest, why and how often others did not). Each round falls on what has come to rest before.

    `floor` float64 [F, 3, 3] are the triangles above which things start, below the height `ceiling`.
    """
    rejected: Counter[str] = Counter()
    poses: dict[str, Float] = {}
    corners = np.concatenate([world_triangles(instance) for instance in room]).reshape(-1, 3)
    low, high = corners.min(axis=0) - 0.5, corners.max(axis=0) + 0.5
    low[2] = floor[..., 2].min() - 0.02
    bounds = ((float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2])))
    fixed = [_Fixed(name=i.name, shape=i.shape, pose=np.eye(4), triangles=world_triangles(i)) for i in room]
    with World(fixed, bounds) as world:
        for falls in rounds:
            for fall in falls:
                if not any(world.add(_start(fall, floor, ceiling), _GAP_M) for _ in range(TRIES)):
                    rejected["no room"] += 1
            settled = come_to_rest(world, seconds=4.0)
            rejected.update(settled.rejected.values())
            poses = settled.poses
    return poses, rejected


def _start(fall: Fall, floor: Float, ceiling: float) -> Body:
    """A thing above a random point of the floor, upright or turned anyhow."""
    rng = fall.rng
    edges = np.cross(floor[:, 1] - floor[:, 0], floor[:, 2] - floor[:, 0])
    areas = np.linalg.norm(edges, axis=1)
    a, b, c = floor[int(rng.choice(len(floor), p=areas / areas.sum()))]
    u, v = rng.uniform(size=2)
    u, v = (1 - u, 1 - v) if u + v > 1 else (u, v)
    turn = rotation_z(float(rng.uniform(-np.pi, np.pi)))
    anyhow = rng.normal(size=4)
    rotation = turn if fall.upright else rotation_from_quaternion(anyhow / np.linalg.norm(anyhow))
    extent = transform(compose(rotation, (0, 0, 0)), _hull(fall.shape).hulls[0])
    place = a + u * (b - a) + v * (c - a) - (extent.min(axis=0) + extent.max(axis=0)) / 2 * (1, 1, 0)
    lowest = -float(extent[:, 2].min()) + 0.02
    highest = max(ceiling - float(place[2]) - float(extent[:, 2].max()) - 0.05, lowest)
    place[2] += lowest + float(rng.uniform(0, 0.25 if fall.upright else 1.0)) * (highest - lowest)
    return _Dropped(name=fall.name, shape=fall.shape, pose=compose(rotation, place))
