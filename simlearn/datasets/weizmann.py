"""Weizmann actions: single persons who bend, jump, wave or walk before a still background.

Where to get it: http://www.wisdom.weizmann.ac.il/~vision/SpaceTimeActions.html (an archive for each action). Licence: free for research,
cite Gorelick et al. 2007. Expected under `$SIMLEARN_DATA`, one folder an action (any subset of actions and persons will do):

    weizmann/<action>/<person>_<action>.avi        daria_bend.avi, lena_walk1.avi, person0_bend.avi, ...

The data set has no official split (it is usually left-one-person-out). Here persons are split, in the order of their names: the first 60 %
(of five: persons 0 to 2) train, the others test.
"""

from __future__ import annotations

from pathlib import Path

from scenes.errors import UserError
from simlearn.datasets.actions import ActionVideo, ActionVideos, class_folders, found_actions
from simlearn.datasets.root import Finding, locate

TRAINING_SHARE = 0.6


class Weizmann(ActionVideos):
    """The videos of the training or the test persons; groups are persons."""

    NAME = "Weizmann"

    def __init__(self, root: Path | None, split: str) -> None:
        self.check_split(self.NAME, split)
        self.folder, self.missing = locate(root, self.NAME, ("weizmann", "Weizmann"), ()), []
        actions = class_folders(self.folder, ".avi")
        self.class_names = tuple(actions)
        persons = sorted({_person(path) for paths in actions.values() for path in paths})
        if len(persons) < 2:
            raise UserError(f"{self.folder} has videos of {len(persons)} persons, named <person>_<action>.avi: a split needs at least two")
        training = persons[: max(1, round(TRAINING_SHARE * len(persons)))]
        videos = [
            ActionVideo(path=path, label=label, group=_person(path))
            for label, paths in enumerate(actions.values())
            for path in paths
            if (_person(path) in training) == (split == "train")
        ]
        super().__init__(split, videos)


def _person(path: Path) -> str:
    return path.stem.split("_")[0]


def found(root: Path | None) -> Finding:
    """What there is of Weizmann under root."""
    return found_actions(lambda split: Weizmann(root, split))
