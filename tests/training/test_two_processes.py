"""Two processes that share a batch must learn as one process with all of it, whatever the method."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_every_pretext import examples, learner_of
from two_processes import RANKS, AsTwo, config

from training.checkpoint import MODEL_FILE, load_tensors
from training.fit import fit
from training.pretexts import PRETEXTS

HERE = Path(__file__).parent
METHODS = [name for name in PRETEXTS if not name.startswith("toy")]


def launch(out: Path, *names: str) -> str:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(RANKS), "--master-port", "0", "--standalone"]
    places = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    done = subprocess.run(
        [*command, str(HERE / "two_processes.py"), str(out), *names],
        env={**os.environ, "PYTHONPATH": places, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("together")
    launch(out, *METHODS)
    return out


def curve(run: Path) -> list[float]:
    with (run / "metrics.csv").open() as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", METHODS)
def test_the_curve_and_the_weights_are_those_of_one_process(together: Path, tmp_path: Path, name: str) -> None:
    learner = learner_of(name)
    before = {key: value.clone() for key, value in learner.state_dict().items()}
    learner.augment = AsTwo(learner)  # type: ignore[method-assign]
    fit(learner, examples(name), config(), tmp_path)
    alone, shared = curve(tmp_path), curve(together / name)
    assert shared[0] == pytest.approx(alone[0], rel=1e-4), "before any step only rounding differs"
    assert shared == pytest.approx(alone, rel=1e-3)
    ours, theirs = (load_tensors(folder / MODEL_FILE)[0] for folder in (tmp_path, together / name))
    weights = [key for key, _ in learner.named_parameters()]
    change, difference = (torch.cat([(a[key] - b[key]).flatten() for key in weights]) for a, b in ((ours, before), (ours, theirs)))
    assert difference.norm() < 0.1 * change.norm()
