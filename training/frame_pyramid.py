"""One map for every frame of a clip, decoded from all deeper stages of any backbone, of pictures or of clips."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from training.backbones.base import Backbone
from training.clips import clip_stages
from training.reconstruction import picture_decoder


class FramePyramid(nn.Module):
    """A pyramid over the stages whose stride is at least `stride` pixels, read out every `stride` pixels of every frame.

    So a network learns in all its stages from what is asked at a fine resolution. UserError as of `picture_decoder`.
    """

    def __init__(self, backbone: Backbone, outputs: int, *, stride: int) -> None:
        super().__init__()
        self.decoder = picture_decoder(backbone, outputs, finest=stride, stride=stride)

    def forward(self, backbone: Backbone, clips: Tensor) -> Tensor:
        """float [B, T, 3, H, W], normalised -> [B, T, outputs, H / stride, W / stride]; H and W multiples of the largest stride.

        Of a spatiotemporal network a stage has fewer maps than the clip has frames: a frame's is the one of its part of the time.
        """
        batch, frames = clips.shape[:2]
        maps = {stage: _for_each_frame(m, frames) for stage, m in clip_stages(backbone, clips).items() if stage in self.decoder.stages}
        found: Tensor = self.decoder(maps)
        return found.unflatten(0, (batch, frames))


def _for_each_frame(maps: Tensor, frames: int) -> Tensor:
    """[B, C, T', h, w] -> [B * frames, C, h, w]."""
    if maps.shape[2] != frames:
        maps = F.interpolate(maps, (frames, *maps.shape[-2:]), mode="nearest")
    return maps.transpose(1, 2).flatten(0, 1)
