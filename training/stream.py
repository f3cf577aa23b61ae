"""The endless, seeded stream of training samples: its k-th sample is a function of (seed, k) and of nothing else.

So a resumed run needs no loader state: it asks for the samples from its step on, with any number of worker processes.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sized
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from scenes.errors import UserError
from training.seeds import generator

Views = Callable[[Any, torch.Generator], Mapping[str, Tensor]]


class SampleStream(Dataset[dict[str, Any]]):
    """Maps a position in the stream to a sample's views. Each pass over the data set visits every item once, in an order of its own;
    a data set without a length is endless, and its own order is kept."""

    def __init__(self, dataset: Dataset[Any], views: Views | None, seed: int) -> None:
        self.dataset, self.views, self.seed = dataset, views, seed
        self.size = len(dataset) if isinstance(dataset, Sized) else None
        if self.size == 0:
            raise UserError("the data set has no samples to train on: generate it again with at least one scene, or name another")

    def index(self, position: int) -> int:
        """The data set's item at this position of the stream."""
        if self.size is None:
            return position
        turn, place = divmod(position, self.size)
        return int(_order(self.size, self.seed, turn)[place])

    def __getitem__(self, position: int) -> dict[str, Any]:
        sample = self.dataset[self.index(position)]
        if self.views is None:
            return dict(sample)
        return dict(self.views(sample, generator(self.seed, "views", position)))


@lru_cache(maxsize=4)
def _order(size: int, seed: int, turn: int) -> Tensor:
    return torch.randperm(size, generator=generator(seed, "order", turn))


class StepBatches(Sampler[list[int]]):
    """Positions of one rank's batches of steps [first, last): the step's samples in `parts` parts, each split evenly among the ranks."""

    def __init__(self, first: int, last: int, batch_size: int, *, parts: int = 1, rank: int = 0, ranks: int = 1) -> None:
        self.first, self.last, self.parts, self.rank, self.ranks = first, last, parts, rank, ranks
        self.share = batch_size // (parts * ranks)

    def __len__(self) -> int:
        return (self.last - self.first) * self.parts

    def __iter__(self) -> Iterator[list[int]]:
        for part in range(self.first * self.parts, self.last * self.parts):
            start = (part * self.ranks + self.rank) * self.share
            yield list(range(start, start + self.share))


def step_loader(stream: SampleStream, batches: StepBatches, workers: int, *, pin: bool) -> DataLoader[dict[str, Any]]:
    """A loader of one batch for each step."""
    return DataLoader(
        stream,
        batch_sampler=batches,
        num_workers=workers,
        pin_memory=pin,
        # Otherwise the loader draws its workers' base seed from torch's global generator.
        generator=generator(stream.seed, "workers"),
        prefetch_factor=4 if workers else None,
        worker_init_fn=_leave_signals_to_parent,
    )


def _leave_signals_to_parent(worker: int) -> None:
    """Ctrl-C reaches every process of the terminal; the parent still needs the batch under way."""
    del worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
