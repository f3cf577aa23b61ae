"""VGG-16 (Simonyan & Zisserman 2015) under torchvision's state-dict names: `features.0.weight`, …, `classifier.6.weight`.

A pooling keeps an incomplete window at the end of a side, so that maps have ceil(H / stride) rows; for sides that are multiples of 32
that is torchvision's network.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from training.backbones.base import Backbone
from training.backbones.plain import convolution, dense_layers, stages_along

BLOCKS = {"block1": (1, 1), "block2": (2, 2), "block3": (4, 4, 4), "block4": (8, 8, 8), "block5": (8, 8, 8)}
"""Outputs of every block's 3x3 convolutions as multiples of the width (configuration D)."""
GRID = 7
"""Cells along a side of what the classifier reads: torchvision's for 224 pixels."""


class VGG(Backbone):
    """Stages block1 to block5, after the last ReLU and before the pooling (strides 1 to 16); the last pooling is the classifier's."""

    stages = tuple(BLOCKS)

    def __init__(self, *, normed: bool, width: int = 64, in_channels: int = 3, num_classes: int = 0) -> None:
        super().__init__()
        self.width, self.in_channels, self.num_classes = width, in_channels, num_classes
        self.strides = {stage: 2**i for i, stage in enumerate(BLOCKS)}
        self.channels = {stage: multiples[-1] * width for stage, multiples in BLOCKS.items()}
        layers: list[nn.Module] = []
        self.ends: dict[int, str] = {}
        inputs = in_channels
        for stage, multiples in BLOCKS.items():
            for multiple in multiples:
                layers += convolution(2, inputs, multiple * width, 3, padding=1, normed=normed)
                inputs = multiple * width
            self.ends[len(layers) - 1] = stage
            layers.append(nn.MaxPool2d(2, 2, ceil_mode=True))
        self.features = nn.Sequential(*layers)
        self.classifier = dense_layers(inputs * GRID**2, 64 * width, num_classes, dropout_first=False)

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        return stages_along(self.features, self.ends, images)

    def classify(self, images: Tensor) -> Tensor:
        if self.classifier is None:
            raise ValueError("this network has no classifier: build it with num_classes > 0")
        return self.classifier(F.adaptive_avg_pool2d(self.features[-1](self(images)), GRID).flatten(1))


def vgg16(**options: int) -> VGG:
    """VGG-16 (Simonyan & Zisserman 2015): thirteen 3x3 convolutions, without normalisation as published."""
    return VGG(normed=False, **options)


def vgg16_bn(**options: int) -> VGG:
    """VGG-16 with batch normalisation after every convolution."""
    return VGG(normed=True, **options)
