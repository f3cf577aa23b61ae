"""The torch data set over generated shards."""

import json
import pickle
import shutil

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
    out = tmp_path_factory.mktemp("synthetic") / "data"
    tiny_world.make(out)
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


def test_negative_and_wrong_indices(root):
    data = SyntheticDataset(root, labels=("depth",))
    assert torch.equal(data[-1]["depth"], data[8]["depth"])
    with pytest.raises(IndexError):
        data[9]
    with pytest.raises(IndexError):
        data[-10]


def test_only_the_labels_asked_for_are_read(root, monkeypatch):
    read = []
    original = ShardReader.read
    monkeypatch.setattr(ShardReader, "read", lambda self, name, frame: read.append(name) or original(self, name, frame))
    item = SyntheticDataset(root, labels=("depth", "rgb"))[4]
    assert read == ["rgb", "depth"]
    assert item.keys() == {"rgb", "depth", "K", "pose", "scene", "time"}


@pytest.mark.parametrize(("scenes", "expected"), [(slice(1, None), [1, 2]), ([2, 0], [2, 0]), ([-1], [2]), (None, [0, 1, 2])])
def test_scenes_can_be_picked(root, scenes, expected):
    data = SyntheticDataset(root, labels=("valid",), scenes=scenes)
    assert [(data[i]["scene"], data[i]["time"]) for i in range(len(data))] == [(s, t) for s in expected for t in range(3)]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_data_loader_workers_see_the_same_frames(root, method):
    data = SyntheticDataset(root, labels=("rgb", "depth", "instance"))
    alone = [data[i] for i in range(len(data))]  # files are open in the parent when it forks
    loader = DataLoader(data, batch_size=3, num_workers=2, multiprocessing_context=method)
    for number, batch in enumerate(loader):
        for row in range(3):
            truth = alone[3 * number + row]
            assert batch["time"][row] == truth["time"]
            for name in data.labels:
                assert torch.equal(batch[name][row], truth[name])


def test_many_shards_do_not_exhaust_open_files(root, monkeypatch):
    monkeypatch.setattr(synthetic, "OPEN_SHARDS", 1)
    data = SyntheticDataset(root, labels=("valid",))
    truth = [data[i]["valid"] for i in range(9)]
    for index in (0, 8, 0, 4, 8, 1):
        assert torch.equal(data[index]["valid"], truth[index])
        assert len(data._readers) == 1
    assert len(pickle.loads(pickle.dumps(data))._readers) == 0


def test_unusable_folders_are_sentences(root, tmp_path):
    with pytest.raises(UserError, match="is not a folder: make a data set"):
        SyntheticDataset(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds no data set"):
        SyntheticDataset(tmp_path)
    tiny_world.make(tmp_path / "depths", scenes=1, labels=("depth",))
    with pytest.raises(UserError, match="was made without rgb: it has depth"):
        SyntheticDataset(tmp_path / "depths", labels=("rgb",))
    with pytest.raises(UserError, match="there is no scene 3"):
        SyntheticDataset(root, scenes=[3])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d | {"complete": False}, r"not complete \(0 of 3 scenes\).*--resume"),
        (lambda d: d | {"format_version": 7}, "version 7; this program reads"),
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
