"""Tar shards that `webdataset` streams: samples of files that share a name up to the first dot.

    000000.tar, 000001.tar, ...                     about 500 MB each
        scene_000017_0003.rgb.png (or .rgb.jpg)     pictures of the labels rgb and rgb_right
        scene_000017_0003.depth.npy                 every other label with the dtype and shape of `renderers.frame.LABELS`
        scene_000017_0003.json                      scene, time, K [3, 3], pose [4, 4] (camera-to-world), camera, label_space
    index.json                                      names of the tars with their numbers of samples

Samples are in the order of scenes and times. Headers hold no times, users or rights of whoever exports.
"""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from renderers.frame import LABELS
from scenes.errors import UserError
from simlearn.exporters.arrays import npy
from simlearn.exporters.target import Export, exporting
from simlearn.formats.image import encode_jpeg, encode_png
from simlearn.shards import ShardReader

PICTURES = {"png": encode_png, "jpg": encode_jpeg}
LAST = "json"  # every sample ends with this member, so whole samples can be counted


def export(
    data: str | Path, out: str | Path, *, labels: Iterable[str] = (), images: str = "png", tar_mb: float = 500.0, progress: bool = True
) -> Path:
    """Tars that are closed when they have reached `tar_mb` megabytes; pictures are "png", or "jpg" of quality 95.

    Interrupted exports continue at the tar that was being written when run again; `out` appears when all is there. Raises UserError for a
    data set that is incomplete or damaged.
    """
    if images not in PICTURES:
        raise UserError(f"images are written as {' or '.join(PICTURES)}, not as {images!r}")
    if not tar_mb > 0:
        raise UserError(f"a tar has a size in megabytes above 0, not {tar_mb}")
    options = {"images": images, "tar_mb": tar_mb}
    with exporting(data, out, "webdataset", labels=labels, options=options, progress=progress) as job, _Tars(job, tar_mb * 1e6) as tars:
        for scene, reader in job.scenes():
            for frame in job.frames(reader):
                if tars.skip():
                    continue
                tars.add(f"scene_{scene:06d}_{frame:04d}", _members(reader, frame, scene, job.labels, images))
        tars.finish()
    return Path(out)


def _members(reader: ShardReader, frame: int, scene: int, labels: tuple[str, ...], images: str) -> Iterator[tuple[str, bytes]]:
    for label in labels:
        array = reader.read(label, frame)
        if LABELS[label].unit == "sRGB":
            yield f"{label}.{images}", PICTURES[images](array)
        else:
            yield f"{label}.npy", npy(array)
    facts: dict[str, Any] = {
        "scene": scene,
        "time": int(reader.times[frame]),
        "K": reader.K.tolist(),
        "pose": reader.poses[frame].tolist(),
        "camera": dataclasses.asdict(reader.camera),
        "label_space": str(reader.attributes["label_space"]),
    }
    yield LAST, json.dumps(facts).encode()


class _Tars:
    """The row of tars. Those that are there from an interrupted export are whole and are counted, not read again."""

    def __init__(self, job: Export, size: float) -> None:
        self._job, self._size = job, size
        self.counts: list[int] = []
        while not job.missing(_name(len(self.counts))):
            self.counts.append(_samples(job.folder / _name(len(self.counts))))
        self._left_out = sum(self.counts)
        self._open = ExitStack()
        self._tar: tarfile.TarFile | None = None

    def skip(self) -> bool:
        """Whether the next sample is in a tar already."""
        self._left_out -= 1
        return self._left_out >= 0

    def add(self, key: str, members: Iterable[tuple[str, bytes]]) -> None:
        """Append a sample, to a new tar when the last one is full."""
        if self._tar is None:
            path = self._open.enter_context(self._job.create(_name(len(self.counts))))
            self._tar = self._open.enter_context(tarfile.TarFile(path, "w", format=tarfile.USTAR_FORMAT))
            self.counts.append(0)
        for ending, content in members:
            entry = tarfile.TarInfo(f"{key}.{ending}")  # mtime, uid and gid 0, no names, mode 644
            entry.size = len(content)
            self._tar.addfile(entry, io.BytesIO(content))
        self.counts[-1] += 1
        if self._tar.offset >= self._size:
            self._close()

    def finish(self) -> None:
        """Close the last tar and write the index."""
        self._close()
        shards = [{"url": _name(number), "nsamples": count} for number, count in enumerate(self.counts)]
        self._job.write("index.json", json.dumps(shards, indent=1).encode())

    def _close(self) -> None:
        self._tar = None
        self._open.close()

    def __enter__(self) -> _Tars:
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)  # with an error, the tar under way vanishes


def _name(number: int) -> str:
    return f"{number:06d}.tar"


def _samples(path: Path) -> int:
    with tarfile.open(path, "r:") as tar:
        return sum(member.name.endswith(f".{LAST}") for member in tar)
