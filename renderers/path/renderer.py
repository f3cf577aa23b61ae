"""The `path` renderer: the exact labels of a ray-casting renderer, and pictures by path tracing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import warp as wp

from renderers.device import is_cpu
from renderers.moment import Moment
from renderers.path.tracer import PathTracer
from renderers.raycast import bvh_visibility, embree_visibility
from renderers.rendering import Light, SceneRenderer
from scenes.scene import Scene


class PathRenderer(SceneRenderer):
    """Exact labels, and anti-aliased pictures with bounced light, soft shadows and glossy reflections, for cameras of any model.

    samples: paths for each pixel. max_depth: segments of a path; 2 is direct light, 4 two bounces. bounce_limit: the most that one path
    may bring by bounces, in units of a white pixel, against sparkles that few paths cannot average out (it takes a percent or so of the
    light away); 0 for no limit.
    """

    def __init__(
        self, scene: Scene, *, device: str = "cpu", threads: int = 1, samples: int = 16, max_depth: int = 4, bounce_limit: int = 3
    ) -> None:
        super().__init__(scene, embree_visibility if is_cpu(device) else bvh_visibility, device=device, threads=threads)
        self._tracer = PathTracer(
            scene,
            device=device,
            samples=samples,
            max_depth=max_depth,
            bounce_limit=bounce_limit / scene.exposure if bounce_limit else np.inf,
            threads=self._team.threads,
            buffers=self._buffers,
        )

    @cached_property
    def _light(self) -> Light:
        return _TracedLight(self._tracer)


class _TracedLight:
    """Path-traced radiance of several moments."""

    def __init__(self, tracer: PathTracer) -> None:
        self._tracer = tracer

    def radiance(self, moments: Sequence[Moment]) -> wp.array:
        """Linear radiance vec3 [B, H, W]."""
        images = [wp.clone(self._tracer.trace(moment.time, moment.pose)) for moment in moments]
        if len(images) == 1:
            return images[0].reshape((1, *images[0].shape))
        result: wp.array = wp.empty((len(images), *images[0].shape), dtype=wp.vec3, device=images[0].device)
        for k, image in enumerate(images):
            wp.copy(result[k], image)
        return result
