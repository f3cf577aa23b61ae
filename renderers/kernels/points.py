# mypy: ignore-errors
"""Labels that depend on where in its object a visible point lies, and of what the object is made there."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, mat34, pixel_ray, rotate
from renderers.kernels.materials import MaterialRow
from renderers.kernels.textures import sample_texture

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class Scenery:
    """What surfaces are made of: `renderers.buffers.SceneBuffers` as kernels read it."""

    triangles: wp.array(dtype=wp.vec3i)
    vertices: wp.array(dtype=wp.vec3)
    normals: wp.array(dtype=wp.vec3)
    uvs: wp.array(dtype=wp.vec2)
    triangle_instance: wp.array(dtype=wp.int32)
    triangle_look: wp.array(dtype=wp.int32)
    materials: wp.array(dtype=MaterialRow)
    texels: wp.array(dtype=wp.uint64)


@wp.struct
class Details:
    """Outputs [B * H * W]; an empty array is skipped."""

    object_point: wp.array(dtype=wp.vec3)
    shading_normal: wp.array(dtype=wp.vec3)
    albedo: wp.array(dtype=wp.vec3)


@wp.func
def weights_at(e1: wp.vec3, e2: wp.vec3, n: wp.vec3, place: wp.vec3):
    """Barycentric weights of a point in the plane of a triangle with edges e1 and e2 from its first corner, n = e1 x e2; place from there."""
    scale = 1.0 / wp.dot(n, n)
    beta = wp.dot(wp.cross(place, e2), n) * scale
    gamma = wp.dot(wp.cross(e1, place), n) * scale
    return wp.vec3(1.0 - beta - gamma, beta, gamma)


@wp.func
def smooth_normal(corner: wp.vec3i, weight: wp.vec3, pose: mat34, facing: wp.vec3, front: float, scenery: Scenery):
    """Interpolated vertex normal in the eye's frame, unit, on the side of `facing`; front < 0: the triangle is seen from its back."""
    normal = scenery.normals[corner[0]] * weight[0] + scenery.normals[corner[1]] * weight[1] + scenery.normals[corner[2]] * weight[2]
    normal = rotate(pose, normal)
    length = wp.length(normal)
    if length < 1.0e-6:
        return facing
    normal = normal * (1.0 / length)
    if front < 0.0:
        normal = -normal
    return normal


@wp.func
def surface_color(material: MaterialRow, corner: wp.vec3i, weight: wp.vec3, footprint: float, scenery: Scenery):
    """Linear colour of a material at a point, averaged over about `footprint` metres."""
    if material.texture_size == 0:
        return material.color
    uv = scenery.uvs[corner[0]] * weight[0] + scenery.uvs[corner[1]] * weight[1] + scenery.uvs[corner[2]] * weight[2]
    return wp.cw_mul(
        material.color,
        sample_texture(
            scenery.texels,
            material.texture_offset,
            material.texture_size,
            material.texture_levels,
            material.texels_per_metre,
            uv,
            footprint,
        ),
    )


@wp.func
def footprint_of(eye: Eye, distance: float, cos_eye: float):
    """Metres of surface under a pixel; it is a long ellipse at grazing angles, and the mean of its axes is taken."""
    return distance * eye.per_fx / wp.sqrt(wp.max(cos_eye, 0.05))


@wp.kernel
def write_details(
    eye: Eye,
    first_row: int,
    now: wp.array(dtype=wp.int32),
    triangle: wp.array3d(dtype=wp.int32),
    points: wp.array2d(dtype=wp.vec3),
    planes: wp.array2d(dtype=wp.vec3),
    eye_from_object: wp.array2d(dtype=mat34),
    scenery: Scenery,
    out: Details,
):
    """Of batch entry b, which is view now[b]."""
    b, band_row, part = wp.tid()
    row = first_row + band_row
    view = now[b]
    for column in range(part * eye.run, wp.min(part * eye.run + eye.run, eye.width)):
        t = triangle[view, row, column]
        pixel = (b * eye.height + row) * eye.width + column
        object_point = wp.vec3(0.0, 0.0, 0.0)
        normal = wp.vec3(0.0, 0.0, 0.0)
        albedo = wp.vec3(0.0, 0.0, 0.0)
        if t >= 0:
            plane = planes[view, t]
            ray = pixel_ray(eye, row, column)
            place = ray * (1.0 / wp.dot(plane, ray))
            corner = scenery.triangles[t]
            a = points[view, corner[0]]
            e1 = points[view, corner[1]] - a
            e2 = points[view, corner[2]] - a
            n = wp.cross(e1, e2)
            weight = weights_at(e1, e2, n, place - a)
            facing = plane * (-1.0 / wp.length(plane))
            vertices = scenery.vertices
            object_point = vertices[corner[0]] * weight[0] + vertices[corner[1]] * weight[1] + vertices[corner[2]] * weight[2]
            look = scenery.triangle_look[t]
            normal = facing
            if (look & 1) == 1:
                front = wp.dot(n, facing)
                normal = smooth_normal(corner, weight, eye_from_object[b, scenery.triangle_instance[t]], facing, front, scenery)
            if out.albedo.shape[0] > 0:
                cos_eye = -wp.dot(facing, wp.normalize(ray))
                albedo = surface_color(scenery.materials[look >> 1], corner, weight, footprint_of(eye, wp.length(place), cos_eye), scenery)
        if out.object_point.shape[0] > 0:
            out.object_point[pixel] = object_point
        if out.shading_normal.shape[0] > 0:
            out.shading_normal[pixel] = normal
        if out.albedo.shape[0] > 0:
            out.albedo[pixel] = albedo
