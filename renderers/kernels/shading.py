# mypy: ignore-errors
# ruff: noqa: ARG001, F401, F811
"""Linear radiance from visible surfaces: materials, direct light with shadows, ambient light."""

from typing import Any

import warp as wp

from renderers.kernels.air import Air, hazed, seen_sky
from renderers.kernels.ambient import Grid, sky_share
from renderers.kernels.common import KERNEL_OPTIONS, Eye, mat34
from renderers.kernels.lane_arrays import pixel_from, pixels_from, rays_through, take, take_element, take_material
from renderers.kernels.lane_outputs import store
from renderers.kernels.lanes import (
    LANES,
    LaneInts,
    Lanes,
    Lanes3,
    add,
    anywhere,
    below,
    bit_and,
    cross,
    div,
    dot,
    gray,
    largest,
    length,
    maximum,
    minimum,
    mul,
    root,
    rshift,
    sub,
    tinted,
    turned,
    unit,
    where,
)
from renderers.kernels.motion import Sight
from renderers.kernels.points import Scenery, footprint_of, smooth_normal, texture_color, weights_at
from renderers.kernels.reflectance import SkyRow, reflected, sky_mean
from renderers.kernels.shadows import LightRow, SunMapRow, lit_by_point, lit_by_sun

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class Point:
    """A visible surface point, world frame, and what it makes of light.

    `facing`: geometric normal, `smooth`: shading normal, both unit and towards the eye. curved: not 0 where they differ.
    diffuse, f0, alpha: reflectances, and the width of the GGX lobe.
    """

    place: wp.vec3
    facing: wp.vec3
    smooth: wp.vec3
    to_eye: wp.vec3
    cos_eye: wp.float32
    curved: wp.int32
    diffuse: wp.vec3
    f0: wp.vec3
    alpha: wp.float32


@wp.struct
class Points:
    """The same for lanes of points."""

    place: Lanes3
    facing: Lanes3
    smooth: Lanes3
    to_eye: Lanes3
    cos_eye: Lanes
    curved: LaneInts
    diffuse: Lanes3
    f0: Lanes3
    alpha: Lanes


@wp.struct
class Lighting:
    """What sends light: lights with the texels of their shadow maps, the sky, what share of it is hidden near surfaces; and the air."""

    lights: wp.array(dtype=LightRow)
    sun_maps: wp.array(dtype=SunMapRow)
    shadow_maps: wp.array(dtype=wp.float32)
    sky: SkyRow
    air: Air
    grid: Grid


@wp.func
def point_of(triangle: int):
    return Point()


@wp.func
def point_of(triangle: LaneInts):
    return Points()


@wp.func
def direct_light(light: LightRow, at: Any, sun_maps: wp.array(dtype=SunMapRow), maps: wp.array(dtype=wp.float32)):
    """Radiance towards the eye of one light's direct light."""
    value = at.diffuse * 0.0
    to_light = light.place + at.place * 0.0
    if light.far == 0.0:
        to_light = light.place - at.place
    cos_facing = dot(at.facing, to_light)
    cos_light = dot(at.smooth, to_light)
    lit = below(0.0, minimum(cos_facing, cos_light))
    if anywhere(lit):
        strength = cos_light * 0.0
        if light.far == 0.0:
            strength = lit_by_point(light, maps, to_light, at.facing, cos_facing)
        else:
            strength = lit_by_sun(light, sun_maps, maps, at.place, at.facing)
        strength = where(lit, strength, 0.0)
        if anywhere(below(0.0, strength)):
            if anywhere(at.curved):
                # Facets near the terminator would end in a hard line; fade them (Chiang et al., "Taming the shadow terminator", 2019).
                ease = minimum(cos_facing / (cos_light * dot(at.facing, at.smooth) + 1.0e-6), 1.0)
                strength = where(at.curved, strength * ease * (1.0 + ease * (1.0 - ease)), strength)
            cos_between = dot(at.to_eye, to_light)
            if light.far == 0.0:
                per_distance = 1.0 / root(maximum(dot(to_light, to_light), 1.0e-4))
                strength = strength * per_distance * per_distance
                cos_light = cos_light * per_distance
                cos_between = cos_between * per_distance
                if light.normal[0] != 0.0 or light.normal[1] != 0.0 or light.normal[2] != 0.0:
                    strength = strength * maximum(-1.0 * dot(to_light, light.normal) * per_distance, 0.0)
            lobe = reflected(at.diffuse, at.f0, at.alpha, at.cos_eye, cos_light, cos_between)
            value = where(below(0.0, strength), tinted(light.power, lobe * strength), value)
    return value


@wp.func
def shade_point(
    eye: Eye,
    view: int,
    t: Any,
    plane: Any,
    ray: Any,
    pose: mat34,
    sight: Sight,
    world_from_object: wp.array(dtype=mat34),
    scenery: Scenery,
    lighting: Lighting,
    sky_share: Any,
):
    """Radiance towards the eye of the surface of triangle `t`, in `plane`, on `ray`; pose: world from eye."""
    reach = 1.0 / dot(plane, ray)
    distance = length(ray)
    toward = turned(pose, ray)
    at = point_of(t)
    at.place = wp.vec3(pose[0, 3], pose[1, 3], pose[2, 3]) + toward * reach
    at.to_eye = toward * (-1.0 / distance)
    at.facing = turned(pose, plane * (-1.0 / length(plane)))
    at.smooth = at.facing
    at.cos_eye = dot(at.facing, at.to_eye)
    look = take(scenery.triangle_look, t)
    at.curved = look & 1
    bent = anywhere(at.curved)
    material = take_material(scenery.materials, look >> 1)
    color = material.color
    emission = material.emission
    if bent or anywhere(material.texture_size):
        a = take_element(scenery.triangles, t, 0)
        b = take_element(scenery.triangles, t, 1)
        c = take_element(scenery.triangles, t, 2)
        points = sight.points[view]
        first = take(points, a)
        e1 = take(points, b) - first
        e2 = take(points, c) - first
        n = cross(e1, e2)
        weight = weights_at(e1, e2, n, ray * reach - first)
        picture = texture_color(material, a, b, c, weight, footprint_of(eye, reach * distance, at.cos_eye), scenery)
        color = tinted(color, picture)
        emission = tinted(emission, picture)
        if bent:
            owner = take(scenery.triangle_instance, t)
            normal = smooth_normal(a, b, c, weight, world_from_object, owner, at.facing, -1.0 * dot(n, plane), scenery)
            at.smooth = where(at.curved, normal, at.facing)
            at.cos_eye = dot(at.smooth, at.to_eye)
    at.cos_eye = maximum(at.cos_eye, 1.0e-3)
    dielectric = 1.0 - material.metallic
    at.f0 = gray(0.04 * dielectric) + color * material.metallic
    at.diffuse = color * dielectric
    at.alpha = maximum(material.roughness * material.roughness, 0.02)
    light = emission + tinted(at.diffuse + at.f0, sky_mean(lighting.sky, at.smooth)) * sky_share
    for k in range(lighting.lights.shape[0]):
        light += direct_light(lighting.lights[k], at, lighting.sun_maps, lighting.shadow_maps)
    if lighting.air.extinction > 0.0:
        light = hazed(lighting.air, light, reach * distance * lighting.air.extinction)
    return light


def _shader(columns_from, step):
    """The kernel for `step` neighbouring pixels at a time."""

    @wp.kernel(module="unique", module_options=KERNEL_OPTIONS)
    def shade(
        eye: Eye,
        first_row: int,
        now: wp.array(dtype=wp.int32),
        sight: Sight,
        world_from_eye: wp.array(dtype=mat34),
        world_from_object: wp.array(dtype=mat34),
        scenery: Scenery,
        lighting: Lighting,
        radiance: wp.array3d(dtype=wp.vec3),
    ):
        """Linear radiance [B, H, W] of batch entry b, which is view now[b]."""
        b, band_row, part_of_row = wp.tid()
        row = first_row + band_row
        view = now[b]
        pose = world_from_eye[b]
        triangles = sight.triangle[view][row]
        end = wp.min(part_of_row * eye.run + eye.run, eye.width)
        for first in range(part_of_row * eye.run, end, step):
            column = minimum(columns_from(first), end - 1)
            t = take(triangles, column)
            empty = below(t, 0)
            shown = largest(where(empty, -1, column))
            light = rays_through(eye, row, column)
            if anywhere(empty):
                is_ray = below(0.0, dot(light, light))  # outside the image circle of a lens it is not
                sky = seen_sky(lighting.sky, lighting.air, unit(turned(pose, light)), eye.per_fx)
                light = where(is_ray, sky, wp.vec3(0.0, 0.0, 0.0))
            if shown >= 0:
                # Pixels without a surface repeat what another one shows.
                column = where(empty, shown, column)
                ray = rays_through(eye, row, column)
                surface = take(triangles, column)
                plane = take(sight.planes[view], surface)
                open_sky = sky_share(eye, b, row, column, first, ray, plane, lighting.grid)
                seen = shade_point(eye, view, surface, plane, ray, pose, sight, world_from_object, scenery, lighting, open_sky)
                light = where(empty, light, seen)
            store(radiance[b][row], first, end, light)

    return shade


shade_lanes = _shader(pixels_from, LANES)
shade_pixels = _shader(pixel_from, 1)
