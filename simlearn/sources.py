"""What a pretext is trained on: a rendered data set, a folder of pictures, or the images of a real data set, by folder or by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from renderers.frame import LABELS
from scenes.errors import UserError
from simlearn.datasets.pictures import Colours, Pictures
from simlearn.datasets.root import data_root
from simlearn.datasets.synthetic import SyntheticDataset
from simlearn.manifest import MANIFEST
from training.pretexts import PRETEXTS

IN_MEMORY_BYTES = 2 << 30
REAL = {"tiny_imagenet": ("tiny_imagenet:TinyImageNet", "train"), "camvid": ("camvid:CamVid", "train")}
"""Real data sets whose training images can be named, with their split for training."""


class InMemory(Dataset[dict[str, Any]]):
    """The items of a data set, each read from disk once and then kept."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._items: list[dict[str, Any] | None] = [None] * len(dataset)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = self._items[index]
        if item is None:
            item = self._items[index] = self._dataset[index]
        return item


def training_data(data: str | Path, pretext: str, *, keep: bool) -> tuple[Dataset[Any], Mapping[str, Any]]:
    """(data set, JSON-able facts about it) for a pretext. `keep`: read once and keep in memory what fits into 2 GiB.

    `data`: a folder made by `simlearn generate`, a folder of pictures, or the name of a real data set. Raises UserError for what is none
    of them, for a pretext that needs labels that it lacks, and for data that is incomplete.
    """
    method, folder = PRETEXTS[pretext], Path(data)
    labels = [name for name in method.labels if name in LABELS]
    named = str(data) in REAL and not folder.is_dir()
    wanted = ", ".join(name for name in labels if name != "rgb")
    if named and wanted:
        raise UserError(f"pretext {pretext!r} needs {wanted}, which pictures lack: train it on a data set made by `simlearn generate`")
    if wanted or (folder / MANIFEST).is_file() or not (named or folder.is_dir()):
        frames = SyntheticDataset(folder, labels=labels)
        facts = {"path": str(data), "family": frames.manifest.config["family"], "frames": len(frames)}
        return _kept(frames, keep), facts
    pictures = _real(str(data)) if named else Pictures.of_folder(folder)
    return _kept(pictures, keep), {"path": str(data), "pictures": len(pictures)}


def _real(name: str) -> Colours:
    import importlib

    target, split = REAL[name]
    module, _, reader = target.partition(":")
    return Colours(getattr(importlib.import_module(f"simlearn.datasets.{module}"), reader)(data_root(), split), name)


def _kept(dataset: Any, keep: bool) -> Dataset[Any]:
    sizes = [value.numel() * value.element_size() for value in dataset[0].values() if isinstance(value, torch.Tensor)]
    kept: Dataset[Any] = InMemory(dataset) if keep and len(dataset) * sum(sizes) < IN_MEMORY_BYTES else dataset
    return kept
