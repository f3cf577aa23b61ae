# mypy: ignore-errors
"""Tone curve and encoding of radiance."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS

wp.set_module_options(KERNEL_OPTIONS)


@wp.func
def record(exposed: float, table: wp.array(dtype=wp.uint8), knee: float):
    shown = wp.max(exposed, 0.0)
    if shown > knee:
        shown = 1.0 - (1.0 - knee) * wp.exp(-(shown - knee) / (1.0 - knee))
    return table[int(shown * float(table.shape[0] - 1) + 0.5)]


@wp.kernel
def develop(
    radiance: wp.array2d(dtype=wp.vec3),
    exposure: float,
    knee: float,
    table: wp.array(dtype=wp.uint8),
    run: int,
    rgb: wp.array3d(dtype=wp.uint8),
):
    """rgb: uint8 [H, W, 3], sRGB, of the tone curve of exposure * radiance, for a run of pixels."""
    row, part = wp.tid()
    for column in range(part * run, wp.min(part * run + run, radiance.shape[1])):
        light = radiance[row, column] * exposure
        rgb[row, column, 0] = record(light[0], table, knee)
        rgb[row, column, 1] = record(light[1], table, knee)
        rgb[row, column, 2] = record(light[2], table, knee)
