from __future__ import annotations

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
from training.patches import LEAST_PATCH, Grid, standardise
from training.pretexts.relative_patch import CHANNEL_NOISE, NAMES, RelativePatch, RelativePatchGrid, coarsening
from training.seeds import seeded

WHOLE = {"area": [1, 1], "flip": False}
OFFSETS = {name: ("below" in name) - ("above" in name) for name in NAMES}, {name: ("right" in name) - ("left" in name) for name in NAMES}


def relative_patch(**config: Any) -> RelativePatch:
    learner = small("relative_patch", **config)
    assert isinstance(learner, RelativePatch)
    return learner


def test_overfits_a_few_pictures(tmp_path: Path) -> None:
    learner, data = relative_patch(crop=WHOLE, pixelate=0), houses(4)
    before = measure(learner.train(), data)
    train(learner, data, 32 * 50, tmp_path, batch_size=32)
    after = measure(learner, data)
    assert after["loss"] < 0.3 * before["loss"]
    assert after["accuracy"] > 0.8


def test_finds_patches_places_in_unseen_pictures(tmp_path: Path) -> None:
    learner = relative_patch()
    train(learner, houses(100), 32 * 40, tmp_path, batch_size=32)
    assert measure(learner, houses(100, first=1000))["accuracy"] > 0.3  # chance 0.125


class Coloured(RelativePatch):
    """What the method must not do: all channels of a patch as they are."""

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        del generator
        return {"image": standardise(batch["patches"].float() / 255), "side": batch["side"]}


@pytest.mark.parametrize("coloured", [False, True])
def test_only_all_channels_would_show_the_lenss_aberration(coloured: bool, tmp_path: Path) -> None:
    """Textures without content through a lens whose green picture is 5 % smaller: the shift against red points to the middle."""
    learner = relative_patch(neighbours=8)
    if coloured:
        with seeded(0):
            learner = Coloured(build_backbone("resnet18", width=8), learner.config)
    pictures = [with_aberration(noise(i), 0.05) for i in range(400)]
    train(learner, Pictures(pictures[:200]), 16 * 60, tmp_path, batch_size=16)
    accuracy = measure(learner, Pictures(pictures[200:]))["accuracy"]
    if coloured:
        assert accuracy > 0.25
    else:
        assert abs(accuracy - 1 / 8) < 4 * math.sqrt(1 / 8 * 7 / 8 / 1600)


def test_a_patch_shows_one_channel_and_nothing_of_the_others() -> None:
    learner, data = relative_patch(), houses(6)
    raw = raw_batch(learner, data)
    image = learner.augment(raw, torch.Generator().manual_seed(0))["image"]
    kept = image.std((-2, -1)).argmax(-1)
    other = torch.arange(3).view(1, 1, 3) != kept[..., None]
    assert torch.bincount(kept.flatten(), minlength=3).min() > 3
    changed = torch.where(other[..., None, None], 255 - raw["patches"], raw["patches"])
    again = learner.augment({**raw, "patches": changed}, torch.Generator().manual_seed(0))["image"]
    assert torch.equal(image, again)
    noise_std = image[other].std((-2, -1))
    assert noise_std.min() > 0.5 * CHANNEL_NOISE
    assert noise_std.max() < 1.5 * CHANNEL_NOISE


def test_brightness_and_contrast_of_a_patch_do_not_show() -> None:
    learner = relative_patch()
    raw = raw_batch(learner, Pictures([noise(i) for i in range(4)]))
    dark = raw["patches"] // 8
    plain, bright = (learner.augment({"side": raw["side"], "patches": x}, torch.Generator().manual_seed(0)) for x in (dark, 3 * dark + 50))
    assert torch.allclose(plain["image"], bright["image"], atol=1e-3)


def coordinates(size: int) -> torch.Tensor:
    """uint8 [3, size, size]: a picture whose red is the row and whose green the column."""
    rows = torch.arange(size, dtype=torch.uint8)
    return torch.stack([rows[:, None].expand(size, size), rows.expand(size, size), torch.zeros(size, size, dtype=torch.uint8)])


@pytest.mark.parametrize("flip", [False, True])
def test_sides_are_where_patches_lie_and_their_gap_never_closes(flip: bool) -> None:
    """In a picture of 69 px patches are 16 px wide, so they are shown pixel by pixel and tell where each came from."""
    learner = relative_patch(crop={"area": [1, 1], "flip": flip}, neighbours=8)
    distances, moves, mirrored = set(), set(), set()
    for seed in range(200):
        view = learner.views({"rgb": coordinates(69)}, torch.Generator().manual_seed(seed))
        place = view["patches"][:, :2].int()
        rows, columns = place[:, 0, :, 0], place[:, 1, 0, :]
        assert (rows.diff(dim=1) == 1).all()
        mirror = int(columns[0, 1] - columns[0, 0])
        mirrored.add(mirror)
        assert (columns.diff(dim=1) == mirror).all()
        left = mirror * columns[:, 0]
        for k, side in enumerate(view["side"].tolist(), start=1):
            down, right = int(rows[k, 0] - rows[0, 0]), int(left[k] - left[0])
            expected = OFFSETS[0][NAMES[side]], OFFSETS[1][NAMES[side]]
            assert (round(down / 24), round(right / 24)) == expected
            distances.add(max(abs(down), abs(right)) - 16)
            moves.add((down - 24 * expected[0], right - 24 * expected[1]))
    assert mirrored == ({1, -1} if flip else {1})
    assert min(distances) >= 0.354 * 16
    assert len(moves) == 25  # every patch moves by up to a pixel along both axes


def test_grids_of_all_sizes_keep_their_gap_and_lie_within() -> None:
    config = RelativePatchGrid()
    for side in range(20, 400):
        grid = Grid.within(side, config)
        assert (config.gap - 2 * config.jitter) * grid.patch <= grid.gap - 2 * grid.jitter <= config.gap * grid.patch + 1
        assert side - 9 < grid.side <= side
        corners = torch.cat([grid.corners(torch.Generator().manual_seed(seed)) for seed in range(5)])
        assert corners.min() >= 0
        assert corners.max() + grid.patch <= side
    paper = Grid.within(400, config)
    assert (paper.patch, paper.gap, paper.jitter) == (96, 48, 7)


def test_patches_take_nothing_from_beyond_their_border() -> None:
    """Enlarged 15 px patches of a picture that is white wherever none of them lies."""
    learner = relative_patch(crop=WHOLE, neighbours=8)
    grid = Grid.within(64, learner.config.grid)
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        torch.randperm(8, generator=generator)  # as the method draws: sides, the window, the patches' moves
        torch.rand(5, generator=generator, dtype=torch.float64)
        rgb = torch.full((3, 64, 64), 255, dtype=torch.uint8)
        for row, column in grid.corners(generator).tolist():
            rgb[:, row : row + grid.patch, column : column + grid.patch] = 0
        assert rgb.any()
        assert not learner.views({"rgb": rgb}, torch.Generator().manual_seed(seed))["patches"].any()


def test_coarse_patches_lose_their_detail_and_keep_their_mean() -> None:
    matrices = coarsening(30)
    assert len(matrices) == 30 - 10 + 1
    assert torch.allclose(matrices.sum(2), torch.ones(()))
    assert torch.equal(matrices[-1], torch.eye(30))
    stripes = (torch.arange(30) % 2).float()
    assert (matrices[0] @ stripes).std() < 0.1 * stripes.std()
    assert (matrices[-2] @ stripes).std() > (matrices[0] @ stripes).std()


def test_a_third_of_the_patches_are_coarser() -> None:
    learner = relative_patch()
    patches = torch.rand(900, 16, 16, generator=torch.Generator().manual_seed(0))
    changed = (learner._pixelate(patches, torch.Generator().manual_seed(0)) != patches).flatten(1).any(1)
    assert abs(changed.float().mean() - 1 / 3) < 0.05


def test_loss_is_the_cross_entropy_of_the_sides() -> None:
    learner = relative_patch(neighbours=2)
    last = learner.head[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 64, 1 / 64, 1 / 64, 1 / 64]).log())
    parts = learner.loss({"image": torch.rand(2, 3, 3, 16, 16), "side": torch.tensor([[0, 1], [2, 7]])})
    assert parts["loss"].item() == pytest.approx(math.log(2) * (1 + 2 + 3 + 6) / 4, abs=1e-5)
    assert parts["accuracy"].item() == 0.25


def test_the_middle_patch_meets_each_neighbour() -> None:
    """Exchanging neighbours exchanges their answers; exchanging the middle one changes all."""
    learner = relative_patch().eval()
    image = batch_of(learner, houses(2))["image"]
    with torch.no_grad():
        logits = learner.predict(image)
        assert torch.allclose(learner.predict(image[:, [0, 2, 1, 3, 4]]), logits[:, [1, 0, 2, 3]], atol=1e-5)
        assert not torch.isclose(learner.predict(image[:, [1, 0, 2, 3, 4]]), logits, atol=1e-5).flatten(2).all(2).any()


def test_bad_settings_and_tiny_pictures_are_refused() -> None:
    with pytest.raises(UserError, match="neighbours"):
        relative_patch(neighbours=9)
    with pytest.raises(UserError, match="pixelate"):
        relative_patch(pixelate=1.5)
    with pytest.raises(UserError, match="patches could touch"):
        relative_patch(grid={"gap": 0.1, "jitter": 0.05})
    with pytest.raises(UserError, match=f"nine patches of {LEAST_PATCH} px don't fit"):
        relative_patch().views({"rgb": noise(0, 12, 80)}, torch.Generator().manual_seed(0))
