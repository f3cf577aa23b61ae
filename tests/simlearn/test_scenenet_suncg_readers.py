"""Readers of SceneNet RGB-D, whose protobuf bytes are written here by hand, and of SUNCG houses."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import tiny_world
import trimesh
from PIL import Image

from scenes import geometry
from scenes.errors import UserError
from scenes.importers.suncg import Config
from scenes.semantics import NYU40
from simlearn.datasets import DATASETS
from simlearn.datasets.scenenet_rgbd import SceneNetRGBD, camera, nyu40
from simlearn.datasets.suncg import SUNCG
from simlearn.exporters import EXPORTERS
from simlearn.shards import ShardReader

WALL, CHAIR, LAMP, PLANT = "04546855", "03001627", "03636649", "00017222"


@pytest.mark.parametrize("name", ["scenenet_rgbd", "suncg"])
def test_what_is_not_there_is_said_with_the_remedy(name, tmp_path):
    for root in (tmp_path, None):
        finding = DATASETS[name].found(root)
        assert not finding.present
        assert "SIMLEARN_DATA" in str(finding)


# SceneNet RGB-D


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number: int, value: int | float | str | bytes) -> bytes:
    """A field of protobuf's wire format: key (number << 3 | wire type), then varint, float32, or length and bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def position(point: tuple[float, ...]) -> bytes:
    return b"".join(field(k, float(value)) for k, value in enumerate(point, start=1))


def view(number: int, opened: tuple, closed: tuple) -> bytes:
    ends = [field(1, position(eye)) + field(2, position(target)) + field(3, 0.5) for eye, target in (opened, closed)]
    return field(1, number) + field(2, ends[0]) + field(3, ends[1])


def write_scenenet(root: Path) -> Path:
    """One trajectory of two frames, the second without its depth; and one without a folder."""
    folder = root / "scenenet_rgbd"
    things = [(0, "", "", 1), (1, WALL, "wall", 2), (2, CHAIR, "chair", 4), (7, LAMP, "", 4), (9, "99999999", "gadget", 4)]
    instances = b"".join(field(2, field(1, i) + field(2, wnid) + field(3, text) + field(4, kind)) for i, wnid, text, kind in things)
    moving = view(0, ((0, 1, 0), (0, 1, 5)), ((2, 1, 0), (2, 1, 5)))
    walk = field(1, field(1, 2)) + instances + field(3, moving) + field(3, view(25, ((0, 1, 0), (3, 1, 4)), ((0, 1, 0), (3, 1, 4))))
    gone = field(3, view(0, ((0, 1, 0), (0, 1, 5)), ((0, 1, 0), (0, 1, 5)))) + field(4, "0/9")
    for part in ("photo", "depth", "instance"):
        (folder / "val/0/223" / part).mkdir(parents=True)
    (folder / "scenenet_rgbd_val.pb").write_bytes(field(1, walk + field(4, "0/223")) + field(1, gone))
    instance = np.zeros((240, 320), dtype=np.uint16)
    instance[:, 100:], instance[:, 150:], instance[:, 200:], instance[:, 250:] = 1, 2, 7, 9
    depth = np.full((240, 320), 2000, dtype=np.uint16)
    depth[0, 0] = 0
    for number in (0, 25):
        Image.new("RGB", (320, 240), (200, 100, 50)).save(folder / f"val/0/223/photo/{number}.jpg")
        Image.fromarray(instance).save(folder / f"val/0/223/instance/{number}.png")
    Image.fromarray(depth).save(folder / "val/0/223/depth/0.png")
    return folder


def test_scenenet_is_read_by_its_own_conventions(tmp_path):
    write_scenenet(tmp_path)
    data = SceneNetRGBD(tmp_path, "val")
    assert len(data) == 1
    assert data.missing == ["0/223/25", "0/9"]
    sample = data[0]
    assert sample["name"] == "0/223/0"
    # Distances along the ray: at the corner of a 60 x 45 degree view z is shorter than at the centre; hand-computed.
    across, down = np.tan(np.radians(30)), np.tan(np.radians(22.5))
    corner = 2 / np.sqrt(1 + (across * 319 / 320) ** 2 + (down * 239 / 240) ** 2)
    np.testing.assert_allclose(sample["depth"][239, 319], corner, rtol=1e-6)
    np.testing.assert_allclose(sample["depth"][120, 160], 2.0, rtol=1e-4)
    assert sample["depth"][0, 0] == np.inf
    assert sample["valid"].sum() == 240 * 320 - 1
    np.testing.assert_allclose(sample["K"], [[277.1281292, 0, 160], [0, 289.7056275, 120], [0, 0, 1]], rtol=1e-9)
    assert [NYU40[sample["semantic"][5, x]] for x in (50, 120, 170, 220, 300)] == ["unlabelled", "wall", "chair", "lamp", "otherprop"]
    assert sample["instance"].dtype == np.uint16
    assert np.unique(sample["instance"]).tolist() == [0, 1, 2, 7, 9]
    # Half-way through the exposure at (1, 1, 0), y up, looking along SceneNet's z, which is our -y; its x is ours, so right is our -x.
    expected = np.array([[-1, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 1], [0, 0, 0, 1]])
    np.testing.assert_allclose(sample["pose"], expected, atol=1e-12)
    finding = DATASETS["scenenet_rgbd"].found(tmp_path)
    assert "1 frames of 1 val trajectories, 2 trajectories or frames are missing, the first is 0/223/25" in str(finding)


def test_classes_of_scenenet_are_nyu40():
    assert [NYU40[nyu40("", wnid)] for wnid in (WALL, CHAIR, LAMP)] == ["wall", "chair", "lamp"]
    assert NYU40[nyu40("night stand", "02933112")] == "night_stand"
    assert nyu40("", "") == 0
    assert NYU40[nyu40("decoration", "03169390")] == "otherprop"
    named = {
        "windsorchair": "chair",
        "tablelamp": "lamp",
        "cabinettable": "table",
        "lightbulb": "lamp",
        "kingsizebeds": "bed",
        "urn": "otherprop",
    }
    assert {name: NYU40[nyu40(name, "20000099")] for name in named} == named


def test_broken_scenenet_files_are_named(tmp_path):
    folder = write_scenenet(tmp_path)
    whole = (folder / "scenenet_rgbd_val.pb").read_bytes()
    (folder / "scenenet_rgbd_val.pb").write_bytes(whole[:-3])
    with pytest.raises(UserError, match=r"scenenet_rgbd_val\.pb cannot be read .* cut short"):
        SceneNetRGBD(tmp_path, "val")
    assert "cut short" in str(DATASETS["scenenet_rgbd"].found(tmp_path))
    (folder / "scenenet_rgbd_val.pb").write_bytes(whole)
    Image.new("I;16", (32, 24)).save(folder / "val/0/223/depth/0.png")
    with pytest.raises(UserError, match=r"depth \(24, 32\)"):
        SceneNetRGBD(tmp_path, "val")[0]
    (folder / "val/0/223/depth/0.png").write_bytes(b"\x89PNG")
    with pytest.raises(UserError, match=r"0\.png cannot be read as an image"):
        SceneNetRGBD(tmp_path, "val")[0]
    with pytest.raises(UserError, match=r"lacks scenenet_rgbd_train\.pb"):
        SceneNetRGBD(tmp_path, "train")


def test_an_exported_data_set_comes_back(tmp_path):
    tiny_world.make(tmp_path / "world", scenes=1, frames=2)
    (tmp_path / "real").mkdir()
    EXPORTERS["scenenet"](tmp_path / "world", tmp_path / "real" / "scenenet_rgbd", split="val", progress=False)
    data = SceneNetRGBD(tmp_path / "real", "val")
    assert len(data) == 2
    with ShardReader(next((tmp_path / "world").glob("**/*.h5"))) as reader:
        for frame in range(2):
            sample, depth = data[frame], reader.read("depth", frame)
            np.testing.assert_allclose(sample["depth"][sample["valid"]], depth[sample["valid"]], atol=1e-3)
            np.testing.assert_array_equal(sample["instance"], reader.read("instance", frame))
            np.testing.assert_allclose(sample["pose"], reader.poses[frame], atol=2e-6)


def test_the_camera_keeps_its_angles_at_other_sizes():
    lens = camera(480, 640)
    np.testing.assert_allclose((lens.fx, lens.fy, lens.cx, lens.cy), (554.2562584, 579.411255, 320, 240))


# SUNCG


def write_suncg(root: Path) -> Path:
    """A house of one room, 4 x 5 m, with a chair and an object without a model; y is up in files."""
    folder, name = root / "suncg", "0004d52d1aeeb8ae6de39d6bd993e992"

    def box(path: Path, size: tuple[float, ...], centre: tuple[float, ...]) -> trimesh.Trimesh:
        path.parent.mkdir(parents=True, exist_ok=True)
        mesh = trimesh.creation.box(extents=size)
        mesh.apply_translation(centre)
        path.write_text(mesh.export(file_type="obj", include_texture=False))
        return mesh

    rooms = folder / "room" / name
    box(rooms / "fr_0rm_0f.obj", (4, 0.02, 5), (0, -0.01, 0))
    box(rooms / "fr_0rm_0c.obj", (4, 0.02, 5), (0, 2.61, 0))
    box(rooms / "fr_0rm_0w.obj", (0.1, 2.6, 5), (-2, 1.3, 0))
    box(folder / "object/77/77.obj", (0.4, 0.9, 0.5), (0, 0.45, 0))
    (folder / "metadata").mkdir()
    (folder / "metadata/ModelCategoryMapping.csv").write_text("index,model_id,fine_grained_class,nyuv2_40class\n1,77,chair,chair\n")
    still = geometry.compose(np.eye(3), (-1.0, 0.0, -1.5)).T.ravel().tolist()
    limits = {"min": [-2, 0, -2.5], "max": [2, 2.6, 2.5]}
    nodes = [
        {"id": "0_0", "type": "Room", "valid": 1, "modelId": "fr_0rm_0", "roomTypes": ["Bedroom"], "nodeIndices": [], "bbox": limits},
        {"id": "0_1", "type": "Object", "valid": 1, "modelId": "77", "transform": still},
        {"id": "0_2", "type": "Object", "valid": 1, "modelId": "s__666", "transform": still},
    ]
    document = {"version": "suncg@1.0.0", "id": name, "up": [0, 1, 0], "front": [0, 0, 1], "scaleToMeters": 1}
    path = folder / "house" / name / "house.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**document, "levels": [{"id": "0", "bbox": limits, "nodes": nodes}]}))
    return path


@pytest.mark.filterwarnings("ignore::scenes.importers.files.AssetWarning")
def test_a_house_of_suncg_comes_as_a_scene(tmp_path):
    path = write_suncg(tmp_path)
    houses = SUNCG(tmp_path, config=Config(frames=2, width=64, height=48))
    assert houses.names == (path.parent.name,)
    sample = houses[0]
    assert sample["name"] == sample["scene"].metadata["house"] == path.parent.name
    assert sorted(thing.category for thing in sample["scene"].instances) == ["ceiling", "chair", "floor", "wall"]
    chair = next(thing for thing in sample["scene"].instances if thing.category == "chair")
    np.testing.assert_allclose(chair.motion.at(0)[:3, 3], (-1.0, 1.5, 0.0), atol=1e-9)
    assert houses[-1]["scene"] == sample["scene"]
    with pytest.raises(IndexError):
        houses[1]
    finding = str(DATASETS["suncg"].found(tmp_path))
    assert finding == "1 houses, 1 models; 1 models of the first 1 houses are missing, the first is s__666"


def test_a_broken_house_of_suncg_is_named(tmp_path):
    path = write_suncg(tmp_path)
    path.write_text(path.read_text()[:-10])
    with pytest.raises(UserError, match=r"house\.json is no SUNCG house"):
        SUNCG(tmp_path)[0]
    assert "house.json is no SUNCG house" in str(DATASETS["suncg"].found(tmp_path))
    path.unlink()
    with pytest.raises(UserError, match=r"expected house/<id>/house\.json"):
        SUNCG(tmp_path)
