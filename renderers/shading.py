# ruff: noqa: RUF046, UP018 - int(0) declares a variable that a kernel may change
"""Direct light: linear radiance from the visible surfaces, their materials, the lights with their shadows, and the sky."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import MaterialRow, SceneBuffers
from renderers.kernels import KERNEL_OPTIONS, Pinhole, apply, mat34, pixel_ray, rotate
from renderers.labels import Moment
from renderers.reflectance import SkyRow, reflected, sky_mean, sky_radiance
from renderers.shadows import LightRow, ShadowMaps, point_light_share, sun_share
from renderers.texture_sampling import sample_texture
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import launch_size
from scenes.scene import Sky

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
    shadow_texels: wp.array(dtype=wp.int32)
    shadow_planes: wp.array2d(dtype=wp.vec3)


@wp.struct
class Point:
    """A visible surface point, camera frame. `facing`: geometric normal, `smooth`: shading normal, both unit and towards the eye."""

    triangle: wp.int32
    place: wp.vec3
    facing: wp.vec3
    smooth: wp.vec3
    to_eye: wp.vec3


@wp.func
def direct_light(light: LightRow, row: int, at: Point, diffuse: wp.vec3, f0: wp.vec3, alpha: float, scenery: Scenery):
    """Radiance towards the eye of one light's direct light."""
    place = apply(light.light_from_eye, at.place)
    from_light = wp.vec3(light.light_from_eye[2, 0], light.light_from_eye[2, 1], light.light_from_eye[2, 2])
    strength = float(1.0)
    if light.far == 0.0:
        strength = 1.0 / wp.max(wp.dot(place, place), 1.0e-4)
        # The frame's rotation is its own inverse transposed, so the direction comes back to the camera's frame.
        away = place * wp.sqrt(strength)
        m = light.light_from_eye
        from_light = wp.vec3(
            m[0, 0] * away[0] + m[1, 0] * away[1] + m[2, 0] * away[2],
            m[0, 1] * away[0] + m[1, 1] * away[1] + m[2, 1] * away[2],
            m[0, 2] * away[0] + m[1, 2] * away[1] + m[2, 2] * away[2],
        )
    cos_facing = -wp.dot(at.facing, from_light)
    cos_smooth = -wp.dot(at.smooth, from_light)
    if cos_facing <= 0.001 or cos_smooth <= 0.0:
        return wp.vec3(0.0, 0.0, 0.0)
    normal = rotate(light.light_from_eye, at.facing)
    share = float(1.0)
    if light.far == 0.0:
        share = point_light_share(light, row, scenery.shadow_texels, scenery.shadow_planes, at.triangle, place, normal)
    else:
        share = sun_share(light, row, scenery.shadow_texels, scenery.shadow_planes, at.triangle, place, normal)
    if share <= 0.0:
        return wp.vec3(0.0, 0.0, 0.0)
    # Facets near the terminator would end in a hard line; fade them (Chiang et al., "Taming the shadow terminator", 2019).
    ease = wp.min(1.0, cos_facing / (cos_smooth * wp.dot(at.facing, at.smooth) + 1.0e-6))
    share = share * ease * (1.0 + ease * (1.0 - ease))
    return wp.cw_mul(light.power * (strength * share), reflected(diffuse, f0, alpha, at.smooth, at.to_eye, -from_light))


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
    at.triangle = t
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
            smooth = wp.normalize(rotate(eye_from_object[scenery.triangle_instance[t]], smooth))
            if wp.dot(n, at.facing) < 0.0:
                smooth = -smooth
            at.smooth = smooth
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
    dielectric = 1.0 - material.metallic
    f0 = wp.vec3(0.04, 0.04, 0.04) * dielectric + color * material.metallic
    diffuse = color * dielectric
    width = wp.max(material.roughness * material.roughness, 0.02)
    light = material.emission + wp.cw_mul(diffuse + f0, sky_mean(sky, at.smooth))
    for k in range(lights.shape[0]):
        light += direct_light(lights[k], k, at, diffuse, f0, width, scenery)
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


class Shader:
    """Shades views of one scene."""

    def __init__(self, buffers: SceneBuffers, visibility: RasterVisibility) -> None:
        self._buffers = buffers
        self._shadows = ShadowMaps(buffers, visibility)
        self._scenery = Scenery()
        for name in ("triangles", "normals", "uvs", "triangle_instance", "triangle_look", "materials", "texels"):
            setattr(self._scenery, name, getattr(buffers, name))
        self._scenery.shadow_texels, self._scenery.shadow_planes = self._shadows.texels, self._shadows.planes
        camera = buffers.scene.camera
        self._radiance = wp.empty((camera.height, camera.width), dtype=wp.vec3, device=buffers.device)

    def radiance(self, now: Moment, pose: NDArray[np.float64], time: int) -> wp.array:
        """Linear radiance vec3 [H, W] at a moment, seen from the camera pose; overwritten by the next call."""
        view = now.view()
        with wp.ScopedDevice(self._buffers.device):
            poses = wp.array(now.eye_from_object[:, :3].astype(np.float32), dtype=mat34)
            lights, sky = self._shadows.rows(pose, time), _sky(self._buffers.scene.sky, pose)
            inputs = [view.pinhole, view.triangle, view.points, view.planes, poses, self._scenery, lights, sky, self._radiance]
            wp.launch(shade, dim=launch_size(view.pinhole), inputs=inputs)
        return self._radiance


def _sky(sky: Sky, pose: NDArray[np.float64]) -> Any:
    row = SkyRow()
    row.zenith, row.horizon, row.ground = wp.vec3(*sky.zenith), wp.vec3(*sky.horizon), wp.vec3(*sky.ground)
    row.up = wp.vec3(*pose[2, :3])
    return row
