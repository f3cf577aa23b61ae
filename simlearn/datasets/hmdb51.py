"""HMDB51: 6,766 clips of 51 human actions from films and the web, 240 pixels high, without sound.

Where to get it: https://serre.lab.brown.edu/hmdb51.html (hmdb51_org.rar and test_train_splits.rar). Licence: CC BY 4.0; cite Kuehne et al.
2011. Expected under `$SIMLEARN_DATA`, as the archives unpack:

    hmdb51/<class>/<name>.avi
    hmdb51/testTrainMulti_7030_splits/<class>_test_split1.txt      <name>.avi <1 trains, 2 tests, 0 neither> a line; also 2 and 3

Without the lists all clips are for training, and there is no test split.
"""

from __future__ import annotations

from pathlib import Path

from scenes.errors import UserError
from simlearn.datasets.actions import ActionVideo, ActionVideos, class_folders, found_actions
from simlearn.datasets.root import Finding, locate

LISTS = ("testTrainMulti_7030_splits", "test_train_splits")
MARKS = {"train": "1", "test": "2"}


class HMDB51(ActionVideos):
    """The clips of one of the three official splits (`fold` 1 to 3). Groups are the films that the names begin with."""

    NAME = "HMDB51"

    def __init__(self, root: Path | None, split: str, fold: int = 1) -> None:
        self.check_split(self.NAME, split)
        self.folder, self.missing = locate(root, self.NAME, ("hmdb51", "HMDB51", "hmdb51_org"), ()), []
        lists = next((self.folder / name for name in LISTS if (self.folder / name).is_dir()), None)
        if lists is not None:
            ending = f"_test_split{fold}.txt"
            files = {path.name.removesuffix(ending): path for path in sorted(lists.glob(f"*{ending}"))}
            self.class_names = tuple(files)
            named = {name: [name for name, mark in _marks(path) if mark == MARKS[split]] for name, path in files.items()}
            self.unlisted = tuple(sorted(class_folders(self.folder, ".avi").keys() - set(self.class_names)))
        elif split == "train":
            actions = class_folders(self.folder, ".avi")
            self.class_names = tuple(actions)
            named = {name: [path.name for path in paths] for name, paths in actions.items()}
        else:
            raise UserError(f"{self.folder} has no official lists, which say what tests: unpack them as {self.folder / LISTS[0]}")
        listed = [(action, self.folder / action / name) for action, names in named.items() for name in names]
        self.missing = [f"{action}/{path.name}" for action, path in listed if not path.exists()]
        super().__init__(split, [self._video(action, path) for action, path in listed if path.exists()])

    def _video(self, action: str, path: Path) -> ActionVideo:
        return ActionVideo(path=path, label=self.class_names.index(action), group=path.stem.rsplit(f"_{action}_", 1)[0])


def _marks(path: Path) -> list[tuple[str, str]]:
    """(file name, mark) of every line of a list."""
    marks = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip():
            continue
        name, _, mark = line.strip().rpartition(" ")
        if mark not in ("0", "1", "2"):
            raise UserError(f"{path} line {number} does not end with 0, 1 or 2: restore the file")
        marks.append((name.strip(), mark))
    return marks


def found(root: Path | None) -> Finding:
    """What there is of HMDB51 under root (split 1)."""
    return found_actions(lambda split: HMDB51(root, split))
