"""Smooth motion: curves through points, hand-held sway, cameras that look along. One pose for each time -1, 0, ..., T."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.geometry import look_at

Float = NDArray[np.float64]
Nearest = Callable[[int, Float], tuple[float, Float]]
_PERSISTENCE_FRAMES = 12  # after which a drifting body has forgotten its velocity


def catmull_rom(points: ArrayLike, position: ArrayLike) -> Float:
    """Points [N, D] of the uniform Catmull-Rom curve through `points` [K, D] at positions [N] in [0, K-1]: whole numbers hit the points.

    At both ends the curve continues as if the next point were the mirror image of the last but one.
    """
    points, position = np.asarray(points, dtype=np.float64), np.asarray(position, dtype=np.float64)
    if len(points) == 1:
        return np.repeat(points, len(position), axis=0)
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    segment = np.clip(position.astype(int), 0, len(points) - 2)
    t = (position - segment)[:, None]
    a, b, c, d = (padded[segment + k] for k in range(4))
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * (b - c) + d - a) * t**3)


def along_curve(points: ArrayLike, distances: ArrayLike) -> Float:
    """Points [N, D] of the Catmull-Rom curve through `points` at arc lengths `distances` [N], metres, held at its ends."""
    points = np.asarray(points, dtype=np.float64)
    fine = np.linspace(0, len(points) - 1, 24 * len(points))
    curve = catmull_rom(points, fine)
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    return catmull_rom(points, np.interp(np.asarray(distances, dtype=np.float64), arc, fine))


def sway(rng: np.random.Generator, count: int, *, amplitude: float, period_frames: float) -> Float:
    """Low-frequency noise [count] with standard deviation `amplitude`: three sines with periods around `period_frames`."""
    times = np.arange(count)[:, None]
    periods = period_frames * rng.uniform(0.6, 2.0, 3)
    phases, weights = rng.uniform(0, 2 * np.pi, 3), rng.uniform(0.5, 1.0, 3)
    waves = np.sin(2 * np.pi * times / periods + phases) @ weights
    return np.asarray(amplitude * waves / np.sqrt(0.5 * np.sum(weights**2)))


def looking(eyes: ArrayLike, directions: ArrayLike, rolls: ArrayLike) -> Float:
    """Camera poses [N, 4, 4] at `eyes` [N, 3] with the z axis along `directions` [N, 3], turned by `rolls` [N] radians."""
    eyes, directions = np.asarray(eyes, dtype=np.float64), np.asarray(directions, dtype=np.float64)
    return np.stack([look_at(eye, eye + d, float(roll)) for eye, d, roll in zip(eyes, directions, np.asarray(rolls), strict=True)])


def turned(axis: ArrayLike, angle_rad: float) -> Float:
    """Rotation matrix [3, 3] by an angle about a unit axis (Rodrigues)."""
    x, y, z = np.asarray(axis, dtype=np.float64)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle_rad) * cross + (1 - np.cos(angle_rad)) * (cross @ cross)


def drifting(
    rng: np.random.Generator, count: int, start: ArrayLike, *, speed: float, nearest: Nearest, clearance: float, vertical: float = 0.35
) -> Float:
    """Positions [count, 3] of a body that random forces push about against drag, `speed` metres a frame on average and at most twice that.

    `nearest(k, point)` gives the distance from a point to what must be kept `clearance` metres away at the k-th time, and the unit
    direction away from it [3]: there the body bounces. Upward speeds are `vertical` times the level ones. With two such bodies, one for the
    eye and one that it looks at, SceneNet RGB-D (McCormac et al. 2017) imitates a hand-held camera.
    """
    keep = float(np.exp(-1 / _PERSISTENCE_FRAMES))
    scale = speed / np.sqrt(np.pi / 2) * np.array([1.0, 1.0, vertical])  # the mean length of a level normal vector is sqrt(pi / 2)
    positions, velocity = [np.asarray(start, dtype=np.float64)], scale * rng.normal(size=3)
    for k in range(1, count):
        velocity = keep * velocity + np.sqrt(1 - keep**2) * scale * rng.normal(size=3)
        velocity *= min(1.0, 2 * speed / max(float(np.linalg.norm(velocity)), 1e-12))
        distance, away = nearest(k, positions[-1] + velocity)
        if distance < clearance:
            velocity = velocity - 1.5 * min(0.0, float(velocity @ away)) * away
            distance, away = nearest(k, positions[-1] + velocity)
        positions.append(positions[-1] + velocity + max(0.0, min(clearance - distance, speed)) * away)
    return np.stack(positions)
