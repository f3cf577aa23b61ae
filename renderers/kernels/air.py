# mypy: ignore-errors
# ruff: noqa: F401, RUF046, UP018
"""What an eye sees of the air: haze before surfaces, and before the sky its gradient, the glow about the sun, and clouds.

Light that surfaces receive and reflect knows none of it (`renderers.kernels.reflectance.sky_radiance` lights them).
"""

from typing import Any

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS
from renderers.kernels.lane_arrays import take
from renderers.kernels.lanes import (
    add,
    anywhere,
    below,
    bit_and,
    div,
    dot,
    floored,
    gray,
    lshift,
    maximum,
    minimum,
    mul,
    of_bits,
    part,
    root,
    sub,
    tinted,
    where,
    whole,
)
from renderers.kernels.reflectance import PI, SkyRow, sky_radiance

wp.set_module_options(KERNEL_OPTIONS)

HAZE_HEIGHT_M = wp.constant(300.0)  # within which haze thins out to 1 / e
# Mean cosine of the angle by which aerosols turn light, and the share of the sun's light that they scatter on the way down; then the same
# of what a bright disc becomes in the eye of a camera.
FORWARD, AEROSOL = wp.constant(0.76), wp.constant(0.12)
GLARE_FORWARD, GLARE = wp.constant(0.97), wp.constant(0.01)
CELLS = wp.constant(64)  # of the lattice of cloud noise, in each direction
OCTAVES = wp.constant(6)
LOW = wp.constant(0.05)  # added to the sine of the elevation: the earth is round, so clouds at the horizon are not infinitely far
RISE = wp.constant(0.06)  # of the noise, from the edge of a cloud to where it hides the sky
CLEAR_BELOW = wp.constant(0.10)  # sine of the elevation below which clouds fade into the horizon


@wp.struct
class Air:
    """`scenes.scene.Haze`, the first `Sun` and the clouds of a `Sky`, world frame, z up.

    extinction: per metre, 0 for clear air. to_sun: unit, zero where there is no sun; sun: its irradiance. lattice: float32 [CELLS * CELLS]
    in [0, 1], empty where there are no clouds. edge: noise above it is cloud. lit, shaded: radiance of clouds. toward_sun: a step in the
    noise's plane.
    """

    extinction: wp.float32
    haze: wp.vec3
    to_sun: wp.vec3
    sun: wp.vec3
    lattice: wp.array(dtype=wp.float32)
    edge: wp.float32
    lit: wp.vec3
    shaded: wp.vec3
    toward_sun: wp.vec2


@wp.func
def decay(x: Any):
    """exp(-x) for x >= 0, to 3e-7 (1e-5 where it is below 1e-10): the same formula for a number and for lanes."""
    y = minimum(x, 80.0) * 1.44269504
    octave = floored(y)
    f = y - octave
    part_of_octave = f * (0.24017896 - f * (0.05529812 - f * (0.00920918 - f * 0.00094688))) - 0.69314313
    return (f * part_of_octave + 1.0) * of_bits((127 - whole(octave)) << 23)


@wp.func
def hazed(air: Air, light: Any, depth: Any):
    """Light through haze of an optical depth: distance times extinction."""
    left = decay(depth)
    return light * left + air.haze * (1.0 - left)


@wp.func
def lattice_noise(lattice: wp.array(dtype=wp.float32), x: Any, y: Any):
    """Random values at whole (x, y), between them a smooth blend, in [0, 1]; repeats after CELLS."""
    left = floored(x)
    top = floored(y)
    u = x - left
    v = y - top
    u = u * u * (3.0 - 2.0 * u)
    v = v * v * (3.0 - 2.0 * v)
    x0 = whole(left) & (CELLS - 1)
    x1 = (x0 + 1) & (CELLS - 1)
    y0 = (whole(top) & (CELLS - 1)) * CELLS
    y1 = ((whole(top) + 1) & (CELLS - 1)) * CELLS
    a = take(lattice, x0 + y0, 0)
    b = take(lattice, x0 + y1, 0)
    a = a + (take(lattice, x1 + y0, 0) - a) * u
    b = b + (take(lattice, x1 + y1, 0) - b) * u
    return a + (b - a) * v


@wp.func
def cloud_noise(lattice: wp.array(dtype=wp.float32), x: Any, y: Any, footprint: Any, octaves: int):
    """Octaves of noise, each turned against the one before; those finer than a pixel's `footprint` fade."""
    across = x + 0.0
    along = y + 0.0
    size = footprint + 0.0
    total = x * 0.0
    share = float(0.5)
    octave = int(0)
    while octave < octaves:
        kept = maximum(minimum(2.0 - 2.0 * size, 1.0), 0.0)
        total = total + ((lattice_noise(lattice, across, along) - 0.5) * kept + 0.5) * share
        turned = 1.6 * across + 1.2 * along + 17.3
        along = 1.6 * along - 1.2 * across + 5.7
        across = turned
        size = size * 2.0
        share = share * 0.5
        octave += 1
    return total


@wp.func
def clouded(air: Air, light: Any, direction: Any, glow: Any, pixel_angle: Any):
    """The sky's light with clouds before it, on a plane above the eye."""
    height = part(direction, 2)
    per_height = 1.0 / (maximum(height, 0.0) + LOW)
    x = part(direction, 0) * per_height
    y = part(direction, 1) * per_height
    footprint = pixel_angle * per_height * per_height
    dense = cloud_noise(air.lattice, x, y, footprint, OCTAVES) - air.edge
    cover = maximum(minimum(dense * (1.0 / RISE), 1.0), 0.0)
    if anywhere(below(0.0, cover)):
        # What lies in the direction of the sun keeps its light away.
        there = cloud_noise(air.lattice, x + air.toward_sun[0], y + air.toward_sun[1], footprint, 3) - air.edge
        bright = maximum(minimum(0.75 + 2.2 * (dense - there) - 1.4 * maximum(dense, 0.0), 1.0), 0.0)
        cloud = air.shaded + (air.lit - air.shaded) * bright + glow * 0.6
        rise = maximum(minimum(height * (1.0 / CLEAR_BELOW), 1.0), 0.0)
        cover = cover * (2.0 - cover) * rise * rise * (3.0 - 2.0 * rise)
        light = light + (cloud - light) * cover
    return light


@wp.func
def turned_forward(forward: float, cosine: Any):
    """Share per steradian of light that is turned by an angle (Henyey and Greenstein, "Diffuse radiation in the galaxy", 1941)."""
    spread = 1.0 + forward * forward - 2.0 * forward * cosine
    return (1.0 - forward * forward) / (4.0 * PI) / (spread * root(spread))


@wp.func
def seen_sky(sky: SkyRow, air: Air, direction: Any, pixel_angle: Any):
    """Radiance from a unit direction in which no surface is seen; pixel_angle: radians from one pixel to the next."""
    light = sky_radiance(sky, direction)
    height = part(direction, 2)
    glow = gray(height * 0.0)
    if air.to_sun[0] != 0.0 or air.to_sun[1] != 0.0 or air.to_sun[2] != 0.0:
        cosine = dot(direction, air.to_sun)
        lobe = AEROSOL * turned_forward(FORWARD, cosine) + GLARE * turned_forward(GLARE_FORWARD, cosine)
        glow = air.sun * (lobe * maximum(minimum(1.0 + 10.0 * height, 1.0), 0.0))
        light = light + glow
    if air.lattice.shape[0] > 0:
        light = clouded(air, light, direction, glow, pixel_angle)
    if air.extinction > 0.0:
        # Through air whose haze thins out upwards exponentially; at the horizon there is no end to it.
        light = hazed(air, light, air.extinction * HAZE_HEIGHT_M / maximum(height, 1.0e-5))
    return light
