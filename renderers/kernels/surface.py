# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""Labels of the surface under a pixel at one time."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, pixel_ray
from renderers.kernels.motion import Views

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class Surface:
    """Outputs [B * H * W]; an empty array is skipped."""

    depth: wp.array(dtype=wp.float32)
    distance: wp.array(dtype=wp.float32)
    normal: wp.array(dtype=wp.vec3)
    instance: wp.array(dtype=wp.uint16)
    semantic: wp.array(dtype=wp.uint8)
    valid: wp.array(dtype=wp.bool)


@wp.kernel
def write_surface(
    eye: Eye,
    first_row: int,
    now: wp.array(dtype=wp.int32),
    views: Views,
    triangle_instance: wp.array(dtype=wp.int32),
    semantics: wp.array(dtype=wp.uint8),
    out: Surface,
):
    """Of batch entry b, which is view now[b]: what can be said from the plane and the owner of the visible triangle."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    first = now[b] * views.pixels + row * eye.width
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        pixel = b * views.pixels + row * eye.width + column
        t = views.triangle[first + column]
        seen = t >= 0
        known = wp.max(t, 0)
        plane = views.planes[now[b] * views.faces + known]
        instance = triangle_instance[known]
        ray = pixel_ray(eye, row, column)
        reach = 1.0 / wp.dot(plane, ray)
        if out.depth.shape[0] > 0:
            out.depth[pixel] = wp.where(seen, reach * ray[2], float(wp.inf))
        if out.distance.shape[0] > 0:
            out.distance[pixel] = wp.where(seen, reach * wp.length(ray), float(wp.inf))
        if out.normal.shape[0] > 0:
            scale = -1.0 / wp.length(plane)
            x = wp.where(seen, plane[0] * scale, 0.0)
            y = wp.where(seen, plane[1] * scale, 0.0)
            out.normal[pixel] = wp.vec3(x, y, wp.where(seen, plane[2] * scale, 0.0))
        if out.instance.shape[0] > 0:
            out.instance[pixel] = wp.uint16(wp.where(seen, instance + 1, 0))
        if out.semantic.shape[0] > 0:
            out.semantic[pixel] = wp.where(seen, semantics[instance], wp.uint8(0))
        if out.valid.shape[0] > 0:
            out.valid[pixel] = seen


@wp.func
def differs(t: int, owner: int, other: int, triangle_instance: wp.array(dtype=wp.int32)):
    """Whether triangle `other` belongs to another instance than `owner`, that of triangle t (-1: none)."""
    if other == t:
        return False
    if other < 0:
        return owner >= 0
    return triangle_instance[other] != owner


@wp.kernel
def write_contour(
    eye: Eye,
    first_row: int,
    now: wp.array(dtype=wp.int32),
    views: Views,
    triangle_instance: wp.array(dtype=wp.int32),
    contour: wp.array(dtype=wp.bool),
):
    """Whether a 4-neighbour inside the image shows another instance (none counts as one)."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    first = now[b] * views.pixels
    own = first + row * eye.width
    above = first + wp.max(row - 1, 0) * eye.width
    below = first + wp.min(row + 1, eye.height - 1) * eye.width
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        t = views.triangle[own + column]
        owner = int(-1)
        if t >= 0:
            owner = triangle_instance[t]
        edge = differs(t, owner, views.triangle[above + column], triangle_instance)
        edge = edge or differs(t, owner, views.triangle[below + column], triangle_instance)
        edge = edge or differs(t, owner, views.triangle[own + wp.max(column - 1, 0)], triangle_instance)
        edge = edge or differs(t, owner, views.triangle[own + wp.min(column + 1, eye.width - 1)], triangle_instance)
        contour[b * views.pixels + row * eye.width + column] = edge
