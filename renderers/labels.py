"""Every label but the colour image, as a function of views: the surface under a pixel, where it was and where it will be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.device import is_cpu, upload_poses
from renderers.frame import LABELS
from renderers.kernels.labels import Geometry, Motion, Surface, write_labels
from renderers.visibility.view import View, launch_size
from scenes import geometry


def _displacement(now: NDArray[np.float64], then: NDArray[np.float64]) -> NDArray[np.float32]:
    """float32 [I, 3, 4]: then . now^-1 - identity, exactly zero where both poses are the same."""
    change = then @ geometry.invert(now) - np.eye(4)
    change[(now == then).all((1, 2))] = 0.0
    return change[:, :3].astype(np.float32)


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
            elif is_cpu(self._device):
                self.arrays[name] = np.empty(label.shape(*self._size), dtype=label.dtype)
                self._warp[name] = wp.array(self.arrays[name], dtype=dtype, device=self._device, copy=False)
            else:
                self._warp[name] = wp.empty(self._size if vector else label.shape(*self._size), dtype=dtype, device=self._device)
                self.arrays[name] = wp.to_torch(self._warp[name])
        return self._warp[name]


@dataclass(frozen=True)
class Moment:
    """One time of a clip: the instances' poses in the camera's frame, float64 [I, 4, 4], and what the camera sees then."""

    eye_from_object: NDArray[np.float64]
    view: Callable[[], View]


def fill(outputs: Outputs, buffers: SceneBuffers, now: Moment, after: Moment, before: Moment) -> None:
    """Computes the wanted labels at `now`. The other views are asked for only where occlusion is wanted."""
    if not outputs.wants(*(name for name in LABELS if name != "rgb")):
        return
    view = now.view()
    surface: Any = Surface()
    for name in ("depth", "normal", "instance", "semantic", "contour", "valid"):
        setattr(surface, name, outputs[name])
    forward = _motion(outputs, view, now, after, "forward", buffers.device)
    backward = _motion(outputs, view, now, before, "backward", buffers.device)
    inputs = [view.pinhole, view.triangle, view.planes, _geometry(buffers), surface, forward, backward]
    wp.launch(write_labels, dim=launch_size(view.pinhole), inputs=inputs, device=buffers.device)


def _geometry(buffers: SceneBuffers) -> Any:
    geometry: Any = Geometry()
    for name in ("triangles", "triangle_instance", "semantics"):
        setattr(geometry, name, getattr(buffers, name))
    return geometry


def _motion(outputs: Outputs, view: View, now: Moment, then: Moment, direction: str, device: str) -> Any:
    motion: Any = Motion()
    kinds = ("flow", "occluded", "out_of_frame")
    motion.wanted = outputs.wants(*(f"{kind}_{direction}" for kind in kinds))
    other = then.view() if outputs.wants(f"occluded_{direction}") else view
    motion.triangle, motion.points, motion.planes = other.triangle, other.points, other.planes
    motion.displacement = upload_poses(_displacement(now.eye_from_object, then.eye_from_object), device)
    for kind in kinds:
        setattr(motion, kind, outputs[f"{kind}_{direction}"])
    return motion
