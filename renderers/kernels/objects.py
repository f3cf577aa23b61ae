# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""How many pixels each instance shows, and how many it would show alone."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, apply, mat34
from renderers.kernels.culling import Blocks, eye_is_outside, may_be_seen
from renderers.kernels.raster import Canvas, Triangles, rows_high, scan, set_up

wp.set_module_options(KERNEL_OPTIONS)

LARGE_ROWS = wp.constant(16)  # a triangle of more rows is shared by all lanes of its block

# Columns of a tally [I, 5]: how many pixels, and the lowest and highest column and row among them.
PIXELS, LEFT, TOP, RIGHT, BOTTOM = wp.constant(0), wp.constant(1), wp.constant(2), wp.constant(3), wp.constant(4)


@wp.func
def tally(counts: wp.array2d(dtype=wp.int32), instance: int, row: int, first: int, last: int):
    """Adds the pixels first ... last of a row."""
    wp.atomic_add(counts, instance, PIXELS, last - first + 1)
    wp.atomic_min(counts, instance, LEFT, first)
    wp.atomic_min(counts, instance, TOP, row)
    wp.atomic_max(counts, instance, RIGHT, last)
    wp.atomic_max(counts, instance, BOTTOM, row)


@wp.kernel
def tally_visible(
    eye: Eye,
    view: int,
    triangle: wp.array3d(dtype=wp.int32),
    triangle_instance: wp.array(dtype=wp.int32),
    counts: wp.array2d(dtype=wp.int32),
):
    """Pixels of each instance in a view; runs of one instance along a row are added at once."""
    row, part = wp.tid()
    begin = part * eye.run
    end = wp.min(begin + eye.run, eye.width)
    last = int(-1)
    owner = int(-1)
    first = begin
    for column in range(begin, end):
        t = triangle[view, row, column]
        if t != last:
            last = t
            now = int(-1)
            if t >= 0:
                now = triangle_instance[t]
            if now != owner:
                if owner >= 0:
                    tally(counts, owner, row, first, column - 1)
                owner = now
                first = column
    if owner >= 0:
        tally(counts, owner, row, first, end - 1)


@wp.kernel
def draw_alone(
    eye: Eye,
    slot: int,
    lanes: int,
    among: wp.array(dtype=wp.int32),
    layer: wp.array(dtype=wp.int32),
    blocks: Blocks,
    eye_from_object: wp.array2d(dtype=mat34),
    space: Triangles,
    keys: wp.array3d(dtype=wp.uint64),
):
    """Draws triangle blocks as `kernels.raster.scan_triangles` does, but each instance into a layer of its own: layer [I]."""
    block, lane = wp.tid()
    chosen = among[block]
    span = blocks.spans[chosen]
    pose = eye_from_object[0, span[2]]
    if not may_be_seen(eye, apply(pose, blocks.centre[chosen]), blocks.radius[chosen]):
        return
    fronts_only = blocks.closed[chosen] and eye_is_outside(eye, pose, blocks.low[span[2]], blocks.high[span[2]])
    canvas = Canvas()
    canvas.layer = layer[span[2]]
    for i in range(span[0], span[1]):
        mine = (i - span[0]) % lanes == lane
        canvas.first = 0
        canvas.step = 1
        if lanes > 1 and rows_high(eye, 0, i, space) > LARGE_ROWS:
            mine = True
            canvas.first = lane
            canvas.step = lanes
        if mine and set_up(eye, 0, slot, i, fronts_only, space):
            scan(eye, 0, slot, i, canvas, space, keys)


@wp.kernel
def count_alone(
    run: int,
    windows: wp.array(dtype=wp.vec4i),
    keys: wp.array3d(dtype=wp.uint64),
    counts: wp.array(dtype=wp.int32),
):
    """Pixels drawn in each layer, all of which lie within its window (left, top, right, bottom); they are left cleared."""
    layer, line, part = wp.tid()
    window = windows[layer]
    row = window[1] + line
    if row >= window[3]:
        return
    begin = window[0] + part * run
    found = int(0)
    for column in range(begin, wp.min(begin + run, window[2])):
        if keys[layer, row, column] != wp.uint64(0):
            found += 1
            keys[layer, row, column] = wp.uint64(0)
    if found > 0:
        wp.atomic_add(counts, layer, found)
