# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""Labels of the surface under a pixel at one time."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, pixel_ray

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class Surface:
    """Outputs [B, H, W]; an empty array is skipped."""

    depth: wp.array3d(dtype=wp.float32)
    distance: wp.array3d(dtype=wp.float32)
    normal: wp.array3d(dtype=wp.vec3)
    instance: wp.array3d(dtype=wp.uint16)
    semantic: wp.array3d(dtype=wp.uint8)
    valid: wp.array3d(dtype=wp.bool)


@wp.kernel
def write_surface(
    eye: Eye,
    first_row: int,
    now: wp.array(dtype=wp.int32),
    triangle: wp.array3d(dtype=wp.int32),
    planes: wp.array2d(dtype=wp.vec3),
    triangle_instance: wp.array(dtype=wp.int32),
    semantics: wp.array(dtype=wp.uint8),
    out: Surface,
):
    """Of batch entry b, which is view now[b]: what can be said from the plane and the owner of the visible triangle."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    view = now[b]
    last = int(-1)
    plane = wp.vec3(0.0, 0.0, 0.0)
    normal = wp.vec3(0.0, 0.0, 0.0)
    instance = int(-1)
    category = wp.uint8(0)
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        t = triangle[view, row, column]
        if t != last:
            last = t
            plane = wp.vec3(0.0, 0.0, 0.0)
            normal = plane
            instance = int(-1)
            category = wp.uint8(0)
            if t >= 0:
                plane = planes[view, t]
                normal = plane * (-1.0 / wp.length(plane))
                instance = triangle_instance[t]
                category = semantics[instance]
        if out.depth.shape[0] > 0 or out.distance.shape[0] > 0:
            ray = pixel_ray(eye, row, column)
            reach = float(wp.inf)
            depth = reach
            if t >= 0:
                reach = 1.0 / wp.dot(plane, ray)
                depth = reach * ray[2]
            if out.depth.shape[0] > 0:
                out.depth[b, row, column] = depth
            if out.distance.shape[0] > 0:
                out.distance[b, row, column] = reach * wp.length(ray)
        if out.normal.shape[0] > 0:
            out.normal[b, row, column] = normal
        if out.instance.shape[0] > 0:
            out.instance[b, row, column] = wp.uint16(instance + 1)
        if out.semantic.shape[0] > 0:
            out.semantic[b, row, column] = category
        if out.valid.shape[0] > 0:
            out.valid[b, row, column] = t >= 0


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
    triangle: wp.array3d(dtype=wp.int32),
    triangle_instance: wp.array(dtype=wp.int32),
    contour: wp.array3d(dtype=wp.bool),
):
    """Whether a 4-neighbour inside the image shows another instance (none counts as one)."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    view = now[b]
    above = wp.max(row - 1, 0)
    below = wp.min(row + 1, eye.height - 1)
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        t = triangle[view, row, column]
        owner = int(-1)
        if t >= 0:
            owner = triangle_instance[t]
        edge = differs(t, owner, triangle[view, above, column], triangle_instance)
        edge = edge or differs(t, owner, triangle[view, below, column], triangle_instance)
        edge = edge or differs(t, owner, triangle[view, row, wp.max(column - 1, 0)], triangle_instance)
        edge = edge or differs(t, owner, triangle[view, row, wp.min(column + 1, eye.width - 1)], triangle_instance)
        contour[b, row, column] = edge
