"""A training process that is killed outright, at a moment of its own choosing, and continued by another."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
from toy_learner import Numbers, toy

from training.budget import Budget
from training.fit import FitConfig, fit
from training.runs import Metrics, Table

HERE = Path(__file__).parent


def train(out: Path) -> None:
    config = FitConfig(budget=Budget(samples=8 * 200), batch_size=8, lr=1e-2, log_every=7, checkpoint_seconds=0, progress=False)
    fit(toy(), Numbers(), config, out)


def kill_while_training(out: Path, pause: float) -> None:
    program = (
        f"import sys; sys.path[:0] = {[str(HERE), str(HERE.parents[1])]!r}; import torch, pathlib, {Path(__file__).stem} as test; "
        f"torch.set_num_threads(1); test.train(pathlib.Path({str(out)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    deadline = time.monotonic() + 120
    while not (out / "last.ckpt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(pause)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_killed_at_a_random_moment_and_continued_gives_the_same_bytes(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    kill_while_training(parts, pause=random.Random().uniform(0.01, 0.25))
    assert (parts / "last.ckpt").exists()
    assert not (parts / "model.safetensors").exists(), "it was killed too late to show anything"
    train(parts)
    train(whole)
    for name in ("model.safetensors", "metrics.csv"):
        assert (whole / name).read_bytes() == (parts / name).read_bytes(), name


def test_rows_written_after_the_first_checkpoint_are_dropped_with_their_header(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"

    def steps_4_to_7(metrics: Metrics) -> list[str]:
        for step in range(4, 8):
            metrics.add({"loss": torch.tensor(1.0)})
            metrics.step(step, lr=0.1)
        return path.read_text().splitlines()

    killed, continued = (Metrics(Table(path), interval=7, batch_size=8) for _ in range(2))
    first = steps_4_to_7(killed)
    continued.restore({"sums": {}, "count": 0}, 3)  # from a checkpoint older than the only row
    assert steps_4_to_7(continued) == first == ["step,samples,lr,loss", "7,56,0.1,1.0"]
