"""What eyes see at moments: visibility buffers and the geometry as each eye has it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.device import is_cpu
from renderers.kernels.common import BROWN_CONRADY, EQUIRECTANGULAR, FISHEYE, PINHOLE, Eye
from renderers.kernels.motion import Sight
from renderers.kernels.motion import Views as ViewRows
from renderers.moment import Moment
from scenes.camera import Camera

NEAR_M = 0.01
_MODELS = {"pinhole": PINHOLE, "brown_conrady": BROWN_CONRADY, "fisheye": FISHEYE, "equirectangular": EQUIRECTANGULAR}


class Views:
    """S views of one camera: every label is a function of them.

    eye: the camera as kernels read it.
    triangle: int32 [S, H, W], the triangle under each pixel's centre ray, -1 for none.
    points: vec3 [S, V], vertices in the eye's frame; defined for the corners of the triangles in `triangle`.
    planes: vec3 [S, F], q such that nearness = q . ray for the rays of `pixel_ray`, where 1 / nearness is the distance in units of the
        ray's length (perspective), or q . (x, y, 1) = far - z (orthographic); defined for the triangles in `triangle`.
    rows, sight: all of these as kernels read them, flat or not.
    """

    def __init__(self, camera: Camera, buffers: SceneBuffers, slots: int, far: float = 0.0) -> None:
        self.slots, self._device, self._far = slots, buffers.device, far
        self.aim(camera)
        with wp.ScopedDevice(buffers.device):
            self.triangle = wp.empty((slots, camera.height, camera.width), dtype=wp.int32)
            self.points = wp.empty((slots, len(buffers.flat.vertices)), dtype=wp.vec3)
            self.planes = wp.empty((slots, len(buffers.flat.triangles)), dtype=wp.vec3)
        self.rows, self.sight = self._rows(), self._sight()

    def aim(self, camera: Camera) -> None:
        """Another camera of the same size, for what is drawn from now on."""
        self.camera, self.eye = camera, eye_of(camera, self._device, self._far)

    def _rows(self) -> Any:
        """Views as kernels read them, in flat arrays."""
        rows: Any = ViewRows()
        for name in ("triangle", "points", "planes"):
            setattr(rows, name, getattr(self, name).flatten())
        rows.pixels = self.camera.height * self.camera.width
        rows.vertices, rows.faces = self.points.shape[1], self.planes.shape[1]
        return rows

    def _sight(self) -> Any:
        sight: Any = Sight()
        sight.triangle, sight.points, sight.planes = self.triangle, self.points, self.planes
        return sight


class Visibility(Protocol):
    """A backend: fills views of one scene."""

    def see(self, views: Views, slots: Sequence[int], moments: Sequence[Moment]) -> None:
        """Fills `slots` of the views with what is seen at `moments`."""
        ...


@runtime_checkable
class Occluder(Protocol):
    """A backend that finds out by itself which points are hidden; of other backends the pixels of the other eye's view decide."""

    def hide(self, views: Views, now: wp.array, others: Sequence[Moment], motion: Any) -> None:
        """Writes motion.occluded (`kernels.motion.Motion`): which points that the views now[b] show are hidden from eyes others[b]."""
        ...


class ViewCache:
    """The most recent views of one camera, by moment; a clip rendered in order meets each moment three times."""

    def __init__(self, camera: Camera, buffers: SceneBuffers, visibility: Visibility, slots: int = 4) -> None:
        self._camera, self._buffers, self.visibility = camera, buffers, visibility
        self.views = Views(camera, buffers, slots)
        self._slot: OrderedDict[Hashable, int] = OrderedDict()

    def slots(self, moments: Sequence[Moment]) -> NDArray[np.int32]:
        """int32 [B]: in which slot of `views` each moment is; missing ones are seen first, together."""
        wanted = OrderedDict((moment.key(), moment) for moment in moments)
        if len(wanted) > self.views.slots:
            self.views = Views(self._camera, self._buffers, len(wanted))
            self._slot.clear()
        for key in wanted:
            if key in self._slot:
                self._slot.move_to_end(key)
        missing = {key: moment for key, moment in wanted.items() if key not in self._slot}
        free = [s for s in range(self.views.slots) if s not in self._slot.values()]
        for key in missing:
            self._slot[key] = free.pop() if free else self._slot.popitem(last=False)[1]
        if missing:
            self.visibility.see(self.views, [self._slot[key] for key in missing], list(missing.values()))
        return np.array([self._slot[moment.key()] for moment in moments], dtype=np.int32)


def eye_of(camera: Camera, device: str, far: float = 0.0) -> Any:
    """The kernels' form of a scene camera."""
    eye: Any = Eye()
    for name in ("width", "height", "fx", "fy", "cx", "cy"):
        setattr(eye, name, getattr(camera, name))
    eye.per_fx, eye.per_fy = 1.0 / camera.fx, 1.0 / camera.fy
    eye.near, eye.far = NEAR_M, far
    eye.run = camera.width if is_cpu(device) else 1
    eye.model = PINHOLE if camera.is_pinhole else _MODELS[camera.model]
    for name, value in zip(("k1", "k2", "k3", "k4", "k5"), camera.coefficients, strict=False):
        setattr(eye, name, value)
    eye.limit = camera.limit
    rays = np.zeros((0, 0, 3)) if camera.is_pinhole else camera.rays(camera.pixel_centres())
    eye.rays = wp.array(rays.astype(np.float32), dtype=wp.vec3, device=device)
    return eye
