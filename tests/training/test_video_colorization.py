from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from short_runs import measure, train
from small_clip_network import SmallClipNetwork
from torch import Tensor
from torch.utils.data import Dataset

from scenes.errors import UserError
from training.backbones import build_backbone
from training.colour import grey_of, lab_to_rgb, rgb_to_lab
from training.crops import Window
from training.pretexts import build_pretext
from training.pretexts.video_colorization import (
    VideoColorization,
    VideoColorizationConfig,
    attention,
    colour_classes,
    nearest_class,
    panned,
    present,
    same_place,
    vary,
)
from training.seeds import seeded

WHOLE = {"size": 32, "area": [1, 1], "aspect": [1, 1], "flip": False}


def learner_of(backbone: Any = None, **config: Any) -> VideoColorization:
    with seeded(0):
        learner = build_pretext("video_colorization", backbone or build_backbone("resnet18", width=8), {"crop": WHOLE, "pan": 0, **config})
    assert isinstance(learner, VideoColorization)
    return learner


def moving_tiles(seed: int, *, moving: bool = True, noise: bool = False) -> dict[str, Tensor]:
    """Three tiles with a pattern each on plain ground, 4 x 32 x 32 pixels; which has which colour is drawn for every clip.

    `noise`: the lightness is random in every frame, so that only the colours' places are left.
    """
    generator = torch.Generator().manual_seed(seed)
    v, u = torch.meshgrid(torch.arange(8), torch.arange(12), indexing="ij")
    patterns = torch.stack([u // 2 % 2, v // 2 % 2, u // 2 % 2 ^ v // 2 % 2])
    *colours, ground = colour_classes()[6 + torch.randperm(10, generator=generator)[:4]].view(4, 2, 1, 1)
    rows, columns = 8 * torch.randperm(4, generator=generator), 4 * torch.randint(6, (3,), generator=generator)
    steps = 4 * torch.randint(1, 5, (3,), generator=generator) * moving
    frames = []
    for time in range(4):
        lab = torch.cat([torch.full((1, 32, 32), 55.0), ground.expand(2, 32, 32)])
        for row, column, colour, pattern in zip(rows.tolist(), ((columns + time * steps) % 24).tolist(), colours, patterns, strict=False):
            lab[0, row : row + 8, column : column + 12] = 40 + 30 * pattern
            lab[1:, row : row + 8, column : column + 12] = colour
        if noise:
            lab[0] = 40 + 30 * torch.rand(32, 32, generator=generator)
        frames.append(lab_to_rgb(lab))
    return {"rgb": (torch.stack(frames) * 255).round().to(torch.uint8)}


class Tiles(Dataset[dict[str, Tensor]]):
    def __init__(self, count: int, first: int = 0, **kind: bool) -> None:
        self.clips = [moving_tiles(first + i, **kind) for i in range(count)]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.clips[index]


def test_overfits_a_few_clips(tmp_path: Path) -> None:
    learner, clips = learner_of(), Tiles(8)
    before = measure(learner, clips)["loss"]
    train(learner, clips, 8 * 60, tmp_path)
    after = measure(learner, clips)
    assert after["loss"] < 0.3 * before
    assert after["accuracy_moved"] > 0.8


@pytest.mark.parametrize("network", ["pictures", "clips"])
def test_tracks_what_moves_in_clips_never_seen(network: str, tmp_path: Path) -> None:
    with seeded(0):
        learner = learner_of(SmallClipNetwork() if network == "clips" else None)
    train(learner, Tiles(200), 8 * 80, tmp_path)
    found = measure(learner, Tiles(64, first=10**6))
    assert found["moved"] > 0.2
    assert found["accuracy_moved"] > 0.6
    assert found["accuracy"] > found["accuracy_same_place"] + 0.15


def test_neither_noise_nor_places_tell_colours(tmp_path: Path) -> None:
    """Measured without panning: 99.6 %, since in still clips the same place is right. The commonest colour, the ground's, has 72 %."""
    learner = learner_of(pan=VideoColorizationConfig().pan)
    train(learner, Tiles(200, moving=False, noise=True), 8 * 100, tmp_path)
    found = measure(learner, Tiles(64, first=10**6, moving=False, noise=True))
    assert found["accuracy"] < 0.78
    assert found["accuracy_moved"] < 0.25


def test_what_stays_where_it_was_is_right_at_the_same_place() -> None:
    found = measure(learner_of(), Tiles(4, moving=False))
    assert (found["accuracy_same_place"], found["moved"], found["accuracy_moved"]) == (1, 0, 0)


def test_the_input_says_nothing_but_lightness_in_eight_bits() -> None:
    learner, clip = learner_of(), moving_tiles(0)["rgb"][None]
    lightness = (grey_of(rgb_to_lab(clip / 255)[:, :, 0]) * 255).round().to(torch.uint8)
    grey = lightness[:, :, None].expand_as(clip)
    seen = [learner.augment({"rgb": rgb}, torch.Generator().manual_seed(3)) for rgb in (clip, grey)]
    assert torch.equal(seen[0]["image"], seen[1]["image"])
    assert not torch.equal(seen[0]["class"], seen[1]["class"])


def test_every_frame_has_a_brightness_of_its_own() -> None:
    generator = torch.Generator().manual_seed(0)
    grey = torch.tensor([0.4, 0.6]).repeat(200, 3, 4, 2)
    varied = vary(grey, 0.2, generator)
    assert torch.equal(vary(grey, 0, generator), grey)
    gain = varied.mean((2, 3)) / 0.5
    contrast = (varied[..., 1] - varied[..., 0])[..., 0] / 0.2 / gain
    for factor in (gain, contrast):
        assert 0.8 - 1e-5 <= factor.min() < 0.81 < 1.19 < factor.max() <= 1.2 + 1e-5
    assert (gain[:, 0] - gain[:, 1]).abs().mean() > 0.1
    assert abs(torch.corrcoef(torch.stack([gain.flatten(), contrast.flatten()]))[0, 1]) < 0.1


def test_attention_by_hand() -> None:
    """Inner products with the target over the root of 2 dimensions are 0 and ln 2, so weights 1/3 and 2/3."""
    first, second = [0.0, 1.0], [math.log(2) * math.sqrt(2) / 2, 5.0]
    embedded = torch.tensor([[first, second, [2.0, 0.0]]])[..., None, None]
    assert attention(embedded, torch.tensor([[True, True]])).flatten().tolist() == pytest.approx([1 / 3, 2 / 3])
    assert attention(embedded, torch.tensor([[True, False]])).flatten().tolist() == [1, 0]


def test_loss_and_figures_by_hand() -> None:
    """One reference of 7, 3, 7, 5 and so probabilities 1/2, 1/4, 1/4 of these colours; the target has 7, 7, 5 and 9."""
    learner = learner_of(references=1)
    found = torch.tensor([0.5, 0.25, 0.25]).repeat(1, 4, 1) @ F.one_hot(torch.tensor([7, 3, 5]), 16).float()
    learner.predict = lambda _: found  # type: ignore[method-assign,assignment]
    classes = torch.tensor([[[7, 3], [7, 5]], [[7, 7], [5, 9]]])[None]
    parts = learner.loss({"class": classes, "visible": torch.tensor([[True]]), "image": torch.zeros(1)})
    assert parts["loss"].item() == pytest.approx((2 * math.log(2) + math.log(4)) / 4, abs=1e-4)
    assert parts["copyable"].item() == 0.75
    assert parts["accuracy"].item() == pytest.approx(2 / 3)
    assert parts["accuracy_same_place"].item() == pytest.approx(1 / 3)
    assert parts["accuracy_moved"].item() == 0.5
    assert parts["moved"].item() == pytest.approx(2 / 3)


def test_withheld_references_count_nowhere() -> None:
    classes = torch.tensor([1, 2, 3, 0]).view(1, 4, 1, 1)
    for visible, latest in (([True, True, True], 3), ([True, True, False], 2), ([True, False, False], 1)):
        assert same_place(classes, torch.tensor([visible])).item() == latest
        assert present(classes[:, :3], torch.tensor([visible]), 4).tolist() == [[0, *map(float, visible)]]


def test_colours_are_withheld_as_often_as_asked_but_never_all() -> None:
    rgb = torch.zeros(500, 4, 3, 4, 4, dtype=torch.uint8)
    visible = learner_of(dropout=0.5).augment({"rgb": rgb}, torch.Generator().manual_seed(0))["visible"]
    assert visible.any(1).all()
    # Of 1/2 of three, and of the 1/8 where none would be left, one.
    assert (~visible).float().mean().item() == pytest.approx(0.5 - 1 / 24, abs=0.04)
    assert learner_of(dropout=0).augment({"rgb": rgb}, torch.Generator().manual_seed(0))["visible"].all()


def test_the_window_pans_evenly() -> None:
    """On a ramp of one grey level per pixel the shift between frames can be read off."""
    ramp = torch.arange(48, dtype=torch.uint8).expand(4, 3, 48, 48) * 2
    window, starts = Window(top=0, left=0, height=48, width=48, flip=False, size=32), set()
    for seed in range(20):
        view = panned(ramp, window, 0.5, torch.Generator().manual_seed(seed))
        assert view.shape == (4, 3, 32, 32)
        places = view[:, 0, 0, 0].float() / 2
        assert (places.diff() - places.diff().mean()).abs().max() <= 1
        assert places.max() <= 16
        starts.add(float(places[-1] - places[0]))
    assert len(starts) > 10
    still = panned(ramp, window, 0, torch.Generator().manual_seed(0))
    assert torch.equal(still[0], still[3])


def test_classes_are_grey_and_three_rings() -> None:
    colours = colour_classes()
    assert colours.shape == (16, 2)
    assert [int((colours.norm(dim=1).round() == r).sum()) for r in (0, 4, 10, 24)] == [1, 5, 5, 5]
    ab = torch.tensor([[0.5, 0.5], [30.0, 1.0], [3.0, 0.0], [-10.0, 0.0]])
    names = nearest_class(ab.T.view(1, 1, 2, 2, 2), colours).flatten().tolist()
    assert colours[names].norm(dim=1).tolist() == pytest.approx([0, 24, 4, 10], abs=1e-4)
    assert colours[names[1]].tolist() == pytest.approx([24, 0])


def test_what_cannot_work_is_refused() -> None:
    for config in ({"references": 0}, {"gap": 0}, {"pan": 1.5}, {"jitter": 1.0}, {"dropout": 1.0}):
        with pytest.raises(UserError):
            learner_of(**config)
    with pytest.raises(UserError, match="reads 1 channels"):
        learner_of(build_backbone("resnet18", width=8, in_channels=1))
