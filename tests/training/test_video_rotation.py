from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from clips_with_time import Clips
from drawn_houses import house, noise
from short_runs import batch_of, measure, raw_batch, small, train
from small_clip_network import SmallClipNetwork
from torch import Tensor

from scenes.errors import UserError
from training.backbones import build_backbone
from training.clips import crop_clip
from training.crops import CropConfig, draw_window
from training.learner import Batch, Footage, Sample
from training.pretexts.video_rotation import VideoRotation, VideoRotationConfig
from training.seeds import seeded

PLAIN: dict[str, Any] = {"colour": dict.fromkeys(("brightness", "contrast", "saturation", "hue", "grey", "channel", "blur", "noise"), 0)}


def video_rotation(**config: Any) -> VideoRotation:
    learner = small("video_rotation", **config)
    assert isinstance(learner, VideoRotation)
    return learner


def passing(picture: Tensor, frames: int) -> Tensor:
    """uint8 [3, H, W] -> uint8 [frames, 3, H, W - 2 frames]: the camera passes by."""
    width = picture.shape[-1] - 2 * frames
    return torch.stack([picture[..., 2 * t : 2 * t + width] for t in range(frames)])


def houses(count: int, frames: int, first: int = 0) -> Clips:
    return Clips([passing(house(first + i)["rgb"], frames) for i in range(count)])


def textures(count: int, first: int = 0) -> Clips:
    return Clips([passing(noise(first + i, 64, 68, smooth=2), 2) for i in range(count)])


def test_overfits_a_few_clips_with_a_network_of_clips(tmp_path: Path) -> None:
    with seeded(0):
        config = VideoRotationConfig.from_dict({**PLAIN, "frames": 2, "all_turns": True, "crop": {"size": 32}})
        learner = VideoRotation(SmallClipNetwork(), config)
    learner.name, data = "video_rotation", houses(8, 2)
    before = measure(learner.train(), data)
    train(learner, data, 8 * 80, tmp_path)
    after = measure(learner, data)
    assert after["loss"] < 0.4 * before["loss"]
    assert after["accuracy"] > 0.85


def test_tells_which_way_unseen_clips_are_up(tmp_path: Path) -> None:
    learner = video_rotation(frames=2, all_turns=True)
    train(learner, houses(60, 2), 8 * 60, tmp_path)
    assert measure(learner, houses(40, 2, first=1000))["accuracy"] > 0.6  # chance 0.25


class Stretched(VideoRotation):
    """What the method must not do: crops that are resampled more strongly along one axis."""

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        window = draw_window(64, 64, CropConfig(size=32, area=(0.3, 0.35), aspect=(2.5, 2.5)), generator)
        return {"rgb": crop_clip(sample["rgb"], window)}


@pytest.mark.parametrize("method", [VideoRotation, Stretched])
def test_only_stretching_would_show_the_turn_of_clips_without_content(method: type[VideoRotation], tmp_path: Path) -> None:
    """Textures that look the same from every side. A stretched crop gives its axis away, a square one nothing."""
    with seeded(0):
        learner = method(build_backbone("resnet18", width=8), video_rotation(**PLAIN, frames=1, all_turns=True).config)
    train(learner, Clips([c[:1] for c in textures(100).rgb]), 8 * 40, tmp_path)
    accuracy = measure(learner, Clips([c[:1] for c in textures(150, first=5000).rgb]))["accuracy"]
    if method is Stretched:
        assert accuracy > 0.38  # at best 0.5: one of two axes
    else:
        assert abs(accuracy - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 600)


def test_all_frames_turn_alike_after_one_crop_and_one_change_of_colour() -> None:
    learner = video_rotation(colour={"noise": 0}, all_turns=True, frames=3)
    still = Clips([noise(i).expand(3, -1, -1, -1) for i in range(4)])
    batch = batch_of(learner, still)
    assert batch["turn"].tolist() == [0, 1, 2, 3] * 4
    assert torch.equal(batch["image"], batch["image"][:, :1].expand_as(batch["image"]))
    turned = batch["image"].unflatten(0, (4, 4))
    for k, corner in enumerate([(0, 0), (-1, 0), (-1, -1), (0, -1)]):  # the upper left one moves counter-clockwise
        assert torch.equal(torch.rot90(turned[:, k], -k, (-2, -1)), turned[:, 0])
        assert torch.equal(turned[:, k, ..., corner[0], corner[1]], turned[:, 0, ..., 0, 0])


def test_one_random_turn_a_clip() -> None:
    learner, every = video_rotation(**PLAIN, frames=2), video_rotation(**PLAIN, frames=2, all_turns=True)
    data = houses(80, 2)
    single, raw = batch_of(learner, data), raw_batch(learner, data)
    assert single["image"].shape == (80, 2, 3, 32, 32)
    assert torch.bincount(single["turn"], minlength=4).min() > 8
    all_four = every.augment(raw, torch.Generator().manual_seed(0))["image"].unflatten(0, (80, 4))
    assert torch.allclose(single["image"], all_four[torch.arange(80), single["turn"]], atol=1e-5)


def test_loss_is_the_cross_entropy_of_the_turn() -> None:
    learner = video_rotation()
    assert learner.footage == Footage(length=8, stride=2)
    with torch.no_grad():
        learner.head.weight.zero_()
        learner.head.bias.copy_(torch.tensor([0.5, 0.25, 0.125, 0.125]).log())
    parts = learner.loss({"image": torch.rand(4, 2, 3, 32, 32), "turn": torch.tensor([0, 0, 1, 3])})
    assert parts["loss"].item() == pytest.approx(math.log(2) * (1 + 1 + 2 + 3) / 4, abs=1e-5)
    assert parts["accuracy"].item() == 0.5


def test_bad_settings_are_refused() -> None:
    for wrong, message in (({"frames": 0}, "frames"), ({"stride": 0}, "stride"), ({"crop": {"aspect": [0.8, 1.25]}}, "square crops only")):
        with pytest.raises(UserError, match=message):
            video_rotation(**wrong)
