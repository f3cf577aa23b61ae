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
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from renderers.frame import check_labels
from scenes.errors import UserError
from simlearn import provenance
from simlearn.stores import LocalStore, Store

FORMAT = "simlearn-dataset"
FORMAT_VERSION = 2
READABLE = (1, 2)
MANIFEST, SHARDS = "manifest.json", "shards"
LARGEST_SIDE, LARGEST_NUMBER = 65535, 2**63


def shard_name(scene: int) -> str:
    """Path of a scene's shard inside the data set folder."""
    return f"{SHARDS}/scene_{scene:06d}.h5"


@dataclass(frozen=True, kw_only=True)
class ShardRecord:
    """One finished shard. name: relative to the data set; sha256: of the file; rejected: counts of what did not fit the scene."""

    name: str
    scene: int
    frames: int
    sha256: str
    bytes: int
    rejected: Mapping[str, int] = field(default_factory=dict)

    def is_whole(self, root: Path | Store) -> bool:
        """Whether the file is there at its full size; says nothing about its content."""
        store = LocalStore(root) if isinstance(root, Path) else root
        return store.size(self.name) == self.bytes

    def to_json(self) -> str:
        """A line of the journal."""
        return json.dumps(dataclasses.asdict(self))


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything known about a data set without opening a shard. `config` is the resolved configuration, JSON-able."""

    config: Mapping[str, Any]
    commit: str = field(default_factory=provenance.commit)
    versions: Mapping[str, str] = field(default_factory=provenance.versions)
    shards: tuple[ShardRecord, ...] = ()
    complete: bool = False
    format_version: int = FORMAT_VERSION

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.config["labels"])

    @property
    def frames(self) -> int:
        return sum(shard.frames for shard in self.shards)

    @property
    def bytes(self) -> int:
        return sum(shard.bytes for shard in self.shards)

    @property
    def rejected(self) -> dict[str, int]:
        """What did not fit the scenes and was left out, most frequent first."""
        counts: Counter[str] = Counter()
        for shard in self.shards:
            counts.update(shard.rejected)
        return dict(counts.most_common())

    def save(self, store: Store) -> None:
        """Write manifest.json; once it says complete, the journal has served."""
        document = {"format": FORMAT, **dataclasses.asdict(self), "format_version": FORMAT_VERSION}
        store.write(MANIFEST, json.dumps(document, indent=1, allow_nan=False) + "\n")
        if self.complete:
            store.forget_journal()

    @classmethod
    def load(cls, root: Path | Store) -> Manifest:
        """The manifest of the data set at `root`, with the journal's shards where it is not complete.

        Raises UserError when there is no data set, or one that this version cannot read.
        """
        if isinstance(root, Path) and not root.is_dir():
            raise UserError(f"{root} is not a folder: make a data set with `simlearn generate --out {root}`")
        if isinstance(root, Path) and (root / SHARDS).is_symlink():
            raise UserError(f"{root / SHARDS} is a link, which may lead anywhere: put the folder itself there")
        store = LocalStore(root) if isinstance(root, Path) else root
        text = store.read(MANIFEST)
        if text is None:
            raise UserError(f"{store} holds no data set (no {MANIFEST}): make one with `simlearn generate --out {store}`")
        manifest = _parse(text, f"{store}/{MANIFEST}")
        return manifest if manifest.complete else dataclasses.replace(manifest, shards=_finished(store.journal()))

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


def _parse(text: str, place: str) -> Manifest:
    try:
        document = json.loads(text)
        name, version = document.pop("format"), document["format_version"]
        if name == FORMAT and version in READABLE:
            shards = tuple(_record(entry) for entry in document.pop("shards"))
            return _checked(Manifest(**document, shards=shards))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{place} is damaged ({error}): generate the data set anew in another folder") from error
    if name != FORMAT:
        raise UserError(f"{place} is not the manifest of a data set: point to a folder made by `simlearn generate`")
    raise UserError(f"{place} is of version {version}, this program reads {READABLE[0]} to {READABLE[-1]}: update simlearn")


def _checked(manifest: Manifest) -> Manifest:
    """The manifest, if what it says has the right kinds and can be true; ValueError otherwise."""
    config = manifest.config
    for name in ("seed", "scenes", "frames", "width", "height"):
        if type(config[name]) is not int or not (name != "seed") <= config[name] < LARGEST_NUMBER:
            raise ValueError(f"its {name} is no positive number")
    if max(config["width"], config["height"]) > LARGEST_SIDE:
        raise ValueError(f"its images are larger than {LARGEST_SIDE} pixels")
    texts = (manifest.commit, *manifest.versions.values(), config["family"], config["renderer"], *config["labels"])
    if not all(isinstance(text, str) for text in texts) or not isinstance(config["settings"], dict):
        raise ValueError("a name in it is no text")
    check_labels(config["labels"])
    return manifest


def _record(entry: dict[str, Any]) -> ShardRecord:
    record = ShardRecord(**entry)
    numbers = (record.scene, record.frames, record.bytes, *record.rejected.values())
    if any(type(number) is not int or not 0 <= number < LARGEST_NUMBER for number in numbers):
        raise ValueError("a number of a shard is no number")
    if record.name != shard_name(record.scene):  # names are data from elsewhere: they must not lead out of the folder
        raise ValueError(f"shard of scene {record.scene} is named {record.name!r} instead of {shard_name(record.scene)!r}")
    return record


def _finished(journal: Iterable[str]) -> tuple[ShardRecord, ...]:
    records = {}
    for line in journal:
        try:
            record = _record(json.loads(line))
        except (ValueError, TypeError, AttributeError, RecursionError):  # torn by a crash: that scene is rendered again
            continue
        records[record.scene] = record
    return tuple(records[scene] for scene in sorted(records))
