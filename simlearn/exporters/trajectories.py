"""Camera poses and intrinsics as lines of text, in the axes and pixel coordinates of others."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from scenes import geometry
from simlearn.exporters.motion import indexed_intrinsics

# Rows are the axes of the other frame in ours. World: x east, y north, z up -> x north, y east, z down (NED). Camera: x right, y down,
# z forward -> x forward, y right, z down, as a vehicle's NED frame. Both are rotations.
NED_WORLD = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
NED_CAMERA = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def in_axes(pose: NDArray[np.float64], world: NDArray[np.float64], camera: NDArray[np.float64]) -> NDArray[np.float64]:
    """A camera-to-world pose [4, 4] between other axes, whose rows in ours are `world` and `camera`, rotations [3, 3]."""
    return geometry.compose(world @ pose[:3, :3] @ camera.T, world @ pose[:3, 3])


def numbers(values: Iterable[float]) -> str:
    """Numbers separated by blanks, with 9 decimals."""
    return " ".join(f"{value:.9f}" for value in values)


def pose_line(pose: NDArray[np.float64]) -> str:
    """`tx ty tz qx qy qz qw` of a pose [4, 4]: metres and a unit quaternion, scalar last."""
    w, x, y, z = geometry.quaternion_from_rotation(pose[:3, :3])
    return numbers((*pose[:3, 3], x, y, z, w))


def calibration_line(K: NDArray[np.float64]) -> str:
    """`fx fy cx cy` of intrinsics [3, 3], for programs that take pixel indices as coordinates."""
    matrix = indexed_intrinsics(K)
    return numbers((matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]))
