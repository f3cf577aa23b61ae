"""Data sets of format version 1 are read; this one is written here with h5py alone, as that version did."""

import hashlib
import json

import h5py
import hdf5plugin
import numpy as np
import pytest
import tiny_world

from renderers.frame import DEFAULT_LABELS, LABELS
from scenes.errors import UserError
from scenes.randomness import Streams
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.info import describe
from simlearn.repair import repair
from simlearn.shards import ShardReader
from simlearn.verify import verify

SHARD = "shards/scene_000000.h5"
BIT_PLANES = dict(hdf5plugin.Blosc2(cname="zstd", clevel=1, filters=hdf5plugin.Blosc2.BITSHUFFLE))
ZSTANDARD = dict(hdf5plugin.Zstd(clevel=3))


def write(path, scene, frames):
    height, width, checked = scene.camera.height, scene.camera.width, {"fletcher32": True, "track_times": False}
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.attrs.update({"format": "simlearn-shard", "format_version": 1, "frames": len(frames), "width": width, "height": height})
        file.attrs.update({"family": "tiny", "seed": scene.seed, "index": scene.index, "label_space": "nyu40"})
        text = np.frombuffer(scene.to_json().encode(), dtype=np.uint8)
        file.create_dataset("scene_json", data=text, chunks=text.shape, **checked, **ZSTANDARD)
        file.create_dataset("K", data=scene.camera.K, chunks=(3, 3), **checked)
        file.create_dataset("time", data=np.arange(len(frames), dtype=np.int64), chunks=(len(frames),), **checked)
        for name in DEFAULT_LABELS:
            data = np.stack([frame[name] for frame in frames])
            packed = BIT_PLANES if name.startswith("flow") else ZSTANDARD
            dataset = file.create_dataset(name, data=data, chunks=(1, *data.shape[1:]), **checked, **packed)
            dataset.attrs.update({"unit": LABELS[name].unit, "meaning": LABELS[name].meaning})
        file.create_dataset("pose", data=np.stack([frame.pose for frame in frames]), chunks=(len(frames), 4, 4), **checked)


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """(data set folder, its frames)"""
    root = tmp_path_factory.mktemp("old")
    (root / "shards").mkdir()
    scene = tiny_world.sample(tiny_world.Config(frames=2, width=48, height=36), Streams(5, 0))
    frames = [tiny_world.TinyRenderer(scene).render(time) for time in range(2)]
    write(root / SHARD, scene, frames)
    data = (root / SHARD).read_bytes()
    shard = {"name": SHARD, "scene": 0, "frames": 2, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    config = {"family": "tiny", "scenes": 1, "frames": 2, "width": 48, "height": 36, "seed": 5, "renderer": "tiny", "device": "cpu"}
    config |= {"labels": list(DEFAULT_LABELS), "settings": {}, "renderer_settings": {}, "family_config": {}}
    head = {"format": "simlearn-dataset", "format_version": 1, "config": config, "commit": "old", "versions": {"python": "3.11"}}
    (root / "manifest.json").write_text(json.dumps({**head, "shards": [shard], "complete": True}))
    return root, frames


def test_every_label_is_read_exactly(old):
    root, frames = old
    with ShardReader(root / SHARD) as reader:
        assert reader.labels == DEFAULT_LABELS
        assert reader.attributes["label_space"] == "nyu40"
        assert not reader.has_objects
        assert reader.codec("valid").max_error == "0"
        for time, frame in enumerate(frames):
            np.testing.assert_array_equal(reader.frame(time).pose, frame.pose)
            for name in DEFAULT_LABELS:
                read = reader.read(name, time)
                assert read.dtype == LABELS[name].dtype
                np.testing.assert_array_equal(read, frame[name])
        with pytest.raises(UserError, match="made without objects"):
            reader.objects(0)


def test_data_sets_are_verified_described_and_loaded(old):
    root, frames = old
    assert verify(root, progress=False) == []
    facts = describe(root)
    assert (facts["format_version"], facts["complete"], facts["objects"], facts["rejected"]) == (1, True, False, {})
    np.testing.assert_array_equal(SyntheticDataset(root, labels=("depth",))[1]["depth"].numpy(), frames[1]["depth"])


def test_repair_says_which_version_could(old):
    root, _ = old
    data = (root / SHARD).read_bytes()
    (root / SHARD).write_bytes(data[:-100])
    try:
        with pytest.raises(UserError, match=r"written in version 1 of the format.*\(commit old\)"):
            repair(root, verify(root, progress=False), progress=False)
    finally:
        (root / SHARD).write_bytes(data)
