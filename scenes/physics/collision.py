"""Collision geometry of a shape: convex hulls of the connected components of its mesh, its volume and centre of mass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull

from scenes import shapes
from scenes.scene import Mesh, Shape

Float = NDArray[np.float64]
Int = NDArray[np.int64]
MOST_POINTS = 40  # of a hull; a rounder one is replaced by its extreme points in many directions
MOST_PARTS = 96
_EMPTY, _LEAST_M3, _MOST_M3 = 0.1, 5e-4, 0.05  # a component is hollow if it leaves that share of its hull empty, within these limits


@dataclass(frozen=True, eq=False)
class Collider:
    """What the engine is told of a shape, object space, metres.

    hulls: points float64 [N, 3] of each convex part. hollow: for each part the triangles float64 [F, 3, 3] of a component that leaves much
    of its hull empty (a wall with openings, a bathtub, a bowl), else None. centre: centre of mass [3] at uniform density. volume: m^3.
    radius: of the ball about `centre` that holds everything. sphere: radius if the shape is a ball, else 0.
    """

    hulls: tuple[Float, ...]
    hollow: tuple[Float | None, ...]
    centre: Float
    volume: float
    radius: float
    sphere: float


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
    both = np.concatenate([points @ _DIRECTIONS.T, points / np.ptp(points, axis=0) @ _DIRECTIONS.T], axis=1)
    return np.asarray(points[np.unique(np.argmax(both, axis=0))])


def components(mesh: Mesh) -> tuple[Float, Int, Int]:
    """Points [V, 3] merged by position (to 10 micrometres), triangles [F, 3] of them, and the component of each point [V]."""
    keys = np.round(mesh.vertices.astype(np.float64) * 1e5).astype(np.int64) + 2**20
    _, first, inverse = np.unique(keys @ (1, 2**21, 2**42), return_index=True, return_inverse=True)
    points, faces = mesh.vertices[first].astype(np.float64), inverse.ravel()[mesh.faces]
    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    graph = coo_matrix((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(len(points),) * 2)
    return points, faces, connected_components(graph, directed=False)[1]


def _merged(groups: list[Float]) -> list[Float]:
    """At most MOST_PARTS point sets: the smallest join the nearest of those that are kept."""
    if len(groups) <= MOST_PARTS:
        return groups
    order = np.argsort([-float(np.ptp(group, axis=0).max()) for group in groups], kind="stable")
    kept = [[groups[k]] for k in order[:MOST_PARTS]]
    centres = np.array([g[0].mean(axis=0) for g in kept])
    for k in order[MOST_PARTS:]:
        kept[int(np.argmin(np.linalg.norm(centres - groups[k].mean(axis=0), axis=1)))].append(groups[k])
    return [np.concatenate(g) for g in kept]


def _sphere(points: Float) -> float:
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    distance = np.linalg.norm(points - middle, axis=1)
    return float(distance.max()) if len(points) > 60 and np.ptp(distance) < 0.01 * distance.max() else 0.0


@lru_cache(maxsize=1024)
def collider(shape: Shape) -> Collider:
    """The collision geometry of a shape, built once."""
    points, faces, label = components(shapes.build(shape))
    corners, component = points[faces], label[faces[:, 0]]
    six = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))  # six times the volumes of tetrahedra
    volumes = np.maximum(np.bincount(component, six) / 6, 1e-9)
    moment = np.einsum("i,ijk->k", six, corners) / 24
    volume = float(volumes.sum())
    groups = np.split(points[np.argsort(label, kind="stable")], np.cumsum(np.bincount(label))[:-1])
    merged = _merged(groups)
    hollow: list[Float | None] = [None] * len(merged)
    for k, group in enumerate(groups if len(groups) == len(merged) else []):
        hollow[k] = corners[component == k] if _is_hollow(group, float(volumes[k])) else None
    return Collider(
        hulls=tuple(_fewer(group) for group in merged),
        hollow=tuple(hollow),
        centre=moment / volume,
        volume=volume,
        radius=float(np.linalg.norm(points - moment / volume, axis=1).max()),
        sphere=_sphere(points) if len(groups) == 1 else 0.0,
    )


def _is_hollow(points: Float, volume: float) -> bool:
    """Whether much of a component's hull is empty; the bounding box tells it of most without finding the hull."""

    def empty(outer: float) -> bool:
        return outer - volume > float(np.clip(_EMPTY * outer, _LEAST_M3, _MOST_M3))

    return empty(float(np.ptp(points, axis=0).prod())) and empty(float(ConvexHull(points).volume))
