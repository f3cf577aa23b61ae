"""What every registered backbone must keep; a newcomer is tested as soon as it has its line in BACKBONES."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from scenes.errors import UserError
from training.backbones import BACKBONES, Backbone, build_backbone
from training.seeds import seeded

SIZES = {"clip": ((1, 32, 32), (3, 33, 47), (9, 64, 48)), "image": ((32, 32), (33, 47), (70, 96)), "audio": ((40, 33), (64, 100))}
"""Extents of inputs, by what the network reads: the least that crops have, odd ones, and larger ones."""


@pytest.fixture(params=list(BACKBONES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def built(name: str, **options: int) -> Backbone:
    with seeded(0):
        return build_backbone(name, **{"width": 8, **options})


def inputs(backbone: Backbone, extents: tuple[int, ...], count: int = 2) -> Tensor:
    return torch.randn(count, backbone.in_channels, *extents, generator=torch.Generator().manual_seed(1))


def expected_extents(backbone: Backbone, stage: str, extents: tuple[int, ...]) -> tuple[int, ...]:
    strides: tuple[int, ...] = (backbone.strides[stage],) * 2
    if backbone.input == "clip":
        strides = (backbone.time_strides[stage], *strides)
    return tuple(-(-extent // stride) for extent, stride in zip(extents, strides, strict=True))


def test_stages_have_the_channels_and_extents_that_it_states(name: str) -> None:
    backbone = built(name).eval()
    for extents in SIZES[backbone.input]:
        images = inputs(backbone, extents)
        maps = backbone.forward_stages(images)
        assert tuple(maps) == backbone.stages
        again = backbone.forward_stages(images)
        for stage, features in maps.items():
            assert features.shape == (2, backbone.channels[stage], *expected_extents(backbone, stage, extents)), (stage, extents)
            # Later layers work on what an in-place ReLU could have overwritten.
            assert torch.equal(features, again[stage])
        assert torch.equal(backbone(images), maps[backbone.stages[-1]])


def test_no_map_is_an_earlier_one_written_over(name: str) -> None:
    """Stages are told apart from each other, and signals neither vanish nor explode on the way."""
    backbone = built(name).train()
    maps = list(backbone.forward_stages(inputs(backbone, SIZES[backbone.input][-1], 4)).values())
    assert len({m.data_ptr() for m in maps}) == len(maps)
    assert all(0.02 < float(m.detach().std()) < 10 for m in maps)


def test_gradient_reaches_every_parameter(name: str) -> None:
    backbone = built(name, num_classes=3).train()
    images = inputs(backbone, SIZES[backbone.input][-1], 4)
    with seeded(1):
        torch.nn.functional.cross_entropy(backbone.classify(images), torch.tensor([0, 1, 2, 0])).backward()
    for key, parameter in backbone.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key
        assert parameter.grad.abs().max() > 0, key


def test_learns_four_inputs_by_heart_from_its_initial_weights(name: str) -> None:
    """From log(4) = 1.39, with a linear head on the averaged last stage."""
    backbone = built(name).train()
    images, labels = inputs(backbone, SIZES[backbone.input][0], 4), torch.arange(4)
    with seeded(2):
        head = torch.nn.Linear(backbone.channels[backbone.stages[-1]], 4)
    optimiser = torch.optim.AdamW([*backbone.parameters(), *head.parameters()], lr=3e-3)
    for _ in range(15):
        loss = torch.nn.functional.cross_entropy(head(backbone(images).flatten(2).mean(2)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.5


def test_in_eval_mode_a_picture_does_not_depend_on_its_batch(name: str) -> None:
    backbone = built(name).eval()
    images = inputs(backbone, SIZES[backbone.input][1], 3)
    torch.testing.assert_close(backbone(images)[1:2], backbone(images[1:2]), atol=1e-5, rtol=1e-4)


def test_without_classes_only_the_classifier_is_missing(name: str) -> None:
    more = built(name, num_classes=5).state_dict().keys()
    less = built(name).state_dict().keys()
    assert less < more
    assert all(key.split(".")[0] in ("fc", "classifier") for key in more - less)
    with pytest.raises(ValueError, match="num_classes"):
        built(name).classify(inputs(built(name), SIZES[built(name).input][0]))


def test_width_and_channels_scale(name: str) -> None:
    narrow, wide = built(name), built(name, width=16, in_channels=2)
    assert {stage: 2 * count for stage, count in narrow.channels.items()} == wide.channels
    assert (wide.width, wide.in_channels) == (16, 2)
    assert torch.isfinite(wide.eval()(inputs(wide, SIZES[wide.input][0]))).all()


def test_clips_are_not_taken_for_pictures(name: str) -> None:
    backbone = built(name)
    if backbone.input == "clip":
        with pytest.raises(UserError, match=r"reads clips \[B, 3, T, H, W\]"):
            backbone(torch.zeros(2, 3, 32, 32))
        with pytest.raises(UserError, match=r"not \[2, 8, 3, 32, 32\]"):
            backbone(torch.zeros(2, 8, 3, 32, 32))
        assert backbone.time_strides.keys() == backbone.strides.keys()
