# mypy: ignore-errors
# ruff: noqa: F401
"""Labels that depend on where in its object a visible point lies, and of what the object is made there."""

from typing import Any

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS, Eye, mat34, pixel_ray
from renderers.kernels.lane_arrays import take, take_element, turned_by
from renderers.kernels.lanes import (
    add,
    anywhere,
    below,
    cross,
    div,
    dot,
    gray,
    length,
    maximum,
    mul,
    part,
    root,
    sub,
    tinted,
    triple,
    where,
)
from renderers.kernels.materials import MaterialRow
from renderers.kernels.textures import filtered

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
    texels: wp.array(dtype=wp.uint32)


@wp.struct
class Details:
    """Outputs [B * H * W]; an empty array is skipped."""

    object_point: wp.array(dtype=wp.vec3)
    shading_normal: wp.array(dtype=wp.vec3)
    albedo: wp.array(dtype=wp.vec3)


@wp.func
def weights_at(e1: Any, e2: Any, n: Any, place: Any):
    """Barycentric weights of `place` in the plane of a triangle, given from its first corner, where edges e1 and e2 start; n = e1 x e2."""
    scale = 1.0 / dot(n, n)
    beta = dot(cross(place, e2), n) * scale
    gamma = dot(cross(e1, place), n) * scale
    return triple(1.0 - beta - gamma, beta, gamma)


@wp.func
def smooth_normal(
    a: Any, b: Any, c: Any, weight: Any, poses: wp.array(dtype=mat34), instance: Any, facing: Any, front: Any, scenery: Scenery
):
    """Interpolated normal of vertices a, b, c as `poses` turn it, unit, on the side of `facing`; front < 0: seen from its back."""
    normals = scenery.normals
    normal = take(normals, a) * part(weight, 0) + take(normals, b) * part(weight, 1) + take(normals, c) * part(weight, 2)
    normal = turned_by(poses, instance, normal)
    size = length(normal)
    normal = normal * (where(below(front, 0.0), -1.0, 1.0) / size)
    return where(below(size, 1.0e-6), facing, normal)


@wp.func
def interpolated(uvs: wp.array(dtype=wp.vec2), a: Any, b: Any, c: Any, weight: Any, i: int):
    return take_element(uvs, a, i) * part(weight, 0) + take_element(uvs, b, i) * part(weight, 1) + take_element(uvs, c, i) * part(weight, 2)


@wp.func
def texture_color(material: Any, a: Any, b: Any, c: Any, weight: Any, footprint: Any, scenery: Scenery):
    """Linear colour of a material's texture at a point of triangle (a, b, c), averaged over about `footprint` metres; white without one."""
    picture = gray(footprint * 0.0 + 1.0)
    if anywhere(material.texture_size):
        found = filtered(
            scenery.texels,
            material.texture_offset,
            material.texture_size,
            material.texture_levels,
            material.texels_per_metre,
            interpolated(scenery.uvs, a, b, c, weight, 0),
            interpolated(scenery.uvs, a, b, c, weight, 1),
            footprint,
        )
        picture = where(below(0, material.texture_size), found, picture)
    return picture


@wp.func
def footprint_of(eye: Eye, distance: Any, cos_eye: Any):
    """Metres of surface under a pixel; it is a long ellipse at grazing angles, and the mean of its axes is taken."""
    return distance * eye.per_fx / root(maximum(cos_eye, 0.05))


@wp.func
def taken_back(m: mat34, p: wp.vec3):
    """A point before a rigid transform took it to p. Weights of the corners would say the same, less exactly for long, thin triangles."""
    d = wp.vec3(p[0] - m[0, 3], p[1] - m[1, 3], p[2] - m[2, 3])
    x = m[0, 0] * d[0] + m[1, 0] * d[1] + m[2, 0] * d[2]
    y = m[0, 1] * d[0] + m[1, 1] * d[1] + m[2, 1] * d[2]
    return wp.vec3(x, y, m[0, 2] * d[0] + m[1, 2] * d[1] + m[2, 2] * d[2])


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
            owner = scenery.triangle_instance[t]
            object_point = taken_back(eye_from_object[b, owner], place)
            look = scenery.triangle_look[t]
            normal = facing
            if (look & 1) == 1:
                front = wp.dot(n, facing)
                normal = smooth_normal(corner[0], corner[1], corner[2], weight, eye_from_object[b], owner, facing, front, scenery)
            if out.albedo.shape[0] > 0:
                cos_eye = -wp.dot(facing, wp.normalize(ray))
                footprint = footprint_of(eye, wp.length(place), cos_eye)
                material = scenery.materials[look >> 1]
                albedo = wp.cw_mul(material.color, texture_color(material, corner[0], corner[1], corner[2], weight, footprint, scenery))
        if out.object_point.shape[0] > 0:
            out.object_point[pixel] = object_point
        if out.shading_normal.shape[0] > 0:
            out.shading_normal[pixel] = normal
        if out.albedo.shape[0] > 0:
            out.albedo[pixel] = albedo
