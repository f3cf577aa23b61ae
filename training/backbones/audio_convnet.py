"""A network for spectrograms, after the audio half of L3-Net (Arandjelovic & Zisserman, ICCV 2017).

As there, four stages of two 3x3 convolutions, each with batch normalisation and a ReLU, double their channels; a stage halves bands and
steps by the stride of its first convolution, not by a max-pooling after its second, which costs a quarter.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from training.backbones.base import Backbone, Input


class AudioConvNet(Backbone):
    """Reads log-mel spectrograms [B, in_channels, bands, steps]."""

    input: Input = "audio"
    stages = ("stage1", "stage2", "stage3", "stage4")

    def __init__(self, *, width: int = 64, in_channels: int = 1, num_classes: int = 0) -> None:
        super().__init__()
        self.width, self.in_channels, self.num_classes = width, in_channels, num_classes
        self.strides = {name: 2 ** (i + 1) for i, name in enumerate(self.stages)}
        self.channels = {name: width * 2**i for i, name in enumerate(self.stages)}
        inputs = in_channels
        for name, outputs in self.channels.items():
            self.add_module(name, _stage(inputs, outputs))
            inputs = outputs
        self.fc = nn.Linear(inputs, num_classes) if num_classes else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        maps, x = {}, images
        for name in self.stages:
            x = maps[name] = self.get_submodule(name)(x)
        return maps

    def classify(self, images: Tensor) -> Tensor:
        """Logits [B, num_classes] from the globally averaged last stage; only for a network built with num_classes > 0."""
        if self.fc is None:
            raise ValueError("this network has no fc layer: build it with num_classes > 0")
        logits: Tensor = self.fc(self(images).mean((2, 3)))
        return logits


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False),
            bn1=nn.BatchNorm2d(outputs),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            bn2=nn.BatchNorm2d(outputs),
            relu2=nn.ReLU(),
        )
    )


def audio_convnet(**options: int) -> AudioConvNet:
    """Four stages of two convolutions on spectrograms."""
    return AudioConvNet(**options)
