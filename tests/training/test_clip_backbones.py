"""What the networks of clips see of time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from drawn_videos import BouncingBalls
from torch import Tensor, nn

from training.backbones import Backbone, build_backbone
from training.backbones.two_stream import WINDOW, cut_windows
from training.backbones.video_resnet import middle_channels
from training.budget import Budget
from training.checkpoint import load_backbone
from training.clips import clip_maps
from training.fit import FitConfig, fit
from training.images import to_input
from training.learner import Footage
from training.seeds import seeded


def built(name: str) -> Backbone:
    with seeded(0):
        return build_backbone(name, width=8).eval()


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


class WhichWay(nn.Module):
    """A learner: do the clip's frames go forwards or backwards?"""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.backbone = built(name)
        self.head = nn.Linear(self.backbone.channels[self.backbone.stages[-1]], 2)

    def views(self, sample: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        turned = torch.randint(2, (), generator=generator)
        clip = to_input(sample["rgb"])
        return {"clip": clip.flip(0) if turned else clip, "turned": turned}

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"loss": nn.functional.cross_entropy(self.head(clip_maps(self.backbone, batch["clip"]).mean((2, 3, 4))), batch["turned"])}


@pytest.mark.parametrize("name", ["r3d18", "conv_lstm"])
def test_the_loop_trains_it_and_its_weights_come_back(name: str, tmp_path: Path) -> None:
    with seeded(1):
        learner = WhichWay(name)
    before = {key: value.clone() for key, value in learner.backbone.state_dict().items()}
    fit(learner, BouncingBalls(4, Footage(length=4)), FitConfig(budget=Budget(samples=8), batch_size=4, progress=False), tmp_path)
    backbone, _ = load_backbone(tmp_path)
    assert (backbone.name, backbone.input) == (name, "clip")
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, learner.backbone.state_dict()[key])
        assert not torch.equal(value, before[key]), key


@pytest.mark.parametrize("name", ["r3d18", "r2plus1d18", "c3d", "c3d_bn", "two_stream", "conv_lstm"])
def test_the_order_of_frames_shows_in_the_averaged_features(name: str) -> None:
    backbone, clip = built(name), noise(1, 3, 8, 32, 32)
    forwards, backwards = backbone(clip).mean((2, 3, 4)), backbone(clip.flip(2)).mean((2, 3, 4))
    assert (forwards - backwards).abs().max() > 0.01 * forwards.abs().max()


def test_factored_convolutions_have_as_many_weights_as_whole_ones() -> None:
    for inputs, outputs in ((64, 64), (64, 128), (256, 512)):
        middle, whole = middle_channels(inputs, outputs), 27 * inputs * outputs
        assert 0 <= whole - (9 * inputs * middle + 3 * middle * outputs) < 9 * inputs + 3 * outputs


def test_the_spatial_stream_sees_the_middle_frame_alone_and_the_temporal_one_no_still_picture() -> None:
    backbone, clip = built("two_stream"), noise(1, 3, WINDOW, 32, 32)
    half = backbone.channels["layer4"] // 2
    other = clip.clone()
    other[:, :, 0] += noise(1, 3, 32, 32)
    before, after = backbone(clip), backbone(other)
    assert torch.equal(before[:, :half], after[:, :half])
    assert not torch.allclose(before[:, half:], after[:, half:])
    shown = backbone(clip + noise(1, 3, 1, 32, 32))
    assert not torch.allclose(before[:, :half], shown[:, :half])
    torch.testing.assert_close(before[:, half:], shown[:, half:], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("frames", "middles"), [(1, [0]), (2, [1]), (5, [3]), (8, [4]), (16, [4, 12]), (10, [1, 9])])
def test_windows_hold_all_frames_in_order_and_have_the_clips_middle_in_theirs(frames: int, middles: list[int]) -> None:
    clip = torch.arange(frames).float().view(1, 1, frames, 1, 1)
    windows = cut_windows(clip)[0, :, :, 0, 0, 0]
    assert windows.shape == (-(-frames // WINDOW), WINDOW)
    assert windows.flatten().unique().tolist() == list(range(frames))
    assert windows.flatten().diff().min() >= 0
    assert windows[:, WINDOW // 2].tolist() == middles


def test_the_lstm_remembers_the_past_and_does_not_see_the_future() -> None:
    backbone, clip = built("conv_lstm"), noise(1, 3, 4, 32, 32)
    other = clip.clone()
    other[:, :, 1] += 1
    before, after = backbone.forward_stages(clip), backbone.forward_stages(other)
    changed = [(before[stage] - after[stage]).abs().amax((0, 1, 3, 4)).gt(1e-6).tolist() for stage in ("layer4", "lstm")]
    assert changed == [[False, True, False, False], [False, True, True, True]]


def test_the_lstm_of_each_cell_is_one_lstm() -> None:
    backbone, clip = built("conv_lstm"), noise(2, 3, 3, 64, 32)
    maps = backbone.forward_stages(clip)
    cell, _ = backbone.lstm(maps["layer4"][1, :, :, 1, 0].T[None])  # type: ignore[operator]
    torch.testing.assert_close(maps["lstm"][1, :, :, 1, 0].T, cell[0])
