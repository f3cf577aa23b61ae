"""The folder an export goes to: absent until it is whole, continued where an interrupted export stopped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scenes.errors import UserError
from simlearn.manifest import MANIFEST
from simlearn.provenance import remove_leftovers, sync_folder

SOURCE = ".source"


@contextmanager
def partial_folder(data: Path, out: Path) -> Iterator[Path]:
    """Yield the folder `out` + ".partial" to write to; it becomes `out` when the block ends well, and stays for a next try otherwise.

    Raises UserError when `out` is not empty or cannot be written, or when the partial folder belongs to another data set.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not an empty folder: choose a new folder with --out")
    partial = out.with_name(out.name + ".partial")
    source = hashlib.sha256((data / MANIFEST).read_bytes()).hexdigest()
    try:
        partial.mkdir(parents=True, exist_ok=True)
        mark = partial / SOURCE
        if not mark.exists():
            if any(partial.iterdir()):
                raise UserError(f"{partial} is not ours to write to: choose another folder with --out, or remove it")
            mark.write_text(source)
        if mark.read_text() != source:
            raise UserError(f"{partial} is left over from exporting another data set: remove it, or choose another folder with --out")
        remove_leftovers(partial)
        yield partial
        mark.unlink()
        os.replace(partial, out)
        sync_folder(out.parent)
    except OSError as error:
        raise UserError(f"cannot write to {partial} ({error}): free some space or choose another folder, then export again") from error
