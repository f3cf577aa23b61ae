"""A picture network for every frame and an LSTM over time (LRCN, Donahue et al., CVPR 2015).

The paper's LSTM reads one vector a frame. Here every cell of the last map has its own, all with the same weights, so that the network has
a map like any other; for a map of one cell that is the paper's.
"""

from __future__ import annotations

from torch import Tensor, nn

from training.backbones.base import Backbone, clip_checked
from training.backbones.resnet import resnet18


class ConvLSTM(Backbone):
    """ResNet-18's stages of all frames (keys `frames.conv1.weight`, …), then "lstm": what each cell has seen up to its frame."""

    input = "clip"
    stages = ("conv1", "layer1", "layer2", "layer3", "layer4", "lstm")

    def __init__(self, *, width: int = 64, in_channels: int = 3, num_classes: int = 0) -> None:
        super().__init__()
        self.width, self.in_channels, self.num_classes = width, in_channels, num_classes
        self.frames = resnet18(width=width, in_channels=in_channels)
        size = self.frames.channels["layer4"]
        self.lstm = nn.LSTM(size, size, batch_first=True)
        self.fc = nn.Linear(size, num_classes) if num_classes else None
        self.channels = {**self.frames.channels, "lstm": size}
        self.strides = {**self.frames.strides, "lstm": self.frames.strides["layer4"]}
        self.time_strides = dict.fromkeys(self.stages, 1)

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        batch, _, time = clip_checked(self, images).shape[:3]
        maps = self.frames.forward_stages(images.transpose(1, 2).flatten(0, 1))
        clips = {name: m.unflatten(0, (batch, time)).transpose(1, 2) for name, m in maps.items()}
        last = clips["layer4"]
        rows, columns = last.shape[3:]
        cells, _ = self.lstm(last.permute(0, 3, 4, 2, 1).flatten(0, 2))
        clips["lstm"] = cells.unflatten(0, (batch, rows, columns)).permute(0, 4, 3, 1, 2)
        return clips

    def classify(self, images: Tensor) -> Tensor:
        """Logits [B, num_classes], averaged over all frames and cells as in the paper."""
        if self.fc is None:
            raise ValueError("this network has no fc layer: build it with num_classes > 0")
        return self.fc(self(images).mean((2, 3, 4)))


def conv_lstm(**options: int) -> ConvLSTM:
    """ConvNet + LSTM (Donahue et al. 2015): ResNet-18 of every frame and an LSTM over time."""
    return ConvLSTM(**options)
