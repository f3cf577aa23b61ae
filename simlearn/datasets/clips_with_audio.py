"""A folder of any videos with sound, without classes: what pretexts of sight and sound can be trained on.

Where to get it: any videos that you may use. Expected under `$SIMLEARN_DATA`, in any folders below:

    clips_with_audio/**/*.mp4        also avi, mkv, mov, webm and the like
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scenes.errors import UserError
from simlearn.datasets.root import Finding, locate
from simlearn.datasets.videos import Videos, video_paths
from training.learner import Footage


class ClipsWithAudio:
    """All videos of the folder, listed and not yet opened. There is no split: all train."""

    def __init__(self, root: Path | None, split: str = "train") -> None:
        if split != "train":
            raise UserError(f"a folder of videos has no split {split!r}: all of it is for training")
        self.folder = locate(root, "a folder of videos with sound", ("clips_with_audio",), ())
        self.paths = video_paths(self.folder)
        if not self.paths:
            raise UserError(f"{self.folder} holds no video: put some there, for example as mp4")

    def __len__(self) -> int:
        return len(self.paths)

    def stretches(self, footage: Footage, **options: Any) -> Videos:
        """Stretches of them as training data (see `Videos`)."""
        return Videos(self.paths, str(self.folder), footage, **options)


def found(root: Path | None) -> Finding:
    """What there is under root."""
    try:
        videos = ClipsWithAudio(root)
    except UserError as error:
        return Finding(present=False, text=str(error))
    return Finding(present=True, folder=videos.folder, text=f"{len(videos)} video{'s' * (len(videos) != 1)}")
