# mypy: ignore-errors
"""Warp's settings for every kernel module of the package, and the few types and functions that kernels share.

Importing this module starts Warp quietly. Kernel modules call `wp.set_module_options(KERNEL_OPTIONS)`: no adjoint code, and
no fused multiply-add, so that the same input gives the same bits in every kernel and on every machine.
"""

from __future__ import annotations

import ctypes.util
import os
from typing import Any

import warp as wp


def _start() -> None:
    """Initialises Warp without its banner, and without the line that its native code prints where there is no CUDA driver."""
    if hasattr(wp, "LOG_WARNING"):
        wp.config.log_level = wp.LOG_WARNING
    else:  # earlier versions of Warp have one switch
        wp.config.quiet = True
    if ctypes.util.find_library("cuda"):
        wp.init()
        return
    stderr, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        wp.init()
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(sink)


_start()

KERNEL_OPTIONS: dict[str, Any] = {"enable_backward": False, "fuse_fp": False}
wp.set_module_options(KERNEL_OPTIONS)

mat34 = wp.types.matrix(shape=(3, 4), dtype=wp.float32)


@wp.struct
class Pinhole:
    """Intrinsics in pixels. `far` > 0 makes the projection orthographic (x, y scaled by fx, fy; nearness = far - z).

    A thread handles `run` neighbouring pixels of a row: a whole row on the CPU, where each thread costs, one pixel on a GPU.
    """

    width: wp.int32
    height: wp.int32
    fx: wp.float32
    fy: wp.float32
    cx: wp.float32
    cy: wp.float32
    per_fx: wp.float32
    per_fy: wp.float32
    near: wp.float32
    far: wp.float32
    run: wp.int32


@wp.func
def apply(m: mat34, p: wp.vec3):  # type: ignore[valid-type]
    """Rigid transform of a point."""
    return wp.vec3(
        m[0, 0] * p[0] + m[0, 1] * p[1] + m[0, 2] * p[2] + m[0, 3],
        m[1, 0] * p[0] + m[1, 1] * p[1] + m[1, 2] * p[2] + m[1, 3],
        m[2, 0] * p[0] + m[2, 1] * p[1] + m[2, 2] * p[2] + m[2, 3],
    )


@wp.func
def rotate(m: mat34, p: wp.vec3):  # type: ignore[valid-type]
    """Rigid transform of a direction."""
    return wp.vec3(
        m[0, 0] * p[0] + m[0, 1] * p[1] + m[0, 2] * p[2],
        m[1, 0] * p[0] + m[1, 1] * p[1] + m[1, 2] * p[2],
        m[2, 0] * p[0] + m[2, 1] * p[1] + m[2, 2] * p[2],
    )


@wp.func
def pixel_ray(camera: Pinhole, u: float, v: float):
    """Point with z = 1 on the ray through the image position (u, v)."""
    return wp.vec3((u - camera.cx) * camera.per_fx, (v - camera.cy) * camera.per_fy, 1.0)
