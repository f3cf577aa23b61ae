# mypy: ignore-errors
# ruff: noqa: F401
"""How surfaces reflect and what the sky sends, as kernel functions."""

from typing import Any

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS
from renderers.kernels.lanes import add, below, div, dot, gray, maximum, minimum, mul, root, sub, where

wp.set_module_options(KERNEL_OPTIONS)

PI = wp.constant(3.14159265358979)


@wp.struct
class SkyRow:
    """Radiance of the sky; `up` is the world's up direction in the frame of the directions asked for."""

    zenith: wp.vec3
    horizon: wp.vec3
    ground: wp.vec3
    up: wp.vec3


@wp.func
def sky_radiance(sky: SkyRow, direction: Any):
    """Radiance from a unit direction."""
    height = dot(direction, sky.up)
    above = sky.horizon + (sky.zenith - sky.horizon) * root(maximum(height, 0.0))
    beneath = sky.horizon + (sky.ground - sky.horizon) * minimum(-4.0 * height, 1.0)
    return where(below(height, 0.0), beneath, above)


@wp.func
def sky_mean(sky: SkyRow, normal: Any):
    """Cosine-weighted mean radiance over the hemisphere about `normal`, approximately: a blend of the upper and the lower half's means."""
    upper = 0.4 * sky.horizon + 0.6 * sky.zenith
    lower = 0.1 * sky.horizon + 0.9 * sky.ground
    return lower + (upper - lower) * (0.5 + 0.5 * dot(normal, sky.up))


@wp.func
def reflected(diffuse: Any, f0: Any, alpha: Any, cos_eye: Any, cos_light: Any, cos_between: Any):
    """BRDF times cosine: Lambert plus GGX of width alpha, Smith's shadowing in Hammon's approximation, Schlick's Fresnel term.

    Cosines of the normal with the directions to eye and light (positive), and between the two; the half vector follows from them.
    """
    half_squared = 2.0 + 2.0 * maximum(cos_between, -0.999)  # its cosine with the normal is sum_cosines / sqrt(half_squared)
    sum_cosines = cos_eye + cos_light
    a2 = alpha * alpha
    spread = minimum(sum_cosines * sum_cosines, half_squared) * (a2 - 1.0) + half_squared
    masking = 2.0 * cos_light * cos_eye
    lobe = 0.5 * a2 * half_squared * half_squared / (PI * spread * spread * (masking + alpha * (sum_cosines - masking)))
    grazing = 1.0 - 0.5 * root(half_squared)
    grazing2 = grazing * grazing
    schlick = grazing2 * grazing2 * grazing
    specular = f0 * (1.0 - schlick) + gray(schlick)
    return (diffuse * (1.0 / PI) + specular * lobe) * cos_light
