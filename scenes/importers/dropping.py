"""Imported things dropped into an imported room, as in SceneNet RGB-D: convex hulls fall among triangles; what does not rest is left out.

`scenes.physics` takes a shape's closed components apart. Files are rarely closed, so here a room is its triangles as they are, and a thing
is the one hull around it, with the hull's volume.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from scenes import shapes
from scenes.geometry import compose, quaternion_from_rotation, rotation_from_quaternion, rotation_z
from scenes.importers.free_space import world_triangles
from scenes.physics.world import engine
from scenes.scene import Instance, Shape

Float = NDArray[np.float64]
TRIES = 12  # places tried for one thing
MOST_CORNERS = 200  # of a hull
THINNEST_M = 0.004
SPEED, SPIN, PENETRATION_M = 0.05, 0.25, 0.006  # m/s, rad/s (SceneNet RGB-D's limits), metres
_HERTZ, _SECONDS, _GAP_M = 120, 4.0, 0.01
_DENSITY, _LEAST_KG, _MOST_KG = 150.0, 0.05, 40.0  # kg / m^3 of the hull, which holds more air than the thing
_BLOCK = 20_000  # triangles the engine takes in one piece
_ROWS: list[list[float]] = []  # see `_Simulation._shape`


@dataclass(frozen=True)
class Fall:
    """A thing to be dropped: a distinct name, its shape, whether it starts upright, and the draws of its places."""

    name: str
    shape: Shape
    upright: bool
    rng: np.random.Generator


@dataclass(frozen=True, eq=False)
class _Hull:
    """Corners [N, 3] of the hull of a shape, object space, its centre of mass [3] and volume, m^3."""

    corners: Float
    centre: Float
    volume: float


def _directions() -> Float:
    """Unit vectors [256, 3], evenly spread (Fibonacci's spiral)."""
    z = 1 - (2 * np.arange(256) + 1) / 256
    angle = np.pi * (3 - np.sqrt(5)) * np.arange(256)
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1)


@lru_cache(maxsize=512)
def _hull(shape: Shape) -> _Hull:
    points = shapes.build(shape).vertices.astype(np.float64)
    thin = np.ptp(points, axis=0) < THINNEST_M
    if thin.any():  # a sheet is given the least thickness that the engine can handle
        points = np.concatenate([points - thin * THINNEST_M / 2, points + thin * THINNEST_M / 2])
    try:
        hull = ConvexHull(points)
    except QhullError:  # flat, but askew
        points = np.concatenate([points - THINNEST_M / 2, points + THINNEST_M / 2])
        hull = ConvexHull(points, qhull_options="QJ")
    corners = points[hull.vertices]
    middle = corners.mean(axis=0)
    a, b, c = (points[hull.simplices[:, k]] - middle for k in range(3))
    six = np.abs(np.einsum("ij,ij->i", a, np.cross(b, c)))  # six times the volumes of tetrahedra
    centre = middle + (six[:, None] * (a + b + c)).sum(axis=0) / (4 * six.sum())
    if len(corners) > MOST_CORNERS:
        corners = corners[np.unique(np.argmax(corners @ _directions().T, axis=0))]
    return _Hull(corners, centre, float(hull.volume))


def dropped(
    room: Sequence[Instance], floor: Float, ceiling: float, rounds: Sequence[Sequence[Fall]]
) -> tuple[dict[str, Float], Counter[str]]:
    """(poses [4, 4] of what came to rest, why and how often others did not). Each round falls on what has come to rest before.

    `floor` float64 [F, 3, 3] are the triangles above which things start, below the height `ceiling`. The same things in the same order
    fall alike, in any process.
    """
    rejected: Counter[str] = Counter()
    matter = np.concatenate([world_triangles(instance) for instance in room])
    with _Simulation(matter) as simulation:
        for falls in rounds:
            for fall in falls:
                if not any(simulation.add(fall, _start(fall, floor, ceiling)) for _ in range(TRIES)):
                    rejected["no room"] += 1
            simulation.run(_SECONDS)
            while bad := {name: fault for name in list(simulation.bodies) if (fault := simulation.fault(name))}:
                rejected.update(bad.values())
                for name in bad:
                    simulation.remove(name)
                simulation.run(_SECONDS / 2)
        return {name: simulation.pose(name) for name in simulation.bodies}, rejected


def _start(fall: Fall, floor: Float, ceiling: float) -> Float:
    """Pose of a thing above a random point of the floor, upright or turned anyhow."""
    rng = fall.rng
    areas = np.linalg.norm(np.cross(floor[:, 1] - floor[:, 0], floor[:, 2] - floor[:, 0]), axis=1)
    a, b, c = floor[int(rng.choice(len(floor), p=areas / areas.sum()))]
    u, v = rng.uniform(size=2)
    u, v = (1 - u, 1 - v) if u + v > 1 else (u, v)
    turn = rotation_z(float(rng.uniform(-np.pi, np.pi)))
    anyhow = rng.normal(size=4)
    rotation = turn if fall.upright else rotation_from_quaternion(anyhow / np.linalg.norm(anyhow))
    extent = _hull(fall.shape).corners @ rotation.T
    place = a + u * (b - a) + v * (c - a) - (extent.min(axis=0) + extent.max(axis=0)) / 2 * (1, 1, 0)
    lowest = 0.02 - float(extent[:, 2].min())
    highest = max(ceiling - float(place[2]) - float(extent[:, 2].max()) - 0.05, lowest)
    place[2] += lowest + float(rng.uniform(0, 0.25 if fall.upright else 1.0)) * (highest - lowest)
    return compose(rotation, place)


class _Simulation:
    """A private world of the engine: the room's triangles [F, 3, 3], and hulls that are added by name. Use it in a `with` statement."""

    def __init__(self, matter: Float) -> None:
        self._matter = matter
        self.bodies: dict[str, int] = {}
        self._hulls: dict[str, _Hull] = {}

    def __enter__(self) -> _Simulation:
        p = self._p = engine()
        client = p.connect(p.DIRECT)
        self._at = {"physicsClientId": client}
        p.setGravity(0, 0, -9.81, **self._at)
        p.setPhysicsEngineParameter(fixedTimeStep=1 / _HERTZ, numSolverIterations=20, deterministicOverlappingPairs=1, **self._at)
        for first in range(0, len(self._matter), _BLOCK):
            corners = self._matter[first : first + _BLOCK].reshape(-1, 3)
            shape = self._shape(corners, indices=list(range(len(corners))), flags=p.GEOM_FORCE_CONCAVE_TRIMESH)
            body = p.createMultiBody(0, shape, **self._at)
            p.changeDynamics(body, -1, lateralFriction=0.6, **self._at)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._p.disconnect(**self._at)

    def add(self, fall: Fall, pose: Float) -> bool:
        """Adds a thing unless something is within a centimetre of it: then False."""
        p, hull = self._p, _hull(fall.shape)
        shape = self._shape(hull.corners - hull.centre)
        w, x, y, z = quaternion_from_rotation(pose[:3, :3])
        place = pose[:3, :3] @ hull.centre + pose[:3, 3]
        mass = float(np.clip(_DENSITY * hull.volume, _LEAST_KG, _MOST_KG))
        body = p.createMultiBody(mass, shape, -1, place.tolist(), (x, y, z, w), useMaximalCoordinates=1, **self._at)
        near = {other for other, _ in p.getOverlappingObjects(*p.getAABB(body, **self._at), **self._at) or ()} - {body}
        if any(p.getClosestPoints(body, other, _GAP_M, **self._at) for other in sorted(near)):
            p.removeBody(body, **self._at)
            return False
        p.changeDynamics(body, -1, lateralFriction=0.6, rollingFriction=0.002, spinningFriction=0.002, angularDamping=0.3, **self._at)
        self.bodies[fall.name], self._hulls[fall.name] = body, hull
        return True

    def _shape(self, points: Float, **options: Any) -> int:
        """A shape of points [N, 3]. PyBullet 3.2.7 holds on to the lists it is given, for ever: they are given again, or emptied."""
        _ROWS.extend([0.0] * 3 for _ in range(len(points) - len(_ROWS)))
        for row, point in zip(_ROWS, points.tolist(), strict=False):
            row[:] = point
        options["vertices"] = _ROWS[: len(points)]
        shape = int(self._p.createCollisionShape(self._p.GEOM_MESH, **options, **self._at))
        for given in (options["vertices"], options.get("indices", [])):
            given.clear()
        return shape

    def remove(self, name: str) -> None:
        self._p.removeBody(self.bodies.pop(name), **self._at)

    def run(self, seconds: float) -> None:
        """Steps until everything has been slow for three looks, a tenth of a second apart, or the time is over."""
        still = 0
        for _ in range(round(10 * seconds)):
            for _ in range(_HERTZ // 10):
                self._p.stepSimulation(**self._at)
            slow = all(speed < 0.4 * SPEED and spin < 0.4 * SPIN for speed, spin in map(self._speed, self.bodies))
            still = still + 1 if slow else 0
            if still == 3:
                return

    def _speed(self, name: str) -> tuple[float, float]:
        velocity, spin = self._p.getBaseVelocity(self.bodies[name], **self._at)
        return float(np.linalg.norm(velocity)), float(np.linalg.norm(spin))

    def fault(self, name: str) -> str:
        """Why a thing cannot stay, or nothing."""
        place = self.pose(name)[:3, 3]
        corners = self._matter.reshape(-1, 3)
        if (place < corners.min(axis=0) - 0.1).any() or (place > corners.max(axis=0) + 0.1).any():
            return "fell out"
        speed, spin = self._speed(name)
        contacts = self._p.getContactPoints(self.bodies[name], **self._at)
        if speed > SPEED or spin > SPIN or not contacts:
            return "restless"
        return "penetrates" if min(contact[8] for contact in contacts) < -PENETRATION_M else ""

    def pose(self, name: str) -> Float:
        """Object-to-world pose [4, 4], the position rounded to 10 micrometres."""
        position, (x, y, z, w) = self._p.getBasePositionAndOrientation(self.bodies[name], **self._at)
        rotation = rotation_from_quaternion(np.round((w, x, y, z), 6))
        return compose(rotation, np.round(np.asarray(position) - rotation @ self._hulls[name].centre, 5))
