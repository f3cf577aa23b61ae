"""The Ray engine on a real cluster of this machine: the bytes of the local engine, whoever dies meanwhile."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import ray
import tiny_world
from ray_tasks import broken, deadly, importing, one, quick, slow
from test_generate import finished, living, wait_until

import simlearn.generate
from renderers.renderer import RENDERERS
from scenes.errors import UserError
from simlearn import provenance, ray_engine
from simlearn.ray_engine import run_tasks
from simlearn.workers import WorkerError

SCENES = 4


class Mortal(tiny_world.TinyRenderer):
    """Kills its process once, after the first frame of a scene, when the file MORTAL_TRIGGER is there."""

    def render(self, time, labels=tiny_world.DEFAULT_LABELS):
        trigger = Path(os.environ["MORTAL_TRIGGER"])
        if time == 1 and trigger.exists():
            trigger.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().render(time, labels)


@pytest.fixture(scope="module")
def trigger(tmp_path_factory):
    """Path that Mortal looks at in the workers of `cluster`."""
    return tmp_path_factory.mktemp("mortal") / "trigger"


@pytest.fixture(scope="module")
def cluster(trigger):
    """A connection of this process to a cluster with two CPUs; yields its address."""
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", MORTAL_TRIGGER=str(trigger))
    ray.init(address="local", num_cpus=2, log_to_driver=False, logging_level=logging.ERROR, **ray_engine.LOCAL)
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


def generate(out, **overrides):
    tiny_world.register()
    if "mortal" not in RENDERERS:
        RENDERERS.add("mortal", "test_ray_engine:Mortal")
    chosen = {"family": "tiny", "renderer": "tiny", "scenes": SCENES, "frames": 3, "width": 48, "height": 36, "seed": 5, "workers": 2}
    return simlearn.generate.generate(simlearn.generate.GenerateConfig(out=out, **(chosen | {"engine": "ray"} | overrides)), progress=False)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """What the local engine makes."""
    out = tmp_path_factory.mktemp("reference") / "data"
    generate(out, engine="local", workers=1)
    return tiny_world.contents(out)


@pytest.mark.usefixtures("cluster")
def test_a_worker_killed_amid_a_scene_costs_no_byte(tmp_path, capfd, reference, trigger):
    trigger.touch()
    generate(tmp_path / "ray", renderer="mortal")
    assert not trigger.exists(), "nobody was killed"
    assert "which is done again" in capfd.readouterr().err
    found = tiny_world.contents(tmp_path / "ray")
    assert found.pop("manifest.json") != reference["manifest.json"]  # it names the renderer
    assert found == {name: content for name, content in reference.items() if name != "manifest.json"}


@pytest.mark.usefixtures("cluster")
def test_ray_gives_the_data_set_of_the_local_engine(tmp_path, monkeypatch, reference):
    monkeypatch.chdir(tmp_path)
    generate("ray")  # a relative folder is that of the driver
    assert tiny_world.contents(tmp_path / "ray") == reference


@pytest.mark.usefixtures("cluster")
def test_workers_have_one_thread_each_and_results_come_all():
    found = list(run_tasks(quick, [0, 1, 2, 4, 5, 6, 7], 2))
    assert found == [dict.fromkeys(ray_engine.SINGLE_THREADED, "1") | {"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES")}] * 7


@pytest.mark.usefixtures("cluster")
def test_only_a_window_of_the_tasks_is_submitted():
    taken = []

    def tasks():
        for number in range(20):
            taken.append(number)
            yield number

    results = run_tasks(one, tasks(), 2)
    assert [next(results) for _ in range(3)]
    assert len(taken) <= 3 + 2
    results.close()


@pytest.mark.usefixtures("cluster")
def test_errors_arrive_as_in_the_local_engine():
    with pytest.raises(UserError, match="three is refused: choose another"):
        list(run_tasks(quick, [3], 2))
    with pytest.raises(WorkerError, match=r"(?s)0 failed in a worker.*ray_tasks\.py.*ZeroDivisionError"):
        list(run_tasks(broken, [1, 0], 2))
    with pytest.raises(UserError, match=r"plugin_that_is_only_on_the_laptop.*docs/scaling\.md"):
        list(run_tasks(importing, [0], 1))


@pytest.mark.usefixtures("cluster")
def test_a_task_that_kills_every_worker_is_named(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(ray_engine, "ATTEMPTS", 2)
    with pytest.raises(UserError, match=r"workers died 2 times at .*2\) .*WorkerCrashedError.*--resume, with fewer workers"):
        list(run_tasks(deadly, [(tmp_path, 2)], 2))
    assert (tmp_path / "attempts").read_text() == "xx"
    assert capfd.readouterr().err.count("is done again") == 1


@pytest.mark.usefixtures("cluster")
def test_closing_early_ends_the_tasks(tmp_path):
    results = run_tasks(slow, [(tmp_path, number) for number in range(4)], 2)
    assert next(results) == 0
    wait_until(lambda: len(list(tmp_path.glob("*.begun"))) >= 3, limit_s=60)
    results.close()
    wait_until(lambda: not any(alive(int(path.read_text())) for path in tmp_path.glob("[12].begun")), limit_s=20)
    assert not (tmp_path / "3.begun").exists()
    assert list(run_tasks(one, [7], 1)) == [7]


def alive(pid):
    """Whether a process does something: neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.usefixtures("cluster")
def test_machines_with_other_packages_are_named(monkeypatch):
    monkeypatch.setattr(provenance, "versions", lambda: {"python": "3", "numpy": "1.0"})
    with pytest.raises(UserError, match=r"has h5py .* the machine that generates not.*install the same versions"):
        list(run_tasks(one, [1], 1))


PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import tiny_world
if __name__ == "__main__":
    tiny_world.make(sys.argv[1], scenes={SCENES}, workers=2, engine="ray", address=sys.argv[2], resume=True)
"""


def start(tmp_path, out, address, delay_s):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "TINY_DELAY_S": str(delay_s), "TMPDIR": str(tmp_path)}
    arguments = [sys.executable, str(program), str(out), address]
    return subprocess.Popen(arguments, env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for left-over processes in /proc")
def test_a_cluster_that_is_connected_to_is_left_running_and_one_that_is_started_is_not(tmp_path, cluster, reference):
    """The first program is interrupted, with a cluster of its own; the second finishes its data set on ours."""
    out, folder = tmp_path / "data", Path(tempfile.mkdtemp(prefix="t-"))  # a short path: Ray makes sockets there
    process = start(folder, out, "", delay_s=0.3)
    wait_until(lambda: finished(out) >= 1, limit_s=120)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert f"of {SCENES} scenes are finished in {out}: go on with --resume" in said
    assert said.count("Traceback") == 1, said
    wait_until(lambda: not living(process.pid), limit_s=20)
    assert [path.name for path in folder.iterdir()] == ["program.py"], "Ray's files are left"
    assert not list(out.rglob("*.tmp-*"))
    process = start(folder, out, cluster, delay_s=0)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert tiny_world.contents(out) == reference
    assert list(run_tasks(one, [7], 1, cluster)) == [7]
    shutil.rmtree(folder)
