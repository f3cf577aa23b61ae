"""Which sample comes when: pure functions of a position and the settings, for scenes that are rendered and for scenes that are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError
from scenes.randomness import Streams

UNEVEN = ("keep", "drop", "pad")


@dataclass(frozen=True, kw_only=True)
class Order:
    """Which sample of which scene a sample of a stream is. A rank meets its scenes at *places* 0, 1, 2, ... and goes on counting in later
    epochs.

    samples: how many each scene has. scenes: number of scenes in an epoch, 0 for endless. shuffle_window: 0 keeps scenes and samples in
    order; W mixes the samples of each W consecutive scenes, and the scenes of an epoch. Of world_size ranks each takes every world_size-th
    scene.
    """

    samples: int
    scenes: int = 0
    shuffle_window: int = 0
    seed: int = 0
    rank: int = 0
    world_size: int = 1

    def __post_init__(self) -> None:
        for name in ("scenes", "shuffle_window"):
            if getattr(self, name) < 0:
                raise UserError(f"{name} must not be negative: {getattr(self, name)}")
        _check_rank(self.rank, self.world_size)
        if 0 < self.scenes < self.world_size:
            raise UserError(f"{self.scenes} scenes are too few for {self.world_size} ranks: give at least one for each")

    @property
    def window(self) -> int:
        """Scenes that are needed together."""
        return max(self.shuffle_window, 1)

    @property
    def share(self) -> int:
        """Scenes of this rank in an epoch, 0 for endless."""
        return len(range(self.rank, self.scenes, self.world_size))

    def scene(self, place: int) -> int:
        """Index of the scene at a place."""
        epoch, turn = divmod(place, self.share) if self.share else (0, place)
        number = self.rank + self.world_size * turn
        return int(_permutation(self.seed, epoch, "stream/scenes", self.scenes)[number]) if self._shuffles_scenes else number

    @property
    def _shuffles_scenes(self) -> bool:
        return bool(self.scenes and self.shuffle_window)

    def locate(self, position: int) -> tuple[int, int, int]:
        """(place where the window begins, place, number of the sample in its scene) at a position >= 0."""
        place, number = divmod(position, self.samples)
        if not self.shuffle_window:
            return place, place, number
        epoch, turn = divmod(place, self.share) if self.share else (0, place)
        first = place - turn % self.window
        size = min(self.window, (epoch + 1) * self.share - first) if self.share else self.window
        purpose = f"stream/frames/{self.rank}/{self.world_size}"
        mixed = int(_permutation(self.seed, first, purpose, size * self.samples)[position - first * self.samples])
        return first, first + mixed // self.samples, mixed % self.samples


class ReadingOrder:
    """Which item of a data set, whose scenes have `counts` [S] items each, a rank reads at a position.

    An epoch visits the scenes in an order of its own. Their items, one scene after the other, are cut into world_size pieces whose sizes
    differ by at most one; and within its piece a rank mixes the items of each `shuffle_window` consecutive scenes. 0 keeps all in order.
    `uneven` says what becomes of unequal pieces: "keep" leaves them, "drop" leaves out the last item of the longer ones, "pad" lets the
    shorter ones end with their first item again.
    """

    def __init__(self, counts: ArrayLike, *, shuffle_window: int, seed: int, rank: int, world_size: int, uneven: str) -> None:
        self._counts = np.asarray(counts, dtype=np.int64)
        self._offsets = np.cumsum(self._counts) - self._counts
        total = int(self._counts.sum())
        _check_rank(rank, world_size)
        if shuffle_window < 0 or seed < 0:
            raise UserError(f"shuffle_window and seed must not be negative: {shuffle_window}, {seed}")
        if uneven not in UNEVEN:
            raise UserError(f"unknown policy {uneven!r} for uneven shares: known are {', '.join(UNEVEN)}")
        if total < world_size:
            raise UserError(f"{total} samples are too few for {world_size} ranks: give at least one for each")
        self._window, self._seed = shuffle_window, seed
        self._first, self._stop = total * rank // world_size, total * (rank + 1) // world_size
        self.samples_per_epoch = {"keep": self._stop - self._first, "drop": total // world_size, "pad": -(-total // world_size)}[uneven]
        self._visits: tuple[int, NDArray[np.int64], NDArray[np.int64]] | None = None

    def item(self, position: int) -> int:
        """Index of the item at a position >= 0."""
        epoch, place = divmod(position, self.samples_per_epoch)
        number = self._first + place % (self._stop - self._first)
        if not self._window:
            return number
        scenes, ends = self._visited(epoch)
        start, stop = self._bounds(number, ends)
        number = start + int(_permutation(self._seed, epoch, f"reading/items/{start}", stop - start)[number - start])
        turn = int(np.searchsorted(ends, number, side="right"))
        scene = scenes[turn]
        return int(self._offsets[scene] + self._counts[scene] - (ends[turn] - number))

    def _visited(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(scenes in the epoch's order, for each the number after its last item)."""
        if self._visits is None or self._visits[0] != epoch:
            scenes = Streams(self._seed, epoch).generator("reading/scenes").permutation(len(self._counts))
            self._visits = epoch, scenes, np.cumsum(self._counts[scenes])
        return self._visits[1:]

    def _bounds(self, number: int, ends: NDArray[np.int64]) -> tuple[int, int]:
        """(first, after the last) of the numbers that are mixed with this one."""
        turn = int(np.searchsorted(ends, number, side="right"))
        first = turn - turn % self._window
        begin = int(ends[first - 1]) if first else 0
        return max(begin, self._first), min(int(ends[min(first + self._window, len(ends)) - 1]), self._stop)


def _check_rank(rank: int, world_size: int) -> None:
    if not 0 <= rank < world_size:
        raise UserError(f"rank {rank} of {world_size}: ranks count from 0 to world_size - 1")


@lru_cache(maxsize=8)
def _permutation(seed: int, index: int, purpose: str, size: int) -> NDArray[np.int64]:
    return Streams(seed, index).generator(purpose).permutation(size)
