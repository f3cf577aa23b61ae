# mypy: ignore-errors
# ruff: noqa: ARG001, F401
"""How much of the sky is hidden by what is near: horizons around points of a coarse grid, blended into the pixels between them.

The hemisphere above a point is cut into wedges; in each, the image is searched for what rises highest above the surface (Bavoil et al.,
"Image-space horizon-based ambient occlusion", 2008). What lies REACH_M away hides nothing, so things do not darken what stands far behind
them. Neighbours on the grid look in different directions, and a mean that weighs them alike follows: all is smooth, nothing is random.
"""

from typing import Any

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, mat34
from renderers.kernels.lane_arrays import pixel_from, pixels_from, rays_through, take, take_near
from renderers.kernels.lane_outputs import store
from renderers.kernels.lanes import (
    LANES,
    absolute,
    add,
    anywhere,
    below,
    bit_and,
    cross,
    div,
    dot,
    floored,
    length,
    maximum,
    minimum,
    mul,
    part,
    real,
    root,
    sub,
    triple,
    turned,
    unit,
    where,
    whole,
)
from renderers.kernels.motion import Sight

wp.set_module_options(KERNEL_OPTIONS)

CELL = wp.constant(4)  # pixels from one point of the grid to the next
REACH_M = wp.constant(0.5)
FURTHEST_CELLS = wp.constant(48.0)
WEDGES = wp.constant(8)
STEPS = wp.constant(3)
EVEN = wp.constant(0.03)  # sine of the elevation up to which a surface counts as even
# A few looks miss the highest point, and what the image does not show hides light too; before walls this makes up for it.
UNSEEN = wp.constant(1.6)
DEEPEST = wp.constant(0.6)  # most that counts as hidden: narrow gaps between points of the grid would otherwise show as spots
# What stands on open ground: within which distance it hides the sky, how high it may rise, and how much is hidden beneath a car.
FOOT_M, LOWEST_FOOT_M, HIGHEST_FOOT_M, DEEPEST_FOOT = wp.constant(0.7), wp.constant(0.06), wp.constant(2.5), wp.constant(0.92)
RIM_M = wp.constant(3.0)  # over which the map of what stands there fades out
SAME_PLANE_M = wp.constant(0.01)
NOWHERE_M = wp.constant(1.0e15)


@wp.struct
class Heights:
    """A map [size * size] of how high low things reach, seen from straight above: z of the world is its value plus `level`.

    The world's (x, y) lies at focal * x + cx, cy - focal * y, in texels. size 0: there is none.
    """

    texels: wp.array(dtype=wp.float32)
    size: wp.int32
    focal: wp.float32
    cx: wp.float32
    cy: wp.float32
    level: wp.float32


@wp.struct
class Grid:
    """Points [B, height * width] (with room for LANES behind) of the surface under every CELL-th pixel.

    place: eye's frame, far away where there is none. nearness: of `Views.planes`, 0 for none. hidden: share of the sky as each point sees
    it, and `smooth`, the mean over its neighbours. heights: of what stands around, which the image may not show.
    """

    width: wp.int32
    height: wp.int32
    place: wp.array2d(dtype=wp.vec3)
    nearness: wp.array2d(dtype=wp.float32)
    hidden: wp.array2d(dtype=wp.float32)
    smooth: wp.array2d(dtype=wp.float32)
    heights: Heights
    world_from_eye: wp.array(dtype=mat34)


@wp.func
def grid_pixel(cell: Any, size: int):
    """The column (or row) of the pixel that a column (or row) of the grid stands for."""
    return minimum(cell * CELL + CELL // 2, size - 1)


@wp.func
def on_grid(position: Any, size: int):
    """The nearest cell in a row (or column) of the grid; also for what is not a number."""
    return whole(maximum(minimum(position, float(size) - 0.5), 0.0))


@wp.func
def survey(eye: Eye, b: int, row: int, column: Any, t: Any, plane: Any, cell: Any, down: int, end: int, first: int, grid: Grid):
    """Places points."""
    ray = rays_through(eye, row, column)
    nearness = where(below(t, 0), 0.0, dot(plane, ray))
    nowhere = wp.vec3(NOWHERE_M, NOWHERE_M, NOWHERE_M)
    start = down * grid.width
    store(grid.place[b], start + first, start + end, where(below(t, 0), nowhere, ray * (1.0 / nearness)))
    store(grid.nearness[b], start + first, start + end, nearness)


@wp.func
def highest(here: Any, normal: Any, u: Any, v: Any, du: Any, dv: Any, shift: Any, places: wp.array(dtype=wp.vec3), grid: Grid):
    """Share of a wedge's light that is hidden by what the image shows on the way from (u, v) to (u + du, v + dv), in cells."""
    most = shift * 0.0
    for step in range(STEPS):
        out = (float(step) + shift) * (1.0 / float(STEPS))
        out = out * out
        there = take(places, on_grid(v + dv * out, grid.height) * grid.width + on_grid(u + du * out, grid.width)) - here
        squared = dot(there, there) + 1.0e-12
        fade = maximum(1.0 - squared * (1.0 / (REACH_M * REACH_M)), 0.0)
        elevation = maximum(dot(there, normal) / root(squared) - EVEN, 0.0)
        most = maximum(most, elevation * elevation * fade)
    # Before a wall this is the integral over its height, 1 - k + k ln k, where the highest term is (1 - sqrt(k))^2.
    return most * (1.9 - 0.95 * most)


@wp.func
def at_feet(place: Any, upright: Any, turn: Any, shift: Any, heights: Heights):
    """Share of the sky that is hidden from a world's point, on a surface as upright as this, by what stands there or over it.

    Things are taken for columns from the ground up: their undersides are nowhere seen.
    """
    size = float(heights.size)
    u = part(place, 0) * heights.focal + heights.cx
    v = heights.cy - part(place, 1) * heights.focal
    inside = minimum(minimum(u, size - u), minimum(v, size - v)) * (1.0 / (RIM_M * heights.focal))
    inside = maximum(minimum(inside, 1.0), 0.0) * maximum(minimum(2.0 * upright - 1.0, 1.0), 0.0)
    hidden = u * 0.0
    if anywhere(below(0.0, inside)):
        floor = heights.level - part(place, 2) - LOWEST_FOOT_M
        for wedge in range(WEDGES):
            angle = 6.2831853 * (float(wedge) + 0.25) / float(WEDGES)
            du = (wp.cos(angle) - turn * wp.sin(angle)) * (FOOT_M * heights.focal)
            dv = (wp.sin(angle) + turn * wp.cos(angle)) * (FOOT_M * heights.focal)
            most = u * 0.0
            for step in range(STEPS):
                out = (float(step) + shift) * (1.0 / float(STEPS))
                out = out * out
                row = whole(maximum(minimum(v + dv * out, size - 1.0), 0.0))
                column = whole(maximum(minimum(u + du * out, size - 1.0), 0.0))
                rise = maximum(take(heights.texels, row * heights.size + column, 0) + floor, 0.0)
                rise = where(below(rise, HIGHEST_FOOT_M), rise * rise, 0.0)
                far = out * out
                most = maximum(most, rise / (rise + far * (FOOT_M * FOOT_M) + 1.0e-4) * (1.0 - far))
            hidden += most * (1.9 - 0.95 * most)
        hidden = minimum(hidden * (1.0 / float(WEDGES)), DEEPEST_FOOT) * inside
    return hidden


@wp.func
def search(eye: Eye, b: int, row: int, column: Any, t: Any, plane: Any, cell: Any, down: int, end: int, first: int, grid: Grid):
    """Finds what share of the sky is hidden above points."""
    normal = unit(plane) * -1.0
    x = part(normal, 0)
    y = part(normal, 1)
    z = part(normal, 2)
    # Axes in the surface: Duff et al., "Building an orthonormal basis, revisited", 2017.
    sign = where(below(z, 0.0), -1.0, 1.0)
    a = -1.0 / (sign + z)
    one = triple(1.0 + sign * x * x * a, sign * x * y * a, -1.0 * sign * x)
    two = triple(x * y * a, sign + y * y * a, -1.0 * y)
    # An axis is du * right + dv * low + some multiple of the ray: du and dv are its direction in the image.
    ray = rays_through(eye, row, column)
    right = ray - rays_through(eye, row, maximum(column - 1, 0))
    low = ray - rays_through(eye, wp.max(row - 1, 0), column)
    for_u = cross(low, ray)
    for_v = cross(ray, right)
    reach = minimum(dot(plane, ray) / length(right) * (REACH_M / float(CELL)), FURTHEST_CELLS)
    per_pixel = length(right) / dot(right, for_u)
    phase = (cell & 1) + 2 * (down & 1)
    shift = 0.25 + 0.25 * real((phase * 3 + 1 + (down & 1)) & 3)
    turn = real(phase) * (1.5707963 / float(WEDGES))
    cos_turn = 1.0 - 0.5 * turn * turn
    sin_turn = turn - 0.1667 * turn * turn * turn
    hidden = reach * 0.0
    for wedge in range(WEDGES):
        angle = 6.2831853 * (float(wedge) + 0.25) / float(WEDGES)
        axis = one * (wp.cos(angle) * cos_turn - wp.sin(angle) * sin_turn) + two * (wp.sin(angle) * cos_turn + wp.cos(angle) * sin_turn)
        du = dot(axis, for_u) * per_pixel
        dv = dot(axis, for_v) * per_pixel
        # As far as the reach lies along the surface, and half-way (in proportion) to as far as it lies across the ray, up a wall.
        stretch = reach / root(root(du * du + dv * dv + 1.0e-9))
        u = real(cell) + 0.5
        v = real(cell) * 0.0 + (float(down) + 0.5)
        hidden += highest(
            take(grid.place[b], cell + down * grid.width), normal, u, v, du * stretch, dv * stretch, shift, grid.place[b], grid
        )
    hidden = minimum(hidden * (UNSEEN / float(WEDGES)), DEEPEST)
    if grid.heights.size > 0:
        pose = grid.world_from_eye[b]
        place = turned(pose, take(grid.place[b], cell + down * grid.width)) + wp.vec3(pose[0, 3], pose[1, 3], pose[2, 3])
        upright = x * pose[2, 0] + y * pose[2, 1] + z * pose[2, 2]
        hidden = maximum(hidden, at_feet(place, upright, turn, shift, grid.heights))
    start = down * grid.width
    store(grid.hidden[b], start + first, start + end, where(below(t, 0), 0.0, hidden))


@wp.func
def affinity(eye: Eye, plane: Any, per_distance: Any, i: Any, j: int, nearness: Any):
    """How well the grid's point (i, j), at this nearness, lies in a plane: from 1 in it to 0 beyond SAME_PLANE_M."""
    own = dot(plane, rays_through(eye, grid_pixel(j, eye.height), grid_pixel(i, eye.width)))
    apart = (nearness - own) * per_distance
    close = maximum(1.0 - apart * apart, 0.0)
    return close * close


@wp.func
def per_distance_from(plane: Any, ray: Any):
    """What turns differences of nearness to a plane, about a point of it, into distances from it, in SAME_PLANE_M."""
    return 1.0 / (dot(plane, ray) * length(plane) * SAME_PLANE_M)


@wp.func
def smooth(eye: Eye, b: int, row: int, column: Any, t: Any, plane: Any, cell: Any, down: int, end: int, first: int, grid: Grid):
    """Means over neighbours in the same plane; the weights take in each of the four phases alike."""
    per_distance = per_distance_from(plane, rays_through(eye, row, column))
    total = real(cell) * 0.0
    hidden = total
    for k in range(-1, 2):
        j = wp.clamp(down + k, 0, grid.height - 1)
        for m in range(-1, 2):
            i = maximum(minimum(cell + m, grid.width - 1), 0)
            at = i + j * grid.width
            weight = float((2 - wp.abs(k)) * (2 - wp.abs(m))) * affinity(eye, plane, per_distance, i, j, take(grid.nearness[b], at, 0))
            total += weight
            hidden += weight * take(grid.hidden[b], at, 0)
    start = down * grid.width
    store(grid.smooth[b], start + first, start + end, where(below(t, 0), 0.0, hidden / total))


@wp.func
def sky_share(eye: Eye, b: int, row: int, column: Any, first: int, ray: Any, plane: Any, grid: Grid):
    """Share of the sky that is open above a pixel's point: as above the four points of the grid around it, if they lie in its plane.

    Columns lie in the LANES from `first` on.
    """
    per_distance = per_distance_from(plane, ray)
    down = (float(row) - float(CELL // 2)) / float(CELL)
    across = (real(column) - float(CELL // 2)) * (1.0 / float(CELL))
    top = wp.floor(down)
    left = floored(across)
    start = wp.max(first - CELL // 2, 0) // CELL
    total = across * 0.0
    hidden = total
    for k in range(2):
        j = wp.clamp(int(top) + k, 0, grid.height - 1)
        for m in range(2):
            i = maximum(minimum(whole(left) + m, grid.width - 1), 0)
            at = j * grid.width + start
            weight = (1.0 - wp.abs(down - top - float(k))) * (1.0 - absolute(across - left - float(m)))
            weight = weight * affinity(eye, plane, per_distance, i, j, take_near(grid.nearness[b], at, i - start)) + 1.0e-6
            total += weight
            hidden += weight * take_near(grid.smooth[b], at, i - start)
    return 1.0 - hidden / total


def _over_grid(task, cells_from, step):
    """A kernel that does a task for `step` neighbouring cells at a time."""

    @wp.kernel(module="unique", module_options={**KERNEL_OPTIONS, "max_unroll": 1})
    def ambient(extent: Eye, first_row: int, eye: Eye, now: wp.array(dtype=wp.int32), sight: Sight, grid: Grid):
        """Of batch entry b, which is view now[b]."""
        b, band_row, part_of_row = wp.tid()
        down = first_row + band_row
        row = grid_pixel(down, eye.height)
        end = wp.min(part_of_row * extent.run + extent.run, extent.width)
        for first in range(part_of_row * extent.run, end, step):
            cell = minimum(cells_from(first), end - 1)
            column = grid_pixel(cell, eye.width)
            t = take(sight.triangle[now[b]][row], column)
            plane = take(sight.planes[now[b]], maximum(t, 0))
            task(eye, b, row, column, t, plane, cell, down, end, first, grid)

    return ambient


TASKS_BY_LANES = tuple(_over_grid(task, pixels_from, LANES) for task in (survey, search, smooth))
TASKS_BY_POINTS = tuple(_over_grid(task, pixel_from, 1) for task in (survey, search, smooth))
