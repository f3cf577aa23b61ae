# mypy: ignore-errors
"""What a ray meets, and how it reflects: evaluation, density and sampling of one surface point's reflectance.

The reflectance is that of `renderers.kernels.reflectance.reflected`, with the diffuse part scaled by what the specular lobe leaves over, so
that no surface reflects more than it receives, and a white one exactly that.
"""

from __future__ import annotations

import warp as wp

from renderers.kernels.air import Air
from renderers.kernels.common import KERNEL_OPTIONS, mat34, rotate
from renderers.kernels.materials import MaterialRow
from renderers.kernels.path_lights import Emitter, Glowing, emitted
from renderers.kernels.path_sampling import cosine_direction, facet_density, mirrored_by_facet
from renderers.kernels.reflectance import PI, SkyRow, reflected
from renderers.kernels.textures import sample_texture

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class World:
    """A scene as paths meet it, world frame. span: metres beyond everything. dielectric: reflectance along the normal of what is no metal.

    bounce_limit: largest contribution of a path after its first surface.
    find_by_emitters, find_by_reflection: how the light of emissive triangles is found; where both do, they are weighted.
    lobe: [alpha, cosine] -> share of light from there that the specular lobe reflects, for F0 = 0 and what F0 = 1 adds.
    """

    triangles: wp.array(dtype=wp.vec3i)
    vertices: wp.array(dtype=wp.vec3)
    normals: wp.array(dtype=wp.vec3)
    uvs: wp.array(dtype=wp.vec2)
    triangle_instance: wp.array(dtype=wp.int32)
    triangle_look: wp.array(dtype=wp.int32)
    world_from_object: wp.array(dtype=mat34)
    materials: wp.array(dtype=MaterialRow)
    texels: wp.array(dtype=wp.uint32)
    lobe: wp.array2d(dtype=wp.vec2)
    emitters: wp.array(dtype=Emitter)
    glowing: Glowing
    sky: SkyRow
    air: Air
    span: wp.float32
    dielectric: wp.float32
    bounce_limit: wp.float32
    find_by_emitters: wp.bool
    find_by_reflection: wp.bool


@wp.struct
class Surface:
    """A point that a ray met. `facing`: geometric normal, `smooth`: shading normal, both unit and on the eye's side.

    share: probability of sampling the specular lobe; zero where there is none. cosine: of the ray with the geometric
    normal, positive.
    """

    facing: wp.vec3
    smooth: wp.vec3
    to_eye: wp.vec3
    diffuse: wp.vec3
    f0: wp.vec3
    emission: wp.vec3
    cos_eye: wp.float32
    cosine: wp.float32
    alpha: wp.float32
    share: wp.float32
    curved: wp.bool


@wp.func
def mean3(v: wp.vec3):
    return (v[0] + v[1] + v[2]) * (1.0 / 3.0)


@wp.func
def limited(light: wp.vec3, limit: float):
    """The same colour, no channel above the limit."""
    largest = wp.max(light[0], wp.max(light[1], light[2]))
    if largest > limit:
        return light * (limit / largest)
    return light


@wp.func
def lobe_shares(lobe: wp.array2d(dtype=wp.vec2), alpha: float, cosine: float):
    """Bilinear look-up; the table's rows are even in the square root of alpha."""
    row = wp.sqrt(alpha) * float(lobe.shape[0] - 1)
    column = cosine * float(lobe.shape[1] - 1)
    top = wp.min(int(row), lobe.shape[0] - 2)
    left = wp.min(int(column), lobe.shape[1] - 2)
    y = row - float(top)
    x = column - float(left)
    upper = lobe[top, left] * (1.0 - x) + lobe[top, left + 1] * x
    lower = lobe[top + 1, left] * (1.0 - x) + lobe[top + 1, left + 1] * x
    return upper * (1.0 - y) + lower * y


@wp.func
def meet(world: World, t: int, u: float, v: float, front: wp.vec3, direction: wp.vec3, width: float, seen: bool):
    """The surface at barycentrics (u, v) of triangle t with normal `front`; textures are averaged over `width` metres across the ray.

    Emission is averaged too only where the camera sees it (`seen`); elsewhere it must be the same function that lights sample.
    """
    at = Surface()
    corner = world.triangles[t]
    at.to_eye = -direction
    at.facing = front
    at.cosine = wp.dot(front, at.to_eye)
    behind = at.cosine < 0.0
    if behind:
        at.facing = -front
        at.cosine = -at.cosine
    look = world.triangle_look[t]
    at.smooth = at.facing
    if (look & 1) == 1:
        # The stored normal is on the front side of the triangle, whichever side the eye is on.
        n = world.normals[corner[0]] * (1.0 - u - v) + world.normals[corner[1]] * u + world.normals[corner[2]] * v
        n = wp.normalize(rotate(world.world_from_object[world.triangle_instance[t]], n))
        if behind:
            n = -n
        at.smooth = n
        at.curved = True
    at.cos_eye = wp.max(wp.dot(at.smooth, at.to_eye), 1.0e-3)
    material = world.materials[look >> 1]
    footprint = width / wp.sqrt(wp.max(at.cosine, 0.05))
    color = material.color
    if material.texture_size > 0:
        uv = world.uvs[corner[0]] * (1.0 - u - v) + world.uvs[corner[1]] * u + world.uvs[corner[2]] * v
        picture = sample_texture(
            world.texels,
            material.texture_offset,
            material.texture_size,
            material.texture_levels,
            material.texels_per_metre,
            uv,
            footprint,
        )
        color = wp.cw_mul(color, picture)
    if material.emission[0] + material.emission[1] + material.emission[2] > 0.0:
        blur = 0.0
        if seen:
            blur = footprint
        at.emission = emitted(material, world.texels, world.uvs, corner, u, v, blur)
    at.alpha = wp.max(material.roughness * material.roughness, 0.02)
    dielectric = 1.0 - material.metallic
    at.f0 = color * material.metallic + wp.vec3(1.0, 1.0, 1.0) * (dielectric * world.dielectric)
    at.diffuse = color * dielectric
    if mean3(at.f0) > 0.0:
        shares = lobe_shares(world.lobe, at.alpha, wp.min(at.cos_eye, 1.0))
        at.diffuse = wp.cw_mul(at.diffuse, wp.vec3(1.0 - shares[0], 1.0 - shares[0], 1.0 - shares[0]) - at.f0 * shares[1])
        mirrored = shares[0] + mean3(at.f0) * shares[1]
        at.share = wp.clamp(mirrored / (mirrored + mean3(at.diffuse)), 0.1, 1.0)
    return at


@wp.func
def reflectance(at: Surface, to_light: wp.vec3):
    """BRDF times cosine for light from a unit direction; zero from below the geometric surface or the shading normal's horizon."""
    cos_facing = wp.dot(at.facing, to_light)
    cos_light = wp.dot(at.smooth, to_light)
    if cos_facing <= 0.0 or cos_light <= 0.0:
        return wp.vec3(0.0, 0.0, 0.0)
    value = at.diffuse * (cos_light * (1.0 / PI))
    if at.share > 0.0:
        value = reflected(at.diffuse, at.f0, at.alpha, at.cos_eye, cos_light, wp.dot(at.to_eye, to_light))
    if at.curved:
        # Facets near the terminator would end in a hard line; fade them (Chiang et al., "Taming the shadow terminator", 2019).
        ease = wp.min(1.0, cos_facing / (cos_light * wp.dot(at.facing, at.smooth) + 1.0e-6))
        value = value * (ease * (1.0 + ease * (1.0 - ease)))
    return value


@wp.func
def reflection_density(at: Surface, to_light: wp.vec3):
    """Density over solid angle with which `reflection_direction` finds a direction."""
    cos_light = wp.max(wp.dot(at.smooth, to_light), 0.0)
    density = (1.0 - at.share) * cos_light * (1.0 / PI)
    if at.share > 0.0:
        density += at.share * facet_density(at.alpha, at.cos_eye, cos_light, wp.dot(at.to_eye, to_light))
    return density


@wp.func
def reflection_direction(at: Surface, choice: float, u: wp.vec2):
    """A unit direction in proportion to the diffuse or, if choice < share, the specular part of the reflectance, about."""
    if choice < at.share:
        return mirrored_by_facet(at.smooth, at.to_eye, at.cos_eye, at.alpha, u)
    return cosine_direction(at.smooth, u)
