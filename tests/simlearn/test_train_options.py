"""`simlearn train` with the loop's options, from the command line as a user starts it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenes.errors import UserError
from simlearn import online
from simlearn.train import train
from training.budget import Budget
from training.checkpoint import load_dense


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for i in range(8):
        noise = np.random.default_rng(i).integers(0, 255, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{i}.png")
    return folder


def simlearn(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simlearn.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"})


def test_two_devices_write_one_run_and_say_so_once(pictures, tmp_path):
    out = tmp_path / "run"
    options = ["--width", "4", "--budget", "samples=32", "--batch-size", "8", "--devices", "2", "--ema", "0.9", "--tensorboard"]
    done = simlearn("train", "--pretext", "rotation", "--data", pictures, "--out", out, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("32 samples in") == 1
    facts = json.loads((out / "run.json").read_text())
    assert (facts["samples"], facts["config"]["devices"], facts["config"]["ema"]) == (32, 2, 0.9)
    assert facts["peak_memory_mb"] > 50
    assert {"backbone.safetensors", "model.safetensors", "metrics.csv", "last.ckpt", "tensorboard"} <= {p.name for p in out.iterdir()}


def test_combinations_take_options_for_their_parts(pictures, tmp_path):
    train(
        pretext="rotation+inpainting:0.5",
        data=pictures,
        out=tmp_path / "run",
        budget=Budget(samples=8),
        width=4,
        options={"inpainting": {"crop": {"size": 32}}},
        loop={"batch_size": 4},
    )
    facts = json.loads((tmp_path / "run/run.json").read_text())
    assert facts["pretext"] == "rotation+inpainting:0.5"
    assert facts["pretext_config"]["options"]["inpainting"]["crop"]["size"] == 32
    with pytest.raises(UserError, match="'size' is no part of rotation"):
        train(pretext="rotation+jigsaw", data=pictures, out=tmp_path / "x", budget=Budget(samples=8), options={"size": 32})


def test_the_online_probe_is_named_and_its_rows_are_written(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(online, "nearest_pictures", lambda: lambda backbone: {"knn_best": float(backbone.width)})
    train(
        pretext="rotation",
        data=pictures,
        out=tmp_path / "run",
        budget=Budget(samples=32),
        width=4,
        probe="tiny_imagenet",
        loop={"batch_size": 4, "probe_every": 0.5},
    )
    rows = list(csv.DictReader((tmp_path / "run/probe.csv").open()))
    assert [(row["step"], row["knn_best"]) for row in rows] == [("4", "4.0"), ("8", "4.0")]
    with pytest.raises(UserError, match="known are tiny_imagenet"):
        train(pretext="rotation", data=pictures, out=tmp_path / "x", budget=Budget(samples=8), probe="imagenet")


@pytest.mark.realdata
def test_neighbours_of_a_random_network_on_real_pictures_beat_chance(pictures, tmp_path):
    train(
        pretext="rotation",
        data=pictures,
        out=tmp_path / "run",
        budget=Budget(samples=4),
        width=4,
        probe="tiny_imagenet",
        loop={"batch_size": 4, "probe_every": 1.0},
    )
    (row,) = csv.DictReader((tmp_path / "run/probe.csv").open())
    assert 6 < float(row["knn_best"]) < 40
    assert {"knn_layer1", "knn_layer4"} <= set(row)


def test_a_wrong_option_is_one_sentence(pictures, tmp_path):
    done = simlearn(
        "train", "--pretext", "rotation", "--data", pictures, "--out", tmp_path / "x", "--batch-size", "10", "--accumulate", "4"
    )
    assert done.returncode != 0
    assert "choose a multiple of 4" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dense_network_is_trained_by_its_task(tmp_path):
    options = ["--option", "size=tiny", "crop.size=32", "--batch-size", "4", "--out", tmp_path / "run", "--stream", "flying"]
    done = simlearn("train", "--task", "flow", *options, "--size", "64x48", "--budget", "samples=8")
    assert done.returncode == 0, done.stderr
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (about["task"], about["task_config"]["size"], about["samples"]) == ("flow", "tiny", 8)
    assert "backbone" not in about
    assert load_dense(tmp_path / "run").config.crop.size == 32


def test_one_thing_is_trained_at_a_time(pictures, tmp_path):
    for names in ({}, {"pretext": "rotation", "task": "flow"}):
        with pytest.raises(UserError, match="--pretext NAME or --task NAME"):
            train(**names, data=pictures, out=tmp_path / "run", budget=Budget(samples=8))
    with pytest.raises(UserError, match="holds no data set"):
        train(task="flow", data=pictures, out=tmp_path / "run", budget=Budget(samples=8))
