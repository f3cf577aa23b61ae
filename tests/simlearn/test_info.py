"""The description of a data set: sizes that are those in the files, codecs, what is missing; also of one that is not complete."""

import json
import os
import shutil

import h5py
import pytest
import tiny_world
from spoiling import manifest

from simlearn.info import describe, show


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    out = tmp_path_factory.mktemp("info") / "data"
    tiny_world.make(out, scenes=4, frames=2, codecs={"rgb": "jpeg:90", "depth": "lossless"})
    return out


@pytest.fixture
def root(sound, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(sound, tmp_path / "data")


def test_sizes_are_those_in_the_files(sound):
    facts = describe(sound)
    assert facts["bytes"] == sum(path.stat().st_size for path in (sound / "shards").iterdir())
    assert facts["bytes_per_frame"] == round(facts["bytes"] / 8)
    for name in ("rgb", "depth", "valid"):
        stored = 0
        for path in (sound / "shards").iterdir():
            with h5py.File(path) as file:
                stored += file[name].id.get_storage_size()
        assert facts["labels"][name]["bytes_per_frame"] == round(stored / 8)
        raw = {"rgb": 3, "depth": 4, "valid": 1}[name] * 48 * 36
        assert facts["labels"][name]["ratio"] == pytest.approx(raw * 8 / stored, abs=0.06)
    assert facts["labels"]["rgb"]["codec"] == "jpeg"
    assert facts["labels"]["depth"] | {"bytes_per_frame": 0, "ratio": 0} == {
        "codec": "rounded_float", "max_error": "0", "bytes_per_frame": 0, "ratio": 0,
    }  # fmt: skip
    assert facts["labels"]["flow_forward"]["max_error"].startswith("0.00195")
    assert facts["complete"] is True
    assert facts["missing_scenes"] == ""
    assert facts["versions"]["numpy"]


def test_what_is_missing_is_said(root, capsys):
    (root / "shards/scene_000002.h5").unlink()
    facts = describe(root)
    assert facts["complete"] is False
    assert facts["problems"] == ["1 shards are missing or truncated, the first is shards/scene_000002.h5"]
    shards = json.loads((root / "manifest.json").read_text())["shards"]
    manifest(root, lambda d: d | {"complete": False, "shards": []})
    (root / "journal.jsonl").write_text(json.dumps(shards[1]) + "\n")
    os.truncate(root / "shards/scene_000001.h5", 100)
    facts = describe(root)
    assert (facts["finished_scenes"], facts["missing_scenes"]) == (1, "0, 2-3")
    show(root, as_json=False)
    said = capsys.readouterr().out
    assert "NOT complete, 1 of 4 scenes" in said
    assert "missing: scenes 0, 2-3; finish it by running its `simlearn generate` command again with --resume" in said


def test_a_data_set_without_a_single_shard_is_described(root, capsys):
    manifest(root, lambda d: d | {"complete": False, "shards": []})
    assert describe(root)["missing_scenes"] == "0-3"
    show(root, as_json=False)
    assert "0 of 4 scenes, 0 frames" in capsys.readouterr().out


def test_a_shard_that_cannot_be_read_is_a_problem_and_not_the_end(root):
    path = root / "shards/scene_000000.h5"
    path.write_bytes(bytes(path.stat().st_size))
    (problem,) = describe(root)["problems"]
    assert "scene_000000.h5" in problem


def test_the_text_shows_every_label_and_json_is_json(sound, capsys):
    show(sound, as_json=False)
    said = capsys.readouterr().out
    assert "complete, 4 of 4 scenes, 8 frames of 48x36" in said
    assert "made of: tiny, seed 5, renderer tiny" in said
    for name, codec in (("rgb", "jpeg"), ("depth", "rounded_float"), ("contour", "packed_bits")):
        assert any(line.split()[0] == name and codec in line for line in said.splitlines() if line.strip())
    show(sound, as_json=True)
    assert json.loads(capsys.readouterr().out) == describe(sound)
