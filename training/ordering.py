"""In which order are these frames or clips? Their features, compared pair by pair."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.augment import PhotometricConfig
from training.backbones.base import Backbone
from training.clips import clip_maps


@dataclass(frozen=True, kw_only=True)
class OneChannelConfig(PhotometricConfig):
    """One random channel in place of all three ("channel splitting", Lee et al. 2017): neither colours nor the lens's chromatic
    aberration remain. Brightness and contrast are left alone, for what standardises its pictures."""

    brightness: float = 0.0
    contrast: float = 0.0
    grey: float = 0.0
    channel: float = 1.0


class PairwiseOrder(nn.Module):
    """Features of every pair of places meet in one hidden layer, the same for all pairs; all pairs together tell the class
    (Lee et al. 2017; Xu et al. 2019)."""

    def __init__(self, inputs: int, items: int, classes: int, *, hidden: int) -> None:
        super().__init__()
        self.first, self.second = (list(places) for places in zip(*itertools.combinations(range(items), 2), strict=True))
        self.pair = nn.Sequential(nn.Linear(2 * inputs, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU())
        self.classify = nn.Linear(len(self.first) * hidden, classes)

    def forward(self, features: Tensor) -> Tensor:
        """float [N, items, inputs], in the order in which they are shown -> logits [N, classes]."""
        pairs = torch.cat([features[:, self.first], features[:, self.second]], 2)
        logits: Tensor = self.classify(self.pair(pairs.flatten(0, 1)).view(len(features), -1))
        return logits


def clip_features(backbone: Backbone, clips: Tensor) -> Tensor:
    """float [N, T, 3, S, S], normalised -> [N, C]: the last stage's average over space and time.

    Channels last, the layout that networks are trained in.
    """
    frames = clips.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    return clip_maps(backbone, frames.unflatten(0, clips.shape[:2])).mean((2, 3, 4))
