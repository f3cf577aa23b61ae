# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""How much of a light reaches a point, from maps of the nearness that the light sees.

A texel blocks the light when what it holds is nearer than the point's own plane, extended to the texel's centre. So flat and gently curved
surfaces do not shadow themselves however obliquely they are lit, and no bias detaches shadows from what casts them.
"""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, apply, mat34, rotate

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
    per_focal: wp.float32


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
    at.ray = place * (1.0 / wp.max(reach, 1.0e-6))
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
def lit_share(light: LightRow, maps: wp.array(dtype=wp.float32), x: wp.vec3, facing: wp.vec3):
    """Share in [0, 1] of a light that reaches the surface point x with normal `facing` (eye's frame): bilinear over four texels."""
    place = apply(light.light_from_eye, x)
    normal = rotate(light.light_from_eye, facing)
    at = Lookup()
    own = float(0.0)
    slope = wp.vec3(0.0, 0.0, 0.0)
    margin = SUN_CLEARANCE_M
    if light.far > 0.0:
        at = look_up_sun(light, place)
        own = light.far - place[2]
        slope = normal * (1.0 / normal[2])
    else:
        at = look_up_cube(light, place)
        slope = normal * (1.0 / wp.dot(normal, place))
        own = wp.dot(slope, at.ray)
        margin = CLEARANCE * own
    left = wp.floor(at.s)
    top = wp.floor(at.t)
    fs = at.s - left
    ft = at.t - top
    step_s = wp.dot(slope, at.right) * light.per_focal
    step_t = wp.dot(slope, at.down) * light.per_focal
    lowest = 0.5 * own  # near the horizon of the surface its plane falls off without bound
    here = own - fs * step_s - ft * step_t
    first = at.first + int(top) * light.size + int(left)
    blocked = float(0.0)
    if maps[first] > wp.max(here, lowest) + margin:
        blocked += (1.0 - fs) * (1.0 - ft)
    if maps[first + 1] > wp.max(here + step_s, lowest) + margin:
        blocked += fs * (1.0 - ft)
    if maps[first + light.size] > wp.max(here + step_t, lowest) + margin:
        blocked += (1.0 - fs) * ft
    if maps[first + light.size + 1] > wp.max(here + step_s + step_t, lowest) + margin:
        blocked += fs * ft
    return wp.max(1.0 - blocked, 0.0)


@wp.kernel
def resolve_nearness(keys: wp.array2d(dtype=wp.uint64), first: int, run: int, nearness: wp.array2d(dtype=wp.float32)):
    """Nearness of what is drawn in the rows from `first` on; 0 where there is nothing."""
    row, part = wp.tid()
    for column in range(part * run, wp.min(part * run + run, nearness.shape[1])):
        bits = wp.uint32(keys[first + row, column] >> wp.uint64(32))
        nearness[first + row, column] = wp.cast(bits, wp.float32)
