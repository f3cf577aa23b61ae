"""The `bullet` renderer: PyBullet's own camera image, for comparison. It has rgb, depth and instance ids and what follows from them.

PyBullet draws with TinyRenderer, its software rasteriser, or with `opengl` through its EGL plugin. TinyRenderer samples pixel
(column, row) at the image point (column, row + 1) instead of its centre, so the projection is shifted by half a pixel each way. It draws
the fronts of triangles only, so open surfaces, and whatever the camera may be inside of, get a second copy that is turned round. It
drops triangles of less than about 1/200 of a square pixel, so very fine meshes get holes.

Of the lights it knows the first, without fall-off; it multiplies colours as sRGB bytes and has a white background. What shines is painted
with its emission added, cut off at white.
"""

from __future__ import annotations

import importlib.util
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pybullet
from numpy.typing import NDArray
from PIL import Image

from renderers.flatten import FlatScene, flatten
from renderers.frame import LABELS, Frame, check_labels
from renderers.sensor import linear_to_srgb
from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Instance, Material, Scene, Sun, Texture
from scenes.semantics import background_id, semantic_id
from scenes.textures import build as build_texture

NEAR_M = 0.01
_CHUNK = 20_000  # triangles in one body: PyBullet refuses meshes that overflow its transfer buffer
_SUN_M = 8.0  # PyBullet's shadow map loses what is farther than some 10 m from its light
_GL_FROM_CV = np.diag([1.0, -1.0, -1.0, 1.0])


class BulletRenderer:
    """PyBullet's image of a scene as a `Frame` of numpy arrays; it can make the labels in `LABELS` and no others.

    `shadows` asks for PyBullet's shadow map, `opengl` for drawing through EGL. Depth comes from a z-buffer that starts at 1 cm. Measured
    against `raster`: relative error up to 2e-5 per metre of depth with TinyRenderer (float32 buffer), 2e-3 through EGL (16 bits).
    `close()` ends the physics server and removes its files; so does garbage collection.
    """

    LABELS = tuple(name for name in LABELS if name in ("rgb", "depth", "instance", "semantic", "contour", "valid"))

    def __init__(self, scene: Scene, *, device: str = "cpu", shadows: bool = False, opengl: bool = False) -> None:
        if device != "cpu":
            raise UserError(f"the bullet renderer delivers its images on the CPU, not on {device!r}: use device cpu or the raster renderer")
        if not scene.camera.is_pinhole:
            raise UserError(f"the bullet renderer has pinhole cameras only, not {scene.camera.model!r}: use a ray-tracing renderer")
        self.scene, flat = scene, flatten(scene)
        self._world = _World(opengl=opengl)
        self.close = weakref.finalize(self, self._world.close)
        self._moving: list[tuple[int, Instance]] = []
        owners = self._populate(flat)
        self._instance_of_body = np.array([*owners, 0], dtype=np.uint16)  # PyBullet's mask says -1, the last entry, for none
        classes = [background_id(scene.label_space), *(semantic_id(i.category, scene.label_space) for i in scene.instances)]
        self._semantics = np.array(classes, dtype=np.uint8)
        self._far_m = _reach_m(scene, flat)
        self._shift_px = 0.0 if opengl else 0.5
        renderer = pybullet.ER_BULLET_HARDWARE_OPENGL if opengl else pybullet.ER_TINY_RENDERER
        self._options = {"shadow": int(shadows), "renderer": renderer, **_light(scene)}

    def _populate(self, flat: FlatScene) -> list[int]:
        """Puts every instance into the world; returns the instance id of each body."""
        owners: list[int] = []
        surrounding = _surrounding(self.scene, flat)
        for k, instance in enumerate(self.scene.instances):
            for piece in _pieces(flat, k, drawn_twice=bool(surrounding[k])):
                body = self._world.add(piece, self.scene.materials[piece.material])
                self._world.place(body, instance.motion.at(0))
                owners.append(k + 1)
                if instance.motion.moves:
                    self._moving.append((body, instance))
        return owners

    def capture(self, time: int) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int32]]:
        """What PyBullet gives at a time: rgba uint8 [H, W, 4], z-buffer float32 [H, W] in [0, 1], body number int32 [H, W], -1 for none."""
        for body, instance in self._moving:
            self._world.place(body, instance.motion.at(time))
        camera = self.scene.camera
        view = _GL_FROM_CV @ geometry.invert(self.scene.camera_motion.at(time))
        projection = _projection(camera, self._far_m, self._shift_px)
        width, height, rgba, buffer, bodies = pybullet.getCameraImage(
            camera.width,
            camera.height,
            view.T.ravel().tolist(),
            projection.T.ravel().tolist(),
            physicsClientId=self._world.client,
            **self._options,
        )
        size = (height, width)
        return np.reshape(rgba, (*size, 4)), np.reshape(buffer, size), np.reshape(bodies, size)

    def render(self, time: int, labels: Iterable[str] = LABELS) -> Frame:
        """The frame at `time` (0 ... scene.frames - 1); UserError for a label that PyBullet cannot give."""
        names = check_labels(labels)
        impossible = [name for name in names if name not in self.LABELS]
        if impossible:
            raise UserError(
                f"the bullet renderer makes {', '.join(self.LABELS)}, not {', '.join(impossible)}: "
                "ask for those labels alone, or use the raster renderer"
            )
        if not 0 <= time < self.scene.frames:
            raise UserError(f"time {time} is outside the clip: give 0 to {self.scene.frames - 1}")
        rgba, buffer, bodies = self.capture(time)
        instance = self._instance_of_body[bodies]
        makers = {
            "rgb": lambda: np.ascontiguousarray(rgba[..., :3]),
            "depth": lambda: np.where(instance > 0, _depth(buffer, self._far_m), np.float32(np.inf)),
            "instance": lambda: instance,
            "semantic": lambda: self._semantics[instance],
            "contour": lambda: _contour(instance),
            "valid": lambda: instance > 0,
        }
        made = {name: makers[name]() for name in names}
        return Frame(labels=made, camera=self.scene.camera, pose=self.scene.camera_motion.at(time), time=time)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A part of an instance with one material: vertices, normals [V, 3], uvs [V, 2] in metres, triangles int [F, 3]."""

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    uvs: NDArray[np.float32]
    triangles: NDArray[np.int64]
    material: int


def _pieces(flat: FlatScene, k: int, *, drawn_twice: bool) -> Iterator[_Piece]:
    """Instance k by material, in chunks that PyBullet accepts; open parts, or with `drawn_twice` all, also turned round."""
    own = slice(*flat.triangle_range[k : k + 2])
    materials = flat.triangle_material[own]
    open_sided = ~flat.triangle_closed[own] | drawn_twice
    for material in np.unique(materials):
        fronts, backs = flat.triangles[own][materials == material], flat.triangles[own][(materials == material) & open_sided]
        for triangles, sign in ((fronts, 1.0), (backs[:, ::-1], -1.0)):
            for first in range(0, len(triangles), _CHUNK):
                used, local = np.unique(triangles[first : first + _CHUNK], return_inverse=True)
                normals = sign * flat.normals[used]
                yield _Piece(flat.vertices[used], normals, flat.uvs[used], local.reshape(-1, 3), int(material))


class _World:
    """A physics server of its own that holds bodies without physics, and the texture files it was fed."""

    def __init__(self, *, opengl: bool) -> None:
        self.client: int = pybullet.connect(pybullet.DIRECT)
        self._folder = tempfile.TemporaryDirectory(prefix="simlearn-bullet-")
        self._textures: dict[Texture, int] = {}
        self._bodies, self._from_files = 0, opengl  # the plugin reads meshes from files only
        if opengl:  # before the first shape: the plugin does not learn of earlier ones
            plugin = importlib.util.find_spec("eglRenderer")
            if not plugin or pybullet.loadPlugin(plugin.origin, "_eglRendererPlugin", physicsClientId=self.client) < 0:
                self.close()
                raise UserError("PyBullet's EGL plugin cannot be loaded here: leave out opengl, or install EGL drivers")

    def close(self) -> None:
        pybullet.disconnect(self.client)
        self._folder.cleanup()

    def add(self, piece: _Piece, material: Material) -> int:
        """A body of this shape and look; returns its number (0, 1, 2, ... in the order of calls)."""
        repeats = piece.uvs / (material.texture.metres if material.texture else 1.0)
        repeats -= np.floor(repeats.min(axis=0))  # PyBullet paints negative coordinates black
        seen = np.minimum(np.add(material.color, material.emission), 1.0)
        color = (*linear_to_srgb(seen).tolist(), 1.0)
        mesh = self._mesh(piece, repeats)
        shape = pybullet.createVisualShape(pybullet.GEOM_MESH, rgbaColor=color, physicsClientId=self.client, **mesh)
        body: int = pybullet.createMultiBody(0, -1, shape, physicsClientId=self.client)
        if material.texture:
            pybullet.changeVisualShape(body, -1, textureUniqueId=self._texture(material.texture), physicsClientId=self.client)
        return body

    def _mesh(self, piece: _Piece, uvs: NDArray[np.float32]) -> dict[str, Any]:
        """The arguments by which `createVisualShape` is told a mesh."""
        if not self._from_files:
            lists = {"vertices": piece.vertices.tolist(), "uvs": uvs.tolist(), "normals": piece.normals.tolist()}
            return {**lists, "indices": piece.triangles.ravel().tolist()}
        path = Path(self._folder.name) / f"{self._bodies}.obj"
        path.write_text(_wavefront(piece, uvs))
        self._bodies += 1
        return {"fileName": str(path)}

    def place(self, body: int, pose: NDArray[np.float64]) -> None:
        w, x, y, z = geometry.quaternion_from_rotation(pose[:3, :3])
        pybullet.resetBasePositionAndOrientation(body, pose[:3, 3], (x, y, z, w), physicsClientId=self.client)

    def _texture(self, texture: Texture) -> int:
        if texture not in self._textures:
            path = Path(self._folder.name) / f"{len(self._textures)}.png"
            Image.fromarray(build_texture(texture)[::-1]).save(path)  # v = 0 is a file's last row
            self._textures[texture] = pybullet.loadTexture(str(path), physicsClientId=self.client)
        return self._textures[texture]


def _wavefront(piece: _Piece, uvs: NDArray[np.float32]) -> str:
    """Wavefront OBJ text of a piece; nine digits restore a float32 exactly."""
    lines = [
        f"{key} {' '.join(f'{value:.9g}' for value in row)}"
        for key, rows in (("v", piece.vertices), ("vt", uvs), ("vn", piece.normals))
        for row in rows.tolist()
    ]
    lines += ["f " + " ".join(f"{k}/{k}/{k}" for k in face) for face in (piece.triangles + 1).tolist()]
    return "\n".join(lines) + "\n"


def _projection(camera: Camera, far_m: float, shift_px: float) -> NDArray[np.float64]:
    """OpenGL's projection float64 [4, 4] of the camera; `shift_px` moves the image to the left and down."""
    w, h, n, f = camera.width, camera.height, NEAR_M, far_m
    right, up = 2 * (camera.cx - shift_px) / w - 1, 1 - 2 * (camera.cy + shift_px) / h
    return np.array(
        [
            [2 * camera.fx / w, 0.0, -right, 0.0],
            [0.0, 2 * camera.fy / h, -up, 0.0],
            [0.0, 0.0, -(f + n) / (f - n), -2 * f * n / (f - n)],
            [0.0, 0.0, -1.0, 0.0],
        ]
    )


def _depth(buffer: NDArray[np.float32], far_m: float) -> NDArray[np.float32]:
    """Camera z in metres of OpenGL's z-buffer values."""
    return (far_m * NEAR_M / (far_m - (far_m - NEAR_M) * buffer.astype(np.float64))).astype(np.float32)


def _contour(instance: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """bool [H, W]: a 4-neighbour has another id."""
    contour = np.zeros(instance.shape, dtype=bool)
    across, down = instance[:, 1:] != instance[:, :-1], instance[1:] != instance[:-1]
    contour[:, 1:] |= across
    contour[:, :-1] |= across
    contour[1:] |= down
    contour[:-1] |= down
    return contour


def _eyes_and_bounds(scene: Scene, flat: FlatScene) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The eye in each instance's own space, float64 [I, 3], and the bounds that hold an instance, [I, 2, 3], for each time."""
    for time in range(scene.frames):
        eye = scene.camera_motion.at(time)[:3, 3]
        poses = np.stack([i.motion.at(time) for i in scene.instances])
        yield geometry.invert(poses)[:, :3] @ np.append(eye, 1.0), flat.bounds


def _surrounding(scene: Scene, flat: FlatScene) -> NDArray[np.bool_]:
    """bool [I]: at some time the eye is inside the instance's bounding box or almost."""
    inside = np.zeros(len(scene.instances), dtype=bool)
    for eye, bounds in _eyes_and_bounds(scene, flat):
        inside |= ((eye > bounds[:, 0] - 4 * NEAR_M) & (eye < bounds[:, 1] + 4 * NEAR_M)).all(axis=1)
    return inside


def _reach_m(scene: Scene, flat: FlatScene) -> float:
    """A distance from the eye beyond which nothing lies at any time."""
    solid = np.isfinite(flat.bounds).all(axis=(1, 2))
    corners = [np.abs(eye[:, None] - bounds).max(axis=1)[solid] for eye, bounds in _eyes_and_bounds(scene, flat)]
    return 1.01 * float(np.linalg.norm(corners, axis=-1).max()) + NEAR_M


def _light(scene: Scene) -> dict[str, Any]:
    """PyBullet's arguments for the scene's first light: a place, seen from the world's origin. Without lights PyBullet uses its own."""
    if not scene.lights:
        return {}
    light = scene.lights[0]
    if isinstance(light, Sun):
        return {"lightDirection": (-np.array(light.direction)).tolist(), "lightDistance": _SUN_M}
    distance = float(np.linalg.norm(light.position))
    return {"lightDirection": list(light.position), "lightDistance": distance} if distance > 0 else {}
