"""The next frames of a video as pixels, from features of those before (after Mathieu, Couprie & LeCun 2016, without their adversary)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.backbones.base import Backbone
from training.frame_pyramid import FramePyramid
from training.heads import ShuffleHead
from training.reconstruction import psnr

STRIDE = 4
"""Pixels between two cells of the maps that are decoded; finer ones would let pictures pass around the features."""


class PixelFuture(nn.Module):
    """The maps of `observed` frames, side by side, are decoded into each of the next `predicted` ones and a mask of what stays as it was.

    To paint over the last frame costs little where nothing moves; a mere sum with it hardly learns, because half-right changes of a sharp
    frame lie behind a barrier of the gradient difference.
    """

    def __init__(self, backbone: Backbone, *, observed: int, predicted: int, gradient: float) -> None:
        super().__init__()
        self.observed, self.predicted, self.gradient = observed, predicted, gradient
        width = backbone.width
        self.frames = FramePyramid(backbone, width, stride=STRIDE)
        self.decode = nn.Sequential(
            _layer(observed * width, 2 * width),
            _layer(2 * width, 2 * width),
            ShuffleHead(2 * width, 4 * predicted, STRIDE),
        )

    def foretell(self, backbone: Backbone, observed: Tensor) -> Tensor:
        """Frames float [B, observed, 3, H, W], normalised -> the next ones [B, predicted, 3, H, W]."""
        found = self.decode(self.frames(backbone, observed).flatten(1, 2)).float().unflatten(1, (self.predicted, 4))
        stays = found[:, :, 3:].sigmoid()
        painted: Tensor = found[:, :, :3] + stays * (observed[:, -1:] - found[:, :, :3])
        return painted

    def loss(self, backbone: Backbone, clips: Tensor) -> dict[str, Tensor]:
        observed, truth = clips[:, : self.observed], clips[:, self.observed :].flatten(0, 1)
        told = self.foretell(backbone, observed).flatten(0, 1)
        error, edges = (told - truth).abs().mean(), gradient_difference(told, truth)
        copied = observed[:, -1:].expand(-1, self.predicted, -1, -1, -1).flatten(0, 1)
        reached, copy = psnr(told, truth), psnr(copied, truth)
        return {
            "loss": error + self.gradient * edges,
            "error": error.detach(),
            "edges": edges.detach(),
            "psnr": reached,
            "psnr_copy": copy,
            "gain": reached - copy,
        }


def gradient_difference(found: Tensor, truth: Tensor) -> Tensor:
    """Mean difference of the magnitudes of the slopes of [..., H, W] along rows, plus along columns: sharp where the truth is sharp."""
    along = [(found.diff(dim=axis).abs() - truth.diff(dim=axis).abs()).abs().mean() for axis in (-1, -2)]
    return torch.stack(along).sum()


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())
