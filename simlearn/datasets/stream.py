"""Training samples rendered on the fly: what `SyntheticDataset` reads from disk, endless and with nothing on disk, on CPU or GPU.

Which sample comes k-th is a function of k alone, so a stream can begin anywhere, and neither the number of workers nor an
interruption changes anything but the speed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset, default_collate, get_worker_info

from renderers.device import is_cpu
from scenes.errors import UserError
from scenes.randomness import Streams
from scenes.scene import Scene
from simlearn.ahead import TASKS_PER_WORKER, Ahead
from simlearn.clips import Clip, Shelf, in_stream_order, rendered
from simlearn.recipe import Recipe

__all__ = ["Order", "Stream", "collate"]

collate = default_collate
"""Samples to a batch: dict of tensors [B, ...], `scene` and `time` int64 [B]."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Which frame of which scene a sample is. A rank meets its scenes at *places* 0, 1, 2, ... and goes on counting in later epochs.

    scenes: number of scenes in an epoch, 0 for endless. shuffle_window: 0 keeps scenes and times in order; W mixes the frames of each W
    consecutive scenes, and the scenes of an epoch. Of world_size ranks each takes every world_size-th scene.
    """

    frames: int
    scenes: int = 0
    shuffle_window: int = 0
    seed: int = 0
    rank: int = 0
    world_size: int = 1

    def __post_init__(self) -> None:
        for name in ("scenes", "shuffle_window"):
            if getattr(self, name) < 0:
                raise UserError(f"{name} must not be negative: {getattr(self, name)}")
        if not 0 <= self.rank < self.world_size:
            raise UserError(f"rank {self.rank} of {self.world_size}: ranks count from 0 to world_size - 1")
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
        """(place where the window begins, place, time) of the sample at a position >= 0."""
        place, time = divmod(position, self.frames)
        if not self.shuffle_window:
            return place, place, time
        epoch, turn = divmod(place, self.share) if self.share else (0, place)
        first = place - turn % self.window
        size = min(self.window, (epoch + 1) * self.share - first) if self.share else self.window
        purpose = f"stream/frames/{self.rank}/{self.world_size}"
        mixed = _permutation(self.seed, first, purpose, size * self.frames)[position - first * self.frames]
        return first, first + int(mixed) // self.frames, int(mixed) % self.frames


@lru_cache(maxsize=8)
def _permutation(seed: int, index: int, purpose: str, size: int) -> NDArray[np.int64]:
    return Streams(seed, index).generator(purpose).permutation(size)


class Clips(Protocol):
    """Rendered scenes by place."""

    def clip(self, place: int, first: int) -> Clip:
        """The clip at a place; those at places below `first` are needed no more, and may be overwritten."""
        ...

    def close(self) -> None: ...


class ClipsHere:
    """Clips rendered in this process when first needed; with workers, which only sample, their scenes are there by then."""

    def __init__(self, recipe: Recipe, order: Order, workers: int) -> None:
        self._recipe, self._order = recipe, order
        depth = order.window + TASKS_PER_WORKER * workers
        self._scenes = Ahead(_Sampler(recipe, order), workers=workers, depth=depth) if workers else None
        self._kept: dict[int, Clip] = {}

    def clip(self, place: int, first: int) -> Clip:
        for old in [p for p in self._kept if not first <= p < first + self._order.window]:
            del self._kept[old]
        if place not in self._kept:
            scene = self._scenes.get(place, first) if self._scenes else self._recipe.sample(self._order.scene(place))
            self._kept[place] = rendered(self._recipe, scene)
        return self._kept[place]

    def close(self) -> None:
        self._kept.clear()
        if self._scenes:
            self._scenes.close()


class ClipsAhead:
    """Clips rendered by worker processes into shared memory: two windows of them, and what keeps every worker busy."""

    def __init__(self, recipe: Recipe, order: Order, workers: int) -> None:
        self._order = order
        depth = order.window + max(order.window, TASKS_PER_WORKER * workers)
        self._shelf = Shelf(recipe, depth)
        self._cameras = Ahead(_Painter(recipe, order, self._shelf), workers=workers, depth=depth)

    def clip(self, place: int, first: int) -> Clip:
        K, poses = self._cameras.get(place, first)
        labels = self._shelf[place % self._shelf.places]
        return Clip(self._order.scene(place), labels, torch.from_numpy(K), torch.from_numpy(poses))

    def close(self) -> None:
        self._cameras.close()


@dataclass(frozen=True)
class _Sampler:
    """A worker's task: the scene at a place."""

    recipe: Recipe
    order: Order

    def __call__(self, place: int) -> Scene:
        self.recipe.register()
        return self.recipe.sample(self.order.scene(place))


@dataclass(frozen=True)
class _Painter:
    """A worker's task: the labels of the clip at a place go onto the shelf, (K, poses) as in `Clip` come back."""

    recipe: Recipe
    order: Order
    shelf: Shelf

    def __call__(self, place: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.recipe.register()
        clip = rendered(self.recipe, self.recipe.sample(self.order.scene(place)), self.shelf[place % self.shelf.places])
        return clip.K.numpy(), clip.poses.numpy()


class Stream(IterableDataset[dict[str, Any]]):
    """Samples of scenes 0, 1, 2, ... of a family, rendered while they are used.

    A sample is an item of `SyntheticDataset`: the same keys, types and bits as for a data set generated with the same family, seed, size,
    frames, labels, renderer, device and settings and stored without loss; else they differ by the error of its codecs. On a GPU the
    tensors are there, and were never on the host. They belong to the caller.

    `stream[k]` is the k-th sample; asking for consecutive ones is fast, for others possible. Iterating goes on at `position` (at first
    `start`) to the end of the epoch of `scenes` scenes, or for ever without `scenes`. Streams with `rank` 0 ... world_size - 1 share the
    scenes; shares differ by one scene when world_size does not divide `scenes`. `shuffle_window`: see `Order`.

    workers: processes that render ahead (on a GPU: sample scenes ahead); 0 leaves all to this process. They are spawned, so a script
    must guard its main part by `if __name__ == "__main__"`. Memory: max(2 W, W + 2 workers) clips of `frames` frames, W being
    max(shuffle_window, 1). `close` ends them (as does leaving the stream as a context); after it the stream can still be used.

    Below a DataLoader with num_workers > 0 each of those renders its share by itself (workers=0); order and position are then the
    loader's affair. Raises UserError for settings that do not fit and, at the sample concerned, for a scene that cannot be made.
    """

    def __init__(
        self,
        family: str,
        *,
        seed: int = 0,
        width: int = 320,
        height: int = 240,
        frames: int = 8,
        labels: Iterable[str] = (),
        renderer: str = "raster",
        device: str = "cpu",
        settings: Mapping[str, str] | None = None,
        scenes: int = 0,
        start: int = 0,
        shuffle_window: int = 0,
        rank: int = 0,
        world_size: int = 1,
        workers: int = 0,
    ) -> None:
        if start < 0 or workers < 0:
            raise UserError(f"start and workers must not be negative: {start}, {workers}")
        self.recipe = Recipe(
            family=family,
            seed=seed,
            frames=frames,
            width=width,
            height=height,
            labels=tuple(labels),
            renderer=renderer,
            device=device,
            settings=settings or {},
        )
        self.order = Order(frames=frames, scenes=scenes, shuffle_window=shuffle_window, seed=seed, rank=rank, world_size=world_size)
        self.workers, self.position = workers, start
        self._clips: Clips | None = None

    @property
    def epoch(self) -> int:
        """Samples of this rank in an epoch, 0 for endless."""
        return self.order.share * self.order.frames

    def __getitem__(self, position: int) -> dict[str, Any]:
        """The sample at a position >= 0, in tensors of its own."""

        def copy() -> dict[str, Any]:
            item = self._view(position).items()
            return {name: value.clone() if isinstance(value, Tensor) else value for name, value in item}

        return in_stream_order(self.recipe.device, copy)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Samples from `position`, which moves along, to the end of the epoch."""
        loader = get_worker_info()
        stream = self if loader is None else self._part(loader.id, loader.num_workers)
        for positions in stream._groups(1):
            sample = stream[positions.start]
            stream.position = positions.stop
            yield sample

    def batches(self, size: int, *, drop_last: bool = False) -> Iterator[dict[str, Tensor]]:
        """The samples in batches as `collate` makes them, copied once; the last of an epoch may be smaller, or is left out."""
        if size < 1:
            raise UserError(f"a batch has at least 1 sample, not {size}")
        for positions in self._groups(size):
            wanted = len(positions) == size or not drop_last
            batch = in_stream_order(self.recipe.device, partial(self._stacked, positions)) if wanted else {}
            self.position = positions.stop
            if wanted:
                yield batch

    def state_dict(self) -> dict[str, Any]:
        """Where the stream is, JSON-able, and what it is."""
        return {"position": self.position, "stream": self._facts()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes to where another stream with the same settings was; UserError for other settings. `workers` may differ."""
        for name, here in self._facts().items():
            there = state["stream"].get(name)
            if there != here:
                raise UserError(f"the saved stream had {name} {there!r}, this one has {here!r}: make it with the same settings")
        self.position = int(state["position"])

    def close(self) -> None:
        """Ends the worker processes and frees what was rendered ahead."""
        if self._clips is not None:
            self._clips.close()
        self._clips = None

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_clips": None}

    def _view(self, position: int) -> dict[str, Any]:
        if position < 0:
            raise IndexError(f"sample {position}: a stream's samples count from 0")
        if self._clips is None:
            ahead = self.workers and is_cpu(self.recipe.device)
            self._clips = (ClipsAhead if ahead else ClipsHere)(self.recipe, self.order, self.workers)
        first, place, time = self.order.locate(position)
        return self._clips.clip(place, first).frame(time)

    def _stacked(self, positions: range) -> dict[str, Tensor]:
        batch: dict[str, Tensor] = {}
        for row, position in enumerate(positions):
            for name, value in self._view(position).items():
                if row == 0:
                    like = torch.as_tensor(value)
                    batch[name] = like.new_empty((len(positions), *like.shape))
                batch[name][row] = value
        return batch

    def _groups(self, size: int) -> Iterator[range]:
        """Positions of the batches from here to the end of the epoch."""
        end = (self.position // self.epoch + 1) * self.epoch if self.epoch else None
        while end is None or self.position < end:
            stop = self.position + size
            yield range(self.position, stop if end is None else min(stop, end))

    def _part(self, worker: int, workers: int) -> Stream:
        """What one worker of a DataLoader renders."""
        if self.workers:
            raise UserError("a DataLoader's worker cannot start workers: give the stream workers=0, or the loader num_workers=0")
        if self.position and workers > 1:
            raise UserError("a stream that has begun cannot be shared out to a DataLoader's workers: give the loader num_workers=0")
        part = copy.copy(self)
        rank, world_size = self.order.rank + self.order.world_size * worker, self.order.world_size * workers
        part.order = replace(self.order, rank=rank, world_size=world_size)
        return part

    def _facts(self) -> dict[str, Any]:
        """All that the samples depend on."""
        order = {name: value for name, value in asdict(self.order).items() if name not in ("frames", "seed")}
        return {**self.recipe.facts(), **order}
