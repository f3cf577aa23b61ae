"""State dicts are torchvision's, by name, order, shape and published number of parameters."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest
import torch

from training.backbones import Backbone, build_backbone

PUBLISHED = {
    "resnet18": ("resnet18", 1000, 11_689_512),
    "resnet50": ("resnet50", 1000, 25_557_032),
    "alexnet": ("alexnet", 1000, 61_100_840),
    "vgg16": ("vgg16", 1000, 138_357_544),
    "vgg16_bn": ("vgg16_bn", 1000, 138_365_992),
    "r3d18": ("r3d_18", 400, 33_371_472),
    "r2plus1d18": ("r2plus1d_18", 400, 31_505_325),
}
"""Of each backbone: torchvision's name, classes and parameters (torchvision's tables of pre-trained weights)."""


def torchvision_keys(name: str) -> list[tuple[str, tuple[int, ...]]]:
    lines = Path(__file__).with_name(f"torchvision_{name}_keys.txt").read_text().splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return [(key, () if shape == "scalar" else tuple(int(n) for n in shape.split("x"))) for key, shape in rows]


def weightless(name: str, **options: int) -> Backbone:
    with torch.device("meta"):
        return build_backbone(name, **options)


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_state_dict_is_torchvisions_in_names_order_and_shapes(name: str) -> None:
    theirs, classes, parameters = PUBLISHED[name]
    backbone = weightless(name, num_classes=classes)
    assert [(key, tuple(value.shape)) for key, value in backbone.state_dict().items()] == torchvision_keys(theirs)
    assert sum(p.numel() for p in backbone.parameters()) == parameters


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_without_classes_the_trunk_is_what_is_left(name: str) -> None:
    theirs, _, parameters = PUBLISHED[name]
    trunk = [(key, shape) for key, shape in torchvision_keys(theirs) if key.split(".")[0] not in ("fc", "classifier")]
    backbone = weightless(name)
    assert [(key, tuple(value.shape)) for key, value in backbone.state_dict().items()] == trunk
    classifier = sum(prod(shape) for key, shape in torchvision_keys(theirs) if (key, shape) not in trunk)
    assert sum(p.numel() for p in backbone.parameters()) == parameters - classifier


def test_networks_of_several_parts_hold_a_resnet_under_a_prefix() -> None:
    """So a stream can be cut out: `spatial.` and `frames.` hold a ResNet-18 of colour pictures."""
    trunk = [(key, shape) for key, shape in torchvision_keys("resnet18") if not key.startswith("fc.")]
    for name, prefix in (("two_stream", "spatial."), ("conv_lstm", "frames.")):
        found = weightless(name).state_dict().items()
        assert [(key.removeprefix(prefix), tuple(value.shape)) for key, value in found if key.startswith(prefix)] == trunk
