"""Where real data lies, and the sentences that say what was found and what is missing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from scenes.errors import UserError

VARIABLE = "SIMLEARN_DATA"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a data set's folder holds: `text` describes it, or says what is missing and where to get it."""

    present: bool
    text: str
    folder: Path | None = None

    def __str__(self) -> str:
        return self.text


def data_root() -> Path | None:
    """The folder of real data: `$SIMLEARN_DATA`, else `../shared/data` beside the checkout, else None.

    Raises UserError when the variable is set to something that is not a folder with contents: a typing error there must
    not silently turn a run on real data into one without.
    """
    named = os.environ.get(VARIABLE, "")
    if not named:
        beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
        return beside if beside.is_dir() else None
    root = Path(named).expanduser()
    if not root.is_dir():
        raise UserError(f"{VARIABLE} names {root}, which is not a folder: set it to the folder of your data sets, or unset it")
    if not any(root.iterdir()):
        raise UserError(f"{VARIABLE} names {root}, which is empty: put the data sets there, set it to another folder, or unset it")
    return root


def locate(root: Path | None, name: str, candidates: Sequence[str], needed: Sequence[str]) -> Path:
    """The first of the candidate folders under root that has every needed entry; UserError naming what is expected otherwise."""
    if root is None:
        raise UserError(
            f"no real data: {name} is expected in a folder {candidates[0]!r} under the one that the environment variable {VARIABLE} names; "
            f"set it, for example: export {VARIABLE}=/path/to/data"
        )
    complaints = []
    for candidate in candidates:
        folder = root / candidate
        missing = [entry for entry in needed if not (folder / entry).exists()]
        if folder.is_dir() and not missing:
            return folder
        complaints.append(f"{folder} {'lacks ' + ', '.join(missing) if folder.is_dir() else 'does not exist'}")
    raise UserError(f"{name} was not found: {'; '.join(complaints)}; put the data there or point {VARIABLE} at the folder that has it")


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """An image file as uint8 [H, W, 3]; UserError naming the file when it is missing or not an image."""
    return np.asarray(_open(path).convert("RGB"))


def read_grey(path: Path) -> NDArray[Any]:
    """A one-channel image as stored, uint8 or uint16 [H, W]; UserError when it is missing, broken or has colour channels."""
    array = np.asarray(_open(path))
    if array.ndim != 2:
        raise UserError(f"{path} has shape {array.shape}, a one-channel image was expected: restore the original file")
    return array.astype(np.uint16) if array.dtype == np.int32 else array


def _open(path: Path) -> Image.Image:
    try:
        image = Image.open(path)
        image.load()
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist: restore the file from the data set") from error
    except (UnidentifiedImageError, OSError) as error:
        raise UserError(f"{path} cannot be read as an image ({error}): restore the file from the data set") from error
    return image


def fingerprint(paths: Iterable[Path], base: Path) -> str:
    """First 16 hex digits of the SHA-256 over the names (relative to base) and contents of the files, in sorted order."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(base).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
