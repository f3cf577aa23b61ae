"""YFCC100M: 99.2 million photos and 0.8 million videos of Flickr without classes, all under Creative Commons licences.

Where to get it: https://multimediacommons.wordpress.com (metadata; images on the AWS bucket multimedia-commons). Licence: each photo has
its own Creative Commons licence, named in the metadata; cite Thomee et al. 2016. Expected under `$SIMLEARN_DATA` (any part will do):

    yfcc100m/yfcc100m_dataset              a line a photo or video, columns separated by tabs; also as yfcc100m_dataset.bz2, and also in
                                           parts yfcc100m_dataset-0 ... -9
    yfcc100m/data/images/4e2/f7a/4e2f7a26a1dfbf165a7e30bdabf7e72a.jpg      images by hash, as on the bucket
    yfcc100m/images/**/6985418911.jpg                                      or by identifier (also .png, .jpeg), in any folders

Lines have 23 columns, identifier first, or 25 in the later release: line number, identifier, hash, and the others. The last one is 0 for a
photo, 1 for a video. Videos are counted and not read.
"""

from __future__ import annotations

import bz2
import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from scenes.errors import UserError
from simlearn.datasets.pictures import picture_paths
from simlearn.datasets.root import Finding, locate, read_rgb

FOLDERS = ("yfcc100m", "YFCC100M")
LIST = "yfcc100m_dataset"
LOOKED_AT = 100_000  # lines that `found` reads: all of them take a quarter of an hour


class YFCC100M:
    """The photos that are there; indexable, a sample is {"rgb": uint8 [H, W, 3], "name": str, the identifier}; sizes differ.

    `photos`, `videos`: how many are listed. `missing` names the identifiers of photos without an image. `most`: how many lines are read.
    """

    def __init__(self, root: Path | None, split: str = "train", *, most: int | None = None) -> None:
        if split != "train":
            raise UserError(f"YFCC100M has no split {split!r}: all of it is for training")
        self.folder = locate(root, "YFCC100M", FOLDERS, ())
        self.photos = self.videos = 0
        self.names, self.paths, self.missing = list[str](), list[Path](), list[str]()
        images = self.folder / "images"
        by_name = {path.stem: path for path in picture_paths(images)} if images.is_dir() else {}
        for name, digest, video in islice(self._lines(), most):
            self.videos += video
            self.photos += not video
            if not video:
                self._note(name, self._hashed(digest) or by_name.get(name))
        if not self.paths:
            raise UserError(
                f"{self.folder} holds none of the {self.photos} photos that {LIST} lists: put them into data/images by hash, or images"
            )

    def _lines(self) -> Iterator[tuple[str, str, bool]]:
        """(identifier, hash or "", whether it is a video) of each line."""
        lists = sorted(path for path in self.folder.glob(f"{LIST}*") if path.suffix in ("", ".bz2"))
        if not lists:
            raise UserError(f"{self.folder} lacks {LIST} or {LIST}.bz2: put the metadata there")
        for path in lists:
            try:
                with bz2.open(path, "rb") if path.suffix else path.open("rb") as file:
                    for number, line in enumerate(file, start=1):
                        yield _fields(line, path, number)
            except (OSError, EOFError) as error:
                raise UserError(f"{path} cannot be read ({error}): it is cut short or damaged, get it again") from error

    def _hashed(self, digest: str) -> Path | None:
        path = self.folder / "data" / "images" / digest[:3] / digest[3:6] / f"{digest}.jpg"
        return path if digest and path.is_file() else None

    def _note(self, name: str, path: Path | None) -> None:
        if path is None:
            self.missing.append(name)
        else:
            self.names.append(name)
            self.paths.append(path)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"rgb": read_rgb(self.paths[index]), "name": self.names[index]}

    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 over identifiers and sizes in bytes: contents would take days."""
        digest = hashlib.sha256()
        for name, path in zip(self.names, self.paths, strict=True):
            digest.update(f"{name}\0{path.stat().st_size}\n".encode())
        return digest.hexdigest()[:16]


def _fields(line: bytes, path: Path, number: int) -> tuple[str, str, bool]:
    fields = line.rstrip(b"\r\n").split(b"\t")
    if len(fields) not in (23, 25) or fields[-1] not in (b"0", b"1"):
        columns = f"{len(fields)} columns instead of 23 or 25" if len(fields) not in (23, 25) else "neither 0 nor 1 in its last column"
        raise UserError(f"{path} line {number} has {columns}: get the file again")
    name, digest = (fields[1], fields[2]) if len(fields) == 25 else (fields[0], b"")
    return name.decode(errors="replace"), digest.decode(errors="replace"), fields[-1] == b"1"


def found(root: Path | None) -> Finding:
    """What there is of YFCC100M under root, by the first 100,000 lines of the metadata."""
    try:
        data = YFCC100M(root, most=LOOKED_AT)
    except UserError as error:
        return Finding(present=False, text=str(error))
    only = f"of the first {LOOKED_AT} lines: " if data.photos + data.videos == LOOKED_AT else ""
    absent = f"; {len(data.missing)} are missing, the first is {data.missing[0]}" if data.missing else ""
    text = f"{only}{data.photos} photos and {data.videos} videos listed, {len(data)} images there{absent}"
    return Finding(present=True, folder=data.folder, text=text)
