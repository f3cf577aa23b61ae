"""Other renderers of the same scene, for comparison. Each gives what it can: none has flow, occlusion or contours."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import numpy as np

from renderers.open3d_import import open3d
from scenes import geometry
from scenes.scene import Mesh, Scene
from scenes.shapes import build


class TinyRenderer:
    """PyBullet's software rasteriser: rgb, depth and an instance mask. Use as a context manager; raises ImportError without pybullet."""

    def __init__(self, scene: Scene, *, shadow: bool) -> None:
        import pybullet

        self._bullet, self._scene, self._shadow = pybullet, scene, int(shadow)
        self._folder = tempfile.TemporaryDirectory()
        self._client = pybullet.connect(pybullet.DIRECT)
        visuals: dict[object, int] = {}
        self._bodies = []
        for instance in scene.instances:
            if instance.shape not in visuals:
                path = Path(self._folder.name) / f"{len(visuals)}.obj"
                path.write_text(_obj(build(instance.shape)))
                visuals[instance.shape] = pybullet.createVisualShape(
                    pybullet.GEOM_MESH, fileName=str(path), rgbaColor=(0.7, 0.7, 0.7, 1), physicsClientId=self._client
                )
            self._bodies.append(pybullet.createMultiBody(0, -1, visuals[instance.shape], physicsClientId=self._client))
        self._place(0, moving_only=False)

    def __enter__(self) -> TinyRenderer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bullet.disconnect(self._client)
        self._folder.cleanup()

    def _place(self, time: int, *, moving_only: bool) -> None:
        for body, instance in zip(self._bodies, self._scene.instances, strict=True):
            if instance.motion.moves or not moving_only:
                pose = instance.motion.at(time)
                w, x, y, z = geometry.quaternion_from_rotation(pose[:3, :3])
                self._bullet.resetBasePositionAndOrientation(body, pose[:3, 3], (x, y, z, w), physicsClientId=self._client)

    def __call__(self, time: int) -> None:
        self._place(time, moving_only=True)
        camera = self._scene.camera
        near, far = 0.05, 30.0
        gl_from_cv = np.diag([1.0, -1.0, -1.0, 1.0])
        view = gl_from_cv @ geometry.invert(self._scene.camera_motion.at(time))
        projection = np.zeros((4, 4))
        projection[0, 0], projection[1, 1] = 2 * camera.fx / camera.width, 2 * camera.fy / camera.height
        projection[2, 2], projection[2, 3], projection[3, 2] = -(far + near) / (far - near), -2 * far * near / (far - near), -1.0
        self._bullet.getCameraImage(
            camera.width,
            camera.height,
            view.T.ravel().tolist(),
            projection.T.ravel().tolist(),
            shadow=self._shadow,
            renderer=self._bullet.ER_TINY_RENDERER,
            physicsClientId=self._client,
        )


def _obj(mesh: Mesh) -> str:
    """Wavefront text of a mesh."""
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in mesh.vertices]
    lines += [f"vt {u:.5f} {v:.5f}" for u, v in mesh.uvs]
    lines += [f"vn {x:.5f} {y:.5f} {z:.5f}" for x, y, z in mesh.normals]
    lines += ["f " + " ".join(f"{k}/{k}/{k}" for k in face + 1) for face in mesh.faces]
    return "\n".join(lines) + "\n"


def embree_rays(scene: Scene, *, threads: int) -> Callable[[int], None]:
    """Open3D's Embree on the geometry at time 0, rebuilt never: primary rays alone. `threads` 0 uses all cores."""
    o3d = open3d()
    tracer = o3d.t.geometry.RaycastingScene(nthreads=threads)
    for instance in scene.instances:
        mesh = build(instance.shape)
        vertices = geometry.transform(instance.motion.at(0), mesh.vertices).astype(np.float32)
        tracer.add_triangles(o3d.core.Tensor(vertices), o3d.core.Tensor(mesh.faces.astype(np.uint32)))
    camera = scene.camera
    intrinsics = o3d.core.Tensor(camera.K)

    def cast(time: int) -> None:
        extrinsics = o3d.core.Tensor(geometry.invert(scene.camera_motion.at(time)))
        rays = tracer.create_rays_pinhole(intrinsics, extrinsics, camera.width, camera.height)
        tracer.cast_rays(rays)

    return cast
