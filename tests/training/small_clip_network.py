"""A spatiotemporal network of four convolutions, for pretexts that must work around networks of clips."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.backbones.base import Backbone


class SmallClipNetwork(Backbone):
    input = "clip"
    name = "small_clip_network"
    num_classes = 0
    stages = ("conv1", "conv2", "conv3", "conv4")

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.width, self.in_channels = width, 3
        self.strides = dict(zip(self.stages, (2, 4, 8, 16), strict=True))
        self.time_strides = dict(zip(self.stages, (1, 1, 2, 4), strict=True))
        self.channels = dict(zip(self.stages, (width, width, 2 * width, 2 * width), strict=True))
        inputs, before = 3, 1
        for stage in self.stages:
            stride = (self.time_strides[stage] // before, 2, 2)
            setattr(self, stage, nn.Conv3d(inputs, self.channels[stage], 3, stride, 1, bias=False))
            setattr(self, f"norm_{stage}", nn.BatchNorm3d(self.channels[stage]))
            inputs, before = self.channels[stage], self.time_strides[stage]

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        maps = {}
        for stage in self.stages:
            images = maps[stage] = torch.relu(self.get_submodule(f"norm_{stage}")(self.get_submodule(stage)(images)))
        return maps
