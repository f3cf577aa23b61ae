# mypy: ignore-errors
# ruff: noqa: RUF046, SIM102, SIM109, UP018
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
class Views:
    """S views as kernels read them: triangle [S * pixels], points [S * vertices], planes [S * faces].

    Flat arrays, because finding an element of one takes a multiplication less for each dimension, which shows.
    """

    triangle: wp.array(dtype=wp.int32)
    points: wp.array(dtype=wp.vec3)
    planes: wp.array(dtype=wp.vec3)
    pixels: wp.int32
    vertices: wp.int32
    faces: wp.int32


@wp.struct
class Motion:
    """Another eye: which view is its, what moves how until then, and outputs [B * pixels] (an empty array is skipped).

    displacement [B * instances]: (eye'_from_eye - identity) of what moves with each instance, so that small motions keep their relative precision
    and what rests has a flow of exactly zero. disparity is meant for an eye that is shifted along x alone.
    """

    wanted: wp.bool
    instances: wp.int32
    then: wp.array(dtype=wp.int32)
    displacement: wp.array(dtype=mat34)
    flow: wp.array(dtype=wp.vec2)
    disparity: wp.array(dtype=wp.float32)
    occluded: wp.array(dtype=wp.bool)
    out_of_frame: wp.array(dtype=wp.bool)


@wp.func
def covers(triangles: wp.array(dtype=wp.vec3i), points: wp.array(dtype=wp.vec3), first: int, t: int, ray: wp.vec3):
    """The ray through the eye meets the triangle (borders included)."""
    corner = triangles[t]
    a = points[first + corner[0]]
    b = points[first + corner[1]]
    c = points[first + corner[2]]
    ab = wp.dot(ray, wp.cross(a, b - a))
    bc = wp.dot(ray, wp.cross(b, c - b))
    ca = wp.dot(ray, wp.cross(c, a - c))
    return (ab >= 0.0 and bc >= 0.0 and ca >= 0.0) or (ab <= 0.0 and bc <= 0.0 and ca <= 0.0)


@wp.func
def voted(seen: wp.vec4i, weight: wp.vec4, view: int, own: int, ray: wp.vec3, nearness: float, views: Views, geometry: Geometry):
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
                w = wp.dot(views.planes[view * views.faces + t], ray)
                if w > nearness * (1.0 + SAME_DEPTH):
                    if covers(geometry.triangles, views.points, view * views.vertices, t, ray):
                        return True
                    if w > nearness * (1.0 + SAME_SURFACE) or geometry.triangle_instance[t] != geometry.triangle_instance[own]:
                        last_vote = 1.0
            votes += last_vote * weight[k]
    if votes <= 0.5 or seen[0] == own or seen[1] == own or seen[2] == own or seen[3] == own:
        return False
    for k in range(4):
        t = seen[k]
        if t >= 0:
            w = wp.dot(views.planes[view * views.faces + t], ray)
            if w <= nearness * (1.0 + SAME_DEPTH) and w > nearness * (1.0 - SAME_DEPTH):
                if covers(geometry.triangles, views.points, view * views.vertices, t, ray):
                    return False
    return True


@wp.func
def neighbours(t: int, own: int, moved: mat34, plane: wp.vec3, ray: wp.vec3, view: int, reach: float, views: Views, geometry: Geometry):
    """Whether seen triangle t is a neighbour of the point's own on one object, so that neither hides the other: their planes meet close by.

    moved: how the point's object moved (minus identity) since it had `plane`; the ray leads to the point.
    """
    if t < 0:
        return False
    if geometry.triangle_instance[t] != geometry.triangle_instance[own]:
        return False
    turned = plane + rotate(moved, plane)
    along = 1.0 + turned[0] * moved[0, 3] + turned[1] * moved[1, 3] + turned[2] * moved[2, 3]
    if along <= 0.0:  # seen from its other side
        return False
    apart = views.planes[view * views.faces + t] - turned * (1.0 / along)
    return wp.dot(apart, ray) <= reach * wp.length(apart)


@wp.func
def hidden(
    eye: Eye,
    view: int,
    u: float,
    v: float,
    own: int,
    moved: mat34,
    plane: wp.vec3,
    ray: wp.vec3,
    nearness: float,
    views: Views,
    geometry: Geometry,
):
    """Whether another surface lies before the point of triangle `own` that the other eye has at (u, v), at `nearness` on `ray`."""
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
    upper = view * views.pixels + i0 * eye.width
    lower = view * views.pixels + i1 * eye.width
    a = views.triangle[upper + j0]
    b = views.triangle[upper + j1]
    c = views.triangle[lower + j0]
    d = views.triangle[lower + j1]
    if a == own and b == own and c == own and d == own:
        return False
    reach = SEAM_PX * eye.per_fx * wp.length(ray)
    calm = a == own or neighbours(a, own, moved, plane, ray, view, reach, views, geometry)
    calm = calm and (b == own or b == a or neighbours(b, own, moved, plane, ray, view, reach, views, geometry))
    calm = calm and (c == own or c == a or neighbours(c, own, moved, plane, ray, view, reach, views, geometry))
    if calm and (d == own or d == b or d == c or neighbours(d, own, moved, plane, ray, view, reach, views, geometry)):
        return False
    fu = u - 0.5 - left
    fv = v - 0.5 - top
    weight = wp.vec4((1.0 - fu) * (1.0 - fv), fu * (1.0 - fv), (1.0 - fu) * fv, fu * fv)
    return voted(wp.vec4i(a, b, c, d), weight, view, own, ray, nearness, views, geometry)


@wp.func
def image_shift(eye: Eye, ray: wp.vec3, shift: wp.vec3):
    """(du, dv, 1): from a pixel to the image of ray + shift; the last is 0 where the camera has no image of that."""
    ahead = 1.0 + shift[2]
    per = 1.0 / ahead
    du = eye.fx * ((shift[0] - ray[0] * shift[2]) * per)
    dv = eye.fy * ((shift[1] - ray[1] * shift[2]) * per)
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
    return wp.vec3(du, dv, wp.where(ahead > 0.0, 1.0, 0.0))


@wp.func
def inside(eye: Eye, u: float, v: float):
    """Whether an image position is in the image; of a full panorama all columns are, of a part those that are turns away from one."""
    within = u >= 0.0 and u < float(eye.width)
    if eye.model == EQUIRECTANGULAR:
        turn = 6.2831853071795865 * eye.fx
        within = u - turn * wp.floor(u / turn) < float(eye.width) or float(eye.width) > 6.28318 * eye.fx
    return within and v >= 0.0 and v < float(eye.height)


@wp.func
def follow(
    b: int,
    pixel: int,
    row: int,
    column: int,
    t: int,
    plane: wp.vec3,
    instance: int,
    ray: wp.vec3,
    w: float,
    eye: Eye,
    views: Views,
    geometry: Geometry,
    out: Motion,
):
    """Writes the labels of the point at nearness w on the ray of a pixel; t < 0: it shows nothing."""
    # Numbers instead of vectors: those that are chosen by a branch go through memory, which stalls.
    du = float(0.0)
    dv = float(0.0)
    outside = bool(False)
    behind = bool(False)
    if t >= 0:
        moved = out.displacement[b * out.instances + instance]
        shift = rotate(moved, ray) + wp.vec3(moved[0, 3], moved[1, 3], moved[2, 3]) * w
        change = image_shift(eye, ray, shift)
        du = change[0]
        dv = change[1]
        u = float(column) + 0.5 + du
        v = float(row) + 0.5 + dv
        outside = change[2] == 0.0 or not inside(eye, u, v)
        if out.occluded.shape[0] > 0 and not outside:
            behind = hidden(eye, out.then[b], u, v, t, moved, plane, ray + shift, w, views, geometry)
    if out.flow.shape[0] > 0:
        out.flow[pixel] = wp.vec2(du, dv)
    if out.disparity.shape[0] > 0:
        out.disparity[pixel] = -du
    if out.out_of_frame.shape[0] > 0:
        out.out_of_frame[pixel] = outside
    if out.occluded.shape[0] > 0:
        out.occluded[pixel] = behind


@wp.kernel
def write_motion(eye: Eye, first_row: int, now: wp.array(dtype=wp.int32), views: Views, geometry: Geometry, one: Motion, other: Motion):
    """Of batch entry b, which is view now[b]: labels that relate its surface points to one other eye, or two."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    view = now[b]
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        pixel = b * views.pixels + row * eye.width + column
        t = views.triangle[view * views.pixels + row * eye.width + column]
        known = wp.max(t, 0)
        plane = views.planes[view * views.faces + known]
        instance = geometry.triangle_instance[known]
        ray = pixel_ray(eye, row, column)
        w = wp.dot(plane, ray)
        follow(b, pixel, row, column, t, plane, instance, ray, w, eye, views, geometry, one)
        if other.wanted:
            follow(b, pixel, row, column, t, plane, instance, ray, w, eye, views, geometry, other)


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
    """Motion of surface points relative to the world, metres, in the frame of the eye; carried [B * instances]: pose change minus identity."""
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
