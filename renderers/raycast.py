"""The `embree` and `bvh` renderers: visibility by ray casting, for cameras of any model; labels and light as the `raster` renderer's."""

from __future__ import annotations

from renderers.buffers import SceneBuffers
from renderers.rays import BvhRays, EmbreeRays
from renderers.rendering import SceneRenderer
from renderers.threads import Team
from renderers.visibility.rays import RayVisibility
from scenes.errors import UserError
from scenes.scene import Scene


class EmbreeRenderer(SceneRenderer):
    """Exact labels, occlusion by rays, and direct light with shadows; rays by Embree, on the CPU."""

    def __init__(self, scene: Scene, *, device: str = "cpu", threads: int = 1) -> None:
        if device != "cpu":
            raise UserError(f"embree casts rays on the CPU, not on {device!r}: use the bvh renderer there, or device cpu")
        super().__init__(scene, embree_visibility, device=device, threads=threads)


class BvhRenderer(SceneRenderer):
    """Exact labels, occlusion by rays, and direct light with shadows; rays by Warp's BVH, on a GPU or the CPU."""

    def __init__(self, scene: Scene, *, device: str = "cpu", threads: int = 1) -> None:
        super().__init__(scene, bvh_visibility, device=device, threads=threads)


def embree_visibility(buffers: SceneBuffers, team: Team) -> RayVisibility:
    return RayVisibility(buffers, team, EmbreeRays(buffers.scene, buffers.flat, threads=team.threads))


def bvh_visibility(buffers: SceneBuffers, team: Team) -> RayVisibility:
    return RayVisibility(buffers, team, BvhRays(buffers.scene, buffers.flat, buffers.device, threads=team.threads))
