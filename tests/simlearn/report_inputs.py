"""A made-up folder of measurements for the report's tests: every number is invented."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from simlearn.results import Result, append

STAGES = ("layer1", "layer2", "layer3", "layer4")
LABELS = ("rgb", "depth", "normal", "instance", "valid")


def row(**changes: Any) -> Result:
    """A result with the given fields changed."""
    fields: dict[str, Any] = {
        "benchmark": "tiny_imagenet",
        "protocol": "linear probe on frozen features pooled to 2x2, top-1 on the validation images",
        "method": "random",
        "checkpoint": "",
        "backbone": "resnet18",
        "width": 32,
        "stage": "layer2",
        "metric": "top-1",
        "unit": "%",
        "value": 30.0,
        "higher_is_better": True,
        "n": 1000,
        "seed": 0,
        "samples_seen": 0,
        "train_seconds": 0.0,
        "commit": "0123456789ab",
        "data": {"name": "tiny_imagenet", "fingerprint": "5f2c09aa"},
        "config": {"pool": 2},
    }
    return Result(**{**fields, **changes})


def _classification(rng: np.random.Generator) -> list[Result]:
    curves = {"random": (29, 32, 27, 22), "game_engine": (31, 37, 33, 19), "rotation": (30, 34, 31, 22), "supervised": (31, 38, 43, 45)}
    rows = []
    for method, curve in curves.items():
        cost = {} if method == "random" else {"samples_seen": 100_000, "train_seconds": 412.0}
        for seed in range(3):
            measured = {stage: value + rng.normal(0, 0.7) for stage, value in zip(STAGES, curve, strict=True)}
            measured["best"] = max(measured.values())
            rows += [
                row(
                    method=method,
                    stage=stage,
                    value=float(value),
                    seed=seed,
                    checkpoint=f"runs/{method}_{seed}" if cost else "",
                    config={
                        "pool": 2,
                        "chosen": {"stage": max(curve_stages(measured), key=measured.__getitem__)} if stage == "best" else {},
                    },
                    **cost,
                )
                for stage, value in measured.items()
            ]
    return rows


def _depth(rng: np.random.Generator) -> list[Result]:
    protocol = "Garg crop, 0-80 m, per-image median scaling, ridge probe, leave one frame out"
    common: dict[str, Any] = {
        "benchmark": "kitti_depth",
        "protocol": protocol,
        "n": 6,
        "data": {"name": "kitti", "fingerprint": "c0ffee12"},
    }
    metrics = {"AbsRel": ("", False), "RMSE": ("m", False), "delta1": ("", True)}
    values = {
        "random": (0.31, 7.9, 0.49),
        "game_engine": (0.25, 6.8, 0.60),
        "supervised": (0.27, 7.1, 0.57),
        "constant": (0.42, 10.2, 0.32),
        "row_prior": (0.28, 7.0, 0.53),
    }
    rows = []
    for method, means in values.items():
        baseline = method in ("constant", "row_prior")
        for seed in range(1 if baseline else 3):
            for (metric, (unit, higher)), mean in zip(metrics.items(), means, strict=True):
                value = mean * (1 + rng.normal(0, 0.015))
                rows.append(
                    row(
                        method=method,
                        metric=metric,
                        unit=unit,
                        higher_is_better=higher,
                        value=float(value),
                        seed=seed,
                        stage="" if baseline else "best",
                        backbone="" if baseline else "resnet18",
                        width=0 if baseline else 32,
                        **common,
                    )
                )
    return rows


def _rendered() -> list[Result]:
    common: dict[str, Any] = {
        "benchmark": "rendered",
        "protocol": "unseen rendered rooms, ridge probe of normals",
        "metric": "mean angle",
        "unit": "deg",
        "higher_is_better": False,
        "n": 64,
        "data": {"name": "heldout", "fingerprint": "ab12cd34"},
    }
    return [row(method="random", value=31.2, **common), row(method="game_engine", value=19.7, samples_seen=100_000, **common)]


def curve_stages(measured: Mapping[str, float]) -> list[str]:
    return [stage for stage in measured if stage != "best"]


def invented_rows() -> list[Result]:
    rng = np.random.default_rng(7)
    return [*_classification(rng), *_depth(rng), *_rendered()]


def write_run(folder: Path, *, pretext: str, seed: int, steps: int = 200) -> None:
    """A training run: run.json and metrics.csv with a loss of three parts."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    config = {"budget": {"samples": steps * 64, "minutes": None}, "batch_size": 64, "lr": 0.001, "seed": seed}
    facts = {"pretext": pretext, "backbone": "resnet18", "width": 32, "data": {"path": "train", "family": "tiny"}, "samples": steps * 64}
    (folder / "run.json").write_text(json.dumps({**facts, "seconds": 412.0, "config": config}))
    with (folder / "metrics.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", "samples", "loss", "normal", "depth", "contour", "lr"])
        for step in range(steps):
            parts = [scale * (0.3 + np.exp(-step / 40)) + rng.normal(0, 0.03) for scale in (0.6, 0.9, 0.3)]
            writer.writerow([step, step * 64, *(f"{x:.5f}" for x in (sum(parts), *parts)), 1e-3])


def write_pictures(folder: Path, benchmark: str, methods: Mapping[str, int], items: int = 2) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for method, shade in methods.items():
        for i in range(items):
            v, u = np.mgrid[:96, :384]
            pixels = np.stack([u * 255 // 384, v * 255 // 96, np.full_like(u, shade)], axis=-1).astype(np.uint8)
            title = PngInfo()
            title.add_text("Title", f"frame {i}: image, truth, prediction")
            Image.fromarray(pixels).save(folder / f"{benchmark}__{method}__seed0__{i}.png", pnginfo=title)


def write_inputs(root: Path) -> Path:
    """A complete folder, without rendered data sets."""
    append(root / "results.jsonl", invented_rows())
    for seed in range(2):
        write_run(root / "runs" / f"game_engine_{seed}", pretext="game_engine", seed=seed)
    write_pictures(root / "pictures", "kitti_depth", {"random": 60, "game_engine": 160})
    return root
