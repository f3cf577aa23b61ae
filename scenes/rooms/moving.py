"""Sequences in which things still move: they fall through the picture, roll across the floor, or are knocked off their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.geometry import compose
from scenes.physics import Body, World, record
from scenes.physics.collision import collider
from scenes.physics.world import GRAVITY
from scenes.pieces import PIECES
from scenes.rooms.camera import CLEARANCE_M
from scenes.rooms.dropping import choose
from scenes.rooms.things import Thing, anyhow
from scenes.scene import Shape, Trajectory

Float = NDArray[np.float64]
FPS, _HERTZ = 30.0, 480
MOTIONS = ("still", "falling", "rolling", "knocked")
_ATTEMPTS, _TRIES = 5, 12
_STIRRED_M, _STIRRED = 1e-3, 0.01  # what moves and turns less than this during the clip counts as still
_BOUNCE = 0.55
Proposal = tuple[str, Body]  # a category and a moving body


@dataclass(frozen=True)
class Director:
    """Sets things in motion before a camera: `cameras` float64 [T + 2, 4, 4]; `settled` is all that lies loose, by name.

    kind: the type of room, for what is likely to fall there.
    """

    world: World
    camera: Camera
    cameras: Float
    settled: dict[str, Thing]
    kind: str

    @cached_property
    def _lying(self) -> tuple[Body, ...]:
        return tuple(thing.body for thing in self.settled.values())

    def stage(self, motion: str, rng: np.random.Generator, count: int) -> dict[str, Thing] | None:
        """New and knocked things with their trajectories by name; None when every attempt fails or comes too near to the camera."""
        self.world.pace(_HERTZ)
        self._restore({})
        for _ in range(_ATTEMPTS):
            launched = self._set_off(motion, rng, count)
            tracks = record(self.world, len(self.cameras), fps=FPS)
            moved = {name: track for name, track in tracks.items() if _stirred(track)}
            clear = all(self._clear(name, track) for name, track in moved.items())
            self._restore(launched)
            if moved and clear:
                known = {**self.settled, **launched}
                return {name: replace(known[name], motion=Trajectory(track), on="") for name, track in moved.items()}
        return None

    def _set_off(self, motion: str, rng: np.random.Generator, count: int) -> dict[str, Thing]:
        """What is new in the world; things that are knocked have been there before."""
        if motion == "falling":
            return self._launch(count, lambda k: self._falling(rng, k), 0.01)
        if motion == "rolling":
            return self._launch(count, lambda k: self._rolling(rng, k), 0.001)
        self._knock(rng, count)
        return {}

    def _restore(self, launched: dict[str, Thing]) -> None:
        """Everything back to where it lay, asleep."""
        for name in launched:
            self.world.remove(name)
        for body in self._lying:
            self.world.place(body)
            self.world.rest(body.name)

    def _clear(self, name: str, track: Float) -> bool:
        """Whether a body stays in the room, and its bounding ball away from the eye at every frame."""
        c = self.world.movable[name].collider
        centres = track[:, :3, :3] @ c.centre + track[:, :3, 3]
        apart = np.linalg.norm(centres - self.cameras[:, :3, 3], axis=1).min() > c.radius + CLEARANCE_M
        return bool(apart) and all(self.world.inside(centre) for centre in centres)

    def _launch(self, count: int, propose: Callable[[int], Proposal | None], gap: float) -> dict[str, Thing]:
        """Up to `count` moving bodies that start `gap` metres away from everything."""
        found: dict[str, Thing] = {}
        for k in range(count):
            proposals = (propose(k) for _ in range(_TRIES))
            accepted = next((proposal for proposal in proposals if proposal is not None and self.world.add(proposal[1], gap)), None)
            if accepted is not None:
                category, body = accepted
                motion = Trajectory.still(body.pose)
                found[body.name] = Thing(name=body.name, category=category, shape=body.shape, group=body.name, motion=motion)
        return found

    @property
    def _lead_s(self) -> float:
        """From the first pose to when the motion is to be in the picture: the clip's middle, or soon."""
        return min(len(self.cameras) / 2 / FPS, 0.3)

    def _ray(self, rng: np.random.Generator, low: float = 0.2, high: float = 0.8) -> tuple[Float, Float]:
        """Origin and unit direction [3] of a ray through the picture, away from its borders, at the time of the motion."""
        pose = self.cameras[min(round(self._lead_s * FPS), len(self.cameras) - 1)]
        pixel = np.array([[rng.uniform(0.2, 0.8) * self.camera.width, rng.uniform(low, high) * self.camera.height]])
        ray = pose[:3, :3] @ self.camera.unproject(pixel, np.ones(1))[0]
        return pose[:3, 3], ray / np.linalg.norm(ray)

    def _falling(self, rng: np.random.Generator, k: int) -> Proposal | None:
        """A thing in the air, turning, a part of a second before it crosses the picture."""
        piece = choose(rng, self.kind, False, 0.3)
        shape, turn = piece.draw(rng), anyhow(rng)
        eye, ray = self._ray(rng)
        depth = float(rng.uniform(0.9, 3.2))
        if depth > float(self.world.cast([eye], [ray], 6.0)[0][0]) - 0.1:
            return None
        velocity = np.array([*rng.normal(0, 0.6, 2), rng.uniform(-1.5, 1.5)])
        centre = eye + depth * ray - velocity * self._lead_s - (0, 0, 0.5 * GRAVITY * self._lead_s**2)
        spin = rng.normal(0, 4.0, 3)
        return piece.category, _body(f"flung_{piece.category}_{k + 1}", shape, turn, centre, velocity, spin)

    def _rolling(self, rng: np.random.Generator, k: int) -> Proposal | None:
        """A ball that rolls, or hops, over the floor that is in the picture."""
        shape, turn = PIECES["ball"].draw(rng), anyhow(rng)
        eye, ray = self._ray(rng, 0.4, 0.95)
        distance, names = self.world.cast([eye], [ray], 6.0)
        if names[0] != "floor":
            return None
        radius = collider(shape).sphere
        angle, speed = float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(0.4, 2.2))
        velocity = speed * np.array([np.cos(angle), np.sin(angle), 0.0])
        centre = eye + float(distance[0]) * ray - velocity * self._lead_s
        centre[2] = radius + (float(rng.uniform(0.1, 0.5)) if rng.uniform() < 0.4 else 0.0025)
        return "ball", _body(f"rolling_ball_{k + 1}", shape, turn, centre, velocity, np.cross((0.0, 0.0, 1.0), velocity) / radius)

    def _knock(self, rng: np.random.Generator, count: int) -> None:
        """A push for settled things that are in the picture, as if by an elbow or a foot."""
        eyes, rays = zip(*(self._ray(rng) for _ in range(60)), strict=True)
        seen = sorted(set(self.world.cast(eyes, rays, 6.0)[1]) & self.settled.keys())
        for name in rng.permutation(seen)[:count].tolist() if seen else ():
            angle, speed = float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(0.8, 2.4))
            velocity = (speed * float(np.cos(angle)), speed * float(np.sin(angle)), float(rng.uniform(0.0, 1.2)))
            x, y, z = (float(component) for component in rng.normal(0, 3.0, 3))
            self.world.place(replace(self.settled[name].body, velocity=velocity, spin=(x, y, z)))
            self.world.wake(name)


def _body(name: str, shape: Shape, turn: Float, centre: Float, velocity: Float, spin: Float) -> Body:
    """A moving body whose centre of mass [3] is given."""
    pose = compose(turn, centre - turn @ collider(shape).centre)
    v, w = ((float(x), float(y), float(z)) for x, y, z in (velocity, spin))
    return Body(name=name, shape=shape, pose=pose, velocity=v, spin=w, restitution=_BOUNCE)


def _stirred(track: Float) -> bool:
    """Whether anything but noise happens to a body."""
    shift = np.linalg.norm(track[:, :3, 3] - track[0, :3, 3], axis=1).max()
    return bool(shift > _STIRRED_M or np.abs(track[:, :3, :3] - track[0, :3, :3]).max() > _STIRRED)
