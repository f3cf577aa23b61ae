"""Data sets made by `simlearn generate`: frames, pairs and clips with exact labels, as a torch data set."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from renderers.frame import DEFAULT_LABELS, check_labels
from scenes.errors import UserError
from simlearn.datasets.clip import Clip, cut_of
from simlearn.datasets.root import Finding
from simlearn.datasets.samples import OBJECTS, object_tensors
from simlearn.manifest import Manifest, ShardRecord
from simlearn.shards import ShardReader


class SyntheticDataset(Dataset[dict[str, Any]]):
    """All frames of a data set (or of some of its scenes), scene after scene, each scene in time order; or all its clips.

    An item is a dict with the labels asked for, and K float32 [3, 3] (pixels), pose float32 [4, 4] (camera-to-world), scene (its index)
    and time, both int. rgb: uint8 [3, H, W]; depth: float32 [H, W], metres, +inf where invalid; normal: float32 [3, H, W];
    flow_*: float32 [2, H, W], pixels; instance: int32 [H, W] (torch has few operations on uint16); semantic: uint8 [H, W];
    masks: bool [H, W]. With `objects` also a dict of all instances' tensors [I, ...] as `OBJECT_LABELS` says, but no float64; the one
    with id k is row k - 1.

    `clip` makes an item of n frames of one scene: labels [n, ...], pose [n, 4, 4], time int64 [n], objects [n, I, ...]. Scenes too short
    for it give none.

    Only the labels asked for are read. `scenes` picks scenes by position (a slice or indices; default all). At most `open_shards` files are
    open; each is opened when first needed, in each process anew, so it works below DataLoader workers however they are started. Give a
    loader `collate_fn=simlearn.datasets.samples.collate` when there are `objects`, whose number differs from scene to scene.
    Raises UserError for a folder that holds no complete data set, for a clip longer than all scenes, and on access for a shard that is
    missing, damaged or without objects.
    """

    def __init__(
        self,
        root: str | Path,
        labels: Iterable[str] = DEFAULT_LABELS,
        scenes: slice | Sequence[int] | None = None,
        *,
        clip: Clip | None = None,
        objects: bool = False,
        open_shards: int = 32,
    ) -> None:
        if open_shards < 1:
            raise UserError(f"open_shards must be at least 1, not {open_shards}")
        self.root = Path(root)
        self.manifest = Manifest.load_complete(self.root)
        self.labels = check_labels(labels)
        absent = [name for name in self.labels if name not in self.manifest.labels]
        if absent:
            raise UserError(f"{self.root} was made without {', '.join(absent)}: it has {', '.join(self.manifest.labels)}")
        self.shards = _pick(self.manifest.shards, scenes)
        self.clip, self.objects, self.open_shards = clip, objects, open_shards
        self._cut = cut_of(clip, max((shard.frames for shard in self.shards), default=0))
        self.counts = np.array([self._cut.count(shard.frames) for shard in self.shards], dtype=np.int64)  # items of each shard
        self._ends = np.cumsum(self.counts)
        self._readers: OrderedDict[int, ShardReader] = OrderedDict()
        self._process = os.getpid()

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> dict[str, Any]:
        position, rows = self._rows(index)
        reader, single = self._reader(position), isinstance(rows, int)
        frames = [rows] if isinstance(rows, int) else range(reader.frames)[rows]
        item = _together([{name: _plane(reader, name, frame) for name in self.labels} for frame in frames], single)
        item["K"] = torch.from_numpy(reader.K.astype(np.float32))
        item["pose"] = torch.from_numpy(reader.poses[rows].astype(np.float32))
        item["scene"] = self.shards[position].scene
        item["time"] = int(reader.times[rows]) if single else torch.from_numpy(reader.times[rows].copy())
        if self.objects:
            item[OBJECTS] = _together([object_tensors(reader.objects(frame)) for frame in frames], single)
        return item

    def locate(self, index: int) -> tuple[int, int]:
        """(position in `shards`, frame in that shard, of a clip the first) of an item."""
        position, rows = self._rows(index)
        return position, rows if isinstance(rows, int) else rows.start

    def _rows(self, index: int) -> tuple[int, int | slice]:
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"item {index} of a data set of {len(self)} items")
        position = int(np.searchsorted(self._ends, index, side="right"))
        return position, self._cut.rows(index - int(self._ends[position] - self.counts[position]))

    def _reader(self, position: int) -> ShardReader:
        if self._process != os.getpid():  # forked: file offsets and HDF5's state are shared with the parent
            self._readers, self._process = OrderedDict(), os.getpid()
        reader = self._readers.pop(position, None) or ShardReader(self.root / self.shards[position].name)
        self._readers[position] = reader
        if len(self._readers) > self.open_shards:
            self._readers.popitem(last=False)[1].close()
        return reader

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_readers": OrderedDict()}


def _pick(shards: tuple[ShardRecord, ...], scenes: slice | Sequence[int] | None) -> tuple[ShardRecord, ...]:
    if scenes is None:
        return shards
    if isinstance(scenes, slice):
        return shards[scenes]
    outside = [scene for scene in scenes if not -len(shards) <= scene < len(shards)]
    if outside:
        raise UserError(f"there is no scene {outside[0]}: the data set has {len(shards)}, counted from 0")
    return tuple(shards[scene] for scene in scenes)


def _plane(reader: ShardReader, label: str, frame: int) -> torch.Tensor:
    array = reader.planes(label, frame)
    return torch.from_numpy(array.astype(np.int32) if array.dtype == np.uint16 else array)


def _together(frames: Sequence[Mapping[str, torch.Tensor]], single: bool) -> dict[str, Any]:
    """The tensors of an item from those of its frames."""
    return dict(frames[0]) if single else {name: torch.stack([frame[name] for frame in frames]) for name in frames[0]}


def found(root: Path | None) -> Finding:  # noqa: ARG001
    """Rendered data sets lie wherever `simlearn generate --out` put them, so there is nothing to look for under `root`."""
    return Finding(present=True, text="made by `simlearn generate`; `simlearn info DIR` describes one")
