"""Rays against a scene's triangles at any time: what they hit first, and whether anything is in their way.

Two backends answer the same questions: `EmbreeRays` (Open3D's Embree; CPU, all cores) and `BvhRays` (Warp's mesh BVH; CUDA and CPU).

- Rays: Warp array float32 [N, 6] on the backend's device, origin and direction in the world frame. Directions need no unit length: `t`
  counts in units of it. On the CPU `wp.array(numpy_array, copy=False)` and `array.numpy()` share memory, so numpy callers pay nothing.
- Hits name triangles by their index into `FlatScene.triangles`, whatever part of the scene a backend was made of.
- What never moves is handed over once; `place(time)` moves the rest and must be called before the first ray.
- No ray may hold a NaN: Embree then visits the whole scene, which takes a thousand times as long.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.device import upload
from renderers.flatten import FlatScene
from renderers.kernels.rays import Meshes, cast_closest, cast_occluded
from renderers.open3d_import import open3d
from renderers.threads import Team
from scenes import geometry
from scenes.scene import Scene

_REMEMBERED_TIMES = 4  # a clip rendered in order asks for each time, the one before and the one after


@dataclass(frozen=True)
class Hits:
    """First hits of N rays, Warp arrays [N].

    t: float32, in units of the direction's length, +inf for a miss. triangle: int32, index into FlatScene.triangles, -1 for a miss.
    barycentric: vec2, weights of the triangle's second and third corner. normal: vec3, unit, world frame, towards where the triangle's
    corners are seen counter-clockwise (whichever side the ray comes from); undefined for a miss.
    """

    t: wp.array
    triangle: wp.array
    barycentric: wp.array
    normal: wp.array


class Rays(Protocol):
    """A ray backend. `vertices`: Warp array vec3 [V], FlatScene.vertices in the world frame at the time last placed."""

    vertices: wp.array

    def place(self, time: float) -> None:
        """Moves what moves to its pose at `time` (fractions of a frame are interpolated)."""
        ...

    def closest(self, rays: wp.array) -> Hits:
        """The first hit of each ray with t > 0."""
        ...

    def occluded(self, rays: wp.array, far: float = np.inf) -> wp.array:
        """bool [N]: something lies at 0 < t < far."""
        ...


class _Placement:
    """World-frame vertices of a scene, float32 [V, 3], rounded once from float64; those of moving instances follow the time."""

    def __init__(self, scene: Scene, flat: FlatScene) -> None:
        self._flat, self._motions = flat, [i.motion for i in scene.instances]
        self.moving = np.array([m.moves for m in self._motions])
        self.vertices: NDArray[np.float32] = np.empty_like(flat.vertices)
        self._fill(np.flatnonzero(~self.moving), 0)

    def place(self, time: float) -> list[slice]:
        """Moves what moves and returns the runs of vertices that changed."""
        return self._fill(np.flatnonzero(self.moving), time)

    def _fill(self, instances: NDArray[np.int64], time: float) -> list[slice]:
        ranges = self._flat.vertex_range
        runs = [slice(int(ranges[k]), int(ranges[k + 1])) for k in instances]
        for k, run in zip(instances, runs, strict=True):
            self.vertices[run] = geometry.transform(self._motions[k].at(time), self._flat.vertices[run])
        return runs

    def parts(self, only: NDArray[np.bool_] | None) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Indices of the triangles that never move and of those that do, among the ones chosen by `only` (bool [F], None: all)."""
        moves = self.moving[self._flat.triangle_instance]
        chosen = np.ones(len(moves), dtype=bool) if only is None else only
        return np.flatnonzero(chosen & ~moves).astype(np.int32), np.flatnonzero(chosen & moves).astype(np.int32)


class EmbreeRays:
    """Open3D's RaycastingScene on the CPU; a call uses `threads` threads, 0 for all cores.

    What moves is a tree of its own, rebuilt by `place` unless the time is one of the last few. A second tree nearly doubles the cost of a
    ray, though, so with `whole` there is one of everything, rebuilt each time: cheaper from about ten rays for each triangle on.
    """

    def __init__(
        self, scene: Scene, flat: FlatScene, *, only: NDArray[np.bool_] | None = None, whole: bool = False, threads: int = 0
    ) -> None:
        self._flat, self._placement, self._threads = flat, _Placement(scene, flat), threads
        self.vertices: wp.array = _shared(self._placement.vertices, wp.vec3)
        still, self._moving = self._placement.parts(only)
        if whole and len(self._moving):
            still, self._moving = still[:0], np.union1d(still, self._moving).astype(np.int32)
        self._still = self._layers(still)
        self._layers_now = self._still
        self._remembered: OrderedDict[float, list[_Layer]] = OrderedDict()
        self._room = 1 if whole else _REMEMBERED_TIMES
        self._time: float | None = None

    def _layers(self, triangles: NDArray[np.int32]) -> list[_Layer]:
        if not len(triangles):
            return []
        return [_Layer(self._placement.vertices, self._flat.triangles[triangles], self._sentinel(triangles), self._threads)]

    def _sentinel(self, triangles: NDArray[np.int32]) -> NDArray[np.int32] | None:
        """Scene indices of a layer's triangles with -1 behind them, where a miss (-1) then finds itself; None if nothing changes."""
        return None if len(triangles) == len(self._flat.triangles) else np.append(triangles, np.int32(-1))

    def place(self, time: float) -> None:
        if time == self._time:
            return
        self._placement.place(time)
        if time not in self._remembered:
            if len(self._remembered) >= self._room:
                self._remembered.popitem(last=False)
            self._remembered[time] = self._layers(self._moving)
        self._remembered.move_to_end(time)
        self._layers_now = self._still + self._remembered[time]
        self._time = time

    def closest(self, rays: wp.array) -> Hits:
        given = rays.numpy()
        nearest = _Cast.nothing(len(given)) if not self._layers_now else self._layers_now[0].closest(given)
        for layer in self._layers_now[1:]:
            nearest.merge(layer.closest(given))
        return nearest.hits()

    def occluded(self, rays: wp.array, far: float = np.inf) -> wp.array:
        given = rays.numpy()
        blocked = np.zeros(len(given), dtype=bool) if not self._layers_now else self._layers_now[0].occluded(given, far)
        for layer in self._layers_now[1:]:
            blocked |= layer.occluded(given, far)
        return _shared(blocked, wp.bool)


def _shared(values: NDArray[Any], dtype: Any) -> wp.array:
    """A Warp array on the CPU over the same memory."""
    array: wp.array = wp.array(values, dtype=dtype, device="cpu", copy=False)
    return array


@dataclass
class _Cast:
    """Hits as numpy arrays: float32 [N], int32 [N], float32 [N, 2], float32 [N, 3]."""

    t: NDArray[np.float32]
    triangle: NDArray[np.int32]
    barycentric: NDArray[np.float32]
    normal: NDArray[np.float32]

    @classmethod
    def nothing(cls, count: int) -> _Cast:
        return cls(
            np.full(count, np.inf, np.float32),
            np.full(count, -1, np.int32),
            np.zeros((count, 2), np.float32),
            np.zeros((count, 3), np.float32),
        )

    def merge(self, other: _Cast) -> None:
        """Takes over the hits of `other` that are nearer."""
        nearer = np.flatnonzero(other.t < self.t)
        for name in ("t", "triangle", "barycentric", "normal"):
            getattr(self, name)[nearer] = getattr(other, name)[nearer]

    def hits(self) -> Hits:
        weights, normal = _shared(self.barycentric, wp.vec2), _shared(self.normal, wp.vec3)
        return Hits(_shared(self.t, wp.float32), _shared(self.triangle, wp.int32), weights, normal)


class _Layer:
    """One Embree scene. `index`: int32 [n + 1], the scene's index of each of its triangles and -1; None: they are the same."""

    def __init__(self, vertices: NDArray[np.float32], triangles: NDArray[np.int32], index: NDArray[np.int32] | None, threads: int) -> None:
        self._tensor, self._threads = open3d().core.Tensor.from_numpy, threads
        used, local = (None, triangles) if index is None else np.unique(triangles, return_inverse=True)
        corners = vertices if used is None else vertices[used]
        self._tracer = open3d().t.geometry.RaycastingScene(nthreads=threads)
        self._tracer.add_triangles(self._tensor(corners), self._tensor(local.reshape(-1, 3).astype(np.uint32)))
        self._index = index
        self.closest(np.ones((1, 6), dtype=np.float32))  # the tree is built by the first ray, and not safely by two at once

    def closest(self, rays: NDArray[np.float32]) -> _Cast:
        answer = self._tracer.cast_rays(self._tensor(rays), nthreads=self._threads)
        local = answer["primitive_ids"].numpy().view(np.int32)  # a miss is 2^32 - 1
        triangle = local if self._index is None else self._index[local]
        return _Cast(answer["t_hit"].numpy(), triangle, answer["primitive_uvs"].numpy(), answer["primitive_normals"].numpy())

    def occluded(self, rays: NDArray[np.float32], far: float) -> NDArray[np.bool_]:
        answer = self._tracer.test_occlusions(self._tensor(rays), tnear=0.0, tfar=far, nthreads=self._threads)
        blocked: NDArray[np.bool_] = answer.numpy()
        return blocked


class BvhRays:
    """Warp's mesh BVH, on CUDA or the CPU. What moves is a mesh of its own whose boxes are refitted by `place`.

    threads: how many share the rays of a call on the CPU.
    """

    def __init__(self, scene: Scene, flat: FlatScene, device: str, *, only: NDArray[np.bool_] | None = None, threads: int = 1) -> None:
        self._device, self._placement, self._team = device, _Placement(scene, flat), Team(device, threads)
        self._time: float | None = None
        self._placement.place(0)
        self.vertices: wp.array = upload(self._placement.vertices, wp.vec3, device)
        self._kept: dict[str, wp.Mesh] = {}
        self._meshes: Any = Meshes()
        for name, triangles in zip(("still", "moving"), self._placement.parts(only), strict=True):
            setattr(self._meshes, f"{name}_triangles", upload(triangles, wp.int32, device))
            if len(triangles):
                corners = upload(flat.triangles[triangles].ravel(), wp.int32, device)
                self._kept[name] = wp.Mesh(points=self.vertices, indices=corners)
                setattr(self._meshes, name, self._kept[name].id)

    def place(self, time: float) -> None:
        if time == self._time:
            return
        self._time = time
        for run in self._placement.place(time):
            wp.copy(self.vertices[run], _shared(self._placement.vertices[run], wp.vec3))
        if "moving" in self._kept:
            self._kept["moving"].refit()

    def closest(self, rays: wp.array) -> Hits:
        count = len(rays)
        t, triangle = self._empty(count, wp.float32), self._empty(count, wp.int32)
        hits = Hits(t, triangle, self._empty(count, wp.vec2), self._empty(count, wp.vec3))
        self._launch(cast_closest, count, lambda run: [rays[run], t[run], triangle[run], hits.barycentric[run], hits.normal[run]])
        return hits

    def occluded(self, rays: wp.array, far: float = np.inf) -> wp.array:
        blocked = self._empty(len(rays), wp.bool)
        self._launch(cast_occluded, len(rays), lambda run: [rays[run], far, blocked[run]])
        return blocked

    def _launch(self, kernel: Any, count: int, inputs_of: Callable[[slice], list[Any]]) -> None:
        def part(_piece: int, first: int, size: int) -> None:
            inputs = [self._meshes, *inputs_of(slice(first, first + size))]
            wp.launch(kernel, dim=size, inputs=inputs, device=self._device)

        self._team.share(count, part)

    def _empty(self, count: int, dtype: Any) -> wp.array:
        array: wp.array = wp.empty(count, dtype=dtype, device=self._device)
        return array
