"""Things that move in a room: balls that roll or bounce across the free floor."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.furnishing.layout import Box, Layout
from scenes.furnishing.walk import CLEARANCE_M
from scenes.scene import Shape, Trajectory
from scenes.trajectories import rolling

_ATTEMPTS = 80


def _swept(start: tuple[float, float], step: tuple[float, float], count: int, radius: float, top: float) -> Box:
    """The volume a ball sweeps on a straight way."""
    length = float(np.hypot(*step)) * (count - 1)
    middle = (start[0] + step[0] * (count - 1) / 2, start[1] + step[1] * (count - 1) / 2)
    return Box(*middle, length / 2 + radius, radius, float(np.arctan2(step[1], step[0])), 0.0, top)


def _in_view(camera: Camera, pose: NDArray[np.float64], point: NDArray[np.float64]) -> bool:
    local = pose[:3, :3].T @ (point - pose[:3, 3])
    u, v = camera.project(local)
    return bool(local[2] > 0.5 and 0 < u < camera.width and 0 < v < camera.height)


def rolling_ball(
    layout: Layout, camera: Camera, cameras: NDArray[np.float64], rng: np.random.Generator, taken: list[Box]
) -> tuple[Shape, Trajectory, Box] | None:
    """A ball on a way that touches nothing, keeps away from the camera and, if possible, crosses the view in the clip's middle.

    `cameras` float64 [T + 2, 4, 4]; `taken` are the volumes that other moving things sweep. None when no way was found.
    """
    count = len(cameras)
    radius = round(float(rng.uniform(0.07, 0.14)), 3)
    bounce = float(rng.uniform(0.15, 0.5)) if rng.uniform() < 0.4 else 0.0
    middle = cameras[count // 2]
    for attempt in range(_ATTEMPTS):
        x, y = rng.uniform(-0.5, 0.5, 2) * (layout.length, layout.breadth)
        if attempt < _ATTEMPTS * 3 // 4 and not _in_view(camera, middle, np.array([x, y, radius])):
            continue
        angle, speed = float(rng.uniform(-pi, pi)), float(rng.uniform(0.03, 0.09))
        step = (speed * cos(angle), speed * sin(angle))
        start = (float(x) - step[0] * (count // 2), float(y) - step[1] * (count // 2))
        way = _swept(start, step, count, radius + 0.02, 2 * radius + bounce)
        if not layout.free(way, enter=None) or any(way.overlaps(other) for other in taken):
            continue
        if min(way.distance(*(float(k) for k in pose[:3, 3])) for pose in cameras) < CLEARANCE_M:
            continue
        poses = rolling(start, step, count, radius=radius, bounce=bounce, period_frames=float(rng.uniform(8, 14)))
        return Shape.of("ball", width=round(2 * radius, 3)), Trajectory(poses), way
    return None
