from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_houses import Pictures, houses, noise
from short_runs import batch_of, measure, small, train
from torch import Tensor

from scenes.errors import UserError
from training.backbones import build_backbone
from training.crops import CropConfig, crop_rgb, draw_window
from training.learner import Batch, Sample
from training.pretexts.rotation import Rotation, RotationConfig
from training.seeds import seeded

PLAIN = {"colour": dict.fromkeys(("brightness", "contrast", "saturation", "hue", "grey", "channel", "blur", "noise"), 0)}


def rotation(**config: Any) -> Rotation:
    learner = small("rotation", **config)
    assert isinstance(learner, Rotation)
    return learner


def test_overfits_a_few_pictures(tmp_path: Path) -> None:
    learner, data = rotation(**PLAIN), houses(8)
    before = measure(learner.train(), data)
    train(learner, data, 8 * 120, tmp_path)
    after = measure(learner, data)
    assert after["loss"] < 0.15 * before["loss"]
    assert after["accuracy"] > 0.95


def test_tells_which_way_unseen_pictures_are_up(tmp_path: Path) -> None:
    learner = rotation()
    train(learner, houses(100), 8 * 80, tmp_path)
    assert measure(learner, houses(50, first=1000))["accuracy"] > 0.8  # chance 0.25


class Stretched(Rotation):
    """What the method must not do: crops that are resampled more strongly along one axis."""

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        window = draw_window(64, 64, CropConfig(size=32, area=(0.5, 0.6), aspect=(1.7, 1.7)), generator)
        return {"rgb": crop_rgb(sample["rgb"], window)}


@pytest.mark.parametrize("stretched", [False, True])
def test_only_stretching_would_show_the_turn_of_pictures_without_content(stretched: bool, tmp_path: Path) -> None:
    """Textures of 64 x 96 px that look the same from every side. A stretched crop gives its axis away, a square one nothing."""
    plain = rotation(**PLAIN)
    with seeded(0):
        learner = Stretched(build_backbone("resnet18", width=8), plain.config) if stretched else plain
    train(learner, Pictures([noise(i, 64, 96, smooth=2) for i in range(200)]), 8 * 80, tmp_path)
    accuracy = measure(learner, Pictures([noise(5000 + i, 64, 96, smooth=2) for i in range(200)]))["accuracy"]
    if stretched:
        assert accuracy > 0.4  # at best 0.5: one of two axes
    else:
        assert abs(accuracy - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 800)


@pytest.mark.parametrize("side", [40, 57, 96])
def test_resampling_commutes_with_turning(side: int) -> None:
    """To within the rounding of one grey level: the pixels of a turned crop are those of the crop of a turned picture."""
    rgb = noise(0, side, side)
    config = RotationConfig().crop
    window = draw_window(side, side, type(config)(size=64, area=(1, 1), flip=False), torch.Generator())
    for k in range(4):
        difference = crop_rgb(torch.rot90(rgb, k, (-2, -1)), window).int() - torch.rot90(crop_rgb(rgb, window), k, (-2, -1)).int()
        assert difference.abs().max() <= 1


def test_the_four_turns_of_a_picture_hold_the_same_pixels() -> None:
    """Colours are drawn once for all four; the corner that was at the upper left moves counter-clockwise."""
    learner, data = rotation(), houses(3)
    batch = batch_of(learner, data)
    assert batch["turn"].tolist() == [0, 1, 2, 3] * 3
    images = batch["image"].unflatten(0, (3, 4))
    for k, corner in enumerate([(0, 0), (-1, 0), (-1, -1), (0, -1)]):
        assert torch.equal(torch.rot90(images[:, k], -k, (-2, -1)), images[:, 0])
        assert torch.equal(images[:, k, :, corner[0], corner[1]], images[:, 0, :, 0, 0])


def test_one_random_turn_a_picture() -> None:
    learner, every = rotation(all_turns=False), rotation()
    data = Pictures(houses(1).rgb * 200)
    batch = batch_of(learner, data)
    assert batch["image"].shape[0] == 200
    assert torch.bincount(batch["turn"], minlength=4).min() > 25
    single, all_four = (batch_of(x, houses(8)) for x in (learner, every))
    chosen = all_four["image"].unflatten(0, (8, 4))[torch.arange(8), single["turn"]]
    assert torch.equal(single["image"], chosen)


def test_loss_is_the_cross_entropy_of_the_turn() -> None:
    learner = rotation(all_turns=False)
    with torch.no_grad():
        learner.head.weight.zero_()
        learner.head.bias.copy_(torch.tensor([0.5, 0.25, 0.125, 0.125]).log())
    parts = learner.loss({"image": torch.rand(4, 3, 32, 32), "turn": torch.tensor([0, 0, 1, 3])})
    assert parts["loss"].item() == pytest.approx(math.log(2) * (1 + 1 + 2 + 3) / 4, abs=1e-5)
    assert parts["accuracy"].item() == 0.5


def test_previews_turn_back_by_the_prediction() -> None:
    learner = rotation()
    with torch.no_grad():
        learner.head.weight.zero_()
        learner.head.bias.copy_(torch.tensor([0.0, 0.0, 0.0, 1.0]))
    pictures = learner.preview(batch_of(learner, houses(1)))
    assert [title for title, _ in pictures[::2]] == [f"turned by {angle}°" for angle in (0, 90, 180, 270)]
    upright, turned_by_270 = torch.tensor(pictures[0][1]), torch.tensor(pictures[7][1])
    assert torch.equal(upright, turned_by_270)  # the only right guess restores the picture
    assert not torch.equal(upright, torch.tensor(pictures[3][1]))


def test_stretched_crops_are_refused() -> None:
    with pytest.raises(UserError, match="square crops only"):
        rotation(crop={"aspect": [0.8, 1.25]})


def test_any_picture_size_gives_a_crop() -> None:
    learner = rotation()
    for height, width in ((20, 33), (240, 320), (300, 64)):
        view: dict[str, Tensor] = learner.views({"rgb": noise(1, height, width)}, torch.Generator().manual_seed(0))
        assert view["rgb"].shape == (3, 32, 32)
