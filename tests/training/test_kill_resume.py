"""A training process that is killed outright, at a moment of its own choosing, and continued by another."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from toy_learner import Numbers, toy

from training.budget import Budget
from training.fit import FitConfig, fit

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
