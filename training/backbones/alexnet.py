"""AlexNet (Krizhevsky 2014, "one weird trick") under torchvision's state-dict names: `features.0.weight`, …, `classifier.6.weight`.

Torchvision's first convolution and its poolings leave out what doesn't fill a window at the right and lower edges, so that maps are a
cell smaller than ceil(H / stride), and empty for small pictures. Here those edges are padded: cells lie where torchvision's do and see
the same, there only is one more at the end of a side, which nothing notices that is far from that edge. Weights serve both alike.
"""

from __future__ import annotations

from itertools import accumulate, chain

import torch.nn.functional as F
from torch import Tensor, nn

from training.backbones.base import Backbone
from training.backbones.plain import convolution, dense_layers, stages_along

GRID = 6
"""Cells along a side of what the classifier reads: torchvision's for 224 pixels."""


class EdgePool(nn.Module):
    """Maximum over 3x3 cells of every other cell, none negative: float [B, C, h, w] -> [B, C, ceil(h / 2), ceil(w / 2)]."""

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(F.pad(x, (0, 2, 0, 2)), 3, 2)


class AlexNet(Backbone):
    """Stages conv1 to conv5, after the ReLU and before the pooling; the last pooling is the classifier's."""

    stages = ("conv1", "conv2", "conv3", "conv4", "conv5")

    def __init__(self, *, normed: bool, width: int = 64, in_channels: int = 3, num_classes: int = 0) -> None:
        super().__init__()
        self.width, self.in_channels, self.num_classes = width, in_channels, num_classes
        outputs = (width, 3 * width, 6 * width, 4 * width, 4 * width)
        self.strides = dict(zip(self.stages, (4, 8, 16, 16, 16), strict=True))
        self.channels = dict(zip(self.stages, outputs, strict=True))
        parts = [
            convolution(2, in_channels, outputs[0], 11, stride=4, padding=0, normed=normed),
            [EdgePool(), *convolution(2, outputs[0], outputs[1], 5, padding=2, normed=normed)],
            [EdgePool(), *convolution(2, outputs[1], outputs[2], 3, padding=1, normed=normed)],
            convolution(2, outputs[2], outputs[3], 3, padding=1, normed=normed),
            convolution(2, outputs[3], outputs[4], 3, padding=1, normed=normed),
        ]
        self.ends = {end - 1: stage for end, stage in zip(accumulate(map(len, parts)), self.stages, strict=True)}
        self.features = nn.Sequential(*chain.from_iterable(parts), EdgePool())
        self.classifier = dense_layers(outputs[-1] * GRID**2, 64 * width, num_classes, dropout_first=True)

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        padded = F.pad(images, (2, 8, 2, 8))  # torchvision's 2, and what fills the last window of any side
        return stages_along(self.features, self.ends, padded)

    def classify(self, images: Tensor) -> Tensor:
        if self.classifier is None:
            raise ValueError("this network has no classifier: build it with num_classes > 0")
        return self.classifier(F.adaptive_avg_pool2d(self.features[-1](self(images)), GRID).flatten(1))


def alexnet(**options: int) -> AlexNet:
    """AlexNet (Krizhevsky 2014): five convolutions, without normalisation as in torchvision."""
    return AlexNet(normed=False, **options)


def alexnet_bn(**options: int) -> AlexNet:
    """AlexNet with batch normalisation after every convolution, as self-supervised methods train it."""
    return AlexNet(normed=True, **options)
