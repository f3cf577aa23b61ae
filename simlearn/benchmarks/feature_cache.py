"""Features on disk, so that a checkpoint reads each picture once, however often it is measured.

Owns: one file for each (weights, pictures, way of reading them), whole or absent, in a folder of bounded size. Does not own: making them.

A file is trusted only if all of it says what is asked for: it is a safetensors file of the expected key, shapes and types, and its bytes
have the checksum that its header tells. Everything else (cut short, changed, of another version, of somebody else) is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from simlearn.provenance import TEMPORARY, whole_file

FOLDER = "features"
"""Beside a results file."""
LIMIT_BYTES = 4 * 10**9
"""Of all files of a folder together: the least recently used go first. Features of more than a quarter of it are not kept."""
VERSION = 1
"""Of the way features are made and written; another one reads none of the older files."""
ENDING, PREFIX, KEY = ".safetensors", "features-", "simlearn_features"
LEFTOVER_S = 3600.0
"""A temporary file older than this was left by a process that is gone."""


@dataclass(frozen=True)
class Key:
    """What features depend on. `facts` is JSON-able: digests of weights and pictures, and how the pictures are read."""

    facts: Mapping[str, Any]

    @property
    def text(self) -> str:
        return json.dumps({"version": VERSION, **self.facts}, sort_keys=True)

    @property
    def file(self) -> str:
        return f"{PREFIX}{hashlib.sha256(self.text.encode()).hexdigest()[:32]}{ENDING}"


@dataclass(frozen=True)
class Features:
    """`stages`: {stage: float32 [N, D]}, a row for each picture. `left_out`: {row: why} of the unreadable ones, whose rows are zero."""

    stages: Mapping[str, Tensor]
    left_out: Mapping[int, str]


class FeatureCache:
    """A folder of features; `folder` None keeps nothing. Problems of the folder are told through `say` and never stop a measurement."""

    def __init__(self, folder: Path | None, *, limit_bytes: int = LIMIT_BYTES, say: Callable[[str], None] = print) -> None:
        self.folder, self.limit_bytes, self.say = folder, limit_bytes, say

    def get(self, key: Key, count: int, make: Callable[[], Features]) -> Features:
        """The features of `count` pictures under this key: from disk if they are there, whole and of this key, else from `make`."""
        if self.folder is None:
            return make()
        path = self.folder / key.file
        try:
            found = _read(path, key, count)
        except FileNotFoundError:
            found = None
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self.say(f"features in {path} are not used and made anew: {error}")
            found = None
        if found is not None:
            self.say(f"features of {count} pictures are taken from {path}")
            with contextlib.suppress(OSError):
                os.utime(path)  # "recently used"
            return found
        features = make()
        self._keep(path, key, features)
        return features

    def _keep(self, path: Path, key: Key, features: Features) -> None:
        size = sum(stage.numel() * stage.element_size() for stage in features.stages.values())
        if size > self.limit_bytes / 4:
            self.say(
                f"features are not kept: {size / 1e9:.1f} GB is more than a quarter of the {self.limit_bytes / 1e9:.1f} GB of {path.parent}"
            )
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._make_room(size)
            with whole_file(path) as temporary:
                _write(temporary, key, features)
        except (OSError, SafetensorError) as error:
            self.say(f"features are not kept: {path.parent} cannot be written ({error})")

    def _make_room(self, size: int) -> None:
        """Deletes the least recently used files, ours alone, until `size` more bytes fit; and what killed processes left."""
        assert self.folder is not None
        for leftover in self.folder.glob(f".{PREFIX}*{TEMPORARY}*"):
            with contextlib.suppress(OSError):
                if time.time() - leftover.stat().st_mtime > LEFTOVER_S:
                    leftover.unlink()
        files = sorted((file.stat().st_mtime, file.stat().st_size, file) for file in self.folder.glob(f"{PREFIX}*{ENDING}"))
        excess = sum(bytes_ for _, bytes_, _ in files) + size - self.limit_bytes
        for _, bytes_, file in files:
            if excess <= 0:
                return
            file.unlink(missing_ok=True)
            excess -= bytes_


def weights_digest(module: nn.Module) -> str:
    """First 16 hex digits of the SHA-256 over names, shapes, types and values of all parameters and buffers."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {list(values.shape)}\0".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def names_digest(names: Sequence[str]) -> str:
    """First 16 hex digits of the SHA-256 over the pictures' names, in order."""
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:16]


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    value = 0
    for name in sorted(tensors):
        value = zlib.crc32(tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy().data, zlib.crc32(name.encode(), value))
    return f"{value:08x}"


def _write(path: Path, key: Key, features: Features) -> None:
    tensors = {stage: values.detach().cpu().contiguous() for stage, values in features.stages.items()}
    note = {"key": key.text, "checksum": _checksum(tensors), "left_out": {str(row): why for row, why in features.left_out.items()}}
    save_file(tensors, path, metadata={KEY: json.dumps(note)})


def _read(path: Path, key: Key, count: int) -> Features:
    """Raises FileNotFoundError, or an error that says why the file is not what is asked for."""
    if not path.is_file():
        raise FileNotFoundError(path)
    with safe_open(path, framework="pt") as file:
        note = json.loads((file.metadata() or {}).get(KEY, "{}"))
        if note.get("key") != key.text:
            raise ValueError("the file is of something else")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    if not tensors or any(t.dtype != torch.float32 or t.ndim != 2 or len(t) != count for t in tensors.values()):
        raise ValueError(f"the file has no features of {count} pictures")
    if note["checksum"] != _checksum(tensors):
        raise ValueError("the file was changed or is damaged")
    stages = {name: tensors[name] for name in key.facts.get("stages", sorted(tensors))}
    return Features(stages, {int(row): str(why) for row, why in note["left_out"].items()})
