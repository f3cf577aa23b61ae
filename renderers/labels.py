"""Every label but colour images, as a function of views: the surface under a pixel, where it was and where it will be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.device import is_cpu, upload, upload_poses
from renderers.flatten import check_rigid
from renderers.frame import LABELS
from renderers.kernels.motion import Motion, write_motion_lanes, write_motion_pixels, write_scene_flow
from renderers.kernels.occlusion import Geometry
from renderers.kernels.points import Details, Scenery, write_details
from renderers.kernels.surface import Surface, write_surface_lanes, write_surface_pixels
from renderers.moment import Moment
from renderers.threads import Team
from renderers.visibility.view import NEAR_M, Occluder, ViewCache, Views
from scenes import geometry

_WARP_TYPES = {"float32": wp.float32, "uint8": wp.uint8, "uint16": wp.uint16, "bool": wp.bool}
_VECTORS = {2: wp.vec2, 3: wp.vec3}

# Directions in which a surface point is followed, and the labels of each: motion to another time or to the second eye.
_DIRECTIONS: dict[str, dict[str, str]] = {
    "forward": {"flow": "flow_forward", "occluded": "occluded_forward", "out_of_frame": "out_of_frame_forward"},
    "backward": {"flow": "flow_backward", "occluded": "occluded_backward", "out_of_frame": "out_of_frame_backward"},
    "right": {"disparity": "disparity", "occluded": "occluded_right", "out_of_frame": "out_of_frame_right"},
}
_SURFACE = ("depth", "distance", "normal", "instance", "semantic", "contour", "valid")
_DETAILS = ("object_point", "shading_normal", "albedo")


class Outputs:
    """Arrays [B, H, W, ...] that kernels write, for the labels wanted."""

    def __init__(self, names: Sequence[str], batch: int, height: int, width: int, device: str) -> None:
        self._wanted, self._size, self._device = frozenset(names), (batch, height, width), device
        self.arrays: dict[str, Any] = {}
        self._warp: dict[str, wp.array] = {}

    def wants(self, *names: str) -> bool:
        return any(name in self._wanted for name in names)

    def assign(self, struct: Any, labels: Mapping[str, str]) -> Any:
        """Sets the fields of a kernel struct (field -> label) to the arrays of the labels that are wanted; the others stay empty."""
        for field, name in labels.items():
            if name in self._wanted:
                setattr(struct, field, self.flat(name))
        return struct

    def flat(self, name: str) -> wp.array:
        """The same array with one dimension for all pixels of the batch."""
        if is_cpu(self._device) and name not in self._warp:
            array = self._host(name)
            return wp.array(array.reshape(-1, *array.shape[3:]), dtype=_dtype(name), device=self._device, copy=False)
        whole = self[name]
        return whole.reshape((-1, *whole.shape[3:]))

    def __getitem__(self, name: str) -> wp.array:
        """The Warp array of a label that is wanted, made when first asked for."""
        if name not in self._warp:
            if is_cpu(self._device):
                self._warp[name] = wp.array(self._host(name), dtype=_dtype(name), device=self._device, copy=False)
            else:
                label, vector = LABELS[name], _dtype(name) in _VECTORS.values()
                shape = (*self._size, label.channels) if label.channels and not vector else self._size
                self._warp[name] = wp.empty(shape, dtype=_dtype(name), device=self._device)
                self.arrays[name] = wp.to_torch(self._warp[name])
        return self._warp[name]

    def _host(self, name: str) -> NDArray[Any]:
        """The numpy array of a label, made when first asked for."""
        if name not in self.arrays:
            label = LABELS[name]
            shape = (*self._size, label.channels) if label.channels else self._size
            self.arrays[name] = np.empty(shape, dtype=label.dtype)
        host: NDArray[Any] = self.arrays[name]
        return host


def _dtype(name: str) -> Any:
    """The Warp type of a label's elements: vectors where it has several real numbers a pixel."""
    label = LABELS[name]
    return (_VECTORS.get(label.channels) if label.dtype == "float32" else None) or _WARP_TYPES[label.dtype]


@dataclass(frozen=True)
class Shot:
    """One image of a batch: its moment, the other moments that its labels refer to, and those moments' names in `_DIRECTIONS`."""

    now: Moment
    others: Mapping[str, Moment]


class Labeller:
    """Computes labels of one scene from its views."""

    def __init__(self, buffers: SceneBuffers, cache: ViewCache, team: Team) -> None:
        self._buffers, self._cache, self._team = buffers, cache, team
        self._geometry: Any = Geometry()
        for name in ("triangles", "across", "triangle_part", "triangle_instance"):
            setattr(self._geometry, name, getattr(buffers, name))
        flat = buffers.flat
        self._open = np.bincount(flat.triangle_instance[~flat.triangle_closed], minlength=buffers.instance_count) > 0
        self.scenery = scenery_of(buffers)
        self._by_rays = isinstance(cache.visibility, Occluder)

    def fill(self, outputs: Outputs, shots: Sequence[Shot]) -> None:
        """Computes the wanted labels of each shot. Other moments are seen only where occlusion is wanted and decided by what they show."""
        check_rigid(np.stack([moment.pose for s in shots for moment in (s.now, *s.others.values())]), "the camera")
        if not outputs.wants(*(name for name in LABELS if not name.startswith("rgb"))):
            return
        asked = [d for d, labels in _DIRECTIONS.items() if outputs.wants(*labels.values())]
        occluding = [d for d in asked if outputs.wants(_DIRECTIONS[d]["occluded"])]
        seen = [] if self._by_rays else occluding
        slots = self._cache.slots([s.now for s in shots] + [s.others[d] for d in seen for s in shots])
        now = upload(slots[: len(shots)], wp.int32, self._buffers.device)
        then = dict(zip(seen, slots[len(shots) :].reshape(len(seen), len(shots)), strict=True))
        views = self._cache.views
        self._surface(outputs, views, now, len(shots))
        motions = [self._motion(outputs, now, shots, direction, then.get(direction)) for direction in asked]
        for one, other in zip_longest(motions[::2], motions[1::2], fillvalue=Motion()):
            inputs = [now, views.rows, self._geometry, one, other]
            by_lanes = is_cpu(self._buffers.device) and views.camera.is_pinhole
            kernel = write_motion_lanes if by_lanes else write_motion_pixels
            self._team.launch_rows_later(kernel, views.eye, len(shots), inputs)
        for direction in occluding:
            self._hide(outputs, views, now, shots, direction)
        if outputs.wants("scene_flow"):
            self._scene_flow(outputs, views, now, shots)
        if outputs.wants(*_DETAILS):
            self._details(outputs, views, now, shots)

    def _surface(self, outputs: Outputs, views: Views, now: wp.array, batch: int) -> None:
        buffers = self._buffers
        if outputs.wants(*_SURFACE):
            surface = outputs.assign(Surface(), {name: name for name in _SURFACE})
            inputs = [now, views.rows, buffers.triangle_instance, buffers.semantics, surface]
            kernel = write_surface_lanes if is_cpu(buffers.device) else write_surface_pixels
            self._team.launch_rows_later(kernel, views.eye, batch, inputs)

    def _motion(self, outputs: Outputs, now: wp.array, shots: Sequence[Shot], direction: str, then: NDArray[np.int32] | None) -> Any:
        written = {field: name for field, name in _DIRECTIONS[direction].items() if not (self._by_rays and field == "occluded")}
        device, motion = self._buffers.device, outputs.assign(Motion(), written)
        motion.wanted, motion.instances = True, self._buffers.instance_count
        motion.then = upload(then, wp.int32, device) if then is not None else now
        motion.displacement = upload_poses(np.concatenate([self._displacement(s.now, s.others[direction]) for s in shots]), device)
        motion.from_behind = upload(
            np.concatenate([self._from_behind(s.now) | self._from_behind(s.others[direction]) for s in shots]), wp.int32, device
        )
        return motion

    def _hide(self, outputs: Outputs, views: Views, now: wp.array, shots: Sequence[Shot], direction: str) -> None:
        """Occlusion where the backend decides it by rays."""
        if isinstance(self._cache.visibility, Occluder):
            motion = self._motion(outputs, now, shots, direction, None)
            motion.occluded = outputs.flat(_DIRECTIONS[direction]["occluded"])
            self._cache.visibility.hide(views, now, [s.others[direction] for s in shots], motion)

    def _scene_flow(self, outputs: Outputs, views: Views, now: wp.array, shots: Sequence[Shot]) -> None:
        carried = [self._displacement(s.now, Moment(s.others["forward"].time, s.now.pose)) for s in shots]
        poses = upload_poses(np.concatenate(carried), self._buffers.device)
        inputs = [now, views.rows, self._geometry, self._buffers.instance_count, poses, outputs.flat("scene_flow")]
        self._team.launch_rows_later(write_scene_flow, views.eye, len(shots), inputs)

    def _details(self, outputs: Outputs, views: Views, now: wp.array, shots: Sequence[Shot]) -> None:
        details = outputs.assign(Details(), {name: name for name in _DETAILS})
        poses = upload_poses(np.stack([self._buffers.eye_from_object(s.now) for s in shots]), self._buffers.device)
        inputs = [now, views.triangle, views.points, views.planes, poses, self.scenery, details]
        self._team.launch_rows_later(write_details, views.eye, len(shots), inputs)

    def _from_behind(self, moment: Moment) -> NDArray[np.bool_]:
        """bool [I]: whether an eye may see surfaces of an instance from behind: it is not closed, or the eye is about its bounding box."""
        pose, bounds, margin = self._buffers.eye_from_object(moment), self._buffers.flat.bounds, 4 * NEAR_M
        eye = -np.einsum("kji,kj->ki", pose[:, :3, :3], pose[:, :3, 3])
        within = (eye >= bounds[:, 0] - margin) & (eye <= bounds[:, 1] + margin)
        inside: NDArray[np.bool_] = self._open | within.all(1)
        return inside

    def _displacement(self, now: Moment, then: Moment) -> NDArray[np.float64]:
        """float64 [I, 3, 4]: how points of each instance move in the eye's frame, minus identity; exactly zero where nothing changes."""
        before, after = self._buffers.eye_from_object(now), self._buffers.eye_from_object(then)
        change = after @ geometry.invert(before) - np.eye(4)
        change[(before == after).all((1, 2))] = 0.0
        return change[:, :3]


def scenery_of(buffers: SceneBuffers) -> Any:
    """What surfaces are made of, as kernels read it."""
    scenery: Any = Scenery()
    for name in ("triangles", "vertices", "normals", "uvs", "triangle_instance", "triangle_look", "materials", "texels"):
        setattr(scenery, name, getattr(buffers, name))
    return scenery
