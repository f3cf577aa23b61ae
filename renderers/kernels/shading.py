# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""Linear radiance from visible surfaces: materials, direct light with shadows, ambient light."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, mat34, pixel_ray, rotate
from renderers.kernels.materials import MaterialRow
from renderers.kernels.motion import Sight
from renderers.kernels.points import Scenery, barycentric, footprint_of, smooth_normal, surface_color
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
    origin = wp.vec3(pose[0, 3], pose[1, 3], pose[2, 3])
    last = int(-1)
    plane = wp.vec3(0.0, 0.0, 0.0)
    seen_facing = plane
    corner = wp.vec3i(0, 0, 0)
    look = int(0)
    material = MaterialRow()
    at = Point()
    surface = Reflection()
    ambient = wp.vec3(0.0, 0.0, 0.0)
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        t = sight.triangle[view, row, column]
        ray = pixel_ray(eye, row, column)
        light = wp.vec3(0.0, 0.0, 0.0)
        if t < 0:
            light = sky_radiance(sky, wp.normalize(rotate(pose, ray)))
        else:
            if t != last:
                last = t
                plane = sight.planes[view, t]
                seen_facing = plane * (-1.0 / wp.length(plane))
                at.facing = rotate(pose, seen_facing)
                at.smooth = at.facing
                look = scenery.triangle_look[t]
                at.curved = (look & 1) == 1
                material = scenery.materials[look >> 1]
                corner = scenery.triangles[t]
                ambient = sky_mean(sky, at.facing)
            reach = 1.0 / wp.dot(plane, ray)
            per_length = 1.0 / wp.length(ray)
            toward = rotate(pose, ray)
            at.place = origin + toward * reach
            at.to_eye = toward * (-per_length)
            cos_seen = wp.dot(at.facing, at.to_eye)
            at.cos_eye = wp.max(cos_seen, 1.0e-3)
            color = material.color
            if material.texture_size > 0 or at.curved:
                p0 = sight.points[view, corner[0]]
                p1 = sight.points[view, corner[1]]
                p2 = sight.points[view, corner[2]]
                weight = barycentric(p0, p1, p2, ray * reach)
                if at.curved:
                    front = wp.dot(wp.cross(p1 - p0, p2 - p0), seen_facing)
                    at.smooth = smooth_normal(corner, weight, world_from_object[scenery.triangle_instance[t]], at.facing, front, scenery)
                    at.cos_eye = wp.max(wp.dot(at.smooth, at.to_eye), 1.0e-3)
                    ambient = sky_mean(sky, at.smooth)
                color = surface_color(material, corner, weight, footprint_of(eye, reach / per_length, cos_seen), scenery)
            dielectric = 1.0 - material.metallic
            surface.f0 = wp.vec3(0.04, 0.04, 0.04) * dielectric + color * material.metallic
            surface.diffuse = color * dielectric
            surface.alpha = wp.max(material.roughness * material.roughness, 0.02)
            light = material.emission + wp.cw_mul(surface.diffuse + surface.f0, ambient)
            for k in range(lights.shape[0]):
                light += direct_light(lights[k], at, surface, shadow_maps)
        radiance[b, row, column] = light
