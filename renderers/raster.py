"""The `raster` renderer: exact labels and direct light from a rasterised visibility buffer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.frame import DEFAULT_LABELS, Frame, check_labels
from renderers.labels import Moment, Outputs, fill
from renderers.sensor import Sensor
from renderers.shading import Shader
from renderers.visibility.raster import RasterVisibility
from renderers.visibility.view import View
from scenes import geometry
from scenes.errors import UserError
from scenes.scene import Scene

_CACHED_VIEWS = 4  # a clip rendered in order needs the times t-1, t and t+1


class RasterRenderer:
    """Exact labels and direct light with shadows by rasterisation; the fast path.

    Arrays of a frame are numpy on the CPU and torch tensors on a GPU, owned by the frame."""

    def __init__(self, scene: Scene, *, device: str = "cpu") -> None:
        self.scene = scene
        self._buffers = SceneBuffers(scene, device)
        self._visibility = RasterVisibility(self._buffers)
        self._shader: Shader | None = None
        self._sensor = Sensor(device)
        self._views: OrderedDict[int, View] = OrderedDict()

    def render(self, time: int, labels: Iterable[str] = DEFAULT_LABELS) -> Frame:
        """The frame at `time` (0 ... scene.frames - 1) with the labels asked for, in table order."""
        names = check_labels(labels)
        if not 0 <= time < self.scene.frames:
            raise UserError(f"time {time} is outside the clip: give 0 to {self.scene.frames - 1}")
        camera = self.scene.camera
        outputs = Outputs(names, camera.height, camera.width, self._buffers.device)
        now, after, before = self._moment(time), self._moment(time + 1), self._moment(time - 1)
        fill(outputs, self._buffers, now, after, before)
        if outputs.wants("rgb"):
            self._sensor.develop(self._radiance(now, time), self.scene.exposure, outputs["rgb"])
        pose = self.scene.camera_motion.at(time)
        return Frame(labels={name: outputs.arrays[name] for name in names}, camera=camera, pose=pose, time=time)

    def _radiance(self, now: Moment, time: int) -> wp.array:
        if self._shader is None:
            self._shader = Shader(self._buffers, self._visibility)
        return self._shader.radiance(now, self.scene.camera_motion.at(time), time)

    def _moment(self, time: int) -> Moment:
        poses = geometry.invert(self.scene.camera_motion.at(time)) @ self._buffers.world_from_object(time)
        return Moment(eye_from_object=poses, view=lambda: self._view(time, poses))

    def _view(self, time: int, eye_from_object: NDArray[np.float64]) -> View:
        """What the camera sees at `time`; the most recent views are kept."""
        if time not in self._views:
            self._views[time] = self._visibility.see(self.scene.camera, eye_from_object)
        self._views.move_to_end(time)
        while len(self._views) > _CACHED_VIEWS:
            self._views.popitem(last=False)
        return self._views[time]
