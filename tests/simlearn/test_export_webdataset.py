"""Tar shards read by the webdataset package with its security on; and every one of these formats killed and continued."""

import json
import os
import shutil
import signal
import tarfile
import traceback
import warnings

import numpy as np
import pytest
import tiny_world
import webdataset as wds

from renderers.frame import DEFAULT_LABELS
from scenes.errors import UserError
from simlearn.exporters import EXPORTERS
from simlearn.shards import ShardReader

SCENES, FRAMES = 3, 3
FORMATS = {"webdataset": {"tar_mb": 0.1}, "coco": {}, "tum": {}, "tartanair": {}, "scenenet": {}}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("webdataset") / "data"
    tiny_world.make(out, scenes=SCENES, frames=FRAMES)
    return out


@pytest.fixture(scope="module")
def straight(root, tmp_path_factory):
    """Function that gives the files of an undisturbed export."""
    folder, kept = tmp_path_factory.mktemp("straight"), {}

    def contents(name):
        if name not in kept:
            kept[name] = tiny_world.contents(EXPORTERS[name](root, folder / name, progress=False, **FORMATS[name]))
        return kept[name]

    return contents


def samples(folder, images="rgb8"):
    urls = sorted(str(path) for path in folder.glob("*.tar"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(wds.WebDataset(urls, shardshuffle=False).decode(images))


def test_webdataset_reads_the_labels(root, tmp_path, monkeypatch):
    monkeypatch.setattr(wds.utils, "enforce_security", True)  # then webdataset refuses pickles
    out = EXPORTERS["webdataset"](root, tmp_path / "out", tar_mb=0.1, progress=False)
    found = samples(out)
    assert [s["__key__"] for s in found] == [f"scene_{k:06d}_{t:04d}" for k in range(SCENES) for t in range(FRAMES)]
    for position, sample in enumerate(found):
        scene, time = divmod(position, FRAMES)
        with ShardReader(root / f"shards/scene_{scene:06d}.h5") as reader:
            for label in DEFAULT_LABELS:
                array = sample["rgb.png" if label == "rgb" else f"{label}.npy"]
                assert array.dtype == reader.read(label, time).dtype
                assert array.tobytes() == reader.read(label, time).tobytes()
            facts = sample["json"]
            assert (facts["scene"], facts["time"], facts["label_space"]) == (scene, time, "nyu40")
            np.testing.assert_array_equal(facts["K"], reader.K)
            np.testing.assert_array_equal(facts["pose"], reader.poses[time])
            assert facts["camera"]["model"] == "pinhole"
        assert sorted(k for k in sample if not k.startswith("__")) == sorted(
            ["json", "rgb.png", *(f"{label}.npy" for label in DEFAULT_LABELS if label != "rgb")]
        )


def test_tars_are_anonymous_and_of_the_size_asked_for(root, straight, tmp_path):
    out = EXPORTERS["webdataset"](root, tmp_path / "out", tar_mb=0.1, progress=False)
    tars = sorted(out.glob("*.tar"))
    assert [path.name for path in tars] == [f"{number:06d}.tar" for number in range(len(tars))]
    assert len(tars) > 2
    counts = []
    for path in tars:
        with tarfile.open(path) as tar:
            members = tar.getmembers()
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode, m.type) for m in members} == {(0, 0, 0, "", "", 0o644, tarfile.REGTYPE)}
        counts.append(sum(m.name.endswith(".json") for m in members))
        assert path.stat().st_size > 1e5 or path == tars[-1]
    assert json.loads((out / "index.json").read_text()) == [
        {"url": path.name, "nsamples": count} for path, count in zip(tars, counts, strict=True)
    ]
    assert sum(counts) == SCENES * FRAMES
    assert tiny_world.contents(out) == straight("webdataset")
    one = EXPORTERS["webdataset"](root, tmp_path / "one", progress=False)
    assert sorted(path.name for path in one.iterdir()) == ["000000.tar", "index.json"]


def test_jpeg_and_chosen_labels(root, tmp_path):
    out = EXPORTERS["webdataset"](root, tmp_path / "out", labels=("rgb", "depth"), images="jpg", progress=False)
    sample = samples(out)[4]
    assert sorted(k for k in sample if not k.startswith("__")) == ["depth.npy", "json", "rgb.jpg"]
    with ShardReader(root / "shards/scene_000001.h5") as reader:
        assert np.abs(sample["rgb.jpg"].astype(float) - reader.read("rgb", 1)).mean() < 3
    for setting, sentence in (({"images": "gif"}, "png or jpg"), ({"tar_mb": 0}, "above 0"), ({"tar_mb": float("nan")}, "above 0")):
        with pytest.raises(UserError, match=sentence):
            EXPORTERS["webdataset"](root, tmp_path / "other", progress=False, **setting)


def killed_at(step, name, root, out):
    """Export in a child process that kills itself, as the kernel would, when it gives the `step`-th file its name; whether it got there.

    Step "last" is when the whole folder gets its name.
    """
    child = os.fork()
    if child == 0:
        done, replace = 0, os.replace

        def dying(old, new):
            nonlocal done
            done += 1
            if step == ("last" if str(old).endswith(".partial") else done):
                os.kill(os.getpid(), signal.SIGKILL)
            replace(old, new)

        os.replace = dying
        try:
            EXPORTERS[name](root, out, progress=False, **FORMATS[name])
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or status == 0, "the export failed before it was killed"
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("name", FORMATS)
def test_killed_and_continued_is_byte_identical(root, straight, tmp_path, name):
    expected = straight(name)
    for step in sorted({len(expected) // 2, len(expected)}):
        out = tmp_path / f"{step}"
        assert killed_at(step, name, root, out)
        assert not out.exists()
        EXPORTERS[name](root, out, progress=False, **FORMATS[name])
        assert tiny_world.contents(out) == expected
        assert not out.with_name(f"{step}.partial").exists()


def test_killed_at_the_last_step_and_continued(root, straight, tmp_path):
    assert killed_at("last", "tum", root, tmp_path / "out")
    EXPORTERS["tum"](root, tmp_path / "out", progress=False)
    assert tiny_world.contents(tmp_path / "out") == straight("tum")


@pytest.mark.parametrize("name", FORMATS)
def test_killed_again_and_again(root, straight, tmp_path, name):
    """Every attempt gets some files further; of webdataset it is a tar."""
    out, attempts = tmp_path / "out", 0
    while killed_at(12 if name != "webdataset" else 2, name, root, out):
        attempts += 1
        assert attempts < 20
    assert attempts >= 2
    assert tiny_world.contents(out) == straight(name)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("stranger", ["../../stolen.h5", "/tmp/stolen.h5", "shards/../../stolen.h5"])
def test_shards_named_elsewhere_are_refused(root, tmp_path, name, stranger):
    shutil.copytree(root, tmp_path / "data")
    shutil.copy(root / "shards/scene_000000.h5", tmp_path / "stolen.h5")
    manifest = tmp_path / "data/manifest.json"
    document = json.loads(manifest.read_text())
    document["shards"][0]["name"] = stranger
    manifest.write_text(json.dumps(document))
    before = tiny_world.contents(tmp_path)
    with pytest.raises(UserError):
        EXPORTERS[name](tmp_path / "data", tmp_path / "exported/out", progress=False)
    assert tiny_world.contents(tmp_path) == before


def test_a_shard_that_is_a_link_is_refused(root, tmp_path):
    shutil.copytree(root, tmp_path / "data")
    shard = tmp_path / "data/shards/scene_000000.h5"
    shutil.move(shard, tmp_path / "elsewhere.h5")
    shard.symlink_to(tmp_path / "elsewhere.h5")
    with pytest.raises(UserError, match="scene_000000"):
        EXPORTERS["tum"](tmp_path / "data", tmp_path / "out", progress=False)
