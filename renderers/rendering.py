"""A renderer put together from its parts: visibility, labels, light, sensor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
import warp as wp
from numpy.typing import NDArray

from renderers.buffers import SceneBuffers
from renderers.device import is_cpu
from renderers.frame import DEFAULT_LABELS, Frame, check_labels
from renderers.labels import Labeller, Outputs, Shot
from renderers.moment import Moment
from renderers.object_labels import Objects
from renderers.objects import ObjectLabeller
from renderers.sensor import Sensor
from renderers.sensor.model import SensorModel
from renderers.shading import Shader
from renderers.threads import Team
from renderers.visibility.view import ViewCache, Visibility
from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Scene, Trajectory


class Light(Protocol):
    """Linear radiance as a function of moments."""

    def radiance(self, moments: Sequence[Moment]) -> wp.array:
        """vec3 [B, H, W] at moments of one and the same time."""
        ...


@dataclass(frozen=True, kw_only=True)
class Batch:
    """B images of one scene with their labels: arrays [B, H, W] or [B, H, W, C] as in `Frame`; poses float64 [B, 4, 4]."""

    labels: dict[str, Any]
    camera: Camera
    poses: NDArray[np.float64]
    times: tuple[int, ...]

    def __getitem__(self, name: str) -> Any:
        return self.labels[name]

    def frame(self, index: int) -> Frame:
        """One image of the batch; its arrays share the batch's memory."""
        arrays = {name: array[index] for name, array in self.labels.items()}
        return Frame(labels=arrays, camera=self.camera, pose=self.poses[index], time=self.times[index])


class SceneRenderer:
    """Renders one scene, uploaded once, with any visibility backend.

    Arrays of a frame are numpy on the CPU and torch tensors on a GPU (they never pass through the host), owned by the frame.
    threads: how many share the work of a frame on the CPU; the bits do not depend on it.
    """

    def __init__(self, scene: Scene, backend: Callable[[SceneBuffers, Team], Visibility], *, device: str = "cpu", threads: int = 1) -> None:
        self.scene, self.device = scene, device
        self._buffers, self._team = SceneBuffers(scene, device), Team(device, threads)
        self._visibility = backend(self._buffers, self._team)
        self._cache = ViewCache(scene.camera, self._buffers, self._visibility)
        self._labeller = Labeller(self._buffers, self._cache, self._team)

    def render(self, time: int, labels: Iterable[str] = DEFAULT_LABELS) -> Frame:
        """The frame at `time` (0 ... scene.frames - 1) with the labels asked for, in table order."""
        return self.render_batch([time], labels).frame(0)

    def render_batch(
        self, times: Sequence[int], labels: Iterable[str] = DEFAULT_LABELS, motions: Sequence[Trajectory] | None = None
    ) -> Batch:
        """Images at several times, or of several cameras: motions [B] (default: the scene's own camera).

        On a GPU every label is computed for the whole batch by one launch.
        """
        names = check_labels(labels)
        motions = [self.scene.camera_motion] * len(times) if motions is None else motions
        self._check(times, names)
        shots = [self._shot(time, motion) for time, motion in zip(times, motions, strict=True)]
        camera = self.scene.camera
        outputs = Outputs(names, len(shots), camera.height, camera.width, self.device)
        plain = len(set(times)) == 1 and self.scene.sensor.is_perfect  # otherwise pictures need finished images, one after the other
        with self._team.together() if plain else nullcontext():
            self._labeller.fill(outputs, shots)
            if outputs.wants("rgb"):
                self._take_pictures(outputs, "rgb", times, motions, eye="left")
        if outputs.wants("rgb_right"):
            self._take_pictures(outputs, "rgb_right", times, motions, eye="right")
        if outputs.wants("sensor_depth"):
            self._measure_depth(outputs, shots)
        arrays = {name: outputs.arrays[name] for name in names}
        return Batch(labels=arrays, camera=camera, poses=np.stack([s.now.pose for s in shots]), times=tuple(times))

    def radiance(self, time: float, motion: Trajectory | None = None) -> Any:
        """Linear radiance at a time within -1 ... scene.frames, which may lie between frames: float32 [H, W, 3], what a sensor sees."""
        image = self._light.radiance([Moment(time, (motion or self.scene.camera_motion).at(time))])[0]
        return image.numpy() if is_cpu(self.device) else wp.to_torch(image)

    def objects(self, time: int, motion: Trajectory | None = None) -> Objects:
        """Poses, boxes and visibility of all instances at `time`, as a camera with this motion (default: the scene's own) sees them."""
        self._check([time], ())
        return self._object_labeller.describe(Moment(time, (motion or self.scene.camera_motion).at(time)))

    def _check(self, times: Sequence[int], names: Sequence[str]) -> None:
        for time in times:
            if not 0 <= time < self.scene.frames:
                raise UserError(f"time {time} is outside the clip: give 0 to {self.scene.frames - 1}")
        if not self.scene.stereo_baseline_m:
            stereo = [name for name in names if name in ("rgb_right", "disparity", "occluded_right", "out_of_frame_right")]
            if stereo:
                raise UserError(f"label {stereo[0]} needs a second eye: give the scene a stereo_baseline_m above 0")
        if self.scene.depth_sensor is None and "sensor_depth" in names:
            raise UserError("label sensor_depth needs a depth camera: give the scene a depth_sensor")

    def _shot(self, time: int, motion: Trajectory) -> Shot:
        now = Moment(time, motion.at(time))
        others = {name: Moment(then, motion.at(then)) for name, then in (("forward", time + 1), ("backward", time - 1))}
        return Shot(now, {**others, "right": Moment(time, self._right_of(now.pose))})

    def _right_of(self, pose: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pose of the second eye."""
        return pose @ geometry.compose(np.eye(3), (self.scene.stereo_baseline_m, 0.0, 0.0))

    @cached_property
    def _object_labeller(self) -> ObjectLabeller:
        return ObjectLabeller(self._buffers, self._cache, self._visibility)

    @cached_property
    def _light(self) -> Light:
        return Shader(self._buffers, self._cache, self._team)

    @cached_property
    def _sensor(self) -> Sensor:
        return Sensor(self.device)

    @cached_property
    def _sensor_model(self) -> SensorModel:
        return SensorModel(self.scene, self.device)

    def _take_pictures(self, outputs: Outputs, name: str, times: Sequence[int], motions: Sequence[Trajectory], eye: str) -> None:
        """What the sensor records. Pictures of one time are lit together."""
        for time in dict.fromkeys(times):
            chosen = [k for k, t in enumerate(times) if t == time]
            if not self.scene.sensor.is_perfect:
                for k in chosen:
                    self._record(outputs[name][k], time, motions[k], eye)
                continue
            radiance = self._light.radiance([self._moment(time, motions[k], eye) for k in chosen])
            for position, k in enumerate(chosen):
                self._develop(radiance[position], outputs[name][k])

    def _develop(self, radiance: wp.array, picture: wp.array) -> None:
        def rows(_piece: int, first: int, size: int) -> None:
            self._sensor.develop(radiance[first : first + size], self.scene.exposure, picture[first : first + size])

        self._team.later(radiance.shape[0], rows)

    def _moment(self, time: float, motion: Trajectory, eye: str) -> Moment:
        pose = motion.at(time)
        return Moment(time, self._right_of(pose) if eye == "right" else pose)

    def _record(self, picture: wp.array, time: int, motion: Trajectory, eye: str) -> None:
        def radiance_at(instant: float) -> torch.Tensor:
            return wp.to_torch(self._light.radiance([self._moment(instant, motion, eye)])[0])

        def depth_at(instant: float) -> torch.Tensor:
            outputs = Outputs(("depth",), 1, self.scene.camera.height, self.scene.camera.width, self.device)
            self._labeller.fill(outputs, [Shot(self._moment(instant, motion, eye), {})])
            return wp.to_torch(outputs["depth"])[0]

        wp.to_torch(picture).copy_(self._sensor_model.record(radiance_at, time, depth_at, eye=eye))

    def _measure_depth(self, outputs: Outputs, shots: Sequence[Shot]) -> None:
        exact = Outputs(("depth", "albedo"), len(shots), self.scene.camera.height, self.scene.camera.width, self.device)
        self._labeller.fill(exact, shots)
        for k, shot in enumerate(shots):
            depth, albedo = (wp.to_torch(exact[name])[k] for name in ("depth", "albedo"))
            measured = self._sensor_model.sensor_depth(depth, int(shot.now.time), albedo=albedo)
            wp.to_torch(outputs["sensor_depth"])[k].copy_(measured)
