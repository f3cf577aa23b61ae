"""A network of four convolutions, for tests that train several."""

from __future__ import annotations

from torch import Tensor, nn

from training.backbones.base import Backbone


class SmallNetwork(Backbone):
    name = "small_network"
    stages = ("conv1", "conv2", "conv3", "conv4")

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.width, self.in_channels, self.num_classes = width, 3, 0
        self.strides = dict(zip(self.stages, (2, 4, 8, 16), strict=True))
        self.channels = dict(zip(self.stages, (width, 2 * width, 2 * width, 4 * width), strict=True))
        inputs = 3
        for stage, outputs in self.channels.items():
            convolution = nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False)
            self.add_module(stage, nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU()))
            inputs = outputs

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        maps = {}
        for stage in self.stages:
            images = maps[stage] = self.get_submodule(stage)(images)
        return maps
