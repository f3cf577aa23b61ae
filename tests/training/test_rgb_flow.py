from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from drawn_discs import GlidingDiscs
from short_runs import batch_of, measure, raw_batch, train
from small_clip_network import SmallClipNetwork

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones import build_backbone
from training.crops import Window
from training.flow_maps import crop_flow, found_flow, normalise_flow
from training.learner import Footage
from training.pretexts import build_pretext
from training.pretexts.rgb_flow import RgbFlow
from training.seeds import seeded

WHOLE = {"size": 32, "area": [1, 1], "aspect": [1, 1], "flip": False}
MILD = PhotometricConfig(blur=0, noise=0).to_dict()


def learner_of(backbone: Any = None, **config: Any) -> RgbFlow:
    with seeded(0):
        small = {"crop": WHOLE, "colour": MILD, "hidden": 64, "frames": 2, **config}
        learner = build_pretext("rgb_flow", backbone or build_backbone("resnet18", width=8), small)
    assert isinstance(learner, RgbFlow)
    return learner


@pytest.mark.parametrize("network", ["pictures", "clips"])
def test_overfits_a_few_clips(network: str, tmp_path: Path) -> None:
    """Chance is 1/12 and, in time, 1/3."""
    with seeded(0):
        learner = learner_of(SmallClipNetwork() if network == "clips" else None)
    clips = GlidingDiscs(4, 6)
    before = measure(learner.train(), clips)["loss"]
    train(learner, clips, 4 * 50, tmp_path, batch_size=4)
    after = measure(learner.train(), clips)
    assert after["loss"] < 0.4 * before
    assert after["accuracy"] > 0.8


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RgbFlow:
    learner = learner_of()
    train(learner, GlidingDiscs(300, 6), 12 * 100, tmp_path_factory.mktemp("run"), batch_size=12)
    return learner


def test_finds_the_motion_of_clips_never_seen(trained: RgbFlow) -> None:
    """Chance is 1/96 and, in time, 1/3."""
    found = measure(trained, GlidingDiscs(32, 6, first=1000))
    assert (found["negatives"], found["moving"]) == (95, 1)
    assert found["accuracy"] > 0.4
    assert found["accuracy_time"] > 0.8


def test_appearance_tells_nothing_where_motion_is_the_same(trained: RgbFlow) -> None:
    """32 clips of two motions, in colours of their own: the moment is found, its clip only by chance, which is 1/16."""
    batch = batch_of(trained, GlidingDiscs(32, 6, first=2000, paths=2))
    with torch.no_grad():
        rgb, flow = (F.normalize(v, dim=1) for v in trained.encode(batch))
    nearest = (flow @ rgb.T).argmax(1)
    own = torch.arange(96)
    assert (nearest == own).float().mean() < 3 / 16
    assert (nearest % 6 == own % 6).float().mean() > 0.8


def test_how_fast_a_clip_is_does_not_show() -> None:
    learner, raw = learner_of(), raw_batch(learner_of(), GlidingDiscs(4, 6, speed=2))
    faster = {**raw, "flow": 3 * raw["flow"]}
    seen = [learner.augment(batch, torch.Generator().manual_seed(0)) for batch in (raw, faster)]
    assert torch.allclose(seen[0]["flow"], seen[1]["flow"], atol=1e-6)
    assert seen[0]["flow"].square().sum(3).mean((1, 2, 3, 4)).tolist() == pytest.approx([1] * 4, rel=1e-4)


def test_normalisation_by_hand() -> None:
    """A clip of strengths 1 and 7 (pixels per frame) has root mean square 5; one of 0.1 counts as 0.2; a single wild pixel is cut off."""
    flow = torch.tensor([1.0, 7.0]).view(1, 2, 1, 1, 1, 1) * torch.tensor([0.6, 0.8]).view(2, 1, 1)
    assert normalise_flow(flow).norm(dim=3).flatten().tolist() == pytest.approx([0.2, 1.4])
    assert normalise_flow(torch.full((1, 1, 1, 2, 4, 4), 0.1 / 2**0.5)).norm(dim=3).flatten().tolist() == pytest.approx([0.5] * 16)
    wild = torch.zeros(1, 1, 1, 2, 40, 40)
    wild[..., 0, 0, 0] = 1e6
    assert normalise_flow(wild).max().item() == 4


def test_still_moments_ask_no_question() -> None:
    learner = learner_of()
    batch = raw_batch(learner, GlidingDiscs(4, 6))
    batch["flow"][0] = 0
    batch["flow"][1, 2] = 0
    batch = learner.augment(batch, torch.Generator().manual_seed(0))
    parts = learner.loss(batch)
    assert parts["moving"].item() == pytest.approx(8 / 12)
    assert parts["negatives"].item() == 11
    nothing = learner.loss({**batch, "moving": torch.zeros(4, 3).bool()})
    assert nothing["loss"].item() == nothing["accuracy"].item() == 0


def test_the_same_video_twice_is_not_its_own_negative() -> None:
    learner, data = learner_of(), GlidingDiscs(3, 6)
    data.videos[1] = data.videos[0]
    assert measure(learner, data)["negatives"] == pytest.approx((6 * 5 + 3 * 8) / 9)


def test_flow_is_cut_and_mirrored_with_the_frames() -> None:
    """The right half of 48 x 64 pixels, twice as large and mirrored."""
    flow = torch.stack([torch.arange(64.0).expand(48, 64), torch.full((48, 64), 3.0)])[None]
    cut = crop_flow(flow, Window(top=0, left=32, height=32, width=32, flip=True, size=64))
    assert cut.shape == (1, 2, 64, 64)
    assert cut[0, 0, 5].tolist() == pytest.approx([-2.0 * (63 - i // 2) for i in range(64)])
    assert (cut[0, 1] == 6).all()


def test_without_labels_a_program_finds_the_flow() -> None:
    """Texture that moves by (2, -1) pixels; labels win over the program where there are any."""
    pytest.importorskip("cv2")
    wide = F.interpolate(torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0)), (80, 80), mode="bicubic")[0]
    frames = torch.stack([wide[:, 10 + t : 74 + t, 20 - 2 * t : 84 - 2 * t - 8] for t in range(6)]).clamp(0, 1)
    sample = {"rgb": (frames * 255).to(torch.uint8)}
    assert (found_flow(sample["rgb"]) - torch.tensor([2.0, -1.0]).view(2, 1, 1))[..., 8:-8, 8:-8].abs().mean() < 0.1
    learner = learner_of()
    found = learner.views(sample, torch.Generator().manual_seed(0))["flow"]
    labelled = learner.views({**sample, "flow_forward": torch.zeros(6, 2, 64, 56)}, torch.Generator().manual_seed(0))["flow"]
    assert found.shape == labelled.shape == (3, 1, 2, 32, 32)
    assert found[:, 0, 0].median().item() == pytest.approx(2 * 32 / 56, abs=0.2)
    assert not labelled.any()


def test_footage() -> None:
    assert learner_of(frames=4).footage == Footage(length=12, stride=2)


def test_what_cannot_work_is_refused() -> None:
    for config in ({"frames": 1}, {"moments": 0}, {"temperature": 0.0}, {"still": -1.0}):
        with pytest.raises(UserError):
            learner_of(**config)
