"""Where a result comes from: the commit and versions that made it, and files that are either whole or absent."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp-"
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("simlearn", "numpy", "torch", "warp-lang", "h5py", "hdf5plugin", "trimesh", "pybullet", "open3d-cpu", "lightning", "kornia")


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


@lru_cache(maxsize=1)
def commit() -> str:
    """Git commit of the checkout this code runs from, with "-dirty" when tracked files are modified; "unknown" outside a checkout."""
    top = _git("rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != ROOT:  # installed below somebody else's repository
        return "unknown"
    head, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    if not head:
        return "unknown"
    return head + ("-dirty" if changes else "")


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a result; those that are not installed are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; what was written there is fsynced and takes the name `path` when the block ends well.

    So `path` holds the old file or the whole new one, also after a crash or a power cut.
    """
    temporary = path.with_name(f".{path.name}{TEMPORARY}{os.getpid()}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    finally:
        with contextlib.suppress(NotADirectoryError):
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path, name: str = "*") -> None:
    """Delete temporary files of `whole_file` that a killed process left in `folder`, those of one file name or all."""
    for leftover in folder.glob(f".{name}{TEMPORARY}*"):
        leftover.unlink(missing_ok=True)


def write_json_atomic(path: Path, document: Any) -> None:
    """Write indented JSON as a `whole_file`; NaN and infinities, which JSON does not know, raise ValueError."""
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=1, allow_nan=False)
        file.write("\n")
