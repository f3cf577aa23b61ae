"""Mesh files become recipes with materials; what is wrong with a file is said by name, mended where possible, and never a wrong number."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from asset_files import Y_UP, shape_pieces, slab, write_obj, write_picture
from PIL import Image

from scenes import shapes, textures
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.importers import Asset, AssetWarning, import_mesh, meshes
from scenes.importers.meshes import UNITS, parts_of
from scenes.scene import Instance, Scene, Shape, Texture, Trajectory
from scenes.scene import Mesh as SceneMesh


def _box(**extra: object) -> trimesh.Trimesh:
    return trimesh.Trimesh(*(lambda b: (b.vertices, b.faces))(trimesh.creation.box((1.0, 2.0, 3.0))), process=False, **extra)


def _forget() -> None:
    """As a new process: files are read again."""
    for cache in (shapes.build, meshes.soup_of, meshes._mended, meshes.materials_of):
        cache.cache_clear()


def _volume(mesh: SceneMesh) -> float:
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def _quiet(path: Path, **options: object) -> Asset:
    with warnings.catch_warnings():
        warnings.simplefilter("error", AssetWarning)
        return import_mesh(path, **options)


@pytest.mark.parametrize(("ending", "up"), [("stl", "z"), ("ply", "z"), ("obj", "y"), ("glb", "y")])
def test_a_box_keeps_its_volume_stands_on_the_ground_and_turns_upright(tmp_path: Path, ending: str, up: str) -> None:
    mesh = _box()
    mesh.apply_translation((5.0, -7.0, 9.0))
    path = tmp_path / f"box.{ending}"
    mesh.export(path)
    asset = _quiet(path)
    built = shapes.build(asset.shape)
    size = (1.0, 2.0, 3.0) if up == "z" else (1.0, 3.0, 2.0)
    np.testing.assert_allclose(asset.size, size, atol=1e-5)
    np.testing.assert_allclose(built.vertices.min(axis=0), (-size[0] / 2, -size[1] / 2, 0.0), atol=1e-5)
    assert shapes.size(asset.shape) == asset.size
    assert _volume(built) == pytest.approx(6.0, rel=1e-5)
    assert len(asset.materials) == 1
    placed = _quiet(path, origin="file")
    middle = np.array((5.0, -7.0, 9.0)) @ (np.eye(3) if up == "z" else Y_UP)
    vertices = shapes.build(placed.shape).vertices
    np.testing.assert_allclose((vertices.min(axis=0) + vertices.max(axis=0)) / 2, middle, atol=1e-5)


def test_up_unit_turn_and_height_mean_what_they_say(tmp_path: Path) -> None:
    path = write_obj(tmp_path / "l.obj", [slab(0.4, 0.2, 0.1, (0, 0, 0)), slab(0.1, 0.1, 0.5, (0.1, 0, 0.1))])  # its stem at +x
    centre = {}
    for turn in (0.0, 90.0):
        mesh = shapes.build(_quiet(path, turn_deg=turn).shape)
        centre[turn] = mesh.vertices[mesh.vertices[:, 2] > 0.55].mean(axis=0)
    assert centre[0.0][0] == pytest.approx(0.1, abs=1e-5)
    assert centre[90.0][1] == pytest.approx(0.1, abs=1e-5)
    assert _quiet(path, unit="inch").size[2] == pytest.approx(0.6 * UNITS["inch"], rel=1e-5)
    assert _quiet(path, height=1.2).size == pytest.approx((0.8, 0.4, 1.2), rel=1e-5)
    assert _quiet(path, up="z").size == pytest.approx((0.4, 0.6, 0.2), abs=1e-5)
    mirrored = shapes.build(_quiet(path, scale=(-1.0, 1.0, 1.0)).shape)
    assert mirrored.vertices[mirrored.vertices[:, 2] > 0.55].mean(axis=0)[0] == pytest.approx(-0.1, abs=1e-5)
    assert _volume(mirrored) == pytest.approx(0.4 * 0.2 * 0.1 + 0.1 * 0.1 * 0.5, rel=1e-4)


def test_slots_materials_and_pictures_of_obj(tmp_path: Path) -> None:
    write_picture(tmp_path / "pictures" / "Wood Grain.png")
    pieces = shape_pieces(Shape.of("chair"))
    path = write_obj(tmp_path / "chair.obj", pieces, textures={"material_0": "-s 1 1 1 pictures\\wood grain.PNG"})
    asset = _quiet(path)
    ours, theirs = shapes.build(Shape.of("chair")), shapes.build(asset.shape)
    assert [int((theirs.slots == k).sum()) for k in range(2)] == [int((ours.slots == k).sum()) for k in range(2)]
    np.testing.assert_allclose(asset.size, shapes.size(Shape.of("chair")), atol=1e-5)
    first, second = asset.materials
    assert first.texture is not None
    assert dict(first.texture.parameters)["path"] == (tmp_path / "pictures" / "Wood Grain.png").as_posix()
    assert second.texture is None
    assert second.color == pytest.approx([((v + 0.055) / 1.055) ** 2.4 for v in (0.25, 0.35, 0.6)], abs=1e-4)  # the MTL colour, decoded


def test_a_picture_stands_upright_on_a_mesh(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    pixels[:4, :, 0] = 255  # the upper half of the image file is red
    Image.fromarray(pixels).save(tmp_path / "flag.png")
    image = textures.build(
        Texture.of("image", path=(tmp_path / "flag.png").as_posix(), digest=_digest(tmp_path / "flag.png"), resolution=8)
    )
    assert (image[4:, :, 0] == 255).all()  # row 0 lies at v = 0, so the top is at the end
    assert (image[:4, :, 0] == 0).all()


def _digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _with_picture() -> trimesh.Trimesh:
    picture = Image.fromarray(np.arange(16 * 16 * 3, dtype=np.uint32).reshape(16, 16, 3).astype(np.uint8))
    material = trimesh.visual.material.PBRMaterial(
        baseColorTexture=picture,
        baseColorFactor=[255, 128, 0, 255],
        roughnessFactor=0.3,
        metallicFactor=0.7,
        emissiveFactor=[0.0, 0.5, 1.0],
    )
    mesh = _box()
    return trimesh.Trimesh(
        mesh.vertices, mesh.faces, visual=trimesh.visual.TextureVisuals(uv=mesh.vertices[:, :2], material=material), process=False
    )


def test_materials_pictures_and_placement_of_glb(tmp_path: Path) -> None:
    scene = trimesh.Scene()
    mesh, turn = _with_picture(), trimesh.transformations.rotation_matrix(np.pi / 2, (0, 1, 0))
    scene.add_geometry(mesh, node_name="left", transform=trimesh.transformations.translation_matrix((3, 0, 0)))
    scene.add_geometry(trimesh.creation.icosphere(1), node_name="ball", transform=turn @ np.diag((2.0, 2.0, 2.0, 1.0)))
    path = tmp_path / "two.glb"
    scene.export(path)
    asset = _quiet(path)
    coloured = next(m for m in asset.materials if m.texture is not None)
    assert (coloured.roughness, coloured.metallic) == (0.3, 0.7)
    assert coloured.color == pytest.approx((1.0, 128 / 255, 0.0), abs=1e-3)
    assert coloured.emission == pytest.approx((0.0, 0.5, 1.0), abs=1e-3)
    picture = textures.build(coloured.texture)
    np.testing.assert_array_equal(picture[::-1], np.asarray(mesh.visual.material.baseColorTexture))
    assert set(parts_of(path)) == {"left", "ball"}
    ball = _quiet(path, part="ball", origin="file")
    assert ball.size == pytest.approx((4.0, 4.0, 4.0), rel=1e-5)
    assert len(ball.materials) == 1
    with pytest.raises(UserError, match=r"has no part 'right': it has ball, left"):
        import_mesh(path, part="right")


def test_coloured_vertices_become_a_few_materials(tmp_path: Path) -> None:
    mesh = trimesh.creation.box()
    mesh.visual.face_colors = np.repeat([[255, 0, 0, 255], [0, 0, 255, 255]], 6, axis=0)
    mesh.export(tmp_path / "painted.ply")
    asset = _quiet(tmp_path / "painted.ply")
    assert {tuple(round(c) for c in material.color) for material in asset.materials} == {(1, 0, 0), (0, 0, 1)}
    assert np.bincount(shapes.build(asset.shape).slots).tolist() == [6, 6]


def test_smooth_where_round_sharp_at_edges(tmp_path: Path) -> None:
    trimesh.creation.cylinder(radius=1.0, height=2.0, sections=32).export(tmp_path / "round.stl")
    mesh = shapes.build(_quiet(tmp_path / "round.stl").shape)
    side = np.abs(mesh.normals[:, 2]) < 0.5
    radial = mesh.vertices[side][:, :2] / np.linalg.norm(mesh.vertices[side][:, :2], axis=1, keepdims=True)
    on_rim = np.linalg.norm(mesh.vertices[side][:, :2], axis=1) > 0.5
    assert np.einsum("ij,ij->i", mesh.normals[side][on_rim, :2], radial[on_rim]).min() > 0.999
    np.testing.assert_allclose(np.abs(mesh.normals[~side][:, 2]), 1.0, atol=1e-6)


def test_an_imported_scene_is_small_json_and_loads_back_identically(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    asset = _quiet(write_obj(tmp_path / "chair.obj", shape_pieces(Shape.of("chair")), textures={"material_0": "a.png"}))
    thing = Instance(name="mine", category="chair", shape=asset.shape, materials=(0, 1), motion=Trajectory.still(np.eye(4)))
    scene = Scene(
        family="mine",
        seed=0,
        index=0,
        frames=1,
        label_space="nyu40",
        camera=Camera.from_fov(width=8, height=8, horizontal_fov_deg=60),
        camera_motion=Trajectory.still(np.eye(4)),
        instances=(thing,),
        materials=asset.materials,
    )
    text = scene.to_json()
    assert len(text) < 2000
    assert Scene.from_json(text) == scene
    assert shapes.build(Scene.from_json(text).instances[0].shape) is shapes.build(asset.shape)
    assert shapes.own_materials(asset.shape) == asset.materials
    assert shapes.own_materials(Shape.of("chair")) == ()


def test_a_file_that_changed_or_went_is_named(tmp_path: Path) -> None:
    path = tmp_path / "box.stl"
    _box().export(path)
    shape = _quiet(path, turn_deg=1.0).shape
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    _forget()
    with pytest.raises(UserError, match=r"box\.stl has changed"):
        shapes.build(shape)
    path.unlink()
    with pytest.raises(UserError, match=r"box\.stl is not there"):
        shapes.build(shape)


def _faces(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        box = _box()
        trimesh.Trimesh(box.vertices, change(np.array(box.faces)), process=False).export(path, vertex_normal=False)

    return write


def _flipped_one(faces: np.ndarray) -> np.ndarray:
    faces[4] = faces[4][::-1]
    return faces


MENDED = {
    "inside out": (_faces(lambda f: f[:, ::-1]), "turned 1 of its closed parts, which were inside out", 6.0),
    "one face turned": (_faces(_flipped_one), "turned 1 of its faces, which faced against their neighbours", 6.0),
    "degenerate": (_faces(lambda f: np.vstack([f, [[0, 0, 1], [2, 2, 2]]])), "dropped 2 of its faces, which have no area", 6.0),
    "doubled face": (_faces(lambda f: np.vstack([f, f[:1]])), r"3 of its edges join three faces or more \(not a manifold\)", None),
    "open": (_faces(lambda f: f[:-1]), r"1 of its 1 parts are not closed \(not watertight\)", None),
}


@pytest.mark.parametrize("case", MENDED)
def test_what_can_be_mended_is_mended_and_said(tmp_path: Path, case: str) -> None:
    write, sentence, volume = MENDED[case]
    path = tmp_path / "thing.ply"
    write(path)
    with pytest.warns(AssetWarning, match=rf"thing\.ply: {sentence}"):
        asset = import_mesh(path)
    if volume is not None:
        assert _volume(shapes.build(asset.shape)) == pytest.approx(volume, rel=1e-5)


def test_vertices_that_are_no_numbers_lose_their_faces_only(tmp_path: Path) -> None:
    lines = (write_obj(tmp_path / "box.obj", [slab(1, 1, 1, (0, 0, 0))])).read_text().splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("v "))
    lines[first] = "v nan 0 0"
    lines.append("f 1 2 999")
    (tmp_path / "box.obj").write_text("\n".join(lines))
    with pytest.warns(AssetWarning) as told:
        asset = import_mesh(tmp_path / "box.obj")
    mesh = shapes.build(asset.shape)
    assert np.isfinite(mesh.vertices).all()
    assert 6 <= len(mesh.faces) < 12
    assert any("missing or not finite" in str(w.message) for w in told)


def test_units_are_guessed_aloud_and_can_be_given(tmp_path: Path) -> None:
    mesh = _box()
    mesh.apply_scale(400.0)
    mesh.export(tmp_path / "cad.stl")
    with pytest.warns(AssetWarning, match=r"cad\.stl: is 1200 units large and does not say of which unit: read as mm"):
        assert import_mesh(tmp_path / "cad.stl").size[2] == pytest.approx(1.2, rel=1e-5)
    assert _quiet(tmp_path / "cad.stl", unit="cm").size[2] == pytest.approx(12.0, rel=1e-5)


def test_missing_library_and_texture_leave_the_rest(tmp_path: Path) -> None:
    path = write_obj(tmp_path / "chair.obj", shape_pieces(Shape.of("chair")), textures={"material_0": "gone.png"})
    with pytest.warns(AssetWarning, match=r"its texture 'gone\.png' is not there: shown in plain colour"):
        assert import_mesh(path).materials[0].texture is None
    (tmp_path / "gone.png").write_text("this is no image")
    with pytest.warns(AssetWarning, match=r"gone\.png is not a readable image"):
        import_mesh(path, turn_deg=5.0)
    (tmp_path / "chair.mtl").unlink()
    with pytest.warns(AssetWarning, match=r"its material library 'chair\.mtl' is not there"):
        import_mesh(path)


def _cut(ending: str, keep: float) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        whole = trimesh.Scene(_box()).export(file_type=ending) if ending == "glb" else _box().export(file_type=ending)
        content = whole if isinstance(whole, bytes) else whole.encode()
        path.write_bytes(content[: int(keep * len(content))])

    return write


def _text(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(text) and None


def _announced(path: Path) -> None:
    with path.open("wb") as file:
        file.write(bytes(80) + struct.pack("<I", 10_000_000))
        file.truncate(84 + 50 * 10_000_000)


_PLY = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\nelement face {}\n"
_PLY += "property list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 {}\n"
BROKEN = {
    "cut.stl": (_cut("stl", 0.5), "cut off"),
    "cut.glb": (_cut("glb", 0.4), "broken or cut off"),
    "short.glb": (_cut("glb", 0.9), "broken or cut off"),
    "cut.ply": (_cut("ply", 0.8), "broken or cut off"),
    "empty.obj": (_text(""), "has no faces"),
    "empty.glb": (_text(""), "broken or cut off"),
    "lines.obj": (_text("v 0 0 0\nv 1 0 0\nl 1 2\n"), "has no faces"),
    "words.obj": (_text("v a b c\nf 1 1 1\n"), "a 'v' line is not made of numbers"),
    "flat.obj": (_text("v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n"), "no face with an area"),
    "index.ply": (_text(_PLY.format(1, 7)), "1 faces name vertices that it lacks"),
    "many.ply": (_text(_PLY.format(10_000_000, 2)), "has 10000000 faces, more than 200000: reduce it"),
    "many.stl": (_announced, "has 10000000 faces, more than 200000: reduce it"),
    "many.obj": (_text("v 0 0 0\nv 1 0 0\nv 0 1 0\n" + "f 1 2 3\n" * 200_001), "has 200001 faces, more than 200000"),
    "scene.fbx": (_text("x"), r"known are \.obj, \.glb"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_one_sentence_that_names_the_file(tmp_path: Path, name: str) -> None:
    write, sentence = BROKEN[name]
    write(tmp_path / name)
    with pytest.raises(UserError, match=sentence) as caught:
        import_mesh(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_faces_can_be_allowed(tmp_path: Path) -> None:
    trimesh.creation.icosphere(3).export(tmp_path / "ball.stl")
    with pytest.raises(UserError, match="1280 faces, more than 1000"):
        import_mesh(tmp_path / "ball.stl", max_faces=1000)
    assert len(shapes.build(_quiet(tmp_path / "ball.stl", max_faces=1280).shape).faces) == 1280


def test_polygons_relative_indices_and_groups_of_obj(tmp_path: Path) -> None:
    first = "o first\nv 0 0 0\nv 2 0 0\nv 2 0 2\nv 0 0 2\nusemtl a\nf -4 -3 -2 -1\n"
    text = first + "g second\nv 0 1 0\nv 1 1 0\nv 0 1 1\nusemtl b c\nf 5//1 6//1 7//1\nvn 0 1 0\n"
    (tmp_path / "two.obj").write_text(text)
    assert parts_of(tmp_path / "two.obj") == ("first", "second")
    with pytest.warns(AssetWarning):
        square, triangle = (import_mesh(tmp_path / "two.obj", part=part, up="z") for part in ("first", "second"))
    assert len(shapes.build(square.shape).faces) == 2
    assert square.size == pytest.approx((2.0, 0.0, 2.0))
    assert triangle.size == pytest.approx((1.0, 0.0, 1.0))


def test_external_buffers_count_for_the_digest(tmp_path: Path) -> None:
    files = trimesh.Scene(_box()).export(file_type="gltf")
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    path = tmp_path / "model.gltf"
    asset = _quiet(path)
    assert asset.size == pytest.approx((1.0, 3.0, 2.0), rel=1e-5)
    buffer = tmp_path / json.loads(path.read_text())["buffers"][0]["uri"]
    buffer.write_bytes(buffer.read_bytes()[:-1] + b"x")
    _forget()
    with pytest.raises(UserError, match=r"model\.gltf has changed"):
        shapes.build(asset.shape)
