# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""Triangles scanned into pixels; the nearest wins.

A triangle in front of the near plane is scanned row by row between its edges in the image; the pixel centre decides, left and top borders
belong to it (so triangles that share an edge share no pixel and leave none out). A triangle that crosses the near plane, or reaches
far outside the image, is scanned by its edge planes through the eye instead, which needs no clipping (Olano and Greer, "Triangle scan
conversion using 2D homogeneous coordinates", 1997).
"""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Pinhole, apply, mat34

wp.set_module_options(KERNEL_OPTIONS)

# Image positions beyond this many pixels lose sub-pixel precision in float32 (2^14 leaves 2^-10 px), so such triangles take the other path.
GUARD_PX = wp.constant(16384.0)
# Spans of the edge-plane path are widened by this many pixels, so that rounding cannot open a gap to a neighbour scanned by the other path.
OVERLAP_PX = wp.constant(0.001)


@wp.func
def nearness_plane(a: wp.vec3, b: wp.vec3, c: wp.vec3, far: float):
    """q with nearness = q . (x, y, 1); zero for a triangle seen edge-on. Its direction is that of the normal turned away from the eye."""
    n = wp.cross(b - a, c - a)
    q = wp.vec3(0.0, 0.0, 0.0)
    if far > 0.0:
        if n[2] != 0.0:
            per_z = 1.0 / n[2]
            q = wp.vec3(n[0] * per_z, n[1] * per_z, far - wp.dot(n, a) * per_z)
    else:
        height = wp.dot(n, a)
        if height != 0.0:
            q = n * (1.0 / height)
    return q


@wp.func
def project(camera: Pinhole, p: wp.vec3):
    """(u, v, nearness), with nearness 0 where the image position is not usable."""
    if camera.far > 0.0:
        return wp.vec3(camera.fx * p[0] + camera.cx, camera.fy * p[1] + camera.cy, camera.far - p[2])
    if p[2] < camera.near:
        return wp.vec3(0.0, 0.0, 0.0)
    w = 1.0 / p[2]
    u = camera.fx * (p[0] * w) + camera.cx
    v = camera.fy * (p[1] * w) + camera.cy
    if wp.abs(u) > GUARD_PX or wp.abs(v) > GUARD_PX:
        return wp.vec3(0.0, 0.0, 0.0)
    return wp.vec3(u, v, w)


@wp.kernel
def place_vertices(
    spans: wp.array(dtype=wp.vec3i),
    eye_from_object: wp.array(dtype=mat34),
    vertices: wp.array(dtype=wp.vec3),
    camera: Pinhole,
    points: wp.array(dtype=wp.vec3),
    screen: wp.array(dtype=wp.vec3),
):
    block, lane = wp.tid()
    span = spans[block]
    i = span[0] + lane
    if i >= span[1]:
        return
    p = apply(eye_from_object[span[2]], vertices[i])
    points[i] = p
    screen[i] = project(camera, p)


@wp.func
def first_centre(x: float, limit: int):
    """Index of the first pixel centre (k + 0.5) at or after x, within [0, limit]."""
    return int(wp.ceil(wp.clamp(x, -1.0, float(limit) + 1.0) - 0.5))


@wp.func
def put(keys: wp.array2d(dtype=wp.uint64), row: int, column: int, nearness: float, triangle: int):
    key = (wp.uint64(wp.cast(nearness, wp.uint32)) << wp.uint64(32)) | wp.uint64(triangle)
    wp.atomic_max(keys, row, column, key)


@wp.func
def scan_image_triangle(
    camera: Pinhole, s0: wp.vec3, s1: wp.vec3, s2: wp.vec3, q: wp.vec3, triangle: int, keys: wp.array2d(dtype=wp.uint64)
):
    """Rows between the edges. Each edge is followed from its upper end, so that both its triangles compute the same crossing."""
    a = s0
    b = s1
    c = s2
    if b[1] < a[1]:
        a = s1
        b = s0
    if c[1] < a[1]:
        c = b
        b = a
        a = s2
    elif c[1] < b[1]:
        c = b
        b = s2
    top = wp.max(first_centre(a[1], camera.height), 0)
    bottom = wp.min(first_centre(c[1], camera.height), camera.height)
    slope_long = (c[0] - a[0]) / (c[1] - a[1])
    slope_upper = (b[0] - a[0]) / wp.max(b[1] - a[1], 1.0e-30)
    slope_lower = (c[0] - b[0]) / wp.max(c[1] - b[1], 1.0e-30)
    step_u = q[0] / camera.fx
    step_v = q[1] / camera.fy
    w_low = wp.min(a[2], wp.min(b[2], c[2]))
    w_high = wp.max(a[2], wp.max(b[2], c[2]))
    for row in range(top, bottom):
        v = float(row) + 0.5
        u_long = a[0] + (v - a[1]) * slope_long
        u_short = a[0] + (v - a[1]) * slope_upper
        if v >= b[1]:
            u_short = b[0] + (v - b[1]) * slope_lower
        first = wp.max(first_centre(wp.min(u_long, u_short), camera.width), 0)
        end = wp.min(first_centre(wp.max(u_long, u_short), camera.width), camera.width)
        base = q[2] + (v - camera.cy) * step_v
        for column in range(first, end):
            w = base + (float(column) + 0.5 - camera.cx) * step_u
            put(keys, row, column, wp.clamp(w, w_low, w_high), triangle)


@wp.func
def narrow(span: wp.vec2, slope: float, offset: float):
    """The part of the interval of u in which slope * u + offset >= 0."""
    if slope > 0.0:
        return wp.vec2(wp.max(span[0], -offset / slope), span[1])
    if slope < 0.0:
        return wp.vec2(span[0], wp.min(span[1], -offset / slope))
    if offset < 0.0:
        return wp.vec2(1.0, 0.0)
    return span


@wp.func
def rows_of_edge(camera: Pinhole, a: wp.vec3, b: wp.vec3, rows: wp.vec2):
    """Extends the interval of v by the part of an edge in front of the near plane."""
    low = rows[0]
    high = rows[1]
    if a[2] >= camera.near:
        v = camera.fy * (a[1] / a[2]) + camera.cy
        low = wp.min(low, v)
        high = wp.max(high, v)
    if (a[2] < camera.near) != (b[2] < camera.near):
        y = a[1] + (camera.near - a[2]) / (b[2] - a[2]) * (b[1] - a[1])
        v = camera.fy * (y / camera.near) + camera.cy
        low = wp.min(low, v)
        high = wp.max(high, v)
    return wp.vec2(low, high)


@wp.func
def scan_edge_planes(camera: Pinhole, a: wp.vec3, b: wp.vec3, c: wp.vec3, q: wp.vec3, triangle: int, keys: wp.array2d(dtype=wp.uint64)):
    """Rows of a triangle anywhere: a ray d meets it when it lies on the inner side of the planes through the eye and each edge."""
    rows = wp.vec2(1.0e30, -1.0e30)
    rows = rows_of_edge(camera, a, b, rows)
    rows = rows_of_edge(camera, b, c, rows)
    rows = rows_of_edge(camera, c, a, rows)
    top = wp.max(first_centre(rows[0] - 1.0, camera.height), 0)
    bottom = wp.min(first_centre(rows[1] + 1.0, camera.height), camera.height)
    ab = wp.cross(a, b - a)
    bc = wp.cross(b, c - b)
    ca = wp.cross(c, a - c)
    if wp.dot(a, bc) < 0.0:
        ab = -ab
        bc = -bc
        ca = -ca
    nearest = 1.0 / camera.near
    for row in range(top, bottom):
        y = (float(row) + 0.5 - camera.cy) / camera.fy
        left = -camera.cx / camera.fx
        right = (float(camera.width) - camera.cx) / camera.fx
        span = wp.vec2(left, right)
        span = narrow(span, ab[0], ab[1] * y + ab[2])
        span = narrow(span, bc[0], bc[1] * y + bc[2])
        span = narrow(span, ca[0], ca[1] * y + ca[2])
        span = narrow(span, -q[0], nearest - (q[1] * y + q[2]))
        if span[0] <= span[1]:
            first = wp.max(first_centre(span[0] * camera.fx + camera.cx - OVERLAP_PX, camera.width), 0)
            end = wp.min(first_centre(span[1] * camera.fx + camera.cx + OVERLAP_PX, camera.width), camera.width)
            for column in range(first, end):
                w = q[0] * ((float(column) + 0.5 - camera.cx) / camera.fx) + (q[1] * y + q[2])
                if w > 0.0:
                    put(keys, row, column, w, triangle)


@wp.kernel
def scan_triangles(
    spans: wp.array(dtype=wp.vec4i),
    triangles: wp.array(dtype=wp.vec3i),
    points: wp.array(dtype=wp.vec3),
    screen: wp.array(dtype=wp.vec3),
    camera: Pinhole,
    planes: wp.array(dtype=wp.vec3),
    keys: wp.array2d(dtype=wp.uint64),
):
    """One triangle a thread. A span is (first, end, instance, 1 where backs need not be drawn)."""
    block, lane = wp.tid()
    span = spans[block]
    i = span[0] + lane
    if i >= span[1]:
        return
    t = triangles[i]
    s0 = screen[t[0]]
    s1 = screen[t[1]]
    s2 = screen[t[2]]
    usable = s0[2] > 0.0 and s1[2] > 0.0 and s2[2] > 0.0
    if usable:
        low_u = wp.min(s0[0], wp.min(s1[0], s2[0]))
        high_u = wp.max(s0[0], wp.max(s1[0], s2[0]))
        low_v = wp.min(s0[1], wp.min(s1[1], s2[1]))
        high_v = wp.max(s0[1], wp.max(s1[1], s2[1]))
        if wp.min(first_centre(high_v, camera.height), camera.height) <= wp.max(first_centre(low_v, camera.height), 0):
            return
        if wp.min(first_centre(high_u, camera.width), camera.width) <= wp.max(first_centre(low_u, camera.width), 0):
            return
        if span[3] == 1 and (s1[0] - s0[0]) * (s2[1] - s0[1]) - (s1[1] - s0[1]) * (s2[0] - s0[0]) > 0.0:
            return
    a = points[t[0]]
    b = points[t[1]]
    c = points[t[2]]
    if not usable and wp.max(a[2], wp.max(b[2], c[2])) < camera.near:
        return
    q = nearness_plane(a, b, c, camera.far)
    if q[0] == 0.0 and q[1] == 0.0 and q[2] == 0.0:
        return
    planes[i] = q
    if usable:
        scan_image_triangle(camera, s0, s1, s2, q, i, keys)
    else:
        scan_edge_planes(camera, a, b, c, q, i, keys)


@wp.kernel
def resolve(keys: wp.array2d(dtype=wp.uint64), run: int, triangle: wp.array2d(dtype=wp.int32)):
    """The winners, or -1. `keys` is left cleared for the next view."""
    row, part = wp.tid()
    for column in range(part * run, wp.min(part * run + run, triangle.shape[1])):
        key = keys[row, column]
        winner = int(-1)
        if key != wp.uint64(0):
            winner = int(key & wp.uint64(0xFFFFFFFF))
        triangle[row, column] = winner
        keys[row, column] = wp.uint64(0)
