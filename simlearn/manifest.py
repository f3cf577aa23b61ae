"""What a data set folder says about itself: its configuration, its shards and whether it is complete.

    DIR/manifest.json         the single truth; `complete` is false until the last shard is in
    DIR/journal.jsonl         only while generating: one line for each finished shard, so that a run of a million scenes
                              does not rewrite a growing manifest after each of them
    DIR/shards/scene_000017.h5

The manifest holds nothing that depends on the number of workers, on the clock or on interruptions.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from scenes.errors import UserError
from simlearn import provenance

FORMAT = "simlearn-dataset"
FORMAT_VERSION = 1
MANIFEST, JOURNAL, SHARDS = "manifest.json", "journal.jsonl", "shards"


def shard_name(scene: int) -> str:
    """Path of a scene's shard inside the data set folder."""
    return f"{SHARDS}/scene_{scene:06d}.h5"


@dataclass(frozen=True, kw_only=True)
class ShardRecord:
    """One finished shard. `name` is relative to the data set; `sha256` is that of the file."""

    name: str
    scene: int
    frames: int
    sha256: str
    bytes: int

    def is_whole(self, root: Path) -> bool:
        """Whether the file is there at its full size; says nothing about its content."""
        try:
            return (root / self.name).stat().st_size == self.bytes
        except OSError:
            return False


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything known about a data set without opening a shard. `config` is the resolved configuration, JSON-able."""

    config: Mapping[str, Any]
    commit: str = field(default_factory=provenance.commit)
    versions: Mapping[str, str] = field(default_factory=provenance.versions)
    shards: tuple[ShardRecord, ...] = ()
    complete: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.config["labels"])

    @property
    def frames(self) -> int:
        return sum(shard.frames for shard in self.shards)

    @property
    def bytes(self) -> int:
        return sum(shard.bytes for shard in self.shards)

    def save(self, root: Path) -> None:
        """Write manifest.json; once it says complete, the journal has served."""
        document = {"format": FORMAT, "format_version": FORMAT_VERSION, **dataclasses.asdict(self)}
        provenance.write_json_atomic(root / MANIFEST, document)
        if self.complete:
            (root / JOURNAL).unlink(missing_ok=True)

    @classmethod
    def load(cls, root: Path) -> Manifest:
        """The manifest of the data set at `root`, with the journal's shards where it is not complete.

        Raises UserError when there is no data set, or one that this version cannot read.
        """
        if not root.is_dir():
            raise UserError(f"{root} is not a folder: make a data set with `simlearn generate --out {root}`")
        if not (root / MANIFEST).is_file():
            raise UserError(f"{root} holds no data set (no {MANIFEST}): make one with `simlearn generate --out {root}`")
        manifest = _parse(root / MANIFEST)
        if manifest.complete:
            return manifest
        return dataclasses.replace(manifest, shards=_read_journal(root / JOURNAL))

    @classmethod
    def load_complete(cls, root: Path) -> Manifest:
        """As `load`, and UserError unless every shard is there at its full size (`simlearn verify` also reads them)."""
        manifest = cls.load(root)
        if not manifest.complete:
            raise UserError(
                f"{root} is not complete ({len(manifest.shards)} of {manifest.config['scenes']} scenes): "
                "finish it by running its `simlearn generate` command again with --resume"
            )
        damaged = [shard.name for shard in manifest.shards if not shard.is_whole(root)]
        if damaged:
            raise UserError(
                f"{len(damaged)} of {len(manifest.shards)} shards of {root} are missing or truncated, the first is {damaged[0]}: "
                "run its `simlearn generate` command again with --resume, which renders them anew"
            )
        return manifest


def _parse(path: Path) -> Manifest:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        name, version = document.pop("format"), document.pop("format_version")
        if name == FORMAT and version == FORMAT_VERSION:
            shards = tuple(_record(entry) for entry in document.pop("shards"))
            return Manifest(**document, shards=shards)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error}): generate the data set anew in another folder") from error
    raise UserError(
        f"{path} is {name} version {version}; this program reads {FORMAT} version {FORMAT_VERSION}: use the version that wrote it"
    )


def _record(entry: dict[str, Any]) -> ShardRecord:
    record = ShardRecord(**entry)
    if record.name != shard_name(record.scene):  # names are data from elsewhere: they must not lead out of the folder
        raise ValueError(f"shard of scene {record.scene} is named {record.name!r} instead of {shard_name(record.scene)!r}")
    return record


def _read_journal(path: Path) -> tuple[ShardRecord, ...]:
    if not path.exists():
        return ()
    records = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            record = _record(json.loads(line))
        except (ValueError, TypeError):  # torn by a crash: that scene is rendered again
            continue
        records[record.scene] = record
    return tuple(records[scene] for scene in sorted(records))


class Journal:
    """Appends finished shards, each on disk before `append` returns."""

    def __init__(self, root: Path) -> None:
        self._file = (root / JOURNAL).open("a", encoding="utf-8")
        if self._file.tell():
            self._file.write("\n")  # ends a line that a crash may have torn

    def append(self, record: ShardRecord) -> None:
        self._file.write(json.dumps(dataclasses.asdict(record)) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
