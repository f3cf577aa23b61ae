"""Two streams: one of what a picture shows, one of how pictures change (Simonyan & Zisserman, NeurIPS 2014).

What differs from the paper, and why:
- The temporal stream reads stacked differences of frames, not stacked optical flow, which few data sets have and which takes longer to
  compute than the network itself; the paper's successors (Temporal Segment Networks, Wang et al. 2016) found them nearly as good.
- Both streams are ResNet-18, not CNN-M, and their maps are joined side by side, where the paper averages the classes that they name.
- A clip of any length is read in windows of `WINDOW` frames, one cell of time each. The spatial stream reads a window's middle frame.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.backbones.base import Backbone, clip_checked
from training.backbones.resnet import ResNet, resnet18

WINDOW = 8
"""Frames whose 7 differences the temporal stream reads; the paper stacks the flow of 10."""


class TwoStream(Backbone):
    """ResNet-18's stages, of each the spatial stream's channels (keys `spatial.conv1.weight`, …), then those of `temporal`.

    A clip that windows don't divide goes on at both ends with its first and last frame.
    """

    input = "clip"
    stages = ResNet.stages

    def __init__(self, *, width: int = 64, in_channels: int = 3, num_classes: int = 0) -> None:
        super().__init__()
        self.width, self.in_channels, self.num_classes = width, in_channels, num_classes
        self.spatial = resnet18(width=width, in_channels=in_channels)
        self.temporal = resnet18(width=width, in_channels=(WINDOW - 1) * in_channels)
        self.channels = {stage: 2 * count for stage, count in self.spatial.channels.items()}
        self.strides = dict(self.spatial.strides)
        self.time_strides = dict.fromkeys(self.stages, WINDOW)
        self.fc = nn.Linear(self.channels["layer4"], num_classes) if num_classes else None

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        windows = cut_windows(clip_checked(self, images))
        batch, count = windows.shape[:2]
        windows = windows.flatten(0, 1)  # [B * T', T, C, H, W]
        still = self.spatial.forward_stages(windows[:, WINDOW // 2])
        moving = self.temporal.forward_stages((windows[:, 1:] - windows[:, :-1]).flatten(1, 2))
        joined = {stage: torch.cat([still[stage], moving[stage]], 1) for stage in self.stages}
        return {stage: m.unflatten(0, (batch, count)).transpose(1, 2) for stage, m in joined.items()}

    def classify(self, images: Tensor) -> Tensor:
        """Logits [B, num_classes] from the averaged last stage."""
        if self.fc is None:
            raise ValueError("this network has no fc layer: build it with num_classes > 0")
        return self.fc(self(images).mean((2, 3, 4)))


def cut_windows(clips: Tensor) -> Tensor:
    """float [B, C, T, H, W] -> [B, ceil(T / WINDOW), WINDOW, C, H, W], the ends repeated in front and behind until windows are full."""
    frames = clips.shape[2]
    missing = -frames % WINDOW
    first, last = clips[:, :, :1], clips[:, :, -1:]
    before, after = missing // 2, missing - missing // 2
    full = torch.cat([first.expand(-1, -1, before, -1, -1), clips, last.expand(-1, -1, after, -1, -1)], 2)
    return full.transpose(1, 2).unflatten(1, ((frames + missing) // WINDOW, WINDOW))


def two_stream(**options: int) -> TwoStream:
    """Two streams (Simonyan & Zisserman 2014): ResNet-18 of a frame beside ResNet-18 of differences of frames."""
    return TwoStream(**options)
