from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from clips_with_time import Clips, fading, growing_discs
from drawn_houses import noise
from short_runs import batch_of, measure, small, train
from small_clip_network import SmallClipNetwork
from torch import Tensor, nn

from scenes.errors import UserError
from training.backbones import build_backbone
from training.images import normalise
from training.learner import Footage
from training.ordering import PairwiseOrder
from training.pretexts.clip_order import ClipOrder, ClipOrderConfig
from training.seeds import seeded

STILL: dict[str, Any] = {"colour": dict.fromkeys(("brightness", "contrast", "saturation", "hue", "grey", "channel", "blur", "noise"), 0)}
SHORT = {"frames": 2, "gap": 4}


def clip_order(**config: Any) -> ClipOrder:
    learner = small("clip_order", **config)
    assert isinstance(learner, ClipOrder)
    return learner


def test_overfits_a_few_clips_with_a_network_of_clips(tmp_path: Path) -> None:
    with seeded(0):
        learner = ClipOrder(SmallClipNetwork(), ClipOrderConfig.from_dict({**STILL, "frames": 4, "gap": 3, "crop": {"size": 32}}))
    learner.name, data = "clip_order", growing_discs(8, 18)
    before = measure(learner.train(), data)
    train(learner, data, 8 * 30, tmp_path)
    after = measure(learner, data)
    assert after["loss"] < 0.25 * before["loss"]
    assert after["accuracy"] > 0.9


def test_orders_unseen_clips(tmp_path: Path) -> None:
    learner = clip_order(**SHORT)
    train(learner, growing_discs(100, 14), 8 * 30, tmp_path)
    assert measure(learner, growing_discs(50, 14, first=1000))["accuracy"] > 0.6  # chance 1 / 6


class Uneven(ClipOrder):
    """What the method must not do: frames with the brightness that they had."""

    def even(self, clips: Tensor) -> Tensor:
        return normalise(clips)


@pytest.mark.parametrize("method", [ClipOrder, Uneven])
def test_only_uneven_frames_would_show_the_order_by_their_brightness(method: type[ClipOrder], tmp_path: Path) -> None:
    """Clips in which nothing moves, but the light goes down."""
    with seeded(0):
        learner = method(build_backbone("resnet18", width=8), clip_order(**SHORT, **STILL).config)
    train(learner, Clips([fading(noise(i), 14, i) for i in range(50)]), 8 * 25, tmp_path)
    accuracy = measure(learner, Clips([fading(noise(1000 + i), 14, i) for i in range(100)]))["accuracy"]
    if method is Uneven:
        assert accuracy > 0.6
    else:
        assert abs(accuracy - 1 / 6) < 4 * math.sqrt(1 / 6 * 5 / 6 / 600)


def test_clips_have_gaps_and_share_one_window() -> None:
    learner = clip_order(frames=4, gap=2)
    assert learner.footage == Footage(length=16, stride=1)
    clock = (10 * torch.arange(16, dtype=torch.uint8)).view(-1, 1, 1, 1).expand(-1, 3, 40, 40)
    clips = learner.views({"rgb": clock}, torch.Generator().manual_seed(0))["clips"]
    assert (clips[:, :, 0, 0, 0] // 10).tolist() == [[0, 1, 2, 3], [6, 7, 8, 9], [12, 13, 14, 15]]
    still = noise(0, 50, 70).expand(16, -1, -1, -1)
    for seed in range(5):
        clips = learner.views({"rgb": still}, torch.Generator().manual_seed(seed))["clips"]
        assert torch.equal(clips, clips[:1, :1].expand_as(clips))


def test_colours_change_once_a_clip_and_light_does_not_show() -> None:
    learner = clip_order(**SHORT, colour={**STILL["colour"], "hue": 1, "saturation": 1})
    data = Clips(
        [noise(i).roll(i, -1).float().mul(torch.tensor([1, 0.7, 0.4]).view(3, 1, 1)).byte().expand(14, -1, -1, -1) for i in range(6)]
    )
    for clip in data.rgb:
        clip[0, 0, :10] //= 2  # so that channels differ in more than brightness
    image = batch_of(learner, data)["image"]
    assert torch.allclose(image[:, :, 0], image[:, :, 1], atol=1e-4)
    assert (image[:, 0] - image[:, 1]).abs().amax((1, 2, 3, 4)).min() > 0.05
    assert image.mean((-1, -2)).abs().max() < 1e-4
    assert (image.std((-1, -2), correction=0) - 1).abs().max() < 1e-3


def test_orders_are_shown_as_they_say() -> None:
    """Clips handed over in another order are that puzzle."""
    learner = clip_order(**SHORT)
    image = torch.randn(2, 3, 2, 3, 32, 32)
    with torch.no_grad():
        for _ in range(20):  # until statistics fit, so that features differ
            learner.train().predict(image)
        logits = learner.eval().predict(image)
        for k, order in enumerate(learner.orders):
            assert torch.allclose(logits[:, k], learner.predict(image[:, order])[:, 0], atol=1e-5)
    assert (logits[:, 1:] - logits[:, :1]).abs().amax((0, 2)).min() > 1e-3


def test_pairs_of_places_meet_first_with_second() -> None:
    """Against pairs written out one by one."""
    head = PairwiseOrder(2, 3, 4, hidden=5).eval()
    features = torch.randn(6, 3, 2)
    met = [head.pair(torch.cat([features[:, a], features[:, b]], 1)) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert torch.allclose(head(features), head.classify(torch.cat(met, 1)), atol=1e-6)


def test_loss_is_the_cross_entropy_of_the_order() -> None:
    learner = clip_order(clips=2, frames=1, gap=1)
    assert isinstance(learner.head.classify, nn.Linear)
    with torch.no_grad():
        learner.head.classify.weight.zero_()
        learner.head.classify.bias.copy_(torch.tensor([3 / 4, 1 / 4]).log())
    parts = learner.loss({"image": torch.rand(3, 2, 1, 3, 32, 32)})
    assert parts["loss"].item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 2, abs=1e-5)
    assert parts["accuracy"].item() == 0.5


def test_bad_settings_are_refused() -> None:
    for wrong, message in (
        ({"gap": 0}, "run on into"),
        ({"clips": 5}, "clips must be"),
        ({"stride": 0}, "stride"),
        ({"hidden": 0}, "hidden"),
    ):
        with pytest.raises(UserError, match=message):
            clip_order(**wrong)
