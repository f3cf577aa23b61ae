"""Where points of objects lie in the frames of a clip, and in which of them they can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import ArrayLike, NDArray

from renderers.device import is_cpu, upload
from renderers.flatten import flatten
from renderers.kernels.motion import SAME_DEPTH
from renderers.rays import BvhRays, EmbreeRays, Rays
from renderers.visibility.view import NEAR_M
from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Scene, Trajectory


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """N points at T times.

    pixels: float64 [N, T, 2], (u, v); NaN where the camera has no image of the point. depth: float64 [N, T], camera z in metres.
    in_frame: bool [N, T], the point projects into the image (for a pinhole z > 0 included), the opposite of the `out_of_frame` labels.
    visible: bool [N, T], it is in the frame, beyond the near plane, and nothing is before it.
    """

    pixels: NDArray[np.float64]
    depth: NDArray[np.float64]
    in_frame: NDArray[np.bool_]
    visible: NDArray[np.bool_]


class Tracker:
    """Follows points of one scene. A point is visible if the straight line from the eye to it meets no triangle, by ray casting.

    What lies nearer than the point by less than SAME_DEPTH of its distance is taken for its own surface, as by the `occluded` labels. These
    look the moved point up among the triangles that the other frame's pixels show, and so may differ at silhouettes, where a pixel shows
    only one of the surfaces within it; a ray to the point itself does not depend on pixels, nor does it need frames rendered.
    """

    def __init__(self, scene: Scene, *, device: str = "cpu") -> None:
        self._scene, self._device = scene, device
        flat = flatten(scene)
        self._rays: Rays = EmbreeRays(scene, flat) if is_cpu(device) else BvhRays(scene, flat, device)

    def follow(self, object_points: ArrayLike, instances: ArrayLike, times: Sequence[float], motion: Trajectory | None = None) -> Tracks:
        """Tracks of points [N, 3] in the frames of their objects (label `object_point`), whose ids are `instances` [N] (label `instance`).

        times: within -1 ... scene.frames, also between frames. motion: that of the camera (default: the scene's own). Raises UserError for
        a pixel without a surface (id 0) or an id beyond the scene's.
        """
        points, ids = np.asarray(object_points, dtype=np.float64).reshape(-1, 3), np.asarray(instances).astype(np.int64).ravel()
        self._check(points, ids)
        camera, eyes = self._scene.camera, motion or self._scene.camera_motion
        size = (len(points), len(times))
        pixels, depth, in_frame, visible = np.empty((*size, 2)), np.empty(size), np.empty(size, dtype=bool), np.zeros(size, dtype=bool)
        for k, time in enumerate(times):
            eye = eyes.at(time)
            world = self._placed(points, ids, time)
            seen = geometry.transform(geometry.invert(eye), world)
            pixels[:, k], depth[:, k] = _projected(camera, seen), seen[:, 2]
            in_frame[:, k] = _inside(camera, pixels[:, k])
            near = np.linalg.norm(seen, axis=1) if camera.is_wide else seen[:, 2]
            chosen = np.flatnonzero(in_frame[:, k] & (near >= NEAR_M))
            visible[chosen, k] = self._free(eye[:3, 3], world[chosen], NEAR_M / near[chosen], time)
        return Tracks(pixels=pixels, depth=depth, in_frame=in_frame, visible=visible)

    def _check(self, points: NDArray[np.float64], ids: NDArray[np.int64]) -> None:
        count = len(self._scene.instances)
        if len(points) != len(ids):
            raise UserError(f"{len(points)} points but {len(ids)} instance ids: give each point the id of its object")
        if len(ids) and not 1 <= ids.min() <= ids.max() <= count:
            wrong = ids[(ids < 1) | (ids > count)][0]
            raise UserError(f"no object has the id {wrong}: track pixels whose instance label is within 1 ... {count}")

    def _placed(self, points: NDArray[np.float64], ids: NDArray[np.int64], time: float) -> NDArray[np.float64]:
        world = np.empty_like(points)
        for k in np.unique(ids):
            world[ids == k] = geometry.transform(self._scene.instances[k - 1].motion.at(time), points[ids == k])
        return world

    def _free(self, eye: NDArray[np.float64], world: NDArray[np.float64], start: NDArray[np.float64], time: float) -> NDArray[np.bool_]:
        """bool [N]: nothing lies between the eye and the points; each line begins at a share `start` of its length, on the near plane."""
        if not len(world):
            return np.zeros(0, dtype=bool)
        self._rays.place(time)
        line = world - eye
        rays = np.concatenate([eye + start[:, None] * line, (1 - start)[:, None] * line], axis=1)
        blocked: NDArray[np.bool_] = self._rays.occluded(
            upload(rays.astype(np.float32), wp.float32, self._device), 1.0 - SAME_DEPTH
        ).numpy()
        return ~blocked


def tracks(scene: Scene, object_points: ArrayLike, instances: ArrayLike, times: Sequence[float]) -> Tracks:
    """`Tracker.follow` for one call; keep a `Tracker` to follow more points of one scene."""
    return Tracker(scene).follow(object_points, instances, times)


def _projected(camera: Camera, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels float64 [N, 2] of points in the eye's frame, NaN where the camera has no image of them."""
    if camera.is_wide:
        return camera.project(points)
    before = points[:, 2] > 0
    pixels = camera.project(np.where(before[:, None], points, (0.0, 0.0, 1.0)))
    pixels[~before] = np.nan
    return pixels


def _inside(camera: Camera, pixels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """bool [N]: pixels lie in the image; around a full panorama every column does."""
    u, v = pixels.T
    around = camera.model == "equirectangular" and camera.width > 6.28318 * camera.fx
    across = np.isfinite(u) if around else (u >= 0) & (u < camera.width)
    inside: NDArray[np.bool_] = across & (v >= 0) & (v < camera.height)
    return inside
