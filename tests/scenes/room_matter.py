"""Measures of penetration, support and clearance on the meshes of a scene alone, without the physics engine."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import trimesh
from scipy.spatial import ConvexHull

from scenes import shapes
from scenes.geometry import invert, transform
from scenes.scene import Instance, Scene, Shape


@dataclass(frozen=True, eq=False)
class Solid:
    """A shape in object space: surface points [N, 3], corners [T, 3, 3], and of each component that fills its hull the half-spaces [F, 4]
    and the bounding box."""

    points: np.ndarray
    hulls: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
    corners: np.ndarray
    centre: np.ndarray


@functools.lru_cache(maxsize=4096)
def solid(shape: Shape) -> Solid:
    mesh = shapes.build(shape)
    whole = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    whole.merge_vertices(merge_tex=True, merge_norm=True)
    corners = whole.triangles
    label = trimesh.graph.connected_component_labels(whole.face_adjacency, node_count=len(corners))
    volumes = np.bincount(label, np.linalg.det(corners) / 6)
    hulls = []
    for k, volume in enumerate(volumes):
        hull = ConvexHull(corners[label == k].reshape(-1, 3))
        if volume > 0.85 * hull.volume:
            hulls.append((np.unique(hull.equations.round(9), axis=0), hull.min_bound, hull.max_bound))
    points = np.concatenate([whole.vertices, corners.mean(axis=1), *((corners[:, k] + corners[:, k - 1]) / 2 for k in range(3))])
    return Solid(points, hulls, corners, whole.center_mass)


def depth(points: np.ndarray, hulls: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> float:
    """How deep the deepest of points [N, 3] lies inside one of the hulls, metres; -inf: none is inside the bounding boxes."""
    deepest = -np.inf
    for equations, low, high in hulls:
        inside = points[((points > low) & (points < high)).all(axis=1)]
        if len(inside):
            deepest = max(deepest, float(-(inside @ equations[:, :3].T + equations[:, 3]).max(axis=1).min()))
    return deepest


class Matter:
    """All instances of a scene at a time."""

    def __init__(self, scene: Scene, time: int = 0) -> None:
        self.instances = {i.name: i for i in scene.instances}
        self.poses = {i.name: i.motion.at(time) for i in scene.instances}
        self.solids = {i.name: solid(i.shape) for i in scene.instances}
        self.clouds = {name: transform(self.poses[name], s.points) for name, s in self.solids.items()}
        self.low = {name: cloud.min(axis=0) for name, cloud in self.clouds.items()}
        self.high = {name: cloud.max(axis=0) for name, cloud in self.clouds.items()}

    def near(self, name: str, margin: float = 0.02) -> list[str]:
        low, high = self.low[name] - margin, self.high[name] + margin
        return [o for o in self.instances if o != name and (self.low[o] < high).all() and (self.high[o] > low).all()]

    def _depth(self, name: str, other: str, shift: float = 0.0) -> float:
        """Penetration of two things, metres, the first one lowered by `shift`."""
        down = np.array([0.0, 0.0, shift])
        mine, theirs = self.clouds[name] - down, self.clouds[other]
        mine = mine[((mine > self.low[other]) & (mine < self.high[other])).all(axis=1)]
        theirs = theirs[((theirs > self.low[name] - down) & (theirs < self.high[name] - down)).all(axis=1)]
        return max(
            depth(transform(invert(self.poses[other]), mine), self.solids[other].hulls),
            depth(transform(invert(self.poses[name]), theirs + down), self.solids[name].hulls),
        )

    def penetration(self, name: str) -> tuple[float, str]:
        """The deepest penetration of a thing with another, and which."""
        return max(((self._depth(name, other), other) for other in self.near(name)), default=(-np.inf, ""))

    def rests(self, name: str, within: float = 0.01) -> bool:
        """Whether a thing would run into something if it were lowered by `within` metres, or touches a surface that near."""
        return any(self._depth(name, other, within) > 0 or self._gap(name, other, within) < within for other in self.near(name))

    def _gap(self, name: str, other: str, within: float) -> float:
        """Distance between two surfaces, metres: of the points of each to the triangles of the other; +inf: more than `within`."""
        low = np.maximum(self.low[name], self.low[other]) - within
        high = np.minimum(self.high[name], self.high[other]) + within
        return min(self._reach(name, other, low, high), self._reach(other, name, low, high))

    def _reach(self, name: str, other: str, low: np.ndarray, high: np.ndarray) -> float:
        """Distance of the points of a thing to the triangles of another, of those in a box."""
        corners = transform(self.poses[other], self.solids[other].corners)
        corners = corners[((corners.min(axis=1) < high) & (corners.max(axis=1) > low)).all(axis=1)]
        points = self.clouds[name]
        points = points[((points > low) & (points < high)).all(axis=1)]
        if not len(points) or not len(corners):
            return np.inf
        points = points[:: 1 + len(points) * len(corners) // 200_000]
        pairs = np.repeat(points, len(corners), axis=0)
        closest = trimesh.triangles.closest_point(np.tile(corners, (len(points), 1, 1)), pairs)
        return float(np.linalg.norm(closest - pairs, axis=1).min())

    def clearance(self, eye: np.ndarray, within: float = 0.5) -> tuple[float, str]:
        """Distance from a point to the nearest surface, exactly, and whose it is."""
        best = (within, "")
        for name in self.instances:
            if (self.low[name] > eye + within).any() or (self.high[name] < eye - within).any():
                continue
            corners = transform(self.poses[name], self.solids[name].corners)
            reach = np.linalg.norm(corners - corners.mean(axis=1, keepdims=True), axis=2).max(axis=1)
            near = np.linalg.norm(corners.mean(axis=1) - eye, axis=1) - reach < best[0]
            if near.any():
                closest = trimesh.triangles.closest_point(corners[near], np.repeat(eye[None], int(near.sum()), axis=0))
                distance = float(np.linalg.norm(closest - eye, axis=1).min())
                best = min(best, (distance, name))
            if depth(transform(invert(self.poses[name]), eye[None]), self.solids[name].hulls) > 0:
                best = (0.0, name)
        return best


def centre_track(instance: Instance) -> np.ndarray:
    """Centre of mass [N, 3] at the times of a moving instance's poses."""
    return np.array([transform(pose, solid(instance.shape).centre) for pose in instance.motion.poses])


def may_touch(supports: dict[str, str], a: Instance, b: Instance) -> bool:
    """Pairs that overlap on purpose: a chair reaches under its table, a cushion lies within its sofa, a curtain hangs before a radiator."""
    categories = {a.category, b.category}
    return (
        "rug" in categories
        or supports.get(a.name) == b.name
        or supports.get(b.name) == a.name
        or categories in ({"chair", "table"}, {"chair", "desk"}, {"curtain", "radiator"}, {"curtain"})
    )
