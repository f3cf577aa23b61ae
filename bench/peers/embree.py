"""Open3D's Embree: primary rays alone, without shading or labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.affinity import cores_seen
from renderers.open3d_import import open3d
from scenes import geometry
from scenes.scene import Scene
from scenes.shapes import build


def primary_rays(scene: Scene, *, threads: int) -> Callable[[int], None]:
    """Rays of each time's camera against the geometry of time 0, which is built once: nothing moves but the camera."""
    o3d = open3d()
    tracer = o3d.t.geometry.RaycastingScene()
    for instance in scene.instances:
        mesh = build(instance.shape)
        vertices = geometry.transform(instance.motion.at(0), mesh.vertices).astype(np.float32)
        tracer.add_triangles(o3d.core.Tensor(vertices), o3d.core.Tensor(mesh.faces.astype(np.uint32)))
    camera = scene.camera
    intrinsics = o3d.core.Tensor(camera.K)

    def cast(time: int) -> None:
        extrinsics = o3d.core.Tensor(geometry.invert(scene.camera_motion.at(time)))
        tracer.cast_rays(tracer.create_rays_pinhole(intrinsics, extrinsics, camera.width, camera.height))

    with cores_seen(threads):
        cast(0)
    return cast
