# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""Labels of the surface under a pixel, where it was and where it will be."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Pinhole, apply, mat34, pixel_ray

wp.set_module_options(KERNEL_OPTIONS)

# Surfaces nearer than the point by less than this fraction are taken for the point's own surface. Rounding reaches 1e-6 head-on and grows
# with the inverse sine of the grazing angle; the thinnest things in a room (a rug of 5 mm seen from 10 m) differ by 5e-4.
SAME_DEPTH = wp.constant(1.0e-4)
# The same where no seen triangle covers the point, so that planes of neighbours are extended by up to a pixel.
SAME_SURFACE = wp.constant(5.0e-3)


@wp.func
def instance_at(triangle: wp.array2d(dtype=wp.int32), triangle_instance: wp.array(dtype=wp.int32), row: int, column: int):
    t = triangle[row, column]
    if t < 0:
        return -1
    return triangle_instance[t]


@wp.func
def covers(triangles: wp.array(dtype=wp.vec3i), points: wp.array(dtype=wp.vec3), t: int, ray: wp.vec3):
    """The ray through the eye meets the triangle (borders included)."""
    corner = triangles[t]
    a = points[corner[0]]
    b = points[corner[1]]
    c = points[corner[2]]
    ab = wp.dot(ray, wp.cross(a, b - a))
    bc = wp.dot(ray, wp.cross(b, c - b))
    ca = wp.dot(ray, wp.cross(c, a - c))
    return (ab >= 0.0 and bc >= 0.0 and ca >= 0.0) or (ab <= 0.0 and bc <= 0.0 and ca <= 0.0)


@wp.struct
class Geometry:
    """What triangles are made of and belong to."""

    triangles: wp.array(dtype=wp.vec3i)
    triangle_instance: wp.array(dtype=wp.int32)
    semantics: wp.array(dtype=wp.uint8)


@wp.struct
class Surface:
    """Outputs at one time; an empty array is skipped."""

    depth: wp.array2d(dtype=wp.float32)
    normal: wp.array2d(dtype=wp.vec3)
    instance: wp.array2d(dtype=wp.uint16)
    semantic: wp.array2d(dtype=wp.uint8)
    contour: wp.array2d(dtype=wp.bool)
    valid: wp.array2d(dtype=wp.bool)


@wp.struct
class Motion:
    """Another time: what moves how until then, the view of then, and outputs (an empty array is skipped).

    displacement [I]: (eye'_from_eye - identity) of what moves with each instance, so that small motions keep their relative precision and
    what rests has a flow of exactly zero.
    """

    wanted: wp.bool
    displacement: wp.array(dtype=mat34)
    triangle: wp.array2d(dtype=wp.int32)
    points: wp.array(dtype=wp.vec3)
    planes: wp.array(dtype=wp.vec3)
    flow: wp.array2d(dtype=wp.vec2)
    occluded: wp.array2d(dtype=wp.bool)
    out_of_frame: wp.array2d(dtype=wp.bool)


@wp.func
def hidden(u: float, v: float, z: float, own: int, camera: Pinhole, then: Motion, geometry: Geometry):
    """Whether another surface lies before the point of triangle `own` at depth z on the ray through (u, v).

    The triangles seen at the four pixel centres around (u, v) are intersected with the ray: one that covers it nearer hides the point, one
    that covers it at the point's depth is the point's own surface. If none covers it (triangles smaller than a pixel, borders) the four
    vote, each with its plane extended to the ray and weighted by its pixel's share.
    """
    left = wp.floor(u - 0.5)
    top = wp.floor(v - 0.5)
    column = int(left)
    row = int(top)
    j0 = wp.max(column, 0)
    j1 = wp.min(column + 1, camera.width - 1)
    i0 = wp.max(row, 0)
    i1 = wp.min(row + 1, camera.height - 1)
    seen = wp.vec4i(then.triangle[i0, j0], then.triangle[i0, j1], then.triangle[i1, j0], then.triangle[i1, j1])
    if seen[0] == own and seen[1] == own and seen[2] == own and seen[3] == own:
        return False
    fu = u - 0.5 - left
    fv = v - 0.5 - top
    weight = wp.vec4((1.0 - fu) * (1.0 - fv), fu * (1.0 - fv), (1.0 - fu) * fv, fu * fv)
    ray = pixel_ray(camera, u, v)
    nearness = 1.0 / z
    continues = bool(False)
    votes = float(0.0)
    last = int(-1)
    last_vote = float(0.0)
    for k in range(4):
        t = seen[k]
        if t == own:
            continues = True
        elif t >= 0:
            if t != last:
                last = t
                last_vote = 0.0
                w = wp.dot(then.planes[t], ray)
                if w > nearness * (1.0 + SAME_DEPTH):
                    if covers(geometry.triangles, then.points, t, ray):
                        return True
                    if w > nearness * (1.0 + SAME_SURFACE) or geometry.triangle_instance[t] != geometry.triangle_instance[own]:
                        last_vote = 1.0
            votes += last_vote * weight[k]
    if continues or votes <= 0.5:
        return False
    for k in range(4):
        t = seen[k]
        if t >= 0:
            w = wp.dot(then.planes[t], ray)
            if w <= nearness * (1.0 + SAME_DEPTH) and w > nearness * (1.0 - SAME_DEPTH) and covers(geometry.triangles, then.points, t, ray):
                return False
    return True


@wp.func
def write_motion(row: int, column: int, t: int, instance: int, ray: wp.vec3, z: float, camera: Pinhole, then: Motion, geometry: Geometry):
    """Labels that relate the surface point ray * z (t < 0: none) to another time."""
    flow = wp.vec2(0.0, 0.0)
    outside = bool(False)
    behind = bool(False)
    if t >= 0:
        shift = apply(then.displacement[instance], ray * z)
        z_then = z + shift[2]
        per_z = 1.0 / z_then
        flow = wp.vec2(camera.fx * ((shift[0] - ray[0] * shift[2]) * per_z), camera.fy * ((shift[1] - ray[1] * shift[2]) * per_z))
        u = float(column) + 0.5 + flow[0]
        v = float(row) + 0.5 + flow[1]
        outside = not (z_then > 0.0 and u >= 0.0 and u < float(camera.width) and v >= 0.0 and v < float(camera.height))
        if then.occluded.shape[0] > 0 and not outside:
            behind = hidden(u, v, z_then, t, camera, then, geometry)
    if then.flow.shape[0] > 0:
        then.flow[row, column] = flow
    if then.out_of_frame.shape[0] > 0:
        then.out_of_frame[row, column] = outside
    if then.occluded.shape[0] > 0:
        then.occluded[row, column] = behind


@wp.func
def is_contour(row: int, column: int, own: int, triangle: wp.array2d(dtype=wp.int32), triangle_instance: wp.array(dtype=wp.int32)):
    """Whether a 4-neighbour shows another instance than `own` (-1: none)."""
    if row > 0 and instance_at(triangle, triangle_instance, row - 1, column) != own:
        return True
    if row + 1 < triangle.shape[0] and instance_at(triangle, triangle_instance, row + 1, column) != own:
        return True
    if column > 0 and instance_at(triangle, triangle_instance, row, column - 1) != own:
        return True
    return column + 1 < triangle.shape[1] and instance_at(triangle, triangle_instance, row, column + 1) != own


@wp.func
def write_surface(row: int, column: int, t: int, instance: int, normal: wp.vec3, z: float, geometry: Geometry, out: Surface):
    """Labels of the surface point at one time."""
    if out.depth.shape[0] > 0:
        out.depth[row, column] = z
    if out.normal.shape[0] > 0:
        out.normal[row, column] = normal
    if out.instance.shape[0] > 0:
        out.instance[row, column] = wp.uint16(instance + 1)
    if out.semantic.shape[0] > 0:
        category = wp.uint8(0)
        if t >= 0:
            category = geometry.semantics[instance]
        out.semantic[row, column] = category
    if out.valid.shape[0] > 0:
        out.valid[row, column] = t >= 0


@wp.kernel
def write_labels(
    camera: Pinhole,
    triangle: wp.array2d(dtype=wp.int32),
    planes: wp.array(dtype=wp.vec3),
    geometry: Geometry,
    surface: Surface,
    forward: Motion,
    backward: Motion,
):
    """All labels of a run of pixels."""
    row, part = wp.tid()
    for column in range(part * camera.run, wp.min(part * camera.run + camera.run, camera.width)):
        t = triangle[row, column]
        ray = pixel_ray(camera, float(column) + 0.5, float(row) + 0.5)
        z = float(wp.inf)
        normal = wp.vec3(0.0, 0.0, 0.0)
        instance = int(-1)
        if t >= 0:
            plane = planes[t]
            z = 1.0 / wp.dot(plane, ray)
            normal = plane * (-1.0 / wp.length(plane))
            instance = geometry.triangle_instance[t]
        write_surface(row, column, t, instance, normal, z, geometry, surface)
        if surface.contour.shape[0] > 0:
            surface.contour[row, column] = is_contour(row, column, instance, triangle, geometry.triangle_instance)
        if forward.wanted:
            write_motion(row, column, t, instance, ray, z, camera, forward, geometry)
        if backward.wanted:
            write_motion(row, column, t, instance, ray, z, camera, backward, geometry)
