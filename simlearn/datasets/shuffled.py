"""A data set on disk read in an order that is mixed for learning and nearly sequential for the disk, shared among ranks and workers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info

from scenes.errors import UserError
from simlearn.datasets.order import ReadingOrder
from simlearn.datasets.samples import Samples, collate
from simlearn.datasets.synthetic import SyntheticDataset


class Shuffled(Samples):
    """The items of a `SyntheticDataset` (frames, pairs or clips), every one exactly once an epoch over all ranks and workers.

    They come in an order of (seed, epoch): scenes are visited at random, and the samples of each `shuffle_window` consecutive ones are
    mixed, so a process reads from no more than so many files at a time; 0 keeps the order of the data set. Nothing else changes it: not
    the number of workers, nor where an interrupted run went on. Each rank reads one piece of the epoch; pieces differ by at most one
    sample, and `uneven` says what becomes of that: "keep" leaves it, "drop" leaves a sample out, "pad" repeats one (see `ReadingOrder`).

    `shuffled[k]` is the k-th sample of this rank, counted through all epochs. Iterating goes on at `position` (at first `start`) to the end
    of the epoch; `batches` does that with `workers` processes reading ahead.

    Below a DataLoader with num_workers > 0, which reads in processes of its own, `position` stays: call `set_epoch` before each epoch. Each
    worker yields every num_workers-th `group` of consecutive samples; with `group` the loader's batch size its batches are the same for any
    number of workers. Raises UserError for settings that do not fit.
    """

    def __init__(
        self,
        dataset: SyntheticDataset,
        *,
        seed: int = 0,
        start: int = 0,
        shuffle_window: int = 16,
        rank: int = 0,
        world_size: int = 1,
        uneven: str = "keep",
        workers: int = 0,
        group: int = 1,
    ) -> None:
        if start < 0 or workers < 0:
            raise UserError(f"start and workers must not be negative: {start}, {workers}")
        if group < 1:
            raise UserError(f"a group has at least 1 sample, not {group}")
        self.dataset, self.workers, self.group = dataset, workers, group
        settings = {"seed": seed, "shuffle_window": shuffle_window, "rank": rank, "world_size": world_size}
        self._order = ReadingOrder(dataset.counts, uneven=uneven, **settings)
        self._settings = {**settings, "uneven": uneven}
        self._position = torch.tensor(start).share_memory_()  # workers that outlive an epoch see where the next one begins

    @property
    def position(self) -> int:  # type: ignore[override]
        """Number of the next sample."""
        return int(self._position)

    @position.setter
    def position(self, value: int) -> None:
        self._position.fill_(value)

    @property
    def samples_per_epoch(self) -> int:  # type: ignore[override]
        """Samples of this rank in an epoch."""
        return self._order.samples_per_epoch

    def __getitem__(self, position: int) -> dict[str, Any]:
        if position < 0:
            raise IndexError(f"sample {position}: samples count from 0")
        return self.dataset[self._order.item(position)]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Samples from `position` to the end of the epoch; in a worker of a DataLoader its share of them."""
        loader = get_worker_info()
        if loader is None:
            for positions in self._groups(1):
                sample = self[positions.start]
                self.position = positions.stop
                yield sample
        else:
            for number, positions in enumerate(self._groups(self.group)):
                if number % loader.num_workers == loader.id:
                    yield from map(self.__getitem__, positions)

    def batches(self, size: int, *, drop_last: bool = False) -> Iterator[dict[str, Any]]:
        """Batches as `collate` makes them, to the end of the epoch; the last may be smaller, or is left out."""
        groups = list(self._groups(size))
        wanted: Any = groups[:-1] if drop_last and len(groups[-1]) < size else groups
        loader: DataLoader[Any] = DataLoader(
            _Numbered(self),
            batch_sampler=wanted,
            num_workers=self.workers,
            collate_fn=collate,
            generator=torch.Generator(),  # else the loader draws its workers' base seed from torch's global one
        )
        for positions, batch in zip(wanted, loader, strict=True):
            self.position = positions.stop
            yield batch
        self.position = groups[-1].stop

    def facts(self) -> dict[str, Any]:
        clip, shards = self.dataset.clip, self.dataset.shards
        data = hashlib.sha256("".join(shard.sha256 for shard in shards).encode()).hexdigest()
        return {"data": data, "clip": None if clip is None else asdict(clip), **self._settings}


class _Numbered(Dataset[dict[str, Any]]):
    """The samples by position, for a loader that is told which to read."""

    def __init__(self, samples: Shuffled) -> None:
        self._samples = samples

    def __getitem__(self, position: int) -> dict[str, Any]:
        return self._samples[position]
