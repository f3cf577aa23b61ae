"""SUNCG houses: things stand where the file says, are what the table says, and what is missing is named."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from asset_files import SUNCG_OBJECTS, write_suncg

from scenes import shapes
from scenes.errors import UserError
from scenes.importers import AssetWarning, suncg
from scenes.importers.free_space import FreeSpace, distance_to, world_triangles
from scenes.importers.suncg_house import House, categories, house_ids, nyu40_name
from scenes.randomness import Streams
from scenes.scene import Instance, Scene
from scenes.semantics import semantic_id


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suncg(tmp_path_factory.mktemp("suncg"))


@pytest.fixture(scope="module")
def house(root: Path) -> House:
    house = House.read(root, house_ids(root)[0])
    for node in house.nodes(0):
        house.add(node)
    return house


def _find(house: House, name: str) -> Instance:
    return next(i for i in house.things.instances if i.name == name)


def test_the_whole_house_is_there_and_nothing_else(house: House) -> None:
    categories = sorted(i.category for i in house.things.instances)
    expected = 2 * ["floor", "ceiling", "wall", "table", "chair"] + ["bed", "bookshelf", "otherstructure"]
    assert categories == sorted(expected)
    assert house.remarks == []


def test_things_stand_where_their_transforms_say(house: House) -> None:
    bed = world_triangles(_find(house, "bed")).reshape(-1, 3)
    np.testing.assert_allclose(bed.min(axis=0), (-1.1 - 0.8, 1.3 - 1.05, 0.0), atol=1e-4)
    np.testing.assert_allclose(bed.max(axis=0), (-1.1 + 0.8, 1.3 + 1.05, 0.9), atol=1e-4)
    chair = _find(house, "chair")
    np.testing.assert_allclose(shapes.size(chair.shape), np.array([0.45, 0.5, 0.9]) * (1, 1, 1.2), atol=1e-4)
    np.testing.assert_allclose(chair.motion.at(0)[:2, 0], (np.cos(2.0), np.sin(2.0)), atol=1e-6)
    box = world_triangles(_find(house, "box")).reshape(-1, 3)  # dimensions are x, y (up), z of the file
    np.testing.assert_allclose((box.min(axis=0), box.max(axis=0)), ((4.1, -2.1, 0.0), (4.7, -1.7, 0.8)), atol=1e-5)


def test_mirrored_things_keep_their_outside_and_rigid_poses(house: House) -> None:
    shelf = _find(house, "bookshelf")
    mesh = shapes.build(shelf.shape)
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    original = shapes.build(SUNCG_OBJECTS["90"][1])
    p, q, r = (original.vertices[original.faces[:, k]].astype(np.float64) for k in range(3))
    assert np.einsum("ij,ij->", a, np.cross(b, c)) == pytest.approx(np.einsum("ij,ij->", p, np.cross(q, r)), rel=1e-4)
    for instance in house.things.instances:
        rotation = instance.motion.at(0)[:3, :3]
        np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=1e-9)
        assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_materials_of_the_node_replace_those_of_the_object(house: House) -> None:
    materials = house.things.materials
    red = materials[_find(house, "table").materials[0]]
    assert red.color == (1.0, 0.0, 0.0)
    plain = materials[_find(house, "table_2").materials[0]]
    assert plain.color != red.color
    covered = materials[_find(house, "chair_2").materials[0]]
    assert covered.texture is not None
    assert str(dict(covered.texture.parameters)["path"]).endswith("texture/wood_2.png")
    floor = materials[_find(house, "0_0_floor").materials[0]]
    assert str(dict(floor.texture.parameters)["path"]).endswith("texture/wood_0.png")


def test_classes_of_the_table_are_nyu40(house: House) -> None:
    assert semantic_id(_find(house, "bed").category, "nyu40") == 4
    assert [nyu40_name(n) for n in ("Refridgerator", "night stand", "shower-curtain", "dinosaur", "void")] == [
        "refrigerator",
        "night_stand",
        "shower_curtain",
        "otherprop",
        "unlabelled",
    ]


def test_sampling_walks_over_free_floor(root: Path) -> None:
    config = suncg.Config(path=root.as_posix(), frames=6, width=64, height=48)
    for index in range(2):
        scene = suncg.sample(config, Streams(4, index))
        assert Scene.from_json(scene.to_json()) == scene
        matter = np.concatenate([world_triangles(i) for i in scene.instances])
        eyes = scene.camera_motion.poses[:, :3, 3]
        assert min(float(distance_to(matter, eye).min()) for eye in eyes) >= 0.25 - 1e-6
        assert (eyes[:, 2] > 1.2).all()
        assert len(scene.lights) >= 1
    assert suncg.sample(config, Streams(4, 1)) == suncg.sample(config, Streams(4, 1))


def test_a_missing_object_is_named_and_the_rest_loads(tmp_path: Path) -> None:
    config = suncg.Config(path=write_suncg(tmp_path, missing=True).as_posix(), frames=2, width=64, height=48)
    with pytest.warns(AssetWarning, match=r"left out node 0_10 \(object\): file .*s__666\.obj is not there") as told:
        scene = suncg.sample(config, Streams(1, 0))
    assert len(scene.instances) == 13
    assert any("object s__666 has no line in ModelCategoryMapping.csv: counts as otherprop" in str(w.message) for w in told)
    assert any("s__666" in remark for remark in scene.metadata["remarks"])


def test_a_house_without_table_texture_or_transform_still_loads(tmp_path: Path) -> None:
    root = write_suncg(tmp_path)
    (root / "metadata" / "ModelCategoryMapping.csv").unlink()
    (root / "texture" / "wood_2.png").unlink()
    house = House.read(root, house_ids(root)[0])
    with pytest.warns(AssetWarning, match=r"ModelCategoryMapping\.csv is not there, so all objects count as otherprop"):
        assert not categories(root)
    for node in house.nodes(0):
        house.add({**node, "transform": [1.0, 2.0]} if node["id"] == "0_3" else node)
    assert {i.category for i in house.things.instances} == {"floor", "ceiling", "wall", "otherprop", "otherstructure"}
    assert any("texture 'wood_2' is not there" in remark for remark in house.remarks)
    assert any("left out node 0_3" in remark and "transform" in remark for remark in house.remarks)


def test_what_is_no_suncg_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name it, for example --set path="):
        suncg.sample(suncg.Config(), Streams(0, 0))
    with pytest.raises(UserError, match="is not a SUNCG folder"):
        suncg.sample(suncg.Config(path=tmp_path.as_posix()), Streams(0, 0))
    path = tmp_path / "house" / "a" / "house.json"
    path.parent.mkdir(parents=True)
    for text in ("{", json.dumps({"levels": 3}), json.dumps({"levels": [{"nodes": [{"id": "0_0"}]}]})):
        path.write_text(text)
        with pytest.raises(UserError, match=r"house\.json is no SUNCG house"):
            suncg.sample(suncg.Config(path=tmp_path.as_posix()), Streams(0, 0))


def test_distances_to_triangles() -> None:
    triangle = np.array([[[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]])
    for point, distance in (
        ((0.2, 0.2, 0.5), 0.5),
        ((-3, -4, 0), 5.0),
        ((0.5, -2, 0), 2.0),
        ((1, 1, 0), np.sqrt(0.5)),
        ((0.3, 0.3, 0), 0.0),
    ):
        assert distance_to(triangle, np.array(point, dtype=float))[0] == pytest.approx(distance)


def test_free_floor_ends_at_what_stands_on_it() -> None:
    def square(x0: float, x1: float, z0: float, z1: float) -> np.ndarray:
        return np.array([[[x0, -1, z0], [x1, -1, z1], [x1, 1, z1]], [[x0, -1, z0], [x1, 1, z1], [x0, 1, z0]]], dtype=float)

    floor = square(-2, 2, 0, 0)
    space = FreeSpace(np.concatenate([floor, square(0.5, 0.5, 0, 1)]), floor, 1.5)  # an upright sheet across the floor at x = 0.5
    assert space.clear(np.array([[-1.0, 0.0], [1.3, 0.0]]))
    assert not space.clear(np.array([[0.35, 0.0]]))
    assert not space.clear(np.array([[-1.0, 0.9]]))
    assert not space.clear(np.array([[5.0, 0.0]]))
    lamp = FreeSpace(np.concatenate([floor, square(0.5, 0.6, 2.0, 2.0)]), floor, 1.5)  # overhead: one walks below it
    assert lamp.clear(np.array([[0.5, 0.0]]))


def test_no_warning_for_a_sound_house(root: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", AssetWarning)
        suncg.sample(suncg.Config(path=root.as_posix(), frames=2, width=32, height=24), Streams(2, 0))
