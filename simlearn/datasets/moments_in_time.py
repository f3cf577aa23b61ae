"""Moments in Time: a million clips of 3 s from the web, each of one of 339 (later 305) happenings, by people, animals or things.

Where to get it: http://moments.csail.mit.edu (a form; Moments_in_Time_Raw.zip). Licence: non-commercial research and education; cite
Monfort et al. 2019. Expected under `$SIMLEARN_DATA`, as the archive unpacks (any part of the videos will do):

    moments_in_time/moments_categories.txt       <class>,<number from 0> a line
    moments_in_time/trainingSet.csv              <class>/<file>.mp4,<class>,<votes for>,<votes against> a line; also validationSet.csv
    moments_in_time/training/<class>/<file>.mp4
    moments_in_time/validation/<class>/<file>.mp4

(The videos may lie in a folder `videos`, the lists in a folder `annotations`.) The test set has no public labels.
"""

from __future__ import annotations

import csv
from pathlib import Path

from scenes.errors import UserError
from simlearn.datasets.actions import ActionVideo
from simlearn.datasets.listed_videos import ListedVideos, files_below, folders_beside, found_listed
from simlearn.datasets.root import Finding, locate

FOLDERS = ("moments_in_time", "Moments_in_Time_Raw", "Moments_in_Time")
SPLITS = {"train": ("trainingSet.csv", "training"), "val": ("validationSet.csv", "validation")}
CATEGORIES = "moments_categories.txt"


class MomentsInTime(ListedVideos):
    """The clips of one split, "train" or "val", that are there. Nothing is known of groups, so each clip is one."""

    NAME = "Moments in Time"

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"{self.NAME} has no split {split!r} with labels: known are {', '.join(SPLITS)}")
        self.folder = locate(root, self.NAME, FOLDERS, ())
        listing, name = SPLITS[split]
        self.class_names = _categories(self._list(CATEGORIES))
        listed = _listed(self._list(listing), set(self.class_names))
        folder = next((place / name for place in (self.folder, self.folder / "videos") if (place / name).is_dir()), None)
        if folder is None:
            raise UserError(f"{self.folder} has no folder {name}: unpack the videos there")
        there = {path.relative_to(folder).as_posix(): path for path in files_below(folder)}
        self.missing = [f"{name}/{file}" for file in listed if file not in there]
        self.unlisted = folders_beside(there.values(), folder, self.class_names)
        number = {label: i for i, label in enumerate(self.class_names)}
        videos = [ActionVideo(path=there[file], label=number[label], group=file) for file, label in listed.items() if file in there]
        super().__init__(split, videos)

    def _list(self, name: str) -> Path:
        path = next((place / name for place in (self.folder, self.folder / "annotations") if (place / name).is_file()), None)
        if path is None:
            raise UserError(f"{self.folder} lacks {name}: unpack Moments_in_Time_Raw.zip again")
        return path


def _categories(path: Path) -> tuple[str, ...]:
    """Names in the order of their numbers."""
    names = dict[int, str]()
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        name, _, index = line.strip().rpartition(",")
        if line.strip() and (not name or not index.strip().isdigit()):
            raise UserError(f"{path} line {number} is not <class>,<number>: restore the file")
        if line.strip():
            names[int(index)] = name
    if not names or sorted(names) != list(range(len(names))):
        raise UserError(f"{path} has {len(names)} classes that are not numbered 0, 1, ...: restore the file")
    return tuple(names[i] for i in range(len(names)))


def _listed(path: Path, classes: set[str]) -> dict[str, str]:
    """{"<class>/<file>": class} of a list."""
    listed = {}
    with path.open(newline="", errors="replace") as file:
        for number, fields in enumerate(csv.reader(file), start=1):
            if len(fields) < 2:
                raise UserError(f"{path} line {number} has {len(fields)} fields, <class>/<file>.mp4,<class> was expected: restore the file")
            name, label = fields[0], fields[1]
            if label not in classes:
                raise UserError(f"{path} line {number} names the class {label!r}, which {CATEGORIES} lacks: take both from one release")
            listed[name if "/" in name else f"{label}/{name}"] = label
    if not listed:
        raise UserError(f"{path} names no video: restore the file")
    return listed


def found(root: Path | None) -> Finding:
    """What there is of Moments in Time under root."""
    return found_listed(lambda split: MomentsInTime(root, split), tuple(SPLITS))
