"""The pictures of `drawn_structures` with their structure (stripes, checks, discs) as label, and a small network that learns them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from drawn_structures import STRUCTURES, Drawn
from short_runs import batch_of
from small_network import SmallNetwork
from torch import Tensor
from torch.utils.data import Dataset

from training.budget import Budget
from training.fit import FitConfig, fit
from training.pretexts import build_pretext
from training.pretexts.base import Pretext
from training.pretexts.supervised import class_scores
from training.seeds import seeded

CLASSES = STRUCTURES


class Labelled(Dataset[dict[str, Tensor]]):
    """Pictures in memory, each with a label."""

    classes = CLASSES

    def __init__(self, samples: list[dict[str, Tensor]]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.samples[index]


def colours(count: int, first: int = 0) -> Labelled:
    """The same pictures; their colour is the label, which is easy to see."""
    return Labelled([{"rgb": sample["rgb"], "label": sample["colour"]} for sample in Drawn(count, first).samples])


def structures(count: int, first: int = 0) -> Labelled:
    """Four classes, alike frequent."""
    return Labelled([{"rgb": sample["rgb"], "label": sample["structure"]} for sample in Drawn(count, first).samples])


def small_classifier(name: str, **config: Any) -> Any:
    """The method at 32 px around a network of four convolutions."""
    with seeded(0):
        return build_pretext(name, SmallNetwork(), {"classes": CLASSES, **config, "crop": {"size": 32, **config.get("crop", {})}})


def trained(learner: Pretext, data: Dataset[Any], steps: int, out: Path, batch_size: int = 32) -> Pretext:
    fit(learner, data, FitConfig(budget=Budget(samples=steps * batch_size), batch_size=batch_size, lr=4e-3, progress=False), out)
    return learner.eval()


def accuracy(learner: Any, data: Labelled, view: str = "view") -> float:
    """On one view of every picture."""
    with torch.no_grad():
        said = class_scores(learner.backbone, learner.head, batch_of(learner, data)[view]).argmax(1)
    return float((said == torch.stack([sample["label"] for sample in data.samples])).float().mean())
