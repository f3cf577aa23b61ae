"""Places205: 2.4 million pictures of 205 kinds of places.

Where to get it: http://places.csail.mit.edu (resized images, train/val split). Licence: non-commercial research and education only; cite
Zhou et al. 2014. Expected under `$SIMLEARN_DATA`, as the archives unpack (any subset of the images will do):

    places205/trainvalsplit_places205/train_places205.csv    path <space> class, for example: a/abbey/gsun_0003586c.jpg 0
    places205/trainvalsplit_places205/val_places205.csv      the same
    places205/data/vision/torralba/deeplearning/images256/a/abbey/gsun_0003586c.jpg

(`images256/` or `images/` in place of the long path too.) The file without labels, test_places205.csv, is not read. Classes are named
after their folders.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from scenes.errors import UserError
from simlearn.datasets.root import Finding, locate, read_rgb

FOLDERS = ("places205", "Places205")
LISTS = "trainvalsplit_places205"
IMAGES = ("data/vision/torralba/deeplearning/images256", "images256", "images")
SPLITS = ("train", "val")


class ListedPictures:
    """Pictures with classes; indexable, a sample is {"rgb": uint8 [H, W, 3], "class": int, "name": str}; sizes may differ.

    `listed`: (path inside `images`, class) each. `missing` names what is listed and not there; it is left out.
    """

    def __init__(self, images: Path, listed: Iterable[tuple[str, int]], source: Path) -> None:
        self.images, self.missing = images, list[str]()
        self.names, self.classes = list[str](), list[int]()
        in_folder = lru_cache(maxsize=None)(_files)
        for name, number in listed:
            folder, _, file = name.rpartition("/")
            if file in in_folder(images / folder):
                self.names.append(name)
                self.classes.append(number)
            else:
                self.missing.append(name)
        if not self.names:
            raise UserError(f"{images} holds none of the {len(self.missing)} images that {source} lists: unpack the images there")

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"rgb": read_rgb(self.images / self.names[index]), "class": self.classes[index], "name": self.names[index]}

    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 over names, classes and sizes in bytes: contents would take hours."""
        digest = hashlib.sha256()
        for name, number in zip(self.names, self.classes, strict=True):
            digest.update(f"{name}\0{number}\0{(self.images / name).stat().st_size}\n".encode())
        return digest.hexdigest()[:16]

    def absent(self) -> str:
        """ "; 3 listed images are missing, the first is ...", or nothing."""
        return f"; {len(self.missing)} listed images are missing, the first is {self.missing[0]}" if self.missing else ""


def _files(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return frozenset()


def read_list(path: Path, classes: int | None = None) -> list[tuple[str, int]]:
    """(path without a leading slash, class) of each line; UserError for a line that is no such pair, or has a class beyond `classes`."""
    listed = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        name, _, label = line.strip().rpartition(" ")
        if not name or not label.isdigit() or (classes is not None and int(label) >= classes):
            known = "" if classes is None else f" of 0 ... {classes - 1}"
            raise UserError(f"{path} line {number} is {line[:80]!r} instead of a path and a class{known}: restore the file")
        listed.append((name.lstrip("/"), int(label)))
    if not listed:
        raise UserError(f"{path} is empty: restore the file")
    return listed


class Places205(ListedPictures):
    """See `ListedPictures`."""

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"Places205 has no split {split!r} with labels: known are {', '.join(SPLITS)}")
        self.folder = locate(root, "Places205", FOLDERS, (f"{LISTS}/train_places205.csv", f"{LISTS}/{split}_places205.csv"))
        images = next((self.folder / name for name in IMAGES if (self.folder / name).is_dir()), None)
        if images is None:
            raise UserError(f"{self.folder} has none of the folders {', '.join(IMAGES)}: unpack the images there")
        path = self.folder / LISTS / f"{split}_places205.csv"
        train = read_list(self.folder / LISTS / "train_places205.csv")
        self.class_names = _names(train)
        listed = train if split == "train" else read_list(path, len(self.class_names))
        super().__init__(images, listed, path)


def _names(listed: list[tuple[str, int]]) -> list[str]:
    """The folder of each class without its initial, "abbey" of "a/abbey/...", by class; the number where none is listed."""
    folders = {number: "/".join(name.split("/")[1:-1]) for name, number in listed}
    return [folders.get(number) or str(number) for number in range(max(folders) + 1)]


def found(root: Path | None) -> Finding:
    """What there is of Places205 under root."""
    try:
        train = Places205(root, "train")
    except UserError as error:
        return Finding(present=False, text=str(error))
    text = f"{len(train.class_names)} classes, {len(train)} training images{train.absent()}"
    try:
        val = Places205(root, "val")
    except UserError as error:
        return Finding(present=True, folder=train.folder, text=f"{text}; no validation images: {error}")
    return Finding(present=True, folder=train.folder, text=f"{text}; {len(val)} validation images{val.absent()}")
