"""Generating while everything goes wrong: fifty kills, a full disk, two generators at one folder."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny_world
from test_generate import living, wait_until

from scenes.errors import UserError
from simlearn.engines import ENGINES
from simlearn.manifest import Manifest

KILLS = 50
SIZE = {"scenes": 120, "frames": 2, "width": 24, "height": 18}
# A process that has imported everything forks one generator for each line it reads, so that kills do not all hit imports. Its workers are
# forked too, unless SIMLEARN_KILLS=spawn asks for the real thing, which takes minutes.
PROGRAM = f"""
import multiprocessing, os, sys, tempfile, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_generate_kills, tiny_world
import simlearn.workers

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        test_generate_kills.make(Path(folder) / "first", **{SIZE | {"scenes": 1}})
        started = time.monotonic()
        test_generate_kills.make(Path(folder) / "second", **{SIZE | {"scenes": 5}})
    print((time.monotonic() - started) / 5, flush=True)
    if os.environ.get("SIMLEARN_KILLS") != "spawn":
        fork = multiprocessing.get_context("fork")
        simlearn.workers.multiprocessing.get_context = lambda method: fork
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setsid()
            print(os.getpid(), flush=True)
            tiny_world.make(Path(sys.argv[1]), workers=2, resume=True, **{SIZE})
            os._exit(0)
        os.waitpid(child, 0)
        print("ended", flush=True)
"""


def here(function, tasks, workers, address):  # noqa: ARG001
    """An engine without processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOSC_NTHREADS", "1")  # as in workers: Blosc writes it into what it packs
        for task in tasks:
            yield function(task)


def make(out, **overrides):
    if "inline" not in ENGINES:
        ENGINES.add("inline", "test_generate_kills:here")
    return tiny_world.make(out, **({"engine": "inline"} | overrides))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for left-over processes in /proc")
def test_fifty_kills_at_random_moments_then_resume(tmp_path):
    out, program, choice = tmp_path / "data", tmp_path / "program.py", random.Random(20)
    program.write_text(PROGRAM)
    unfinished, spawned = 0, os.environ.get("SIMLEARN_KILLS") == "spawn"
    environment = {**os.environ, "TINY_DELAY_S": "2"} if spawned else None  # a run gets some seconds after its imports
    command = [sys.executable, str(program), str(out)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as forker:
        scene_s = float(forker.stdout.readline())
        longest_s = 25.0 if spawned else 6 * scene_s
        for _ in range(KILLS):
            print("generate", file=forker.stdin, flush=True)
            generator = int(forker.stdout.readline())
            time.sleep(choice.uniform(0, longest_s))
            with contextlib.suppress(ProcessLookupError):  # it may have finished
                if choice.random() < 0.5:
                    os.killpg(generator, signal.SIGKILL)  # the workers too, as when the power fails
                else:
                    os.kill(generator, signal.SIGKILL)
            assert forker.stdout.readline() == "ended\n"
            wait_until(lambda: not living(generator))  # noqa: B023
            if (out / "manifest.json").exists():
                unfinished += not Manifest.load(out).complete
        forker.stdin.close()
    print(f"{unfinished} of {KILLS} kills hit an unfinished data set")
    assert unfinished >= KILLS // 2, f"only {unfinished} kills hit an unfinished data set"
    done = len(Manifest.load(out).shards)
    assert 0 < done < SIZE["scenes"]
    assert make(out, resume=True, **SIZE).rendered <= (SIZE["scenes"] - done) * SIZE["frames"]
    make(tmp_path / "reference", **SIZE)
    assert tiny_world.contents(out) == tiny_world.contents(tmp_path / "reference")


@pytest.fixture
def small_disk(tmp_path):
    """(folder on a file system of its own, function that sets its size in KB)."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system")
    try:
        yield folder, lambda size: subprocess.run(["mount", "-o", f"remount,size={size}k", str(folder)], check=True)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_a_sentence_and_resume_goes_on_when_there_is_space(tmp_path, small_disk):
    """Sizes in steps of a page, so that shards, the journal and the manifest all are what does not fit."""
    folder, resize = small_disk
    make(tmp_path / "reference", scenes=4)
    whole = tiny_world.contents(tmp_path / "reference")
    taken = {name: -(-len(content) // 4096) * 4 for name, content in whole.items()}
    needed, first = sum(taken.values()), 4 + taken["shards/scene_000000.h5"]  # KB, and those of a new manifest and one shard
    refused = set()
    for round_, size in enumerate([8, 16, first - 4, first, first + 4, needed - 16, *range(needed - 8, needed + 8, 4)]):
        out = folder / f"data{round_}"
        resize(size)
        try:
            make(out, scenes=4, resume=True)
        except UserError as error:
            said = str(error)
            refused.add(said.split(" (")[0].rpartition("/")[2])
            if "No space left on device): free some space" not in said or "--resume" not in said:
                pytest.fail(said)
        assert not list(out.rglob("*.tmp-*"))
        resize(4 * needed)
        make(out, scenes=4, resume=True)
        assert tiny_world.contents(out) == whole
        subprocess.run(["rm", "-r", str(out)], check=True)
    assert {"manifest.json", "journal.jsonl", "scene_000000.h5"} <= refused


def test_the_second_of_two_generators_is_refused(tmp_path):
    out, program = tmp_path / "data", tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), str(out)]
    environment = {**os.environ, "TINY_DELAY_S": "0.2"}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        first.stdout.readline()
        print("generate", file=first.stdin, flush=True)
        generator = int(first.stdout.readline())
        wait_until(lambda: (out / "journal.jsonl").exists(), limit_s=60)
        for resume in (False, True):
            with pytest.raises(UserError, match=r"another process is generating into .*data: wait for it, or choose another folder"):
                make(out, resume=resume, **SIZE)
        os.killpg(generator, signal.SIGKILL)
        assert first.stdout.readline() == "ended\n"
        first.stdin.close()
    make(out, resume=True, **SIZE)
    assert Manifest.load(out).complete
