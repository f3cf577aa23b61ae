"""What every backbone offers."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn

from scenes.errors import UserError

Input = Literal["image", "clip", "audio"]


class Backbone(nn.Module):
    """What every backbone offers. Feature maps are float [B, channels[stage], ceil(H / strides[stage]), ceil(W / strides[stage])].

    `input` "clip": a spatiotemporal network, reads [B, in_channels, T, H, W] and has maps [B, C, ceil(T / time_strides[stage]), H', W'].
    "audio": reads spectrograms [B, in_channels, bands, steps] like a picture.
    """

    input: Input = "image"
    name: str
    width: int
    in_channels: int
    num_classes: int
    stages: tuple[str, ...]
    channels: dict[str, int]
    strides: dict[str, int]
    time_strides: dict[str, int]
    """Of spatiotemporal networks only."""

    def description(self) -> dict[str, Any]:
        """JSON-able: what is needed to build it again."""
        return {"backbone": self.name, "width": self.width, "in_channels": self.in_channels, "num_classes": self.num_classes}

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        """Every stage's map, in order. images: float32 [B, in_channels, H, W], normalised (`training.images.to_input`)."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """The last stage's map."""
        return self.forward_stages(images)[self.stages[-1]]

    def classify(self, images: Tensor) -> Tensor:
        """Logits [B, num_classes]; only for a network built with num_classes > 0."""
        raise NotImplementedError


def clip_checked(backbone: Backbone, clips: Tensor) -> Tensor:
    """`clips`, when they have the shape [B, in_channels, T, H, W] that `backbone` reads; else UserError."""
    if clips.ndim != 5 or clips.shape[1] != backbone.in_channels or min(clips.shape) < 1:
        name = getattr(backbone, "name", type(backbone).__name__)
        raise UserError(
            f"backbone {name!r} reads clips [B, {backbone.in_channels}, T, H, W] of one frame or more, not {list(clips.shape)}: "
            "give it clips, or take a network of pictures"
        )
    return clips
