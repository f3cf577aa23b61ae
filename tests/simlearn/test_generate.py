"""Generating: the same bytes however the work was cut up, killed and resumed; and sentences for what a user can mend."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny_world

from scenes.errors import UserError
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.generate import GenerateConfig, generate
from simlearn.manifest import Manifest
from simlearn.progress import FrameProgress
from simlearn.shards import ShardReader
from simlearn.verify import verify
from simlearn.workers import WorkerError

SCENES, FRAMES = 6, 4
PROGRAM = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import tiny_world
if __name__ == "__main__":
    tiny_world.make(Path(sys.argv[1]), scenes={SCENES}, frames={FRAMES}, workers=2, resume=True)
"""


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Bytes of all files of an undisturbed run."""
    out = tmp_path_factory.mktemp("reference") / "data"
    tiny_world.make(out, scenes=SCENES, frames=FRAMES)
    return tiny_world.contents(out)


def start(tmp_path, out, delay_s):
    """A generating process in a session of its own, so that what it leaves behind can be found."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "TINY_DELAY_S": str(delay_s)}
    arguments = [sys.executable, str(program), str(out)]
    return subprocess.Popen(arguments, env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True)


def living(session):
    """Processes of a session that are not zombies."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[3]) == session:
            found.append(int(stat.parent.name))
    return found


def wait_until(condition, limit_s=30.0):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def finished(out):
    """Scenes in the journal."""
    journal = out / "journal.jsonl"
    return journal.read_text().count("}") if journal.exists() else 0


def test_worker_count_does_not_change_a_byte(tmp_path, reference):
    tiny_world.make(tmp_path / "data", scenes=SCENES, frames=FRAMES, workers=3)
    assert tiny_world.contents(tmp_path / "data") == reference


def test_a_scene_does_not_depend_on_how_many_follow(tmp_path, reference):
    tiny_world.make(tmp_path / "data", scenes=2, frames=FRAMES)
    name = "shards/scene_000001.h5"
    assert (tmp_path / "data" / name).read_bytes() == reference[name]


def test_another_seed_gives_other_worlds(tmp_path, reference):
    tiny_world.make(tmp_path / "data", scenes=1, frames=FRAMES, seed=6)
    assert tiny_world.contents(tmp_path / "data")["shards/scene_000000.h5"] != reference["shards/scene_000000.h5"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for left-over processes in /proc")
def test_killed_again_and_again_then_resumed_is_byte_identical(tmp_path, reference):
    out = tmp_path / "data"
    for scenes_before_kill, extra_s in ((0, 0.05), (2, 0.07), (4, 0.11)):
        process = start(tmp_path, out, delay_s=0.05)
        wait_until(lambda: finished(out) >= scenes_before_kill and (out / "manifest.json").exists())  # noqa: B023
        time.sleep(extra_s)
        process.kill()
        process.communicate()
        wait_until(lambda: not living(process.pid))  # noqa: B023
        with pytest.raises(UserError, match=r"not complete.*--resume"):
            SyntheticDataset(out)
    summary = tiny_world.make(out, scenes=SCENES, frames=FRAMES, resume=True)
    assert summary.rendered < SCENES * FRAMES, "finished scenes were rendered again"
    assert tiny_world.contents(out) == reference


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for left-over processes in /proc")
def test_interrupt_says_how_to_go_on_and_leaves_nothing_behind(tmp_path, reference):
    out = tmp_path / "data"
    process = start(tmp_path, out, delay_s=0.05)
    wait_until(lambda: finished(out) >= 1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    _, said = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert f"of {SCENES} scenes are finished in {out}: go on with --resume" in said
    assert said.count("Traceback") == 1, "a worker wrote a traceback of its own"
    wait_until(lambda: not living(process.pid), limit_s=10)
    assert not list(out.rglob("*.tmp-*"))
    tiny_world.make(out, scenes=SCENES, frames=FRAMES, resume=True)
    assert tiny_world.contents(out) == reference


def test_a_dying_worker_is_named_and_its_scene_redone(tmp_path, monkeypatch, reference):
    out = tmp_path / "data"
    monkeypatch.setenv("TINY_DIE", "3")
    with pytest.raises(UserError, match=r"worker process died \(killed by SIGKILL.*scene 3 of .*--resume"):
        tiny_world.make(out, scenes=SCENES, frames=FRAMES, workers=2)
    monkeypatch.delenv("TINY_DIE")
    tiny_world.make(out, scenes=SCENES, frames=FRAMES, workers=2, resume=True)
    assert tiny_world.contents(out) == reference


def test_a_bug_in_a_worker_keeps_its_traceback(tmp_path, monkeypatch):
    monkeypatch.setenv("TINY_FAIL", "0")
    with pytest.raises(WorkerError, match=r"(?s)scene 0 of .*tiny_world\.py.*broken on purpose"):
        tiny_world.make(tmp_path / "data", scenes=1)


def test_a_torn_journal_line_costs_one_scene(tmp_path, reference):
    out = tmp_path / "data"
    tiny_world.make(out, scenes=SCENES, frames=FRAMES)
    document = json.loads((out / "manifest.json").read_text())
    lines = [json.dumps(record) for record in document["shards"]]
    (out / "journal.jsonl").write_text("\n".join([*lines[:3], lines[3][:40]]))
    (out / "manifest.json").write_text(json.dumps(document | {"complete": False, "shards": []}))
    (out / document["shards"][1]["name"]).write_bytes(b"cut off")  # recorded, but not what the record says
    summary = tiny_world.make(out, scenes=SCENES, frames=FRAMES, resume=True)
    assert summary.rendered == (SCENES - 2) * FRAMES
    assert tiny_world.contents(out) == reference


def test_killed_before_there_was_a_manifest(tmp_path):
    (tmp_path / ".manifest.json.tmp-99").write_text('{"format": "siml')
    tiny_world.make(tmp_path, scenes=1)
    assert sorted(tiny_world.contents(tmp_path)) == ["manifest.json", "shards/scene_000000.h5"]


def test_resuming_a_complete_data_set_renders_nothing(tmp_path):
    tiny_world.make(tmp_path / "data", scenes=1)
    before = tiny_world.contents(tmp_path / "data")
    assert tiny_world.make(tmp_path / "data", scenes=1, resume=True).rendered == 0
    assert tiny_world.contents(tmp_path / "data") == before


def test_a_truncated_shard_is_refused_at_once_and_rendered_anew(tmp_path, reference):
    out = tmp_path / "data"
    tiny_world.make(out, scenes=SCENES, frames=FRAMES)
    os.truncate(out / "shards/scene_000002.h5", 1000)
    (out / "shards/scene_000004.h5").unlink()
    with pytest.raises(UserError, match=r"2 of 6 shards .*scene_000002.*--resume"):
        SyntheticDataset(out)
    assert tiny_world.make(out, scenes=SCENES, frames=FRAMES, resume=True).rendered == 2 * FRAMES
    assert tiny_world.contents(out) == reference


def test_resume_with_another_setting_names_it(tmp_path):
    tiny_world.make(tmp_path / "data", scenes=1)
    with pytest.raises(UserError, match="begun with seed 5, not 6"):
        tiny_world.make(tmp_path / "data", scenes=1, resume=True, seed=6)
    with pytest.raises(UserError, match="begun with settings"):
        tiny_world.make(tmp_path / "data", scenes=1, resume=True, settings={"balls": "2"})


def test_folders_in_use_are_refused(tmp_path):
    data, other = tmp_path / "data", tmp_path / "other"
    tiny_world.make(data, scenes=1)
    before = tiny_world.contents(data)
    with pytest.raises(UserError, match="already holds a data set: choose another"):
        tiny_world.make(data, scenes=1)
    assert tiny_world.contents(data) == before
    other.mkdir()
    (other / "thesis.tex").write_text("irreplaceable")
    for resume in (False, True):
        with pytest.raises(UserError, match="not empty and holds no data set"):
            tiny_world.make(other, resume=resume)
    with pytest.raises(UserError, match="cannot write to"):
        tiny_world.make(other / "thesis.tex" / "data")


def test_a_second_generator_is_refused(tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        with pytest.raises(UserError, match="another process is generating"):
            tiny_world.make(tmp_path)
    finally:
        os.close(folder)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"family": "romms"}, "unknown scene family 'romms'.*known are"),
        ({"renderer": "rastr"}, "unknown renderer 'rastr': did you mean 'raster'"),
        ({"scenes": 0}, "scenes must be at least 1"),
        ({"frames": 0}, "frames must be at least 1"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"width": 0}, "0x240 pixels is empty"),
        ({"seed": -1}, "seed must not be negative"),
        ({"labels": ("rgb", "dept")}, "unknown label dept"),
        ({"settings": {"bals": "3"}}, "no setting bals"),
    ],
)
def test_wrong_settings_are_sentences(tmp_path, wrong, sentence):
    tiny_world.register()
    with pytest.raises(UserError, match=sentence):
        GenerateConfig(**({"family": "tiny", "out": tmp_path / "data"} | wrong))
    assert not (tmp_path / "data").exists()


def test_settings_reach_the_worlds_and_the_manifest(tmp_path):
    tiny_world.make(tmp_path, scenes=1, settings={"balls": "1", "floor_m": "2.5"}, labels=("depth",))
    with ShardReader(tmp_path / "shards" / "scene_000000.h5") as reader:
        scene = reader.scene()
        assert reader.labels == ("depth",)
    assert [i.name for i in scene.instances] == ["floor", "ball0"]
    assert dict(scene.instances[0].shape.parameters) == {"half": 2.5}
    config = Manifest.load(tmp_path).config
    assert config["settings"] == {"balls": "1", "floor_m": "2.5"}
    assert config["family_config"]["floor_m"] == "Uniform(low=2.5, high=2.5)"


def test_progress_off_a_terminal_is_plain_lines(capsys):
    with FrameProgress("generate", 40, done=10) as bar:
        bar.advance(10, 3_000_000)
        assert bar.rendered == 10
        assert "20/40 frames" in bar.status()
        assert "3.0 MB" in bar.status()
        assert "left" in bar.status()
        bar.advance(20, 1_000_000)
    said = capsys.readouterr().err
    assert said.startswith("generate: 40/40 frames")
    assert said.count("\n") == 1
    assert "\x1b" not in said


def test_rooms_are_byte_identical_for_any_worker_count_and_verify(tmp_path):
    """The whole way with the real family and renderer."""
    for name, workers in (("one", 1), ("two", 2)):
        config = GenerateConfig(family="rooms", out=tmp_path / name, scenes=3, frames=2, width=64, height=48, seed=0, workers=workers)
        generate(config, progress=False)
    assert tiny_world.contents(tmp_path / "one") == tiny_world.contents(tmp_path / "two")
    assert verify(tmp_path / "one", progress=False) == []
