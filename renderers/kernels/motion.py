# mypy: ignore-errors
# ruff: noqa: ARG001, F401, F811, RUF046, SIM102, UP018
"""Where the surface under a pixel lies for another eye: at another time, or for the second eye of a stereo pair."""

from typing import Any

import warp as wp

from renderers.kernels.common import EQUIRECTANGULAR, KERNEL_OPTIONS, PINHOLE, Eye, image_point, mat34, pixel_ray, rotate
from renderers.kernels.lane_arrays import pixel_from, pixels_from, rays_through, take, turned_by
from renderers.kernels.lane_outputs import store, store_pair
from renderers.kernels.lanes import (
    LANES,
    LaneInts,
    Lanes,
    Lanes3,
    add,
    anywhere,
    below,
    bit_and,
    bit_or,
    div,
    dot,
    floored,
    gathered,
    largest,
    length,
    maximum,
    minimum,
    mul,
    part,
    real,
    sub,
    triple,
    unequal,
    where,
    whole,
)
from renderers.kernels.occlusion import SAME_DEPTH, Geometry, Views, hides

wp.set_module_options(KERNEL_OPTIONS)

# Two faces of one connected surface whose planes meet within this many pixels are neighbours; neither hides the other there.
SEAM_PX = wp.constant(2.0)


@wp.struct
class Sight:
    """The same views with their dimensions, [S, H, W], [S, V] and [S, F], for kernels that stay within one view."""

    triangle: wp.array3d(dtype=wp.int32)
    points: wp.array2d(dtype=wp.vec3)
    planes: wp.array2d(dtype=wp.vec3)


@wp.struct
class Motion:
    """Another eye: which view is its, what moves how until then, and outputs [B * pixels] (an empty array is skipped).

    displacement [B * instances]: (eye'_from_eye - identity) of what moves with each instance, so that small motions keep their relative
    precision and what rests has a flow of exactly zero. disparity is meant for an eye that is shifted along x alone.
    from_behind [B * instances]: 1 where surfaces of an instance may be seen from behind (needed for occlusion only).
    """

    wanted: wp.bool
    instances: wp.int32
    then: wp.array(dtype=wp.int32)
    displacement: wp.array(dtype=mat34)
    from_behind: wp.array(dtype=wp.int32)
    flow: wp.array(dtype=wp.vec2)
    disparity: wp.array(dtype=wp.float32)
    occluded: wp.array(dtype=wp.bool)
    out_of_frame: wp.array(dtype=wp.bool)


@wp.struct
class Target:
    """A surface point as another eye has it: `ray` leads to it, of `nearness` along that ray; `plane` is its triangle's there.

    own, part: its triangle and connected surface. facing: not 0 where both eyes see the outer side of the triangle.
    """

    own: wp.int32
    part: wp.int32
    ray: wp.vec3
    nearness: wp.float32
    plane: wp.vec3
    facing: wp.int32


@wp.struct
class Targets:
    """The same for lanes of points."""

    own: LaneInts
    part: LaneInts
    ray: Lanes3
    nearness: Lanes
    plane: Lanes3
    facing: LaneInts


@wp.func
def target_of(triangle: int):
    return Target()


@wp.func
def target_of(triangle: LaneInts):
    return Targets()


@wp.func
def shift_of(values: wp.array(dtype=mat34), index: int):
    """Translation of a rigid transform."""
    m = values[index]
    return wp.vec3(m[0, 3], m[1, 3], m[2, 3])


@wp.func_native(gathered("values.data[index.c[k]].data[i][3]", "V"))
def shift_of(values: wp.array(dtype=mat34), index: LaneInts) -> Lanes3: ...


@wp.func
def unsettled(t: Any, at: Any, reach: Any, planes: int, views: Views, geometry: Geometry):
    """Not 0 where the surface of seen triangle t might hide a point: where t is neither the point's own nor its neighbour.

    Neighbours on one surface, whose planes meet within `reach` (a share of the distance) of the ray, do not hide each other there. The
    two sides of a narrow fold do not count as such, nor does what may be the near and the far side of a body.
    """
    known = maximum(t, 0)
    plane = take(views.planes, known + planes)
    apart = plane - at.plane
    same = (1 - (unequal(take(geometry.triangle_part, known), at.part) & 1)) & at.facing & below(0.0, dot(plane, at.plane))
    crossing = below(reach * length(apart), dot(apart, at.ray))
    return below(-1, t) & unequal(t, at.own) & where(same, crossing, 1)


@wp.func
def ask_surfaces(a: int, b: int, c: int, d: int, at: Target, ask: int, near: float, view: int, views: Views, geometry: Geometry):
    """Not 0 where the surface of a seen triangle hides the point."""
    behind = int(0)
    if ask != 0:
        if hides(wp.vec4i(a, b, c, d), at.own, at.ray, at.nearness, near, view, views, geometry):
            behind = 1
    return behind


@wp.func
def ask_surfaces(
    a: LaneInts, b: LaneInts, c: LaneInts, d: LaneInts, at: Targets, ask: LaneInts, near: float, view: int, views: Views, geometry: Geometry
):
    behind = ask * 0
    one = Target()
    k = int(0)
    while k < LANES:  # a loop over a constant range would be unrolled
        if ask[k] != 0:
            one.own = at.own[k]
            one.ray = wp.vec3(at.ray[0, k], at.ray[1, k], at.ray[2, k])
            one.nearness = at.nearness[k]
            behind[k] = ask_surfaces(a[k], b[k], c[k], d[k], one, 1, near, view, views, geometry)
        k += 1
    return behind


@wp.func
def hidden(eye: Eye, view: int, u: Any, v: Any, at: Any, ask: Any, views: Views, geometry: Geometry):
    """Not 0 where another surface lies before the point that the other eye has at (u, v); asked where `ask` is not 0.

    For pinholes; what sees through other lenses casts rays, and asks them.
    """
    # Positions that are asked for lie in the image; the others become whole numbers in reach.
    left = floored(maximum(minimum(u, float(eye.width)), 0.0) - 0.5)
    top = floored(maximum(minimum(v, float(eye.height)), 0.0) - 0.5)
    j0 = whole(left)
    j1 = j0 + 1
    j0 = minimum(maximum(j0, 0), eye.width - 1)
    j1 = minimum(maximum(j1, 0), eye.width - 1)
    first = view * views.pixels
    upper = minimum(maximum(whole(top), 0), eye.height - 1) * eye.width + first
    lower = minimum(maximum(whole(top) + 1, 0), eye.height - 1) * eye.width + first
    a = take(views.triangle, upper + j0)
    b = take(views.triangle, upper + j1)
    c = take(views.triangle, lower + j0)
    d = take(views.triangle, lower + j1)
    behind = ask * 0
    open = ask & (unequal(a, at.own) | unequal(b, at.own) | unequal(c, at.own) | unequal(d, at.own))
    if anywhere(open):
        planes = view * views.faces
        reach = length(at.ray) * (SEAM_PX * eye.per_fx)
        a = where(unsettled(a, at, reach, planes, views, geometry), a, at.own)
        b = where(unsettled(b, at, reach, planes, views, geometry), b, at.own)
        c = where(unsettled(c, at, reach, planes, views, geometry), c, at.own)
        d = where(unsettled(d, at, reach, planes, views, geometry), d, at.own)
        open = open & (unequal(a, at.own) | unequal(b, at.own) | unequal(c, at.own) | unequal(d, at.own))
        if anywhere(open):
            behind = ask_surfaces(a, b, c, d, at, open, eye.near, view, views, geometry)
    return behind


@wp.func
def image_shift(eye: Eye, ray: Lanes3, shift: Lanes3):
    per = 1.0 / (part(shift, 2) + 1.0)
    du = (part(shift, 0) - part(ray, 0) * part(shift, 2)) * per * eye.fx
    dv = (part(shift, 1) - part(ray, 1) * part(shift, 2)) * per * eye.fy
    return triple(du, dv, part(shift, 2) + 1.0)


@wp.func
def image_shift(eye: Eye, ray: wp.vec3, shift: wp.vec3):
    """(du, dv, a positive number): from a pixel to the image of ray + shift; the last is not positive where that has no image.

    Lanes are for pinholes.
    """
    ahead = 1.0 + shift[2]
    per = 1.0 / ahead
    du = (shift[0] - ray[0] * shift[2]) * per * eye.fx
    dv = (shift[1] - ray[1] * shift[2]) * per * eye.fy
    if eye.model != PINHOLE:
        seen = image_point(eye, ray + shift)
        start = image_point(eye, ray)
        ahead = seen[2]
        du = (seen[0] - start[0]) * ahead
        dv = (seen[1] - start[1]) * ahead
        if eye.model == EQUIRECTANGULAR:  # the short way round
            turn = 6.2831853071795865 * eye.fx
            if du > 0.5 * turn:
                du -= turn
            if du < -0.5 * turn:
                du += turn
    return wp.vec3(du, dv, ahead)


@wp.func
def on_image(eye: Eye, u: Any, v: Any):
    """Not 0 where an image position is in the image; of a full panorama all columns are, of a part those that are turns away from one."""
    within = below(-1.0e-30, u) & below(u, float(eye.width))
    if eye.model == EQUIRECTANGULAR:
        turn = 6.2831853071795865 * eye.fx
        within = below(u - floored(u / turn) * turn, wp.where(float(eye.width) > 0.999999 * turn, 2.0 * turn, float(eye.width)))
    return within & below(-1.0e-30, v) & below(v, float(eye.height))


@wp.func
def inside(eye: Eye, u: float, v: float):
    return on_image(eye, u, v) != 0


@wp.func
def follow(
    b: int,
    row: int,
    start: int,
    stop: int,
    column: Any,
    t: Any,
    plane: Any,
    ray: Any,
    eye: Eye,
    views: Views,
    geometry: Geometry,
    out: Motion,
):
    """Writes the labels of the pixels from column `start` on; t < 0: they show nothing. What has no image has a flow of 0."""
    instance = take(geometry.triangle_instance, maximum(t, 0))
    pose = instance + b * out.instances
    w = dot(plane, ray)
    translation = shift_of(out.displacement, pose)
    shift = turned_by(out.displacement, pose, ray) + translation * w
    change = image_shift(eye, ray, shift)
    du = part(change, 0)
    dv = part(change, 1)
    u = real(column) + 0.5 + du
    v = dv + (float(row) + 0.5)
    seen = below(-1, t)
    ahead = seen & below(0.0, part(change, 2))
    within = ahead & on_image(eye, u, v)
    pixel = b * views.pixels + row * eye.width + start
    end = pixel + stop - start
    if out.occluded.shape[0] > 0:
        at = target_of(t)
        at.own = t
        at.part = take(geometry.triangle_part, maximum(t, 0))
        at.ray = ray + shift
        at.nearness = w
        normal = plane + turned_by(out.displacement, pose, plane)
        along = dot(normal, translation) + 1.0
        at.facing = below(0.0, along) & (1 - take(out.from_behind, pose))
        at.plane = normal * (1.0 / along)
        store(out.occluded, pixel, end, hidden(eye, out.then[b], u, v, at, within, views, geometry))
    if out.flow.shape[0] > 0:
        store_pair(out.flow, pixel, end, where(ahead, du, 0.0), where(ahead, dv, 0.0))
    if out.disparity.shape[0] > 0:
        store(out.disparity, pixel, end, where(ahead, -1.0 * du, 0.0))
    if out.out_of_frame.shape[0] > 0:
        store(out.out_of_frame, pixel, end, seen & unequal(within & 1, 1))


def _follower(columns_from, step):
    """The kernel for `step` neighbouring pixels at a time."""

    @wp.kernel(module="unique", module_options=KERNEL_OPTIONS)
    def write_motion(eye: Eye, first_row: int, now: wp.array(dtype=wp.int32), views: Views, geometry: Geometry, one: Motion, other: Motion):
        """Of batch entry b, which is view now[b]: labels that relate its surface points to one other eye, or two."""
        b, band_row, part_of_row = wp.tid()
        row = first_row + band_row
        first = now[b] * views.pixels + row * eye.width
        stop = wp.min(part_of_row * eye.run + eye.run, eye.width)
        for start in range(part_of_row * eye.run, stop, step):
            column = minimum(columns_from(start), stop - 1)
            t = take(views.triangle, column + first)
            # Pixels without a surface compute that of another one along.
            home = where(below(t, 0), wp.max(largest(where(below(t, 0), -1, column)), 0), column)
            plane = take(views.planes, maximum(take(views.triangle, home + first), 0) + now[b] * views.faces)
            ray = rays_through(eye, row, home)
            follow(b, row, start, stop, column, t, plane, ray, eye, views, geometry, one)
            if other.wanted:
                follow(b, row, start, stop, column, t, plane, ray, eye, views, geometry, other)

    return write_motion


write_motion_lanes = _follower(pixels_from, LANES)
write_motion_pixels = _follower(pixel_from, 1)


@wp.kernel
def write_scene_flow(
    eye: Eye,
    first_row: int,
    now: wp.array(dtype=wp.int32),
    views: Views,
    geometry: Geometry,
    instances: int,
    carried: wp.array(dtype=mat34),
    scene_flow: wp.array(dtype=wp.vec3),
):
    """Motion of surface points relative to the world, metres, in the eye's frame; carried [B * instances]: pose change minus identity."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    view = now[b]
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        pixel = row * eye.width + column
        t = views.triangle[view * views.pixels + pixel]
        moved = wp.vec3(0.0, 0.0, 0.0)
        if t >= 0:
            change = carried[b * instances + geometry.triangle_instance[t]]
            ray = pixel_ray(eye, row, column)
            place = ray * (1.0 / wp.dot(views.planes[view * views.faces + t], ray))
            moved = rotate(change, place) + wp.vec3(change[0, 3], change[1, 3], change[2, 3])
        scene_flow[b * views.pixels + pixel] = moved
