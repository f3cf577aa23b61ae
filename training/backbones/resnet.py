"""Residual networks (He et al. 2016) under torchvision's state-dict names: `conv1.weight`, `layer2.0.downsample.0.weight`, …

The stride of a bottleneck's downsampling sits in its 3x3 convolution, as in torchvision's ("v1.5") ResNet-50.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.backbones.base import Backbone


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu_(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return torch.relu_(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1x1, 3x3 (strided) and 1x1 convolutions beside a shortcut; the output has four times the block's width."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _shortcut(inputs, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu_(self.bn1(self.conv1(x)))
        y = torch.relu_(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu_(y + (x if self.downsample is None else self.downsample(x)))


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class ResNet(Backbone):
    """A residual network of four layers; stage "conv1" is the stem after its ReLU and before the max-pooling (stride 2)."""

    stages = ("conv1", "layer1", "layer2", "layer3", "layer4")

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        depths: Sequence[int],
        *,
        width: int = 64,
        in_channels: int = 3,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        self.width, self.in_channels, self.num_classes = width, in_channels, num_classes
        self.strides = dict(zip(self.stages, (2, 4, 8, 16, 32), strict=True))
        self.channels = {"conv1": width} | {f"layer{i + 1}": width * 2**i * block.expansion for i in range(4)}
        self.conv1 = nn.Conv2d(in_channels, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = width
        for i, depth in enumerate(depths):
            self.add_module(f"layer{i + 1}", _layer(block, inputs, width * 2**i, depth, stride=1 if i == 0 else 2))
            inputs = self.channels[f"layer{i + 1}"]
        self.fc = nn.Linear(inputs, num_classes) if num_classes else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        x = torch.relu_(self.bn1(self.conv1(images)))
        maps = {"conv1": x}
        x = self.maxpool(x)
        for name in self.stages[1:]:
            x = maps[name] = self.get_submodule(name)(x)
        return maps

    def classify(self, images: Tensor) -> Tensor:
        """Logits [B, num_classes] from the globally averaged last stage; only for a network built with num_classes > 0."""
        if self.fc is None:
            raise ValueError("this network has no fc layer: build it with num_classes > 0")
        return self.fc(self(images).mean((2, 3)))


def _layer(block: type[BasicBlock] | type[Bottleneck], inputs: int, width: int, depth: int, stride: int) -> nn.Sequential:
    blocks = [block(inputs, width, stride)]
    blocks += [block(width * block.expansion, width, 1) for _ in range(depth - 1)]
    return nn.Sequential(*blocks)


def resnet18(**options: int) -> ResNet:
    """ResNet-18 (He et al. 2016): two blocks of two 3x3 convolutions in each of four stages."""
    return ResNet(BasicBlock, (2, 2, 2, 2), **options)


def resnet50(**options: int) -> ResNet:
    """ResNet-50 (He et al. 2016): bottleneck blocks, 3, 4, 6 and 3 in the four stages."""
    return ResNet(Bottleneck, (3, 4, 6, 3), **options)
