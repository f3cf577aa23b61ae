# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""How much of a light reaches a point, from shadow maps that hold the triangle under each texel; no depth bias is needed.

A texel's triangle blocks the light from a point when it is nearer to the light both where the point is (the triangle's plane, extended to
the point's direction) and at the texel's centre (the point's own plane, extended to it). The first fails to be nearer around a concave
edge, the second around a convex one, and both hold behind a true occluder; so surfaces do not shadow themselves.
"""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, apply, mat34, rotate
from renderers.kernels.raster import nearness_plane

wp.set_module_options(KERNEL_OPTIONS)

# A blocker must be nearer by this fraction of the distance; what stands on a floor is joined to its shadow up to a few millimetres.
CLEARANCE = wp.constant(1.0e-3)
SUN_CLEARANCE_M = wp.constant(2.0e-3)


@wp.struct
class LightRow:
    """A light and its maps. `far` > 0: parallel light along z of the light's frame; else a point light at that frame's origin.

    place: where it is, or the unit vector towards it, in the eye's frame. light_from_eye: rigid. offset: where its maps start among the
    texels of all maps. size, focal: texels.
    """

    place: wp.vec3
    power: wp.vec3
    light_from_eye: mat34
    far: wp.float32
    offset: wp.int32
    size: wp.int32
    focal: wp.float32


@wp.struct
class Lookup:
    """Where a point falls in a map: its ray in the light's frame, the map's axes, the position among texel centres, the first texel."""

    ray: wp.vec3
    right: wp.vec3
    down: wp.vec3
    s: wp.float32
    t: wp.float32
    first: wp.int32


@wp.func
def look_up_cube(light: LightRow, place: wp.vec3):
    """The face of a point light's cube map on which `place` (light's frame) falls."""
    x = wp.abs(place[0])
    y = wp.abs(place[1])
    z = wp.abs(place[2])
    face = int(0)
    reach = x
    right = wp.vec3(0.0, -1.0, 0.0)
    down = wp.vec3(0.0, 0.0, -1.0)
    if x >= y and x >= z:
        if place[0] < 0.0:
            face = 1
            right = wp.vec3(0.0, 1.0, 0.0)
    elif y >= z:
        face = 2
        reach = y
        right = wp.vec3(1.0, 0.0, 0.0)
        if place[1] < 0.0:
            face = 3
            right = wp.vec3(-1.0, 0.0, 0.0)
    else:
        face = 4
        reach = z
        right = wp.vec3(1.0, 0.0, 0.0)
        down = wp.vec3(0.0, 1.0, 0.0)
        if place[2] < 0.0:
            face = 5
            down = wp.vec3(0.0, -1.0, 0.0)
    middle = 0.5 * float(light.size) - 0.5
    at = Lookup()
    at.ray = place / wp.max(reach, 1.0e-6)
    at.right = right
    at.down = down
    at.s = wp.dot(at.ray, right) * light.focal + middle
    at.t = wp.dot(at.ray, down) * light.focal + middle
    at.first = light.offset + face * light.size * light.size
    return at


@wp.func
def look_up_sun(light: LightRow, place: wp.vec3):
    """The position of `place` (light's frame) in the map of parallel light; clamped to its border outside."""
    middle = 0.5 * float(light.size) - 0.5
    last = float(light.size) - 1.001
    at = Lookup()
    at.ray = wp.vec3(place[0], place[1], 1.0)
    at.right = wp.vec3(1.0, 0.0, 0.0)
    at.down = wp.vec3(0.0, 1.0, 0.0)
    at.s = wp.clamp(place[0] * light.focal + middle, 0.0, last)
    at.t = wp.clamp(place[1] * light.focal + middle, 0.0, last)
    at.first = light.offset
    return at


@wp.func
def own_nearness_plane(light: LightRow, place: wp.vec3, normal: wp.vec3):
    """Nearness plane, in the light's frame, of the surface at `place` with `normal`."""
    if light.far > 0.0:
        slope_x = normal[0] / normal[2]
        slope_y = normal[1] / normal[2]
        return wp.vec3(slope_x, slope_y, light.far - place[2] - slope_x * place[0] - slope_y * place[1])
    return normal / wp.dot(normal, place)


@wp.func
def lit_share(
    light: LightRow, row: int, maps: wp.array(dtype=wp.int32), planes: wp.array2d(dtype=wp.vec3), own: int, x: wp.vec3, facing: wp.vec3
):
    """Share in [0, 1] of light `row` that reaches x on triangle `own` with normal `facing` (eye's frame): bilinear over 4 texels."""
    place = apply(light.light_from_eye, x)
    at = Lookup()
    if light.far > 0.0:
        at = look_up_sun(light, place)
    else:
        at = look_up_cube(light, place)
    left = wp.floor(at.s)
    top = wp.floor(at.t)
    first = at.first + int(top) * light.size + int(left)
    seen = wp.vec4i(maps[first], maps[first + 1], maps[first + light.size], maps[first + light.size + 1])
    if seen[0] == own and seen[1] == own and seen[2] == own and seen[3] == own:
        return 1.0
    fs = at.s - left
    ft = at.t - top
    weight = wp.vec4((1.0 - fs) * (1.0 - ft), fs * (1.0 - ft), (1.0 - fs) * ft, fs * ft)
    own_plane = own_nearness_plane(light, place, rotate(light.light_from_eye, facing))
    own_here = wp.dot(own_plane, at.ray)
    margin = wp.where(light.far > 0.0, SUN_CLEARANCE_M, CLEARANCE * own_here)
    step = 1.0 / light.focal
    lit = float(1.0)
    for k in range(4):
        triangle = seen[k]
        if triangle >= 0 and triangle != own:
            plane = planes[row, triangle]
            if wp.dot(plane, at.ray) > own_here + margin:
                there = at.ray + at.right * ((float(k & 1) - fs) * step) + at.down * ((float(k >> 1) - ft) * step)
                own_there = wp.dot(own_plane, there)
                if own_there <= 0.0 or wp.dot(plane, there) > own_there + margin:
                    lit -= weight[k]
    return wp.max(lit, 0.0)


@wp.kernel
def place_planes(
    spans: wp.array(dtype=wp.vec3i),
    light_from_object: wp.array(dtype=mat34),
    vertices: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    far: float,
    planes: wp.array(dtype=wp.vec3),
):
    """Nearness planes of triangles in a light's frame."""
    block, lane = wp.tid()
    span = spans[block]
    i = span[0] + lane
    if i >= span[1]:
        return
    t = triangles[i]
    pose = light_from_object[span[2]]
    planes[i] = nearness_plane(apply(pose, vertices[t[0]]), apply(pose, vertices[t[1]]), apply(pose, vertices[t[2]]), far)
