"""SceneNet layouts and ShapeNet objects: named, sized, dropped and at rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from asset_files import SHAPENET, write_layout, write_picture, write_shapenet

from scenes import shapes
from scenes.distributions import Uniform
from scenes.errors import UserError
from scenes.geometry import transform
from scenes.importers import AssetWarning, import_mesh, scenenet
from scenes.importers.free_space import distance_to, world_triangles
from scenes.importers.layouts import category_of
from scenes.importers.synsets import KINDS, kind_of
from scenes.randomness import Streams
from scenes.scene import Scene
from scenes.semantics import NYU40


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    root = tmp_path_factory.mktemp("scenenet")
    write_layout(root / "SceneNetLayouts" / "bedroom" / "bedroom1.obj")
    write_shapenet(root / "ShapeNetCore.v2")
    return (root / "SceneNetLayouts").as_posix(), (root / "ShapeNetCore.v2").as_posix()


@pytest.fixture(scope="module")
def scene(folders: tuple[str, str]) -> Scene:
    config = scenenet.Config(layouts=folders[0], shapenet=folders[1], frames=4, width=64, height=48, small=Uniform(0.8, 0.8))
    return scenenet.sample(config, Streams(2, 1))


def test_layout_objects_are_what_their_names_say(scene: Scene) -> None:
    counts: dict[str, int] = {}
    for instance in scene.instances[: len(scene.instances) - scene.metadata["dropped"]]:
        counts[instance.category] = counts.get(instance.category, 0) + 1
    assert (counts["floor"], counts["ceiling"], counts["wall"], counts["bookshelf"]) == (1, 1, 1, 1)
    assert counts["bed"] >= 2
    floor = next(i for i in scene.instances if i.category == "floor")
    assert scene.materials[floor.materials[0]].texture is not None  # the palette's: the layout only names its materials


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("bed", "bed"),
        ("Night-stand.001", "night_stand"),
        ("walls1_line01_12", "wall"),
        ("painting3", "picture"),
        ("floor_tiles_floor_tiles_0125", "floor"),
        ("Shower-curtain", "shower_curtain"),
        ("curtains", "curtain"),
        ("refridgerator", "refrigerator"),
        ("Other-prop", "otherprop"),
        ("Object013", None),
    ],
)
def test_names_of_layout_objects(name: str, category: str | None) -> None:
    assert category_of(name) == category


def test_dropped_things_rest_inside_the_room_and_hardly_penetrate(scene: Scene) -> None:
    dropped = scene.instances[-scene.metadata["dropped"] :]
    assert len(dropped) >= 8
    for instance in dropped:
        others = np.concatenate([world_triangles(other) for other in scene.instances if other is not instance])
        vertices = transform(instance.motion.at(0), shapes.build(instance.shape).vertices)
        assert vertices[:, 2].min() > -0.01
        assert np.abs(vertices[:, :2]).max() < 2.01
        lowest = vertices[np.argsort(vertices[:, 2])[:30]]
        assert min(float(distance_to(others, point).min()) for point in lowest) < 0.02, instance.name


def test_things_have_the_height_of_their_kind_and_their_own_pictures(scene: Scene) -> None:
    for instance in scene.instances[-scene.metadata["dropped"] :]:
        kind = next(k for k in KINDS.values() if instance.name.split("_")[0] == k.name.split("_")[0])
        assert kind.low - 1e-3 <= shapes.size(instance.shape)[2] <= kind.high + 1e-3
        assert instance.category == kind.category
    assert any(m.texture is not None and m.texture.kind == "image" for m in scene.materials)


def test_the_same_scene_again_and_through_json(scene: Scene, folders: tuple[str, str]) -> None:
    config = scenenet.Config(layouts=folders[0], shapenet=folders[1], frames=4, width=64, height=48, small=Uniform(0.8, 0.8))
    assert scenenet.sample(config, Streams(2, 1)).to_json() == scene.to_json()
    assert Scene.from_json(scene.to_json()) == scene


def test_shapenet_chairs_face_our_front(folders: tuple[str, str]) -> None:
    path = Path(folders[1]) / "03001627" / f"{0:032x}" / "models" / "model_normalized.obj"
    asset = import_mesh(path, height=0.9, up="y", turn_deg=180.0)
    np.testing.assert_allclose(asset.size, shapes.size(SHAPENET["03001627"][0]), rtol=1e-3)
    vertices = shapes.build(asset.shape).vertices
    assert vertices[vertices[:, 2] > 0.8][:, 1].min() > 0  # the back rest is behind


def test_synsets_map_to_nyu40_by_themselves_their_parents_or_names(tmp_path: Path) -> None:
    assert all(kind.category in NYU40 and kind.rooms and 0 < kind.low < kind.high for kind in KINDS.values())
    assert [KINDS[s].category for s in ("03001627", "04379243", "02818832", "04256520", "03211117", "02933112", "03636649")] == [
        *("chair", "table", "bed", "sofa", "television", "cabinet", "lamp")
    ]
    text = (
        '[{"synsetId": "03001627", "name": "chair", "children": ["20000001"]}, {"synsetId": "20000001", "name": "rocker", "children": []},'
    )
    (tmp_path / "taxonomy.json").write_text(text + '{"synsetId": "11", "name": "thing,pillow", "children": []}]')
    assert kind_of("20000001", tmp_path) == KINDS["03001627"]
    assert kind_of("11", tmp_path).category == "pillow"
    assert kind_of("99", tmp_path) is None


def test_broken_models_and_unknown_synsets_are_named_and_the_rest_falls(tmp_path: Path) -> None:
    write_layout(tmp_path / "layouts" / "bedroom" / "a.obj")
    root = write_shapenet(tmp_path / "shapenet")
    next((root / "03938244").rglob("*.obj")).write_text("v 0 0 0\n")
    write_picture(root / "99999999" / "model" / "picture.png")
    config = scenenet.Config(layouts=(tmp_path / "layouts").as_posix(), shapenet=root.as_posix(), frames=1, width=32, height=24)
    with pytest.warns(AssetWarning) as told:
        scene = scenenet.sample(config, Streams(2, 1))
    sentences = [str(w.message) for w in told]
    assert any("synsets 99999999" in s and "have no NYU40 class" in s for s in sentences)
    assert any("left out pillow" in s and "has no faces" in s for s in sentences)
    assert scene.metadata["dropped"] > 5


def test_folders_are_asked_for(tmp_path: Path, folders: tuple[str, str]) -> None:
    with pytest.raises(UserError, match="reads two folders: name them"):
        scenenet.sample(scenenet.Config(), Streams(0, 0))
    with pytest.raises(UserError, match="is not a folder of SceneNet layouts"):
        scenenet.sample(scenenet.Config(layouts=tmp_path.as_posix(), shapenet=folders[1]), Streams(0, 0))
    with pytest.raises(UserError, match="is not a ShapeNetCore folder"):
        scenenet.sample(scenenet.Config(layouts=folders[0], shapenet=tmp_path.as_posix()), Streams(0, 0))
