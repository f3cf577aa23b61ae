"""What the networks of clips see of time."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from training.backbones import Backbone, build_backbone
from training.backbones.two_stream import WINDOW, cut_windows
from training.backbones.video_resnet import middle_channels
from training.seeds import seeded


def built(name: str) -> Backbone:
    with seeded(0):
        return build_backbone(name, width=8).eval()


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


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
