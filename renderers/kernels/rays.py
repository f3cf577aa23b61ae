# mypy: ignore-errors
# ruff: noqa: RUF046, UP018
"""Rays against the meshes of `renderers.rays.BvhRays`."""

from __future__ import annotations

import warp as wp

from renderers.kernels.common import KERNEL_OPTIONS

wp.set_module_options(KERNEL_OPTIONS)


@wp.struct
class Meshes:
    """What never moves and what does: a Warp mesh each (id 0: none), and the scene's triangle index of each of their faces."""

    still: wp.uint64
    moving: wp.uint64
    still_triangles: wp.array(dtype=wp.int32)
    moving_triangles: wp.array(dtype=wp.int32)


@wp.func
def write_ray(rays: wp.array2d(dtype=wp.float32), k: int, start: wp.vec3, direction: wp.vec3):
    rays[k, 0] = start[0]
    rays[k, 1] = start[1]
    rays[k, 2] = start[2]
    rays[k, 3] = direction[0]
    rays[k, 4] = direction[1]
    rays[k, 5] = direction[2]


@wp.func
def ray_origin(rays: wp.array2d(dtype=wp.float32), k: int):
    return wp.vec3(rays[k, 0], rays[k, 1], rays[k, 2])


@wp.func
def ray_direction(rays: wp.array2d(dtype=wp.float32), k: int):
    return wp.vec3(rays[k, 3], rays[k, 4], rays[k, 5])


@wp.kernel
def cast_closest(
    meshes: Meshes,
    rays: wp.array2d(dtype=wp.float32),
    t: wp.array(dtype=wp.float32),
    triangle: wp.array(dtype=wp.int32),
    barycentric: wp.array(dtype=wp.vec2),
    normal: wp.array(dtype=wp.vec3),
):
    """The nearest hit of each ray; Warp's weights belong to the corners 0 and 1, ours to 1 and 2."""
    k = wp.tid()
    start = ray_origin(rays, k)
    direction = ray_direction(rays, k)
    nearest = float(wp.inf)
    index = int(-1)
    weights = wp.vec2(0.0, 0.0)
    front = wp.vec3(0.0, 0.0, 0.0)
    if meshes.still != wp.uint64(0):
        hit = wp.mesh_query_ray(meshes.still, start, direction, nearest)
        if hit.result:
            nearest = hit.t
            index = meshes.still_triangles[hit.face]
            weights = wp.vec2(hit.v, 1.0 - hit.u - hit.v)
            front = hit.normal
    if meshes.moving != wp.uint64(0):
        hit = wp.mesh_query_ray(meshes.moving, start, direction, nearest)
        if hit.result and hit.t < nearest:
            nearest = hit.t
            index = meshes.moving_triangles[hit.face]
            weights = wp.vec2(hit.v, 1.0 - hit.u - hit.v)
            front = hit.normal
    t[k] = nearest
    triangle[k] = index
    barycentric[k] = weights
    normal[k] = front


@wp.kernel
def cast_occluded(meshes: Meshes, rays: wp.array2d(dtype=wp.float32), far: float, blocked: wp.array(dtype=wp.bool)):
    """Whether anything lies before `far` on each ray."""
    k = wp.tid()
    start = ray_origin(rays, k)
    direction = ray_direction(rays, k)
    found = bool(False)
    if meshes.still != wp.uint64(0):
        found = wp.mesh_query_ray_anyhit(meshes.still, start, direction, far)
    if meshes.moving != wp.uint64(0) and not found:
        found = wp.mesh_query_ray_anyhit(meshes.moving, start, direction, far)
    blocked[k] = found
