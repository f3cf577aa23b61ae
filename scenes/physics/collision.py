"""Collision geometry of a shape: convex hulls of the connected components of its mesh, its volume and centre of mass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from scenes import shapes
from scenes.scene import Mesh, Shape

Float = NDArray[np.float64]
Int = NDArray[np.int64]
MOST_POINTS = 64  # of a hull; a rounder one is replaced by its extreme points in many directions
MOST_PARTS, MOST_LOOSE_PARTS = 96, 6  # of fixed and of movable bodies
_EMPTY, _LEAST_M3, _MOST_M3 = 0.1, 2e-4, 0.05  # a component is hollow if it leaves that share of its hull empty, within these limits


@dataclass(frozen=True, eq=False)
class Collider:
    """What the engine is told of a shape, object space, metres.

    clouds: points float64 [N, 3] of each connected component; faces: its triangles [F, 3]; volumes [C] of the components, m^3. centre:
    centre of mass [3] at uniform density. volume: m^3. radius: of the ball about `centre` that holds everything. sphere: radius if the
    shape is a ball, else 0.
    """

    clouds: tuple[Float, ...]
    faces: tuple[Int, ...]
    volumes: Float
    centre: Float
    volume: float
    radius: float
    sphere: float

    @cached_property
    def fixed(self) -> tuple[Float, ...]:
        """Points [N, 3] of the convex hulls of what fills them, for bodies that stay."""
        solid = [cloud for k, cloud in enumerate(self.clouds) if k not in self._hollow]
        return tuple(_fewer(cloud) for cloud in _merged(solid, MOST_PARTS))

    @cached_property
    def open(self) -> tuple[Float, Int]:
        """Points [N, 3] and triangles [F, 3] of what leaves much of its hull empty: a wall with openings, a bathtub, a bowl."""
        clouds, faces = [self.clouds[k] for k in self._hollow], [self.faces[k] for k in self._hollow]
        firsts = np.cumsum([0, *(len(cloud) for cloud in clouds)])
        found = [triangles + first for triangles, first in zip(faces, firsts[:-1], strict=True)]
        return np.concatenate([np.zeros((0, 3)), *clouds]), np.concatenate([np.zeros((0, 3), dtype=np.int64), *found])

    @cached_property
    def loose(self) -> tuple[Float, ...]:
        """Points [N, 3] of a few convex hulls of everything, for bodies that move: they close what is open."""
        return tuple(_fewer(cloud) for cloud in _merged(list(self.clouds), MOST_LOOSE_PARTS))

    @cached_property
    def outline(self) -> Float:
        """All points [N, 3] of `loose`, relative to the centre of mass."""
        return np.concatenate(self.loose) - self.centre

    @cached_property
    def extent(self) -> Float:
        """Edges [3] of the bounding box of `loose`."""
        return np.asarray(np.ptp(np.concatenate(self.loose), axis=0))

    @cached_property
    def _hollow(self) -> tuple[int, ...]:
        """Which components leave much of their hull empty; the bounding box tells it of most without finding the hull."""
        boxes = np.array([float(np.prod(cloud.max(axis=0) - cloud.min(axis=0))) for cloud in self.clouds])
        return tuple(
            int(k)
            for k in np.flatnonzero(_mostly_empty(boxes, self.volumes))
            if _mostly_empty(ConvexHull(self.clouds[k]).volume, self.volumes[k])
        )


def _mostly_empty(outer: Any, volume: Any) -> Any:
    """Whether bodies of some volumes leave much of an outer volume empty, m^3."""
    return outer - volume > np.clip(_EMPTY * outer, _LEAST_M3, _MOST_M3)


def _directions() -> Float:
    """Vectors [D, 3]: rings about z, and eight close to each of the six axes, so that flat faces keep all their corners."""
    slope, azimuth = np.meshgrid((-2.2, -1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0, 2.2), 2 * np.pi * np.arange(24) / 24)
    around = np.stack([np.cos(azimuth), np.sin(azimuth), slope], axis=-1).reshape(-1, 3)
    turn = 2 * np.pi * (np.arange(8) + 0.37) / 8
    cap = np.stack([np.full(8, 1.0), 0.06 * np.cos(turn), 0.06 * np.sin(turn)], axis=1)
    caps = np.concatenate([sign * np.roll(cap, axis, axis=1) for axis in range(3) for sign in (1.0, -1.0)])
    return np.concatenate([around, caps])


_DIRECTIONS = _directions()


def _fewer(points: Float) -> Float:
    """The points themselves, or the extreme ones among many: as they are, and scaled to a cube for the sake of flat cushions."""
    if len(points) <= MOST_POINTS:
        return points
    kept = np.zeros(len(points), dtype=bool)
    for scaled in (points, points / np.ptp(points, axis=0)):
        kept[np.argmax(_DIRECTIONS @ scaled.T, axis=1)] = True
    return points[kept]


def components(mesh: Mesh) -> tuple[Float, Int, Int]:
    """Points [V, 3] merged by position (to 10 micrometres), triangles [F, 3] of them, and the component of each point [V].

    Components are numbered by their first points. Each point takes the least number among its neighbours', and the number that the point
    with that number has taken, until nothing changes.
    """
    keys = np.round(mesh.vertices.astype(np.float64) * 1e5).astype(np.int64) + 2**20
    _, first, inverse = np.unique(keys @ (1, 2**21, 2**42), return_index=True, return_inverse=True)
    points, faces = mesh.vertices[first].astype(np.float64), inverse.ravel()[mesh.faces]
    label = np.arange(len(points))
    while True:
        least = label.copy()
        np.minimum.at(least, faces.ravel(), np.repeat(label[faces].min(axis=1), 3))
        least = least[least]
        if np.array_equal(least, label):
            return points, faces, np.unique(label, return_inverse=True)[1]
        label = least


def _merged(groups: list[Float], most: int) -> list[Float]:
    """At most so many point sets: the smallest join the nearest of those that are kept."""
    if len(groups) <= most:
        return groups
    order = np.argsort([-float(np.ptp(group, axis=0).max()) for group in groups], kind="stable")
    kept = [[groups[k]] for k in order[:most]]
    centres = np.array([g[0].mean(axis=0) for g in kept])
    for k in order[most:]:
        kept[int(np.argmin(np.linalg.norm(centres - groups[k].mean(axis=0), axis=1)))].append(groups[k])
    return [np.concatenate(g) for g in kept]


def _sphere(points: Float) -> float:
    """The radius if the points lie on a ball, else 0. Those of a flat disc have equal distances too, but not equal extents."""
    extent = np.ptp(points, axis=0)
    distance = np.linalg.norm(points - (points.min(axis=0) + points.max(axis=0)) / 2, axis=1)
    round_ = len(points) > 60 and np.ptp(distance) < 0.01 * distance.max() and np.ptp(extent) < 0.02 * extent.max()
    return float(distance.max()) if round_ else 0.0


@lru_cache(maxsize=256)
def collider(shape: Shape) -> Collider:
    """The collision geometry of a shape, built once."""
    points, faces, label = components(shapes.build(shape))
    corners, component = points[faces], label[faces[:, 0]]
    _, (bx, by, bz), (cx, cy, cz) = corners.transpose(1, 2, 0)
    normals = np.stack([by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx], axis=-1)
    six = np.einsum("ij,ij->i", corners[:, 0], normals)  # six times the volumes of tetrahedra
    volumes = np.maximum(np.bincount(component, six) / 6, 1e-9)
    volume = float(volumes.sum())
    centre = np.einsum("i,ijk->k", six, corners) / 24 / volume
    clouds = _split(points, label)
    return Collider(
        clouds=clouds,
        faces=_split(_ranks(label)[faces], component),
        volumes=volumes,
        centre=centre,
        volume=volume,
        radius=float(np.linalg.norm(points - centre, axis=1).max()),
        sphere=_sphere(points) if len(clouds) == 1 else 0.0,
    )


def _ranks(label: Int) -> Int:
    """The place [N] of each row among those with its label."""
    order = np.argsort(label, kind="stable")
    counts = np.bincount(label)
    ranks = np.empty(len(label), dtype=np.int64)
    ranks[order] = np.arange(len(label)) - np.repeat(np.cumsum(counts) - counts, counts)
    return ranks


def _split(rows: NDArray[Any], label: Int) -> tuple[NDArray[Any], ...]:
    """The rows with each label 0, 1, ..."""
    return tuple(np.split(rows[np.argsort(label, kind="stable")], np.cumsum(np.bincount(label))[:-1]))
