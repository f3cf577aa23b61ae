# mypy: ignore-errors
"""What cannot be in an eye's image and need not be drawn: blocks of triangles outside the frustum, backs of closed parts."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, mat34

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class Blocks:
    """Runs of triangles [B] as kernels read them: `renderers.buffers.Blocks`, and the same balls around whole instances [I]."""

    spans: wp.array(dtype=wp.vec3i)
    centre: wp.array(dtype=wp.vec3)
    radius: wp.array(dtype=wp.float32)
    cone: wp.array(dtype=wp.vec4)
    closed: wp.array(dtype=wp.bool)
    instance_centre: wp.array(dtype=wp.vec3)
    instance_radius: wp.array(dtype=wp.float32)
    low: wp.array(dtype=wp.vec3)
    high: wp.array(dtype=wp.vec3)


@wp.func
def beyond(across: float, forward: float, radius: float, bound: float, orthographic: bool):
    """Whether a ball lies wholly on the far side of the plane across = bound * forward (or across = bound) through the eye."""
    if orthographic:
        return across - bound > radius
    return across - bound * forward > radius * wp.sqrt(1.0 + bound * bound)


@wp.func
def may_be_seen(eye: Eye, p: wp.vec3, ball: float):
    """Whether a ball (eye's frame) is not wholly outside one of the frustum's planes; with room for rounding."""
    radius = ball * 1.00001 + 1.0e-5
    flat = eye.far > 0.0
    if not flat and p[2] + radius < eye.near:
        return False
    if beyond(p[0], p[2], radius, (float(eye.width) - eye.cx) * eye.per_fx, flat) or beyond(-p[0], p[2], radius, eye.cx * eye.per_fx, flat):
        return False
    return not (
        beyond(p[1], p[2], radius, (float(eye.height) - eye.cy) * eye.per_fy, flat)
        or beyond(-p[1], p[2], radius, eye.cy * eye.per_fy, flat)
    )


@wp.func
def eye_is_outside(eye: Eye, m: mat34, low: wp.vec3, high: wp.vec3):
    """Whether the eye and its near plane lie outside an instance's bounding box, so that backs of closed parts cannot be seen."""
    if eye.far > 0.0:
        return True
    shift = wp.vec3(m[0, 3], m[1, 3], m[2, 3])
    margin = 4.0 * eye.near
    for k in range(3):
        place = -(m[0, k] * shift[0] + m[1, k] * shift[1] + m[2, k] * shift[2])
        if place < low[k] - margin or place > high[k] + margin:
            return True
    return False


@wp.func
def all_backs(eye: Eye, centre: wp.vec3, ball: float, axis: wp.vec3, sine: float):
    """Whether triangles in a ball, with normals in a cone about `axis` (eye's frame), all turn their backs to the eye."""
    if sine > 1.0:
        return False
    cosine = wp.sqrt(1.0 - sine * sine)
    if eye.far > 0.0:
        return axis[2] > sine + 1.0e-4
    distance = wp.length(centre)
    radius = ball * 1.00001 + 1.0e-5
    if distance <= radius:
        return False
    spread = radius / distance
    return wp.dot(axis, centre) > (sine * wp.sqrt(1.0 - spread * spread) + cosine * spread + 1.0e-4) * distance
