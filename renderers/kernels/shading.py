# mypy: ignore-errors
"""Linear radiance from visible surfaces: materials, direct light with shadows, ambient light."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Pinhole, mat34, pixel_ray, rotate
from renderers.kernels.materials import MaterialRow
from renderers.kernels.reflectance import SkyRow, reflected, sky_mean, sky_radiance
from renderers.kernels.shadows import LightRow, lit_share
from renderers.kernels.textures import sample_texture

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class Scenery:
    """What light meets: `renderers.buffers.SceneBuffers` and `renderers.shadows.ShadowMaps` as kernels read them."""

    triangles: wp.array(dtype=wp.vec3i)
    normals: wp.array(dtype=wp.vec3)
    uvs: wp.array(dtype=wp.vec2)
    triangle_instance: wp.array(dtype=wp.int32)
    triangle_look: wp.array(dtype=wp.int32)
    materials: wp.array(dtype=MaterialRow)
    texels: wp.array(dtype=wp.uint64)
    shadow_maps: wp.array(dtype=wp.float32)


@wp.struct
class Point:
    """A visible surface point, camera frame. `facing`: geometric normal, `smooth`: shading normal, both unit and towards the eye."""

    place: wp.vec3
    facing: wp.vec3
    smooth: wp.vec3
    to_eye: wp.vec3
    cos_eye: wp.float32
    curved: wp.bool


@wp.func
def direct_light(light: LightRow, at: Point, diffuse: wp.vec3, f0: wp.vec3, alpha: float, scenery: Scenery):
    """Radiance towards the eye of one light's direct light."""
    to_light = light.place
    if light.far == 0.0:
        to_light = light.place - at.place
    cos_facing = wp.dot(at.facing, to_light)
    cos_light = wp.dot(at.smooth, to_light)
    if cos_facing <= 0.0 or cos_light <= 0.0:
        return wp.vec3(0.0, 0.0, 0.0)
    strength = lit_share(light, scenery.shadow_maps, at.place, at.facing)
    if strength <= 0.0:
        return wp.vec3(0.0, 0.0, 0.0)
    if at.curved:
        # Facets near the terminator would end in a hard line; fade them (Chiang et al., "Taming the shadow terminator", 2019).
        ease = wp.min(1.0, cos_facing / (cos_light * wp.dot(at.facing, at.smooth) + 1.0e-6))
        strength = strength * ease * (1.0 + ease * (1.0 - ease))
    cos_between = wp.dot(at.to_eye, to_light)
    if light.far == 0.0:
        per_distance = 1.0 / wp.sqrt(wp.max(wp.dot(to_light, to_light), 1.0e-4))
        strength = strength * per_distance * per_distance
        cos_light = cos_light * per_distance
        cos_between = cos_between * per_distance
    return wp.cw_mul(light.power * strength, reflected(diffuse, f0, alpha, at.cos_eye, cos_light, cos_between))


@wp.func
def shade_point(
    camera: Pinhole,
    t: int,
    plane: wp.vec3,
    ray: wp.vec3,
    points: wp.array(dtype=wp.vec3),
    eye_from_object: wp.array(dtype=mat34),
    scenery: Scenery,
    lights: wp.array(dtype=LightRow),
    sky: SkyRow,
):
    """Radiance towards the eye of the surface of triangle `t` on `ray`."""
    z = 1.0 / wp.dot(plane, ray)
    at = Point()
    at.place = ray * z
    at.to_eye = ray * (-1.0 / wp.length(ray))
    at.facing = plane * (-1.0 / wp.length(plane))
    at.smooth = at.facing
    look = scenery.triangle_look[t]
    material = scenery.materials[look >> 1]
    color = material.color
    if material.texture_size > 0 or (look & 1) == 1:
        corner = scenery.triangles[t]
        a = points[corner[0]]
        e1 = points[corner[1]] - a
        e2 = points[corner[2]] - a
        n = wp.cross(e1, e2)
        scale = 1.0 / wp.dot(n, n)
        beta = wp.dot(wp.cross(at.place - a, e2), n) * scale
        gamma = wp.dot(wp.cross(e1, at.place - a), n) * scale
        alpha = 1.0 - beta - gamma
        if (look & 1) == 1:
            smooth = scenery.normals[corner[0]] * alpha + scenery.normals[corner[1]] * beta + scenery.normals[corner[2]] * gamma
            smooth = rotate(eye_from_object[scenery.triangle_instance[t]], smooth)
            smooth = smooth * (1.0 / wp.length(smooth))
            if wp.dot(n, at.facing) < 0.0:
                smooth = -smooth
            at.smooth = smooth
            at.curved = True
        if material.texture_size > 0:
            uv = scenery.uvs[corner[0]] * alpha + scenery.uvs[corner[1]] * beta + scenery.uvs[corner[2]] * gamma
            # The pixel's footprint on the surface is a long ellipse at grazing angles; the mean of its axes is filtered.
            footprint = z * camera.per_fx / wp.sqrt(wp.max(wp.dot(at.facing, at.to_eye), 0.05))
            texture = sample_texture(
                scenery.texels,
                material.texture_offset,
                material.texture_size,
                material.texture_levels,
                material.texels_per_metre,
                uv,
                footprint,
            )
            color = wp.cw_mul(color, texture)
    at.cos_eye = wp.max(wp.dot(at.smooth, at.to_eye), 1.0e-3)
    dielectric = 1.0 - material.metallic
    f0 = wp.vec3(0.04, 0.04, 0.04) * dielectric + color * material.metallic
    diffuse = color * dielectric
    width = wp.max(material.roughness * material.roughness, 0.02)
    light = material.emission + wp.cw_mul(diffuse + f0, sky_mean(sky, at.smooth))
    for k in range(lights.shape[0]):
        light += direct_light(lights[k], at, diffuse, f0, width, scenery)
    return light


@wp.kernel
def shade(
    camera: Pinhole,
    triangle: wp.array2d(dtype=wp.int32),
    points: wp.array(dtype=wp.vec3),
    planes: wp.array(dtype=wp.vec3),
    eye_from_object: wp.array(dtype=mat34),
    scenery: Scenery,
    lights: wp.array(dtype=LightRow),
    sky: SkyRow,
    radiance: wp.array2d(dtype=wp.vec3),
):
    """Linear radiance of a run of pixels."""
    row, part = wp.tid()
    for column in range(part * camera.run, wp.min(part * camera.run + camera.run, camera.width)):
        ray = pixel_ray(camera, float(column) + 0.5, float(row) + 0.5)
        t = triangle[row, column]
        if t >= 0:
            radiance[row, column] = shade_point(camera, t, planes[t], ray, points, eye_from_object, scenery, lights, sky)
        else:
            radiance[row, column] = sky_radiance(sky, wp.normalize(ray))
