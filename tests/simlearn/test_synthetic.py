"""The torch data set over generated shards."""

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny_world
import torch
from torch.utils.data import DataLoader

from renderers.frame import DEFAULT_LABELS, LABELS
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.randomness import Streams
from simlearn.datasets import synthetic
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.info import describe
from simlearn.shards import ShardReader


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three scenes of three frames, stored without loss."""
    out = tmp_path_factory.mktemp("synthetic") / "data"
    tiny_world.make(out, codecs={"all": "lossless"})
    return out


@pytest.fixture(scope="module")
def compact(tmp_path_factory):
    """The first of those scenes with some labels, as codecs store them by default."""
    out = tmp_path_factory.mktemp("synthetic") / "compact"
    tiny_world.make(out, scenes=1, labels=("depth", "normal", "instance", "flow_forward", "occluded_forward", "valid"))
    return out


def rendered(scene, time):
    """The frame rendered anew, without going through any file."""
    config = FAMILIES["tiny"].Config(frames=3, width=48, height=36)
    return tiny_world.TinyRenderer(FAMILIES["tiny"].sample(config, Streams(5, scene))).render(time)


def test_items_are_the_rendered_frames(root):
    data = SyntheticDataset(root)
    assert len(data) == 9
    for index in (0, 4, 8):
        item, frame = data[index], rendered(index // 3, index % 3)
        assert (item["scene"], item["time"]) == (index // 3, index % 3)
        for name in DEFAULT_LABELS:
            expected = np.moveaxis(frame[name], -1, 0) if LABELS[name].channels else frame[name]
            assert torch.equal(item[name].long() if name == "instance" else item[name], torch.from_numpy(expected.astype(item_type(name))))
            assert item[name].is_contiguous()
        np.testing.assert_array_equal(item["pose"], frame.pose.astype(np.float32))
        np.testing.assert_array_equal(item["K"], frame.camera.K.astype(np.float32))
    assert data[0]["instance"].dtype == torch.int32
    assert torch.isinf(data[0]["depth"][~data[0]["valid"]]).all()


def item_type(name):
    return {"instance": np.int64}.get(name, LABELS[name].dtype)


def test_default_codecs_keep_their_word(root, compact):
    labels = describe(compact)["labels"]
    for item, truth in zip(SyntheticDataset(compact, labels), SyntheticDataset(root, labels), strict=False):
        for name in labels:
            if name == "depth":
                seen = truth["valid"]
                assert torch.equal(item[name][~seen], truth[name][~seen])
                assert ((item[name] - truth[name]).abs()[seen] <= 2**-18 * truth[name][seen]).all()
            elif LABELS[name].dtype == "float32":
                bound = 1.53e-5 if name == "normal" else 2**-9
                assert (item[name] - truth[name]).abs().max() <= bound, name
            else:
                assert torch.equal(item[name], truth[name]), name


def test_negative_and_wrong_indices(root):
    data = SyntheticDataset(root, labels=("depth",))
    assert torch.equal(data[-1]["depth"], data[8]["depth"])
    with pytest.raises(IndexError):
        data[9]
    with pytest.raises(IndexError):
        data[-10]


def test_only_the_labels_asked_for_are_read(root, monkeypatch):
    read = []
    original = ShardReader.planes
    monkeypatch.setattr(ShardReader, "planes", lambda self, name, frame: read.append(name) or original(self, name, frame))
    item = SyntheticDataset(root, labels=("depth", "rgb"))[4]
    assert read == ["rgb", "depth"]
    assert item.keys() == {"rgb", "depth", "K", "pose", "scene", "time"}


@pytest.mark.parametrize(("scenes", "expected"), [(slice(1, None), [1, 2]), ([2, 0], [2, 0]), ([-1], [2]), (None, [0, 1, 2])])
def test_scenes_can_be_picked(root, scenes, expected):
    data = SyntheticDataset(root, labels=("valid",), scenes=scenes)
    assert [(data[i]["scene"], data[i]["time"]) for i in range(len(data))] == [(s, t) for s in expected for t in range(3)]


@pytest.mark.parametrize(("method", "persistent"), [("fork", False), ("fork", True), ("spawn", True)])
def test_data_loader_workers_see_the_same_frames(root, method, persistent):
    data = SyntheticDataset(root, labels=("rgb", "depth", "instance"))
    alone = [data[i] for i in range(len(data))]  # files are open in the parent when it forks
    workers = {"fork": 2, "spawn": 1}[method]  # a spawned one takes seconds to import torch
    loader = DataLoader(data, batch_size=3, num_workers=workers, multiprocessing_context=method, persistent_workers=persistent)
    for _ in range(1 + persistent):
        for number, batch in enumerate(loader):
            for row in range(3):
                truth = alone[3 * number + row]
                assert batch["time"][row] == truth["time"]
                for name in data.labels:
                    assert torch.equal(batch[name][row], truth[name])


class Watched(ShardReader):
    """Says so when a process reads through a file that another one has opened."""

    def __init__(self, path):
        super().__init__(path)
        self.process = os.getpid()

    def planes(self, label, frame):
        assert self.process == os.getpid()
        return super().planes(label, frame)


def test_no_file_is_shared_with_a_forked_worker(root, monkeypatch):
    monkeypatch.setattr(synthetic, "ShardReader", Watched)
    data = SyntheticDataset(root, labels=("valid",))
    readers = [data[i] and data._readers[i // 3] for i in range(9)]
    assert len(list(DataLoader(data, num_workers=2, multiprocessing_context="fork"))) == 9
    assert all(data._readers[i // 3] is readers[i] for i in range(9))
    data[0]


def test_many_shards_do_not_exhaust_open_files(root):
    def open_files():
        return sum(Path(f"/proc/self/fd/{fd}").resolve().suffix == ".h5" for fd in os.listdir("/proc/self/fd"))

    before = open_files()
    data = SyntheticDataset(root, labels=("valid",), open_shards=2)
    truth = [data[i]["valid"] for i in range(9)]
    for index in (0, 8, 0, 4, 8, 1):
        assert torch.equal(data[index]["valid"], truth[index])
        assert open_files() - before == 2
    assert len(pickle.loads(pickle.dumps(data))._readers) == 0
    with pytest.raises(UserError, match="open_shards must be at least 1"):
        SyntheticDataset(root, open_shards=0)


def test_unusable_folders_are_sentences(root, compact, tmp_path):
    with pytest.raises(UserError, match="is not a folder: make a data set"):
        SyntheticDataset(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds no data set"):
        SyntheticDataset(tmp_path)
    with pytest.raises(UserError, match="was made without rgb: it has depth"):
        SyntheticDataset(compact, labels=("rgb", "depth"))
    with pytest.raises(UserError, match="made without objects"):
        SyntheticDataset(root, objects=True)[0]
    with pytest.raises(UserError, match="there is no scene 3"):
        SyntheticDataset(root, scenes=[3])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d | {"complete": False}, r"not complete \(0 of 3 scenes\).*--resume"),
        (lambda d: d | {"format_version": 7}, "version 7, this program reads"),
        (lambda d: {"name": d}, "is damaged"),
        (lambda d: d | {"shards": [d["shards"][0] | {"name": "../../secrets.h5"}]}, "is damaged.*secrets"),
        (lambda d: d | {"shards": [d["shards"][0] | {"name": "/etc/passwd"}]}, "is damaged.*passwd"),
    ],
)
def test_strange_manifests_are_sentences(root, tmp_path, change, sentence):
    shutil.copytree(root, tmp_path / "data")
    manifest = tmp_path / "data" / "manifest.json"
    manifest.write_text(json.dumps(change(json.loads(manifest.read_text()))))
    with pytest.raises(UserError, match=sentence):
        SyntheticDataset(tmp_path / "data")


def test_description(root):
    facts = describe(root)
    assert facts["frames"] == 9
    assert facts["size"] == "48x36"
    assert facts["complete"] is True
    assert facts["bytes"] == sum(path.stat().st_size for path in (root / "shards").iterdir())
    json.dumps(facts)
