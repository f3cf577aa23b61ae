"""STL-10: 96x96 colour images of ten classes, and 100,000 more without labels, in the binary format of its page.

Where to get it: https://cs.stanford.edu/~acoates/stl10 (stl10_binary.tar.gz). Licence: images of ImageNet, for research only; cite Coates,
Lee and Ng 2011. Expected under `$SIMLEARN_DATA`:

    stl10_binary/train_X.bin        uint8, 3x96x96 an image: red, green, blue, each plane column by column (5,000 images)
    stl10_binary/train_y.bin        uint8, the class of each, counted from 1
    stl10_binary/test_X.bin         the same, 8,000 images, with test_y.bin
    stl10_binary/unlabeled_X.bin    the same, 100,000 images
    stl10_binary/class_names.txt    a name a line
    stl10_binary/fold_indices.txt   ten lines, the indices (from 0) of the 1,000 training images of each official fold

(`stl10/` or `stl10/stl10_binary/` in place of `stl10_binary/` too.) Pixels are mapped into memory: only those asked for are read.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.datasets.root import Finding, locate

FOLDERS = ("stl10_binary", "stl10/stl10_binary", "stl10")
SPLITS = ("train", "test", "unlabeled")
SIDE = 96
IMAGE_BYTES = 3 * SIDE * SIDE


class STL10:
    """Indexable; a sample is {"rgb": uint8 [96, 96, 3], "class": int from 0, but of "unlabeled", "name": str}."""

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"STL-10 has no split {split!r}: known are {', '.join(SPLITS)}")
        labelled = split != "unlabeled"
        needed = (f"{split}_X.bin", *([f"{split}_y.bin", "class_names.txt"] if labelled else []))
        self.folder, self.split = locate(root, "STL-10", FOLDERS, needed), split
        self._pixels = _pixels(self.folder / f"{split}_X.bin")
        self.class_names = (self.folder / "class_names.txt").read_text().split() if labelled else []
        self.classes = self._classes() if labelled else None

    def _classes(self) -> list[int]:
        path = self.folder / f"{self.split}_y.bin"
        numbers = np.fromfile(path, dtype=np.uint8)
        if len(numbers) != len(self._pixels):
            raise UserError(
                f"{path} has {len(numbers)} labels for {len(self._pixels)} images: one of the two is cut short, unpack them again"
            )
        if not 1 <= numbers.min() <= numbers.max() <= len(self.class_names):
            raise UserError(
                f"{path} has labels {numbers.min()} ... {numbers.max()}, class_names.txt {len(self.class_names)} names: unpack both again"
            )
        return (numbers.astype(np.int64) - 1).tolist()

    def folds(self) -> list[NDArray[np.int64]]:
        """Indices of the training images of each official fold, int64 [1000] each."""
        path = self.folder / "fold_indices.txt"
        if self.split != "train" or not path.exists():
            raise UserError(f"folds are of the split train and listed in {path}, which {'exists' if path.exists() else 'does not exist'}")
        try:
            folds = [np.array(line.split(), dtype=np.int64) for line in path.read_text().splitlines() if line.strip()]
        except ValueError as error:
            raise UserError(f"{path} holds something that is no number ({error}): unpack it again") from error
        if any(len(fold) and not 0 <= fold.min() <= fold.max() < len(self) for fold in folds):
            raise UserError(f"{path} names images beyond the {len(self)} of train_X.bin: unpack both again")
        return folds

    def __len__(self) -> int:
        return len(self._pixels)

    def __getitem__(self, index: int) -> dict[str, Any]:
        rgb = np.ascontiguousarray(self._pixels[index].transpose(2, 1, 0))
        label = {} if self.classes is None else {"class": self.classes[index]}
        return {"rgb": rgb, **label, "name": f"{self.split}/{index}"}

    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 over pixels and labels."""
        digest = hashlib.sha256(self._pixels.reshape(-1).data)
        digest.update(bytes(self.classes or []))
        return digest.hexdigest()[:16]


def _pixels(path: Path) -> NDArray[np.uint8]:
    """uint8 [N, 3, columns, rows], mapped into memory."""
    size = path.stat().st_size
    if size == 0 or size % IMAGE_BYTES:
        raise UserError(f"{path} has {size} bytes, not a multiple of {IMAGE_BYTES}: it is cut short, unpack it again")
    return np.memmap(path, dtype=np.uint8, mode="r", shape=(size // IMAGE_BYTES, 3, SIDE, SIDE))


def unlabeled(root: Path | None, split: str) -> STL10:
    """The 100,000 images without labels, which are all for training."""
    if split != "train":
        raise UserError(f"the unlabelled images of STL-10 have no split {split!r}: all of them are for training")
    return STL10(root, "unlabeled")


def found(root: Path | None) -> Finding:
    """What there is of STL-10 under root."""
    there, complaints = {}, []
    for split in SPLITS:
        try:
            there[split] = STL10(root, split)
        except UserError as error:
            complaints.append(str(error))
    if not there:
        return Finding(present=False, text=complaints[0])
    counts = ", ".join(f"{len(data)} {'unlabelled' if split == 'unlabeled' else split} images" for split, data in there.items())
    lacking = f"; not usable: {'; '.join(complaints)}" if complaints else ""
    return Finding(present=True, folder=next(iter(there.values())).folder, text=counts + lacking)
