from __future__ import annotations

import pytest
import torch

from scenes.errors import UserError
from training.backbones import build_backbone
from training.seeds import seeded


def test_half_width_halves_every_channel_count() -> None:
    full, half = build_backbone("resnet18"), build_backbone("resnet18", width=32)
    assert {stage: 2 * count for stage, count in half.channels.items()} == full.channels


def test_a_stage_sees_what_its_receptive_field_covers_and_no_more() -> None:
    """A changed pixel in the corner reaches the stem's first cells only, but through layer4 the whole corner region."""
    backbone = build_backbone("resnet18", width=8).eval()
    images = torch.rand(1, 3, 128, 128)
    changed = images.clone()
    changed[..., 0, 0] += 1
    before, after = backbone.forward_stages(images), backbone.forward_stages(changed)
    moved = (before["conv1"] - after["conv1"]).abs().amax((0, 1)) > 0
    assert moved[:2, :2].any()
    assert not moved[2:].any()
    assert not moved[:, 2:].any()
    assert ((before["layer4"] - after["layer4"]).abs().amax((0, 1)) > 0).all()


def test_equal_seeds_give_equal_weights_and_leave_the_global_generator_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    with seeded(5):
        first = build_backbone("resnet18", width=8)
    assert torch.equal(torch.rand(4), expected)
    with seeded(5):
        second = build_backbone("resnet18", width=8)
    with seeded(6):
        third = build_backbone("resnet18", width=8)
    assert torch.equal(first.conv1.weight, second.conv1.weight)
    assert not torch.equal(first.conv1.weight, third.conv1.weight)


def test_unknown_names_and_sizes_are_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'resnet18'"):
        build_backbone("resnet-18")
    with pytest.raises(UserError, match="width"):
        build_backbone("resnet18", width=0)
