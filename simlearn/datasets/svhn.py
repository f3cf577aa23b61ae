"""SVHN: house numbers of street views, as cropped digits and as whole pictures with a box around each digit.

Where to get it: http://ufldl.stanford.edu/housenumbers. Licence: non-commercial use only; cite Netzer et al. 2011. Expected under
`$SIMLEARN_DATA`, either format or both, each of train, test and extra:

    svhn/train_32x32.mat         MATLAB 5: X uint8 [32, 32, 3, N], y uint8 [N, 1], digits 1 ... 9, and 10 for the digit 0
    svhn/train/%d.png            whole pictures of any size
    svhn/train/digitStruct.mat   MATLAB 7.3, which is HDF5: digitStruct/name and digitStruct/bbox, references to each picture's file name
                                 (uint16 characters) and to its box group of height, left, top, width, label

A picture of one digit has the numbers themselves in its box group, one of several has references to them. Boxes are given in our pixels,
the top-left corner of the picture being (0, 0); MATLAB's count from 1. Some lie partly outside the picture, as in the original.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
from numpy.typing import NDArray
from scipy.io.matlab import MatReadError

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_rgb

FOLDERS = ("svhn", "SVHN")
SPLITS = ("train", "test", "extra")
CLASSES = tuple("0123456789")
SIDE = 32
Broken = (MatReadError, OSError, ValueError, TypeError, KeyError, IndexError, EOFError, zlib.error)


def _check(split: str) -> None:
    if split not in SPLITS:
        raise UserError(f"SVHN has no split {split!r}: known are {', '.join(SPLITS)}")


class SVHN:
    """Cropped digits, all in memory; indexable, a sample is {"rgb": uint8 [32, 32, 3], "class": int, the digit, "name": str}."""

    class_names = CLASSES

    def __init__(self, root: Path | None, split: str) -> None:
        _check(split)
        self.folder, self.split = locate(root, "SVHN (cropped digits)", FOLDERS, (f"{split}_32x32.mat",)), split
        self.path = self.folder / f"{split}_32x32.mat"
        try:
            arrays = scipy.io.loadmat(self.path, variable_names=["X", "y"])
            x, y = arrays["X"], arrays["y"].ravel().astype(np.int64)
        except Broken as error:
            raise UserError(f"{self.path} cannot be read ({error}): it is cut short or no SVHN file, get it again") from error
        if x.dtype != np.uint8 or x.shape != (SIDE, SIDE, 3, len(y)):
            raise UserError(f"{self.path} has X {x.dtype} {x.shape} for {len(y)} labels, expected uint8 (32, 32, 3, N): get it again")
        if len(y) == 0 or not 1 <= y.min() <= y.max() <= 10:
            raise UserError(f"{self.path} has labels that are not 1 ... 10: get it again")
        self._pixels: NDArray[np.uint8] = x.transpose(3, 0, 1, 2)
        self.classes: list[int] = (y % 10).tolist()

    def __len__(self) -> int:
        return len(self.classes)

    def __getitem__(self, index: int) -> dict[str, Any]:
        rgb = np.ascontiguousarray(self._pixels[index])
        return {"rgb": rgb, "class": self.classes[index], "name": f"{self.split}/{index}"}

    def fingerprint(self) -> str:
        return fingerprint([self.path], self.folder)


class SVHNNumbers:
    """Whole pictures; indexable, in the order of the list.

    A sample is {"rgb": uint8 [H, W, 3], "digits": int64 [K], "boxes": float64 [K, 4] as x0, y0, x1, y1 in pixels, "name": str}.
    `missing` names pictures that are listed and not there; they are left out.
    """

    def __init__(self, root: Path | None, split: str) -> None:
        _check(split)
        self.folder = locate(root, "SVHN (whole numbers)", FOLDERS, (f"{split}/digitStruct.mat",)) / split
        self.list = self.folder / "digitStruct.mat"
        there = {path.name for path in self.folder.glob("*.png")}
        try:
            with h5py.File(self.list, "r") as file:
                names = [_text(file[reference]) for reference in file["digitStruct/name"][:, 0]]
        except Broken as error:
            raise UserError(f"{self.list} cannot be read ({error}): it is cut short or no SVHN list, unpack it again") from error
        self.missing = [name for name in names if name not in there]
        self._rows = [row for row, name in enumerate(names) if name in there]
        self.names = [names[row] for row in self._rows]
        if not self.names:
            raise UserError(f"{self.folder} holds none of the {len(names)} pictures that digitStruct.mat lists: unpack the archive again")

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        name, row = self.names[index], self._rows[index]
        try:
            with h5py.File(self.list, "r") as file:
                group = file[file["digitStruct/bbox"][row, 0]]
                left, top, width, height, label = (_numbers(file, group[key]) for key in ("left", "top", "width", "height", "label"))
                boxes = np.stack([left - 1, top - 1, left - 1 + width, top - 1 + height], axis=-1)
        except Broken as error:
            raise UserError(f"{self.list} has no complete boxes of {name} ({error}): unpack it again") from error
        return {"rgb": read_rgb(self.folder / name), "digits": label.astype(np.int64) % 10, "boxes": boxes, "name": name}

    def fingerprint(self) -> str:
        return fingerprint([self.list, *(self.folder / name for name in self.names)], self.folder)


def _text(characters: Any) -> str:
    return "".join(map(chr, characters[()].ravel()))


def _numbers(file: Any, data: Any) -> NDArray[np.float64]:
    """float64 [K] of a member of a box group: one number, or K references to one each."""
    values = data[()].ravel()
    return np.array([file[v][()].item() for v in values] if values.dtype == object else values, dtype=np.float64)


def found(root: Path | None) -> Finding:
    """What there is of SVHN under root, by the files' own counts: pixels are not read."""
    try:
        folder = locate(root, "SVHN", FOLDERS, ())
        parts = [text for split in SPLITS for text in _counts(folder, split)]
    except UserError as error:
        return Finding(present=False, text=str(error))
    if not parts:
        return Finding(present=False, text=f"{folder} holds neither train_32x32.mat nor train/digitStruct.mat: put SVHN's files there")
    return Finding(present=True, folder=folder, text="; ".join(parts))


def _counts(folder: Path, split: str) -> list[str]:
    cropped, listed = folder / f"{split}_32x32.mat", folder / split / "digitStruct.mat"
    texts = []
    try:
        if cropped.exists():
            shapes = {name: shape for name, shape, _ in scipy.io.whosmat(cropped)}
            texts.append(f"{shapes['X'][-1]} cropped {split} digits")
        if listed.exists():
            with h5py.File(listed, "r") as file:
                count = len(file["digitStruct/name"])
            there = sum(1 for _ in listed.parent.glob("*.png"))
            texts.append(f"{there} of {count} {split} pictures of whole numbers")
    except Broken as error:
        raise UserError(f"{folder}: a list of {split} cannot be read ({error}): it is cut short or no SVHN file, get it again") from error
    return texts
