from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from clips_with_time import Clips, fading, growing_discs
from drawn_houses import noise
from short_runs import batch_of, measure, raw_batch, small, train
from small_clip_network import SmallClipNetwork
from torch import Tensor

from scenes.errors import UserError
from training.backbones import build_backbone
from training.backbones.base import Backbone
from training.crops import CropConfig
from training.images import normalise
from training.motion import draw_interval, draw_moving_window, motion
from training.pretexts.frame_order import FrameOrder, FrameOrderConfig, apart, orders_up_to_reversal, shift
from training.seeds import seeded

PLAIN: dict[str, Any] = {"colour": {"noise": 0, "blur": 0}}


def frame_order(**config: Any) -> FrameOrder:
    learner = small("frame_order", **config)
    assert isinstance(learner, FrameOrder)
    return learner


def test_overfits_a_few_clips(tmp_path: Path) -> None:
    learner, data = frame_order(**PLAIN, jitter=0), growing_discs(8, 24)
    before = measure(learner.train(), data)
    train(learner, data, 8 * 100, tmp_path)
    after = measure(learner, data)
    assert after["loss"] < 0.5 * before["loss"]
    assert after["accuracy"] > 0.85


def test_sorts_frames_of_unseen_clips(tmp_path: Path) -> None:
    learner = frame_order(method="sorting")
    train(learner, growing_discs(100, 24), 8 * 60, tmp_path)
    assert measure(learner, growing_discs(50, 24, first=1000))["accuracy"] > 0.5  # chance 1 / 12


class Uneven(FrameOrder):
    """What the method must not do: frames with the brightness that they had."""

    def even(self, frames: Tensor) -> Tensor:
        return normalise(frames)


@pytest.mark.parametrize("method", [FrameOrder, Uneven])
def test_only_uneven_frames_would_show_the_order_by_their_brightness(method: type[FrameOrder], tmp_path: Path) -> None:
    """Clips in which nothing moves, but the light goes down."""
    with seeded(0):
        learner = method(build_backbone("resnet18", width=8), frame_order(method="sorting", items=3).config)
    train(learner, Clips([fading(noise(i), 24, i) for i in range(50)]), 8 * 30, tmp_path)
    accuracy = measure(learner, Clips([fading(noise(1000 + i), 24, i) for i in range(100)]))["accuracy"]
    if method is Uneven:
        assert accuracy > 0.75
    else:
        assert abs(accuracy - 1 / 3) < 4 * math.sqrt(1 / 3 * 2 / 3 / 300)


def test_one_window_for_all_frames_that_moves_by_the_jitter_alone() -> None:
    learner = frame_order()
    still = noise(0).expand(24, -1, -1, -1)
    frames = learner.views({"rgb": still}, torch.Generator().manual_seed(0))["frames"]
    assert frames.shape == (4, 3, 36, 36)
    assert torch.equal(frames, frames[:1].expand_as(frames))
    moved = shift(frames, 2, torch.Generator().manual_seed(0))
    places = {(r, c): frames[0, :, r : r + 32, c : c + 32] for r, c in itertools.product(range(5), repeat=2)}
    found = [next(place for place, part in places.items() if torch.equal(part, frame)) for frame in moved]
    assert len(set(found)) > 1


def test_frames_show_one_channel_each_without_brightness_or_contrast() -> None:
    learner = frame_order(**PLAIN, jitter=0)
    image = batch_of(learner, growing_discs(30, 24))["image"]
    assert torch.equal(image[:, :, 0], image[:, :, 1])
    assert torch.equal(image[:, :, 0], image[:, :, 2])
    assert image.mean((-1, -2)).abs().max() < 1e-4
    assert (image.std((-1, -2), correction=0) - 1).abs().max() < 1e-3
    frames = raw_batch(learner, growing_discs(30, 24))["frames"].float()
    kin = (frames - frames.mean((-1, -2), keepdim=True)) / frames.std((-1, -2), keepdim=True, correction=0)
    shown = (kin - image).abs().amax((-1, -2)) < 1e-3
    assert (shown.sum(2) >= 1).all()
    channel = shown.float().argmax(2)
    assert (channel[:, 0] != channel[:, 1]).float().mean() == pytest.approx(2 / 3, abs=0.3)
    assert torch.bincount(channel.flatten(), minlength=3).min() > 20


def clock(frames: int = 24) -> Tensor:
    """uint8 [frames, 3, 40, 40]: every frame's grey level is ten times its number."""
    return (10 * torch.arange(frames, dtype=torch.uint8)).view(-1, 1, 1, 1).expand(-1, 3, 40, 40)


def times(learner: FrameOrder, seed: int) -> list[int]:
    return (learner.views({"rgb": clock()}, torch.Generator().manual_seed(seed))["frames"][:, 0, 0, 0] // 10).tolist()


def test_verification_shows_a_frame_from_outside_in_place_of_the_middle_one() -> None:
    learner, sides, firsts = frame_order(), [], []
    for seed in range(60):
        b, c, d, outside = times(learner, seed)
        assert b < c < d
        assert outside <= b - 3 or outside >= d + 3
        assert min(c - b, d - c) >= 3
        assert max(d, outside) - min(b, outside) < 20
        sides.append(outside < b)
        firsts.append(b)
    assert 15 < sum(sides) < 45
    assert len(set(firsts)) > 5
    assert learner.orders.tolist() == [[0, 1, 2], [0, 3, 2]]


def test_frames_to_sort_are_in_order_and_apart() -> None:
    learner = frame_order(method="sorting", gap=5)
    for seed in range(30):
        drawn = times(learner, seed)
        assert len(drawn) == 4
        assert min(b - a for a, b in itertools.pairwise(drawn)) >= 5


def test_frames_apart_are_all_equally_likely() -> None:
    drawn = [tuple(apart(3, 7, 2, torch.Generator().manual_seed(seed)).tolist()) for seed in range(500)]
    possible = [t for t in itertools.combinations(range(7), 3) if t[1] - t[0] >= 2 and t[2] - t[1] >= 2]
    assert sorted(set(drawn)) == possible
    assert all(abs(drawn.count(t) - 50) < 30 for t in possible)


def test_an_order_and_its_reverse_are_one_class() -> None:
    assert orders_up_to_reversal(3) == ((0, 1, 2), (0, 2, 1), (1, 0, 2))
    four = orders_up_to_reversal(4)
    assert len(four) == 12
    assert len({min(order, order[::-1]) for order in four}) == 12


def late_mover() -> Tensor:
    """uint8 [24, 3, 64, 128]: from frame 16 on something moves, at the right."""
    rgb = noise(0, 64, 128).repeat(24, 1, 1, 1)
    for t in range(16, 24):
        rgb[t, :, 20:40, 76 + 4 * (t - 16) : 92 + 4 * (t - 16)] = 255
    return rgb


def test_stretches_and_windows_in_which_something_moves_are_preferred() -> None:
    moved = motion(late_mover())
    generator = torch.Generator().manual_seed(0)
    firsts = [draw_interval(moved, 10, generator) for _ in range(100)]
    assert sum(first >= 7 for first in firsts) == 100  # of 15 possible ones those that reach frame 16
    crop = CropConfig(size=32, area=(0.3, 0.3))
    lefts = [draw_moving_window(moved, 64, 128, crop, generator).left for _ in range(100)]
    assert sum(left > 40 for left in lefts) > 75  # without preference about half
    assert len(set(lefts)) > 20


def test_a_change_of_light_is_no_motion_and_without_motion_all_is_alike() -> None:
    moved = motion(fading(noise(0), 24, 0))
    assert moved.max() < 0.1
    assert motion(late_mover()).max() > 1
    firsts = [draw_interval(torch.zeros(23, 32, 32), 20, torch.Generator().manual_seed(seed)) for seed in range(200)]
    assert torch.bincount(torch.tensor(firsts), minlength=5).min() > 20


@pytest.mark.parametrize("backbone", [build_backbone("resnet18", width=8), SmallClipNetwork()])
def test_orders_are_shown_as_they_say(backbone: Backbone) -> None:
    """Frames handed over in another order are that puzzle; backwards ones are handed over from their end. For networks of clips, too."""
    with seeded(0):
        learner = FrameOrder(backbone, FrameOrderConfig(method="sorting", items=3))
    image, forwards = torch.randn(2, 3, 3, 32, 32), torch.zeros(2, 3, dtype=torch.bool)
    with torch.no_grad():
        for _ in range(20):  # until statistics fit, so that features differ
            learner.predict(image, forwards)
        learner.eval()
        logits, reverse = learner.predict(image, forwards), learner.predict(image, ~forwards)
        for k, order in enumerate(learner.orders):
            assert torch.allclose(logits[:, k], learner.predict(image[:, order], forwards)[:, 0], atol=1e-5)
            assert torch.allclose(reverse[:, k], learner.predict(image[:, order.flip(0)], forwards)[:, 0], atol=1e-5)
    assert not torch.allclose(logits, reverse, atol=1e-3)


def test_half_of_the_orders_are_shown_backwards() -> None:
    backwards = batch_of(frame_order(method="sorting"), growing_discs(40, 24))["backwards"]
    assert backwards.shape == (40, 12)
    assert backwards.float().mean() == pytest.approx(0.5, abs=0.1)


def test_loss_is_the_cross_entropy_of_the_order() -> None:
    learner = frame_order(method="sorting", items=3)
    with torch.no_grad():
        learner.head.classify.weight.zero_()
        learner.head.classify.bias.copy_(torch.tensor([1 / 2, 1 / 4, 1 / 4]).log())
    parts = learner.loss({"image": torch.rand(2, 3, 3, 32, 32), "backwards": torch.zeros(2, 3, dtype=torch.bool)})
    assert parts["loss"].item() == pytest.approx(math.log(2) * (1 + 2 + 2) / 3, abs=1e-5)
    assert parts["accuracy"].item() == pytest.approx(1 / 3)


def test_bad_settings_are_refused() -> None:
    for wrong, message in (
        ({"method": "shuffle"}, "method"),
        ({"items": 5}, "items"),
        ({"gap": 5}, "window of more than 20"),
        ({"frames": 16}, "at most all 16"),
        ({"jitter": 0.6}, "jitter"),
        ({"stride": 0}, "stride"),
    ):
        with pytest.raises(UserError, match=message):
            frame_order(**wrong)
