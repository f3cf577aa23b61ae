"""Residual networks of clips (Tran et al. 2018) under torchvision's state-dict names: `stem.0.weight`, `layer1.0.conv1.0.weight`, …

They read clips of any length from one frame and of any size; `layer2` to `layer4` halve time as well as space.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from training.backbones.base import Backbone, clip_checked

Convolution = Callable[[int, int, int, int], nn.Module]
"""(inputs, outputs, middle, stride) -> a 3x3x3 convolution or what stands for it."""


def _whole(inputs: int, outputs: int, middle: int, stride: int) -> nn.Module:
    del middle
    return nn.Conv3d(inputs, outputs, 3, stride, 1, bias=False)


def _factored(inputs: int, outputs: int, middle: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv3d(inputs, middle, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False),
        nn.BatchNorm3d(middle),
        nn.ReLU(),
        nn.Conv3d(middle, outputs, (3, 1, 1), (stride, 1, 1), (1, 0, 0), bias=False),
    )


def middle_channels(inputs: int, outputs: int) -> int:
    """Channels between the two halves of a factored 3x3x3 convolution, such that it has as many weights as a whole one (section 3.5)."""
    return inputs * outputs * 27 // (9 * inputs + 3 * outputs)


class VideoBlock(nn.Module):
    """Two convolutions beside a shortcut. Both are as wide in the middle as the first one's channels say, as in the released networks."""

    def __init__(self, convolution: Convolution, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        middle = middle_channels(inputs, width)
        self.conv1 = nn.Sequential(convolution(inputs, width, middle, stride), nn.BatchNorm3d(width), nn.ReLU())
        self.conv2 = nn.Sequential(convolution(width, width, middle, 1), nn.BatchNorm3d(width))
        self.downsample = None
        if stride != 1 or inputs != width:
            self.downsample = nn.Sequential(nn.Conv3d(inputs, width, 1, stride, bias=False), nn.BatchNorm3d(width))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.conv2(self.conv1(x)) + shortcut)


class VideoResNet(Backbone):
    """Four layers of two blocks behind a stem that halves space only and has no pooling: strides 2, 2, 4, 8, 16, in time 1, 1, 2, 4, 8."""

    input = "clip"
    stages = ("stem", "layer1", "layer2", "layer3", "layer4")

    def __init__(
        self, convolution: Convolution, stem: nn.Sequential, *, width: int = 64, in_channels: int = 3, num_classes: int = 0
    ) -> None:
        super().__init__()
        self.width, self.in_channels, self.num_classes = width, in_channels, num_classes
        self.strides = dict(zip(self.stages, (2, 2, 4, 8, 16), strict=True))
        self.time_strides = dict(zip(self.stages, (1, 1, 2, 4, 8), strict=True))
        self.channels = dict(zip(self.stages, (width, width, 2 * width, 4 * width, 8 * width), strict=True))
        self.stem = stem
        inputs = width
        for i, stage in enumerate(self.stages[1:]):
            outputs = self.channels[stage]
            first = VideoBlock(convolution, inputs, outputs, 1 if i == 0 else 2)
            self.add_module(stage, nn.Sequential(first, VideoBlock(convolution, outputs, outputs, 1)))
            inputs = outputs
        self.fc = nn.Linear(inputs, num_classes) if num_classes else None
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        x = clip_checked(self, images)
        maps = {}
        for name in self.stages:
            x = maps[name] = self.get_submodule(name)(x)
        return maps

    def classify(self, images: Tensor) -> Tensor:
        """Logits [B, num_classes] from the averaged last stage; only for a network built with num_classes > 0."""
        if self.fc is None:
            raise ValueError("this network has no fc layer: build it with num_classes > 0")
        return self.fc(self(images).mean((2, 3, 4)))


def r3d18(*, width: int = 64, in_channels: int = 3, num_classes: int = 0) -> VideoResNet:
    """R3D-18 (Tran et al. 2018): ResNet-18 of clips with 3x3x3 convolutions."""
    convolution = nn.Conv3d(in_channels, width, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False)
    stem = nn.Sequential(convolution, nn.BatchNorm3d(width), nn.ReLU())
    return VideoResNet(_whole, stem, width=width, in_channels=in_channels, num_classes=num_classes)


def r2plus1d18(*, width: int = 64, in_channels: int = 3, num_classes: int = 0) -> VideoResNet:
    """R(2+1)D-18 (Tran et al. 2018): ResNet-18 of clips; every convolution is one over space, then one over time."""
    middle = max(1, 45 * width // 64)  # 45 in the released network, which is not what the paper's formula gives
    stem = nn.Sequential(
        nn.Conv3d(in_channels, middle, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False),
        nn.BatchNorm3d(middle),
        nn.ReLU(),
        nn.Conv3d(middle, width, (3, 1, 1), 1, (1, 0, 0), bias=False),
        nn.BatchNorm3d(width),
        nn.ReLU(),
    )
    return VideoResNet(_factored, stem, width=width, in_channels=in_channels, num_classes=num_classes)
