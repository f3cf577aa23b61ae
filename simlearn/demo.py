"""The whole way at small size: worlds, labels, features, real images, report."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from simlearn.compare import compare
from simlearn.datasets.root import data_root
from simlearn.generate import GenerateConfig, generate
from simlearn.report import write_report
from simlearn.tables import print_summary
from training.budget import Budget

FAMILY, FRAMES, WIDTH, HEIGHT = "rooms", 4, 128, 96
TRAIN_SCENES, HELDOUT_SCENES = 300, 24
HELDOUT_SEED_STEP = 1_000_003
"""Added to the seed for the worlds that are never trained on."""
BUDGET = Budget(samples=40_000)

NOTHING_REAL = (
    "No real data was found, so nothing real was measured: these numbers are about rendered worlds that were never trained on. "
    "Put data sets in their official layouts under one folder, set SIMLEARN_DATA to it, and run again (`simlearn info` lists them)."
)


def demo(out: Path, *, seed: int = 0, workers: int = 1) -> Path:
    """Run the demonstration into `out` and return the report's path; run again, it continues where it stopped.

    Renders labelled rooms, trains `game_engine` on their labels, measures it beside random weights and a supervised reference on rooms it
    never saw and on whatever real data is found, and writes the report.
    """
    started = time.monotonic()
    real = data_root()
    _say(f"worlds: {TRAIN_SCENES} rooms to train on and {HELDOUT_SCENES} to judge by, {FRAMES} frames each, {WIDTH}x{HEIGHT}")
    for name, scenes, data_seed in (("train", TRAIN_SCENES, seed), ("heldout", HELDOUT_SCENES, seed + HELDOUT_SEED_STEP)):
        config = GenerateConfig(
            family=FAMILY,
            out=out / name,
            scenes=scenes,
            frames=FRAMES,
            width=WIDTH,
            height=HEIGHT,
            seed=data_seed,
            workers=workers,
            resume=True,
        )
        generate(config)
    _say(
        f"features: game_engine learns normals, depth and contours from {BUDGET.samples} crops; then everything is measured on real images"
    )
    if real is None:
        _say(NOTHING_REAL)
    rows = compare(
        pretexts=("game_engine",),
        data=out / "train",
        heldout=out / "heldout",
        out=out,
        budget=BUDGET,
        seeds=(seed,),
        quick=True,
    )
    print_summary(rows)
    page = write_report(out, out / "index.html", title="simlearn demo")
    if real is None:
        print(NOTHING_REAL)
    print(f"done in {(time.monotonic() - started) / 60:.1f} minutes; open {page.resolve()} in a browser")
    return page


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
