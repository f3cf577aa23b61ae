"""What every backbone offers."""

from __future__ import annotations

from torch import Tensor, nn


class Backbone(nn.Module):
    """What every backbone offers. Feature maps are float [B, channels[stage], ceil(H / strides[stage]), ceil(W / strides[stage])]."""

    name: str
    width: int
    in_channels: int
    num_classes: int
    stages: tuple[str, ...]
    channels: dict[str, int]
    strides: dict[str, int]

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        """Every stage's map, in order. images: float32 [B, in_channels, H, W], normalised (`training.images.to_input`)."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """The last stage's map."""
        return self.forward_stages(images)[self.stages[-1]]
