# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""Linear radiance from visible surfaces: materials, direct light with shadows, ambient light."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, mat34, pixel_ray, rotate
from renderers.kernels.materials import MaterialRow
from renderers.kernels.motion import Sight
from renderers.kernels.points import Scenery, footprint_of, smooth_normal, surface_color, weights_at
from renderers.kernels.reflectance import SkyRow, reflected, sky_mean, sky_radiance
from renderers.kernels.shadows import LightRow, lit_by_point, lit_by_sun

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class Point:
    """A visible surface point, world frame. `facing`: geometric normal, `smooth`: shading normal, both unit and towards the eye."""

    place: wp.vec3
    facing: wp.vec3
    smooth: wp.vec3
    to_eye: wp.vec3
    cos_eye: wp.float32
    curved: wp.bool


@wp.struct
class Reflection:
    """What a surface makes of light: reflectances, and the width of the GGX lobe."""

    diffuse: wp.vec3
    f0: wp.vec3
    alpha: wp.float32


@wp.func
def direct_light(light: LightRow, at: Point, surface: Reflection, maps: wp.array(dtype=wp.float32)):
    """Radiance towards the eye of one light's direct light."""
    to_light = light.place
    if light.far == 0.0:
        to_light = light.place - at.place
    cos_facing = wp.dot(at.facing, to_light)
    cos_light = cos_facing
    if at.curved:
        cos_light = wp.dot(at.smooth, to_light)
    if cos_facing <= 0.0 or cos_light <= 0.0:
        return wp.vec3(0.0, 0.0, 0.0)
    strength = float(0.0)
    if light.far == 0.0:
        strength = lit_by_point(light, maps, to_light, at.facing, cos_facing)
    else:
        strength = lit_by_sun(light, maps, at.place, at.facing)
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
        if light.normal[0] != 0.0 or light.normal[1] != 0.0 or light.normal[2] != 0.0:
            strength = strength * wp.max(-wp.dot(light.normal, to_light) * per_distance, 0.0)
    lobe = reflected(surface.diffuse, surface.f0, surface.alpha, at.cos_eye, cos_light, cos_between)
    return wp.cw_mul(light.power * strength, lobe)


@wp.func
def shade_point(
    eye: Eye,
    view: int,
    t: int,
    ray: wp.vec3,
    pose: mat34,
    sight: Sight,
    world_from_object: wp.array(dtype=mat34),
    scenery: Scenery,
    lights: wp.array(dtype=LightRow),
    shadow_maps: wp.array(dtype=wp.float32),
    sky: SkyRow,
):
    """Radiance towards the eye of the surface of triangle `t` on `ray`; pose: world from eye."""
    plane = sight.planes[view, t]
    reach = 1.0 / wp.dot(plane, ray)
    length = wp.length(ray)
    toward = rotate(pose, ray)
    at = Point()
    at.place = wp.vec3(pose[0, 3], pose[1, 3], pose[2, 3]) + toward * reach
    at.to_eye = toward * (-1.0 / length)
    at.facing = rotate(pose, plane * (-1.0 / wp.length(plane)))
    at.smooth = at.facing
    at.cos_eye = wp.dot(at.facing, at.to_eye)
    look = scenery.triangle_look[t]
    at.curved = (look & 1) == 1
    material = scenery.materials[look >> 1]
    color = material.color
    if material.texture_size > 0 or at.curved:
        corner = scenery.triangles[t]
        a = sight.points[view, corner[0]]
        e1 = sight.points[view, corner[1]] - a
        e2 = sight.points[view, corner[2]] - a
        n = wp.cross(e1, e2)
        weight = weights_at(e1, e2, n, ray * reach - a)
        color = surface_color(material, corner, weight, footprint_of(eye, reach * length, at.cos_eye), scenery)
        if at.curved:
            front = -wp.dot(n, plane)
            at.smooth = smooth_normal(corner, weight, world_from_object[scenery.triangle_instance[t]], at.facing, front, scenery)
            at.cos_eye = wp.dot(at.smooth, at.to_eye)
    at.cos_eye = wp.max(at.cos_eye, 1.0e-3)
    dielectric = 1.0 - material.metallic
    surface = Reflection()
    surface.f0 = wp.vec3(0.04, 0.04, 0.04) * dielectric + color * material.metallic
    surface.diffuse = color * dielectric
    surface.alpha = wp.max(material.roughness * material.roughness, 0.02)
    light = material.emission + wp.cw_mul(surface.diffuse + surface.f0, sky_mean(sky, at.smooth))
    for k in range(lights.shape[0]):
        light += direct_light(lights[k], at, surface, shadow_maps)
    return light


@wp.kernel
def shade(
    eye: Eye,
    first_row: int,
    now: wp.array(dtype=wp.int32),
    sight: Sight,
    world_from_eye: wp.array(dtype=mat34),
    world_from_object: wp.array(dtype=mat34),
    scenery: Scenery,
    lights: wp.array(dtype=LightRow),
    shadow_maps: wp.array(dtype=wp.float32),
    sky: SkyRow,
    radiance: wp.array3d(dtype=wp.vec3),
):
    """Linear radiance [B, H, W] of batch entry b, which is view now[b]."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    view = now[b]
    pose = world_from_eye[b]
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        t = sight.triangle[view, row, column]
        ray = pixel_ray(eye, row, column)
        if t >= 0:
            radiance[b, row, column] = shade_point(eye, view, t, ray, pose, sight, world_from_object, scenery, lights, shadow_maps, sky)
        elif wp.isnan(ray[0]):  # outside the image circle of the lens
            radiance[b, row, column] = wp.vec3(0.0, 0.0, 0.0)
        else:
            radiance[b, row, column] = sky_radiance(sky, wp.normalize(rotate(pose, ray)))
