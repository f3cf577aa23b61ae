"""Training samples rendered on the fly: what `SyntheticDataset` reads from disk, endless and with nothing on disk, on CPU or GPU.

Which sample comes k-th is a function of k alone, so a stream can begin anywhere, and neither the number of workers nor an
interruption changes anything but the speed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import get_worker_info

from renderers.device import is_cpu
from renderers.renderer import RENDERERS
from scenes.errors import UserError
from scenes.scene import Scene
from simlearn.ahead import TASKS_PER_WORKER, Ahead
from simlearn.clips import RenderedClip, Shelf, in_stream_order, rendered
from simlearn.datasets.clip import Clip, cut_of
from simlearn.datasets.order import Order
from simlearn.datasets.samples import OBJECTS, Samples, padded
from simlearn.recipe import Recipe

Array = NDArray[Any]


class Clips(Protocol):
    """Rendered clips, of all frames of a scene each, by place."""

    def clip(self, place: int, first: int) -> RenderedClip:
        """The clip at a place; those at places below `first` are needed no more, and may be overwritten."""
        ...

    def close(self) -> None: ...


class ClipsHere:
    """Clips rendered in this process when first needed; with workers, which only sample, their scenes are there by then."""

    def __init__(self, recipe: Recipe, order: Order, workers: int, *, objects: bool) -> None:
        self._recipe, self._order, self._objects = recipe, order, objects
        depth = order.window + TASKS_PER_WORKER * workers
        self._scenes = Ahead(_Sampler(recipe, order), workers=workers, depth=depth) if workers else None
        self._kept: dict[int, RenderedClip] = {}

    def clip(self, place: int, first: int) -> RenderedClip:
        for old in [p for p in self._kept if not first <= p < first + self._order.window]:
            del self._kept[old]
        if place not in self._kept:
            scene = self._scenes.get(place, first) if self._scenes else self._recipe.sample(self._order.scene(place))
            self._kept[place] = rendered(self._recipe, scene, objects=self._objects)
        return self._kept[place]

    def close(self) -> None:
        self._kept.clear()
        if self._scenes:
            self._scenes.close()


class ClipsAhead:
    """Clips rendered by worker processes into shared memory: two windows of them, and what keeps every worker busy."""

    def __init__(self, recipe: Recipe, order: Order, workers: int, *, objects: bool) -> None:
        self._order = order
        depth = order.window + max(order.window, TASKS_PER_WORKER * workers)
        self._shelf = Shelf(recipe, depth)
        self._cameras = Ahead(_Painter(recipe, order, self._shelf, objects), workers=workers, depth=depth)

    def clip(self, place: int, first: int) -> RenderedClip:
        K, poses, tables = self._cameras.get(place, first)
        labels = self._shelf[place % self._shelf.places]
        objects = None if tables is None else {name: torch.from_numpy(table) for name, table in tables.items()}
        return RenderedClip(self._order.scene(place), labels, torch.from_numpy(K), torch.from_numpy(poses), objects)

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
    """A worker's task: the labels of the clip at a place go onto the shelf, (K, poses, objects) as in `RenderedClip` come back."""

    recipe: Recipe
    order: Order
    shelf: Shelf
    objects: bool

    def __call__(self, place: int) -> tuple[Array, Array, dict[str, Array] | None]:
        self.recipe.register()
        scene = self.recipe.sample(self.order.scene(place))
        clip = rendered(self.recipe, scene, self.shelf[place % self.shelf.places], objects=self.objects)
        tables = None if clip.objects is None else {name: table.numpy() for name, table in clip.objects.items()}
        return clip.K.numpy(), clip.poses.numpy(), tables


class Stream(Samples):
    """Samples of scenes 0, 1, 2, ... of a family, rendered while they are used.

    A sample is an item of `SyntheticDataset` with the same `clip` and `objects`: the same keys, types and bits as for a data set generated
    with the same family, seed, size, frames, labels, renderer, device and settings and stored without loss; else they differ by the error
    of its codecs. On a GPU the tensors are there, and were never on the host. They belong to the caller.

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
        clip: Clip | None = None,
        objects: bool = False,
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
        if objects and not hasattr(RENDERERS[renderer], "objects"):
            raise UserError(f"the renderer {renderer!r} does not describe objects: choose another, or none")
        self.clip, self.objects = clip, objects
        self._cut = cut_of(clip, frames)
        samples = self._cut.count(frames)
        self.order = Order(samples=samples, scenes=scenes, shuffle_window=shuffle_window, seed=seed, rank=rank, world_size=world_size)
        self.workers, self.position = workers, start
        self._clips: Clips | None = None

    @property
    def samples_per_epoch(self) -> int:  # type: ignore[override]
        """Samples of this rank in an epoch, 0 for endless."""
        return self.order.share * self.order.samples

    def __getitem__(self, position: int) -> dict[str, Any]:
        return in_stream_order(self.recipe.device, lambda: _copied(self._view(position)))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Samples from `position`, which moves along, to the end of the epoch."""
        loader = get_worker_info()
        stream = self if loader is None else self._part(loader.id, loader.num_workers)
        for positions in stream._groups(1):
            sample = stream[positions.start]
            stream.position = positions.stop
            yield sample

    def batches(self, size: int, *, drop_last: bool = False) -> Iterator[dict[str, Any]]:
        """The samples in batches as `collate` makes them, copied once; the last of an epoch may be smaller, or is left out."""
        for positions in self._groups(size):
            wanted = len(positions) == size or not drop_last
            batch = in_stream_order(self.recipe.device, partial(self._stacked, positions)) if wanted else {}
            self.position = positions.stop
            if wanted:
                yield batch

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
            self._clips = (ClipsAhead if ahead else ClipsHere)(self.recipe, self.order, self.workers, objects=self.objects)
        first, place, number = self.order.locate(position)
        return self._clips.clip(place, first).sample(self._cut.rows(number))

    def _stacked(self, positions: range) -> dict[str, Any]:
        batch: dict[str, Any] = {}
        tables = []
        for row, position in enumerate(positions):
            sample = self._view(position)
            tables += [sample.pop(OBJECTS)] if self.objects else []
            for name, value in sample.items():
                if row == 0:
                    like = torch.as_tensor(value)
                    batch[name] = like.new_empty((len(positions), *like.shape))
                batch[name][row] = value
        return {**batch, OBJECTS: padded(tables, axis=batch["time"].ndim - 1)} if self.objects else batch

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

    def facts(self) -> dict[str, Any]:
        order = {name: value for name, value in asdict(self.order).items() if name not in ("samples", "seed")}
        return {**self.recipe.facts(), **order, "clip": None if self.clip is None else asdict(self.clip)}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    return value.clone() if isinstance(value, Tensor) else value
