# mypy: ignore-errors
# ruff: noqa: UP018
"""Emitters of light as the path tracer samples them: one is chosen for each surface point, by how much it may give there."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS
from renderers.kernels.materials import MaterialRow
from renderers.kernels.textures import sample_texture

wp.set_module_options(KERNEL_OPTIONS)

SUN = wp.constant(0)
POINT = wp.constant(1)
RECTANGLE = wp.constant(2)
GLOW = wp.constant(3)


@wp.struct
class Emitter:
    """A light, or the emissive triangles of one instance (`kind` GLOW), world frame.

    place: position, middle, or the unit vector towards a SUN. power: irradiance (SUN), intensity (POINT), radiance (RECTANGLE).
    right, up, normal, area: of a RECTANGLE. strength: mean over the channels of irradiance, intensity, or radiance times area.
    radius: of a ball about `place` that holds a GLOW; its entries in the lists of `Glowing` run from `first` to `end`.
    """

    kind: wp.int32
    first: wp.int32
    end: wp.int32
    place: wp.vec3
    right: wp.vec3
    up: wp.vec3
    normal: wp.vec3
    power: wp.vec3
    area: wp.float32
    strength: wp.float32
    radius: wp.float32


@wp.struct
class Glowing:
    """Emissive triangles, grouped by emitter. cumulative: shares of the group's power up to and with an entry; density: share / area.

    entry: int32 [F], where a scene triangle is listed, -1: nowhere (empty where nothing glows).
    """

    triangle: wp.array(dtype=wp.int32)
    emitter: wp.array(dtype=wp.int32)
    cumulative: wp.array(dtype=wp.float32)
    density: wp.array(dtype=wp.float32)
    entry: wp.array(dtype=wp.int32)


@wp.struct
class Choice:
    """The emitter chosen for a point, its appeal, that of all together (0: nothing shines there), and a fresh uniform number."""

    emitter: wp.int32
    share: wp.float32
    total: wp.float32
    rest: wp.float32


@wp.struct
class LightSample:
    """A point chosen on an emitter. towards: from the surface to it. strength: radiance (or what replaces it) / density of the choice.

    density: over solid angle, 0 where no other strategy could find the point.
    """

    towards: wp.vec3
    direction: wp.vec3
    strength: wp.vec3
    density: wp.float32
    glows: wp.bool


@wp.func
def appeal(light: Emitter, place: wp.vec3, facing: wp.vec3):
    """Roughly the irradiance that an emitter may give at a point; zero only where it gives none. Of a GLOW `facing` does not matter."""
    if light.kind == SUN:
        return light.strength * wp.max(wp.dot(facing, light.place), 0.0)
    towards = light.place - place
    squared = wp.dot(towards, towards)
    if light.kind == GLOW:
        return light.strength / wp.max(squared, light.radius * light.radius)
    per_distance = 1.0 / wp.sqrt(wp.max(squared, 1.0e-4))
    if light.kind == POINT:
        return light.strength * wp.max(wp.dot(facing, towards), 0.0) * per_distance * per_distance * per_distance
    return light.strength * wp.max(-wp.dot(light.normal, towards), 0.0) * per_distance / wp.max(squared, light.area)


@wp.func
def choose_emitter(emitters: wp.array(dtype=Emitter), place: wp.vec3, facing: wp.vec3, glows: bool, u: float):
    """One emitter by its share of the appeal, in one pass: each newcomer takes over with its share of the sum so far.

    No point light shines on what glows itself: that is mostly the lamp around it, a few millimetres away.
    """
    choice = Choice()
    total = float(0.0)
    rest = float(u)
    for k in range(emitters.shape[0]):
        here = appeal(emitters[k], place, facing)
        if here > 0.0 and not (glows and emitters[k].kind == POINT):
            total += here
            chance = here / total
            if rest < chance:
                choice.emitter = k
                choice.share = here
                rest = rest / chance
            else:
                rest = (rest - chance) / (1.0 - chance)
    choice.total = total
    choice.rest = wp.clamp(rest, 0.0, 1.0)
    return choice


@wp.func
def emitted(
    material: MaterialRow,
    texels: wp.array(dtype=wp.uint32),
    uvs: wp.array(dtype=wp.vec2),
    corner: wp.vec3i,
    u: float,
    v: float,
    width: float,
):
    """Radiance that leaves a point of a triangle, on both of its sides; the texture is averaged over `width` metres."""
    if material.texture_size == 0:
        return material.emission
    uv = uvs[corner[0]] * (1.0 - u - v) + uvs[corner[1]] * u + uvs[corner[2]] * v
    picture = sample_texture(
        texels, material.texture_offset, material.texture_size, material.texture_levels, material.texels_per_metre, uv, width
    )
    return wp.cw_mul(material.emission, picture)


@wp.func
def find_entry(glowing: Glowing, first: int, end: int, u: float):
    """The entry of a group whose span of cumulative shares holds u."""
    low = int(first)
    high = int(end - 1)
    while low < high:
        middle = (low + high) // 2
        if glowing.cumulative[middle] > u:
            high = middle
        else:
            low = middle + 1
    return low


@wp.func
def sample_glow(
    light: Emitter,
    glowing: Glowing,
    place: wp.vec3,
    chance: float,
    choice: float,
    u: wp.vec2,
    triangles: wp.array(dtype=wp.vec3i),
    vertices: wp.array(dtype=wp.vec3),
    uvs: wp.array(dtype=wp.vec2),
    triangle_look: wp.array(dtype=wp.int32),
    materials: wp.array(dtype=MaterialRow),
    texels: wp.array(dtype=wp.uint32),
):
    """A point on the emissive triangles of a GLOW, triangles by their share of the power, points uniformly over the area."""
    found = LightSample()
    entry = find_entry(glowing, light.first, light.end, choice)
    t = glowing.triangle[entry]
    corner = triangles[t]
    root = wp.sqrt(u[0])
    b = root * (1.0 - u[1])
    c = root * u[1]
    first = vertices[corner[0]]
    e1 = vertices[corner[1]] - first
    e2 = vertices[corner[2]] - first
    found.towards = first + e1 * b + e2 * c - place
    distance = wp.length(found.towards)
    found.direction = found.towards * (1.0 / wp.max(distance, 1.0e-9))
    cosine = wp.abs(wp.dot(wp.normalize(wp.cross(e1, e2)), found.direction))
    if cosine > 1.0e-6 and distance > 1.0e-6:
        found.density = chance * glowing.density[entry] * distance * distance / cosine
        found.strength = emitted(materials[triangle_look[t] >> 1], texels, uvs, corner, b, c, 0.0) * (1.0 / found.density)
    found.glows = True
    return found


@wp.func
def sample_light(light: Emitter, place: wp.vec3, chance: float, span: float, u: wp.vec2):
    """A point on a light that is not geometry; a SUN is `span` metres away."""
    found = LightSample()
    if light.kind == SUN:
        found.direction = light.place
        found.towards = light.place * span
        found.strength = light.power * (1.0 / chance)
        return found
    found.towards = light.place - place
    if light.kind == RECTANGLE:
        found.towards += light.right * (2.0 * u[0] - 1.0) + light.up * (2.0 * u[1] - 1.0)
    squared = wp.max(wp.dot(found.towards, found.towards), 1.0e-4)
    found.direction = found.towards * (1.0 / wp.sqrt(squared))
    weight = 1.0 / (squared * chance)
    if light.kind == RECTANGLE:
        weight = weight * light.area * wp.max(-wp.dot(light.normal, found.direction), 0.0)
    found.strength = light.power * weight
    return found
