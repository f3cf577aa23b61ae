"""The path tracer: batches of paths, from the camera to the last bounce, on any ray backend."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.air import air_of, sky_of
from renderers.buffers import SceneBuffers
from renderers.device import is_cpu, upload, upload_poses
from renderers.kernels import path as kernels
from renderers.kernels.common import mat34
from renderers.kernels.path_surface import World
from renderers.path.emitters import Emitters, glows
from renderers.path.sequence import stratified_points
from renderers.rays import BvhRays, EmbreeRays, Rays
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Scene

_BATCH_CPU, _BATCH_GPU = 1 << 17, 1 << 21  # paths traced together: about 250 bytes each
_STRATEGIES = ("both", "emitters", "reflection")
_REACH = 0.9999  # share of the way to a point on an emitter that must be free


class PathTracer:
    """Linear radiance of a scene by path tracing, unbiased up to `max_depth` segments.

    samples: paths for each pixel, stratified within it; a box filter of one pixel reconstructs the image. max_depth: ray segments of a
    path, counted as Mitsuba's `path` integrator does: 1 shows emitters alone, 2 adds direct light, 3 the first bounce. dielectric:
    reflectance along the normal of what is no metal; 0 makes such surfaces purely Lambertian. rays: "embree" or "bvh"; the faster one of
    the device unless given. threads: on the CPU, all cores unless given. strategy: how the light of emissive triangles is found: by
    points chosen on "emitters", by "reflection" alone, or by "both", weighted by the power heuristic; they differ in noise alone.
    bounce_limit: light that reaches the camera by more than one reflection counts with at most this radiance for each path, which
    removes sparkles at the price of a little light; none is lost unless given.

    At each surface one emitter is chosen by what it may give there. The sky is found by reflected rays alone. Emissive triangles shine
    from both sides. They do not block the way to suns, points and rectangles, for the lamp around a point light would swallow it, nor
    does a point light shine on them. Suns, points and rectangles cannot be seen themselves, nor in mirrors.

    Air is looked through by camera rays alone: haze before the first surface, and clouds, haze and the sun's glow where there is none
    (`renderers.kernels.air`). Light on its way between surfaces knows nothing of them.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        device: str = "cpu",
        samples: int = 16,
        max_depth: int = 4,
        dielectric: float = 0.04,
        bounce_limit: float = np.inf,
        strategy: str = "both",
        rays: str | None = None,
        threads: int | None = None,
        buffers: SceneBuffers | None = None,
    ) -> None:
        _check(samples, max_depth, dielectric, bounce_limit, strategy)
        self._buffers = buffers or SceneBuffers(scene, device)
        self._scene, self._device, self._depth = scene, device, max_depth
        flat, glowing = self._buffers.flat, glows(scene, self._buffers.flat)
        self._emitters = Emitters(scene, flat, device)
        backend = rays or ("embree" if is_cpu(device) else "bvh")
        self._rays = _backend(backend, scene, self._buffers, None)
        split = self._emitters.any_glow and len(scene.lights) > 0
        self._blockers = _backend(backend, scene, self._buffers, ~glowing) if split else self._rays
        self._draws = _draws(samples, device)
        self._world = _world(scene, self._buffers, self._emitters, dielectric)
        self._world.bounce_limit = bounce_limit
        self._world.find_by_emitters, self._world.find_by_reflection = strategy != "reflection", strategy != "emitters"
        self._lens = _lens(scene.camera, device)
        self._threads = (threads or len(os.sched_getaffinity(0))) if is_cpu(device) else 1
        self._image: wp.array = wp.empty(scene.camera.height * scene.camera.width, dtype=wp.vec3, device=device)
        self._idle: SimpleQueue[_Wave] = SimpleQueue()

    def radiance(self, time: float, pose: NDArray[np.float64] | None = None) -> Any:
        """Linear radiance float32 [H, W, 3] at a time (a fraction lies between frames), W / (m^2 sr), seen from a camera pose.

        pose: camera-to-world [4, 4], that of the scene's camera at the time unless given. A numpy array on the CPU, else a torch tensor.
        """
        image = self.trace(time, pose)
        return image.numpy().copy() if is_cpu(self._device) else wp.to_torch(wp.clone(image))

    def trace(self, time: float, pose: NDArray[np.float64] | None = None) -> wp.array:
        """The same as a Warp array vec3 [H, W] that the next call overwrites."""
        camera = self._scene.camera
        self._place(time, self._scene.camera_motion.at(time) if pose is None else pose)
        samples = int(self._draws.samples)
        pixels = camera.height * camera.width
        step = max((_BATCH_CPU if is_cpu(self._device) else _BATCH_GPU) // samples, 1)
        firsts = range(0, pixels, step)
        if self._threads == 1:
            for first in firsts:
                self._run(first, min(step, pixels - first))
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(lambda first: self._run(first, min(step, pixels - first)), firsts))
        return self._image.reshape((camera.height, camera.width))

    def _place(self, time: float, pose: NDArray[np.float64]) -> None:
        self._rays.place(time)
        self._blockers.place(time)
        self._world.vertices = self._rays.vertices
        self._world.emitters = self._emitters.rows(time)
        self._world.world_from_object = upload_poses(self._buffers.world_from_object(time), self._device)
        self._lens.world_from_eye = mat34(*np.asarray(pose, dtype=np.float32)[:3].ravel().tolist())
        moment = np.float64(time).view(np.uint64)
        entropy = [self._scene.seed, self._scene.index, int(moment)]
        self._draws.key = wp.uint32(np.random.SeedSequence(entropy).generate_state(1)[0])

    def _run(self, first: int, pixels: int) -> None:
        """Traces all paths of some neighbouring pixels."""
        samples = int(self._draws.samples)
        wave = self._idle_wave(pixels * samples)
        wave.begin(first, pixels * samples, self._lens, self._draws)
        for depth in range(1, self._depth + 1):
            if wave.count == 0:
                break
            last, to_sky = depth == self._depth, 1 < depth == self._depth - 1 and not self._emitters.any_glow
            wave.bounce(self._world, self._draws, depth, last, to_sky, self._rays, self._blockers)
        wave.finish(pixels, samples, self._image)
        self._idle.put(wave)

    def _idle_wave(self, paths: int) -> _Wave:
        """Buffers that no thread is using, made where there are none or only smaller ones."""
        try:
            wave = self._idle.get_nowait()
        except Empty:
            return _Wave(paths, self._device)
        return wave if wave.capacity >= paths else _Wave(paths, self._device)


class _Wave:
    """Buffers of at most `capacity` paths, and the steps that advance them all."""

    def __init__(self, capacity: int, device: str) -> None:
        self.capacity, self._device, self.count = capacity, device, 0
        self._stride = 1 if is_cpu(device) else 0
        self._paths: Any = kernels.Paths()
        for name in ("radiance", "throughput"):
            setattr(self._paths, name, wp.empty(capacity, dtype=wp.vec3, device=device))
        for name in ("density", "total", "spread", "width"):
            setattr(self._paths, name, wp.empty(capacity, dtype=wp.float32, device=device))
        self._now, self._onward = self._batch(lit=False), self._batch(lit=False)
        self._lights, self._glows = self._batch(lit=True), self._batch(lit=True)

    def _batch(self, *, lit: bool) -> Any:
        batch: Any = kernels.Batch()
        batch.rays = wp.empty((self.capacity, 6), dtype=wp.float32, device=self._device)
        batch.path = wp.empty(self.capacity, dtype=wp.int32, device=self._device)
        batch.light = wp.empty(self.capacity if lit else 0, dtype=wp.vec3, device=self._device)
        batch.count = wp.zeros(1, dtype=wp.int32, device=self._device)
        return batch

    def _launch(self, kernel: Any, count: int, inputs: list[Any]) -> None:
        """Launches a kernel that walks over `count` entries: by one thread on the CPU."""
        threads = self._stride or count
        wp.launch(kernel, dim=threads, inputs=[*inputs, threads], device=self._device)

    def begin(self, first: int, count: int, lens: Any, draws: Any) -> None:
        """Camera rays of `count` paths, from pixel `first` on."""
        self._paths.first, self.count = first, count
        self._launch(kernels.start_paths, count, [lens, draws, self._paths, self._now, count])

    def bounce(self, world: Any, draws: Any, depth: int, last: bool, to_sky: bool, rays: Rays, blockers: Rays) -> None:
        """Casts the current rays and shades what they meet; `now` holds the next rays afterwards."""
        hits = rays.closest(self._now.rays[: self.count])
        batches = [self._onward, self._lights, self._glows]
        for batch in batches:
            batch.count.zero_()
        inputs = [world, draws, self._paths, self._now, self.count, depth, last, to_sky]
        inputs += [hits.t, hits.triangle, hits.barycentric, hits.normal, *batches]
        self._launch(kernels.meet_surfaces, self.count, inputs)
        self._light(self._lights, blockers)
        self._light(self._glows, rays)
        self._now, self._onward = self._onward, self._now
        self.count = _number(self._now.count)

    def _light(self, batch: Any, rays: Rays) -> None:
        count = _number(batch.count)
        if count:
            blocked = rays.occluded(batch.rays[:count], _REACH)
            self._launch(kernels.add_light, count, [batch, count, blocked, self._paths.radiance])

    def finish(self, pixels: int, samples: int, image: wp.array) -> None:
        self._launch(kernels.average, pixels, [self._paths, samples, pixels, image])


def _number(count: wp.array) -> int:
    return int(count.numpy()[0])


def _check(samples: int, max_depth: int, dielectric: float, bounce_limit: float, strategy: str) -> None:
    if not bounce_limit > 0:
        raise UserError(f"a bounce_limit is a radiance above 0, not {bounce_limit}: leave it out for none")
    if strategy not in _STRATEGIES:
        raise UserError(f"unknown strategy {strategy!r}: known are {', '.join(_STRATEGIES)}")
    if samples < 1:
        raise UserError(f"path tracing needs at least 1 sample for each pixel, not {samples}")
    if max_depth < 1:
        raise UserError(f"a path has at least 1 segment, not {max_depth}: give a max_depth of 2 for direct light, 4 for two bounces")
    if not 0 <= dielectric <= 1:
        raise UserError(f"reflectance along the normal lies between 0 and 1 (glass: 0.04), not at {dielectric}")


def _backend(name: str, scene: Scene, buffers: SceneBuffers, only: NDArray[np.bool_] | None) -> Rays:
    if name == "bvh":
        return BvhRays(scene, buffers.flat, buffers.device, only=only)
    if name != "embree":
        raise UserError(f"unknown rays {name!r}: known are embree, bvh")
    if not is_cpu(buffers.device):
        raise UserError(f"embree casts rays on the CPU, not on {buffers.device}: use rays='bvh' there")
    return EmbreeRays(scene, buffers.flat, only=only, whole=True)


def _draws(samples: int, device: str) -> Any:
    draws: Any = kernels.Draws()
    draws.points, draws.samples = upload(stratified_points(samples), wp.uint32, device), samples
    return draws


def _lens(camera: Camera, device: str) -> Any:
    lens: Any = kernels.Lens()
    u, v = np.meshgrid(np.arange(camera.width + 1), np.arange(camera.height + 1))
    lens.corners = upload(camera.rays(np.stack([u, v], axis=-1)), wp.vec3, device)
    lens.centres = upload(camera.rays(camera.pixel_centres()), wp.vec3, device)
    lens.width = camera.width
    return lens


def _world(scene: Scene, buffers: SceneBuffers, emitters: Emitters, dielectric: float) -> Any:
    world: Any = World()
    for name in ("triangles", "normals", "uvs", "triangle_instance", "triangle_look", "materials", "texels"):
        setattr(world, name, getattr(buffers, name))
    world.lobe, world.glowing, world.dielectric = _lobe(buffers.device), emitters.glowing, dielectric
    world.sky, world.air = sky_of(scene.sky), air_of(scene, buffers.device)
    flat = buffers.flat
    reach = np.linalg.norm(flat.bounds[np.isfinite(flat.bounds).all((1, 2))], axis=-1).max()
    world.span = 4.0 * float(reach + max(np.linalg.norm(i.motion.poses[:, :3, 3], axis=1).max() for i in scene.instances))
    return world


@lru_cache(maxsize=4)
def _lobe(device: str) -> wp.array:
    """Table vec2 [32, 32] of what the specular lobe reflects, see `kernels.path_surface.World`."""
    even = np.linspace(0.0, 1.0, 32)
    alpha, cosine = upload(np.maximum(even**2, 0.02), wp.float32, device), upload(np.maximum(even, 1e-3), wp.float32, device)
    table: wp.array = wp.empty((32, 32), dtype=wp.vec2, device=device)
    wp.launch(kernels.measure_lobe, dim=(32, 32), inputs=[alpha, cosine, 512, table], device=device)
    return table
