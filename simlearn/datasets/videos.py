"""Videos as training data: stretches of frames, with their sound where it is asked for, of any files that can be decoded.

Files that are no videos, empty, damaged, too small, too short or (where it is needed) without sound are left out, counted and named.
Large pictures are reduced while they are decoded.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from scenes.errors import UserError
from simlearn.datasets.pictures import SHOWN, SMALLEST_PX
from simlearn.datasets.video_file import BLOCK_S, VideoError, VideoFile
from training.learner import AUDIO_RATE, Footage

ENDINGS = frozenset((".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv", ".3gp", ".ts"))
SHORT_PX = 128
CLIPS_PER_SPAN = 4
"""So many clips begin in the time of one, unless `every` says otherwise."""
ROUNDING_S = 1e-3
"""Containers round times, Matroska's to milliseconds: a frame that comes so little late is there on time."""
BLOCKS_KEPT = 8


class VideoWarning(UserWarning):
    """Videos were left out."""


class Videos(Dataset[dict[str, Tensor]]):
    """Stretches of `footage` as items {"rgb": uint8 [T, 3, H, W]}; H and W differ from video to video, the shorter at most `short_px`.

    They begin every `every` frames of a video (of `footage.fps` a second where that is given); None: four in the time of one. With `sound`
    an item has "audio" float32 [S] too, mono at AUDIO_RATE, of exactly length * stride / fps seconds from its first frame's time on; where
    the track ends earlier it is silent. With `classes` (of paths) an item has "label", int64.

    Decoded videos are kept in memory if all of them take less than `keep_below` bytes. `left_out` says of every file that is not used why.
    Packets are read through at once; a file that turns out to be damaged later is replaced by the next that is whole, with a warning.
    Raises UserError when nothing can be used.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        source: str,
        footage: Footage,
        *,
        sound: bool = False,
        every: int | None = None,
        short_px: int = SHORT_PX,
        keep_below: int = 0,
        classes: Mapping[Path, int] | None = None,
    ) -> None:
        self.source, self.footage, self.sound, self.short_px, self.classes = source, footage, sound, short_px, classes
        self.span = (footage.length - 1) * footage.stride + 1
        self.every = every or max(1, self.span // CLIPS_PER_SPAN)
        self.left_out: dict[Path, str] = {}
        files = [file for path in sorted(paths) if (file := self._usable(path)) is not None]
        if not files:
            reasons = "; ".join(self._reasons())
            needed = "with sound " if sound else ""
            raise UserError(f"{source} holds no video {needed}to train on{' (' + reasons + ')' if reasons else ''}: give another folder")
        self.files = files
        if self.left_out:
            count, total = len(self.left_out), len(self.left_out) + len(files)
            more = ", ..." if count > SHOWN else ""
            said = f"{count} of {total} videos of {source} are left out: {', '.join(self._reasons())}{more}"
            warnings.warn(said, VideoWarning, stacklevel=2)
        self._ends = np.cumsum([self._count(file) for file in files])
        self._keep = self.decoded_bytes < keep_below
        self._pictures: dict[int, Tensor] = {}
        self._blocks: dict[tuple[int, int], NDArray[np.float32]] = {}

    @classmethod
    def of_folder(cls, folder: Path, footage: Footage, **options: Any) -> Videos:
        """All video files below a folder."""
        return cls(video_paths(folder), str(folder), footage, **options)

    @property
    def decoded_bytes(self) -> int:
        """What all frames take when they are decoded."""
        return sum(len(file) * 3 * math.prod(file.size_px(self.short_px)) for file in self.files)

    def _usable(self, path: Path) -> VideoFile | None:
        try:
            file = VideoFile.scan(path)
            if min(file.width, file.height) < SMALLEST_PX:
                raise VideoError(f"{file.width}x{file.height}, smaller than {SMALLEST_PX} pixels")
            if self.sound and not file.sound:
                raise VideoError("no sound")
            if self._count(file) < 1:
                raise VideoError(f"{file.seconds:.1f} s, {len(file)} frames: too short")
        except VideoError as error:
            self.left_out[path] = str(error)
            return None
        return file

    def _reasons(self) -> list[str]:
        return [f"{path.name} ({why})" for path, why in list(self.left_out.items())[:SHOWN]]

    def _series(self, file: VideoFile) -> NDArray[np.int64]:
        """Numbers of the frames to choose from: all, or those shown at multiples of 1 / fps seconds."""
        if self.footage.fps is None:
            return np.arange(len(file))
        ticks = np.arange(math.floor((file.seconds + ROUNDING_S) * self.footage.fps)) / self.footage.fps
        return np.searchsorted(file.times, ticks + ROUNDING_S, side="right") - 1

    def _count(self, file: VideoFile) -> int:
        return len(range(0, len(self._series(file)) - self.span + 1, self.every))

    def __len__(self) -> int:
        return int(self._ends[-1])

    def locate(self, index: int) -> tuple[int, int]:
        """(video, number of the stretch in it) of an item."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"stretch {index} of {len(self)}")
        index %= len(self)
        video = int(np.searchsorted(self._ends, index, side="right"))
        return video, index - int(self._ends[video - 1] if video else 0)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        video, number = self.locate(index)
        for step in range(len(self.files)):
            chosen = (video + step) % len(self.files)
            file = self.files[chosen]
            if file.path in self.left_out:
                continue
            try:
                return self._stretch(chosen, number % self._count(file))
            except (VideoError, OSError) as error:
                self.left_out[file.path] = str(error)
                warnings.warn(f"{file.path} is left out ({error})", VideoWarning, stacklevel=2)
        raise UserError(f"none of the {len(self.files)} videos of {self.source} can be read any more: restore them")

    def _stretch(self, video: int, number: int) -> dict[str, Tensor]:
        file, first = self.files[video], number * self.every
        series = self._series(file)
        numbers = series[first : first + self.span : self.footage.stride]
        item = {"rgb": self._frames(video, numbers)}
        if self.sound:
            rate = self.footage.fps or file.rate
            start = first / rate if self.footage.fps else float(file.times[numbers[0]])
            item["audio"] = self._sound(video, start, round(self.footage.length * self.footage.stride / rate * AUDIO_RATE))
        if self.classes is not None:
            item["label"] = torch.tensor(self.classes[file.path])
        return item

    def _frames(self, video: int, numbers: Sequence[int] | NDArray[np.int64]) -> Tensor:
        file = self.files[video]
        if not self._keep:
            return torch.from_numpy(file.frames(numbers, self.short_px))
        if video not in self._pictures:
            self._pictures[video] = torch.from_numpy(file.frames(range(len(file)), self.short_px))
        return self._pictures[video][torch.as_tensor(np.asarray(numbers))]

    def _sound(self, video: int, start: float, samples: int) -> Tensor:
        """float32 [samples] from `start` seconds after the video's first frame on."""
        first = round(start * AUDIO_RATE)
        size = BLOCK_S * AUDIO_RATE
        blocks = range(first // size, (first + samples - 1) // size + 1)
        whole = np.concatenate([self._block(video, block) for block in blocks])
        return torch.from_numpy(whole[first - blocks[0] * size :][:samples].copy())

    def _block(self, video: int, block: int) -> NDArray[np.float32]:
        key = (video, block)
        if key not in self._blocks:
            if not self._keep and len(self._blocks) >= BLOCKS_KEPT:
                self._blocks.pop(next(iter(self._blocks)))
            self._blocks[key] = self.files[video].sound_block(block)
        return self._blocks[key]


def video_paths(folder: Path) -> list[Path]:
    """All video files below a folder, in order; links that lead out of it are not followed."""
    files = (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and not path.name.startswith("."))
    return sorted(path for path in files if path.resolve().is_relative_to(folder.resolve()))
