# mypy: ignore-errors
# ruff: noqa: F401
"""How much of a light reaches a point, from maps of the nearness that the light sees.

A texel blocks the light when what it holds is nearer than the point's own plane, extended to the texel's centre. So flat and gently curved
surfaces do not shadow themselves however obliquely they are lit, and no bias detaches shadows from what casts them.
"""

from typing import Any

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, mat34
from renderers.kernels.lane_arrays import take
from renderers.kernels.lanes import (
    absolute,
    add,
    below,
    bit_and,
    bit_or,
    div,
    floored,
    maximum,
    minimum,
    mul,
    part,
    sub,
    triple,
    turned,
    where,
    whole,
)

wp.set_module_options(KERNEL_OPTIONS)

# A blocker must be nearer by this fraction of the distance; what stands on a floor is joined to its shadow up to a few millimetres.
CLEARANCE = wp.constant(1.0e-3)
SUN_CLEARANCE_M = wp.constant(2.0e-3)
STEEP = wp.constant(3.0)  # texels by which the plane of a surface that light grazes rises above the point
COARSE_CLEARANCE = wp.constant(0.5)  # of a texel, where that is more: inner edges and curves leave a plane between texels


@wp.struct
class LightRow:
    """A light and its maps. `far` > 0: parallel light, z of the map's frame is its direction; else a point light with a cube map.

    place: where it is, or the unit vector towards it, in the world. normal: of a piece of an area light, which lights only what lies
    before it; zero for what radiates alike in all directions. size: texels of a map's edge.
    Of a point light, offset: where its maps start among the texels of all maps; focal: texels. Of parallel light, map_from_world: rigid;
    first_map, end_map: its maps, each finer than the one before.
    """

    place: wp.vec3
    power: wp.vec3
    normal: wp.vec3
    map_from_world: mat34
    far: wp.float32
    offset: wp.int32
    size: wp.int32
    focal: wp.float32
    per_focal: wp.float32
    first_map: wp.int32
    end_map: wp.int32


@wp.struct
class SunMapRow:
    """A map of parallel light: where it starts among the texels of all maps, texels per metre, and the middle of the light's frame."""

    offset: wp.int32
    focal: wp.float32
    per_focal: wp.float32
    cx: wp.float32
    cy: wp.float32


@wp.func
def open_share(
    light: LightRow, first: Any, s: Any, t: Any, own: Any, step_s: Any, step_t: Any, margin: Any, maps: wp.array(dtype=wp.float32)
):
    """Share in [0, 1] of the four texels around (s, t) that hold nothing nearer than a plane: `own` there, growing by the steps."""
    left = floored(s)
    top = floored(t)
    fs = s - left
    ft = t - top
    rest_s = 1.0 - fs
    rest_t = 1.0 - ft
    lowest = 0.5 * own + margin  # near the horizon of the surface its plane falls off without bound
    here = own - fs * step_s - ft * step_t + margin
    below_here = here + step_t
    at = first + whole(top) * light.size + whole(left)
    blocked = where(below(maximum(here, lowest), take(maps, at, 0)), rest_s * rest_t, 0.0)
    blocked += where(below(maximum(here + step_s, lowest), take(maps, at, 1)), fs * rest_t, 0.0)
    blocked += where(below(maximum(below_here, lowest), take(maps, at, light.size)), rest_s * ft, 0.0)
    blocked += where(below(maximum(below_here + step_s, lowest), take(maps, at, light.size + 1)), fs * ft, 0.0)
    return maximum(1.0 - blocked, 0.0)


@wp.func
def weigh(texel: Any, plane: Any, own: Any, margin: Any, steep: Any, weight: Any):
    """(weight if a texel shows that light comes by, weight if it shows something in the way, 0).

    It shows something in the way when that is nearer than both the point and its plane. What is nearer than the point but behind its plane
    there may be the top of the same body, or a roof; so may what lies in the plane of a surface that light grazes: it shows nothing.
    """
    nearer = below(own + margin, texel)
    blocks = nearer & below(plane + margin, texel)
    unclear = nearer & (below(texel, plane - margin) | below(own + steep, plane))
    return triple(where(blocks | unclear, 0.0, weight), where(blocks, weight, 0.0), weight * 0.0)


@wp.func
def weigh_row(
    at: Any,
    plane: Any,
    step: Any,
    own: Any,
    margin: Any,
    steep: Any,
    before: Any,
    middle: Any,
    after: Any,
    maps: wp.array(dtype=wp.float32),
):
    """The same of three neighbouring texels, from `at` on; the plane is given at the middle one."""
    total = weigh(take(maps, at, 0), plane - step, own, margin, steep, before)
    total += weigh(take(maps, at, 1), plane, own, margin, steep, middle)
    return total + weigh(take(maps, at, 2), plane + step, own, margin, steep, after)


@wp.func
def open_share_softly(
    light: LightRow, first: Any, s: Any, t: Any, own: Any, step_s: Any, step_t: Any, texel: Any, maps: wp.array(dtype=wp.float32)
):
    """The same of nine texels, weighted by a quadratic B-spline: the sun is no point, and its shadows end softly."""
    column = floored(s + 0.5)
    row = floored(t + 0.5)
    fs = s - column
    ft = t - row
    before = 0.5 * (0.5 - fs) * (0.5 - fs)
    middle = 0.75 - fs * fs
    after = 0.5 * (0.5 + fs) * (0.5 + fs)
    plane = own - fs * step_s - ft * step_t
    margin = maximum(texel * COARSE_CLEARANCE, SUN_CLEARANCE_M)
    steep = texel * STEEP
    at = first + whole(row) * light.size + whole(column) - 1
    total = weigh_row(at - light.size, plane - step_t, step_s, own, margin, steep, before, middle, after, maps) * (
        0.5 * (0.5 - ft) * (0.5 - ft)
    )
    total += weigh_row(at, plane, step_s, own, margin, steep, before, middle, after, maps) * (0.75 - ft * ft)
    total += weigh_row(at + light.size, plane + step_t, step_s, own, margin, steep, before, middle, after, maps) * (
        0.5 * (0.5 + ft) * (0.5 + ft)
    )
    return part(total, 0) / maximum(part(total, 0) + part(total, 1), 1.0e-6)


@wp.func
def lit_by_point(light: LightRow, maps: wp.array(dtype=wp.float32), to_light: Any, facing: Any, cos_facing: Any):
    """Share of a point light that reaches a point; to_light leads from it to the light, cos_facing = facing . to_light > 0."""
    x = part(to_light, 0)
    y = part(to_light, 1)
    z = part(to_light, 2)
    ax = absolute(x)
    ay = absolute(y)
    az = absolute(z)
    # The six faces: +x, -x, +y, -y, +z, -z as the light sees the point; (s, t) along the axes of `renderers.shadows.FACE_AXES`.
    reach = maximum(ax, maximum(ay, az))
    off_x = below(ax, reach)
    on_z = below(maximum(ax, ay), az)
    negative = below(0.0, where(off_x, where(on_z, z, y), x))
    side = where(negative, -1.0, 1.0)
    other = where(negative, 1.0, -1.0)
    s = where(off_x, where(on_z, -1.0 * x, other * x), side * y)
    t = where(on_z, other * y, z)
    slope_s = where(off_x, where(on_z, part(facing, 0), side * part(facing, 0)), other * part(facing, 1))
    slope_t = where(on_z, side * part(facing, 1), -1.0 * part(facing, 2))
    face = where(off_x, where(on_z, 4, 2), 0) + where(negative, 1, 0)
    middle = 0.5 * float(light.size) - 0.5
    own = 1.0 / maximum(reach, 1.0e-6)
    scale = -light.per_focal / cos_facing
    first = light.offset + face * (light.size * light.size)
    to_map = own * light.focal
    return open_share(light, first, s * to_map + middle, t * to_map + middle, own, slope_s * scale, slope_t * scale, CLEARANCE * own, maps)


@wp.func
def lit_by_sun(light: LightRow, sun_maps: wp.array(dtype=SunMapRow), maps: wp.array(dtype=wp.float32), x: Any, facing: Any):
    """Share of parallel light that reaches the world's point x, by the finest map that holds it; beyond all maps a border counts."""
    m = light.map_from_world
    normal = turned(m, facing)
    place = turned(m, x) + wp.vec3(m[0, 3], m[1, 3], m[2, 3])
    widest = sun_maps[light.first_map]
    last = float(light.size) - 2.001
    s = minimum(maximum(part(place, 0) * widest.focal + (widest.cx - 0.5), 1.0), last)
    t = minimum(maximum(part(place, 1) * widest.focal + (widest.cy - 0.5), 1.0), last)
    texel = s * 0.0 + widest.per_focal
    first = whole(s) * 0 + widest.offset
    for k in range(light.first_map + 1, light.end_map):
        finer = sun_maps[k]
        s_here = part(place, 0) * finer.focal + (finer.cx - 0.5)
        t_here = part(place, 1) * finer.focal + (finer.cy - 0.5)
        holds = below(1.0, minimum(s_here, t_here)) & below(maximum(s_here, t_here), last)
        s = where(holds, s_here, s)
        t = where(holds, t_here, t)
        texel = where(holds, finer.per_focal, texel)
        first = where(holds, finer.offset, first)
    scale = texel / part(normal, 2)
    own = light.far - part(place, 2)
    return open_share_softly(light, first, s, t, own, part(normal, 0) * scale, part(normal, 1) * scale, texel, maps)


@wp.func
def take_out(keys: wp.array3d(dtype=wp.uint64), first: int, layers: int, row: int, column: int):
    """Nearness of the nearest in some layers of depth keys, 0 for nothing; they are left cleared."""
    best = wp.uint64(0)
    for layer in range(first, first + layers):
        best = wp.max(best, keys[layer, row, column])
        keys[layer, row, column] = wp.uint64(0)
    return wp.cast(wp.uint32(best >> wp.uint64(32)), wp.float32)


@wp.func_native("""
    wp::uint64* key = keys.data;
    float* texel = texels.data;
    for (int column = 0; column < texels.shape[0]; ++column) {
        const wp::uint32 bits = wp::uint32(key[column] >> 32);
        float nearness;
        memcpy(&nearness, &bits, 4);
        texel[column] = nearness > texel[column] || first ? nearness : texel[column];
        key[column] = 0;
    }""")
def take_out_row(keys: wp.array(dtype=wp.uint64), first: bool, texels: wp.array(dtype=wp.float32)):
    """Nearness of a row of depth keys, which are left cleared, over what the texels hold (`first`: nothing)."""
    ...


@wp.kernel
def keep_still(keys: wp.array3d(dtype=wp.uint64), layers: int, texels: wp.array3d(dtype=wp.float32)):
    """Maps [N, S, S] of what never moves, from N times `layers` layers of depth keys."""
    k, row = wp.tid()
    for layer in range(layers):
        take_out_row(keys[k * layers + layer][row], layer == 0, texels[k][row])


@wp.kernel
def lay_over(
    keys: wp.array3d(dtype=wp.uint64),
    first: int,
    layers: int,
    corner: wp.vec2i,
    columns: int,
    still: wp.array2d(dtype=wp.float32),
    texels: wp.array2d(dtype=wp.float32),
):
    """A rectangle of a map, from `corner` (row, column) on: what moves, in `layers` layers of depth keys, over what does not."""
    row = corner[0] + wp.tid()
    for column in range(corner[1], corner[1] + columns):
        texels[row, column] = wp.max(still[row, column], take_out(keys, first, layers, row, column))
