"""What pretexts that generate pictures share: a decoder that doesn't begin too fine, and how good a picture is."""

from __future__ import annotations

import torch
from torch import Tensor

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.heads import PyramidDecoder, ShuffleHead
from training.images import to_picture


def picture_decoder(backbone: Backbone, outputs: int, *, finest: int, stride: int = 1) -> PyramidDecoder:
    """A pyramid over the stages whose stride is at least `finest`; its output has one value every `stride` pixels of the input.

    Finer stages would let details pass around the features that are to be learnt. UserError for a backbone that has no such stage, or
    that doesn't read colour pictures.
    """
    if backbone.in_channels != 3:
        raise UserError(f"the backbone reads {backbone.in_channels} channels, generating pictures needs one that reads 3")
    stages = [stage for stage in backbone.stages if backbone.strides[stage] >= finest]
    if not stages:
        raise UserError(f"the backbone has no stage with a stride of {finest} or more (its strides are {backbone.strides})")
    decoder = PyramidDecoder(backbone, outputs, width=backbone.width, stages=stages)
    if stride > 1:
        decoder.readout = ShuffleHead(backbone.width, outputs, backbone.strides[stages[0]] // stride)
    return decoder


@torch.no_grad()
def psnr(found: Tensor, truth: Tensor, mask: Tensor | None = None) -> Tensor:
    """Peak signal-to-noise ratio in dB of normalised pictures [B, 3, H, W] as 8-bit ones, where `mask` (bool [B, H, W]) holds.

    The squared error is that of the whole batch: a flat picture, which is easily perfect, would outweigh all others in a mean of dB.
    It ends at 78 dB, an error of a hundredth of a grey level, where pictures are equal.
    """
    error = (to_picture(found).float() - to_picture(truth).float()).square().mean(1)
    mean = error.mean() if mask is None else (error * mask).sum() / mask.sum().clamp(min=1)
    return 10 * torch.log10(255**2 / mean.clamp(min=1e-3))
