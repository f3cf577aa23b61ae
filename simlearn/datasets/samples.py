"""What endless sources of training samples share, rendered or read: numbered samples, epochs, batches, going on where one stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, default_collate

from renderers.object_labels import OBJECT_LABELS, Objects
from scenes.errors import UserError

OBJECTS = "objects"


class Samples(IterableDataset[dict[str, Any]], ABC):
    """Samples 0, 1, 2, ... through all epochs; which one comes k-th is a function of k and the settings alone.

    `position` is the number of the next sample, `samples_per_epoch` how many of an epoch are this rank's (0: there are no epochs).
    """

    position: int
    samples_per_epoch: int

    @abstractmethod
    def __getitem__(self, position: int) -> dict[str, Any]:
        """The sample at a position >= 0, in tensors of its own."""
        ...

    @abstractmethod
    def batches(self, size: int, *, drop_last: bool = False) -> Iterator[dict[str, Any]]:
        """The samples from `position`, which moves along, to the end of the epoch, in batches as `collate` makes them; the last of an
        epoch may be smaller, or is left out."""
        ...

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """All that the samples depend on, JSON-able."""
        ...

    def set_epoch(self, epoch: int) -> None:
        """Goes to the first sample of an epoch, counted from 0."""
        self.position = epoch * self.samples_per_epoch

    def state_dict(self) -> dict[str, Any]:
        """Where this source is, JSON-able, and what it is."""
        return {"position": self.position, "stream": self.facts()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes to where another one with the same settings was; UserError for other settings. `workers` may differ."""
        for name, here in self.facts().items():
            there = state["stream"].get(name)
            if there != here:
                raise UserError(f"the saved stream had {name} {there!r}, this one has {here!r}: make it with the same settings")
        self.position = int(state["position"])

    def _groups(self, size: int) -> Iterator[range]:
        """Positions of the batches from here to the end of the epoch."""
        if size < 1:
            raise UserError(f"a batch has at least 1 sample, not {size}")
        first = self.position
        end = (first // self.samples_per_epoch + 1) * self.samples_per_epoch if self.samples_per_epoch else None
        while end is None or first < end:
            stop = first + size if end is None else min(first + size, end)
            yield range(first, stop)
            first = stop


def object_tensors(objects: Objects) -> dict[str, Tensor]:
    """All instances' labels as `OBJECT_LABELS` says, but float32 for float64."""
    arrays = {name: np.asarray(getattr(objects, name)) for name in OBJECT_LABELS}
    return {name: torch.from_numpy(a.astype(np.float32) if a.dtype == np.float64 else a.copy()) for name, a in arrays.items()}


def collate(samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Samples to a batch: dict of tensors [B, ...], `scene` int64 [B], `time` int64 [B] or, of clips, [B, n].

    Scenes differ in their number of objects, so `objects` are filled up with the `invalid` values of `OBJECT_LABELS` to the largest number:
    [B, I, ...] or [B, n, I, ...]; `count` int64 [B] says how many there are.
    """
    plain = [{name: value for name, value in sample.items() if name != OBJECTS} for sample in samples]
    batch: dict[str, Any] = default_collate(plain)
    if OBJECTS in samples[0]:
        batch[OBJECTS] = padded([sample[OBJECTS] for sample in samples], axis=batch["time"].ndim - 1)
    return batch


def padded(tables: Sequence[Mapping[str, Tensor]], axis: int) -> dict[str, Tensor]:
    """One table of objects from several, whose instances lie along `axis`, as `collate` makes it."""
    counts = [table["semantic"].shape[axis] for table in tables]
    padded = {}
    for name, label in OBJECT_LABELS.items():
        rows = [table[name].movedim(axis, 0) for table in tables]
        together = rows[0].new_full((len(rows), max(counts), *rows[0].shape[1:]), label.invalid)
        for row, count, values in zip(together, counts, rows, strict=True):
            row[:count] = values
        padded[name] = together.movedim(1, 1 + axis).contiguous()
    return {**padded, "count": torch.tensor(counts)}
