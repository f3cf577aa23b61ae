"""Training a pretext on a data set: names and folders in, a run folder out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from renderers.frame import LABELS
from simlearn import provenance
from simlearn.datasets.stream import Stream
from simlearn.datasets.synthetic import SyntheticDataset
from training.backbones import build_backbone
from training.budget import Budget
from training.fit import FitConfig, FitResult, fit
from training.pretexts import PRETEXTS, build_pretext
from training.seeds import seeded

IN_MEMORY_BYTES = 2 << 30
MIXED_SCENES = 16


@dataclass(frozen=True, kw_only=True)
class OnTheFly:
    """Training data rendered while it is used: worlds of a family without end, the frames of each 16 of them mixed."""

    family: str
    width: int = 320
    height: int = 240
    frames: int = 4
    seed: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)


class InMemory(Dataset[dict[str, Any]]):
    """The frames of a data set, each read from disk once and then kept."""

    def __init__(self, dataset: SyntheticDataset) -> None:
        self._dataset = dataset
        self._items: list[dict[str, Any] | None] = [None] * len(dataset)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = self._items[index]
        if item is None:
            item = self._items[index] = self._dataset[index]
        return item


def _fits_in_memory(dataset: SyntheticDataset) -> bool:
    tensors = [value for value in dataset[0].values() if isinstance(value, torch.Tensor)]
    return len(dataset) * sum(t.numel() * t.element_size() for t in tensors) < IN_MEMORY_BYTES


def train(
    *,
    pretext: str,
    data: Path | OnTheFly,
    out: Path,
    budget: Budget,
    backbone: str = "resnet18",
    width: int = 32,
    batch_size: int | None = None,
    lr: float | None = None,
    seed: int = 0,
    workers: int = 0,
) -> FitResult:
    """Train `pretext` around a new backbone on the rendered data set `data`, into the run folder `out`; continues an interrupted run.

    `batch_size` and `lr` None take the loop's own. With `workers` 0 a data set of less than 2 GiB is read once and kept in memory; of data
    rendered on the fly, `workers` processes render ahead. Raises UserError for unknown names, a data set that is incomplete or lacks
    labels, and a run folder of another configuration.
    """
    labels = [name for name in PRETEXTS[pretext].labels if name in LABELS]
    config = FitConfig(budget=budget, seed=seed, workers=0 if isinstance(data, OnTheFly) else workers)
    config = replace(config, batch_size=config.batch_size if batch_size is None else batch_size, lr=config.lr if lr is None else lr)
    with seeded(seed, "initialisation"):
        learner = build_pretext(pretext, build_backbone(backbone, width=width))
    if isinstance(data, OnTheFly):
        with Stream(**asdict(data), labels=labels, shuffle_window=MIXED_SCENES, workers=workers) as stream:
            about = {"commit": provenance.commit(), "data": {"path": "rendered on the fly", **asdict(data)}}
            return fit(learner, stream, config, out, metadata=about, title=pretext)
    frames = SyntheticDataset(data, labels=labels)
    source = {"path": str(data), "family": frames.manifest.config["family"], "frames": len(frames)}
    dataset = InMemory(frames) if workers == 0 and _fits_in_memory(frames) else frames
    return fit(learner, dataset, config, out, metadata={"commit": provenance.commit(), "data": source}, title=pretext)
