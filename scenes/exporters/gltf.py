"""A scene as a binary glTF 2.0 file: meshes with materials and pictures, moving things, camera and lights.

glTF is y up, with cameras that look along -z. The scene hangs, in its own z-up frame, below one node named "world" that turns it; below it
each instance is a node of its name. What moves is animated from frame 0 to the last at `fps`; the pose of a node itself is that at `time`.
Radiance is scaled by the scene's exposure, so that a viewer with exposure 1 shows about what our renderers show. Not exported: haze, the
sky, sensors, the second eye, and cameras that are not pinholes.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenes import shapes, textures
from scenes.errors import UserError
from scenes.exporters.container import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, Container
from scenes.geometry import compose, quaternion_from_rotation
from scenes.scene import AreaLight, Instance, Light, Material, PointLight, Scene, Shape, Sun, Texture, Trajectory

Float = NDArray[np.float64]
_HALF = float(np.sqrt(0.5))
Y_UP_QUATERNION = (-_HALF, 0.0, 0.0, _HALF)  # x, y, z, w: z up to y up
LIGHTS = "KHR_lights_punctual"
STRENGTH = "KHR_materials_emissive_strength"
_FROM_OPENCV = np.diag([1.0, -1.0, -1.0])  # a glTF camera's axes in those of ours


def write_glb(scene: Scene, path: str | Path, time: float = 0, *, camera: bool = True, lights: bool = True, fps: float = 10.0) -> Path:
    """Writes the scene; an existing file is replaced when the new one is whole. Raises UserError for another ending than .glb."""
    path = Path(path)
    if path.suffix.lower() != ".glb":
        raise UserError(f"{path} does not end in .glb: give the file this ending")
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(glb_bytes(scene, time, camera=camera, lights=lights, fps=fps))
    os.replace(temporary, path)
    return path


def glb_bytes(scene: Scene, time: float = 0, *, camera: bool = True, lights: bool = True, fps: float = 10.0) -> bytes:
    """The .glb file of a scene. Each mesh and picture is stored once; the same scene gives the same bytes."""
    return _Export(scene, time, fps).run(camera=camera, lights=lights)


class _Export:
    """One export: what has been stored already, and the animation's channels."""

    def __init__(self, scene: Scene, time: float, fps: float) -> None:
        if not 0 <= time <= scene.frames - 1:
            raise UserError(f"there is no time {time}: the clip has the frames 0 ... {scene.frames - 1}")
        self._scene, self._time, self._fps = scene, time, fps
        self._file = Container()
        self._materials: dict[int, int] = {}
        self._pictures: dict[Texture, int] = {}
        self._meshes: dict[tuple[Shape, tuple[int, ...]], int] = {}
        self._times: int | None = None
        self._animation: dict[str, list[dict[str, Any]]] = {"samplers": [], "channels": []}

    def run(self, *, camera: bool, lights: bool) -> bytes:
        file, scene = self._file, self._scene
        children = [self._instance(instance) for instance in scene.instances]
        if camera and scene.camera.is_pinhole:
            children.append(self._camera())
        if lights and scene.lights:
            children += [self._light(k, light) for k, light in enumerate(scene.lights)]
            file.header.setdefault("extensionsUsed", []).append(LIGHTS)
        world = file.add("nodes", {"name": "world", "rotation": Y_UP_QUATERNION, "children": children})
        file.header |= {"scene": 0, "scenes": [{"name": f"{scene.family} {scene.index}", "nodes": [world]}]}
        if self._animation["channels"]:
            file.add("animations", {"name": "clip", **self._animation})
        return file.to_bytes()

    def _node(self, name: str, motion: Trajectory, extra: Mapping[str, Any], turn: Float | None = None) -> int:
        """A node at its place, and its channels if it moves; `turn` [3, 3] is applied in the node's own frame."""
        turn = np.eye(3) if turn is None else turn
        node = self._file.add("nodes", {"name": name, **_place(motion.at(self._time), turn), **extra})
        if motion.moves and self._scene.frames > 1:
            places = [motion.at(time) for time in range(self._scene.frames)]
            self._channel(node, "translation", np.array([pose[:3, 3] for pose in places]))
            self._channel(node, "rotation", _continuous(np.array([_quaternion(pose[:3, :3] @ turn) for pose in places])))
        return node

    def _channel(self, node: int, path: str, values: Float) -> None:
        if self._times is None:
            self._times = self._file.add_array((np.arange(self._scene.frames) / self._fps).astype(np.float32), bounds=True)
        output = self._file.add_array(values.astype(np.float32))
        self._animation["samplers"].append({"input": self._times, "output": output, "interpolation": "LINEAR"})
        self._animation["channels"].append({"sampler": len(self._animation["samplers"]) - 1, "target": {"node": node, "path": path}})

    def _instance(self, instance: Instance) -> int:
        key = (instance.shape, instance.materials)
        if key not in self._meshes:
            self._meshes[key] = self._mesh(instance)
        return self._node(instance.name, instance.motion, {"mesh": self._meshes[key], "extras": {"category": instance.category}})

    def _mesh(self, instance: Instance) -> int:
        """A primitive for each slot, with its own vertices: the extent of a picture is a matter of the material."""
        mesh, primitives = shapes.build(instance.shape), []
        for slot in np.unique(mesh.slots):
            number = instance.materials[int(slot)]
            texture = self._scene.materials[number].texture
            rows, faces = np.unique(mesh.faces[mesh.slots == slot], return_inverse=True)
            attributes = {
                "POSITION": self._file.add_array(mesh.vertices[rows], target=ARRAY_BUFFER, bounds=True),
                "NORMAL": self._file.add_array(mesh.normals[rows], target=ARRAY_BUFFER),
            }
            if texture is not None:  # rows of a picture run along v from 0, as in glTF
                uvs = (mesh.uvs[rows] / np.float32(texture.metres)).astype(np.float32)
                attributes["TEXCOORD_0"] = self._file.add_array(uvs, target=ARRAY_BUFFER)
            indices = self._file.add_array(faces.reshape(-1).astype(np.uint32), target=ELEMENT_ARRAY_BUFFER)
            primitives.append({"attributes": attributes, "indices": indices, "material": self._material(number)})
        return self._file.add("meshes", {"name": instance.shape.kind, "primitives": primitives})

    def _material(self, number: int) -> int:
        if number not in self._materials:
            self._materials[number] = self._file.add("materials", self._surface(number, self._scene.materials[number]))
        return self._materials[number]

    def _surface(self, number: int, material: Material) -> dict[str, Any]:
        surface: dict[str, Any] = {
            "baseColorFactor": [*material.color, 1.0],
            "roughnessFactor": material.roughness,
            "metallicFactor": material.metallic,
        }
        if material.texture is not None:
            surface["baseColorTexture"] = {"index": self._picture(material.texture)}
        entry: dict[str, Any] = {"name": f"material_{number}", "pbrMetallicRoughness": surface, "doubleSided": True}
        glow = np.asarray(material.emission) * self._scene.exposure
        if glow.max() > 0:
            strength = max(float(glow.max()), 1.0)
            entry["emissiveFactor"] = (glow / strength).tolist()
            if strength > 1:
                entry["extensions"] = {STRENGTH: {"emissiveStrength": strength}}
                if STRENGTH not in self._file.header.setdefault("extensionsUsed", []):
                    self._file.header["extensionsUsed"].append(STRENGTH)
        return entry

    def _picture(self, texture: Texture) -> int:
        """Number of a texture; patterns that differ in extent only share it."""
        key = Texture(texture.kind, texture.parameters, 1.0, texture.resolution)
        if key not in self._pictures:
            content = io.BytesIO()
            Image.fromarray(textures.build(texture)).save(content, format="PNG", compress_level=6)
            image = self._file.add("images", {"mimeType": "image/png", "bufferView": self._file.add_bytes(content.getvalue())})
            if "samplers" not in self._file.header:
                self._file.add("samplers", {"wrapS": 10497, "wrapT": 10497, "magFilter": 9729, "minFilter": 9987})
            self._pictures[key] = self._file.add("textures", {"source": image, "sampler": 0})
        return self._pictures[key]

    def _camera(self) -> int:
        """Pinholes with a principal point off the middle are shown as if it were in the middle."""
        camera = self._scene.camera
        lens = {
            "aspectRatio": camera.width * camera.fy / (camera.height * camera.fx),
            "yfov": 2 * float(np.arctan(camera.height / 2 / camera.fy)),
        }
        number = self._file.add(
            "cameras", {"name": "camera", "type": "perspective", "perspective": {**lens, "znear": 0.02, "zfar": 2000.0}}
        )
        return self._node("camera", self._scene.camera_motion, {"camera": number}, _FROM_OPENCV)

    def _light(self, number: int, light: Light) -> int:
        """Intensities without photometric units, scaled by the exposure. An area light becomes a spot that is as strong along its axis."""
        entries = self._file.header.setdefault("extensions", {}).setdefault(LIGHTS, {"lights": []})["lights"]
        entry, pose = _lamp(light, self._scene.exposure)
        entries.append({"name": f"light_{number}", **entry})
        return self._node(f"light_{number}", Trajectory.still(pose), {"extensions": {LIGHTS: {"light": len(entries) - 1}}})


def _lamp(light: Light, exposure: float) -> tuple[dict[str, Any], Float]:
    """(entry of KHR_lights_punctual, pose of its node; lights shine along the node's -z)."""
    if isinstance(light, PointLight):
        return {"type": "point", **_strength(light.intensity, exposure)}, compose(np.eye(3), light.position)
    if isinstance(light, Sun):
        return {"type": "directional", **_strength(light.irradiance, exposure)}, compose(_facing(np.asarray(light.direction)), (0, 0, 0))
    assert isinstance(light, AreaLight)
    right, up = np.asarray(light.right), np.asarray(light.up)
    normal = np.cross(right, up)
    area = 4 * float(np.linalg.norm(right) * np.linalg.norm(up))
    entry = {"type": "spot", **_strength(light.radiance, exposure * area), "spot": {"outerConeAngle": 1.57}}
    return entry, compose(_facing(normal / np.linalg.norm(normal)), light.position)


def _strength(power: tuple[float, float, float], factor: float) -> dict[str, Any]:
    most = max(*power, 1e-12)
    return {"intensity": most * factor, "color": [channel / most for channel in power]}


def _facing(direction: Float) -> Float:
    """A rotation [3, 3] whose -z axis points along a unit vector."""
    helper = np.array([1.0, 0.0, 0.0]) if abs(direction[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    x = np.cross(helper, -direction)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(-direction, x), -direction], axis=1)


def _quaternion(rotation: Float) -> Float:
    """(x, y, z, w), the order of glTF."""
    w, x, y, z = quaternion_from_rotation(rotation)
    return np.array([x, y, z, w])


def _continuous(quaternions: Float) -> Float:
    """The same rotations [N, 4] with signs such that each is nearest to the one before."""
    signs = np.sign(np.einsum("ij,ij->i", quaternions[1:], quaternions[:-1]))
    return quaternions * np.concatenate([[1.0], np.cumprod(np.where(signs == 0, 1.0, signs))])[:, None]


def _place(pose: Float, turn: Float) -> dict[str, list[float]]:
    return {"translation": pose[:3, 3].tolist(), "rotation": _quaternion(pose[:3, :3] @ turn).tolist()}
