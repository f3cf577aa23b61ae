"""Data sets made by `simlearn generate`: frames with exact labels, as a torch data set."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from renderers.frame import DEFAULT_LABELS, check_labels
from scenes.errors import UserError
from simlearn.datasets.root import Finding
from simlearn.manifest import Manifest, ShardRecord
from simlearn.shards import ShardReader

OPEN_SHARDS = 32


class SyntheticDataset(Dataset[dict[str, Any]]):
    """All frames of a data set (or of some of its scenes), scene after scene, each scene in time order.

    An item is a dict with the labels asked for, and K float32 [3, 3] (pixels), pose float32 [4, 4] (camera-to-world), scene (its index)
    and time, both int. rgb: uint8 [3, H, W]; depth: float32 [H, W], metres, +inf where invalid; normal: float32 [3, H, W];
    flow_*: float32 [2, H, W], pixels; instance: int32 [H, W] (torch has few operations on uint16); semantic: uint8 [H, W];
    masks: bool [H, W].

    Only the labels asked for are read. `scenes` picks scenes by position (a slice or indices; default all). Shards are opened when first
    needed, in each process anew, so it works below DataLoader workers however they are started.
    Raises UserError for a folder that holds no complete data set, and on access for a shard that is missing or damaged.
    """

    def __init__(self, root: str | Path, labels: Iterable[str] = DEFAULT_LABELS, scenes: slice | Sequence[int] | None = None) -> None:
        self.root = Path(root)
        self.manifest = Manifest.load_complete(self.root)
        self.labels = check_labels(labels)
        absent = [name for name in self.labels if name not in self.manifest.labels]
        if absent:
            raise UserError(f"{self.root} was made without {', '.join(absent)}: it has {', '.join(self.manifest.labels)}")
        self.shards = _pick(self.manifest.shards, scenes)
        self._ends = np.cumsum([shard.frames for shard in self.shards])
        self._readers: OrderedDict[int, ShardReader] = OrderedDict()
        self._process = os.getpid()

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> dict[str, Any]:
        position, time = self.locate(index)
        reader = self._reader(position)
        item: dict[str, Any] = {name: _to_torch(reader.read(name, time)) for name in self.labels}
        item["K"] = torch.from_numpy(reader.K.astype(np.float32))
        item["pose"] = torch.from_numpy(reader.poses[time].astype(np.float32))
        item["scene"] = self.shards[position].scene
        item["time"] = int(reader.times[time])
        return item

    def locate(self, index: int) -> tuple[int, int]:
        """(position in `shards`, frame in that shard) of an item."""
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"item {index} of a data set of {len(self)} frames")
        position = int(np.searchsorted(self._ends, index, side="right"))
        return position, index - int(self._ends[position] - self.shards[position].frames)

    def _reader(self, position: int) -> ShardReader:
        if self._process != os.getpid():  # forked: file offsets and HDF5's state are shared with the parent
            self._readers, self._process = OrderedDict(), os.getpid()
        reader = self._readers.pop(position, None) or ShardReader(self.root / self.shards[position].name)
        self._readers[position] = reader
        if len(self._readers) > OPEN_SHARDS:
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


def _to_torch(array: np.ndarray) -> torch.Tensor:
    if array.dtype == np.uint16:
        array = array.astype(np.int32)
    tensor = torch.from_numpy(array)
    return tensor.permute(2, 0, 1).contiguous() if tensor.ndim == 3 else tensor


def describe(root: str | Path) -> dict[str, Any]:
    """Facts about a data set, complete or not, from its manifest alone; JSON-able."""
    root = Path(root)
    manifest = Manifest.load(root)
    config = manifest.config
    return {
        "path": str(root),
        "family": config["family"],
        "renderer": config["renderer"],
        "scenes": config["scenes"],
        "finished_scenes": len(manifest.shards),
        "frames": manifest.frames,
        "size": f"{config['width']}x{config['height']}",
        "labels": list(manifest.labels),
        "seed": config["seed"],
        "settings": dict(config["settings"]),
        "bytes": manifest.bytes,
        "commit": manifest.commit,
        "complete": manifest.complete,
    }


def found(root: Path | None) -> Finding:  # noqa: ARG001
    """Rendered data sets lie wherever `simlearn generate --out` put them, so there is nothing to look for under `root`."""
    return Finding(present=True, text="made by `simlearn generate`; `simlearn info DIR` describes one")
