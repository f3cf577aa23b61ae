"""Files from strangers are data: names in them lead nowhere, links are not followed, and what they declare is not believed."""

import json
import os
import shutil

import h5py
import hdf5plugin
import pytest
import tiny_world
from spoiling import manifest

from scenes import shapes, textures
from scenes.errors import UserError
from scenes.importers.files import digest_of
from scenes.scene import Scene
from scenes.semantics import class_names
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.generate import GenerateConfig, generate
from simlearn.info import describe
from simlearn.manifest import Manifest
from simlearn.repair import repair
from simlearn.shards import ShardReader
from simlearn.verify import Finding, verify

SHARD = "shards/scene_000001.h5"
SECRET = b"the secret of another folder " * 100


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    out = tmp_path_factory.mktemp("hostile") / "data"
    tiny_world.make(out, scenes=2)
    return out


@pytest.fixture
def root(sound, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(sound, tmp_path / "data")


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    return path


def read_all(path):
    with ShardReader(path) as reader:
        reader.scene()
        for frame in range(reader.frames):
            reader.frame(frame)
            if reader.has_objects:
                reader.objects(frame)


def replaced(path, name, make):
    """Put something else in a shard under the name of a dataset; `make(file, shape, dtype)` creates it."""
    with h5py.File(path, "r+") as file:
        shape, dtype, attributes = file[name].shape, file[name].dtype, dict(file[name].attrs)
        del file[name]
        made = make(file, shape, dtype)
        if isinstance(made, h5py.Dataset):
            made.attrs.update(attributes)


@pytest.mark.parametrize("name", ["depth", "valid", "pose", "scene_json"])
@pytest.mark.parametrize("way", ["external link", "soft link", "external storage", "virtual", "nothing in it", "group"])
def test_datasets_that_lie_elsewhere_are_refused(root, secret, name, way):
    """HDF5 can point to other HDF5 files, to any bytes of any file, and to nothing at all, where it gives zeros."""
    path = root / SHARD
    other = root / "shards/scene_000000.h5"

    def make(file, shape, dtype):
        if way == "external link":
            file[name] = h5py.ExternalLink(str(other), name)
        elif way == "soft link":
            file[name] = h5py.SoftLink("/K")
        elif way == "external storage":
            return file.create_dataset(name, shape, dtype, external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
        elif way == "virtual":
            layout = h5py.VirtualLayout(shape, dtype)
            layout[...] = h5py.VirtualSource(str(other), name, shape)
            return file.create_virtual_dataset(name, layout)
        elif way == "nothing in it":
            return file.create_dataset(name, shape, dtype, chunks=shape)
        else:
            return file.create_group(name)
        return None

    replaced(path, name, make)
    if name in ("depth", "valid") and "link" in way:
        with ShardReader(path) as reader:
            assert name not in reader.labels
        with pytest.raises(UserError, match=f"has no label '{name}'"):
            SyntheticDataset(root, labels=(name,))[4]
    else:
        with pytest.raises(UserError, match="damaged"):
            read_all(path)
    assert SHARD in {f.shard for f in verify(root, progress=False)}
    describe(root)


@pytest.mark.parametrize("name", ["depth", "pose", "time", "scene_json"])
def test_shapes_that_no_memory_holds_are_refused_before_they_are_read(root, name):
    """A file of some KB that declares 10^12 elements, as a dataset and as the size of its images or clip."""
    path = root / SHARD
    giant = {"depth": (3, 10**6, 10**6), "pose": (10**11, 4, 4), "time": (10**12,), "scene_json": (10**12,)}[name]

    def make(file, _, dtype):
        return file.create_dataset(name, giant, dtype, chunks=(1, *giant[1:]) if name == "pose" else True, **hdf5plugin.Zstd())

    replaced(path, name, make)
    for attributes in ({}, {"frames": 10**12}, {"width": 10**6, "height": 10**6}, {"frames": -1}, {"width": 2**40}, {"frames": 1e300}):
        with h5py.File(path, "r+") as file:
            file.attrs.update(attributes)
        with pytest.raises(UserError, match="damaged"):
            read_all(path)
    assert path.stat().st_size < 200_000


def test_a_giant_chunk_is_refused(root):
    """Many frames in one chunk would all be unpacked to read one."""

    def make(file, _, dtype):
        return file.create_dataset("rgb", (3, 36, 48, 3), dtype, maxshape=(None, 36, 48, 3), chunks=(10**6 // 2, 36, 48, 3))

    replaced(root / SHARD, "rgb", make)
    with ShardReader(root / SHARD) as reader, pytest.raises(UserError, match="damaged"):
        reader.read("rgb", 0)


@pytest.mark.parametrize("what", ["shard", "folder", "pipe"])
def test_links_and_pipes_in_place_of_files_are_not_opened(root, tmp_path, what):
    elsewhere = shutil.copytree(root / "shards", tmp_path / "elsewhere")
    (elsewhere / ".keep.tmp-1").write_text("not ours to delete")
    if what == "folder":
        shutil.rmtree(root / "shards")
        (root / "shards").symlink_to(elsewhere)
        broken = [Finding(message="", shard=SHARD, broken=True)]
        for use in (Manifest.load, verify, describe, SyntheticDataset, lambda root: repair(root, broken)):
            with pytest.raises(UserError, match="is a link"):
                use(root)
    else:
        (root / SHARD).unlink()
        if what == "shard":
            (root / SHARD).symlink_to(elsewhere / "scene_000001.h5")
        else:
            os.mkfifo(root / SHARD)
        with pytest.raises(UserError, match="is a link or no file at all"):
            read_all(root / SHARD)
        assert [f.shard for f in verify(root, progress=False) if f.broken] == [SHARD]
    assert (elsewhere / ".keep.tmp-1").exists()


def test_generating_does_not_write_or_sweep_through_a_link(root, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.move(root / "shards", elsewhere)
    (elsewhere / ".keep.tmp-1").write_text("not ours to delete")
    (root / "shards").symlink_to(elsewhere)
    config = GenerateConfig(family="tiny", renderer="tiny", out=root, scenes=2, frames=3, width=48, height=36, seed=5, resume=True)
    with pytest.raises(UserError, match="is a link"):
        generate(config, progress=False)
    assert (elsewhere / ".keep.tmp-1").exists()


def record(**changed):
    return lambda d: d | {"shards": [s | changed for s in d["shards"][:1]]}


def config(**changed):
    return lambda d: d | {"config": d["config"] | changed}


@pytest.mark.parametrize(
    "change",
    [
        *(
            record(name=name)
            for name in ("../../secret", "/etc/passwd", "shards/../../secret", "shards/scene_000000.h5\x00.png", "", 7, None)
        ),
        *(record(scene=scene) for scene in (-1, 1.5, "0", None, True, [0])),
        *(record(frames=10**400), record(frames="many"), record(bytes=-5), record(rejected=[1]), record(rejected={"a": "b"})),
        *(config(**{key: value}) for key in ("scenes", "frames", "width", "height") for value in (0, -1, "8", None, 1e9)),
        *(config(width=10**9), config(labels="rgb\x00"), config(labels=[["rgb"]]), config(labels=5), config(family=["rooms"])),
        *(config(settings=["x"]), lambda d: d | {"versions": "1"}, lambda d: d | {"commit": {}}, lambda d: d | {"config": []}),
        *(lambda d: [d], lambda _: "text", lambda d: d | {"shards": {"a": 1}}, lambda d: d | {"more": 1}),
    ],
)
def test_manifests_that_make_no_sense_are_sentences(root, change):
    manifest(root, change)
    for use in (Manifest.load, lambda root: verify(root, progress=False), describe):
        with pytest.raises(UserError, match="manifest"):
            use(root)


def test_texts_that_are_no_manifest_are_sentences(root):
    for text in (b"", b"\x00", b"\xff\xfe", b"[" * 100_000, b'{"format": ' * 50_000, b"9" * 10_000, b"NaN"):
        (root / "manifest.json").write_bytes(text)
        with pytest.raises(UserError, match=r"manifest\.json"):
            Manifest.load(root)


def test_a_million_scenes_that_are_not_there_cost_nothing(root):
    manifest(root, config(scenes=10**15))
    assert "lists 2 shards for 1000000000000000 scenes" in str(verify(root, progress=False)[0])
    manifest(root, lambda d: d | {"complete": False})
    assert describe(root)["missing_scenes"] == "0-999999999999999"


def test_a_journal_with_strange_lines_loses_only_them(root):
    shards = json.loads((root / "manifest.json").read_text())["shards"]
    manifest(root, lambda d: d | {"complete": False, "shards": []})
    lines = [json.dumps(shards[0]), json.dumps(shards[1] | {"name": "../../secret"}), "[" * 100_000, "7", "null", '"text"', "{}"]
    (root / "journal.jsonl").write_text("\n".join(lines))
    assert [shard.name for shard in Manifest.load(root).shards] == ["shards/scene_000000.h5"]


@pytest.mark.parametrize(
    "change",
    [
        lambda _: [],
        lambda d: d | {"frames": "many"},
        lambda d: d | {"camera": d["camera"] | {"width": -1}},
        lambda d: d | {"camera": d["camera"] | {"model": "../lens"}},
        lambda d: d | {"instances": [{"name": 1}]},
        lambda d: d | {"camera_motion": [[1, 2]]},
        lambda d: d | {"lights": [{"kind": "__import__"}]},
        lambda d: d | {"label_space": "../../secret"},
    ],
)
def test_scene_json_that_makes_no_sense_is_a_sentence(sound, change):
    with ShardReader(sound / SHARD) as reader:
        document = json.loads(reader.scene().to_json())
    with pytest.raises(UserError):
        class_names(Scene.from_json(json.dumps(change(document))).label_space)


def test_scene_json_nested_without_end_is_a_sentence():
    with pytest.raises(UserError, match="not a valid scene"):
        Scene.from_json("[" * 100_000)


@pytest.mark.parametrize("kind", ["mesh_file", "urdf_link"])
def test_files_that_a_scene_names_are_opened_only_when_their_content_is_known(sound, secret, kind):
    """Reading a scene opens nothing; building it refuses a file whose digest is not the one the scene was made with."""
    with ShardReader(sound / SHARD) as reader:
        document = json.loads(reader.scene().to_json())
    for path in (str(secret), "../" * 12 + "etc/passwd", "/etc/passwd", "secret\x00.obj", "/dev/zero", "/"):
        for thing in document["instances"]:
            extra = [["link", "base"]] if kind == "urdf_link" else []
            thing["shape"] = {"kind": kind, "parameters": [["digest", "0" * 16], *extra, ["path", path]]}
        texture = {"kind": "image", "parameters": [["digest", "0" * 16], ["path", path]], "metres": 1.0, "resolution": 64}
        document["materials"][0]["texture"] = texture
        scene = Scene.from_json(json.dumps(document))
        for build, recipe in ((shapes.build, scene.instances[0].shape), (textures.build, scene.materials[0].texture)):
            with pytest.raises(UserError) as refused:
                build(recipe)
            assert "secret of another" not in str(refused.value)
    assert len(digest_of(secret)) == 16
