"""A user's folders of pictures and meshes: used by any family, what is no picture is named once."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from asset_files import shape_pieces, write_obj, write_picture

from scenes import rooms, shapes, textures
from scenes.errors import UserError
from scenes.importers import AssetWarning
from scenes.importers.folder import pieces_from
from scenes.importers.textures import SHOWN_ONCE, dressed, pictures_in
from scenes.randomness import Streams
from scenes.scene import Scene, Shape
from scenes.textures.images import mean_color


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("pictures")
    for k in range(3):
        write_picture(root / "below" / f"{k}.png", size=(300, 200), seed=k)
    return root.as_posix()


@pytest.fixture(scope="module")
def plain() -> Scene:
    return rooms.sample(rooms.Config(frames=1, width=32, height=24), Streams(3, 5))


def _images(scene: Scene) -> int:
    return sum(m.texture is not None and m.texture.kind == "image" for m in scene.materials)


def test_share_of_patterned_materials_and_nothing_else_changes(plain: Scene, folder: str) -> None:
    patterned = [m for m in plain.materials if m.texture is not None and m.texture.kind not in SHOWN_ONCE]
    assert len(patterned) > 8
    assert _images(dressed(plain, folder, 0.0)) == 0
    assert _images(dressed(plain, folder, 1.0)) == len(patterned)
    assert 0 < _images(dressed(plain, folder, 0.5)) < len(patterned)
    full = dressed(plain, folder, 1.0)
    for before, after in zip(plain.materials, full.materials, strict=True):
        if before not in patterned:
            assert before == after
        else:
            assert after.texture.metres == before.texture.metres
            assert (after.roughness, after.metallic, after.emission) == (before.roughness, before.metallic, before.emission)
            picture = float(np.mean(mean_color(after.texture)))
            assert picture * after.color[0] == pytest.approx(min(0.6 * float(np.mean(before.color)), picture), rel=1e-3)
    assert (full.instances, full.lights, full.camera_motion) == (plain.instances, plain.lights, plain.camera_motion)


def test_more_share_keeps_what_less_share_covered(plain: Scene, folder: str) -> None:
    few, many = dressed(plain, folder, 0.3), dressed(plain, folder, 0.7)
    for original, first, second in zip(plain.materials, few.materials, many.materials, strict=True):
        if first != original:
            assert second == first


def test_every_family_takes_the_setting(folder: str, plain: Scene) -> None:
    scene = rooms.sample(rooms.Config(frames=1, width=32, height=24, texture_folder=folder, texture_share=1.0), Streams(3, 5))
    assert scene == dressed(plain, folder, 1.0)
    assert Scene.from_json(scene.to_json()) == scene
    with pytest.raises(UserError, match="texture_share is a share"):
        rooms.Config(texture_share=1.5)


def test_pictures_repeat_without_a_seam_at_a_power_of_two(folder: str) -> None:
    texture = pictures_in(folder)[0].texture
    image = textures.build(texture).astype(int)
    assert image.shape == (256, 256, 3)
    np.testing.assert_array_equal(image[0], image[-1])
    np.testing.assert_array_equal(image[:, 0], image[:, -1])


def test_a_text_file_is_named_once_and_the_rest_is_used(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    with pytest.warns(AssetWarning) as told:
        assert len(pictures_in(tmp_path.as_posix())) == 1
    assert sorted(Path(str(w.message).split(": ")[1].split(" is not")[0]).name for w in told) == ["cut.png", "notes.txt"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures_in(tmp_path.as_posix())


def test_folders_without_anything_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no readable image"):
        pictures_in(tmp_path.as_posix())
    with pytest.raises(UserError, match="is not a folder"):
        pictures_in((tmp_path / "gone").as_posix())
    with pytest.raises(UserError, match="has no mesh that can be read"):
        pieces_from(tmp_path)


def test_meshes_become_pieces_with_their_own_materials(tmp_path: Path) -> None:
    write_obj(tmp_path / "chair" / "mine.obj", shape_pieces(Shape.of("chair")))
    write_obj(tmp_path / "cup.obj", shape_pieces(Shape.of("mug")))
    (tmp_path / "broken.stl").write_bytes(b"solid")
    with pytest.warns(AssetWarning, match=r"left out of the meshes: .*broken\.stl"):
        pieces = pieces_from(tmp_path)
    assert {name: (p.category, p.large, p.loose) for name, p in pieces.items()} == {
        "chair/mine": ("chair", True, True),
        "cup": ("otherprop", False, True),
    }
    shape = pieces["chair/mine"].draw(np.random.default_rng(0))
    assert shapes.size(shape) == pytest.approx(shapes.size(Shape.of("chair")), abs=1e-5)
    assert len(shapes.own_materials(shape)) == 2
