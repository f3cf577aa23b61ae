from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from drawn_discs import GlidingDiscs
from short_runs import batch_of, measure, train
from small_clip_network import SmallClipNetwork
from torch import Tensor, nn

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones import build_backbone
from training.backbones.base import Backbone
from training.conv_gru import ConvGRU
from training.dense_future import DenseFuture
from training.learner import Footage
from training.pixel_future import PixelFuture, gradient_difference
from training.pretexts import build_pretext
from training.pretexts.video_prediction import VideoPrediction, VideoPredictionConfig
from training.seeds import seeded

WHOLE = {"size": 32, "area": [1, 1], "aspect": [1, 1], "flip": False}
STILL = PhotometricConfig(brightness=0, contrast=0, saturation=0, hue=0, grey=0, channel=0, blur=0, noise=0).to_dict()
DPC: dict[str, Any] = {"crop": WHOLE, "observed": 3, "predicted": 1, "block": 1, "dimensions": 32, "colour": STILL}
PIXELS: dict[str, Any] = {"method": "pixels", "crop": WHOLE, "observed": 3, "predicted": 1, "colour": STILL, "gradient": 0.2}
NOISE = [{"rgb": torch.randint(256, (4, 3, 32, 32), generator=torch.Generator().manual_seed(i)).to(torch.uint8)} for i in range(364)]


def learner_of(config: dict[str, Any], backbone: Any = None, **more: Any) -> VideoPrediction:
    with seeded(0):
        learner = build_pretext("video_prediction", backbone or build_backbone("resnet18", width=8), {**config, **more})
    assert isinstance(learner, VideoPrediction)
    return learner


@pytest.mark.parametrize("network", ["pictures", "clips"])
def test_dpc_overfits_a_few_clips(network: str, tmp_path: Path) -> None:
    with seeded(0):
        learner = learner_of(DPC, SmallClipNetwork() if network == "clips" else None, block=2)
    clips = GlidingDiscs(6, 8, directions=1)
    before = measure(learner.train(), clips)["loss"]
    train(learner, clips, 6 * 45, tmp_path, batch_size=6)
    after = measure(learner.train(), clips)
    assert after["loss"] < 0.4 * before
    assert after["accuracy"] > 0.8


def test_dpc_foretells_where_things_will_be_in_clips_never_seen(tmp_path: Path) -> None:
    """All have the same colours, so that only places tell one from another. Chance is 1/128 and, in time, 1/4."""
    learner = learner_of(DPC)
    train(learner, GlidingDiscs(300, 4, speed=5, looks=1, directions=1), 12 * 120, tmp_path, batch_size=12)
    found = measure(learner, GlidingDiscs(32, 4, first=1000, speed=5, looks=1, directions=1))
    assert found["negatives"] == 127
    assert found["accuracy"] > 0.2
    assert found["accuracy_time"] > 0.7


def test_dpc_finds_nothing_in_noise(tmp_path: Path) -> None:
    """By chance it is 1/256, or 1/64 without the blocks already observed; neither batch statistics nor running ones say more."""
    learner = learner_of(DPC)
    train(learner, NOISE[:300], 12 * 45, tmp_path, batch_size=12)  # type: ignore[arg-type]
    for training in (False, True):
        found = measure(learner.train(training), NOISE[300:])  # type: ignore[arg-type]
        assert found["accuracy"] < 0.07
        assert found["loss"] > math.log(64) - 0.1


def test_nothing_of_the_future_reaches_what_is_foretold() -> None:
    """With batch normalisation in training mode, exactly; one pass over all blocks would not pass this."""
    learner = learner_of(DPC).train()
    clips = batch_of(learner, GlidingDiscs(4, 4))["clip"]
    other = clips.clone()
    other[:, 3:] = torch.randn(other[:, 3:].shape, generator=torch.Generator().manual_seed(0))
    assert isinstance(learner.future, DenseFuture)
    (told, there), (same, elsewhere) = learner.future.both(learner.backbone, clips), learner.future.both(learner.backbone, other)  # type: ignore[arg-type]
    assert torch.equal(told, same)
    assert torch.equal(there[:, :3], elsewhere[:, :3])
    assert not torch.allclose(there[:, 3], elsewhere[:, 3], atol=0.01)


class MeanColour(Backbone):
    """Sees a frame's mean colour and nothing else."""

    stages, channels, strides = ("colour",), {"colour": 64}, {"colour": 32}
    name, width, in_channels, num_classes = "mean_colour", 64, 3, 0

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 64, 1), nn.ReLU(), nn.Conv2d(64, 64, 1), nn.ReLU())

    def forward_stages(self, images: Tensor) -> dict[str, Tensor]:
        return {"colour": self.layers(F.adaptive_avg_pool2d(images, 1))}


def test_colours_alone_hardly_tell_videos_apart(tmp_path: Path) -> None:
    """Which of 32 plain clips it is that goes on: nearly always known where frames keep their colours, hardly where every one changes."""
    colours = torch.randint(256, (332, 1, 3, 1, 1), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    plain = [{"rgb": colour.expand(9, 3, 32, 32)} for colour in colours]
    reached = {}
    for name, colour in (("still", STILL), ("default", VideoPredictionConfig().colour.to_dict())):
        learner = learner_of(DPC, MeanColour(), observed=2, block=3, colour=colour)
        train(learner, plain[:300], 24 * 70, tmp_path / name, batch_size=24)  # type: ignore[arg-type]
        batch = batch_of(learner, plain[300:])  # type: ignore[arg-type]
        with torch.no_grad():
            told, there = (maps.flatten(2)[:, -1] for maps in learner.future.both(learner.backbone, batch["clip"]))  # type: ignore[operator,union-attr]
        nearest = (F.normalize(told, dim=1) @ F.normalize(there, dim=1).T).argmax(1)
        reached[name] = (nearest == torch.arange(32)).float().mean().item()
    assert reached["still"] > 0.7
    assert reached["default"] < 0.5 * reached["still"]  # 0.2 to 0.31, with the rounding of how many threads add up


def test_every_other_cell_is_a_negative_but_those_of_the_same_video() -> None:
    learner, data = learner_of(DPC, predicted=2, crop={**WHOLE, "size": 64}), GlidingDiscs(3, 5)
    assert measure(learner, data)["negatives"] == 3 * 5 * 4 - 1
    data.videos[1] = data.videos[0]
    assert measure(learner, data)["negatives"] == pytest.approx((2 * 40 + 60) / 3 - 1)


def test_memory_by_hand() -> None:
    """Update gate 1/4 and reset gate 0 let in a quarter of tanh(x)."""
    memory = ConvGRU(1)
    with torch.no_grad():
        for parameter in memory.parameters():
            parameter.zero_()
        memory.gates.bias.copy_(torch.tensor([-math.log(3), -100.0]))  # type: ignore[union-attr]
        memory.candidate.weight.copy_(torch.ones(1, 2, 1, 1))
        state = memory(torch.full((1, 1, 1, 1), 0.8), torch.full((1, 1, 1, 1), 0.5))
    assert state.item() == pytest.approx(0.75 * 0.8 + 0.25 * math.tanh(0.5), abs=1e-6)


def test_pixels_overfit_a_few_clips(tmp_path: Path) -> None:
    learner, clips = learner_of(PIXELS), GlidingDiscs(4, 4, speed=4)
    before = measure(learner.train(), clips)["loss"]
    train(learner, clips, 4 * 100, tmp_path, batch_size=4)
    after = measure(learner.train(), clips)
    assert after["loss"] < 0.45 * before
    assert after["gain"] > 2


def test_pixels_of_clips_never_seen_follow_from_their_motion(tmp_path: Path) -> None:
    """With the last frame in place of all before it, nobody knows which way the disc goes."""
    learner = learner_of(PIXELS)
    train(learner, GlidingDiscs(300, 4, speed=4), 8 * 100, tmp_path)
    batch = batch_of(learner, GlidingDiscs(32, 4, first=1000, speed=4))
    still = {**batch, "clip": torch.cat([batch["clip"][:, 2:3].expand(-1, 2, -1, -1, -1), batch["clip"][:, 2:]], 1)}
    with torch.no_grad():
        moving, guessed = learner.loss(batch), learner.loss(still)
    assert moving["gain"] > 1
    assert moving["gain"] > guessed["gain"] + 0.3


def test_pixels_of_noise_gain_no_more_than_a_blur(tmp_path: Path) -> None:
    """A copy of noise has twice the squared error of its mean: 3.01 dB."""
    learner = learner_of(PIXELS)
    train(learner, NOISE[:100], 8 * 40, tmp_path)  # type: ignore[arg-type]
    assert measure(learner, NOISE[300:])["gain"] < 3.1  # type: ignore[arg-type]


def test_what_stays_is_copied_and_the_rest_painted() -> None:
    learner = learner_of(PIXELS)
    assert isinstance(learner.future, PixelFuture)
    observed = torch.randn(2, 3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for stays, expected in ((100.0, observed[:, 2:]), (-100.0, torch.full((2, 1, 3, 32, 32), 0.5)), (0.0, (observed[:, 2:] + 0.5) / 2)):
        layers = torch.tensor([0.5, 0.5, 0.5, stays]).view(1, 4, 1, 1).expand(2, 4, 32, 32)
        learner.future.decode = nn.Identity()  # type: ignore[assignment]
        learner.future.frames.forward = lambda *_, found=layers: found[:, None]  # type: ignore[method-assign,misc]
        assert torch.allclose(learner.future.foretell(learner.backbone, observed), expected, atol=1e-6)  # type: ignore[arg-type]


def test_gradient_difference_by_hand() -> None:
    """Along rows slopes of 3 and 1 against 1 and 1, down columns of 2 and 2 against 0 and 2: means 1 and 1."""
    found, truth = torch.tensor([[0.0, 3.0], [2.0, 1.0]]), torch.tensor([[0.0, 1.0], [0.0, -1.0]])
    assert gradient_difference(found, truth).item() == pytest.approx((2 + 0) / 2 + (2 + 0) / 2)
    assert gradient_difference(truth, truth) == gradient_difference(-truth, truth) == 0


def test_footage() -> None:
    assert learner_of({}).footage == Footage(length=18, stride=2)
    assert learner_of({"method": "pixels"}).footage == Footage(length=6, stride=2)


def test_what_cannot_work_is_refused() -> None:
    for config in ({"method": "gan"}, {"block": 0}, {"observed": 0}, {"temperature": 0.0}, {"gradient": -1.0}):
        with pytest.raises(UserError):
            learner_of(config)
