"""Kinetics-400, -600, -700 and -700-2020: clips of about 10 s from web videos, each of one human action, most with sound.

Where to get it: lists from https://github.com/google-deepmind/kinetics-i3d or https://deepmind.google/kinetics, videos from the CVDF's
archives (https://github.com/cvdfoundation/kinetics-dataset). Licence: lists CC BY 4.0, videos their uploaders'; cite Kay et al. 2017,
Carreira et al. 2018 and 2019, Smaira et al. 2020. Expected under `$SIMLEARN_DATA`, one of the releases in a folder `kinetics` (or `k400`,
`k600`, `k700`, `k700-2020`, `kinetics400`, ...), as the archives unpack:

    kinetics/annotations/train.csv       label,youtube_id,time_start,time_end,split[,is_cc]; also val.csv (validate.csv) and test.csv
    kinetics/train/<youtube_id>_<start>_<end>.mp4            all in one folder (Kinetics-400 and -600), times with six digits, seconds
    kinetics/train/<label>/<youtube_id>_<start>_<end>.mp4    or in one folder a class (Kinetics-700-2020)
    kinetics/replacement/**/<youtube_id>_<start>_<end>.mp4   the CVDF's replacements of damaged clips, taken before those

(The lists may lie beside the folders of videos and be called kinetics*_train.csv; videos may lie in a folder `videos`, and be mkv or webm.)
Classes are numbered in the order of their names. Videos vanish from the web, so everybody has another part: what is listed and absent is
counted. Some releases have a test list without labels, which cannot be read as a test.
"""

from __future__ import annotations

from pathlib import Path

from scenes.errors import UserError
from simlearn.datasets.actions import ActionVideo
from simlearn.datasets.listed_videos import ListedVideos, files_below, folders_beside, found_listed, table_rows
from simlearn.datasets.root import Finding, locate

FOLDERS = tuple(
    name
    for release in ("", "400", "600", "700", "700_2020", "700-2020")
    for name in dict.fromkeys((f"kinetics{release}", f"kinetics-{release}".rstrip("-"), f"k{release}"))
    if name != "k"
)
SPLITS = {"train": ("train",), "val": ("val", "validate", "validation"), "test": ("test",)}
"""What lists and folders of a split may be called."""
COLUMNS = ("label", "youtube_id", "time_start", "time_end")


class Kinetics(ListedVideos):
    """The clips of one split, "train", "val" or "test", that are there. Groups are the web videos that clips were cut from."""

    NAME = "Kinetics"

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"{self.NAME} has no split {split!r}: known are {', '.join(SPLITS)}")
        self.folder = locate(root, self.NAME, FOLDERS, ())
        listed = _listed(self._list(split))
        known = self._list("train", needed=False)
        self.class_names = tuple(sorted(set(_listed(known).values() if known and split != "train" else listed.values())))
        if strange := sorted(set(listed.values()) - set(self.class_names)):
            raise UserError(f"{self._list(split)} has classes that {known} lacks, such as {strange[0]!r}: take both lists from one release")
        folder = next(
            (place / name for place in (self.folder, self.folder / "videos") for name in SPLITS[split] if (place / name).is_dir()), None
        )
        if folder is None:
            raise UserError(f"{self.folder} has no folder {' or '.join(SPLITS[split])}: unpack the {split} videos there")
        there = list(files_below(folder))
        by_name = {path.stem: path for path in [*there, *sorted((self.folder / "replacement").rglob("*.mp4"))]}
        self.missing = [f"{folder.name}/{label}/{name}.mp4" for name, label in listed.items() if name not in by_name]
        # Some tools write a class's folder with underscores for spaces.
        self.unlisted = folders_beside(there, folder, {form for name in self.class_names for form in (name, name.replace(" ", "_"))})
        number = {name: i for i, name in enumerate(self.class_names)}
        videos = [
            ActionVideo(path=by_name[name], label=number[label], group=name[:-14]) for name, label in listed.items() if name in by_name
        ]
        super().__init__(split, videos)

    def _list(self, split: str, *, needed: bool = True) -> Path | None:
        for place in (self.folder / "annotations", self.folder):
            for name in SPLITS[split]:
                found = [place / f"{name}.csv", *sorted(place.glob(f"kinetics*_{name}.csv"))]
                if path := next((path for path in found if path.is_file()), None):
                    return path
        if needed:
            raise UserError(f"{self.folder} lacks the list annotations/{SPLITS[split][0]}.csv: put the official lists there")
        return None


def _listed(path: Path | None) -> dict[str, str]:
    """{name of a clip's file, without ending: its label} of a list."""
    assert path is not None
    listed = {}
    for line, row in table_rows(path, COLUMNS):
        try:
            times = [int(float(row[name])) for name in ("time_start", "time_end")]
        except ValueError as error:
            raise UserError(f"{path} line {line} has times that are no numbers: get the file again") from error
        listed[f"{row['youtube_id']}_{times[0]:06d}_{times[1]:06d}"] = row["label"]
    if not listed:
        raise UserError(f"{path} names no video: get the file again")
    return listed


def found(root: Path | None) -> Finding:
    """What there is of Kinetics under root."""
    return found_listed(lambda split: Kinetics(root, split), ("train", "val"))
