from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from clips_with_time import Clips, fading, four_patterns
from drawn_houses import noise
from short_runs import batch_of, measure, raw_batch, small, train
from small_clip_network import SmallClipNetwork
from torch import Tensor, nn

from scenes.errors import UserError
from training.backbones import build_backbone
from training.images import normalise
from training.learner import Footage
from training.pretexts.cubic_puzzle import CubicPuzzle, CubicPuzzleConfig, cube_length, offset
from training.seeds import seeded

CLEAN: dict[str, Any] = {"colour": {"noise": 0, "blur": 0}}
BRIEF = {"frames": 8}
"""Four cells of two frames, cubes of one."""


def cubic_puzzle(**config: Any) -> CubicPuzzle:
    learner = small("cubic_puzzle", **config)
    assert isinstance(learner, CubicPuzzle)
    return learner


def test_overfits_a_few_clips_with_a_network_of_clips(tmp_path: Path) -> None:
    with seeded(0):
        learner = CubicPuzzle(SmallClipNetwork(), CubicPuzzleConfig.from_dict({**CLEAN, "frames": 12, "crop": {"size": 32, "flip": False}}))
    learner.name, data = "cubic_puzzle", four_patterns(8, 12)
    before = measure(learner.train(), data)
    train(learner, data, 8 * 120, tmp_path)
    after = measure(learner, data)
    assert after["loss"] < 0.4 * before["loss"]
    assert after["accuracy"] > 0.65


def test_solves_puzzles_of_unseen_clips(tmp_path: Path) -> None:
    """Of both kinds: which quarter has which pattern, and how fine it has become."""
    learner = cubic_puzzle(**BRIEF, crop={"flip": False})
    train(learner, four_patterns(100, 8), 8 * 80, tmp_path)
    batch = batch_of(learner, four_patterns(80, 8, first=1000))
    for temporal in (True, False):
        chosen = batch["temporal"] == temporal
        with torch.no_grad():
            parts = learner.loss({key: value[chosen] for key, value in batch.items()})
        assert parts["accuracy"] > 0.3  # chance 1 / 24
        assert parts["kind_accuracy"] > 0.7  # chance 0.5


class Uneven(CubicPuzzle):
    """What the method must not do: frames with the brightness that they had."""

    def even(self, cubes: Tensor) -> Tensor:
        return normalise(cubes)


def shaded(seed: int) -> Tensor:
    """uint8 [8, 3, 64, 64]: a texture that is the same everywhere, in a light that falls off to the right and downwards, and in time."""
    light = 1 - 0.2 * torch.linspace(0, 1, 64) - 0.4 * torch.linspace(0, 1, 64)[:, None]
    return fading((noise(seed) * light).byte(), 8, seed)


@pytest.mark.parametrize("method", [CubicPuzzle, Uneven])
def test_only_uneven_cubes_would_show_the_order_by_the_light(method: type[CubicPuzzle], tmp_path: Path) -> None:
    """Neither shading over the picture nor light that goes down solves puzzles of the one kind or the other."""
    with seeded(0):
        learner = method(build_backbone("resnet18", width=8), cubic_puzzle(**BRIEF, crop={"flip": False}).config)
    train(learner, Clips([shaded(i) for i in range(60)]), 8 * 40, tmp_path)
    accuracy = measure(learner, Clips([shaded(1000 + i) for i in range(100)]))["accuracy"]
    if method is Uneven:
        assert accuracy > 0.3
    else:
        assert abs(accuracy - 1 / 24) < 4 * math.sqrt(1 / 24 * 23 / 24 / 400)


def neighbours_fit(cubes: Tensor) -> bool:
    """Whether, of all orders of four square pictures float [4, S, S] in a 2 x 2 grid, the right one has the borders that fit best."""

    def misfit(order: tuple[int, ...]) -> float:
        a, b, c, d = (cubes[k] for k in order)
        sides = [(a[:, -1], b[:, 0]), (c[:, -1], d[:, 0]), (a[-1], c[0]), (b[-1], d[0])]
        return sum(float((x - y).square().mean()) for x, y in sides)

    return min(itertools.permutations(range(4)), key=misfit) == (0, 1, 2, 3)


def test_only_touching_cubes_would_show_the_order_by_their_borders() -> None:
    """A program that lays cubes by their borders, on textures blurred over two or three pixels."""
    learner = cubic_puzzle(**BRIEF, **CLEAN)
    textures = [noise(i, smooth=2) for i in range(200)]
    batch = batch_of(learner, Clips([texture.expand(8, -1, -1, -1) for texture in textures]))
    cubes = batch["image"][~batch["temporal"], :, 0, 0]
    laid = sum(neighbours_fit(four) for four in cubes)
    assert laid / len(cubes) < 1 / 24 + 4 * math.sqrt(1 / 24 * 23 / 24 / len(cubes))
    touching = [texture[0].float().unfold(0, 32, 32).unfold(1, 32, 32).flatten(0, 1) for texture in textures[:50]]
    assert sum(neighbours_fit(four) for four in touching) > 40


def places(learner: CubicPuzzle, seed: int, cells: list[tuple[int, int, int]]) -> Tensor:
    """int64 [4, 3]: the frame, row and column where each cube begins."""
    time = torch.arange(learner.config.frames).view(-1, 1, 1, 1)
    row, column = torch.arange(64).view(1, 1, -1, 1), torch.arange(64).view(1, 1, 1, -1)
    position = torch.cat([x.expand(-1 if x is time else len(time), 1, 64, 64) for x in (time, row, column)], 1).to(torch.uint8)
    return learner.cut(position, cells, torch.Generator().manual_seed(seed))[:, 0, :, 0, 0].long()


def test_cubes_never_touch_in_space_or_time() -> None:
    learner = cubic_puzzle(crop={"size": 64})
    side, length = cube_length(32, 5 / 7), learner.config.cube_frames
    assert (side, length) == (22, 4)
    spatial, temporal = [(2, 0, 0), (2, 0, 1), (2, 1, 0), (2, 1, 1)], [(t, 1, 0) for t in range(4)]
    seen = set()
    for seed in range(40):
        corners = places(learner, seed, spatial)
        gaps = [corners[1, 2] - corners[0, 2], corners[3, 2] - corners[2, 2], corners[2, 1] - corners[0, 1], corners[3, 1] - corners[1, 1]]
        assert min(gaps) - side >= 5
        assert all(12 <= first <= 13 for first in corners[:, 0])
        starts = places(learner, seed, temporal)
        assert (starts[:, 0].diff() - length).min() >= 1
        assert ((starts[:, 1] >= 32) & (starts[:, 1] <= 37) & (starts[:, 2] <= 5)).all()
        seen |= {int(start) for start in starts[:, 0]}
    assert seen == {0, 1, 6, 7, 12, 13, 18, 19}


def test_offsets_leave_half_of_the_free_part() -> None:
    drawn = {offset(32, 22, torch.Generator().manual_seed(seed)) for seed in range(200)}
    assert drawn == set(range(6))
    assert {offset(6, 5, torch.Generator().manual_seed(seed)) for seed in range(10)} == {0}
    assert cube_length(3, 0.99) == 2


def test_cubes_show_one_channel_each() -> None:
    image = batch_of(cubic_puzzle(**CLEAN), four_patterns(20, 24))["image"]
    assert torch.equal(image[:, :, :, 0], image[:, :, :, 1])
    assert torch.equal(image[:, :, :, 0], image[:, :, :, 2])
    assert image.mean((-1, -2)).abs().max() < 1e-4


def test_puzzles_in_time_are_set_where_something_moves_and_both_kinds_are_asked() -> None:
    learner = cubic_puzzle(crop={"area": (1, 1), "flip": False}, **BRIEF)
    rgb = noise(0, 64, 64).repeat(8, 1, 1, 1) // 2
    for t in range(8):
        rgb[t, :, 36:60, 4 + 2 * t : 10 + 2 * t] = 255
    raw = raw_batch(learner, Clips([rgb] * 60))
    assert 15 < int(raw["temporal"].sum()) < 45
    bright = (raw["cubes"][raw["temporal"]] == 255).any(-1).any(-1).any(-1).any(-1).any(-1)
    assert bright.float().mean() > 0.8  # without preference a quarter


def test_orders_are_shown_as_they_say() -> None:
    """Cubes handed over in another order are that puzzle."""
    learner = cubic_puzzle(**BRIEF)
    image = torch.randn(2, 4, 1, 3, 16, 16)
    with torch.no_grad():
        for _ in range(20):  # until statistics fit, so that features differ
            learner.train().predict(image)
        logits, kind = learner.eval().predict(image)
        for k, order in enumerate(learner.orders):
            again, again_kind = learner.predict(image[:, order])
            assert torch.allclose(logits[:, k], again[:, 0], atol=1e-5)
            assert torch.allclose(kind[:, k], again_kind[:, 0], atol=1e-5)
    assert (logits[:, 1:] - logits[:, :1]).abs().amax((0, 2)).min() > 1e-3


def test_loss_is_the_cross_entropies_of_order_and_kind() -> None:
    learner = cubic_puzzle()
    assert learner.footage == Footage(length=24, stride=1)
    last = learner.head[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([1 / 2] + [1 / 46] * 23 + [3.0]).log())  # odds of 3 to 1 for times
    parts = learner.loss({"image": torch.rand(2, 4, 4, 3, 16, 16), "temporal": torch.tensor([True, False])})
    assert parts["order"].item() == pytest.approx((math.log(2) + 23 * math.log(46)) / 24, abs=1e-4)
    assert parts["kind"].item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 2, abs=1e-5)
    assert parts["loss"].item() == pytest.approx(parts["order"].item() + parts["kind"].item(), abs=1e-5)
    assert parts["accuracy"].item() == pytest.approx(1 / 24)
    assert parts["kind_accuracy"].item() == 0.5


def test_bad_settings_and_small_clips_are_refused() -> None:
    for wrong, message in (
        ({"frames": 7}, "more frames"),
        ({"part": 1.0}, "part"),
        ({"stride": 0}, "stride"),
        ({"crop": {"aspect": [0.8, 1.25]}}, "square crops only"),
    ):
        with pytest.raises(UserError, match=message):
            cubic_puzzle(**wrong)
    with pytest.raises(UserError, match="don't fit in cells"):
        cubic_puzzle().views({"rgb": torch.zeros(24, 3, 10, 10, dtype=torch.uint8)}, torch.Generator().manual_seed(0))
