"""One private simulation: fixed matter, movable bodies, and what can be asked of them (rays, distances, contacts)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import hypot
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.geometry import compose, quaternion_from_rotation, rotation_from_quaternion, transform
from scenes.physics.collision import Collider, Int, collider
from scenes.scene import Shape, Vector

Float = NDArray[np.float64]
Bounds = tuple[tuple[float, float, float], tuple[float, float, float]]
GRAVITY = 9.81
_DENSITY = 250.0  # kg / m^3: furniture and household goods are mostly air
_LEAST_KG, _MOST_KG = 0.05, 40.0  # mass ratios beyond a thousand make stacks jitter
_ITERATIONS = 20
_PROBE_M, _AWAY = 1e-3, (0.0, 0.0, -1e3)  # radius of the ball that measures distances, and where it waits
_BACKSTOP_M = 0.004  # how far outside the bounds the half-spaces lie that keep matter in, so that floor and walls are touched first


@lru_cache(maxsize=1)
def engine() -> Any:
    """The PyBullet module. Importing it prints a line to the C library's standard error, which is kept away."""
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import pybullet
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
    return pybullet


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """A thing and where it is: pose float64 [4, 4], object to world; `velocity` m/s and `spin` rad/s (world axes) if it is movable.

    restitution: 0 lands dead, 1 bounces for ever.
    """

    name: str
    shape: Shape
    pose: Float
    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    spin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    restitution: float = 0.0

    @cached_property
    def collider(self) -> Collider:
        return collider(self.shape)

    @cached_property
    def place(self) -> tuple[list[float], list[float]]:
        """Centre of mass [3] and turn (x, y, z, w) in the world."""
        w, *xyz = quaternion_from_rotation(self.pose[:3, :3]).tolist()
        return transform(self.pose, self.collider.centre).tolist(), [*xyz, w]


@dataclass(frozen=True)
class Contact:
    """A point where a body touches `other`: its position on the other one [3], the unit normal towards the body [3], the gap in metres
    (negative: they penetrate) and the normal force in newtons."""

    other: str
    point: Vector
    normal: Vector
    gap: float
    force: float


class World:
    """Fixed bodies, then movable ones that are added, placed, removed and moved by `step`. Use it in a `with` statement.

    bounds: corners (low, high) of the room; nothing movable passes them. hertz: steps a second. Names are unique.
    """

    def __init__(self, fixed: Sequence[Body] = (), bounds: Bounds | None = None, *, hertz: int = 120) -> None:
        self.bounds, self.hertz = bounds, hertz
        self.movable: dict[str, Body] = {}
        self._fixed = tuple(fixed)
        self._ids: dict[str, list[int]] = {}
        self._names: dict[int, str] = {}
        self._poses: dict[str, tuple[Any, Float]] = {}  # as the engine tells them, and as matrices
        self._shapes: dict[tuple[Shape, bool], list[int]] = {}

    def __enter__(self) -> World:
        p = self._p = engine()
        number, self._path = tempfile.mkstemp(prefix="bodies-", suffix=".obj")
        self._file = os.fdopen(number, "wb", buffering=0)  # one for all shapes, since to make files takes time
        self._client: int = p.connect(p.DIRECT)
        self._at = {"physicsClientId": self._client}
        p.setGravity(0, 0, -GRAVITY, **self._at)
        p.setPhysicsEngineParameter(numSolverIterations=_ITERATIONS, deterministicOverlappingPairs=1, **self._at)
        p.setPhysicsEngineParameter(enableFileCaching=0, **self._at)  # else it remembers every file by its name, for ever
        # What bodies look like, since without it the engine would read their shapes again to draw them.
        self._look = p.createVisualShape(p.GEOM_BOX, halfExtents=[_PROBE_M] * 3, **self._at)
        self.pace(self.hertz)
        self._probe = self._create(p.createCollisionShape(p.GEOM_SPHERE, radius=_PROBE_M, **self._at), _AWAY)
        if self.bounds is not None:
            self._wall_in(*self.bounds)
        for body in self._fixed:
            self._enter(body, 0.0)
            self._put(body.name, *body.place)
            self.rest(body.name)  # matter that is awake keeps what sleeps on it at work
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._p.disconnect(self._client)
        self._file.close()
        os.unlink(self._path)

    def _create(self, shape: int, position: ArrayLike, mass: float = 0.0) -> int:
        # Maximal coordinates: plain rigid bodies, for which the engine removes penetration without adding speed.
        place = list(np.asarray(position, dtype=float))
        return int(self._p.createMultiBody(mass, shape, self._look, place, useMaximalCoordinates=1, **self._at))

    def _wall_in(self, low: Sequence[float], high: Sequence[float]) -> None:
        for axis in range(3):
            for corner, sign in ((low, 1.0), (high, -1.0)):
                normal, position = np.zeros(3), np.zeros(3)
                normal[axis], position[axis] = sign, corner[axis] - sign * _BACKSTOP_M
                plane = self._p.createCollisionShape(self._p.GEOM_PLANE, planeNormal=normal.tolist(), **self._at)
                body = self._create(plane, position)
                self._p.changeDynamics(body, -1, lateralFriction=0.6, activationState=self._p.ACTIVATION_STATE_SLEEP, **self._at)

    def _compound(self, hulls: Sequence[Float]) -> int:
        """A shape of convex parts, which the engine takes only from a file, with one object for each."""
        return self._from_file("".join("o part\n" + _vertices(hull) + _strip(len(hull)) for hull in hulls))

    def _triangles(self, points: Float, faces: Int) -> int:
        """A shape of triangles [F, 3] of points [N, 3], for what never moves."""
        lines = "f %d %d %d\n" * len(faces) % tuple((faces + 1).ravel().tolist())
        return self._from_file(_vertices(points) + lines, flags=self._p.GEOM_FORCE_CONCAVE_TRIMESH)

    def _from_file(self, text: str, **options: int) -> int:
        """A shape from an OBJ file: vertices handed over as lists are never released by PyBullet 3.2.7 (170 bytes each)."""
        self._file.seek(0)
        self._file.write(text.encode())
        self._file.truncate()
        return int(self._p.createCollisionShape(self._p.GEOM_MESH, fileName=self._path, **options, **self._at))

    def _collision_shapes(self, body: Body, movable: bool) -> list[int]:
        """Ids of the engine's shapes: hulls in one, and for fixed bodies open parts as they are in another. Shared by equal bodies."""
        key = (body.shape, movable)
        if key not in self._shapes:
            p, c = self._p, body.collider
            found = []
            if c.sphere:
                found.append(p.createCollisionShape(p.GEOM_SPHERE, radius=c.sphere, **self._at))
            elif hulls := [hull - c.centre for hull in (c.loose if movable else c.fixed)]:
                found.append(self._compound(hulls))
            if not movable and len(c.open[1]):
                found.append(self._triangles(c.open[0] - c.centre, c.open[1]))
            self._shapes[key] = found
        return self._shapes[key]

    def _enter(self, body: Body, mass: float) -> None:
        assert body.name not in self._ids, f"two bodies are named {body.name}"
        self._ids[body.name] = []
        for shape in self._collision_shapes(body, mass > 0):
            number = self._create(shape, (0, 0, 0), mass)
            self._ids[body.name].append(number)
            self._names[number] = body.name
            self._p.changeDynamics(
                number, -1, lateralFriction=0.6, rollingFriction=0.002, spinningFriction=0.002, restitution=body.restitution, **self._at
            )

    def _put(self, name: str, centre: Sequence[float], turn: Sequence[float]) -> None:
        for number in self._ids[name]:
            self._p.resetBasePositionAndOrientation(number, centre, turn, **self._at)

    def _put_away(self, body: Body) -> None:
        self._put(body.name, (body.collider.centre + _AWAY).tolist(), (0.0, 0.0, 0.0, 1.0))

    def add(self, body: Body, gap: float = -0.002) -> bool:
        """Add a movable body, unless it would be nearer than `gap` metres to other matter or reach out of the bounds: then False.

        A negative gap lets it penetrate, as things in contact do a little.
        """
        return self.add_where(body, [body.pose], gap)

    def add_where(self, body: Body, poses: Iterable[Float], gap: float) -> bool:
        """Add a movable body at the first of `poses` (drawn one by one; the body is not there meanwhile) that is free; False if none is."""
        mass = float(np.clip(_DENSITY * body.collider.volume, _LEAST_KG, _MOST_KG))
        self._enter(body, mass)
        self._put_away(body)
        for pose in poses:
            self.place(replace(body, pose=pose))
            if self._inside(body.name) and not self._blocked(body.name, gap):
                self.calm(body.name)
                self._activate(body.name, self._p.ACTIVATION_STATE_ENABLE_SLEEPING)
                return True
            self._put_away(body)
        self._forget(body.name)
        return False

    def calm(self, name: str, linear: float = 0.05, angular: float = 0.6, rolling: float = 0.006) -> None:
        """Set the shares of speed and spin that a movable body loses in a second, and its resistance to rolling (lever, metres)."""
        damping = {"linearDamping": linear, "angularDamping": angular, "rollingFriction": rolling, "spinningFriction": rolling}
        for number in self._ids[name]:
            self._p.changeDynamics(number, -1, **damping, **self._at)

    def place(self, body: Body) -> None:
        """Put a movable body (by its name) where `body` says, with its velocity and spin."""
        self.movable[body.name] = body
        self._put(body.name, *body.place)
        for number in self._ids[body.name]:
            self._p.resetBaseVelocity(number, body.velocity, body.spin, **self._at)

    def remove(self, name: str) -> None:
        """Take a movable body away and let those that touched it feel it."""
        touching = {contact.other for contact in self.contacts(name)}
        self._forget(name)
        for other in sorted(touching & self.movable.keys()):
            self.wake(other)

    def _forget(self, name: str) -> None:
        for number in self._ids.pop(name):
            self._p.removeBody(number, **self._at)
            del self._names[number]
        self.movable.pop(name, None)
        self._poses.pop(name, None)

    def wake(self, name: str) -> None:
        """Let a movable body that sleeps react again."""
        self._activate(name, self._p.ACTIVATION_STATE_WAKE_UP)

    def rest(self, name: str) -> None:
        """Let a movable body sleep, which saves time, until something that is awake touches it."""
        self._activate(name, self._p.ACTIVATION_STATE_SLEEP)

    def _activate(self, name: str, state: int) -> None:
        for number in self._ids[name]:
            self._p.changeDynamics(number, -1, activationState=state, **self._at)

    def pace(self, hertz: int) -> None:
        """Take so many steps a second from now on."""
        self.hertz = hertz
        self._p.setPhysicsEngineParameter(fixedTimeStep=1 / hertz, **self._at)

    def step(self, count: int) -> None:
        """Advance by `count` steps of 1 / hertz seconds."""
        for _ in range(count):
            self._p.stepSimulation(**self._at)

    def pose(self, name: str) -> Float:
        """Object-to-world pose float64 [4, 4] of a movable body, position rounded to 10 micrometres, rotation orthonormal."""
        found = self._p.getBasePositionAndOrientation(self._ids[name][0], **self._at)
        if name not in self._poses or self._poses[name][0] != found:
            position, (x, y, z, w) = found
            rotation = rotation_from_quaternion(np.round((w, x, y, z), 6))
            pose = compose(rotation, np.round(np.asarray(position) - rotation @ self.movable[name].collider.centre, 5))
            pose.setflags(write=False)
            self._poses[name] = (found, pose)
        return self._poses[name][1]

    def speed(self, name: str) -> tuple[float, float]:
        """Speed of the centre of mass, m/s, and spin, rad/s."""
        velocity, spin = self._p.getBaseVelocity(self._ids[name][0], **self._at)
        return hypot(*velocity), hypot(*spin)

    def contacts(self, name: str) -> list[Contact]:
        """Where a movable body touches others, as of the last step."""
        points = self._p.getContactPoints(self._ids[name][0], **self._at)
        return [Contact(self._names.get(e[2], "bounds"), e[6], e[7], e[8], e[9]) for e in points]

    def _inside(self, name: str) -> bool:
        if self.bounds is None:
            return True
        corners = zip(*self._p.getAABB(self._ids[name][0], **self._at), *self.bounds, strict=True)
        return all(low > least - 0.01 and high < most + 0.01 for low, high, least, most in corners)

    def inside(self, point: ArrayLike) -> bool:
        """Whether a point lies within the bounds."""
        place = np.asarray(point, dtype=float).tolist()
        return self.bounds is None or all(low <= x <= high for x, low, high in zip(place, *self.bounds, strict=True))

    def _blocked(self, name: str, gap: float) -> bool:
        number = self._ids[name][0]
        reach = max(gap, 0.0)
        near = (self._p.getClosestPoints(number, other, reach, **self._at) for other in self._near(number, reach))
        return any(entry[8] < gap for entries in near for entry in entries)

    def _near(self, number: int, margin: float) -> list[int]:
        """Bodies whose boxes come within a margin of that of a body, in the order of their ids."""
        low, high = self._p.getAABB(number, **self._at)
        found = self._p.getOverlappingObjects([v - margin for v in low], [v + margin for v in high], **self._at) or ()
        return sorted({other for other, _ in found if other in self._names and other != number})

    def nearest(self, point: ArrayLike, within: float) -> tuple[float, Float]:
        """Distance from a point to matter, at most `within` metres, and the unit direction away from it [3] (zero if nothing is near)."""
        self._p.resetBasePositionAndOrientation(self._probe, list(np.asarray(point, dtype=float)), (0, 0, 0, 1), **self._at)
        best, away = within, (0.0, 0.0, 0.0)
        for other in self._near(self._probe, within):
            for entry in self._p.getClosestPoints(self._probe, other, best, **self._at):
                if entry[8] + _PROBE_M < best:
                    best, away = entry[8] + _PROBE_M, entry[7]
        self._p.resetBasePositionAndOrientation(self._probe, _AWAY, (0, 0, 0, 1), **self._at)
        return best, np.array(away)

    def cast(self, origins: ArrayLike, directions: ArrayLike, reach: float) -> tuple[Float, list[str]]:
        """Distances [R] along unit rays [R, 3] to the first matter within `reach` (+inf: none), and the names of what is hit ("": none)."""
        origins = np.asarray(origins, dtype=np.float64)
        ends = origins + reach * np.asarray(directions, dtype=np.float64)
        hits: list[Any] = []
        for k in range(0, len(origins), 10_000):  # the engine takes 16,384 rays at most
            hits += self._p.rayTestBatch(origins[k : k + 10_000].tolist(), ends[k : k + 10_000].tolist(), **self._at)
        names = [self._names.get(hit[0], "") for hit in hits]
        distance = np.array([hit[2] if name else np.inf for hit, name in zip(hits, names, strict=True)]) * reach
        return distance, names


def _vertices(points: Float) -> str:
    """Lines of an OBJ file."""
    return "v %.6f %.6f %.6f\n" * len(points) % tuple(points.ravel().tolist())


@lru_cache(maxsize=1024)
def _strip(count: int) -> str:
    """Lines of an OBJ file with faces that use each of the last `count` vertices."""
    return "".join(f"f {k - count} {(k + 1) % count - count} {(k + 2) % count - count}\n" for k in range(0, count, 2))
