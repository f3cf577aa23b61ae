# mypy: ignore-errors
# ruff: noqa: UP018
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


PINHOLE, BROWN_CONRADY, FISHEYE, EQUIRECTANGULAR = wp.constant(0), wp.constant(1), wp.constant(2), wp.constant(3)


@wp.struct
class Eye:
    """A `scenes.camera.Camera` as kernels read it, intrinsics in pixels.

    `far` > 0 makes the projection orthographic (x, y scaled by fx, fy; nearness = far - z). `rays` [H, W] holds the direction of each
    pixel where the model is not a pinhole (NaN: none). A thread handles `run` neighbouring pixels of a row: a whole row on the CPU, where
    each thread costs, one pixel on a GPU.
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
    model: wp.int32
    k1: wp.float32
    k2: wp.float32
    k3: wp.float32
    k4: wp.float32
    k5: wp.float32
    limit: wp.float32
    rays: wp.array2d(dtype=wp.vec3)


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
def pixel_ray(eye: Eye, row: int, column: int):
    """Direction through the centre of a pixel; z = 1 for a pinhole."""
    # Vectors that are chosen by a branch go through memory, which stalls; numbers do not.
    x = (float(column) + 0.5 - eye.cx) * eye.per_fx
    y = (float(row) + 0.5 - eye.cy) * eye.per_fy
    z = float(1.0)
    if eye.model != PINHOLE:
        ray = eye.rays[row, column]
        x = ray[0]
        y = ray[1]
        z = ray[2]
    return wp.vec3(x, y, z)


@wp.func
def image_point(eye: Eye, p: wp.vec3):
    """(u, v, 1) of a point in the eye's frame, or (0, 0, 0) where the camera has no image of it. Formulas: `scenes.camera`."""
    if eye.model == EQUIRECTANGULAR:
        across = wp.sqrt(p[0] * p[0] + p[2] * p[2])
        return wp.vec3(eye.fx * wp.atan2(p[0], p[2]) + eye.cx, eye.fy * wp.atan2(p[1], across) + eye.cy, 1.0)
    if eye.model == FISHEYE:
        radius = wp.sqrt(p[0] * p[0] + p[1] * p[1])
        theta = wp.atan2(radius, p[2])
        if theta > eye.limit:
            return wp.vec3(0.0, 0.0, 0.0)
        t2 = theta * theta
        bent = theta * (1.0 + t2 * (eye.k1 + t2 * (eye.k2 + t2 * (eye.k3 + t2 * eye.k4))))
        scale = bent / wp.max(radius, 1.0e-20)
        return wp.vec3(eye.fx * p[0] * scale + eye.cx, eye.fy * p[1] * scale + eye.cy, 1.0)
    if p[2] <= 0.0:
        return wp.vec3(0.0, 0.0, 0.0)
    x = p[0] / p[2]
    y = p[1] / p[2]
    if eye.model == BROWN_CONRADY:
        r2 = x * x + y * y
        if r2 > eye.limit * eye.limit:
            return wp.vec3(0.0, 0.0, 0.0)
        radial = 1.0 + r2 * (eye.k1 + r2 * (eye.k2 + r2 * eye.k5))
        bent_x = x * radial + 2.0 * eye.k3 * x * y + eye.k4 * (r2 + 2.0 * x * x)
        y = y * radial + eye.k3 * (r2 + 2.0 * y * y) + 2.0 * eye.k4 * x * y
        x = bent_x
    return wp.vec3(eye.fx * x + eye.cx, eye.fy * y + eye.cy, 1.0)
