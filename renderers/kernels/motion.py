# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""Where the surface under a pixel lies for another eye: at another time, or for the second eye of a stereo pair."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import EQUIRECTANGULAR, KERNEL_OPTIONS, PINHOLE, Eye, image_point, mat34, pixel_ray, rotate

wp.set_module_options(KERNEL_OPTIONS)

# Surfaces nearer than the point by less than this fraction are taken for the point's own surface. Rounding reaches 1e-6 head-on and grows
# with the inverse sine of the grazing angle; the thinnest things in a room (a rug of 5 mm seen from 10 m) differ by 5e-4.
SAME_DEPTH = wp.constant(1.0e-4)
# The same where no seen triangle covers the point, so that planes of neighbours are extended by up to a pixel.
SAME_SURFACE = wp.constant(5.0e-3)
# Two faces of one object whose planes meet within this many pixels are neighbours on its surface; neither hides the other there.
SEAM_PX = wp.constant(2.0)


@wp.struct
class Geometry:
    """What triangles are made of and belong to."""

    triangles: wp.array(dtype=wp.vec3i)
    triangle_instance: wp.array(dtype=wp.int32)


@wp.struct
class Sight:
    """Views [S, ...] as kernels read them."""

    triangle: wp.array3d(dtype=wp.int32)
    points: wp.array2d(dtype=wp.vec3)
    planes: wp.array2d(dtype=wp.vec3)


@wp.struct
class Motion:
    """Another eye: which view is its, what moves how until then, and outputs [B, H, W] (an empty array is skipped).

    displacement [B, I]: (eye'_from_eye - identity) of what moves with each instance, so that small motions keep their relative precision
    and what rests has a flow of exactly zero. disparity is meant for an eye that is shifted along x alone.
    """

    then: wp.array(dtype=wp.int32)
    displacement: wp.array2d(dtype=mat34)
    flow: wp.array3d(dtype=wp.vec2)
    disparity: wp.array3d(dtype=wp.float32)
    occluded: wp.array3d(dtype=wp.bool)
    out_of_frame: wp.array3d(dtype=wp.bool)


@wp.func
def covers(triangles: wp.array(dtype=wp.vec3i), points: wp.array2d(dtype=wp.vec3), view: int, t: int, ray: wp.vec3):
    """The ray through the eye meets the triangle (borders included)."""
    corner = triangles[t]
    a = points[view, corner[0]]
    b = points[view, corner[1]]
    c = points[view, corner[2]]
    ab = wp.dot(ray, wp.cross(a, b - a))
    bc = wp.dot(ray, wp.cross(b, c - b))
    ca = wp.dot(ray, wp.cross(c, a - c))
    return (ab >= 0.0 and bc >= 0.0 and ca >= 0.0) or (ab <= 0.0 and bc <= 0.0 and ca <= 0.0)


@wp.func
def voted(seen: wp.vec4i, weight: wp.vec4, view: int, own: int, ray: wp.vec3, nearness: float, sight: Sight, geometry: Geometry):
    """Whether what the four pixels around a point show hides it: triangle `own` at `nearness` on the ray.

    A seen triangle that covers the ray nearer hides the point; one that covers it at the point's depth is the point's own surface. If none
    covers it (triangles smaller than a pixel, borders) the four vote, each with its plane extended and weighted by its pixel's share.
    """
    votes = float(0.0)
    last = int(-1)
    last_vote = float(0.0)
    for k in range(4):
        t = seen[k]
        if t >= 0 and t != own:
            if t != last:
                last = t
                last_vote = 0.0
                w = wp.dot(sight.planes[view, t], ray)
                if w > nearness * (1.0 + SAME_DEPTH):
                    if covers(geometry.triangles, sight.points, view, t, ray):
                        return True
                    if w > nearness * (1.0 + SAME_SURFACE) or geometry.triangle_instance[t] != geometry.triangle_instance[own]:
                        last_vote = 1.0
            votes += last_vote * weight[k]
    if votes <= 0.5 or seen[0] == own or seen[1] == own or seen[2] == own or seen[3] == own:
        return False
    for k in range(4):
        t = seen[k]
        if t >= 0:
            w = wp.dot(sight.planes[view, t], ray)
            if w <= nearness * (1.0 + SAME_DEPTH) and w > nearness * (1.0 - SAME_DEPTH):
                if covers(geometry.triangles, sight.points, view, t, ray):
                    return False
    return True


@wp.struct
class Target:
    """A moved point: `ray` to it in the other eye's frame, `nearness` along that ray, and the other plane of its triangle.

    facing: the other eye sees the same side of the triangle.
    """

    ray: wp.vec3
    nearness: wp.float32
    plane: wp.vec3
    facing: wp.bool


@wp.func
def neighbours(t: int, instance: int, at: Target, view: int, reach: float, sight: Sight, geometry: Geometry):
    """Whether seen triangle t is a neighbour of the point's own triangle, so that neither hides the other: their planes meet close by."""
    if t < 0:
        return False
    if geometry.triangle_instance[t] != instance:
        return False
    apart = sight.planes[view, t] - at.plane
    return wp.dot(apart, at.ray) <= reach * wp.length(apart)


@wp.func
def hidden(eye: Eye, view: int, u: float, v: float, own: int, instance: int, at: Target, sight: Sight, geometry: Geometry):
    """Whether another surface lies before the point of triangle `own` that the other eye has at (u, v)."""
    left = wp.floor(u - 0.5)
    top = wp.floor(v - 0.5)
    j0 = int(left)
    j1 = j0 + 1
    if eye.model == EQUIRECTANGULAR:  # a panorama goes on at its other side
        j0 = (j0 + eye.width) % eye.width
        j1 = j1 % eye.width
    j0 = wp.max(j0, 0)
    j1 = wp.min(j1, eye.width - 1)
    i0 = wp.max(int(top), 0)
    i1 = wp.min(int(top) + 1, eye.height - 1)
    seen = wp.vec4i(sight.triangle[view, i0, j0], sight.triangle[view, i0, j1], sight.triangle[view, i1, j0], sight.triangle[view, i1, j1])
    if seen[0] == own and seen[1] == own and seen[2] == own and seen[3] == own:
        return False
    if at.facing:
        reach = SEAM_PX * eye.per_fx * wp.length(at.ray)
        calm = bool(True)
        last = own
        for k in range(4):
            t = seen[k]
            if calm and t != last and t != own:
                calm = neighbours(t, instance, at, view, reach, sight, geometry)
                last = t
        if calm:
            return False
    fu = u - 0.5 - left
    fv = v - 0.5 - top
    weight = wp.vec4((1.0 - fu) * (1.0 - fv), fu * (1.0 - fv), (1.0 - fu) * fv, fu * fv)
    return voted(seen, weight, view, own, at.ray, at.nearness, sight, geometry)


@wp.func
def image_shift(eye: Eye, row: int, column: int, ray: wp.vec3, shift: wp.vec3):
    """(du, dv, 1): from a pixel to the image of ray + shift; the last is 0 where the camera has no image of that."""
    if eye.model == PINHOLE:
        ahead = 1.0 + shift[2]
        per = 1.0 / ahead
        du = eye.fx * ((shift[0] - ray[0] * shift[2]) * per)
        dv = eye.fy * ((shift[1] - ray[1] * shift[2]) * per)
        if ahead > 0.0:
            return wp.vec3(du, dv, 1.0)
        return wp.vec3(du, dv, 0.0)
    moved = image_point(eye, ray + shift) - image_point(eye, ray)
    if eye.model == EQUIRECTANGULAR:  # the short way round
        turn = 6.2831853071795865 * eye.fx
        if moved[0] > 0.5 * turn:
            moved = moved - wp.vec3(turn, 0.0, 0.0)
        if moved[0] < -0.5 * turn:
            moved = moved + wp.vec3(turn, 0.0, 0.0)
    seen = image_point(eye, ray + shift)[2]
    if seen == 0.0:
        return wp.vec3(0.0, 0.0, 0.0)
    return wp.vec3(moved[0], moved[1], 1.0)


@wp.func
def inside(eye: Eye, u: float, v: float):
    if eye.model == EQUIRECTANGULAR and float(eye.width) > 6.28318 * eye.fx:  # all longitudes are in the image
        return v >= 0.0 and v < float(eye.height)
    return u >= 0.0 and u < float(eye.width) and v >= 0.0 and v < float(eye.height)


@wp.kernel
def write_motion(eye: Eye, first_row: int, now: wp.array(dtype=wp.int32), sight: Sight, geometry: Geometry, out: Motion):
    """Of batch entry b, which is view now[b]: labels that relate its surface points to view out.then[b]."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    view = now[b]
    then = out.then[b]
    last = int(-1)
    plane = wp.vec3(0.0, 0.0, 0.0)
    displacement = mat34()
    instance = int(-1)
    at = Target()
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        t = sight.triangle[view, row, column]
        flow = wp.vec2(0.0, 0.0)
        outside = bool(False)
        behind = bool(False)
        if t >= 0:
            if t != last:
                last = t
                plane = sight.planes[view, t]
                instance = geometry.triangle_instance[t]
                displacement = out.displacement[b, instance]
                turned = plane + rotate(displacement, plane)
                along = 1.0 + wp.dot(turned, wp.vec3(displacement[0, 3], displacement[1, 3], displacement[2, 3]))
                at.facing = along > 0.0
                at.plane = turned * (1.0 / along)
            ray = pixel_ray(eye, row, column)
            w = wp.dot(plane, ray)
            shift = rotate(displacement, ray) + wp.vec3(displacement[0, 3], displacement[1, 3], displacement[2, 3]) * w
            moved = image_shift(eye, row, column, ray, shift)
            flow = wp.vec2(moved[0], moved[1])
            u = float(column) + 0.5 + flow[0]
            v = float(row) + 0.5 + flow[1]
            outside = moved[2] == 0.0 or not inside(eye, u, v)
            if out.occluded.shape[0] > 0 and not outside:
                at.ray = ray + shift
                at.nearness = w
                behind = hidden(eye, then, u, v, t, instance, at, sight, geometry)
        if out.flow.shape[0] > 0:
            out.flow[b, row, column] = flow
        if out.disparity.shape[0] > 0:
            out.disparity[b, row, column] = -flow[0]
        if out.out_of_frame.shape[0] > 0:
            out.out_of_frame[b, row, column] = outside
        if out.occluded.shape[0] > 0:
            out.occluded[b, row, column] = behind


@wp.kernel
def write_scene_flow(
    eye: Eye,
    first_row: int,
    now: wp.array(dtype=wp.int32),
    sight: Sight,
    geometry: Geometry,
    carried: wp.array2d(dtype=mat34),
    scene_flow: wp.array3d(dtype=wp.vec3),
):
    """Motion of surface points relative to the world, metres, in the frame of the eye; carried [B, I]: pose change minus identity."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    view = now[b]
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        t = sight.triangle[view, row, column]
        moved = wp.vec3(0.0, 0.0, 0.0)
        if t >= 0:
            change = carried[b, geometry.triangle_instance[t]]
            ray = pixel_ray(eye, row, column)
            place = ray * (1.0 / wp.dot(sight.planes[view, t], ray))
            moved = rotate(change, place) + wp.vec3(change[0, 3], change[1, 3], change[2, 3])
        scene_flow[b, row, column] = moved
