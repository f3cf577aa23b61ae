"""A pretext's batches, metrics and trainings of some seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.backbones import build_backbone
from training.budget import Budget
from training.fit import FitConfig, fit
from training.learner import Batch
from training.pretexts import build_pretext
from training.pretexts.base import Pretext
from training.seeds import seeded

UNSEEN = 10**6
"""Seed of views that training has not drawn."""


def small(name: str, **config: Any) -> Pretext:
    """The pretext at 32 px around a narrow network."""
    with seeded(0):
        return build_pretext(name, build_backbone("resnet18", width=8), {**config, "crop": {"size": 32, **config.get("crop", {})}})


def raw_batch(learner: Pretext, data: Dataset[dict[str, Tensor]], seed: int = UNSEEN) -> Batch:
    """One view of every picture, not augmented."""
    views = [learner.views(data[i], torch.Generator().manual_seed(seed + i)) for i in range(len(data))]  # type: ignore[arg-type]
    return {key: torch.stack([view[key] for view in views]) for key in views[0]}


def batch_of(learner: Pretext, data: Dataset[dict[str, Tensor]], seed: int = UNSEEN) -> Batch:
    return learner.augment(raw_batch(learner, data, seed), torch.Generator().manual_seed(seed))


def measure(learner: Pretext, data: Dataset[dict[str, Tensor]]) -> dict[str, float]:
    """The loss and its parts on unseen views of all pictures, in the mode in which the learner is."""
    with torch.no_grad():
        return {name: value.item() for name, value in learner.loss(batch_of(learner, data)).items()}


def train(learner: Pretext, data: Dataset[dict[str, Tensor]], samples: int, out: Path, batch_size: int = 8) -> None:
    fit(learner, data, FitConfig(budget=Budget(samples=samples), batch_size=batch_size, lr=4e-3, progress=False), out)
    learner.eval()
