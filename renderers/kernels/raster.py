# mypy: ignore-errors
# ruff: noqa: UP018
"""Triangles scanned into pixels; the nearest wins.

A triangle in front of the near plane is scanned row by row between its edges in the image; the pixel centre decides, left and top borders
belong to it (so triangles that share an edge share no pixel and leave none out). A triangle that crosses the near plane, or reaches
far outside the image, is scanned by its edge planes through the eye instead, which needs no clipping (Olano and Greer, "Triangle scan
conversion using 2D homogeneous coordinates", 1997).
"""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, apply, mat34, rotate
from renderers.kernels.culling import Blocks, all_backs, eye_is_outside, may_be_seen

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
def project(eye: Eye, p: wp.vec3):
    """(u, v, nearness), with nearness 0 where the image position is not usable."""
    if eye.far > 0.0:
        return wp.vec3(eye.fx * p[0] + eye.cx, eye.fy * p[1] + eye.cy, eye.far - p[2])
    if p[2] < eye.near:
        return wp.vec3(0.0, 0.0, 0.0)
    w = 1.0 / p[2]
    u = eye.fx * (p[0] * w) + eye.cx
    v = eye.fy * (p[1] * w) + eye.cy
    if wp.abs(u) > GUARD_PX or wp.abs(v) > GUARD_PX:
        return wp.vec3(0.0, 0.0, 0.0)
    return wp.vec3(u, v, w)


@wp.kernel
def place_vertices(
    eye: Eye,
    slots: wp.array(dtype=wp.int32),
    first_block: int,
    lanes: int,
    spans: wp.array(dtype=wp.vec3i),
    blocks: Blocks,
    eye_from_object: wp.array2d(dtype=mat34),
    vertices: wp.array(dtype=wp.vec3),
    points: wp.array2d(dtype=wp.vec3),
    screen: wp.array2d(dtype=wp.vec3),
):
    """Vertices of those instances that may be seen, in the frame of each eye and in its image."""
    k, block, lane = wp.tid()
    span = spans[first_block + block]
    pose = eye_from_object[k, span[2]]
    if not may_be_seen(eye, apply(pose, blocks.instance_centre[span[2]]), blocks.instance_radius[span[2]]):
        return
    slot = slots[k]
    for i in range(span[0] + lane, span[1], lanes):
        p = apply(pose, vertices[i])
        points[slot, i] = p
        screen[k, i] = project(eye, p)


@wp.func
def first_centre(x: float, limit: int):
    """Index of the first pixel centre (k + 0.5) at or after x, within [0, limit]."""
    return int(wp.ceil(wp.clamp(x, -1.0, float(limit) + 1.0) - 0.5))


@wp.func
def put(keys: wp.array3d(dtype=wp.uint64), layer: int, row: int, column: int, nearness: float, triangle: int):
    key = (wp.uint64(wp.cast(nearness, wp.uint32)) << wp.uint64(32)) | wp.uint64(triangle)
    wp.atomic_max(keys, layer, row, column, key)


@wp.struct
class Canvas:
    """Where a triangle is drawn: a layer of the keys, and of its rows every `step`-th from `first` on."""

    layer: wp.int32
    first: wp.int32
    step: wp.int32


@wp.func
def scan_image_triangle(
    eye: Eye, s0: wp.vec3, s1: wp.vec3, s2: wp.vec3, q: wp.vec3, triangle: int, canvas: Canvas, keys: wp.array3d(dtype=wp.uint64)
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
    top = wp.max(first_centre(a[1], eye.height), 0)
    bottom = wp.min(first_centre(c[1], eye.height), eye.height)
    slope_long = (c[0] - a[0]) / (c[1] - a[1])
    slope_upper = (b[0] - a[0]) / wp.max(b[1] - a[1], 1.0e-30)
    slope_lower = (c[0] - b[0]) / wp.max(c[1] - b[1], 1.0e-30)
    step_u = q[0] / eye.fx
    step_v = q[1] / eye.fy
    w_low = wp.min(a[2], wp.min(b[2], c[2]))
    w_high = wp.max(a[2], wp.max(b[2], c[2]))
    row = top + canvas.first
    while row < bottom:  # a range with a step that is not known costs more than such small loops do
        v = float(row) + 0.5
        u_long = a[0] + (v - a[1]) * slope_long
        u_short = a[0] + (v - a[1]) * slope_upper
        if v >= b[1]:
            u_short = b[0] + (v - b[1]) * slope_lower
        first = wp.max(first_centre(wp.min(u_long, u_short), eye.width), 0)
        end = wp.min(first_centre(wp.max(u_long, u_short), eye.width), eye.width)
        base = q[2] + (v - eye.cy) * step_v
        for column in range(first, end):
            w = base + (float(column) + 0.5 - eye.cx) * step_u
            put(keys, canvas.layer, row, column, wp.clamp(w, w_low, w_high), triangle)
        row += canvas.step


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
def rows_of_edge(eye: Eye, a: wp.vec3, b: wp.vec3, rows: wp.vec2):
    """Extends the interval of v by the part of an edge in front of the near plane."""
    low = rows[0]
    high = rows[1]
    if a[2] >= eye.near:
        v = eye.fy * (a[1] / a[2]) + eye.cy
        low = wp.min(low, v)
        high = wp.max(high, v)
    if (a[2] < eye.near) != (b[2] < eye.near):
        y = a[1] + (eye.near - a[2]) / (b[2] - a[2]) * (b[1] - a[1])
        v = eye.fy * (y / eye.near) + eye.cy
        low = wp.min(low, v)
        high = wp.max(high, v)
    return wp.vec2(low, high)


@wp.func
def scan_edge_planes(
    eye: Eye, a: wp.vec3, b: wp.vec3, c: wp.vec3, q: wp.vec3, triangle: int, canvas: Canvas, keys: wp.array3d(dtype=wp.uint64)
):
    """Rows of a triangle anywhere: a ray d meets it when it lies on the inner side of the planes through the eye and each edge."""
    rows = wp.vec2(1.0e30, -1.0e30)
    rows = rows_of_edge(eye, a, b, rows)
    rows = rows_of_edge(eye, b, c, rows)
    rows = rows_of_edge(eye, c, a, rows)
    top = wp.max(first_centre(rows[0] - 1.0, eye.height), 0)
    bottom = wp.min(first_centre(rows[1] + 1.0, eye.height), eye.height)
    ab = wp.cross(a, b - a)
    bc = wp.cross(b, c - b)
    ca = wp.cross(c, a - c)
    if wp.dot(a, bc) < 0.0:
        ab = -ab
        bc = -bc
        ca = -ca
    nearest = 1.0 / eye.near
    for row in range(top + canvas.first, bottom, canvas.step):
        y = (float(row) + 0.5 - eye.cy) / eye.fy
        left = -eye.cx / eye.fx
        right = (float(eye.width) - eye.cx) / eye.fx
        span = wp.vec2(left, right)
        span = narrow(span, ab[0], ab[1] * y + ab[2])
        span = narrow(span, bc[0], bc[1] * y + bc[2])
        span = narrow(span, ca[0], ca[1] * y + ca[2])
        span = narrow(span, -q[0], nearest - (q[1] * y + q[2]))
        if span[0] <= span[1]:
            first = wp.max(first_centre(span[0] * eye.fx + eye.cx - OVERLAP_PX, eye.width), 0)
            end = wp.min(first_centre(span[1] * eye.fx + eye.cx + OVERLAP_PX, eye.width), eye.width)
            for column in range(first, end):
                w = q[0] * ((float(column) + 0.5 - eye.cx) / eye.fx) + (q[1] * y + q[2])
                if w > 0.0:
                    put(keys, canvas.layer, row, column, w, triangle)


@wp.func
def misses_all_centres(eye: Eye, s0: wp.vec3, s1: wp.vec3, s2: wp.vec3):
    """Whether the box around an image triangle holds no pixel centre."""
    low_v = wp.min(s0[1], wp.min(s1[1], s2[1]))
    high_v = wp.max(s0[1], wp.max(s1[1], s2[1]))
    if wp.min(first_centre(high_v, eye.height), eye.height) <= wp.max(first_centre(low_v, eye.height), 0):
        return True
    low_u = wp.min(s0[0], wp.min(s1[0], s2[0]))
    high_u = wp.max(s0[0], wp.max(s1[0], s2[0]))
    return wp.min(first_centre(high_u, eye.width), eye.width) <= wp.max(first_centre(low_u, eye.width), 0)


@wp.struct
class Triangles:
    """Corners of all triangles, and where the vertices are: [S, V] in each eye's frame, [U, V] in its image."""

    corners: wp.array(dtype=wp.vec3i)
    points: wp.array2d(dtype=wp.vec3)
    screen: wp.array2d(dtype=wp.vec3)
    planes: wp.array2d(dtype=wp.vec3)


@wp.struct
class Queue:
    """Triangles that are too large for one thread: (k, slot, triangle) [Q], how many there are, and from how many rows on they count."""

    entries: wp.array(dtype=wp.vec3i)
    count: wp.array(dtype=wp.int32)
    rows: wp.int32


@wp.func
def scan(eye: Eye, k: int, slot: int, i: int, canvas: Canvas, from_space: Triangles, keys: wp.array3d(dtype=wp.uint64)):
    """Draws triangle i, whose plane is known."""
    t = from_space.corners[i]
    s0 = from_space.screen[k, t[0]]
    s1 = from_space.screen[k, t[1]]
    s2 = from_space.screen[k, t[2]]
    q = from_space.planes[slot, i]
    if s0[2] > 0.0 and s1[2] > 0.0 and s2[2] > 0.0:
        scan_image_triangle(eye, s0, s1, s2, q, i, canvas, keys)
    else:
        scan_edge_planes(
            eye, from_space.points[slot, t[0]], from_space.points[slot, t[1]], from_space.points[slot, t[2]], q, i, canvas, keys
        )


@wp.func
def set_up(eye: Eye, k: int, slot: int, i: int, fronts_only: bool, from_space: Triangles):
    """Whether triangle i may have a pixel; if so its plane is stored."""
    t = from_space.corners[i]
    s0 = from_space.screen[k, t[0]]
    s1 = from_space.screen[k, t[1]]
    s2 = from_space.screen[k, t[2]]
    usable = s0[2] > 0.0 and s1[2] > 0.0 and s2[2] > 0.0
    if usable:
        if misses_all_centres(eye, s0, s1, s2):
            return False
        if fronts_only and (s1[0] - s0[0]) * (s2[1] - s0[1]) - (s1[1] - s0[1]) * (s2[0] - s0[0]) > 0.0:
            return False
    a = from_space.points[slot, t[0]]
    b = from_space.points[slot, t[1]]
    c = from_space.points[slot, t[2]]
    if not usable and wp.max(a[2], wp.max(b[2], c[2])) < eye.near:
        return False
    q = nearness_plane(a, b, c, eye.far)
    if q[0] == 0.0 and q[1] == 0.0 and q[2] == 0.0:
        return False
    from_space.planes[slot, i] = q
    return True


@wp.func
def rows_high(eye: Eye, k: int, i: int, from_space: Triangles):
    """Image rows that triangle i may reach, at most."""
    t = from_space.corners[i]
    s0 = from_space.screen[k, t[0]]
    s1 = from_space.screen[k, t[1]]
    s2 = from_space.screen[k, t[2]]
    if s0[2] > 0.0 and s1[2] > 0.0 and s2[2] > 0.0:
        top = wp.max(first_centre(wp.min(s0[1], wp.min(s1[1], s2[1])), eye.height), 0)
        return wp.min(first_centre(wp.max(s0[1], wp.max(s1[1], s2[1])), eye.height), eye.height) - top
    return eye.height


@wp.func
def enqueue(queue: Queue, entry: wp.vec3i):
    """Whether there was room."""
    place = wp.atomic_add(queue.count, 0, 1)
    if place >= queue.entries.shape[0]:
        return False
    queue.entries[place] = entry
    return True


@wp.kernel
def scan_triangles(
    eye: Eye,
    slots: wp.array(dtype=wp.int32),
    first_block: int,
    lanes: int,
    layers: int,
    layer: int,
    among: wp.array(dtype=wp.int32),
    blocks: Blocks,
    eye_from_object: wp.array2d(dtype=mat34),
    from_space: Triangles,
    queue: Queue,
    keys: wp.array3d(dtype=wp.uint64),
):
    """The blocks `among` for eye k, drawn into layer k * layers + layer. Large triangles go to the queue if that has room."""
    k, block, lane = wp.tid()
    chosen = among[first_block + block]
    span = blocks.spans[chosen]
    pose = eye_from_object[k, span[2]]
    centre = apply(pose, blocks.centre[chosen])
    if not may_be_seen(eye, centre, blocks.radius[chosen]):
        return
    slot = slots[k]
    fronts_only = blocks.closed[chosen] and eye_is_outside(eye, pose, blocks.low[span[2]], blocks.high[span[2]])
    cone = blocks.cone[chosen]
    if fronts_only and all_backs(eye, centre, blocks.radius[chosen], rotate(pose, wp.vec3(cone[0], cone[1], cone[2])), cone[3]):
        return
    canvas = Canvas()
    canvas.layer = k * layers + layer
    canvas.first = 0
    canvas.step = 1
    i = span[0] + lane
    while i < span[1]:
        if set_up(eye, k, slot, i, fronts_only, from_space):
            queued = bool(False)
            if queue.entries.shape[0] > 0 and rows_high(eye, k, i, from_space) > queue.rows:
                queued = enqueue(queue, wp.vec3i(k, slot, i))
            if not queued:
                scan(eye, k, slot, i, canvas, from_space, keys)
        i += lanes


@wp.kernel
def scan_queue(eye: Eye, layers: int, lanes: int, from_space: Triangles, queue: Queue, keys: wp.array3d(dtype=wp.uint64)):
    """Large triangles, each shared by `lanes` threads that take every lanes-th row."""
    q, lane = wp.tid()
    if q >= queue.count[0]:
        return
    entry = queue.entries[q]
    canvas = Canvas()
    canvas.layer = entry[0] * layers
    canvas.first = lane
    canvas.step = lanes
    scan(eye, entry[0], entry[1], entry[2], canvas, from_space, keys)


@wp.func
def winner(layers: int, k: int, row: int, column: int, keys: wp.array3d(dtype=wp.uint64)):
    """The greatest key of a pixel among the layers of eye k; they are left cleared for the next view."""
    best = wp.uint64(0)
    for layer in range(k * layers, k * layers + layers):
        best = wp.max(best, keys[layer, row, column])
        keys[layer, row, column] = wp.uint64(0)
    return best


@wp.kernel
def resolve(
    eye: Eye,
    first_row: int,
    slots: wp.array(dtype=wp.int32),
    layers: int,
    keys: wp.array3d(dtype=wp.uint64),
    triangle: wp.array3d(dtype=wp.int32),
):
    """The winners, or -1."""
    k, band_row, part = wp.tid()
    row = first_row + band_row
    slot = slots[k]
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        key = winner(layers, k, row, column, keys)
        if key != wp.uint64(0):
            triangle[slot, row, column] = int(key & wp.uint64(0xFFFFFFFF))
        else:
            triangle[slot, row, column] = -1
