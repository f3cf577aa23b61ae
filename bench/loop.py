"""What the training loop costs beside a bare PyTorch loop of the same model, batches and transforms, in one interleaved run.

    python -m bench.loop [--steps N] [--rounds N] [--workers N] [--json FILE]

Both train the same pretext from the same initial weights with AdamW, a clipped gradient and the same schedule, on the same samples in the
same order; the bare loop does nothing else. Ours also seeds every step, checks the loss, logs, shows progress, watches for signals and the
end of its budget, and saves. They take turns, round by round, and the medians count. `wait` is the part of our time in which a step waited
for its samples; with no workers that is all loading, with one it is what the loader could not hide.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from bench.machine import heading
from training.backbones import build_backbone
from training.budget import Budget, learning_rate_factor
from training.fit import FitConfig, fit
from training.layout import channels_last
from training.optimiser import build_optimiser
from training.pretexts import build_pretext
from training.pretexts.base import Pretext
from training.seeds import generator, seeded
from training.stream import SampleStream, StepBatches, step_loader


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`steps` of `batch` samples each in every one of `rounds`; `workers` load them."""

    pretext: str = "instance_contrast"
    backbone: str = "resnet18"
    width: int = 32
    batch: int = 32
    steps: int = 40
    rounds: int = 7
    workers: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Turn:
    """One contender's turn: wall-clock and processor seconds of this process, and the part of the former spent waiting for samples."""

    seconds: float
    cpu_seconds: float
    wait: float = 0.0


class Noise(Dataset[dict[str, Any]]):
    """Pictures of 64 x 64 pixels that are in memory already, as those of small data sets are."""

    def __init__(self, count: int = 512) -> None:
        self.pictures = torch.randint(256, (count, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"rgb": self.pictures[index]}


def learner_of(plan: Plan) -> Pretext:
    with seeded(plan.seed):
        return channels_last(build_pretext(plan.pretext, build_backbone(plan.backbone, width=plan.width)))


def config_of(plan: Plan, steps: int) -> FitConfig:
    return FitConfig(budget=Budget(samples=steps * plan.batch), batch_size=plan.batch, workers=plan.workers, seed=plan.seed)


def ours(plan: Plan, steps: int) -> Turn:
    with tempfile.TemporaryDirectory(prefix="bench-loop-") as out:
        learner, cpu = learner_of(plan), time.process_time()
        result = fit(learner, Noise(), config_of(plan, steps), Path(out))
        return Turn(result.seconds, time.process_time() - cpu, result.wait / result.seconds)


def bare(plan: Plan, steps: int) -> Turn:
    config, learner = config_of(plan, steps), learner_of(plan).train()
    optimiser = build_optimiser("adamw", learner, lr=config.lr, weight_decay=config.weight_decay, momentum=0.0)
    stream = SampleStream(Noise(), learner.views, plan.seed)
    loader: DataLoader[Any] = step_loader(stream, StepBatches(0, steps, plan.batch), plan.workers, pin=False)
    cpu, started = time.process_time(), time.monotonic()
    for step, batch in enumerate(loader):
        for group in optimiser.param_groups:
            group["lr"] = config.lr * learning_rate_factor(step / steps, config.warmup)
        optimiser.zero_grad()
        learner.loss(learner.augment(batch, generator(plan.seed, "augment", step)))["loss"].backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), config.clip)
        optimiser.step()
    return Turn(time.monotonic() - started, time.process_time() - cpu)


def run(plan: Plan) -> dict[str, Any]:
    """The measurement as a JSON-able document; prints a line."""
    contenders: dict[str, Callable[[Plan, int], Turn]] = {"bare": bare, "ours": ours}
    for contender in contenders.values():
        contender(plan, 3)  # first steps choose kernels and fill caches
    turns: dict[str, list[Turn]] = {name: [] for name in contenders}
    for i in range(plan.rounds):
        for name in (list(contenders), list(reversed(contenders)))[i % 2]:
            turns[name].append(contenders[name](plan, plan.steps))
    ratios = sorted(a.seconds / b.seconds for a, b in zip(turns["ours"], turns["bare"], strict=True))
    document = {
        "samples_per_second": {n: round(plan.steps * plan.batch / median(t.seconds for t in ts), 1) for n, ts in turns.items()},
        "overhead": round(median(ratios) - 1, 4),
        "overhead_cpu": round(median(t.cpu_seconds for t in turns["ours"]) / median(t.cpu_seconds for t in turns["bare"]) - 1, 4),
        "wait": round(median(t.wait for t in turns["ours"]), 4),
    }
    print(
        f"{plan.pretext}, {plan.workers} workers: bare {document['samples_per_second']['bare']:.0f} samples/s, "
        f"ours {document['samples_per_second']['ours']:.0f}; overhead {document['overhead']:+.1%} by the clock "
        f"({ratios[0] - 1:+.1%} to {ratios[-1] - 1:+.1%}), {document['overhead_cpu']:+.1%} of processor time; wait {document['wait']:.1%}",
        flush=True,
    )
    return {**asdict(plan), **document, "turns": {name: [asdict(turn) for turn in found] for name, found in turns.items()}}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.loop", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pretext", nargs="+", default=[Plan.pretext, "rotation"], help="which methods (default: %(default)s)")
    parser.add_argument("--workers", nargs="+", type=int, default=[0, 1], help="with how many loading processes (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=Plan.steps, help="steps of a turn")
    parser.add_argument("--rounds", type=int, default=Plan.rounds, help="turns of each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, with date, machine and commit")
    options = parser.parse_args(arguments)
    plans = [Plan(pretext=p, workers=w, steps=options.steps, rounds=options.rounds) for p in options.pretext for w in options.workers]
    document = heading() | {"runs": [run(plan) for plan in plans]}
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
