"""How surfaces reflect and what the sky sends, as kernel functions."""

from __future__ import annotations

import warp as wp

from renderers.kernels import KERNEL_OPTIONS

wp.set_module_options(KERNEL_OPTIONS)

PI = wp.constant(3.14159265358979)


@wp.struct
class SkyRow:
    """Radiance of the sky; `up` is the world's up direction in the camera's frame."""

    zenith: wp.vec3
    horizon: wp.vec3
    ground: wp.vec3
    up: wp.vec3


@wp.func
def sky_radiance(sky: SkyRow, direction: wp.vec3):
    """Radiance from a unit direction."""
    height = wp.dot(direction, sky.up)
    if height >= 0.0:
        return sky.horizon + (sky.zenith - sky.horizon) * wp.sqrt(height)
    return sky.horizon + (sky.ground - sky.horizon) * wp.min(-4.0 * height, 1.0)


@wp.func
def sky_mean(sky: SkyRow, normal: wp.vec3):
    """Cosine-weighted mean radiance over the hemisphere about `normal`, approximately: a blend of the upper and the lower half's means."""
    upper = 0.4 * sky.horizon + 0.6 * sky.zenith
    lower = 0.1 * sky.horizon + 0.9 * sky.ground
    return lower + (upper - lower) * (0.5 + 0.5 * wp.dot(normal, sky.up))


@wp.func
def reflected(diffuse: wp.vec3, f0: wp.vec3, alpha: float, n: wp.vec3, to_eye: wp.vec3, to_light: wp.vec3):
    """BRDF times cosine: Lambert plus GGX of width alpha, Smith's shadowing in Hammon's approximation, Schlick's Fresnel term."""
    cos_light = wp.max(wp.dot(n, to_light), 0.0)
    cos_eye = wp.max(wp.dot(n, to_eye), 1.0e-3)
    half = wp.normalize(to_eye + to_light)
    cos_half = wp.dot(n, half)
    a2 = alpha * alpha
    spread = cos_half * cos_half * (a2 - 1.0) + 1.0
    masking = 2.0 * cos_light * cos_eye
    lobe = 0.5 * a2 / (PI * spread * spread * (masking + alpha * (cos_light + cos_eye - masking) + 1.0e-6))
    grazing = 1.0 - wp.max(wp.dot(half, to_light), 0.0)
    grazing2 = grazing * grazing
    schlick = grazing2 * grazing2 * grazing
    fresnel = f0 + (wp.vec3(1.0, 1.0, 1.0) - f0) * schlick
    return (diffuse * (1.0 / PI) + fresnel * lobe) * cos_light
