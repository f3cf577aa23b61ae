"""game_engine with real pictures beside its frames, with stylised ones, and with the paper's weights."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from drawn_houses import house
from sphere_world import Spheres
from torch import Tensor
from torch.utils.data import Dataset

from scenes.errors import UserError
from training.adaptation import batch_norms
from training.backbones import build_backbone
from training.budget import Budget
from training.fit import FitConfig, fit
from training.images import to_picture
from training.learner import Batch
from training.losses import log_depth_loss
from training.pretexts import build_pretext
from training.pretexts.game_engine import GameEngine, GameEngineConfig
from training.rendered_targets import FEWEST_CONTOURS, contour_weight, weighted_bce
from training.seeds import seeded

SMALL = {"crop": {"size": 32}}
STILL = {"colour": dict.fromkeys(("brightness", "contrast", "saturation", "hue", "grey", "channel", "blur", "noise"), 0)}


class BesideHouses(Dataset[dict[str, Tensor]]):
    """Frames of spheres with drawn houses, or other frames of spheres, for real pictures."""

    def __init__(self, count: int, *, alike: bool = False, first: int = 0) -> None:
        self.frames = Spheres(count, first)
        self.real = Spheres(count, 5000 + first).frames if alike else [house(first + i, 48) for i in range(count)]

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {**self.frames[index], "real": self.real[index]["rgb"]}


def engine(**config: Any) -> GameEngine:
    with seeded(0):
        learner = build_pretext("game_engine", build_backbone("resnet18", width=8), {**SMALL, **config})
    assert isinstance(learner, GameEngine)
    return learner.train()


def batch_of(learner: GameEngine, data: Dataset[dict[str, Tensor]], seed: int = 0) -> Batch:
    views = [learner.views(data[i], torch.Generator().manual_seed(seed + i)) for i in range(len(data))]  # type: ignore[arg-type]
    return learner.augment({name: torch.stack([view[name] for view in views]) for name in views[0]}, torch.Generator().manual_seed(seed))


def train(learner: GameEngine, data: Dataset[dict[str, Tensor]], samples: int, out: Path, **settings: Any) -> None:
    fit(learner, data, FitConfig(budget=Budget(samples=samples), batch_size=16, lr=4e-3, progress=False, **settings), out)


def test_with_everything_off_real_pictures_change_nothing() -> None:
    """And the loss stays what it is (a golden number of torch 2.13 on a CPU)."""
    with seeded(0):
        learner = build_pretext("game_engine", build_backbone("resnet18", width=8)).train()
    with_real, without = (learner.loss(batch_of(learner, data)) for data in (BesideHouses(4), Spheres(4)))  # type: ignore[arg-type]
    assert {name: value.item() for name, value in with_real.items()} == {name: value.item() for name, value in without.items()}
    assert without["loss"].item() == pytest.approx(7.6912, abs=2e-3)
    assert without["normal"].item() == pytest.approx(1.0303, abs=1e-3)
    assert not any(name.startswith("alignment") for name in learner.state_dict())


def test_alignment_adds_both_players_losses_and_leaves_the_others_alone() -> None:
    plain, aligned = engine(), engine(adapt={"align": 0.3})
    shared = plain.state_dict()
    assert all(torch.equal(aligned.state_dict()[name], value) for name, value in shared.items()), "the heads start as they do without"
    batch = batch_of(aligned, BesideHouses(4))
    before, after = plain.loss(batch), aligned.loss(batch)
    assert after["normal"].item() == before["normal"].item()
    assert after["loss"].item() == pytest.approx((before["loss"] + after["adversary"] + 0.3 * after["deceive"]).item(), rel=1e-6)


def test_features_of_equal_domains_are_aligned_without_harm(tmp_path: Path) -> None:
    """Frames beside other frames of the same worlds: what is learnt about them stays as good."""
    angles = []
    for name, adapt in (("plain", {}), ("aligned", {"align": 0.05})):
        learner = engine(adapt=adapt, **STILL)
        train(learner, BesideHouses(48, alike=True), 16 * 60, tmp_path / name)
        with torch.no_grad():
            found = learner.eval().loss(batch_of(learner, BesideHouses(24, alike=True, first=900)))
        angles.append(found["angle"].item())
    assert angles[0] < 55
    assert angles[1] < angles[0] + 4
    assert abs(found["told_apart"].item() - 0.5) < 0.15


def test_interrupted_and_resumed_equals_never_stopped_pools_included(tmp_path: Path) -> None:
    options: dict[str, Any] = {"adapt": {"align": 0.05, "pool": 24, "bn": "real"}, "style": {"amplitude": 0.5, "convolution": 0.5}}
    data, steps = BesideHouses(8), 6
    whole, first, second = (engine(**options) for _ in range(3))
    train(whole, data, 16 * steps, tmp_path / "whole", checkpoint_seconds=0)
    compute, losses = first.loss, 0

    def failing(batch: Batch) -> dict[str, Tensor]:
        nonlocal losses
        losses += 1
        if losses == 4:
            raise RuntimeError("power cut")
        return compute(batch)

    first.loss = failing  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="power cut"):
        train(first, data, 16 * steps, tmp_path / "parts", checkpoint_seconds=0)
    train(second, data, 16 * steps, tmp_path / "parts", checkpoint_seconds=0)
    assert (tmp_path / "whole/model.safetensors").read_bytes() == (tmp_path / "parts/model.safetensors").read_bytes()
    assert second.alignment is not None
    assert second.alignment.rendered.received.item() == 16 * steps


@pytest.mark.parametrize("whose", ["rendered", "real"])
def test_running_statistics_follow_the_pictures_they_are_to_follow(whose: str) -> None:
    """Of the first layer: momentum 0.1 of the mean over the batch that counts, whichever other passes there were."""
    learner = engine(adapt={"align": 0.05, "bn": whose}, **STILL)
    batch = batch_of(learner, BesideHouses(8))
    learner.loss(batch)
    counted = batch["image" if whose == "rendered" else "real"]
    with torch.no_grad():
        mean = learner.backbone.conv1(counted).mean((0, 2, 3))  # type: ignore[operator]
    first = batch_norms(learner.backbone)[0]
    assert torch.allclose(first.running_mean, 0.1 * mean, atol=1e-6)  # type: ignore[arg-type]
    other = batch["real" if whose == "rendered" else "image"]
    assert not torch.allclose(first.running_mean, 0.1 * learner.backbone.conv1(other).mean((0, 2, 3)), atol=1e-3)  # type: ignore[arg-type, operator]


def test_a_single_channel_in_both_domains() -> None:
    colour = {**STILL["colour"], "channel": 1}
    learner = engine(adapt={"align": 0.05}, colour=colour)
    batch = batch_of(learner, BesideHouses(8))
    for name in ("image", "real"):
        pictures = to_picture(batch[name])
        assert torch.equal(pictures[:, 0], pictures[:, 1])
        assert torch.equal(pictures[:, 0], pictures[:, 2])
    assert not torch.equal(house(0, 48)["rgb"][0], house(0, 48)["rgb"][1]), "they had three"


def test_frames_take_on_the_statistics_of_the_real_picture_beside_them() -> None:
    learner, data = engine(style={"statistics": 1}, **STILL), BesideHouses(8)
    views = [learner.views(data[i], torch.Generator().manual_seed(i)) for i in range(8)]
    batch = {name: torch.stack([view[name] for view in views]) for name in views[0]}
    seen = to_picture(learner.augment(batch, torch.Generator().manual_seed(0))["image"]).float()
    own, real = batch["rgb"].float().mean((2, 3)), batch["real"].float().mean((2, 3))
    assert (seen.mean((2, 3)) - real).abs().mean() < 0.15 * (own - real).abs().mean()


def test_needed_pictures_are_asked_for_and_others_are_not() -> None:
    frame = Spheres(1)[0]
    for needing in ({"adapt": {"align": 0.1}}, {"adapt": {"bn": "real"}}, {"style": {"statistics": 0.5}}, {"style": {"amplitude": 0.5}}):
        with pytest.raises(UserError, match="needs some beside the frames: give --real"):
            engine(**needing).check(frame)
        engine(**needing).check(BesideHouses(1)[0])
    engine(style={"convolution": 1}).check(frame)


def test_contours_weigh_as_their_whole_frame_has_them() -> None:
    instance = torch.ones(10, 20, dtype=torch.int32)
    instance[:, 10:] = 2
    assert contour_weight(instance).item() == pytest.approx(180 / 20), "columns 9 and 10 of ten rows"
    assert contour_weight(torch.ones(10, 20)).item() == pytest.approx((1 - FEWEST_CONTOURS) / FEWEST_CONTOURS)
    logits, positive = torch.tensor([[[0.5, -1.0]]]), torch.tensor([[[True, False]]])
    by_hand = (4 * math.log1p(math.exp(-0.5)) + math.log1p(math.exp(-1))) / 5
    assert weighted_bce(logits, positive, torch.tensor([4.0])).item() == pytest.approx(by_hand)


def test_a_crop_is_weighted_by_its_frame_not_by_itself() -> None:
    learner = engine(contour_balance="frame", crop={"size": 32, "area": [0.1, 0.1], "aspect": [1, 1]})
    frame = Spheres(1)[0]
    views = [learner.views(frame, torch.Generator().manual_seed(seed)) for seed in range(6)]
    assert len({view["contour_weight"].item() for view in views}) == 1
    assert views[0]["contour_weight"].item() == contour_weight(frame["instance"]).item()
    batch = batch_of(learner, Spheres(4))
    logits = torch.randn(4, 32, 32, generator=torch.Generator().manual_seed(0))
    assert learner._contour_loss(logits, batch).item() == weighted_bce(logits, batch["contour"], batch["contour_weight"]).item()


def test_the_published_weights_give_the_published_losses() -> None:
    """Their code: 10 * (1 - cosine), 5 * 0.5 * (mean(d^2) + 0.5 * mean(d)^2), 1 * cross-entropy of contours; of one picture here, because
    they take the mean of d over the batch."""
    config = GameEngineConfig.ren_lee(crop={"size": 32})
    with seeded(0):
        learner = GameEngine(build_backbone("resnet18", width=8), config).train()
    assert not learner.sides
    assert not learner.classes
    assert learner.alignment is not None
    assert learner.alignment.rendered.kept.shape[0] == 128
    assert learner.config.adapt.align == 0.05
    batch = batch_of(learner, BesideHouses(4))
    parts = learner.loss(batch)
    total = 10 * parts["normal"] + 2.5 * parts["depth"] + parts["contour"] + parts["adversary"] + 0.05 * parts["deceive"]
    assert parts["loss"].item() == pytest.approx(total.item(), rel=1e-6)
    log_prediction, depth = torch.randn(1, 6, 6, generator=torch.Generator().manual_seed(0)), torch.full((1, 6, 6), 2.0)
    d = log_prediction - math.log(2)
    published = 5 * 0.5 * (F.mse_loss(log_prediction, depth.log()) + 0.5 * d.mean() ** 2)
    ours = config.depth * log_depth_loss(log_prediction, depth, torch.ones(1, 6, 6, dtype=torch.bool), config.scale_invariance)
    assert ours.item() == pytest.approx(published.item(), rel=1e-5)


def test_the_real_picture_is_shown_beside_the_labels() -> None:
    learner = engine(adapt={"align": 0.05})
    batch = batch_of(learner, BesideHouses(2))
    shown = dict(learner.preview(batch)[8:])
    assert (torch.from_numpy(shown["real picture"]) == to_picture(batch["real"][1]).permute(1, 2, 0)).all()
