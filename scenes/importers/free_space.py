"""Where a camera can go among arbitrary triangles: a grid of free floor, walks over it at eye height, and how much they see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from scenes import shapes
from scenes.camera import Camera
from scenes.geometry import transform
from scenes.scene import Instance
from scenes.trajectories import along_curve, catmull_rom, looking, sway

Float = NDArray[np.float64]
CELL_M = 0.05
CLEARANCE_M = 0.25  # of the camera's centre to anything
_STEP_OVER_M, _HEAD_ROOM_M = 0.12, 0.15  # what lies lower is walked over; kept free above the eyes
_ATTEMPTS = 60
_GAZE_FRAMES = 10  # between two directions of gaze


def world_triangles(instance: Instance) -> Float:
    """Corners float64 [F, 3, 3] of an instance at time 0, in the world."""
    mesh = shapes.build(instance.shape)
    return transform(instance.motion.at(0), mesh.vertices)[mesh.faces]


def upper_side(triangles: Float) -> Float:
    """Those of triangles [F, 3, 3] that are about level and face up; of a sheet that faces down, all that are about level."""
    normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    slope = normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-15)
    for level in (slope > 0.7, np.abs(slope) > 0.7):
        if level.any():
            return triangles[level]
    return triangles


def _lattice(triangles: Float, spacing: float) -> Iterator[Float]:
    """Points [N, D] on triangles [F, 3, D], no farther apart than `spacing`."""
    edges = triangles - np.roll(triangles, 1, axis=1)
    counts = np.maximum(np.ceil(np.sqrt((edges**2).sum(axis=2)).max(axis=1) / spacing), 1)
    exponents = np.ceil(np.log2(counts)).astype(int)
    for exponent in np.unique(exponents):
        n = 2 ** int(exponent)
        i, j = (k.ravel() for k in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
        i, j = i[i + j <= n], j[i + j <= n]
        weights = np.stack([i, j, n - i - j], axis=1) / n
        for block in np.array_split(
            triangles[exponents == exponent], max(1, len(weights) * int((exponents == exponent).sum()) // 2_000_000)
        ):
            yield np.einsum("wk,fkd->fwd", weights, block).reshape(-1, triangles.shape[2])


def distance_to(triangles: Float, point: Float) -> Float:
    """Distances [F] of a point to triangles [F, 3, 3]: to the plane where the point lies above the face, else to the nearest edge."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    normal = np.cross(b - a, c - a)
    unit = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-15)
    within = np.ones(len(triangles), dtype=bool)
    nearest = np.full(len(triangles), np.inf)
    for p, q in ((a, b), (b, c), (c, a)):
        edge = q - p
        within &= np.einsum("ij,ij->i", np.cross(edge, point - p), normal) >= 0
        t = np.einsum("ij,ij->i", point - p, edge) / np.maximum(np.einsum("ij,ij->i", edge, edge), 1e-15)
        nearest = np.minimum(nearest, np.linalg.norm(point - p - np.clip(t, 0, 1)[:, None] * edge, axis=1))
    return np.where(within, np.abs(np.einsum("ij,ij->i", point - a, unit)), nearest)


@dataclass(frozen=True, eq=False)
class FreeSpace:
    """The floor that is free, among `matter`, triangles float64 [F, 3, 3] in the world; `floor` are those that can be walked on.

    `eye` is the height of the camera in the world's z.
    """

    matter: Float
    floor: Float
    eye: float

    @cached_property
    def _corner(self) -> Float:
        return np.asarray(self.floor[..., :2].reshape(-1, 2).min(axis=0) - CELL_M)

    @cached_property
    def _extents(self) -> tuple[Float, Float]:
        return self.matter.min(axis=1), self.matter.max(axis=1)

    @cached_property
    def room(self) -> NDArray[np.float64]:
        """Distance in metres of each cell [X, Y] of the floor to what stands on it or to its border; 0 where there is no way."""
        span = self.floor[..., :2].reshape(-1, 2).max(axis=0) - self._corner
        size = tuple(int(n) for n in np.ceil(span / CELL_M) + 2)
        level = float(np.median(self.floor[..., 2]))
        low, high = self.matter[..., 2].min(axis=1), self.matter[..., 2].max(axis=1)
        near = (high > level + _STEP_OVER_M) & (low < self.eye + _HEAD_ROOM_M)
        walkable, blocked = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
        for points in _lattice(self.floor[..., :2], 0.7 * CELL_M):
            walkable[self._cells(points, size)] = True
        for points in _lattice(self.matter[near], 0.7 * CELL_M):
            between = (points[:, 2] > level + _STEP_OVER_M) & (points[:, 2] < self.eye + _HEAD_ROOM_M)
            blocked[self._cells(points[between, :2], size)] = True
        return np.asarray(distance_transform_edt(np.pad(walkable & ~blocked, 1))[1:-1, 1:-1] * CELL_M)

    def _cells(self, points: Float, size: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        index = np.floor((points - self._corner) / CELL_M).astype(np.int64)
        inside = ((index >= 0) & (index < size)).all(axis=1)
        return index[inside, 0], index[inside, 1]

    def clear(self, points: Float) -> bool:
        """Whether points [N, 2] all have the clearance on the grid."""
        index = np.floor((points - self._corner) / CELL_M).astype(np.int64)
        if (index < 0).any() or (index >= self.room.shape).any():
            return False
        return bool(self.room[index[:, 0], index[:, 1]].min() >= CLEARANCE_M + CELL_M)

    def distance(self, point: Float) -> float:
        """Distance of a point to the nearest matter, exact up to 1 m, metres."""
        low, high = self._extents
        close = ((low < point + 1) & (high > point - 1)).all(axis=1)
        return float(distance_to(self.matter[close], point).min(initial=1.0))

    def walk(self, rng: np.random.Generator, camera: Camera, boxes: Float, frames: int, speed: float, turn_rad: float) -> Float | None:
        """Camera poses [frames + 2, 4, 4] over free floor, `speed` metres a frame, of several tries the one that sees most; None without.

        `boxes` float64 [B, 2, 3], lowest and highest corners of the things to look at.
        """
        cells = np.argwhere(self.room >= CLEARANCE_M + CELL_M)
        if not len(cells):
            return None
        best: tuple[float, Float] | None = None
        for _ in range(_ATTEMPTS):
            start = self._corner + (cells[int(rng.integers(len(cells)))] + 0.5) * CELL_M
            points = self._points(rng, start, speed * (frames + 1))
            if points is None:
                continue
            eyes = self._eyes(rng, points, frames + 2, speed)
            poses = looking(eyes, _gaze(rng, eyes, boxes, turn_rad), sway(rng, frames + 2, amplitude=0.008, period_frames=20.0))
            score = min(_seen(camera, pose, boxes) for pose in (poses[1], poses[len(poses) // 2], poses[-2]))
            better = best is None or score > best[0]
            if better and self.clear(eyes[:, :2]) and min(self.distance(eye) for eye in eyes) >= CLEARANCE_M:
                best = (score, poses)
        return None if best is None else best[1]

    def _points(self, rng: np.random.Generator, start: Float, length: float) -> Float | None:
        """Way points [K, 2] over free floor, at least `length` metres in all."""
        points, heading, total = [start], float(rng.uniform(-np.pi, np.pi)), 0.0
        while total < length + 0.2:
            for _ in range(12):
                angle, stride = heading + float(rng.normal(0, 0.6)), float(rng.uniform(0.3, 0.7))
                step = points[-1] + stride * np.array([np.cos(angle), np.sin(angle)])
                if self.clear(np.linspace(points[-1], step, 8)):
                    break
                heading += float(rng.choice([-0.7, 0.7]))
            else:
                return None
            points.append(step)
            heading, total = angle, total + stride
        return np.array(points)

    def _eyes(self, rng: np.random.Generator, points: Float, count: int, speed: float) -> Float:
        pace = speed * (1 + 0.25 * np.tanh(sway(rng, count, amplitude=1.0, period_frames=20.0)))
        flat = along_curve(points, np.concatenate([[0.0], np.cumsum(pace[1:])]))
        return np.column_stack([flat, self.eye + sway(rng, count, amplitude=0.008, period_frames=9.0)])


def _gaze(rng: np.random.Generator, eyes: Float, boxes: Float, turn_rad: float) -> Float:
    """Directions [N, 3] from thing to thing, turning by about `turn_rad` a frame, a little downwards."""
    centres = boxes.mean(axis=1)
    keys: list[tuple[float, float]] = []
    sense = float(rng.choice([-1.0, 1.0]))
    for frame in range(0, len(eyes) + _GAZE_FRAMES, _GAZE_FRAMES):
        offset = centres - eyes[min(frame, len(eyes) - 1)]
        flat = np.linalg.norm(offset[:, :2], axis=1)
        yaw, pitch = np.arctan2(offset[:, 1], offset[:, 0]), np.clip(np.arctan2(offset[:, 2], flat), -0.42, 0.15)
        if not keys:
            far = np.flatnonzero(flat > min(1.2, float(flat.max(initial=0.0))))
            chosen = int(rng.choice(far)) if len(far) else -1
            keys.append((float(yaw[chosen]), float(pitch[chosen])) if chosen >= 0 else (float(rng.uniform(-np.pi, np.pi)), -0.15))
            continue
        keys.append((keys[-1][0] + sense * turn_rad * _GAZE_FRAMES * float(rng.uniform(0.6, 1.4)), float(rng.uniform(-0.3, 0.0))))
    angles = catmull_rom(np.array(keys), np.arange(len(eyes)) / _GAZE_FRAMES)
    level = np.cos(angles[:, 1])
    return np.stack([level * np.cos(angles[:, 0]), level * np.sin(angles[:, 0]), np.sin(angles[:, 1])], axis=1)


def _seen(camera: Camera, pose: Float, boxes: Float) -> float:
    """How many boxes a coarse grid of rays meets first, less when one fills the picture or stands close before the camera."""
    u, v = np.meshgrid((np.arange(8) + 0.5) * camera.width / 8, (np.arange(6) + 0.5) * camera.height / 6)
    rays = camera.rays(np.stack([u, v], axis=-1).reshape(-1, 2)) @ pose[:3, :3].T
    rays = np.where(np.abs(rays) < 1e-9, 1e-9, rays / np.linalg.norm(rays, axis=1, keepdims=True))
    with np.errstate(over="ignore"):
        first, second = ((boxes[None, :, k] - pose[:3, 3]) / rays[:, None] for k in (0, 1))
    enter, leave = np.minimum(first, second).max(axis=2), np.maximum(first, second).min(axis=2)
    distance = np.where((enter < leave) & (enter > 0), enter, np.inf)
    nearest = distance.min(axis=1, initial=np.inf)
    if not np.isfinite(nearest).any():
        return 0.0
    _, rays_of = np.unique(distance.argmin(axis=1)[np.isfinite(nearest)], return_counts=True)
    filled = 4.0 if rays_of.max() > 0.4 * len(rays) else 0.0  # one thing from close by tells nothing of the room
    return len(rays_of) - filled - 20.0 * float(np.mean(nearest < 0.7))
