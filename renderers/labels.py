"""Every label but the colour image, as a function of views: the surface under a pixel, where it was and where it will be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.frame import LABELS
from renderers.kernels import KERNEL_OPTIONS, Pinhole, apply, mat34, pixel_ray
from renderers.visibility.view import View
from scenes import geometry

wp.set_module_options(KERNEL_OPTIONS)

# Surfaces nearer than the point by less than this fraction are taken for the point's own surface. Rounding reaches 1e-6 head-on and grows
# with the inverse sine of the grazing angle; the thinnest things in a room (a rug of 5 mm seen from 10 m) differ by 5e-4.
SAME_DEPTH = wp.constant(1.0e-4)
# The same where no seen triangle covers the point, so that planes of neighbours are extended by up to a pixel.
SAME_SURFACE = wp.constant(5.0e-3)


@wp.kernel
def surface_labels(
    camera: Pinhole,
    triangle: wp.array2d(dtype=wp.int32),
    planes: wp.array(dtype=wp.vec3),
    triangle_instance: wp.array(dtype=wp.int32),
    semantics: wp.array(dtype=wp.uint8),
    depth: wp.array2d(dtype=wp.float32),
    normal: wp.array2d(dtype=wp.vec3),
    instance: wp.array2d(dtype=wp.uint16),
    semantic: wp.array2d(dtype=wp.uint8),
    valid: wp.array2d(dtype=wp.bool),
):
    """Labels of the surface at one time; an empty output array is skipped."""
    row, column = wp.tid()
    t = triangle[row, column]
    if depth.shape[0] > 0:
        z = float(wp.inf)
        if t >= 0:
            z = 1.0 / wp.dot(planes[t], pixel_ray(camera, float(column) + 0.5, float(row) + 0.5))
        depth[row, column] = z
    if normal.shape[0] > 0:
        n = wp.vec3(0.0, 0.0, 0.0)
        if t >= 0:
            n = -wp.normalize(planes[t])
        normal[row, column] = n
    if valid.shape[0] > 0:
        valid[row, column] = t >= 0
    if instance.shape[0] > 0:
        number = int(0)
        if t >= 0:
            number = triangle_instance[t] + 1
        instance[row, column] = wp.uint16(number)
    if semantic.shape[0] > 0:
        category = wp.uint8(0)
        if t >= 0:
            category = semantics[triangle_instance[t]]
        semantic[row, column] = category


@wp.func
def instance_at(triangle: wp.array2d(dtype=wp.int32), triangle_instance: wp.array(dtype=wp.int32), row: int, column: int):
    t = triangle[row, column]
    if t < 0:
        return -1
    return triangle_instance[t]


@wp.kernel
def contour_label(triangle: wp.array2d(dtype=wp.int32), triangle_instance: wp.array(dtype=wp.int32), contour: wp.array2d(dtype=wp.bool)):
    row, column = wp.tid()
    own = instance_at(triangle, triangle_instance, row, column)
    differs = bool(False)
    if row > 0 and instance_at(triangle, triangle_instance, row - 1, column) != own:
        differs = True
    if row + 1 < triangle.shape[0] and instance_at(triangle, triangle_instance, row + 1, column) != own:
        differs = True
    if column > 0 and instance_at(triangle, triangle_instance, row, column - 1) != own:
        differs = True
    if column + 1 < triangle.shape[1] and instance_at(triangle, triangle_instance, row, column + 1) != own:
        differs = True
    contour[row, column] = differs


@wp.func
def covers(triangles: wp.array(dtype=wp.vec3i), points: wp.array(dtype=wp.vec3), t: int, ray: wp.vec3):
    """The ray through the eye meets the triangle (borders included)."""
    corner = triangles[t]
    a = points[corner[0]]
    b = points[corner[1]]
    c = points[corner[2]]
    ab = wp.dot(ray, wp.cross(a, b - a))
    bc = wp.dot(ray, wp.cross(b, c - b))
    ca = wp.dot(ray, wp.cross(c, a - c))
    return (ab >= 0.0 and bc >= 0.0 and ca >= 0.0) or (ab <= 0.0 and bc <= 0.0 and ca <= 0.0)


@wp.func
def hidden(
    u: float,
    v: float,
    z: float,
    own: int,
    own_closed: bool,
    camera: Pinhole,
    triangle: wp.array2d(dtype=wp.int32),
    points: wp.array(dtype=wp.vec3),
    planes: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    triangle_instance: wp.array(dtype=wp.int32),
):
    """Whether another surface lies before the point of triangle `own` at depth z on the ray through (u, v).

    The triangles seen at the four pixel centres around (u, v) are intersected with the ray: one that covers it nearer hides the point, one that
    covers it at the point's depth is the point's own surface. If none covers it (triangles smaller than a pixel, borders) the four vote,
    each with its plane extended to the ray and weighted by its pixel's share.
    """
    column = int(wp.floor(u - 0.5))
    row = int(wp.floor(v - 0.5))
    fu = u - 0.5 - float(column)
    fv = v - 0.5 - float(row)
    ray = pixel_ray(camera, u, v)
    nearness = 1.0 / z
    continues = bool(False)
    votes = float(0.0)
    last = int(-1)
    last_vote = float(0.0)
    for k in range(4):
        i = row + (k >> 1)
        j = column + (k & 1)
        i = wp.clamp(i, 0, camera.height - 1)
        j = wp.clamp(j, 0, camera.width - 1)
        weight_v = wp.where((k >> 1) == 1, fv, 1.0 - fv)
        weight_u = wp.where((k & 1) == 1, fu, 1.0 - fu)
        t = triangle[i, j]
        if t == own:
            continues = True
        elif t >= 0:
            if t != last:
                last = t
                last_vote = 0.0
                w = wp.dot(planes[t], ray)
                if w > nearness * (1.0 + SAME_DEPTH):
                    if covers(triangles, points, t, ray):
                        return True
                    if triangle_instance[t] != triangle_instance[own] or w > nearness * (1.0 + SAME_SURFACE):
                        last_vote = 1.0
                elif w > nearness * (1.0 - SAME_DEPTH):
                    if covers(triangles, points, t, ray):
                        continues = True
            votes += last_vote * weight_u * weight_v
    if continues:
        return False
    return votes > 0.5


@wp.kernel
def motion_labels(
    camera: Pinhole,
    triangle: wp.array2d(dtype=wp.int32),
    planes: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    triangle_instance: wp.array(dtype=wp.int32),
    displacement: wp.array(dtype=mat34),
    other_triangle: wp.array2d(dtype=wp.int32),
    other_points: wp.array(dtype=wp.vec3),
    other_planes: wp.array(dtype=wp.vec3),
    flow: wp.array2d(dtype=wp.vec2),
    occluded: wp.array2d(dtype=wp.bool),
    out_of_frame: wp.array2d(dtype=wp.bool),
):
    """Labels that relate time t to another; an empty output array is skipped.

    displacement [I]: (eye'_from_eye - identity) of what moves with each instance, so that small motions keep their relative precision and
    what rests has a flow of exactly zero.
    """
    row, column = wp.tid()
    t = triangle[row, column]
    f = wp.vec2(0.0, 0.0)
    outside = bool(False)
    behind = bool(False)
    if t >= 0:
        u = float(column) + 0.5
        v = float(row) + 0.5
        ray = pixel_ray(camera, u, v)
        z = 1.0 / wp.dot(planes[t], ray)
        shift = apply(displacement[triangle_instance[t]], ray * z)
        z_other = z + shift[2]
        f = wp.vec2(camera.fx * ((shift[0] - ray[0] * shift[2]) / z_other), camera.fy * ((shift[1] - ray[1] * shift[2]) / z_other))
        u_other = u + f[0]
        v_other = v + f[1]
        outside = not (
            z_other > 0.0 and u_other >= 0.0 and u_other < float(camera.width) and v_other >= 0.0 and v_other < float(camera.height)
        )
        if occluded.shape[0] > 0 and not outside:
            behind = hidden(
                u_other, v_other, z_other, t, False, camera, other_triangle, other_points, other_planes, triangles, triangle_instance
            )
    if flow.shape[0] > 0:
        flow[row, column] = f
    if out_of_frame.shape[0] > 0:
        out_of_frame[row, column] = outside
    if occluded.shape[0] > 0:
        occluded[row, column] = behind


def _displacement(now: NDArray[np.float64], then: NDArray[np.float64]) -> NDArray[np.float32]:
    """float32 [I, 3, 4]: then . now^-1 - identity, exactly zero where both poses are the same."""
    change = then @ geometry.invert(now) - np.eye(4)
    change[(now == then).all((1, 2))] = 0.0
    return change[:, :3].astype(np.float32)


_SURFACE = ("depth", "normal", "instance", "semantic", "valid")
_WARP_TYPES = {"float32": wp.float32, "uint8": wp.uint8, "uint16": wp.uint16, "bool": wp.bool}
_VECTORS = {2: wp.vec2, 3: wp.vec3}


class Outputs:
    """Arrays that kernels write: real ones for the labels wanted, empty ones for the rest (kernels skip those)."""

    def __init__(self, names: tuple[str, ...], height: int, width: int, device: str) -> None:
        self._wanted, self._size, self._device = names, (height, width), device
        self.arrays: dict[str, Any] = {}
        self._warp: dict[str, wp.array] = {}

    def wants(self, *names: str) -> bool:
        return any(name in self._wanted for name in names)

    def __getitem__(self, name: str) -> wp.array:
        """The Warp array of a label, made when first asked for."""
        if name not in self._warp:
            label = LABELS[name]
            vector = _VECTORS.get(label.channels) if label.dtype == "float32" else None
            dtype = vector or _WARP_TYPES[label.dtype]
            if name not in self._wanted:
                self._warp[name] = wp.empty((0, 0), dtype=dtype, device=self._device)
            elif wp.get_device(self._device).is_cpu:
                self.arrays[name] = np.empty(label.shape(*self._size), dtype=label.dtype)
                self._warp[name] = wp.array(self.arrays[name], dtype=dtype, device=self._device, copy=False)
            else:
                self._warp[name] = wp.empty(self._size if vector else label.shape(*self._size), dtype=dtype, device=self._device)
                self.arrays[name] = wp.to_torch(self._warp[name])
        return self._warp[name]


def fill(outputs: Outputs, buffers: SceneBuffers, view: View, neighbour: Callable[[int], View], poses_at: Callable[[int], Any]) -> None:
    """Computes the wanted labels of `view`. Offsets -1 and +1 are those of the times before and after: `poses_at(offset)` gives
    eye_from_object float64 [I, 4, 4], `neighbour(offset)` the whole view (asked for only where occlusion is wanted)."""
    size = view.triangle.shape
    if outputs.wants(*_SURFACE):
        inputs = [view.pinhole, view.triangle, view.planes, buffers.triangle_instance, buffers.semantics]
        wp.launch(surface_labels, dim=size, inputs=inputs, outputs=[outputs[n] for n in _SURFACE], device=buffers.device)
    if outputs.wants("contour"):
        inputs = [view.triangle, buffers.triangle_instance]
        wp.launch(contour_label, dim=size, inputs=inputs, outputs=[outputs["contour"]], device=buffers.device)
    for direction, offset in (("forward", 1), ("backward", -1)):
        names = [f"{kind}_{direction}" for kind in ("flow", "occluded", "out_of_frame")]
        if outputs.wants(*names):
            other = neighbour(offset) if outputs.wants(names[1]) else view
            change = wp.array(_displacement(view.eye_from_object, poses_at(offset)), dtype=mat34, device=buffers.device)
            inputs = [view.pinhole, view.triangle, view.planes, buffers.triangles, buffers.triangle_instance, change]
            inputs += [other.triangle, other.points, other.planes]
            wp.launch(motion_labels, dim=size, inputs=inputs, outputs=[outputs[n] for n in names], device=buffers.device)
