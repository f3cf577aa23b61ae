"""Letting bodies come to rest, and recording how they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scenes.geometry import transform
from scenes.physics.collision import Collider
from scenes.physics.world import Body, Bounds, Contact, World
from scenes.scene import Vector

Float = NDArray[np.float64]
SPEED, SPIN = 0.05, 0.25  # m/s and rad/s: SceneNet RGB-D's limits of what has come to rest
PENETRATION_M = 0.006
_FLOATING_M = 0.006
_LOOK_S, _LOOKS = 0.1, 2


@dataclass(frozen=True)
class Settled:
    """Poses float64 [4, 4] of what came to rest, what each mainly rests on, and why the others were taken away.

    Reasons are "no room" to start from, "fell out", "restless", "penetrates", and "floats" over the opening of something hollow.
    """

    poses: dict[str, Float]
    supports: dict[str, str]
    rejected: dict[str, str]


def settle(fixed: Sequence[Body], dropped: Sequence[Body], bounds: Bounds | None = None, *, seconds: float = 2.0) -> Settled:
    """Where `dropped` bodies come to rest on `fixed` ones; those that do not within `seconds` are taken away again."""
    with World(fixed, bounds) as world:
        refused = [body.name for body in dropped if not world.add(body)]
        settled = come_to_rest(world, seconds=seconds)
    return replace(settled, rejected={**dict.fromkeys(refused, "no room"), **settled.rejected})


def come_to_rest(world: World, *, seconds: float = 2.0) -> Settled:
    """Run a world until all that moves is at rest; take away what is not after `seconds`, until the rest of the rest lies still."""
    rejected: dict[str, str] = {}
    _wait(world, seconds)
    while bad := {name: reason for name in list(world.movable) if (reason := _fault(world, name))}:
        rejected |= bad
        for name in bad:
            world.remove(name)
        _wait(world, 0.5 * seconds)
    poses = {name: world.pose(name) for name in world.movable}
    return Settled(poses, {name: _support(world.contacts(name)) for name in world.movable}, rejected)


def _wait(world: World, seconds: float) -> None:
    """Step until everything has been slow for two looks in a row, or the time is over; what is slow that long may sleep."""
    still = dict.fromkeys(world.movable, 0)
    for _ in range(max(1, round(seconds / _LOOK_S))):
        world.step(round(_LOOK_S * world.hertz))
        for name in still:
            speed, spin = world.speed(name)
            still[name] = still[name] + 1 if speed < 0.4 * SPEED and spin < 0.4 * SPIN else 0
            if still[name] == _LOOKS:
                world.rest(name)
        if min(still.values(), default=_LOOKS) >= _LOOKS:
            return


def _fault(world: World, name: str) -> str:
    """Why a body cannot stay, or nothing."""
    speed, spin = world.speed(name)
    contacts = world.contacts(name)
    if not world.inside(world.pose(name)[:3, :3] @ world.movable[name].collider.centre + world.pose(name)[:3, 3]):
        return "fell out"
    if speed > SPEED or spin > SPIN or not contacts:
        return "restless"
    if min(contact.gap for contact in contacts) < -PENETRATION_M:
        return "penetrates"
    return "floats" if _floats(world, contacts) else ""


def _floats(world: World, contacts: list[Contact]) -> bool:
    """Whether a body lies on the air in the opening of something hollow that is movable, which its hulls close."""
    return any(
        contact.normal[2] > 0.3
        and contact.other in world.movable
        and _off_surface(world.movable[contact.other].collider, world.pose(contact.other), contact.point)
        for contact in contacts
    )


def _off_surface(collider: Collider, pose: Float, point: Vector) -> bool:
    points, faces = collider.open
    if not len(faces):
        return False
    corners = transform(pose, points)[faces]
    cloud = np.concatenate([corners, (corners + np.roll(corners, 1, axis=1)) / 2, corners.mean(axis=1, keepdims=True)], axis=1)
    return bool(np.linalg.norm(cloud.reshape(-1, 3) - point, axis=1).min() > _FLOATING_M)


def _support(contacts: list[Contact]) -> str:
    """What bears most of a body's weight."""
    borne: dict[str, float] = {}
    for contact in contacts:
        borne[contact.other] = borne.get(contact.other, 0.0) + contact.force * max(contact.normal[2], 0.0)
    return max(sorted(borne), key=lambda name: borne[name]) if borne else ""


def record(world: World, count: int, *, fps: float = 30.0) -> dict[str, Float]:
    """Poses float64 [count, 4, 4] of every movable body, the first as it is now, then 1 / fps seconds apart.

    The world's hertz must be a multiple of fps. In flight a body is accelerated by gravity alone.
    """
    steps = round(world.hertz / fps)
    assert abs(steps * fps - world.hertz) < 1e-6, "a frame takes a whole number of steps"
    for name in world.movable:
        world.calm(name, 0.0, 0.0, 0.001)
    poses: dict[str, list[Float]] = {name: [world.pose(name)] for name in world.movable}
    for _ in range(count - 1):
        world.step(steps)
        for name, track in poses.items():
            track.append(world.pose(name))
    return {name: np.stack(track) for name, track in poses.items()}


def simulate(
    fixed: Sequence[Body], free: Sequence[Body], count: int, bounds: Bounds | None = None, *, fps: float = 30.0, hertz: int = 240
) -> dict[str, Float]:
    """Poses float64 [count, 4, 4] of `free` bodies at the frame times, from where and as fast as they are given."""
    with World(fixed, bounds, hertz=hertz) as world:
        for body in free:
            world.add(body)
        return record(world, count, fps=fps)
