"""UCF101: 13,320 web videos of 101 actions, 320x240, those of 51 classes with sound.

Where to get it: https://www.crcv.ucf.edu/data/UCF101.php (UCF101.rar, and UCF101TrainTestSplits-RecognitionTask.zip). Licence: none stated,
research use; cite Soomro et al. 2012. Expected under `$SIMLEARN_DATA`, as the archives unpack:

    ucf101/UCF-101/<Class>/v_<Class>_g<group>_c<clip>.avi
    ucf101/ucfTrainTestlist/classInd.txt                  number (from 1) and class, a line each
    ucf101/ucfTrainTestlist/trainlist01.txt               <Class>/<file> <number> a line; also 02 and 03
    ucf101/ucfTrainTestlist/testlist01.txt                <Class>/<file> a line

Without the lists all videos are for training, and there is no test split. Videos of one group are cut from one longer video.
"""

from __future__ import annotations

from pathlib import Path

from scenes.errors import UserError
from simlearn.datasets.actions import ActionVideo, ActionVideos, class_folders, found_actions
from simlearn.datasets.root import Finding, locate

LISTS = "ucfTrainTestlist"


class UCF101(ActionVideos):
    """The videos of one of the three official splits (`fold` 1 to 3)."""

    NAME = "UCF101"

    def __init__(self, root: Path | None, split: str, fold: int = 1) -> None:
        self.check_split(self.NAME, split)
        self.folder, self.missing = locate(root, self.NAME, ("ucf101", "UCF101"), ("UCF-101",)), []
        videos = self.folder / "UCF-101"
        lists = self.folder / LISTS
        if lists.is_dir():
            self.class_names = tuple(line.split()[1] for line in _lines(lists / "classInd.txt", 2))
            names = [line.split()[0] for line in _lines(lists / f"{split}list{fold:02d}.txt", 1)]
            self.unlisted = tuple(sorted(class_folders(videos, ".avi").keys() - set(self.class_names)))
        elif split == "train":
            self.class_names = tuple(class_folders(videos, ".avi"))
            names = [f"{name}/{path.name}" for name, paths in class_folders(videos, ".avi").items() for path in paths]
        else:
            raise UserError(f"{self.folder} has no official lists, which say what tests: unpack them as {lists}")
        self.missing = [f"UCF-101/{name}" for name in names if not (videos / name).exists()]
        super().__init__(split, [self._video(videos, name) for name in names if (videos / name).exists()])

    def _video(self, videos: Path, name: str) -> ActionVideo:
        action = name.split("/")[0]
        if action not in self.class_names:
            raise UserError(f"{self.folder / LISTS} lists {name}, whose class is not in classInd.txt: restore the lists")
        return ActionVideo(path=videos / name, label=self.class_names.index(action), group=name.rsplit("_c", 1)[0])


def _lines(path: Path, fields: int) -> list[str]:
    """The lines of a list; UserError when it is missing or one has too few fields."""
    if not path.exists():
        raise UserError(f"{path} does not exist: unpack UCF101TrainTestSplits-RecognitionTask.zip again")
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, start=1):
        if line.strip() and len(line.split()) < fields:
            raise UserError(f"{path} line {number} has fewer than {fields} fields: restore the file")
    return [line for line in lines if line.strip()]


def found(root: Path | None) -> Finding:
    """What there is of UCF101 under root (split 1)."""
    return found_actions(lambda split: UCF101(root, split))
