"""Folders of pictures without labels: any mixture of image files, good and bad, as training data for pretexts that need no labels.

What cannot be used is left out and named; what can be made sense of is: grey, palette and CMYK pictures become RGB, of animations the first
frame is taken, photographs are turned upright as their EXIF tag says, and large ones are reduced while they are decoded.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import Dataset

from scenes.errors import UserError

ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"))
SMALLEST_PX, LARGEST_PX = 32, 320
SHOWN = 5
Unreadable = (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError)


class PictureWarning(UserWarning):
    """Pictures were left out."""


class Pictures(Dataset[dict[str, Tensor]]):
    """Files as items {"rgb": uint8 [3, H, W]}; H and W differ, the shorter is at least 32 and at most 320.

    `left_out` says of every file that is not used why. Headers are read at once; a file whose pixels turn out to be damaged later is
    replaced by the next that is whole, with a warning. Raises UserError when nothing can be used.
    """

    def __init__(self, paths: Iterable[Path], source: str) -> None:
        self.source = source
        self.left_out: dict[Path, str] = {}
        self.paths = [path for path in sorted(paths) if self._usable(path)]
        if not self.paths:
            reasons = "; ".join(f"{path.name}: {why}" for path, why in list(self.left_out.items())[:SHOWN])
            raise UserError(f"{source} holds no picture to train on{' (' + reasons + ')' if reasons else ''}: give another folder")
        if self.left_out:
            warnings.warn(self._account(), PictureWarning, stacklevel=2)

    @classmethod
    def of_folder(cls, folder: Path) -> Pictures:
        """All image files below a folder; links that lead out of it are not followed."""
        return cls(picture_paths(folder), str(folder))

    def _usable(self, path: Path) -> bool:
        try:
            with Image.open(path) as picture:
                width, height = picture.size
        except Unreadable as error:
            self.left_out[path] = "empty" if path.exists() and path.stat().st_size == 0 else reason(error)
            return False
        if min(width, height) < SMALLEST_PX:
            self.left_out[path] = f"{width}x{height}, smaller than {SMALLEST_PX} pixels"
            return False
        return True

    def _account(self) -> str:
        named = [f"{path.name} ({why})" for path, why in list(self.left_out.items())[:SHOWN]]
        more = ", ..." if len(self.left_out) > SHOWN else ""
        count, total = len(self.left_out), len(self.left_out) + len(self.paths)
        return f"{count} of {total} pictures of {self.source} are left out: {', '.join(named)}{more}"

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"picture {index} of {len(self)}")
        for step in range(len(self)):
            path = self.paths[(index + step) % len(self)]
            if path in self.left_out:
                continue
            try:
                return {"rgb": torch.from_numpy(read_picture(path))}
            except Unreadable as error:
                self.left_out[path] = reason(error)
                warnings.warn(f"{path} is left out ({reason(error)})", PictureWarning, stacklevel=2)
        raise UserError(f"none of the {len(self)} pictures of {self.source} can be read any more: restore the folder")


def picture_paths(folder: Path) -> Iterator[Path]:
    """All image files below a folder; links that lead out of it are not followed."""
    files = (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and not path.name.startswith("."))
    return (path for path in files if path.resolve().is_relative_to(folder.resolve()))


def read_picture(path: Path, *, shorter_px: int | None = LARGEST_PX) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """An image file as uint8 [3, H, W], upright, the shorter side reduced to at most `shorter_px` pixels (None: as it is)."""
    with Image.open(path) as picture:
        if shorter_px is not None:
            picture.draft("RGB", (shorter_px, shorter_px))  # JPEG: decodes at half, a quarter or an eighth where that is enough
        upright = ImageOps.exif_transpose(picture)
        colour = _to_eight_bits(upright).convert("RGB")
    scale = 1.0 if shorter_px is None else shorter_px / min(colour.size)
    if scale < 1:
        colour = colour.resize([max(1, round(side * scale)) for side in colour.size], Image.Resampling.BOX, reducing_gap=2.0)
    return np.ascontiguousarray(np.asarray(colour).transpose(2, 0, 1))


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits scaled to its own range, which `convert` would clip."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    values = np.asarray(picture, dtype=np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return Image.fromarray((255 * (values - low) / max(high - low, 1e-9)).astype(np.uint8))


def reason(error: BaseException) -> str:
    """Why a file cannot be read, in a few words."""
    return "not an image" if isinstance(error, UnidentifiedImageError) else str(error).split("\n")[0] or type(error).__name__


class Whole(Sequence[Any]):
    """The items of an indexable; one that cannot be read (UserError) is replaced by the next that can, with a warning that names it.

    `left_out` says of each number that is not used why, as far as they were asked for. Raises UserError when none is left.
    """

    def __init__(self, items: Any, source: str) -> None:
        self._items, self.source = items, source
        self.left_out: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"item {index} of {len(self)}")
        for step in range(len(self)):
            number = (index + step) % len(self)
            if number in self.left_out:
                continue
            try:
                return self._items[number]
            except UserError as error:
                self.left_out[number] = str(error)
                count = f"{len(self.left_out)} of {len(self)} items of {self.source} so far"
                warnings.warn(f"{error}; it is left out ({count})", PictureWarning, stacklevel=2)
        raise UserError(f"none of the {len(self)} items of {self.source} can be read: restore the data set")


class Colours(Dataset[dict[str, Tensor]]):
    """The colour images of an indexable reader whose samples have "rgb" uint8 [H, W, 3]; and "label" int64, where they have a "class".

    A picture that is damaged is replaced by the next whole one (see `Whole`).
    """

    def __init__(self, reader: Sequence[Any], source: str) -> None:
        self._reader, self.source = Whole(reader, source), source

    @property
    def left_out(self) -> dict[int, str]:
        return self._reader.left_out

    def __len__(self) -> int:
        return len(self._reader)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        sample = self._reader[index]
        label = {"label": torch.tensor(sample["class"])} if "class" in sample else {}
        return {"rgb": torch.from_numpy(np.ascontiguousarray(sample["rgb"].transpose(2, 0, 1))), **label}
