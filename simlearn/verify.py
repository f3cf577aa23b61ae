"""Is a data set whole, undamaged, and do its labels agree with its geometry?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renderers.frame import Frame
from scenes.errors import UserError
from scenes.scene import Scene
from simlearn.invariants import check_frame
from simlearn.manifest import SHARDS, Manifest, ShardRecord
from simlearn.object_invariants import check_objects
from simlearn.progress import FrameProgress
from simlearn.shards import ShardReader
from simlearn.stores import file_facts


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong. `frame` and `label` are None where it concerns the whole shard (or, without `shard`, the data set).

    broken: the shard's file is not the one that the manifest lists; rendering it anew mends that (`simlearn.repair`).
    """

    message: str
    shard: str | None = None
    frame: int | None = None
    label: str | None = None
    broken: bool = False

    def __str__(self) -> str:
        where = [
            self.shard or "data set",
            *([f"frame {self.frame}"] if self.frame is not None else []),
            *([self.label] if self.label else []),
        ]
        return f"{', '.join(where)}: {self.message}"


def verify(root: str | Path, *, frames_per_scene: int = 3, progress: bool = True) -> list[Finding]:
    """All findings: checksums of every shard, completeness, and the facts of `simlearn.invariants` on frames spread over every clip.

    Of a shard whose checksum is wrong all frames are read, to say which are damaged. Raises UserError when `root` holds no data set.
    """
    root = Path(root)
    manifest = Manifest.load(root)
    findings = list(_check_completeness(root, manifest))
    with FrameProgress("verify", manifest.frames, enabled=progress) as bar:
        for record in manifest.shards:
            findings += check_shard(root, manifest, record, frames_per_scene)
            bar.advance(record.frames, record.bytes)
    return findings


def _check_completeness(root: Path, manifest: Manifest) -> Iterator[Finding]:
    scenes = manifest.config["scenes"]
    if not manifest.complete:
        yield Finding(message=f"not complete, {len(manifest.shards)} of {scenes} scenes: run `simlearn generate` again with --resume")
    elif len(manifest.shards) != scenes or [record.scene for record in manifest.shards] != list(range(scenes)):
        yield Finding(message=f"the manifest lists {len(manifest.shards)} shards for {scenes} scenes")
    strangers = {path.name for path in (root / SHARDS).glob("*")} - {Path(record.name).name for record in manifest.shards}
    if manifest.complete and strangers:
        yield Finding(message=f"files that the manifest does not list: {', '.join(sorted(strangers)[:5])}")


def check_shard(root: Path, manifest: Manifest, record: ShardRecord, frames_per_scene: int) -> list[Finding]:
    """All findings in one shard."""
    path = root / record.name
    if not path.is_file():
        return [Finding(shard=record.name, message="is missing", broken=True)]
    if path.is_symlink():
        return [Finding(shard=record.name, message="is a link to another file: put the file itself there", broken=True)]
    intact = file_facts(path)[0] == record.sha256
    findings: list[Finding] = []
    if not intact:
        text = "its checksum differs from the manifest's: it was changed or damaged"
        findings.append(Finding(shard=record.name, message=text, broken=True))
    try:
        with ShardReader(path) as reader:
            findings += _check_content(reader, manifest, record)
            frames = range(reader.frames) if not intact else _spread(reader.frames, frames_per_scene)
            findings += _check_frames(reader, record.name, frames)
    except UserError as error:
        findings.append(Finding(shard=record.name, message=str(error)))
    return findings


def _check_content(reader: ShardReader, manifest: Manifest, record: ShardRecord) -> Iterator[Finding]:
    """Whether the shard is the one of its scene."""
    if (reader.frames, reader.labels) != (record.frames, manifest.labels):
        yield Finding(shard=record.name, message=f"holds {reader.frames} frames of {', '.join(reader.labels)}")
    wanted = {"index": record.scene, **{name: manifest.config[name] for name in ("family", "seed", "width", "height")}}
    for name, value in wanted.items():
        if reader.attributes.get(name) != value:
            yield Finding(shard=record.name, message=f"its {name} is {reader.attributes.get(name)}, not {value}")


def _check_frames(reader: ShardReader, shard: str, frames: Sequence[int]) -> Iterator[Finding]:
    read: list[tuple[int, list[str]]] = []
    for index in frames:
        readable = []
        for label in (*reader.labels, *(("objects",) if reader.has_objects else ())):
            try:
                reader.objects(index) if label == "objects" else reader.read(label, index)
                readable.append(label)
            except UserError as error:
                yield Finding(shard=shard, frame=index, label=label, message=str(error))
        read.append((index, readable))
    scene = reader.scene()
    if not np.array_equal(reader.K, scene.camera.K):
        yield Finding(shard=shard, message="its K is not that of the scene's camera")
    for index, readable in read:
        frame = reader.frame(index, [name for name in readable if name != "objects"])
        for label, message in _violations(reader, frame, scene, with_objects="objects" in readable):
            yield Finding(shard=shard, frame=index, label=label, message=message)


def _violations(reader: ShardReader, frame: Frame, scene: Scene, *, with_objects: bool) -> Iterator[tuple[str | None, str]]:
    if not 0 <= frame.time < scene.frames or not np.array_equal(frame.pose, scene.camera_motion.at(frame.time)):
        yield None, f"its pose is not the scene's camera pose at its time {frame.time}"
        return
    yield from check_frame(frame, scene)
    if with_objects:
        yield from ((f"objects/{label}", message) for label, message in check_objects(reader.objects(frame.time), frame, scene))


def _spread(count: int, wanted: int) -> list[int]:
    return sorted({round(i) for i in np.linspace(0, count - 1, min(wanted, count))})
