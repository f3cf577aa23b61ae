# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""Camera rays and what becomes of their hits; rays to points that may be hidden from another eye."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import BROWN_CONRADY, KERNEL_OPTIONS, PINHOLE, Eye, apply, mat34, pixel_ray, rotate
from renderers.kernels.motion import SAME_DEPTH, Geometry, Motion, Views, image_shift, inside
from renderers.kernels.raster import nearness_plane
from renderers.kernels.rays import write_ray

wp.set_module_options(KERNEL_OPTIONS)

# How far a ray is turned away from a plane that it lies in (some hundredths of a pixel), and moved, as a share of its coordinates.
ASIDE_RAD = wp.constant(2.0e-5)
ASIDE_SHARE = wp.constant(4.0e-6)
# Positions in the world are rounded to this fraction of their size; two roundings and two steps of arithmetic meet in a hit.
ROUNDING = wp.constant(2.5e-7)
# Where rays start that shall hit nothing: they leave the scene's box at once.
AWAY_M = wp.constant(1.0e18)


@wp.struct
class Doubtful:
    """Rays to cast a second time: of which pixel (index into the first rays), the rays [Q, 6], and how many there are."""

    pixel: wp.array(dtype=wp.int32)
    rays: wp.array2d(dtype=wp.float32)
    count: wp.array(dtype=wp.int32)


@wp.func
def write_no_ray(rays: wp.array2d(dtype=wp.float32), k: int):
    write_ray(rays, k, wp.vec3(AWAY_M, AWAY_M, AWAY_M), wp.vec3(1.0, 0.0, 0.0))


@wp.kernel
def aim(eye: Eye, first_row: int, world_from_eye: wp.array(dtype=mat34), rays: wp.array2d(dtype=wp.float32)):
    """The rays [B * H * W, 6] through the pixel centres of eyes [B], from the near plane on (rays of unit length: from that distance)."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    m = world_from_eye[b]
    origin = wp.vec3(m[0, 3], m[1, 3], m[2, 3])
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        k = (b * eye.height + row) * eye.width + column
        ray = pixel_ray(eye, row, column)
        if wp.isnan(ray[0]):
            write_no_ray(rays, k)
        else:
            direction = rotate(m, ray)
            write_ray(rays, k, origin + direction * eye.near, direction)


@wp.func
def place_triangle(
    slot: int,
    t: int,
    pose: mat34,
    vertices: wp.array(dtype=wp.vec3),
    geometry: Geometry,
    views: Views,
):
    """Stores the corners and the plane of a triangle as an eye sees it."""
    corner = geometry.triangles[t]
    a = apply(pose, vertices[corner[0]])
    b = apply(pose, vertices[corner[1]])
    c = apply(pose, vertices[corner[2]])
    first = slot * views.vertices
    views.points[first + corner[0]] = a
    views.points[first + corner[1]] = b
    views.points[first + corner[2]] = c
    views.planes[slot * views.faces + t] = nearness_plane(a, b, c, 0.0)


@wp.func
def is_sound(plane: wp.vec3, ray: wp.vec3, reach: float):
    """Whether a triangle's plane says about what the hit says, which is not so where the plane passes through the eye."""
    share = wp.dot(plane, ray) * reach
    return share > 0.5 and share < 2.0


@wp.func
def write_ray_aside(rays: wp.array2d(dtype=wp.float32), k: int, start: wp.vec3, direction: wp.vec3, normal: wp.vec3):
    """A ray that starts a little off a plane that it lies in, further than positions are rounded, and leads away from it; unit normal."""
    away = normal
    if wp.dot(normal, direction) < 0.0:
        away = -normal
    shift = ASIDE_SHARE * (1.0 + wp.max(wp.abs(start)))
    write_ray(rays, k, start + away * shift, direction + away * (ASIDE_RAD * wp.length(direction)))


@wp.kernel
def keep_hits(
    eye: Eye,
    first_row: int,
    slots: wp.array(dtype=wp.int32),
    world_from_eye: wp.array(dtype=mat34),
    eye_from_object: wp.array2d(dtype=mat34),
    vertices: wp.array(dtype=wp.vec3),
    geometry: Geometry,
    reach: wp.array(dtype=wp.float32),
    hit: wp.array(dtype=wp.int32),
    normal: wp.array(dtype=wp.vec3),
    views: Views,
    doubtful: Doubtful,
):
    """Writes what the rays of eyes [B] hit to the views `slots`. Hits on planes through the eye are doubtful and become -1."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    slot = slots[b]
    last = int(-1)
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        k = (b * eye.height + row) * eye.width + column
        t = hit[k]
        if t >= 0:
            if t != last:
                place_triangle(slot, t, eye_from_object[b, geometry.triangle_instance[t]], vertices, geometry, views)
                last = t
            ray = pixel_ray(eye, row, column)
            if not is_sound(views.planes[slot * views.faces + t], ray, reach[k] + eye.near):
                place = wp.atomic_add(doubtful.count, 0, 1)
                if place < doubtful.pixel.shape[0]:
                    doubtful.pixel[place] = k
                    m = world_from_eye[b]
                    direction = rotate(m, ray)
                    start = wp.vec3(m[0, 3], m[1, 3], m[2, 3]) + direction * eye.near
                    write_ray_aside(doubtful.rays, place, start, direction, normal[k])
                t = -1
        views.triangle[slot * views.pixels + row * eye.width + column] = t


@wp.kernel
def keep_second_hits(
    eye: Eye,
    slots: wp.array(dtype=wp.int32),
    eye_from_object: wp.array2d(dtype=mat34),
    vertices: wp.array(dtype=wp.vec3),
    geometry: Geometry,
    reach: wp.array(dtype=wp.float32),
    hit: wp.array(dtype=wp.int32),
    views: Views,
    doubtful: Doubtful,
):
    """What the doubtful pixels see beside the plane that passes through the eye."""
    q = wp.tid()
    if q >= doubtful.count[0]:
        return
    t = hit[q]
    if t < 0:
        return
    k = doubtful.pixel[q]
    b = k // views.pixels
    pixel = k - b * views.pixels
    slot = slots[b]
    place_triangle(slot, t, eye_from_object[b, geometry.triangle_instance[t]], vertices, geometry, views)
    ray = pixel_ray(eye, pixel // eye.width, pixel % eye.width)
    if is_sound(views.planes[slot * views.faces + t], ray, reach[q] + eye.near):
        views.triangle[slot * views.pixels + pixel] = t


@wp.func
def free_share(place: wp.vec3, normal: wp.vec3, eye_size: float):
    """Share of the way from an eye to a point that must be free: the surface around the point does not count, up to rounding.

    normal: the surface's, of any length. eye_size: the largest coordinate of the eye in the world, metres.
    """
    distance = wp.length(place)
    sine = wp.abs(wp.dot(normal, place)) / (wp.length(normal) * distance)
    return 1.0 - wp.max(SAME_DEPTH, ROUNDING * (eye_size + distance) / (distance * wp.max(sine, 1.0e-6)))


@wp.kernel
def aim_at_points(
    eye: Eye,
    first_row: int,
    chosen: wp.array(dtype=wp.int32),
    now: wp.array(dtype=wp.int32),
    views: Views,
    geometry: Geometry,
    motion: Motion,
    world_from_other: wp.array(dtype=mat34),
    rays: wp.array2d(dtype=wp.float32),
):
    """Rays [K * H * W, 6] from other eyes [K] to where they have the points that the views now[chosen] show; they end (t = 1) before them.

    Points outside the other eye's image, or nearer to it than its near plane, get rays that hit nothing.
    """
    k, band_row, part = wp.tid()
    row = first_row + band_row
    b = chosen[k]
    view = now[b]
    m = world_from_other[k]
    origin = wp.vec3(m[0, 3], m[1, 3], m[2, 3])
    eye_size = wp.max(wp.abs(origin))
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        index = (k * eye.height + row) * eye.width + column
        t = views.triangle[view * views.pixels + row * eye.width + column]
        start = float(1.0)
        end = float(0.0)
        way = wp.vec3(0.0, 0.0, 0.0)
        if t >= 0:
            plane = views.planes[view * views.faces + t]
            moved = motion.displacement[b * motion.instances + geometry.triangle_instance[t]]
            ray = pixel_ray(eye, row, column)
            w = wp.dot(plane, ray)
            shift = rotate(moved, ray) + wp.vec3(moved[0, 3], moved[1, 3], moved[2, 3]) * w
            change = image_shift(eye, ray, shift)
            if change[2] > 0.0 and inside(eye, float(column) + 0.5 + change[0], float(row) + 0.5 + change[1]):
                place = (ray + shift) * (1.0 / w)
                height = wp.length(place)
                if eye.model == PINHOLE or eye.model == BROWN_CONRADY:
                    height = place[2]
                start = eye.near / height
                end = free_share(place, plane + rotate(moved, plane), eye_size)
                way = rotate(m, place)
        if start < end:
            write_ray(rays, index, origin + way * start, way * (end - start))
        else:
            write_no_ray(rays, index)


@wp.kernel
def write_occluded(
    eye: Eye,
    first_row: int,
    chosen: wp.array(dtype=wp.int32),
    blocked: wp.array(dtype=wp.bool),
    occluded: wp.array(dtype=wp.bool),
):
    """occluded [B * H * W] of the batch entries `chosen` [K], from blocked [K * H * W]."""
    k, band_row, part = wp.tid()
    row = first_row + band_row
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        occluded[(chosen[k] * eye.height + row) * eye.width + column] = blocked[(k * eye.height + row) * eye.width + column]
