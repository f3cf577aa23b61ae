"""A program for `torchrun --nproc-per-node 2`: trains every method named on its command line for some steps, into a folder."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from test_every_pretext import examples, learner_of
from torch import Tensor

from training.budget import Budget
from training.fit import FitConfig, fit
from training.learner import Batch
from training.pretexts.base import Pretext
from training.seeds import generator

RANKS, BATCH, STEPS = 2, 8, 3


def config(**changes: Any) -> FitConfig:
    # Plain steps: AdamW's first ones are the gradient's sign, which rounding decides where a gradient is almost 0.
    fields: dict[str, Any] = {"optimiser": "sgd", "momentum": 0.0, "lr": 0.002, "warmup": 0.0, "accelerator": "cpu", "progress": False}
    return FitConfig(**{"budget": Budget(samples=STEPS * BATCH), "batch_size": BATCH, "log_every": 1, **fields, **changes})


def train(names: Sequence[str], out: Path) -> None:
    for name in names:
        fit(learner_of(name), examples(name), config(devices=RANKS), out / name)


class AsTwo:
    """In place of a learner's `augment`: each half of the batch with the draws that it would have on its own rank."""

    def __init__(self, learner: Pretext) -> None:
        self.plain, self.draw = learner.augment, 0

    def __call__(self, batch: Batch, _: torch.Generator) -> Batch:
        halves = []
        for rank in range(RANKS):
            half = {key: value.chunk(RANKS)[rank] for key, value in batch.items()}
            halves.append(self.plain(half, generator(0, "augment", self.draw)))
            self.draw += 1
        return {key: _joined([half[key] for half in halves]) for key in halves[0]}


def _joined(parts: list[Tensor]) -> Tensor:
    return torch.cat(parts) if parts[0].ndim else parts[0]


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(sys.argv[2:], Path(sys.argv[1]))
