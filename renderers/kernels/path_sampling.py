# mypy: ignore-errors
"""Random numbers and random directions for the path tracer.

Numbers are a function of (key of the pixel, sample, pair of dimensions), so they do not depend on tiling, threads or order.
"""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS
from renderers.kernels.reflectance import PI

wp.set_module_options(KERNEL_OPTIONS)


_PCG_STEP = wp.constant(wp.uint32(2891336453))
_GOLDEN = wp.constant(wp.uint32(2654435769))
_OTHER = wp.constant(wp.uint32(2246822519))


@wp.func
def mixed(x: wp.uint32):
    """A hash with good avalanche: PCG's output function (Jarzynski and Olano, "Hash functions for GPU rendering", 2020)."""
    state = x * wp.uint32(747796405) + _PCG_STEP
    word = ((state >> ((state >> wp.uint32(28)) + wp.uint32(4))) ^ state) * wp.uint32(277803737)
    return (word >> wp.uint32(22)) ^ word


@wp.func
def shuffled(i: wp.uint32, mask: wp.uint32, key: wp.uint32):
    """A permutation of 0 ... mask (one less than a power of two) that depends on the key: each step can be undone in those bits."""
    x = (i ^ key) & mask
    x = (x * ((key >> wp.uint32(9)) | wp.uint32(1))) & mask
    x = x ^ (x >> wp.uint32(2))
    x = (x * wp.uint32(741103597)) & mask
    x = x ^ (x >> wp.uint32(1))
    x = (x * ((key >> wp.uint32(19)) | wp.uint32(1))) & mask
    x = x ^ (x >> wp.uint32(5))
    return (x + (key >> wp.uint32(3))) & mask


@wp.func
def unit_float(bits: wp.uint32):
    """A number in [0, 1) with 24 bits."""
    return float(bits >> wp.uint32(8)) * 5.9604644775390625e-8


@wp.func
def random_pair(points: wp.array2d(dtype=wp.uint32), key: wp.uint32, sample: int, pair: int):
    """Two uniform numbers in [0, 1) for one sample of a pixel; over all samples they are stratified in both dimensions at once.

    points: uint32 [N, 2], a (0, 2)-sequence with N a power of two; each pair of dimensions takes it in an order of its own and flips its
    digits at random (Kollig and Keller, "Efficient multidimensional sampling", 2002).
    """
    own = mixed(key + wp.uint32(pair) * _GOLDEN)
    flip = mixed(own ^ _OTHER)
    k = int(shuffled(wp.uint32(sample), wp.uint32(points.shape[0] - 1), own))
    return wp.vec2(unit_float(points[k, 0] ^ flip), unit_float(points[k, 1] ^ mixed(flip)))


@wp.func
def tangent(n: wp.vec3):
    """A unit vector at right angles to the unit vector n (Duff et al., "Building an orthonormal basis, revisited", 2017)."""
    sign = 1.0
    if n[2] < 0.0:
        sign = -1.0
    a = -1.0 / (sign + n[2])
    return wp.vec3(1.0 + sign * n[0] * n[0] * a, sign * n[0] * n[1] * a, -sign * n[0])


@wp.func
def cosine_direction(normal: wp.vec3, u: wp.vec2):
    """Unit direction with density cos / pi about a normal."""
    right = tangent(normal)
    radius = wp.sqrt(u[0])
    angle = 2.0 * PI * u[1]
    x = radius * wp.cos(angle)
    y = radius * wp.sin(angle)
    return right * x + wp.cross(normal, right) * y + normal * wp.sqrt(wp.max(1.0 - u[0], 0.0))


@wp.func
def mirrored_by_facet(normal: wp.vec3, to_eye: wp.vec3, cos_eye: float, alpha: float, u: wp.vec2):
    """Direction that a visible GGX facet mirrors `to_eye` into; it may point below the surface.

    Source: Dupuy and Benyoub, "Sampling visible GGX normals with spherical caps", 2023.
    """
    right = tangent(normal)
    forward = wp.cross(normal, right)
    eye = wp.normalize(wp.vec3(alpha * wp.dot(to_eye, right), alpha * wp.dot(to_eye, forward), cos_eye))
    angle = 2.0 * PI * u[0]
    z = (1.0 - u[1]) * (1.0 + eye[2]) - eye[2]
    radius = wp.sqrt(wp.clamp(1.0 - z * z, 0.0, 1.0))
    half = wp.vec3(radius * wp.cos(angle) + eye[0], radius * wp.sin(angle) + eye[1], z + eye[2])
    facet = wp.normalize(right * (alpha * half[0]) + forward * (alpha * half[1]) + normal * half[2])
    return wp.normalize(facet * (2.0 * wp.dot(to_eye, facet)) - to_eye)


@wp.func
def facet_density(alpha: float, cos_eye: float, cos_light: float, cos_between: float):
    """Density over solid angle of `mirrored_by_facet`, from the cosines of the normal with eye and light, and between the two."""
    a2 = alpha * alpha
    half_squared = 2.0 + 2.0 * wp.max(cos_between, -0.999)
    cos_half = (cos_eye + cos_light) / wp.sqrt(half_squared)
    spread = wp.min(cos_half * cos_half, 1.0) * (a2 - 1.0) + 1.0
    facets = a2 / (PI * spread * spread)
    return 0.5 * facets / (cos_eye + wp.sqrt(a2 + (1.0 - a2) * cos_eye * cos_eye))


@wp.func
def power_heuristic(mine: float, other: float):
    """Weight of a sample with density `mine` that another strategy finds with density `other` (Veach, 1997)."""
    ratio = other / mine
    return 1.0 / (1.0 + ratio * ratio)
