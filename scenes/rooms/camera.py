"""A hand-held camera in a room: two drifting bodies, one for the eye and one that it looks at, and the best of a few views."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.furnishing.layout import Layout
from scenes.physics import World
from scenes.trajectories import Nearest, drifting, looking, sway

Float = NDArray[np.float64]
CLEARANCE_M = 0.1  # of every frame's eye from all matter
FEWEST_SEEN = 5
_KEPT_M, _START_M = 0.18, 0.34  # clearance that the drift keeps and that the first eye has
_ATTEMPTS, _WANTED = 48, 6
_STEEPEST = 0.5  # slope at which the camera looks down at the start
SHELL = frozenset(("floor", "ceiling", "wall", "door", "window"))
_MINOR = frozenset(("rug", "picture", "curtain", "radiator", "clock", "lamp"))
_CENTRAL = frozenset(("bed", "sofa", "table", "desk", "counter", "bathtub"))  # what tells the kind of room


@dataclass(frozen=True)
class Shot:
    """Camera poses float64 [T + 2, 4, 4], the fewest things seen in a frame, and how many attempts it took."""

    poses: Float
    fewest_seen: int
    attempts: int


@dataclass(frozen=True)
class _View:
    score: float
    seen: int


class HandHeld:
    """Finds camera paths in a world; `categories` tells what its bodies are."""

    def __init__(self, world: World, layout: Layout, camera: Camera, categories: Mapping[str, str]) -> None:
        self._world, self._layout, self._categories = world, layout, categories
        columns, rows = 10, 8
        u, v = np.meshgrid((np.arange(columns) + 0.5) * camera.width / columns, (np.arange(rows) + 0.5) * camera.height / rows)
        rays = camera.unproject(np.stack([u, v], axis=-1).reshape(-1, 2), np.ones(columns * rows))
        self._rays = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        self._bulk = self._weigh(layout)

    @staticmethod
    def _weigh(layout: Layout) -> tuple[Float, Float]:
        """Centres [N, 3] of furniture and weights [N] with which the camera looks at it first."""
        boxes = [item.box for item in layout.items if item.category not in ("rug", "curtain")]
        centres = [(box.x, box.y, (box.z0 + box.z1) / 2) for box in boxes]
        bulk = [(box.half_x * box.half_y * (box.z1 - box.z0)) ** 0.4 for box in boxes]
        return np.reshape([*centres, (0.0, 0.0, 0.5)], (-1, 3)), np.array([*bulk, 0.2])

    def shoot(self, rng: np.random.Generator, *, frames: int, eye_height: float, speed: float, turn_rad: float) -> Shot:
        """The best of a few random paths on which every frame sees something; the best of all when none is good throughout."""
        found: list[tuple[float, int, Float]] = []
        poor: list[tuple[float, int, Float]] = []
        for attempt in range(_ATTEMPTS):
            poses = self._path(rng, frames + 2, eye_height if attempt < _ATTEMPTS // 2 else 1.5, speed, turn_rad)
            if poses is None:
                continue
            views = self._views(poses[:: max(1, (frames + 1) // 3)])
            entry = (float(np.mean([view.score for view in views])), min(view.seen for view in views), poses)
            good = np.isfinite(entry[0]) and entry[1] >= FEWEST_SEEN + 1
            (found if good else poor).append(entry)
            if len(found) == _WANTED:
                break
        for _, _, poses in sorted(found, key=lambda entry: -entry[0]):
            seen = min(len(set(names) - {""}) for _, names in self._pictures(poses))
            if seen >= FEWEST_SEEN:
                return Shot(poses, seen, attempt + 1)
        best = max([*found, *poor], key=lambda entry: entry[1], default=None)
        if best is not None:
            return Shot(best[2], best[1], attempt + 1)
        return Shot(self._still(frames + 2), 0, attempt + 1)

    def _path(self, rng: np.random.Generator, count: int, height: float, speed: float, turn_rad: float) -> Float | None:
        """Poses [count, 4, 4] from a free place, or None when it is not free or the drift ends too near to something."""
        half = np.array([self._layout.length, self._layout.breadth]) / 2 - _START_M
        start = np.array([*(rng.uniform(-1, 1, 2) * half), min(height + float(rng.normal(0, 0.1)), self._layout.height - 0.4)])
        if self._world.nearest(start, _START_M)[0] < _START_M:
            return None
        centres, bulk = self._bulk
        distance = np.linalg.norm(centres - start, axis=1)
        weight = bulk * np.clip(distance - 0.9, 0.0, 1.5)
        if weight.sum() <= 0:
            return None
        target = centres[int(rng.choice(len(bulk), p=weight / weight.sum()))] + rng.normal(0, 0.2, 3)
        steepest = start[2] - _STEEPEST * float(np.linalg.norm(target[:2] - start[:2]))
        target[2] = np.clip(target[2], max(0.35, steepest), min(1.5, start[2] + 0.15))
        nearest = self._matter()
        eyes = drifting(rng, count, start, speed=speed, nearest=nearest, clearance=_KEPT_M)
        if any(nearest(k, eye)[0] < CLEARANCE_M + 0.04 for k, eye in enumerate(eyes)):
            return None
        reach = max(float(np.linalg.norm(target - start)), 0.8)
        apart = max(0.7 * reach, 0.6)  # a target that came nearer would turn the camera faster than asked
        around = self._around(eyes, apart)
        targets = drifting(rng, count, target, speed=turn_rad * reach, nearest=around, clearance=apart, vertical=0.25)
        for axis, amplitude in enumerate((0.004, 0.004, 0.006)):  # the hands shake
            targets[:, axis] += sway(rng, count, amplitude=amplitude * reach, period_frames=9.0)
        rolls = sway(rng, count, amplitude=0.018, period_frames=16.0) + rng.normal(0, 0.02)
        return looking(eyes, targets - eyes, rolls)

    def _matter(self) -> Nearest:
        """What the eye keeps away from: everything. A place is looked at once, since most eyes stay where the drift has put them."""
        known: dict[bytes, tuple[float, Float]] = {}

        def nearest(_: int, point: Float) -> tuple[float, Float]:
            key = point.tobytes()
            if key not in known:
                known[key] = self._world.nearest(point, 0.5)
            return known[key]

        return nearest

    def _around(self, eyes: Float, apart: float) -> Nearest:
        """What the looked-at body keeps `apart` metres away from: the eye, and, as far beyond them, the room's walls."""
        low = np.array([-self._layout.length / 2, -self._layout.breadth / 2, -0.3])
        high = np.array([self._layout.length / 2, self._layout.breadth / 2, 2.2])

        def nearest(k: int, point: Float) -> tuple[float, Float]:
            gaps = np.concatenate([point - low, high - point]) + apart
            side = int(np.argmin(gaps))
            offset = point - eyes[k]
            distance = float(np.linalg.norm(offset))
            if distance < gaps[side]:
                return distance, offset / max(distance, 1e-9)
            return float(gaps[side]), np.eye(3)[side % 3] * (1.0 if side < 3 else -1.0)

        return nearest

    def _pictures(self, poses: Float) -> Iterator[tuple[Float, list[str]]]:
        """Distances [R] along the camera's rays at each pose, and the names of what they hit."""
        count = len(self._rays)
        origins = np.repeat(poses[:, :3, 3], count, axis=0)
        distance, names = self._world.cast(origins, np.concatenate([self._rays @ pose[:3, :3].T for pose in poses]), 15.0)
        for first in range(0, len(names), count):
            yield distance[first : first + count], names[first : first + count]

    def _views(self, poses: Float) -> list[_View]:
        return [self._view(distance, names) for distance, names in self._pictures(poses)]

    def _view(self, distance: Float, names: list[str]) -> _View:
        """How much there is to see; -inf when something fills the picture from close by."""
        counts = Counter(names)
        seen = len(counts.keys() - {""})
        if np.median(distance) < 1.0 or np.mean(distance < 0.5) > 0.12:
            return _View(-np.inf, seen)
        things = {name: n for name, n in counts.items() if name and self._categories[name] not in SHELL}
        furniture = [name for name in things if self._categories[name] not in _MINOR]
        covered = sum(things[name] for name in furniture) / len(names)
        central = sum(self._categories[name] in _CENTRAL for name in furniture)
        filled = 4.0 if max(things.values(), default=0) > 0.4 * len(names) else 0.0  # one thing from close by tells nothing of the room
        emptiness = 4.0 if len(furniture) < 2 or covered < 0.12 else 0.0
        interest = 0.5 * min(len(things), 14) + 1.5 * min(central, 2) + 6.0 * min(covered, 0.5)
        return _View(float(interest + 0.6 * min(float(np.median(distance)), 3.0) - emptiness - filled), seen)

    def _still(self, count: int) -> Float:
        """The clearest place of a coarse grid, looking across the room's middle: only for rooms that leave no other."""
        a, b = self._layout.length / 2, self._layout.breadth / 2
        places = [
            np.array([x * a, y * b, z]) for x in np.linspace(-0.8, 0.8, 7) for y in np.linspace(-0.8, 0.8, 7) for z in (1.3, 1.6, 1.9)
        ]
        eye = max(places, key=lambda place: self._world.nearest(place, 0.6)[0])
        towards = max(
            (np.array([np.cos(t), np.sin(t), -0.35]) for t in np.linspace(-pi, pi, 12)),
            key=lambda d: self._views(looking([eye], [d], [0.0]))[0].seen,
        )
        eyes = np.repeat(eye[None], count, axis=0)
        return looking(eyes, np.repeat(towards[None], count, axis=0), np.zeros(count))
