from __future__ import annotations

import pytest
import torch

from training.images import to_input, to_picture


def test_known_values_of_the_imagenet_convention() -> None:
    white = to_input(torch.full((3, 1, 1), 255, dtype=torch.uint8)).flatten()
    assert white.tolist() == pytest.approx([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225], abs=1e-6)


def test_every_pixel_value_survives_the_round_trip() -> None:
    rgb = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(2, 3, 16, 16)
    assert torch.equal(to_picture(to_input(rgb)), rgb)


def test_floats_are_refused_because_their_range_is_unknown() -> None:
    with pytest.raises(ValueError, match="uint8"):
        to_input(torch.rand(3, 4, 4))
