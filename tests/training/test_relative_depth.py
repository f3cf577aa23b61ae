from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from moving_scenes import Hills, disc_clip
from short_runs import batch_of, measure, raw_batch, small, train
from torch import Tensor
from torch.utils.data import Dataset

from scenes.errors import UserError
from training.learner import Batch
from training.pretexts.relative_depth import RelativeDepth, RelativeDepthConfig, draw_pairs, exact_nearness, pair_order, ranking_losses
from training.seeds import seeded

WHOLE = {"area": [1, 1], "aspect": [1, 1], "flip": False}


class Featureless(Dataset[dict[str, Tensor]]):
    """The depths of hills below noise that has nothing to do with them."""

    def __init__(self, count: int, first: int = 0, slope: float = 0.0) -> None:
        self.hills, self.first = Hills(count, first, exact=True, slope=slope), first

    def __len__(self) -> int:
        return len(self.hills)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        sample, generator = self.hills[index], torch.Generator().manual_seed(self.first + index)
        return {**sample, "rgb": torch.randint(256, sample["rgb"].shape, generator=generator).to(torch.uint8)}


def rule_accuracy(batch: Batch, size: int) -> Tensor:
    """Of "the lower point is nearer", a picture at a time: float [B], nan without unequal pairs."""
    row, order = batch["points"] // size, batch["order"]
    right = torch.where(row[:, 0] == row[:, 1], 0.5, ((row[:, 0] - row[:, 1]) * order > 0).float())
    unequal = batch["kept"] & (order != 0)
    return (right * unequal).sum(1) / unequal.sum(1)


def test_programs_pairs_have_the_order_of_the_true_distances() -> None:
    learner, data = small("relative_depth", crop=WHOLE), Hills(8)
    batch = raw_batch(learner, data)
    assert batch["kept"].float().mean() > 0.7
    right = []
    for i in range(8):
        true = torch.nn.functional.interpolate(data.pairs[i]["near"][None, None, :, :], (64, 80))[0, 0]
        view = learner.views({"rgb": data[i]["rgb"], "depth": 1 / true.expand(2, -1, -1)}, torch.Generator().manual_seed(10**6 + i))
        near, used = view["near"].flatten(), batch["kept"][i] & (batch["order"][i] != 0)
        a, b = (near[points[used]] for points in batch["points"][i])
        right.append((a > b) == (batch["order"][i][used] > 0))
    assert torch.cat(right).float().mean() > 0.98


def test_overfits_a_few_clips(tmp_path: Path) -> None:
    learner, data = small("relative_depth", crop=WHOLE), Hills(6)
    before = measure(learner.train(), data)
    train(learner, data, 6 * 130, tmp_path, batch_size=6)
    after = measure(learner, data)
    # Measured: 0.44 of it, and 0.89.
    assert after["loss"] < 0.6 * before["loss"]
    assert after["accuracy"] > 0.84


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RelativeDepth:
    learner = small("relative_depth", source="program")
    assert isinstance(learner, RelativeDepth)
    train(learner, Hills(96), 16 * 90, tmp_path_factory.mktemp("run"), batch_size=16)
    return learner


def test_ranks_points_of_unseen_pictures(trained: RelativeDepth) -> None:
    """By the fog, learnt from flow alone; measured against true depth."""
    trained.config = RelativeDepthConfig(crop=trained.config.crop, source="depth")
    found = measure(trained, Hills(40, first=1000, exact=True))
    # Measured: 0.80 and 0.81.
    assert found["accuracy"] > 0.74
    assert found["accuracy_level"] > 0.74
    assert found["lower_is_nearer"] == 0.5


def test_height_in_the_picture_is_no_help(tmp_path: Path) -> None:
    """Depth is mostly a matter of height here, and pictures show nothing else: a network that could use height would win."""
    learner = small("relative_depth")
    train(learner, Featureless(64, slope=0.6), 16 * 40, tmp_path, batch_size=16)
    held_out = Featureless(48, first=1000, slope=0.6)
    assert measure(learner, held_out)["accuracy"] < 0.56
    view = raw_batch(learner, held_out)
    lower = view["near"][:, 16:].mean() - view["near"][:, :16].mean()
    assert lower > 0.3


def test_the_lower_point_is_the_nearer_one_in_half_of_every_pictures_pairs() -> None:
    for data in (Hills(12, exact=True, slope=0.6), Hills(12, slope=0.4)):
        accuracy = rule_accuracy(raw_batch(small("relative_depth"), data), 32)
        assert torch.equal(accuracy[accuracy.isfinite()], torch.full((int(accuracy.isfinite().sum()),), 0.5))
        assert accuracy.isfinite().sum() >= 10


def test_what_is_a_matter_of_height_alone_gives_no_pairs() -> None:
    near, config = torch.arange(32.0)[:, None].expand(32, 32) / 32, RelativeDepthConfig(crop=small("rotation").config.crop)
    assert not draw_pairs(near, torch.zeros(32, 32), config, torch.Generator().manual_seed(0))["kept"].any()


def test_mirrored_pairs_lie_about_the_middle_column() -> None:
    generator = torch.Generator().manual_seed(0)
    near, config = torch.rand(32, 32, generator=generator), RelativeDepthConfig(crop=small("rotation").config.crop)
    pairs = draw_pairs(near, torch.zeros(32, 32), config, generator)
    row, column = pairs["points"] // 32, pairs["points"] % 32
    level = (row[0] == row[1]) & (pairs["order"] != 0)
    assert level.sum() == config.pairs // 2
    assert torch.equal(column[0][level] + column[1][level], torch.full((int(level.sum()),), 31))
    assert pairs["kept"].all()
    assert ((pairs["order"] != 0).sum(), (pairs["order"] == 0).sum()) == (3 * config.pairs // 4, config.pairs // 4)


def test_a_camera_that_rests_or_turns_gives_no_labels_and_no_gradient() -> None:
    learner = small("relative_depth")
    clips = [disc_clip(i, move=(3.0, 1.0), turn=0.02 * (i % 2))[0][:2] for i in range(6)]
    batch = batch_of(learner, [{"rgb": rgb} for rgb in clips])  # type: ignore[arg-type]
    parts = learner.loss(batch)
    parts["loss"].backward()
    assert (parts["loss"], parts["labelled"], parts["accuracy"]) == (0, 0, 0.5)
    assert not any(p.grad is not None and p.grad.any() for p in learner.parameters())


def test_orders_by_hand() -> None:
    """Margin 0.1: 0.3 apart; 0.05 apart; 0.12 apart with a doubt of 2 * 0.02; 0.3 apart with one unknown."""
    near = torch.tensor([[0.5, 0.2, 0.30, 0.5], [0.2, 0.25, 0.42, 0.8]])
    error = torch.tensor([[0.0, 0.0, 0.02, math.inf], [0.0, 0.0, 0.0, 0.0]])
    order, sure = pair_order(near, error, 0.1)
    assert order.tolist() == [1, 0, -1, -1]
    assert sure.tolist() == [True, True, False, False]


def test_losses_by_hand() -> None:
    losses = ranking_losses(torch.tensor([2.0, 2.0, 2.0]), torch.tensor([1, -1, 0]))
    assert losses.tolist() == pytest.approx([math.log(1 + math.exp(-2)), math.log(1 + math.exp(2)), 4.0])


def test_exact_nearness_has_the_spread_as_its_unit() -> None:
    """Inverse depths 0.1 to 1.1 in 11 steps: from 0.2 to 1.0 between the percentiles; what is not hit is unknown."""
    depth = torch.cat([1 / torch.linspace(0.1, 1.1, 11), torch.tensor([math.inf])]).view(3, 4)
    near, error = exact_nearness(depth)
    assert near.flatten()[:3].tolist() == pytest.approx([0.125, 0.25, 0.375])
    assert error.flatten().tolist() == [0.0] * 11 + [math.inf]


def test_the_source_of_labels_can_be_chosen() -> None:
    hidden = {"rgb": Hills(1)[0]["rgb"], "depth": torch.full((2, 64, 80), 5.0)}
    generator = torch.Generator().manual_seed(0)
    assert not small("relative_depth").views(hidden, generator)["kept"].any()
    assert small("relative_depth", source="program").views(hidden, generator)["kept"].any()
    with pytest.raises(UserError, match="no depth"):
        small("relative_depth", source="depth").check(Hills(1)[0])


def test_bad_options_are_refused() -> None:
    for options, match in (({"source": "guess"}, "source"), ({"pairs": 2}, "pairs 8"), ({"margin": 0}, "margin")):
        with seeded(0), pytest.raises(UserError, match=match):
            small("relative_depth", **options)
