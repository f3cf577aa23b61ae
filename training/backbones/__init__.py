"""Backbones by name. Every one has `stages`, `channels`, `strides`, `forward_stages` and, where torchvision has it, its state-dict keys."""

from __future__ import annotations

from scenes.errors import UserError
from scenes.registry import Registry
from training.backbones.base import Backbone

BACKBONES = Registry(
    "backbone",
    {
        "resnet18": "training.backbones.resnet:resnet18",
        "resnet50": "training.backbones.resnet:resnet50",
        "audio_convnet": "training.backbones.audio_convnet:audio_convnet",
        "alexnet": "training.backbones.alexnet:alexnet",
        "alexnet_bn": "training.backbones.alexnet:alexnet_bn",
        "vgg16": "training.backbones.vgg:vgg16",
        "vgg16_bn": "training.backbones.vgg:vgg16_bn",
        "r3d18": "training.backbones.video_resnet:r3d18",
        "r2plus1d18": "training.backbones.video_resnet:r2plus1d18",
        "c3d": "training.backbones.c3d:c3d",
        "c3d_bn": "training.backbones.c3d:c3d_bn",
        "two_stream": "training.backbones.two_stream:two_stream",
        "conv_lstm": "training.backbones.conv_lstm:conv_lstm",
    },
)


def build_backbone(name: str, *, width: int = 64, in_channels: int = 3, num_classes: int = 0) -> Backbone:
    """The named backbone with fresh weights drawn from torch's global generator (wrap it in `training.seeds.seeded`).

    `width` is the channel count of the first stage: 64 is the published network, 32 half of it. `num_classes` > 0 adds
    the classifier.
    """
    if width < 1 or in_channels < 1 or num_classes < 0:
        raise UserError(f"width and in_channels must be at least 1 and num_classes at least 0, not {width}, {in_channels}, {num_classes}")
    backbone: Backbone = BACKBONES[name](width=width, in_channels=in_channels, num_classes=num_classes)
    backbone.name = name
    return backbone
