"""Tiny ImageNet: 64x64 colour images of up to 200 classes.

Where to get it: http://cs231n.stanford.edu/tiny-imagenet-200.zip (Stanford CS231n). Licence: ImageNet's terms, non-commercial
research and education only. Expected under `$SIMLEARN_DATA`, as the archive unpacks (any subset of the classes will do):

    tiny-imagenet-200/wnids.txt                               one WordNet id a line; their order gives the class indices
    tiny-imagenet-200/words.txt                               id <tab> name
    tiny-imagenet-200/train/<wnid>/images/<name>.JPEG
    tiny-imagenet-200/val/images/<name>.JPEG
    tiny-imagenet-200/val/val_annotations.txt                 file <tab> wnid <tab> x0 <tab> y0 <tab> x1 <tab> y1

The `test` folder of the archive has no labels and is not read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_rgb

SPLITS = ("train", "val")
NEEDED = ("wnids.txt", "train", "val/images", "val/val_annotations.txt")


class TinyImageNet:
    """Indexable; a sample is {"rgb": uint8 [64, 64, 3], "class": int}.

    `missing` names what the lists promise and the folder lacks, `unlisted` class folders that wnids.txt does not name; both are left out.
    Raises UserError when no image is left.
    """

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"Tiny ImageNet has no split {split!r}: known are {', '.join(SPLITS)}")
        self.folder = locate(root, "Tiny ImageNet", ("tiny-imagenet-200",), NEEDED)
        self.split = split
        self.unlisted = list[str]()
        self.wnids = (self.folder / "wnids.txt").read_text().split()
        self.class_names = self._names()
        if split == "train":
            listed, self.missing = self._train()
        else:
            listed, self.missing = self._val()
        self.paths = [path for path, _ in listed]
        self.classes = [index for _, index in listed]
        if not listed:
            raise UserError(f"{self.folder}/{split} holds no listed image: unpack the archive again")

    def _names(self) -> list[str]:
        words = self.folder / "words.txt"
        lines = words.read_text().splitlines() if words.exists() else []
        names = dict(line.split("\t", 1) for line in lines if "\t" in line)
        return [names.get(wnid, wnid).split(",")[0] for wnid in self.wnids]

    def _train(self) -> tuple[list[tuple[Path, int]], list[str]]:
        listed: list[tuple[Path, int]] = []
        missing = []
        for index, wnid in enumerate(self.wnids):
            images = sorted((self.folder / "train" / wnid / "images").glob("*.JPEG"))
            listed += [(path, index) for path in images]
            missing += [] if images else [f"train/{wnid}/images"]
        there = sorted(path.name for path in (self.folder / "train").iterdir() if path.is_dir())
        self.unlisted = [f"train/{name}" for name in there if name not in self.wnids]
        return listed, missing

    def _val(self) -> tuple[list[tuple[Path, int]], list[str]]:
        annotations = self.folder / "val" / "val_annotations.txt"
        index = {wnid: i for i, wnid in enumerate(self.wnids)}
        listed, missing = [], []
        for number, line in enumerate(annotations.read_text().splitlines(), start=1):
            fields = line.split("\t")
            if len(fields) != 6:
                raise UserError(f"{annotations} line {number} has {len(fields)} fields instead of 6: restore the file")
            path = self.folder / "val" / "images" / fields[0]
            if fields[1] not in index:
                continue
            if path.exists():
                listed.append((path, index[fields[1]]))
            else:
                missing.append(f"val/images/{fields[0]}")
        return listed, missing

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"rgb": read_rgb(self.paths[index]), "class": self.classes[index]}

    def fingerprint(self) -> str:
        return fingerprint(self.paths, self.folder)


def found(root: Path | None) -> Finding:
    """What there is of Tiny ImageNet under root."""
    try:
        train, val = TinyImageNet(root, "train"), TinyImageNet(root, "val")
    except UserError as error:
        return Finding(present=False, text=str(error))
    absent = len(train.missing) + len(val.missing)
    text = f"{len(train.wnids)} classes, {len(train)} training and {len(val)} validation images"
    text += f"; {absent} listed files are missing" if absent else ""
    text += f"; {len(train.unlisted)} class folders are not in wnids.txt: {', '.join(train.unlisted[:5])}" if train.unlisted else ""
    return Finding(present=True, folder=train.folder, text=text)
