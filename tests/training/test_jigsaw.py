from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_houses import Pictures, houses, noise, with_aberration
from short_runs import batch_of, measure, raw_batch, small, train
from torch import nn

from scenes.errors import UserError
from training.backbones import build_backbone
from training.learner import Batch
from training.patches import Grid, standardise
from training.permutations import distant_permutations
from training.pretexts.jigsaw import Jigsaw, JigsawGrid, shuffle
from training.seeds import seeded


def jigsaw(**config: Any) -> Jigsaw:
    learner = small("jigsaw", **{"permutations": 20, **config})
    assert isinstance(learner, Jigsaw)
    return learner


def test_overfits_a_few_pictures(tmp_path: Path) -> None:
    learner, data = jigsaw(crop={"area": [1, 1], "flip": False}), houses(8)
    before = measure(learner.train(), data)
    train(learner, data, 16 * 40, tmp_path, batch_size=16)
    after = measure(learner, data)
    assert after["loss"] < 0.2 * before["loss"]
    assert after["accuracy"] > 0.95


def test_solves_puzzles_of_unseen_pictures(tmp_path: Path) -> None:
    learner = jigsaw()
    train(learner, houses(100), 32 * 25, tmp_path, batch_size=32)
    assert measure(learner, houses(100, first=1000))["accuracy"] > 0.5  # chance 0.05


class Coloured(Jigsaw):
    """What the method must not do: all channels of a tile in their places."""

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        inner = slice(self.config.channel_shift, -self.config.channel_shift)
        return {**super().augment(batch, generator), "image": standardise(batch["tiles"][..., inner, inner].float() / 255)}


@pytest.mark.parametrize("coloured", [False, True])
def test_only_channels_in_their_places_would_show_the_lenss_aberration(coloured: bool, tmp_path: Path) -> None:
    """Textures without content through a lens whose green picture is 2 % smaller."""
    learner = jigsaw(permutations=10)
    if coloured:
        with seeded(0):
            learner = Coloured(build_backbone("resnet18", width=8), learner.config)
    pictures = [with_aberration(noise(i), 0.02) for i in range(400)]
    train(learner, Pictures(pictures[:200]), 32 * 60, tmp_path, batch_size=32)
    accuracy = measure(learner, Pictures(pictures[200:]))["accuracy"]
    if coloured:
        assert accuracy > 0.8
    else:
        assert abs(accuracy - 1 / 10) < 4 * math.sqrt(1 / 10 * 9 / 10 / 800)


def test_grey_pictures_show_one_channel_and_nothing_of_the_others() -> None:
    learner = jigsaw(grey=1.0, channel_shift=0)
    raw = raw_batch(learner, houses(12))
    image = learner.augment(raw, torch.Generator().manual_seed(0))["image"]
    assert torch.equal(image[:, :, 0], image[:, :, 1])
    assert torch.equal(image[:, :, 0], image[:, :, 2])
    sources = standardise(raw["tiles"].float() / 255)
    shown = torch.tensor([[torch.equal(image[i, :, 0], sources[i, :, c]) for c in range(3)] for i in range(12)])
    assert (shown.sum(1) == 1).all()
    assert shown.any(0).all()


def test_channels_of_each_tile_are_shifted_on_their_own() -> None:
    learner = jigsaw(channel_shift=2)
    tiles = torch.arange(20, dtype=torch.uint8).view(1, 1, 1, 20, 1) * 10 + torch.arange(20, dtype=torch.uint8) // 2
    shifted = learner._shift_channels(tiles.expand(30, 9, 3, 20, 20), torch.Generator().manual_seed(0))
    assert shifted.shape == (30, 9, 3, 16, 16)
    row = shifted[..., 0, 0] // 10
    assert torch.bincount(row.flatten().int()).tolist() == pytest.approx([162] * 5, abs=45)
    assert (row[:, :, 0] != row[:, :, 1]).float().mean() == pytest.approx(0.8, abs=0.1)
    assert (row[:, 0] != row[:, 1]).float().mean() == pytest.approx(0.8, abs=0.15)


def test_brightness_contrast_and_colour_cast_of_a_tile_do_not_show() -> None:
    learner = jigsaw(grey=0.0)
    raw = raw_batch(learner, Pictures([noise(i) for i in range(4)]))
    dark = raw["tiles"] // 8
    cast = torch.tensor([20, 70, 0], dtype=torch.uint8).view(3, 1, 1) + torch.arange(9, dtype=torch.uint8).view(9, 1, 1, 1)
    plain, cast_over = (learner.augment({"tiles": x}, torch.Generator().manual_seed(0))["image"] for x in (dark, 3 * dark + cast))
    assert torch.allclose(plain, cast_over, atol=1e-3)


def test_gaps_between_tiles_never_close() -> None:
    config = JigsawGrid()
    for side in range(20, 260):
        grid = Grid.within(side, config)
        for seed in range(3):
            corners = grid.corners(torch.Generator().manual_seed(seed)).view(3, 3, 2)
            gaps = torch.cat([corners.diff(dim=0)[..., 0].flatten(), corners.diff(dim=1)[..., 1].flatten()]) - grid.patch
            assert gaps.min() >= max(1, grid.patch / 8)
            assert corners.min() >= 0
            assert corners.max() + grid.patch <= side


def test_a_tile_tells_no_place_by_where_it_stands_in_the_batch() -> None:
    """While training, with batch statistics: tiles handed over in another order are the same puzzle in that order."""
    learner = jigsaw().train()
    batch = batch_of(learner, houses(4))
    with torch.no_grad():
        puzzle = learner.predict(batch["image"], torch.full((4, 1), 7))
        laid = learner.predict(batch["image"][:, learner.permutations[7]], torch.zeros(4, 1, dtype=torch.int64))
    assert torch.allclose(puzzle, laid, atol=1e-3)
    assert learner.permutations[0].tolist() == list(range(9))


def test_puzzles_show_the_tiles_that_their_permutation_names() -> None:
    tiles = torch.arange(9).view(1, 9, 1).repeat(2, 1, 1) + torch.tensor([0, 100]).view(2, 1, 1)
    reverse, swap = list(range(9))[::-1], [1, 0, *range(2, 9)]
    laid = shuffle(tiles, torch.tensor([[reverse, swap], [swap, reverse]]))
    assert laid[0, 0, :, 0].tolist() == reverse
    assert laid[1, 0, :, 0].tolist() == [100 + k for k in swap]


def test_orders_of_a_picture_differ_and_all_are_asked_for() -> None:
    order = torch.cat([batch_of(jigsaw(), houses(2), seed)["order"] for seed in range(60)])
    assert all(len(set(row)) == 4 for row in order.tolist())
    assert torch.bincount(order.flatten(), minlength=20).min() > 5


def test_loss_is_the_cross_entropy_of_the_orders() -> None:
    learner = jigsaw(permutations=4, orders=2)
    last = learner.head[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([1 / 2, 1 / 4, 1 / 8, 1 / 8]).log())
    parts = learner.loss({"image": torch.rand(2, 9, 3, 16, 16), "order": torch.tensor([[0, 1], [0, 3]])})
    assert parts["loss"].item() == pytest.approx(math.log(2) * (1 + 2 + 1 + 3) / 4, abs=1e-5)
    assert parts["accuracy"].item() == 0.5


def test_permutations_are_far_apart_and_always_the_same() -> None:
    assert distant_permutations(3, 3) == ((0, 1, 2), (1, 2, 0), (2, 0, 1))
    assert distant_permutations(4, 4) == ((0, 1, 2, 3), (1, 0, 3, 2), (2, 3, 0, 1), (3, 2, 1, 0))
    assert sorted(distant_permutations(24, 4)) == sorted(itertools.permutations(range(4)))
    chosen = distant_permutations(100)
    distances = [sum(a != b for a, b in zip(p, q, strict=True)) for p, q in itertools.combinations(chosen, 2)]
    assert min(distances) == 6
    assert sum(distances) / len(distances) > 8.05  # random ones: 8
    assert chosen[:10] == distant_permutations(10)


def test_each_next_permutation_is_the_farthest_from_the_nearest() -> None:
    """Against a slow search over all 120 of five items."""
    chosen = distant_permutations(12, 5)
    for k in range(1, 12):
        away = {q: [sum(a != b for a, b in zip(p, q, strict=True)) for p in chosen[:k]] for q in itertools.permutations(range(5))}
        assert chosen[k] == max(away, key=lambda q: (min(away[q]), sum(away[q]), tuple(-x for x in q)))


def test_bad_settings_are_refused() -> None:
    for wrong, message in (
        ({"permutations": 1}, "permutations"),
        ({"orders": 21}, "orders"),
        ({"grey": 2}, "grey"),
        ({"embedding": 0}, "embedding"),
    ):
        with pytest.raises(UserError, match=message):
            jigsaw(**wrong)
    with pytest.raises(UserError, match="1 to 9 items"):
        distant_permutations(5, 10)
    with pytest.raises(UserError, match="6 permutations, so 7"):
        distant_permutations(7, 3)
