"""Features of labelled videos: clips spread evenly over each, through a frozen backbone of pictures or of clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from scenes.errors import UserError
from simlearn.benchmarks.features import device
from simlearn.datasets.actions import ActionVideo
from simlearn.datasets.video_file import VideoError, VideoFile
from training.backbones import Backbone
from training.clips import clip_stages
from training.images import to_input


@dataclass(frozen=True, kw_only=True)
class ClipFeatures:
    """Of V videos with K clips each: {stage: float32 [V, K, D]} on the CPU, classes int64 [V]; `left_out` names the others, and why."""

    stages: dict[str, Tensor]
    classes: Tensor
    groups: tuple[str, ...]
    left_out: tuple[str, ...]
    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.groups)

    def of(self, paths: Sequence[Path]) -> ClipFeatures:
        """Those of the videos of `paths` that could be read, in the order of `paths`. UserError for none."""
        places = {path: i for i, path in enumerate(self.paths)}
        chosen = [places[path] for path in paths if path in places]
        if not chosen:
            raise UserError(f"none of {len(paths)} videos of a split can be read ({'; '.join(self.left_out[:3])}): restore the data set")
        return ClipFeatures(
            stages={stage: features[chosen] for stage, features in self.stages.items()},
            classes=self.classes[chosen],
            groups=tuple(self.groups[i] for i in chosen),
            left_out=self.left_out,
            paths=tuple(self.paths[i] for i in chosen),
        )


def even_clips(frames: int, length: int, stride: int, count: int) -> NDArray[np.int64]:
    """Numbers of the frames of `count` clips spread evenly over a video, int64 [count, length]; a short video is gone round again."""
    span = (length - 1) * stride + 1
    starts = np.linspace(0, max(0, frames - span), count).round().astype(np.int64)
    return (starts[:, None] + np.arange(length) * stride) % frames


def square_frames(file: VideoFile, numbers: NDArray[np.int64], size: int) -> Tensor:
    """uint8 [len(numbers), 3, size, size]: frames whose shorter side is made `size`, their middle."""
    rgb = torch.from_numpy(file.frames(numbers, size))
    height, width = rgb.shape[2:]
    if min(height, width) < size:
        scale = size / min(height, width)
        rgb = F.interpolate(rgb, (max(size, round(height * scale)), max(size, round(width * scale))), mode="bilinear")
    top, left = (rgb.shape[2] - size) // 2, (rgb.shape[3] - size) // 2
    return rgb[:, :, top : top + size, left : left + size].contiguous()


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Clips of `length` frames, `stride` apart, in squares of `size` pixels."""

    size: int
    length: int
    stride: int

    def read(self, path: Path, count: int) -> tuple[Tensor, Tensor]:
        """(frames uint8 [F, 3, size, size], their places in each clip int64 [count, length]); VideoError for what is no whole video."""
        file = VideoFile.scan(path)
        numbers = even_clips(len(file), self.length, self.stride, count)
        needed, places = np.unique(numbers, return_inverse=True)
        return square_frames(file, needed, self.size), torch.from_numpy(places.reshape(numbers.shape))


@torch.inference_mode()
def pooled_clips(backbone: Backbone, frames: Tensor, numbers: Tensor, grid: int) -> dict[str, Tensor]:
    """Every stage averaged over a clip's time and a grid x grid partition of its map: {stage: float32 [K, channels * grid * grid]}.

    frames: uint8 [F, 3, H, W]; numbers int64 [K, T], the frames of each clip. The backbone is in eval mode, on its device.
    """
    place = next(backbone.parameters()).device
    if backbone.input == "clip":
        maps = clip_stages(backbone, to_input(frames.to(place)[numbers.to(place)]))
        return {stage: F.adaptive_avg_pool3d(m, (1, grid, grid)).flatten(1).cpu() for stage, m in maps.items()}
    pooled = {stage: F.adaptive_avg_pool2d(m, grid).flatten(1) for stage, m in backbone.forward_stages(to_input(frames.to(place))).items()}
    return {stage: p[numbers.to(place)].mean(1).cpu() for stage, p in pooled.items()}  # each frame once, in however many clips it is


def video_features(
    videos: Sequence[ActionVideo],
    backbone: Backbone,
    cut: Cut,
    *,
    clips: int,
    grid: int,
    say: Callable[[str], None],
) -> ClipFeatures:
    """Of `clips` clips of each video. Those that cannot be read are left out and named; UserError when none can."""
    backbone = backbone.eval().to(device())
    found: list[tuple[ActionVideo, dict[str, Tensor]]] = []
    left_out = []
    for i, video in enumerate(videos):
        try:
            frames, numbers = cut.read(video.path, clips)
        except (VideoError, OSError) as error:
            left_out.append(f"{video.path.name} ({error})")
            continue
        found.append((video, pooled_clips(backbone, frames, numbers, grid)))
        say(f"features of {i + 1}/{len(videos)} videos")
    if not found:
        raise UserError(f"none of {len(videos)} videos can be read ({'; '.join(left_out[:3])}): restore the data set")
    return ClipFeatures(
        stages={stage: torch.stack([features[stage] for _, features in found]) for stage in backbone.stages},
        classes=torch.tensor([video.label for video, _ in found]),
        groups=tuple(video.group for video, _ in found),
        left_out=tuple(left_out),
        paths=tuple(video.path for video, _ in found),
    )
