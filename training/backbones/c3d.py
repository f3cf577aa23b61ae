"""C3D (Tran et al., ICCV 2015): eight 3x3x3 convolutions and five poolings; clips of any length from one frame and of any size.

A pooling keeps an incomplete window at the end of a side: the published network does so at its last pooling only (7 cells to 4), which is
the one place where it matters for its 16 frames of 112x112 pixels. So small clips keep at least one cell, and every map has
ceil(H / stride) rows.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from training.backbones.base import Backbone, clip_checked
from training.backbones.plain import convolution, dense_layers

LAYERS = ((1,), (2,), (4, 4), (8, 8), (8, 8))
"""Outputs of the convolutions of each stage, as multiples of the width."""
GRID = 4
"""Cells along a side of what the classifier reads: 112 pixels after all poolings."""


class C3D(Backbone):
    """Stages conv1 to conv5, after the ReLU and before the pooling; the first pooling leaves time alone, the fifth is the classifier's."""

    input = "clip"
    stages = ("conv1", "conv2", "conv3", "conv4", "conv5")

    def __init__(self, *, normed: bool, width: int = 64, in_channels: int = 3, num_classes: int = 0) -> None:
        super().__init__()
        self.width, self.in_channels, self.num_classes = width, in_channels, num_classes
        self.strides = dict(zip(self.stages, (1, 2, 4, 8, 16), strict=True))
        self.time_strides = dict(zip(self.stages, (1, 1, 2, 4, 8), strict=True))
        self.channels = {stage: width * sizes[-1] for stage, sizes in zip(self.stages, LAYERS, strict=True)}
        inputs = in_channels
        for stage, sizes in zip(self.stages, LAYERS, strict=True):
            layers: list[nn.Module] = []
            for size in sizes:
                layers += convolution(3, inputs, width * size, 3, padding=1, normed=normed)
                inputs = width * size
            self.add_module(stage, nn.Sequential(*layers))
        self.classifier = dense_layers(inputs * GRID**2, 64 * width, num_classes, dropout_first=False)

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        x = clip_checked(self, images)
        maps = {}
        for i, name in enumerate(self.stages):
            if i:
                x = _pool(x, 1 if i == 1 else 2)
            x = maps[name] = self.get_submodule(name)(x)
        return maps

    def classify(self, images: Tensor) -> Tensor:
        """Logits [B, num_classes]; maps of other clips than 16x112x112 are averaged to the same 1x4x4 cells."""
        if self.classifier is None:
            raise ValueError("this network has no classifier: build it with num_classes > 0")
        return self.classifier(F.adaptive_avg_pool3d(_pool(self(images), 2), (1, GRID, GRID)).flatten(1))


def _pool(x: Tensor, time: int) -> Tensor:
    return F.max_pool3d(x, (time, 2, 2), ceil_mode=True)


def c3d(**options: int) -> C3D:
    """C3D (Tran et al. 2015): eight 3x3x3 convolutions, without normalisation as published."""
    return C3D(normed=False, **options)


def c3d_bn(**options: int) -> C3D:
    """C3D with batch normalisation after every convolution, as self-supervised methods train it."""
    return C3D(normed=True, **options)
