# mypy: ignore-errors
# ruff: noqa: F401
"""Labels of the surface under a pixel at one time."""

from typing import Any

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, PINHOLE, Eye
from renderers.kernels.lane_arrays import pixel_from, pixels_from, rays_through, take
from renderers.kernels.lane_outputs import store
from renderers.kernels.lanes import LANES, add, below, bit_and, bit_or, div, dot, length, maximum, minimum, mul, part, sub, unequal, where
from renderers.kernels.motion import Views

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class Surface:
    """Outputs [B * H * W]; an empty array is skipped. semantics [I + 1]: the class of none, then of each instance."""

    depth: wp.array(dtype=wp.float32)
    distance: wp.array(dtype=wp.float32)
    normal: wp.array(dtype=wp.vec3)
    instance: wp.array(dtype=wp.uint16)
    semantic: wp.array(dtype=wp.uint8)
    contour: wp.array(dtype=wp.bool)
    valid: wp.array(dtype=wp.bool)


@wp.func
def owner_of(t: Any, triangle_instance: wp.array(dtype=wp.int32)):
    """The instance of a triangle, -1 of none."""
    return where(below(t, 0), -1, take(triangle_instance, maximum(t, 0)))


@wp.func
def differs(t: Any, owner: Any, other: Any, triangle_instance: wp.array(dtype=wp.int32)):
    """Not 0 where triangle `other` belongs to another instance than `owner`, that of triangle t (-1: none)."""
    return unequal(t, other) & unequal(owner, owner_of(other, triangle_instance))


@wp.func
def class_of(eye: Eye, row: int, column: Any, owner: Any, semantics: wp.array(dtype=wp.int32)):
    """The class of an instance (-1: none); 0 of a pixel that a lens exposes to nothing."""
    found = take(semantics, owner + 1)
    if eye.model != PINHOLE:
        ray = rays_through(eye, row, column)
        found = where(below(0.0, dot(ray, ray)), found, 0)
    return found


@wp.func
def is_contour(eye: Eye, first: int, row: int, column: Any, t: Any, owner: Any, views: Views, triangle_instance: wp.array(dtype=wp.int32)):
    """Not 0 where a 4-neighbour inside the image shows another instance (none counts as one)."""
    own = first + row * eye.width
    above = take(views.triangle, column + (first + wp.max(row - 1, 0) * eye.width))
    below_ = take(views.triangle, column + (first + wp.min(row + 1, eye.height - 1) * eye.width))
    left = take(views.triangle, maximum(column - 1, 0) + own)
    right = take(views.triangle, minimum(column + 1, eye.width - 1) + own)
    edge = differs(t, owner, above, triangle_instance) | differs(t, owner, below_, triangle_instance)
    return edge | differs(t, owner, left, triangle_instance) | differs(t, owner, right, triangle_instance)


def _labeller(columns_from, step):
    """The kernel for `step` neighbouring pixels at a time."""

    @wp.kernel(module="unique", module_options=KERNEL_OPTIONS)
    def write_surface(
        eye: Eye,
        first_row: int,
        now: wp.array(dtype=wp.int32),
        views: Views,
        triangle_instance: wp.array(dtype=wp.int32),
        semantics: wp.array(dtype=wp.int32),
        out: Surface,
    ):
        """Of batch entry b, which is view now[b]: what can be said from the plane and the owner of the visible triangle."""
        b, band_row, part_of_row = wp.tid()
        row = first_row + band_row
        first = now[b] * views.pixels
        planes = now[b] * views.faces
        line = b * views.pixels + row * eye.width
        stop = wp.min(part_of_row * eye.run + eye.run, eye.width)
        for start in range(part_of_row * eye.run, stop, step):
            column = minimum(columns_from(start), stop - 1)
            t = take(views.triangle, column + (first + row * eye.width))
            known = maximum(t, 0)
            owner = owner_of(t, triangle_instance)
            pixel = line + start
            end = line + stop
            if out.depth.shape[0] > 0 or out.distance.shape[0] > 0 or out.normal.shape[0] > 0:
                plane = take(views.planes, known + planes)
                ray = rays_through(eye, row, column)
                reach = 1.0 / dot(plane, ray)
                if out.depth.shape[0] > 0:
                    store(out.depth, pixel, end, where(below(t, 0), float(wp.inf), reach * part(ray, 2)))
                if out.distance.shape[0] > 0:
                    store(out.distance, pixel, end, where(below(t, 0), float(wp.inf), reach * length(ray)))
                if out.normal.shape[0] > 0:
                    store(out.normal, pixel, end, where(below(t, 0), wp.vec3(0.0, 0.0, 0.0), plane * (-1.0 / length(plane))))
            if out.instance.shape[0] > 0:
                store(out.instance, pixel, end, owner + 1)
            if out.semantic.shape[0] > 0:
                store(out.semantic, pixel, end, class_of(eye, row, column, owner, semantics))
            if out.contour.shape[0] > 0:
                store(out.contour, pixel, end, is_contour(eye, first, row, column, t, owner, views, triangle_instance))
            if out.valid.shape[0] > 0:
                store(out.valid, pixel, end, below(-1, t))

    return write_surface


write_surface_lanes = _labeller(pixels_from, LANES)
write_surface_pixels = _labeller(pixel_from, 1)
