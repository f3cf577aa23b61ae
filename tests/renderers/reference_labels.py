"""Labels of a scene by rays of Embree and float64 numpy, through the world's frame; shares nothing with the renderer but its input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from render_worlds import centre_rays

from renderers.open3d_import import open3d
from scenes.scene import Scene, Trajectory
from scenes.shapes import build

NEAR_M = 0.01  # what lies nearer to the camera's plane is not seen
_NOTHING = 4294967295


@dataclass(frozen=True)
class Seen:
    """What the pixels of one image show: world and object_point [H, W, 3], metres; normal [H, W, 3] in the camera's frame; face or -1."""

    face: np.ndarray
    depth: np.ndarray
    instance: np.ndarray
    valid: np.ndarray
    normal: np.ndarray
    object_point: np.ndarray
    world: np.ndarray


class Reference:
    """Answers about one scene as a camera with `motion` (default: the scene's own) sees it; `right` means the second eye."""

    def __init__(self, scene: Scene, motion: Trajectory | None = None) -> None:
        self.scene, self.camera, self._motion = scene, scene.camera, motion or scene.camera_motion
        self._corners = cache(self._corners_at)
        self._tracer = cache(self._tracer_at)

    def pose(self, time: float, right: bool = False) -> np.ndarray:
        pose = self._motion.at(time).copy()
        pose[:3, 3] += pose[:3, 0] * self.scene.stereo_baseline_m * right
        return pose

    def _corners_at(self, time: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """World and object corners float64 [F, 3, 3], owner [F]."""
        own, there, owner = [], [], []
        for k, thing in enumerate(self.scene.instances):
            mesh, pose = build(thing.shape), thing.motion.at(time)
            own.append(mesh.vertices[mesh.faces].astype(np.float64))
            there.append(own[-1] @ pose[:3, :3].T + pose[:3, 3])
            owner.append(np.full(len(mesh.faces), k))
        return np.concatenate(there), np.concatenate(own), np.concatenate(owner)

    def _tracer_at(self, time: float):
        """A ray tracer whose origin is the camera, so that float32 does where the scene lies far from the world's origin."""
        o3d, tracer = open3d(), open3d().t.geometry.RaycastingScene()
        corners = (self._corners(time)[0] - self._motion.at(time)[:3, 3]).reshape(-1, 3)
        faces = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
        tracer.add_triangles(o3d.core.Tensor(corners.astype(np.float32)), o3d.core.Tensor(faces))
        return tracer

    def cast(self, time: float, right: bool, ways: np.ndarray, start: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """(reach, face or -1) of rays from the eye along world vectors [..., 3], from the fraction `start` of them on."""
        start = np.broadcast_to(start, ways.shape[:-1])[..., None]
        origin = self.pose(time, right)[:3, 3] - self._motion.at(time)[:3, 3] + ways * start
        hit = self._tracer(time).cast_rays(open3d().core.Tensor(np.concatenate([origin, ways], axis=-1).astype(np.float32)))
        face = hit["primitive_ids"].numpy().astype(np.int64)
        return hit["t_hit"].numpy() + start[..., 0], np.where(face == _NOTHING, -1, face)

    def seen(self, time: float, right: bool = False) -> Seen:
        """The triangle of each pixel is Embree's; where the ray meets it is computed in float64."""
        pose = self.pose(time, right)
        ways = centre_rays(self.camera) @ pose[:3, :3].T
        face = self.cast(time, right, ways, NEAR_M)[1]
        there, own, owner = self._corners(time)
        a, b, c = np.moveaxis(there[face], -2, 0)
        n = np.cross(b - a, c - a)
        n /= np.linalg.norm(n, axis=-1, keepdims=True)
        with np.errstate(all="ignore"):
            depth = ((a - pose[:3, 3]) * n).sum(-1) / (ways * n).sum(-1)
        world = pose[:3, 3] + ways * depth[..., None]
        weights = _barycentric(world, a, b, c)
        n = np.where((n * ways).sum(-1, keepdims=True) > 0, -n, n) @ pose[:3, :3]
        valid = face >= 0
        point = np.einsum("...k,...kj->...j", weights, own[face])
        return Seen(face, np.where(valid, depth, np.inf), np.where(valid, owner[face] + 1, 0), valid, n, point, world)

    def carried(self, seen: Seen, time: float, other: float) -> np.ndarray:
        """World points [H, W, 3] at the time `other` of what is seen at `time`."""
        moved = seen.world.copy()
        for k, thing in enumerate(self.scene.instances):
            before, after, mine = thing.motion.at(time), thing.motion.at(other), seen.instance == k + 1
            moved[mine] = (moved[mine] - before[:3, 3]) @ before[:3, :3] @ after[:3, :3].T + after[:3, 3]
        return moved

    def in_camera(self, points: np.ndarray, time: float, right: bool = False) -> np.ndarray:
        pose = self.pose(time, right)
        return (points - pose[:3, 3]) @ pose[:3, :3]

    def hidden(self, points: np.ndarray, own: np.ndarray, time: float, right: bool = False, same: float = 1e-4) -> np.ndarray:
        """Whether another face lies before world points [..., 3] of faces `own`, by more than the fraction `same` of the way."""
        depth = self.in_camera(points, time, right)[..., 2]
        with np.errstate(all="ignore"):
            start = np.clip(NEAR_M / depth, 0.0, 0.999)
        reach, face = self.cast(time, right, points - self.pose(time, right)[:3, 3], start)
        return (reach < 1 - same) & (face != own)


def _barycentric(point: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Weights [..., 3] of the corners that give a point of the triangle's plane."""
    n = np.cross(b - a, c - a)
    second, third = np.cross(point - a, c - a), np.cross(b - a, point - a)
    weights = np.stack([(second * n).sum(-1), (third * n).sum(-1)], axis=-1) / (n * n).sum(-1, keepdims=True)
    return np.concatenate([1 - weights.sum(-1, keepdims=True), weights], axis=-1)
