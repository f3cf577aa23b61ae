"""Names inside meshes, robots and houses lead to the files of their own collection and to no others, however they are written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from asset_files import write_obj, write_picture, write_suncg

from scenes import shapes
from scenes.errors import UserError
from scenes.importers.collection import Collection
from scenes.importers.files import leads_out
from scenes.importers.layouts import _picture
from scenes.importers.meshes import import_mesh
from scenes.importers.suncg_house import House
from scenes.importers.urdf import import_urdf
from scenes.randomness import Streams
from scenes.scene import Shape

BOX = trimesh.creation.box()


@pytest.fixture
def thing(tmp_path):
    """Folder of a downloaded thing, deep enough that `..` does not end at once."""
    folder = tmp_path / "downloads/archive/thing"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def private(tmp_path):
    """A picture and a mesh of the user's own, outside of what was downloaded."""
    folder = tmp_path / "private"
    write_picture(folder / "photo.png")
    BOX.export(folder / "part.stl")
    (folder / "part.bin").write_bytes(bytes(4096))
    return folder


def names_of(file: Path, folder: Path) -> list[str]:
    """Ways to name a file from a folder; the last are through a link."""
    up = "/".join([".."] * len(folder.resolve().parts))
    (folder / "innocent").symlink_to(file.parent)
    (folder / f"linked{file.suffix}").symlink_to(file)
    relative = f"../../../private/{file.name}"
    return [relative, f"images/../{relative}", str(file), up + str(file), f"innocent/{file.name}", f"linked{file.suffix}"]


def test_textures_of_obj_files(thing, private):
    for name in names_of(private / "photo.png", thing):
        path = write_obj(thing / "thing.obj", [("wood", np.asarray(BOX.vertices), np.asarray(BOX.faces))], textures={"wood": name})
        asset = import_mesh(path, warn=False)
        assert asset.materials[0].texture is None, name
        assert "is not there" in " ".join(asset.remarks)


def test_libraries_of_obj_files(thing, private):
    write_obj(private / "colours.obj", [("wood", np.asarray(BOX.vertices), np.asarray(BOX.faces))])
    for name in names_of(private / "colours.mtl", thing):
        path = write_obj(thing / "thing.obj", [("wood", np.asarray(BOX.vertices), np.asarray(BOX.faces))])
        path.write_text(path.read_text().replace("mtllib thing.mtl", f"mtllib {name}"))
        assert any("material library" in remark for remark in import_mesh(path, warn=False).remarks), name


@pytest.mark.parametrize(
    ("name", "place"), [("../images/a.png", "images/a.png"), ("../../texture/a.png", "../texture/a.png"), ("a.png", None)]
)
def test_collections_may_share_folders_of_textures(thing, name, place):
    write_picture(thing / "a.png" if place is None else thing.parent / place)
    path = write_obj(thing / "thing.obj", [("wood", np.asarray(BOX.vertices), np.asarray(BOX.faces))], textures={"wood": name})
    assert import_mesh(path, warn=False).materials[0].texture is not None


def gltf(path: Path, **changed) -> Path:
    """A .gltf of a box with a texture, and entries of its buffers and images changed."""
    trimesh.Scene(BOX).export(str(path.parent / "box.glb"))
    body = (path.parent / "box.glb").read_bytes()
    length = int.from_bytes(body[12:16], "little")
    header = json.loads(body[20 : 20 + length])
    (path.parent / "box.bin").write_bytes(body[28 + length :])
    (path.parent / "box.glb").unlink()
    header["buffers"][0]["uri"] = changed.get("buffer", "box.bin")
    header["images"] = [{"uri": changed.get("image", "none.png")}]
    header["textures"] = [{"source": 0}]
    header["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    header["meshes"][0]["primitives"][0]["material"] = 0
    path.write_text(json.dumps(header))
    return path


def test_buffers_and_images_of_gltf_files(thing, private):
    assert len(shapes.build(import_mesh(gltf(thing / "a.gltf"), warn=False).shape).faces) == 12
    (private / "part.bin").write_bytes((thing / "box.bin").read_bytes())
    for name in (*names_of(private / "part.bin", thing), "..%2f..%2f..%2fprivate%2fpart.bin", "%2e%2e/%2e%2e/%2e%2e/private/part.bin"):
        with pytest.raises(UserError, match=r"lies outside of|is not there"):
            import_mesh(gltf(thing / "a.gltf", buffer=name), warn=False)
    (thing / "innocent").unlink()
    for name in names_of(private / "photo.png", thing):
        asset = import_mesh(gltf(thing / "a.gltf", image=name), warn=False)
        assert asset.materials[0].texture is None, name


def robot(path: Path, mesh: str) -> Path:
    visual = f'<visual><geometry><mesh filename="{mesh}"/></geometry></visual>'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<robot name="r"><link name="base">{visual}<visual><geometry><sphere radius="1"/></geometry></visual></link></robot>')
    return path


def test_meshes_of_robots(thing, private):
    outside = private / "part.stl"
    packages = [f"package:/{outside}", f"package://..{outside}", "package://thing/../../../private/part.stl", f"package://thing/{outside}"]
    for k, name in enumerate((*names_of(outside, thing), f"file://{outside}", *packages)):
        remarks = import_urdf(robot(thing / f"robot{k}.urdf", name), Collection(), warn=False)
        assert len(remarks) == 1, name
        assert "left out a visual" in remarks[0]
    BOX.export(thing / "part.stl")
    assert import_urdf(robot(thing / "right.urdf", "package://thing/part.stl"), Collection(), warn=False) == ()
    (thing.parent / "parts").mkdir()
    BOX.export(thing.parent / "parts/part.stl")
    assert import_urdf(robot(thing / "before.urdf", "package://parts/part.stl"), Collection(), warn=False) != ()
    (thing.parent / "parts/package.xml").write_text("<package/>")
    assert import_urdf(robot(thing / "after.urdf", "package://parts/part.stl"), Collection(), warn=False) == ()


def test_models_and_textures_of_suncg_houses(tmp_path, private):
    root = write_suncg(tmp_path / "downloads/suncg")
    house = House.read(root, sorted(path.name for path in (root / "house").iterdir())[0])
    write_obj(tmp_path / "private/private.obj", [("wood", np.asarray(BOX.vertices), np.asarray(BOX.faces))])
    for model in ("../../../private", str(private), "../object/../../../private"):
        before = len(house.things.instances) if hasattr(house.things, "instances") else None
        house.add({"type": "Object", "id": "0_1", "modelId": model, "transform": np.eye(4).ravel().tolist()})
        assert "left out node 0_1" in house.remarks[-1], model
        assert before is None or len(house.things.instances) == before


def test_folders_of_layouts_textures(tmp_path, private):
    library = tmp_path / "library"
    write_picture(library / "wood/a.png")
    streams = Streams(0, 0)
    assert _picture(library, "wood", streams, "bed") is not None
    for name in (str(private), "/private", "wood\x00"):
        assert _picture(library, name, streams, "bed") is None


def test_names_that_are_no_names(thing):
    (thing / "circle").symlink_to(thing / "circle")
    for name in ("a\x00b", "circle/a", "/", "..", "../thing2/a"):
        assert leads_out(thing, name), name[:20]
    for name in ("a", "a/b", "./a", "a/../b", "../thing/a", "../images/a"):
        assert not leads_out(thing, name), name


def test_recipes_of_files_that_changed_are_refused(thing):
    path = write_obj(thing / "thing.obj", [("wood", np.asarray(BOX.vertices), np.asarray(BOX.faces))])
    shape = Shape.of("mesh_file", path=path.as_posix(), digest="0" * 16)
    with pytest.raises(UserError, match="has changed since the scene was made"):
        shapes.build(shape)
