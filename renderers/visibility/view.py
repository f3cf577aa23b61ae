"""What one eye sees at one moment: the visibility buffer and the geometry as that eye has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import warp as wp

from renderers.device import is_cpu
from renderers.kernels.common import Pinhole
from scenes.camera import Camera

NEAR_M = 0.01


@dataclass(frozen=True)
class View:
    """Every label is a function of views.

    triangle: int32 [H, W], the triangle under each pixel's centre ray, -1 for none.
    points: vec3 [V], vertices in the eye's frame; defined for the vertices of instances that can be seen.
    planes: vec3 [F], q such that nearness = q . (x, y, 1) on the image plane z = 1, where nearness is 1 / z (perspective) or far - z
        (orthographic); defined for the triangles in `triangle`.
    """

    pinhole: Any
    triangle: wp.array
    points: wp.array
    planes: wp.array


def pinhole_of(camera: Camera, device: str, far: float = 0.0) -> Any:
    """The kernel's intrinsics of a scene camera."""
    pinhole: Any = Pinhole()
    for name in ("width", "height", "fx", "fy", "cx", "cy"):
        setattr(pinhole, name, getattr(camera, name))
    pinhole.per_fx, pinhole.per_fy = 1.0 / camera.fx, 1.0 / camera.fy
    pinhole.near, pinhole.far = NEAR_M, far
    pinhole.run = camera.width if is_cpu(device) else 1
    return pinhole


def launch_size(pinhole: Any) -> tuple[int, int]:
    """Launch dimensions of a kernel whose threads (row, k) handle the pixels k * run ... of a row."""
    return pinhole.height, -(-pinhole.width // pinhole.run)
