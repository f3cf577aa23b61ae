"""Exports hold the frames, nothing else, and are whole or absent, whatever interrupts them."""

import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import tiny_stereo
import tiny_world

from renderers.frame import DEFAULT_LABELS, LABELS
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.randomness import Streams
from simlearn.cli import main
from simlearn.exporters import EXPORTERS, target
from simlearn.exporters import numpy as exporter
from simlearn.exporters.target import exporting

MOTION = [f"{kind}_{direction}" for kind in ("flow", "occluded", "out_of_frame") for direction in ("forward", "backward")]
STATED = ["K", "pose", "scene", "time", "lens", "lens_coefficients"]
KEYS = ["rgb", "depth", "normal", "instance", "semantic", "contour", *MOTION, "valid", *STATED]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("exporters") / "data"
    tiny_world.make(out, frames=11, codecs={"all": "lossless"})
    return out


@pytest.fixture(scope="module")
def stereo(tmp_path_factory):
    out = tmp_path_factory.mktemp("exporters") / "stereo"
    tiny_stereo.make(out, scenes=2, frames=4, width=31, height=23)
    return out


# numpy


@pytest.mark.parametrize("compress", [False, True])
def test_numpy_files_hold_the_rendered_frames(root, tmp_path, compress):
    EXPORTERS["numpy"](root, tmp_path / "out", compress=compress, progress=False)
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == [f"scene_{s:06d}_frame_{t:04d}.npz" for s in range(3) for t in range(11)]
    config = FAMILIES["tiny"].Config(frames=11, width=48, height=36)
    for scene in range(3):
        world = FAMILIES["tiny"].sample(config, Streams(5, scene))
        for moment in (0, 10):
            frame = tiny_world.TinyRenderer(world).render(moment)
            with np.load(tmp_path / "out" / f"scene_{scene:06d}_frame_{moment:04d}.npz", allow_pickle=False) as file:
                assert sorted(file) == sorted(KEYS)
                for name in DEFAULT_LABELS:
                    label = LABELS[name]
                    assert file[name].dtype == label.dtype
                    assert file[name].tobytes() == frame[name].tobytes(), name
                    assert file[name].shape == label.shape(36, 48)
                np.testing.assert_array_equal(file["pose"], world.camera_motion.at(moment))
                np.testing.assert_array_equal(file["K"], world.camera.K)
                assert file["pose"].dtype == np.float64
                assert (file["scene"], file["time"]) == (scene, moment)
                assert (str(file["lens"]), file["lens_coefficients"].size) == ("pinhole", 0)


def test_labels_can_be_chosen(stereo, tmp_path):
    EXPORTERS["numpy"](stereo, tmp_path / "all", progress=False)
    with np.load(tmp_path / "all/scene_000001_frame_0003.npz") as file:
        assert sorted(file) == sorted((*tiny_stereo.LABELS, *STATED))
    main_status = _run(["export", str(stereo), "--out", str(tmp_path / "some"), "--labels", "disparity", "rgb"])
    assert main_status == 0
    with np.load(tmp_path / "some/scene_000001_frame_0003.npz") as file:
        assert sorted(file) == sorted(("rgb", "disparity", *STATED))


def test_formats_have_settings(stereo, tmp_path, capsys):
    for setting, smaller in (("compress=true", True), ("compress=False", False)):
        out = tmp_path / setting
        assert _run(["export", str(stereo), "--out", str(out), "--set", setting]) == 0
        plain = sum(np.load(out / "scene_000000_frame_0000.npz")[name].nbytes for name in (*tiny_stereo.LABELS, *STATED))
        assert ((out / "scene_000000_frame_0000.npz").stat().st_size < 0.6 * plain) == smaller
    for format, setting, sentence in (
        ("numpy", "compress=much", "compress=much does not fit: expected true or false"),
        ("numpy", "zip=1", "format 'numpy' has no setting zip: known are compress"),
        ("kitti", "zip=1", "format 'kitti' has no setting zip: it has none"),
        ("tum", "fps=fast", "fps=fast does not fit: expected a value like 30.0"),
    ):
        assert _run(["export", str(stereo), "--out", str(tmp_path / "out"), "--format", format, "--set", setting]) == 2
        assert sentence in capsys.readouterr().err


def _run(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


# Interruptions


def test_an_interrupted_export_is_absent_and_continues(root, tmp_path, monkeypatch):
    out, partial = tmp_path / "out", tmp_path / "out.partial"
    written = []

    def stops_at_the_fifth(arrays, **options):
        if len(written) == 5:
            (partial / ".file.npz.tmp-123").write_bytes(b"half")
            raise KeyboardInterrupt
        written.append((arrays["scene"], arrays["time"]))
        return original(arrays, **options)

    original = exporter._encoded
    monkeypatch.setattr(exporter, "_encoded", stops_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        EXPORTERS["numpy"](root, out, progress=False)
    assert not out.exists()
    with pytest.raises(UserError, match="or this one in another way"):
        EXPORTERS["numpy"](root, out, compress=True, progress=False)
    monkeypatch.setattr(exporter, "_encoded", lambda a, **k: written.append((a["scene"], a["time"])) or original(a, **k))
    EXPORTERS["numpy"](root, out, progress=False)
    assert len(written) == len(set(written)) == 33, "finished frames were written again"
    assert not partial.exists()
    EXPORTERS["numpy"](root, tmp_path / "straight", progress=False)
    assert tiny_world.contents(out) == tiny_world.contents(tmp_path / "straight")


def _export(name, data, out, limit=None):
    """In a process of its own; `limit` is the size in bytes beyond which the system refuses to write a file."""
    if limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        EXPORTERS[name](data, out, progress=False)
    except UserError as error:
        Path(f"{out}.said").write_text(str(error)[: limit - 1])
        os._exit(7)


def _started(*arguments):
    process = multiprocessing.get_context("fork").Process(target=_export, args=arguments)
    process.start()
    return process


def _count(folder):
    """Whole files; the folder may be renamed meanwhile."""
    return sum(".tmp-" not in name for _, _, names in os.walk(folder) for name in names)


@pytest.mark.parametrize("name", ["kitti", "flyingchairs", "vkitti"])
def test_killed_at_any_moment_and_resumed_gives_the_same_files(stereo, tmp_path, name):
    straight = EXPORTERS[name](stereo, tmp_path / "straight", progress=False)
    total, out, killed = _count(straight), tmp_path / "out", 0
    for share in (0.05, 0.4, 0.8):
        process = _started(name, stereo, out)
        while process.is_alive() and _count(tmp_path / "out.partial") < share * total:
            time.sleep(0.001)
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        if out.exists():
            break
    assert killed
    if not out.exists():
        EXPORTERS[name](stereo, out, progress=False)
    assert tiny_world.contents(out) == tiny_world.contents(straight)
    assert not (tmp_path / "out.partial").exists()


def test_a_disk_that_refuses_is_a_sentence_and_the_export_continues(stereo, tmp_path):
    process = _started("sintel", stereo, tmp_path / "out", 1500)
    process.join()
    assert process.exitcode == 7
    assert "free some space or choose another folder" in (tmp_path / "out.said").read_text()
    assert not (tmp_path / "out").exists()
    assert not list((tmp_path / "out.partial").rglob("*.tmp-*")), "half a file was left behind"
    whole = EXPORTERS["sintel"](stereo, tmp_path / "straight", progress=False)
    EXPORTERS["sintel"](stereo, tmp_path / "out", progress=False)
    assert tiny_world.contents(tmp_path / "out") == tiny_world.contents(whole)


def test_a_second_export_to_the_same_folder_is_refused(stereo, tmp_path):
    with exporting(stereo, tmp_path / "out", "numpy", progress=False) as job:
        job.write("kept", b"1")
        with (
            pytest.raises(UserError, match="another export is writing to"),
            exporting(stereo, tmp_path / "out", "numpy", progress=False),
        ):
            pass
    assert (tmp_path / "out/kept").read_bytes() == b"1"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kept"]


def test_disks_without_hard_links_get_copies(stereo, tmp_path, monkeypatch):
    linked = EXPORTERS["sintel"](stereo, tmp_path / "linked", progress=False)

    def refuses(*names):
        raise OSError(errno.EPERM, "no links here", *names)

    monkeypatch.setattr(target.os, "link", refuses)
    copied = EXPORTERS["sintel"](stereo, tmp_path / "copied", progress=False)
    assert tiny_world.contents(linked) == tiny_world.contents(copied)
    place = "training/{}/scene_000000/frame_0001.png"
    assert (linked / place.format("clean")).samefile(linked / place.format("final"))
    assert not (copied / place.format("clean")).samefile(copied / place.format("final"))


# Refusals


def test_unusable_folders_are_sentences(root, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    with pytest.raises(UserError, match="not an empty folder"):
        EXPORTERS["numpy"](root, tmp_path / "full", progress=False)
    with pytest.raises(UserError, match="cannot write to"):
        EXPORTERS["numpy"](root, tmp_path / "full" / "file" / "deeper", progress=False)
    with pytest.raises(UserError, match="holds no data set"):
        EXPORTERS["numpy"](tmp_path, tmp_path / "out", progress=False)
    with pytest.raises(UserError, match="unknown export format 'nunpy': did you mean 'numpy'"):
        EXPORTERS["nunpy"]


def test_labels_that_are_missing_or_have_no_place_are_sentences(tmp_path, stereo):
    tiny_world.make(tmp_path / "depths", scenes=1, labels=("depth", "valid"))
    with pytest.raises(UserError, match=r"was made without rgb, flow_forward.*generate --labels rgb depth flow_forward valid"):
        EXPORTERS["flyingchairs"](tmp_path / "depths", tmp_path / "out", progress=False)
    tiny_world.make(tmp_path / "skies", scenes=1, frames=1, width=9, height=7, labels=("rgb", "flow_forward"))
    for name in ("kitti", "sintel", "flyingthings", "vkitti"):
        with pytest.raises(UserError, match=r"was made without valid, which the export as"):
            EXPORTERS[name](tmp_path / "skies", tmp_path / "out", progress=False)
    with pytest.raises(UserError, match="was made without disparity"):
        EXPORTERS["numpy"](tmp_path / "depths", tmp_path / "out", labels=("disparity",), progress=False)
    with pytest.raises(UserError, match="the kitti format has no place for normal: it holds rgb, depth"):
        EXPORTERS["kitti"](stereo, tmp_path / "out", labels=("normal",), progress=False)
    with pytest.raises(UserError, match="unknown label colour"):
        EXPORTERS["kitti"](stereo, tmp_path / "out", labels=("colour",), progress=False)
    assert not list(tmp_path.glob("out*")), "a refused export left something behind"


def test_the_partial_folder_of_another_export_is_refused(root, tmp_path):
    partial = tmp_path / "out.partial"
    partial.mkdir()
    (partial / ".source").write_text("another data set")
    with pytest.raises(UserError, match="left over from exporting another"):
        EXPORTERS["numpy"](root, tmp_path / "out", progress=False)
    (partial / ".source").unlink()
    (partial / "mine.txt").write_text("precious")
    with pytest.raises(UserError, match="is not ours to write to"):
        EXPORTERS["numpy"](root, tmp_path / "out", progress=False)
    assert (partial / "mine.txt").read_text() == "precious"


@pytest.mark.parametrize("name", ["kitti", "sintel", "flyingthings", "vkitti"])
def test_lenses_that_a_format_cannot_describe_are_refused(stereo, tmp_path, name, monkeypatch):
    monkeypatch.setattr("scenes.camera.Camera.is_pinhole", False)
    with pytest.raises(UserError, match=f"the {name} format knows only pinhole cameras"):
        EXPORTERS[name](stereo, tmp_path / "out", progress=False)
    assert not list(tmp_path.iterdir()), "a refused export left something behind"


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", ""])
def test_no_name_leads_out_of_the_export(stereo, tmp_path, name):
    with (
        pytest.raises(ValueError, match="does not name a file inside"),
        exporting(stereo, tmp_path / "out", "numpy", progress=False) as job,
    ):
        job.write(name, b"")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("scene", ["../../etc", 1.5, None, "0"])
def test_a_manifest_with_strange_scene_numbers_is_refused(stereo, tmp_path, scene):
    data = tmp_path / "data"
    shutil.copytree(stereo, data)
    document = json.loads((data / "manifest.json").read_text())
    document["shards"][0]["scene"] = scene
    (data / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(UserError, match="damaged"):
        EXPORTERS["numpy"](data, tmp_path / "out", progress=False)
