"""Videos that a list names and of which, as they vanish from the web, any part may be there: what readers of large collections share."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from scenes.errors import UserError
from simlearn.datasets.actions import ActionVideos
from simlearn.datasets.root import Finding
from simlearn.datasets.videos import ENDINGS


class ListedVideos(ActionVideos):
    """The videos of one split, of hundreds of thousands: their fingerprint is of names and sizes."""

    def fingerprint(self) -> str:
        return sizes_fingerprint(self.paths, self.folder)

    def absent(self) -> str:
        """What of the list is not there, and what is there beside it: "" or the end of a sentence."""
        parts = []
        if self.missing:
            listed = len(self.missing) + len(self)
            parts.append(f"{len(self.missing)} of {listed} listed {self.split} videos are missing, the first is {self.missing[0]}")
        if self.unlisted:
            parts.append(f"{len(self.unlisted)} folders of {self.split} are of no listed class: {', '.join(self.unlisted[:3])}")
        return "".join(f"; {part}" for part in parts)


def sizes_fingerprint(paths: Iterable[Path], base: Path) -> str:
    """First 16 hex digits of the SHA-256 over names (relative to base) and sizes in bytes, in sorted order: contents would take hours."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(base).as_posix()}\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()[:16]


def files_below(folder: Path, endings: Iterable[str] = ENDINGS) -> Iterator[Path]:
    """The files with these endings in a folder and in its direct subfolders, in order; nothing where there is no such folder."""
    wanted = frozenset(endings)
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if entry.is_dir():
            below = sorted(name for name in os.listdir(entry) if Path(name).suffix.lower() in wanted)
            yield from (folder / entry.name / name for name in below)
        elif Path(entry.name).suffix.lower() in wanted:
            yield folder / entry.name


def folders_beside(paths: Iterable[Path], folder: Path, known: Iterable[str]) -> tuple[str, ...]:
    """Names of the folders directly below `folder` that hold some of the paths and are not known."""
    return tuple(sorted({path.parent.name for path in paths if path.parent != folder} - set(known)))


def table_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """(line, {column: field}) of a comma-separated table whose first line names its columns; UserError for one that lacks some."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if lacking := [name for name in columns if name not in (rows.fieldnames or ())]:
                raise UserError(f"{path} has no column {', '.join(lacking)}: its first line must name {', '.join(columns)}")
            for row in rows:
                if any(row[name] is None for name in columns):
                    raise UserError(f"{path} line {rows.line_num} has too few fields: it is cut short, get the file again")
                yield rows.line_num, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} is no table of text ({error}): get the file again") from error


def found_listed(read: Callable[[str], ListedVideos], splits: Sequence[str]) -> Finding:
    """What there is of a reader's splits; one of them is enough."""
    there, complaints = dict[str, ListedVideos](), []
    for split in splits:
        try:
            there[split] = read(split)
        except UserError as error:
            complaints.append(str(error))
    if not there:
        return Finding(present=False, text=complaints[0])
    first = next(iter(there.values()))
    counts = ", ".join(f"{len(data)} {split}" for split, data in there.items())
    absent = "".join(data.absent() for data in there.values())
    text = "; ".join([f"{len(first.class_names)} classes, {counts} videos{absent}", *complaints])
    return Finding(present=True, folder=first.folder, text=text)
