"""Heads that turn a backbone's stages into dense maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.backbones.base import Backbone


class ShuffleHead(nn.Module):
    """A linear read-out: every cell of a feature map predicts its own patch of factor x factor output pixels (pixel shuffle).

    It has no context beyond the cell's own features, so what it predicts must already be in them.
    """

    def __init__(self, inputs: int, outputs: int, factor: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(inputs, outputs * factor**2, 1)
        self.factor = factor

    def forward(self, features: Tensor) -> Tensor:
        """[B, inputs, h, w] -> [B, outputs, h * factor, w * factor]."""
        return F.pixel_shuffle(self.project(features), self.factor)


class PyramidDecoder(nn.Module):
    """Top-down pathway with lateral connections (Lin et al. 2017), read out at the input's resolution.

    `stages`: the backbone's stages that enter, shallow to deep; the shallowest sets the grid of the last convolution. `beside`: further
    channels that every stage's map comes with.
    """

    def __init__(self, backbone: Backbone, outputs: int, *, width: int, stages: Sequence[str], beside: int = 0) -> None:
        super().__init__()
        self.stages = tuple(stages)
        self.laterals = nn.ModuleDict({stage: nn.Conv2d(backbone.channels[stage] + beside, width, 1) for stage in stages})
        self.smooth = nn.ModuleDict({stage: _smooth(width) for stage in stages[:-1]})
        self.readout = ShuffleHead(width, outputs, backbone.strides[stages[0]])

    def forward(self, maps: dict[str, Tensor]) -> Tensor:
        """Stage maps -> float [B, outputs, H, W] for an input whose H and W are multiples of the last stage's stride."""
        found: Tensor = self.readout(self.features(maps))
        return found

    def features(self, maps: dict[str, Tensor]) -> Tensor:
        """What is read out: float [B, width, h, w] on the shallowest stage's grid."""
        x = self.laterals[self.stages[-1]](maps[self.stages[-1]])
        for stage in reversed(self.stages[:-1]):
            lateral = self.laterals[stage](maps[stage])
            x = self.smooth[stage](lateral + F.interpolate(x, lateral.shape[-2:], mode="nearest"))
        return x


def _smooth(width: int) -> nn.Sequential:
    return nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """float [B, C, H, W] -> the same with the right and lower edges repeated until H and W are multiples."""
    height, width = images.shape[-2:]
    return F.pad(images, (0, -width % multiple, 0, -height % multiple), mode="replicate")


def stack_maps(maps: Sequence[Tensor]) -> Tensor:
    """Maps [B, H, W] or [B, C, H, W] side by side as channels."""
    return torch.cat([m if m.ndim == 4 else m[:, None] for m in maps], 1)
