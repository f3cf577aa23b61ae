"""Direct light: linear radiance from the visible surfaces, their materials, the lights and the sky."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import MaterialRow, SceneBuffers
from renderers.kernels import KERNEL_OPTIONS, Pinhole, mat34, pixel_ray, rotate
from renderers.visibility.view import View
from scenes.scene import PointLight, Sky, Sun

wp.set_module_options(KERNEL_OPTIONS)

PI = wp.constant(3.14159265358979)


@wp.struct
class LightRow:
    """A light in the camera's frame. `radius` 0: point light at `place`; else parallel light coming from the unit vector `place`."""

    place: wp.vec3
    power: wp.vec3
    parallel: wp.int32


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
def sky_irradiance(sky: SkyRow, normal: wp.vec3):
    """Mean radiance over the hemisphere about `normal`, approximately: a blend between the upper and the lower half."""
    upper = 0.4 * sky.horizon + 0.6 * sky.zenith
    lower = 0.1 * sky.horizon + 0.9 * sky.ground
    return lower + (upper - lower) * (0.5 + 0.5 * wp.dot(normal, sky.up))


@wp.func
def texel(texels: wp.array(dtype=wp.uint32), index: int):
    packed = texels[index]
    r = float(packed & wp.uint32(255))
    g = float((packed >> wp.uint32(8)) & wp.uint32(255))
    b = float((packed >> wp.uint32(16)) & wp.uint32(255))
    return wp.vec3(r * r, g * g, b * b)


@wp.func
def bilinear(texels: wp.array(dtype=wp.uint32), offset: int, size: int, s: float, t: float):
    """Linear colour times 255^2 at (s, t) in texels of this level; the picture repeats."""
    x = wp.floor(s - 0.5)
    y = wp.floor(t - 0.5)
    fx = s - 0.5 - x
    fy = t - 0.5 - y
    x0 = int(x) & (size - 1)
    y0 = int(y) & (size - 1)
    x1 = (x0 + 1) & (size - 1)
    y1 = (y0 + 1) & (size - 1)
    upper = texel(texels, offset + y0 * size + x0) * (1.0 - fx) + texel(texels, offset + y0 * size + x1) * fx
    lower = texel(texels, offset + y1 * size + x0) * (1.0 - fx) + texel(texels, offset + y1 * size + x1) * fx
    return upper * (1.0 - fy) + lower * fy


@wp.func
def level_offset(offset: int, size: int, level: int):
    """Where a mip level starts: sizes fall by a factor of 4, so levels 0 ... l-1 hold (size^2 - (size >> l)^2) * 4 / 3 texels."""
    reduced = size >> level
    return offset + (size * size - reduced * reduced) // 3 * 4


@wp.func
def textured(material: MaterialRow, texels: wp.array(dtype=wp.uint32), uv: wp.vec2, footprint: float):
    """Linear colour of the texture, averaged over about `footprint` metres (trilinear)."""
    span = wp.max(footprint * material.texels_per_metre, 1.0)
    level = wp.min(wp.log2(span), float(material.texture_levels - 1))
    fine = int(level)
    blend = level - float(fine)
    scale = material.texels_per_metre / float(1 << fine)
    size = material.texture_size >> fine
    color = bilinear(texels, level_offset(material.texture_offset, material.texture_size, fine), size, uv[0] * scale, uv[1] * scale)
    if blend > 0.0:
        coarse = bilinear(
            texels,
            level_offset(material.texture_offset, material.texture_size, fine + 1),
            size >> 1,
            uv[0] * scale * 0.5,
            uv[1] * scale * 0.5,
        )
        color = color + (coarse - color) * blend
    return color * (1.0 / 65025.0)


@wp.func
def reflected(color: wp.vec3, f0: wp.vec3, alpha: float, n: wp.vec3, to_eye: wp.vec3, to_light: wp.vec3):
    """BRDF times cosine: Lambert plus GGX with Smith's joint shadowing (height-correlated, Hammon's approximation) and Schlick's Fresnel."""
    cos_light = wp.dot(n, to_light)
    if cos_light <= 0.0:
        return wp.vec3(0.0, 0.0, 0.0)
    cos_eye = wp.max(wp.dot(n, to_eye), 1.0e-3)
    half = wp.normalize(to_eye + to_light)
    cos_half = wp.dot(n, half)
    a2 = alpha * alpha
    spread = cos_half * cos_half * (a2 - 1.0) + 1.0
    shape = a2 / (PI * spread * spread)
    masking = 2.0 * cos_light * cos_eye
    visible = 0.5 / (masking + alpha * (cos_light + cos_eye - masking))
    grazing = 1.0 - wp.max(wp.dot(half, to_light), 0.0)
    grazing2 = grazing * grazing
    schlick = grazing2 * grazing2 * grazing
    fresnel = f0 + (wp.vec3(1.0, 1.0, 1.0) - f0) * schlick
    return (color * (1.0 / PI) + fresnel * (shape * visible)) * cos_light


@wp.kernel
def shade(
    camera: Pinhole,
    triangle: wp.array2d(dtype=wp.int32),
    points: wp.array(dtype=wp.vec3),
    planes: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    normals: wp.array(dtype=wp.vec3),
    uvs: wp.array(dtype=wp.vec2),
    triangle_instance: wp.array(dtype=wp.int32),
    triangle_material: wp.array(dtype=wp.int32),
    eye_from_object: wp.array(dtype=mat34),
    materials: wp.array(dtype=MaterialRow),
    texels: wp.array(dtype=wp.uint32),
    lights: wp.array(dtype=LightRow),
    sky: SkyRow,
    radiance: wp.array2d(dtype=wp.vec3),
):
    row, column = wp.tid()
    ray = pixel_ray(camera, float(column) + 0.5, float(row) + 0.5)
    t = triangle[row, column]
    if t < 0:
        radiance[row, column] = sky_radiance(sky, wp.normalize(ray))
        return
    q = planes[t]
    z = 1.0 / wp.dot(q, ray)
    x = ray * z
    to_eye = -wp.normalize(ray)
    facing = -wp.normalize(q)
    corner = triangles[t]
    a = points[corner[0]]
    e1 = points[corner[1]] - a
    e2 = points[corner[2]] - a
    n = wp.cross(e1, e2)
    scale = 1.0 / wp.dot(n, n)
    beta = wp.dot(wp.cross(x - a, e2), n) * scale
    gamma = wp.dot(wp.cross(e1, x - a), n) * scale
    alpha = 1.0 - beta - gamma
    smooth = normals[corner[0]] * alpha + normals[corner[1]] * beta + normals[corner[2]] * gamma
    smooth = wp.normalize(rotate(eye_from_object[triangle_instance[t]], smooth))
    if wp.dot(n, facing) < 0.0:
        smooth = -smooth
    material = materials[triangle_material[t]]
    color = material.color
    if material.texture_size > 0:
        uv = uvs[corner[0]] * alpha + uvs[corner[1]] * beta + uvs[corner[2]] * gamma
        footprint = z / camera.fx / wp.sqrt(wp.max(wp.dot(facing, to_eye), 0.05))
        color = wp.cw_mul(color, textured(material, texels, uv, footprint))
    f0 = wp.vec3(0.04, 0.04, 0.04) * (1.0 - material.metallic) + color * material.metallic
    diffuse = color * (1.0 - material.metallic)
    roughness = wp.max(material.roughness * material.roughness, 0.02)
    light = material.emission + wp.cw_mul(diffuse + f0, sky_irradiance(sky, smooth))
    for k in range(lights.shape[0]):
        source = lights[k]
        to_light = source.place
        arriving = source.power
        if source.parallel == 0:
            to_light = source.place - x
            squared = wp.dot(to_light, to_light)
            arriving = source.power / wp.max(squared, 1.0e-4)
            to_light = to_light / wp.sqrt(wp.max(squared, 1.0e-8))
        light += wp.cw_mul(arriving, reflected(diffuse, f0, roughness, smooth, to_eye, to_light))
    radiance[row, column] = light


class Shader:
    """Shades views of one scene."""

    def __init__(self, buffers: SceneBuffers) -> None:
        self._buffers = buffers
        camera = buffers.scene.camera
        self._radiance = wp.empty((camera.height, camera.width), dtype=wp.vec3, device=buffers.device)

    def radiance(self, view: View, pose: NDArray[np.float64], time: int) -> wp.array:
        """Linear radiance vec3 [H, W] of a view from the camera pose; overwritten by the next call."""
        b = self._buffers
        with wp.ScopedDevice(b.device):
            poses = wp.array(view.eye_from_object[:, :3].astype(np.float32), dtype=mat34)
            inputs = [view.pinhole, view.triangle, view.points, view.planes, b.triangles, b.normals, b.uvs, b.triangle_instance]
            inputs += [b.triangle_material, poses, b.materials, b.texels, _lights(b.scene.lights, pose), _sky(b.scene.sky, pose)]
            wp.launch(shade, dim=view.triangle.shape, inputs=inputs, outputs=[self._radiance])
        return self._radiance


def _lights(lights: tuple[PointLight | Sun, ...], pose: NDArray[np.float64]) -> wp.array:
    rows = np.zeros(len(lights), dtype=LightRow.numpy_dtype())
    for row, light in zip(rows, lights, strict=True):
        if isinstance(light, Sun):
            row["place"], row["power"], row["parallel"] = -np.asarray(light.direction) @ pose[:3, :3], light.irradiance, 1
        else:
            row["place"], row["power"] = (np.asarray(light.position) - pose[:3, 3]) @ pose[:3, :3], light.intensity
    return wp.array(rows, dtype=LightRow)


def _sky(sky: Sky, pose: NDArray[np.float64]) -> SkyRow:
    row = SkyRow()
    row.zenith, row.horizon, row.ground = wp.vec3(*sky.zenith), wp.vec3(*sky.horizon), wp.vec3(*sky.ground)
    row.up = wp.vec3(*pose[2, :3])
    return row
