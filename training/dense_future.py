"""Dense predictive coding: the features of the next blocks of a video are told from all others (Han et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.backbones.base import Backbone
from training.clips import clip_maps
from training.contrast import contrast, first_of_rank
from training.conv_gru import ConvGRU
from training.distributed import gather


class DenseFuture(nn.Module):
    """Blocks of `block` frames -> maps; a ConvGRU reads the observed ones and says the next `predicted` ones, each from those before."""

    def __init__(self, backbone: Backbone, *, block: int, predicted: int, dimensions: int, temperature: float) -> None:
        super().__init__()
        self.block, self.predicted, self.temperature = block, predicted, temperature
        self.project = nn.Conv2d(backbone.channels[backbone.stages[-1]], dimensions, 1)
        self.memory = ConvGRU(dimensions)
        self.next = nn.Sequential(nn.Conv2d(dimensions, dimensions, 1), nn.ReLU(), nn.Conv2d(dimensions, dimensions, 1))

    def encode(self, backbone: Backbone, clips: Tensor) -> Tensor:
        """Frames float [B, N * block, 3, H, W], normalised -> maps [B, N, D, h, w], one for every block."""
        maps = clip_maps(backbone, clips.unflatten(1, (-1, self.block)).flatten(0, 1)).mean(2)
        found: Tensor = self.project(maps)
        return found.unflatten(0, (len(clips), -1))

    def foretell(self, observed: Tensor) -> Tensor:
        """Maps [B, N, D, h, w] -> [B, predicted, D, h, w]."""
        state, told = torch.zeros_like(observed[:, 0]), []
        for step in range(observed.shape[1]):
            state = self.memory(state, observed[:, step].relu())
        for _ in range(self.predicted):
            told.append(self.next(state))
            state = self.memory(state, told[-1].relu())
        return torch.stack(told, 1)

    def both(self, backbone: Backbone, clips: Tensor) -> tuple[Tensor, Tensor]:
        """(what is foretold [B, predicted, D, h, w], what there is [B, N, D, h, w]: the blocks observed and those that came).

        Two passes through the network: were all blocks one batch, its normalisation would tell the past something of the future.
        """
        seen = clips.shape[1] - self.block * self.predicted
        observed = self.encode(backbone, clips[:, :seen])
        return self.foretell(observed), torch.cat([observed, self.encode(backbone, clips[:, seen:])], 1)

    def loss(self, backbone: Backbone, clips: Tensor, ids: Tensor) -> dict[str, Tensor]:
        """ids: int64 [B], equal where the video is; such blocks of another sample don't count."""
        told, there = self.both(backbone, clips)
        clip, time, cell, queries = _rows(told, there.shape[1] - self.predicted, first_of_rank(told))
        everywhere = gather(there)
        clip_c, _, cell_c, candidates = _rows(everywhere, 0, 0)
        mine = clip[:, None] == clip_c
        all_ids = gather(ids)
        negative = mine | (all_ids[clip][:, None] != all_ids[clip_c])
        blocks, cells = there.shape[1], there[0, 0, 0].numel()
        result = contrast(queries, candidates, (clip * blocks + time) * cells + cell, negative, self.temperature)
        return {
            "loss": result.loss.mean(),
            "accuracy": result.found().float().mean(),
            "accuracy_time": result.found(mine & (cell[:, None] == cell_c)).float().mean(),
            "negatives": result.negative.sum(1).float().mean(),
        }


def _rows(maps: Tensor, first_block: int, first_clip: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Maps [B, N, D, h, w] -> clip, block and cell int64 [B * N * h * w] and the vectors [B * N * h * w, D]."""
    batch, blocks, _, height, width = maps.shape
    sizes = (batch, blocks, height * width)
    clip, block, cell = (grid.flatten() for grid in torch.meshgrid(*(torch.arange(n, device=maps.device) for n in sizes), indexing="ij"))
    return clip + first_clip, block + first_block, cell, maps.movedim(2, -1).flatten(0, 3)
