# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""How much of a light reaches a point, from maps of the nearness that the light sees.

A texel blocks the light when what it holds is nearer than the point's own plane, extended to the texel's centre. So flat and gently curved
surfaces do not shadow themselves however obliquely they are lit, and no bias detaches shadows from what casts them.
"""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, mat34, rotate

wp.set_module_options(KERNEL_OPTIONS)

# A blocker must be nearer by this fraction of the distance; what stands on a floor is joined to its shadow up to a few millimetres.
CLEARANCE = wp.constant(1.0e-3)
SUN_CLEARANCE_M = wp.constant(2.0e-3)


@wp.struct
class LightRow:
    """A light and its maps. `far` > 0: parallel light, z of the map's frame is its direction; else a point light with a cube map.

    place: where it is, or the unit vector towards it, in the world. normal: of a piece of an area light, which lights only what lies
    before it; zero for what radiates alike in all directions. map_from_world: rigid, of parallel light. offset: where its maps start
    among the texels of all maps. size, focal: texels.
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


@wp.func
def nearer(texel: float, nearness: float, lowest: float, margin: float):
    return texel > wp.max(nearness, lowest) + margin


@wp.func
def open_share(
    light: LightRow,
    first: int,
    s: float,
    t: float,
    own: float,
    step_s: float,
    step_t: float,
    margin: float,
    maps: wp.array(dtype=wp.float32),
):
    """Share in [0, 1] of the four texels around (s, t) that hold nothing nearer than a plane: `own` there, growing by the steps."""
    left = wp.floor(s)
    top = wp.floor(t)
    fs = s - left
    ft = t - top
    lowest = 0.5 * own  # near the horizon of the surface its plane falls off without bound
    here = own - fs * step_s - ft * step_t
    at = first + int(top) * light.size + int(left)
    blocked = float(0.0)
    if nearer(maps[at], here, lowest, margin):
        blocked += (1.0 - fs) * (1.0 - ft)
    if nearer(maps[at + 1], here + step_s, lowest, margin):
        blocked += fs * (1.0 - ft)
    if nearer(maps[at + light.size], here + step_t, lowest, margin):
        blocked += (1.0 - fs) * ft
    if nearer(maps[at + light.size + 1], here + step_s + step_t, lowest, margin):
        blocked += fs * ft
    return wp.max(1.0 - blocked, 0.0)


@wp.func
def lit_by_point(light: LightRow, maps: wp.array(dtype=wp.float32), to_light: wp.vec3, facing: wp.vec3, cos_facing: float):
    """Share of a point light that reaches a point; to_light leads from it to the light, cos_facing = facing . to_light > 0."""
    x = -to_light[0]
    y = -to_light[1]
    z = -to_light[2]
    ax = wp.abs(x)
    ay = wp.abs(y)
    az = wp.abs(z)
    # The six faces: +x, -x, +y, -y, +z, -z; (s, t) along the axes of `renderers.shadows.FACE_AXES`.
    face = int(0)
    reach = ax
    s = -y
    t = -z
    slope_s = -facing[1]
    slope_t = -facing[2]
    if ax >= ay and ax >= az:
        if x < 0.0:
            face = 1
            s = y
            slope_s = facing[1]
    elif ay >= az:
        face = 2
        reach = ay
        s = x
        slope_s = facing[0]
        if y < 0.0:
            face = 3
            s = -x
            slope_s = -facing[0]
    else:
        face = 4
        reach = az
        s = x
        slope_s = facing[0]
        t = y
        slope_t = facing[1]
        if z < 0.0:
            face = 5
            t = -y
            slope_t = -facing[1]
    middle = 0.5 * float(light.size) - 0.5
    own = 1.0 / wp.max(reach, 1.0e-6)
    scale = -light.per_focal / cos_facing
    first = light.offset + face * light.size * light.size
    reach_s = s * own * light.focal + middle
    reach_t = t * own * light.focal + middle
    return open_share(light, first, reach_s, reach_t, own, slope_s * scale, slope_t * scale, CLEARANCE * own, maps)


@wp.func
def lit_by_sun(light: LightRow, maps: wp.array(dtype=wp.float32), x: wp.vec3, facing: wp.vec3):
    """Share of parallel light that reaches the world's point x; beyond the map its border counts."""
    m = light.map_from_world
    normal = rotate(m, facing)
    place = rotate(m, x) + wp.vec3(m[0, 3], m[1, 3], m[2, 3])
    middle = 0.5 * float(light.size) - 0.5
    last = float(light.size) - 1.001
    s = wp.clamp(place[0] * light.focal + middle, 0.0, last)
    t = wp.clamp(place[1] * light.focal + middle, 0.0, last)
    scale = light.per_focal / normal[2]
    return open_share(light, light.offset, s, t, light.far - place[2], normal[0] * scale, normal[1] * scale, SUN_CLEARANCE_M, maps)


@wp.kernel
def resolve_nearness(
    eye: Eye,
    first_row: int,
    layer: int,
    layers: int,
    keys: wp.array3d(dtype=wp.uint64),
    nearness: wp.array2d(dtype=wp.float32),
):
    """Nearness of what is drawn in the rows from `first_row` on; 0 where there is nothing."""
    band_row, part = wp.tid()
    row = first_row + band_row
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        best = wp.uint64(0)
        for k in range(layer, layer + layers):
            best = wp.max(best, keys[k, row, column])
        nearness[row, column] = wp.cast(wp.uint32(best >> wp.uint64(32)), wp.float32)
