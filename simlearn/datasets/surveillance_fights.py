"""Surveillance fights: short web videos of surveillance cameras, with sound, that show a fight or none.

Where to get it: https://github.com/seymanurakti/fight-detection-surv-dataset (two folders of clips of two seconds). Licence: MIT.
Expected under `$SIMLEARN_DATA` (any subset will do):

    surveillance_fights/fight/fi<number>.mp4        surveillance_fights/noFight/nofi<number>.mp4

The data set has no official split. Here the first 60 % of each class, in the order of their names, train and the others test: clips with
neighbouring numbers may be cut from one recording, so the split is one cut and not every n-th clip.
"""

from __future__ import annotations

from pathlib import Path

from simlearn.datasets.actions import ActionVideo, ActionVideos, found_actions
from simlearn.datasets.root import Finding, locate

CLASSES = ("noFight", "fight")
TRAINING_SHARE = 0.6


class SurveillanceFights(ActionVideos):
    """The clips of one split. Class 0 shows no fight, class 1 a fight; nothing is known of groups, so each clip is one."""

    NAME = "surveillance fights"
    class_names = CLASSES

    def __init__(self, root: Path | None, split: str) -> None:
        self.check_split(self.NAME, split)
        self.folder, self.missing = locate(root, self.NAME, ("surveillance_fights", "fight-detection-surv-dataset"), CLASSES), []
        videos = []
        for label, name in enumerate(CLASSES):
            paths = sorted((self.folder / name).glob("*.mp4"))
            cut = round(TRAINING_SHARE * len(paths))
            chosen = paths[:cut] if split == "train" else paths[cut:]
            videos += [ActionVideo(path=path, label=label, group=path.stem) for path in chosen]
        super().__init__(split, videos)


def found(root: Path | None) -> Finding:
    """What there is of the surveillance fights under root."""
    return found_actions(lambda split: SurveillanceFights(root, split))
