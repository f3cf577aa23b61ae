"""What one eye sees at one moment: the visibility buffer and the geometry as that eye has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.kernels import Pinhole
from scenes.camera import Camera

NEAR_M = 0.01


@dataclass(frozen=True)
class View:
    """Every label is a function of views.

    triangle: int32 [H, W], the triangle under each pixel's centre ray, -1 for none.
    points: vec3 [V], vertices in the eye's frame; defined for the vertices of instances that can be seen.
    planes: vec3 [F], q such that nearness = q . (x, y, 1) on the image plane z = 1, where nearness is 1 / z (perspective) or far - z
        (orthographic); defined for the triangles in `triangle`.
    eye_from_object: float64 [I, 4, 4].
    """

    pinhole: Any
    eye_from_object: NDArray[np.float64]
    triangle: wp.array
    points: wp.array
    planes: wp.array


def pinhole_of(camera: Camera) -> Any:
    """The kernel's intrinsics of a scene camera."""
    pinhole = Pinhole()
    for name in ("width", "height", "fx", "fy", "cx", "cy"):
        setattr(pinhole, name, getattr(camera, name))
    pinhole.near = NEAR_M
    pinhole.far = 0.0
    return pinhole
