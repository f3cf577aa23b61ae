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
    view = now[b]
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        pixel = b * views.pixels + row * eye.width + column
        t = views.triangle[view * views.pixels + row * eye.width + column]
        depth = float(wp.inf)
        distance = float(wp.inf)
        normal = wp.vec3(0.0, 0.0, 0.0)
        instance = int(-1)
        if t >= 0:
            plane = views.planes[view * views.faces + t]
            ray = pixel_ray(eye, row, column)
            reach = 1.0 / wp.dot(plane, ray)
            depth = reach * ray[2]
            if out.distance.shape[0] > 0:
                distance = reach * wp.length(ray)
            if out.normal.shape[0] > 0:
                normal = plane * (-1.0 / wp.length(plane))
            instance = triangle_instance[t]
        if out.depth.shape[0] > 0:
            out.depth[pixel] = depth
        if out.distance.shape[0] > 0:
            out.distance[pixel] = distance
        if out.normal.shape[0] > 0:
            out.normal[pixel] = normal
        if out.instance.shape[0] > 0:
            out.instance[pixel] = wp.uint16(instance + 1)
        if out.semantic.shape[0] > 0:
            category = wp.uint8(0)
            if t >= 0:
                category = semantics[instance]
            out.semantic[pixel] = category
        if out.valid.shape[0] > 0:
            out.valid[pixel] = t >= 0


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
