"""Is a data set whole, undamaged, and do its labels agree with its geometry?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenes.errors import UserError
from simlearn.invariants import check_frame
from simlearn.manifest import SHARDS, Manifest, ShardRecord
from simlearn.progress import FrameProgress
from simlearn.shards import ShardReader


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong. `frame` and `label` are None where it concerns the whole shard (or, without `shard`, the data set)."""

    message: str
    shard: str | None = None
    frame: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        where = [
            self.shard or "data set",
            *([f"frame {self.frame}"] if self.frame is not None else []),
            *([self.label] if self.label else []),
        ]
        return f"{', '.join(where)}: {self.message}"


def verify(root: str | Path, *, frames_per_scene: int = 3, progress: bool = True) -> list[Finding]:
    """All findings: checksums of every shard, completeness, and the facts of `simlearn.invariants` on frames spread over every clip.

    Raises UserError when `root` holds no data set at all.
    """
    root = Path(root)
    manifest = Manifest.load(root)
    findings = list(_check_completeness(root, manifest))
    with FrameProgress("verify", manifest.frames, enabled=progress) as bar:
        for record in manifest.shards:
            findings += _check_shard(root, manifest, record, frames_per_scene)
            bar.advance(record.frames, record.bytes)
    return findings


def _check_completeness(root: Path, manifest: Manifest) -> Iterator[Finding]:
    scenes = manifest.config["scenes"]
    if not manifest.complete:
        yield Finding(message=f"not complete, {len(manifest.shards)} of {scenes} scenes: run `simlearn generate` again with --resume")
    elif [record.scene for record in manifest.shards] != list(range(scenes)):
        yield Finding(message=f"the manifest lists {len(manifest.shards)} shards for {scenes} scenes")
    strangers = {path.name for path in (root / SHARDS).glob("*")} - {Path(record.name).name for record in manifest.shards}
    if manifest.complete and strangers:
        yield Finding(message=f"files that the manifest does not list: {', '.join(sorted(strangers)[:5])}")


def _check_shard(root: Path, manifest: Manifest, record: ShardRecord, frames_per_scene: int) -> Iterator[Finding]:
    path = root / record.name
    if not path.is_file():
        yield Finding(shard=record.name, message="is missing")
        return
    intact = _sha256(path) == record.sha256
    if not intact:
        yield Finding(shard=record.name, message="its checksum differs from the manifest's: it was changed or damaged")
    try:
        with ShardReader(path) as reader:
            if (reader.frames, reader.labels) != (record.frames, manifest.labels):
                yield Finding(shard=record.name, message=f"holds {reader.frames} frames of {', '.join(reader.labels)}")
            frames = range(reader.frames) if not intact else _spread(reader.frames, frames_per_scene)
            yield from _check_frames(reader, record.name, frames)
    except UserError as error:
        yield Finding(shard=record.name, message=str(error))


def _check_frames(reader: ShardReader, shard: str, frames: range | list[int]) -> Iterator[Finding]:
    scene = reader.scene()
    for index in frames:
        readable = []
        for label in reader.labels:
            try:
                reader.read(label, index)
                readable.append(label)
            except UserError as error:
                yield Finding(shard=shard, frame=index, label=label, message=str(error))
        frame = reader.frame(index, readable)
        if not np.array_equal(frame.pose, scene.camera_motion.at(frame.time)):
            yield Finding(shard=shard, frame=index, message="its pose is not the scene's camera pose at that time")
        for label, message in check_frame(frame, scene):
            yield Finding(shard=shard, frame=index, label=label, message=message)


def _spread(count: int, wanted: int) -> list[int]:
    return sorted({round(i) for i in np.linspace(0, count - 1, min(wanted, count))})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
