"""Exported worlds, read back by trimesh: triangles, places, names, materials, pictures, motion, camera and lights."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from scipy.spatial.transform import Rotation

from scenes import rooms, shapes, textures
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.exporters import glb_bytes, write_glb
from scenes.geometry import compose, look_at, rotation_z, transform
from scenes.importers import import_mesh
from scenes.randomness import Streams
from scenes.scene import AreaLight, Instance, Material, PointLight, Scene, Shape, Sun, Texture, Trajectory

Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


@pytest.fixture(scope="module")
def room() -> Scene:
    scene = rooms.sample(rooms.Config(frames=3, width=64, height=48), Streams(1, 4))
    moving = [i for i in scene.instances if i.motion.moves]
    return replace(scene, instances=(*[i for i in scene.instances if not i.motion.moves][:14], *moving[:2]))


def _header(content: bytes) -> dict:
    length = struct.unpack("<I", content[12:16])[0]
    return json.loads(content[20 : 20 + length])


def _read(content: bytes) -> trimesh.Scene:
    return trimesh.load_scene(io.BytesIO(content), file_type="glb", process=False)


def _points(scene: Scene, time: float) -> dict[str, np.ndarray]:
    return {i.name: transform(i.motion.at(time), shapes.build(i.shape).vertices) @ Y_UP.T for i in scene.instances}


@pytest.mark.parametrize("time", [0, 2])
def test_a_room_keeps_its_triangles_places_and_names(room: Scene, time: int) -> None:
    read = _read(glb_bytes(room, time))
    counts: dict[str, int] = {}
    low: dict[str, np.ndarray] = {}
    for node in read.graph.nodes_geometry:
        pose, geometry = read.graph[node]
        name = node if node in {i.name for i in room.instances} else read.graph.transforms.parents[node]
        vertices = trimesh.transform_points(read.geometry[geometry].vertices, pose)
        counts[name] = counts.get(name, 0) + len(read.geometry[geometry].faces)
        low[name] = np.minimum(low.get(name, np.inf), vertices.min(axis=0))
    points = _points(room, time)
    assert counts == {i.name: len(shapes.build(i.shape).faces) for i in room.instances}
    for name, corner in low.items():
        np.testing.assert_allclose(corner, points[name].min(axis=0), atol=1e-4)
    everything = np.concatenate(list(points.values()))
    np.testing.assert_allclose(read.bounds, (everything.min(axis=0), everything.max(axis=0)), atol=1e-4)


def test_our_own_importer_reads_the_room_back(room: Scene, tmp_path: Path) -> None:
    path = write_glb(room, tmp_path / "room.glb")
    instance = next(i for i in room.instances if i.category == "wall" and room.materials[i.materials[0]].texture is not None)
    asset = import_mesh(path, part=instance.name, origin="file", warn=False)
    points = transform(instance.motion.at(0), shapes.build(instance.shape).vertices)
    mesh = shapes.build(asset.shape)
    np.testing.assert_allclose(mesh.vertices.min(axis=0), points.min(axis=0), atol=1e-5)
    np.testing.assert_allclose(mesh.vertices.max(axis=0), points.max(axis=0), atol=1e-5)
    original, again = room.materials[instance.materials[0]], asset.materials[0]
    assert again.color == pytest.approx(original.color, abs=1e-4)
    assert again.roughness == pytest.approx(original.roughness, abs=1e-3)
    # The same surface point shows the same texel: our picture rows run up, the imported picture is the stored one turned over.
    row = int(np.argmin(np.linalg.norm(mesh.vertices - points[0], axis=1)))
    texels = []
    for material, uv in ((original, shapes.build(instance.shape).uvs[0]), (again, mesh.uvs[row])):
        picture = textures.build(material.texture)
        position = np.floor((uv / material.texture.metres + 1e-4) % 1.0 * len(picture)).astype(int)
        texels.append(picture[position[1], position[0]].astype(int))
    assert np.abs(texels[0] - texels[1]).max() <= 25


def _tiny(**extra: object) -> Scene:
    poses = np.stack([compose(rotation_z(0.3 * k), (k, 0.0, 0.5)) for k in range(-1, 4)])
    stripes = Texture.of("checker", metres=2.0)
    values = {
        "family": "tiny",
        "seed": 0,
        "index": 0,
        "frames": 3,
        "label_space": "nyu40",
        "camera": Camera.from_fov(width=64, height=48, horizontal_fov_deg=60),
        "camera_motion": Trajectory.still(look_at((0, -4, 1), (0, 0, 1))),
        "instances": (
            Instance(name="mover", category="box", shape=Shape.of("box", x=1.0, y=2.0, z=3.0), materials=(0,), motion=Trajectory(poses)),
            Instance(name="ball", category="ball", shape=Shape.of("ball", width=0.4), materials=(1,), motion=Trajectory.still(np.eye(4))),
        ),
        "materials": (
            Material(color=(0.2, 0.4, 0.6), texture=stripes, roughness=0.3, metallic=0.9),
            Material(color=(1.0, 1.0, 1.0), emission=(0.0, 4.0, 8.0)),
        ),
        "exposure": 0.5,
    }
    return Scene(**(values | extra))


def test_materials_and_pictures_are_stored_once_and_right() -> None:
    content = glb_bytes(_tiny())
    header = _header(content)
    assert len(header["images"]) == 1
    first, second = header["materials"]
    assert first["pbrMetallicRoughness"] == {
        "baseColorFactor": [0.2, 0.4, 0.6, 1.0],
        "roughnessFactor": 0.3,
        "metallicFactor": 0.9,
        "baseColorTexture": {"index": 0},
    }
    assert second["emissiveFactor"] == [0.0, 0.5, 1.0]
    assert second["extensions"]["KHR_materials_emissive_strength"]["emissiveStrength"] == 4.0  # 8 at an exposure of 0.5
    view = header["bufferViews"][header["images"][0]["bufferView"]]
    start = 28 + struct.unpack("<I", content[12:16])[0] + view["byteOffset"]
    picture = np.asarray(Image.open(io.BytesIO(content[start : start + view["byteLength"]])))
    np.testing.assert_array_equal(picture, textures.build(Texture.of("checker")))
    box = _read(content).geometry
    uv = next(g for g in box.values() if len(g.faces) == 12).visual.uv
    assert np.ptp(uv[:, 0]) == pytest.approx(3.0 / 2.0)  # metres over metres a repeat


def _array(content: bytes, header: dict, number: int) -> np.ndarray:
    accessor = header["accessors"][number]
    view = header["bufferViews"][accessor["bufferView"]]
    start = 28 + struct.unpack("<I", content[12:16])[0] + view["byteOffset"]
    return np.frombuffer(content[start : start + view["byteLength"]], dtype="<f4").reshape(accessor["count"], -1)


def test_what_moves_is_animated_from_the_first_frame_to_the_last() -> None:
    content = glb_bytes(_tiny(), time=1, fps=5.0)
    header = _header(content)
    (animation,) = header["animations"]
    channels = {c["target"]["path"]: animation["samplers"][c["sampler"]] for c in animation["channels"]}
    assert {header["nodes"][c["target"]["node"]]["name"] for c in animation["channels"]} == {"mover"}
    np.testing.assert_allclose(_array(content, header, channels["translation"]["input"])[:, 0], (0.0, 0.2, 0.4), atol=1e-6)
    np.testing.assert_allclose(_array(content, header, channels["translation"]["output"]), [(k, 0, 0.5) for k in range(3)], atol=1e-6)
    half = np.array([0.15 * k for k in range(3)])
    expected = np.column_stack([np.zeros((3, 2)), np.sin(half), np.cos(half)])
    np.testing.assert_allclose(_array(content, header, channels["rotation"]["output"]), expected, atol=1e-6)
    node = next(n for n in header["nodes"] if n["name"] == "mover")
    assert node["translation"] == [1.0, 0.0, 0.5]
    assert "animations" not in _header(glb_bytes(replace(_tiny(), frames=1, instances=_tiny().instances[1:])))


def test_the_camera_looks_where_ours_does() -> None:
    header = _header(glb_bytes(_tiny()))
    world, camera = (next(n for n in header["nodes"] if n["name"] == name) for name in ("world", "camera"))
    np.testing.assert_allclose(Rotation.from_quat(world["rotation"]).as_matrix(), Y_UP, atol=1e-12)
    np.testing.assert_allclose(camera["translation"], (0, -4, 1))
    axes = Rotation.from_quat(camera["rotation"]).as_matrix()
    np.testing.assert_allclose(-axes[:, 2], (0, 1, 0), atol=1e-6)  # glTF cameras look along -z and have y up
    np.testing.assert_allclose(axes[:, 1], (0, 0, 1), atol=1e-6)
    lens = header["cameras"][0]["perspective"]
    assert lens["aspectRatio"] == pytest.approx(64 / 48)
    assert 2 * np.arctan(np.tan(lens["yfov"] / 2) * lens["aspectRatio"]) == pytest.approx(np.radians(60))
    assert "cameras" not in _header(glb_bytes(_tiny(camera=Camera.fisheye(48, 48, 180.0))))


def test_lights_keep_direction_colour_and_strength() -> None:
    direction = np.array([0.48, 0.6, -0.64])
    lights = (
        PointLight(position=(1.0, 2.0, 3.0), intensity=(2.0, 1.0, 0.5)),
        Sun(direction=(0.48, 0.6, -0.64), irradiance=(3.0, 3.0, 3.0)),
        AreaLight(position=(0.0, 0.0, 2.0), right=(0.5, 0.0, 0.0), up=(0.0, -0.25, 0.0), radiance=(8.0, 8.0, 8.0)),
    )
    content = glb_bytes(_tiny(lights=lights))
    point, sun, area = _header(content)["extensions"]["KHR_lights_punctual"]["lights"]
    assert (point["type"], point["intensity"], point["color"]) == ("point", 1.0, [1.0, 0.5, 0.25])
    assert (sun["type"], sun["intensity"]) == ("directional", 1.5)
    assert (area["type"], area["intensity"]) == ("spot", pytest.approx(8.0 * 0.5 * 0.5))
    read = _read(content)
    np.testing.assert_allclose(-read.graph["light_1"][0][:3, 2], Y_UP @ direction, atol=1e-6)
    np.testing.assert_allclose(-read.graph["light_2"][0][:3, 2], Y_UP @ (0, 0, -1), atol=1e-6)


def test_the_same_bytes_again_and_whole_files(room: Scene, tmp_path: Path) -> None:
    assert glb_bytes(room) == glb_bytes(Scene.from_json(room.to_json()))
    with pytest.raises(UserError, match=r"does not end in \.glb"):
        write_glb(room, tmp_path / "room.obj")
    with pytest.raises(UserError, match="there is no time 7"):
        write_glb(room, tmp_path / "room.glb", time=7)
    assert list(tmp_path.iterdir()) == []
