"""Motion in bins, and the head that reads it off two frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.backbones.base import Backbone

CAMERA = 4
"""Numbers of a camera: focal lengths and principal point, over the picture's side."""


class PairHead(nn.Module):
    """Compares two frames place by place, from the finest of `stages` to the last one, and is told what camera took them."""

    def __init__(self, backbone: Backbone, outputs: int, stages: Sequence[str]) -> None:
        super().__init__()
        width, self.stages = backbone.channels[stages[-1]], tuple(stages)
        self.compare = nn.ModuleDict()
        carried = 0
        for stage in stages:
            channels = backbone.channels[stage]
            self.compare[stage] = nn.Sequential(
                nn.Conv2d(2 * channels + carried, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()
            )
            carried = channels
        self.read = nn.Sequential(nn.Linear(width + CAMERA, width), nn.ReLU(), nn.Linear(width, outputs))

    def forward(self, maps: Mapping[str, Tensor], K: Tensor, size: int) -> Tensor:
        """maps [2 B, C, h, w], the frames of a pair after each other; K [B, 3, 3] of pictures of `size` pixels -> [B, outputs]."""
        carried: list[Tensor] = []
        for stage in self.stages:
            pairs = maps[stage].unflatten(0, (-1, 2)).flatten(1, 2)
            before = [F.adaptive_max_pool2d(x, pairs.shape[-2:]) for x in carried]
            carried = [self.compare[stage](torch.cat([pairs, *before], 1))]
        compared = carried[0].mean((2, 3))
        camera = torch.stack([K[:, 0, 0], K[:, 1, 1], K[:, 0, 2], K[:, 1, 2]], 1) / size
        outputs: Tensor = self.read(torch.cat([compared, camera.to(compared.dtype)], 1))
        return outputs


def balanced_accuracy(found: Tensor, truth: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    """int64 [B] each -> (mean recall of the bins that occur in `truth`, the most that answers independent of it can reach: 1 / bins)."""
    count = torch.bincount(truth, minlength=bins)
    right = torch.bincount(truth, (found == truth).float(), minlength=bins)
    present = (count > 0).sum()
    return (right / count.clamp(min=1)).sum() / present, 1 / present


def balanced_softmax(logits: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
    """Cross-entropy of logits [B, bins] that answer as if all bins were equally frequent, while they have been as frequent as `counts`
    (Ren et al., NeurIPS 2020, equation 4)."""
    return F.cross_entropy(logits + counts.float().log(), truth)


def interval(edges: Sequence[float], bin: int) -> str:
    """The bin in words: "below 1", "1 to 2", "above 2"."""
    if bin == 0:
        return f"below {edges[0]:g}"
    return f"above {edges[-1]:g}" if bin == len(edges) else f"{edges[bin - 1]:g} to {edges[bin]:g}"
