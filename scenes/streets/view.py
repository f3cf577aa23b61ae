"""What the camera can see on its way, shadows included, so that nothing else need be built."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin, tan

import numpy as np
from numpy.typing import ArrayLike

from scenes.streets.curve import Float

_SPARE_RAD = radians(3.0)  # beyond the picture's edge: the car sways and stereo's other eye stands aside
_LONGEST_SHADOW = 4.0  # in heights of what casts it: longer ones are too faint and far to be missed


def shadow_of(elevation_deg: float, azimuth_deg: float) -> Float:
    """Where the shadow of a point one metre above the ground falls [2], metres; the sun's azimuth runs from +x towards +y."""
    length = min(_LONGEST_SHADOW, 1.0 / tan(radians(max(elevation_deg, 1.0))))
    azimuth = radians(azimuth_deg)
    return -length * np.array([cos(azimuth), sin(azimuth)])


@dataclass(frozen=True, eq=False)
class View:
    """The camera's poses [T, 4, 4], half its angle of view from left to right (radians, pi: all round), and `shadow_of` the sun [2]."""

    poses: Float
    half_angle: float
    shadow: Float

    @property
    def eyes(self) -> Float:
        """Where the camera is [T, 2]."""
        return np.asarray(self.poses[:, :2, 3])

    def distance(self, places: ArrayLike) -> float:
        """How near the camera comes to a place [2], or to what moves over places [T, 2], metres."""
        return float(np.linalg.norm(self.eyes - np.asarray(places), axis=1).min())

    def depth(self, place: ArrayLike) -> float:
        """How far ahead of the camera a place [2] lies when it is seen first, metres; negative behind it."""
        return float((np.asarray(place) - self.eyes[0]) @ self.poses[0, :2, 2])

    def shows(self, places: ArrayLike, radius: float, height: float) -> bool:
        """Whether any frame may show what has this radius and height at a place [2] (or over places [T, 2]), or its shadow."""
        if self.half_angle >= np.pi:
            return True
        reach = height * self.shadow
        steps = np.linspace(0.0, 1.0, 1 + int(np.ceil(np.linalg.norm(reach) / max(radius, 0.5))))
        along = np.asarray(places) - self.eyes
        points = along[:, None] + steps[:, None] * reach  # [T, steps, 2]
        ahead = np.einsum("tsk,tk->ts", points, self.poses[:, :2, 2])
        aside = np.abs(np.einsum("tsk,tk->ts", points, self.poses[:, :2, 0]))
        angle = self.half_angle + _SPARE_RAD
        outside = np.maximum(aside * cos(angle) - ahead * sin(angle), -ahead)
        return bool((outside <= radius + 0.3).any())
