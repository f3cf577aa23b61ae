"""Short videos of one class each: what the readers of action data sets have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint
from simlearn.datasets.videos import Videos
from training.learner import Footage

SPLITS = ("train", "test")


@dataclass(frozen=True, kw_only=True)
class ActionVideo:
    """`group`: of what was filmed together (one person, one scene): parts of it never lie on both sides of a split."""

    path: Path
    label: int
    group: str


class ActionVideos:
    """The videos of one split ("train" or "test"), listed and not yet opened. A reader sets `folder`, `class_names` and its list.

    `missing` names what the data set's lists promise and the folder lacks; it is left out. `unlisted` names folders of videos that are of
    no listed class; they are not read.
    """

    NAME: ClassVar[str]
    folder: Path
    class_names: tuple[str, ...]
    missing: list[str]
    unlisted: tuple[str, ...] = ()

    def __init__(self, split: str, videos: Sequence[ActionVideo]) -> None:
        self.split, self.videos = split, tuple(sorted(videos, key=lambda video: video.path))
        if not videos:
            raise UserError(f"{self.folder} holds no video of {self.NAME}'s split {split!r}: unpack the data set again")

    @staticmethod
    def check_split(name: str, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"{name} has no split {split!r}: known are {', '.join(SPLITS)}")

    def __len__(self) -> int:
        return len(self.videos)

    @property
    def paths(self) -> list[Path]:
        return [video.path for video in self.videos]

    @property
    def classes(self) -> dict[Path, int]:
        return {video.path: video.label for video in self.videos}

    def stretches(self, footage: Footage, **options: Any) -> Videos:
        """Stretches of them as training data (see `Videos`)."""
        return Videos(self.paths, f"{self.folder} ({self.split})", footage, **options)

    def fingerprint(self) -> str:
        return fingerprint(self.paths, self.folder)


def found_actions(read: Callable[[str], ActionVideos]) -> Finding:
    """What there is, of a reader's function of the split; a data set without a test split can still be learnt from."""
    try:
        train = read("train")
    except UserError as error:
        return Finding(present=False, text=str(error))
    text = f"{len(train.class_names)} classes, {len(train)} training"
    absent = list(train.missing)
    try:
        test = read("test")
        text, absent = f"{text} and {len(test)} test videos", [*absent, *test.missing]
    except UserError as error:
        text = f"{text} videos, no test videos ({error})"
    named = f"; {len(absent)} listed files are missing, the first is {absent[0]}" if absent else ""
    beside = f"; {len(train.unlisted)} folders are of no listed class: {', '.join(train.unlisted[:3])}" if train.unlisted else ""
    return Finding(present=True, folder=train.folder, text=text + named + beside)


def class_folders(folder: Path, ending: str) -> dict[str, list[Path]]:
    """The videos of each folder below, by the folder's name; folders without any are left out."""
    found = {below.name: sorted(below.glob(f"*{ending}")) for below in sorted(folder.iterdir()) if below.is_dir()}
    return {name: paths for name, paths in found.items() if paths}
