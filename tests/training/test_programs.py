"""The programs that make labels, where the right answer is known by construction."""

from __future__ import annotations

import builtins
import math
from typing import Any

import pytest
import torch
from drawn_drives import drive
from moving_scenes import disc_clip, hills, look_up, pixel_grid, texture, to_frame
from torch import Tensor

from scenes.errors import UserError
from training.programs.depth_order import cap, half_sphere, nearness, rigid_motion, there_and_back
from training.programs.edges import connected, edges, gradient, smoothed, strongest_change
from training.programs.flow import dense_flow, reduced
from training.programs.memory import Remembered
from training.programs.motion import camera_motion, consensus, moving


def shifted(du: float, dv: float, size: int = 64, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two frames of a texture that moves by (du, dv) pixels."""
    x, y = pixel_grid(size, size)
    return tuple(to_frame(look_up(texture(seed), x - time * du, y - time * dv)) for time in (0, 1))  # type: ignore[return-value]


def same_order(near: Tensor, error: Tensor, true: Tensor) -> tuple[float, float]:
    """(part of the random pairs on whose order a program is sure and right, of those on which it is sure; part on which it is sure)."""
    first, second = torch.randint(true.numel(), (2, 4000), generator=torch.Generator().manual_seed(0))
    difference = near.flatten()[first] - near.flatten()[second]
    sure = difference.abs() > 0.1 + 2 * torch.hypot(error.flatten()[first], error.flatten()[second])
    right = (difference > 0) == (true.flatten()[first] > true.flatten()[second])
    return right[sure].float().mean().item(), sure.float().mean().item()


@pytest.mark.parametrize(("du", "dv"), [(2.0, 1.0), (-3.0, 0.5), (0.0, -1.5)])
@pytest.mark.parametrize("size", [32, 64])
def test_flow_of_a_shift(du: float, dv: float, size: int) -> None:
    flow = dense_flow(*shifted(du, dv, size))
    inner = flow[:, 4:-4, 4:-4]
    assert flow.shape == (2, size, size)
    assert flow.dtype == torch.float32
    assert (inner - torch.tensor([du, dv])[:, None, None]).norm(dim=0).mean() < 0.05


def test_flow_is_the_same_every_time_and_leaves_opencv_as_it_was() -> None:
    cv2 = pytest.importorskip("cv2")
    frames, threads = shifted(2, 1), cv2.getNumThreads()
    assert torch.equal(dense_flow(*frames), dense_flow(*frames))
    assert cv2.getNumThreads() == threads
    assert not dense_flow(frames[0], frames[0]).any()


def test_flow_refuses_what_it_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = shifted(1, 0, 40)
    with pytest.raises(UserError, match="at least 32 x 32"):
        dense_flow(first[:, :20], second[:, :20])
    with pytest.raises(ValueError, match="uint8"):
        dense_flow(first.float(), second.float())
    with pytest.raises(ValueError, match=r"40, 40.*40, 39"):
        dense_flow(first, second[..., 1:])
    known = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name == "cv2":
            raise ImportError("no cv2")
        return known(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"pip install simlearn\[programs\]"):
        dense_flow(first, second)


def test_frames_are_made_smaller_but_never_larger() -> None:
    frames = torch.zeros(2, 3, 120, 200, dtype=torch.uint8)
    assert reduced(frames, 60).shape == (2, 3, 60, 100)
    assert reduced(frames, 300) is frames


def test_answers_are_kept_until_there_is_no_room() -> None:
    asked: list[float] = []

    def program(frames: Tensor) -> Tensor:
        asked.append(float(frames.float().mean()))
        return torch.full((2**17,), asked[-1])  # half a megabyte

    remembered = Remembered(program, megabytes=1)
    frames = [torch.full((2, 3, 4, 4), value, dtype=torch.uint8) for value in (1, 2, 3)]
    assert [remembered(frames[i])[0].item() for i in (0, 1, 0, 2, 0, 1)] == [1, 2, 1, 3, 1, 2]
    assert asked == [1, 2, 3, 2]  # 2 had to leave for 3, since 1 was asked for later


def planar_flow(height: int = 48, width: int = 64) -> Tensor:
    """A camera that turns about its axis and nears a slanted plane, with terms of second order."""
    x, y = pixel_grid(height, width)
    return torch.stack([1 + 0.02 * x - 0.05 * y + 0.0005 * x * x + 0.0003 * x * y, 0.05 * x + 0.03 * y + 0.0005 * x * y + 0.0003 * y * y])


def test_camera_motion_is_found_under_things_that_move() -> None:
    """A third of the picture moves otherwise: exact all the same, and the rest is what moves."""
    flow = planar_flow()
    mixed = flow.clone()
    mixed[:, :, :21] += torch.tensor([6.0, -4.0])[:, None, None]
    for found in (camera_motion(flow), camera_motion(mixed)):
        assert (found.flow - flow).abs().max() < 0.05
        assert found.spread < 0.05
    assert (mixed - camera_motion(mixed).flow)[:, :, :21].mean((1, 2)).tolist() == pytest.approx([6, -4], abs=0.05)


def test_what_moves_is_the_disc_whatever_the_camera_does() -> None:
    """Intersection over union with the drawn disc; least measured where the frame's border cuts it: 0.75."""
    for camera in ({}, {"turn": 0.04, "zoom": 1.02}):
        for seed in (1, 3, 4):
            rgb, place = disc_clip(seed, move=(3.0, -2.0), **camera)
            found = moving(rgb) > 0.5
            assert (found & place).sum() > 0.7 * (found | place).sum()


def test_nothing_moves_in_what_rests_and_in_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    rgb = disc_clip(0)[0]
    grainy = (rgb + 12 * torch.randn(rgb.shape, generator=generator)).clamp(0, 255).to(torch.uint8)
    noise = torch.randint(256, (3, 3, 64, 64), generator=generator).to(torch.uint8)
    assert moving(rgb).max() < 0.1
    assert moving(grainy).max() < 0.45
    assert moving(noise).max() <= 0.5


def test_consensus_stops_where_brightness_changes() -> None:
    """A score with holes is filled up to the border of what looks alike, and no further."""
    rgb = torch.zeros(3, 32, 32, dtype=torch.uint8)
    rgb[:, :, 16:] = 200
    score = torch.zeros(32, 32)
    score[:, 16:] = 1.0
    score[::4, 16::4] = 0.0
    smooth = consensus(score, rgb, 3)
    assert smooth[8:-8, 17:-8].min() > 0.85
    assert smooth[8:-8, 8:15].max() < 0.05
    assert torch.allclose(consensus(torch.full((32, 32), 0.7), rgb, 3), torch.tensor(0.7), atol=1e-4)


def shape_picture(inside: Tensor, low: float = 0.2, high: float = 0.8) -> Tensor:
    return torch.where(inside, high, low).expand(1, 3, *inside.shape)


def test_edges_of_a_square_are_its_outline() -> None:
    """One pixel wide, closed, at most a pixel beside the step; corners are rounded."""
    inside = torch.zeros(40, 40, dtype=torch.bool)
    inside[10:30, 12:28] = True
    found = edges(shape_picture(inside), sigma=1.0)[0]
    sides = torch.zeros(40, 40, dtype=torch.bool)
    sides[10:30, [11, 12, 27, 28]] = True
    sides[[9, 10, 29, 30], 12:28] = True
    assert not (found & ~sides).any()
    assert (found[13:27].sum(1) == 2).all()
    assert (found[:, 15:25].sum(0) == 2).all()


def test_edges_of_a_disc_are_a_thin_ring() -> None:
    x, y = pixel_grid(48, 48)
    distance = (x**2 + y**2).sqrt()
    found = edges(shape_picture(distance < 15), sigma=1.0)[0]
    assert (distance[found] - 15).abs().max() < 1.2
    turns = torch.atan2(y, x)[found].sort().values.diff()
    assert turns.max() < 2.5 / 15  # no gap of more than two pixels
    assert found.sum() < 1.3 * 2 * math.pi * 15


def test_colours_of_the_same_brightness_have_an_edge() -> None:
    """Red against green whose greys are equal, and channels that rise in opposite directions."""
    picture = torch.zeros(1, 3, 24, 24)
    picture[:, 0, :, :12], picture[:, 1, :, 12:] = 0.587, 0.299
    found = edges(picture, sigma=1.0)[0]
    assert (found.sum(1) == 1).all()
    assert found[:, 11:13].sum() == 24


def test_contrast_decides_and_strong_edges_go_on_where_they_are_weak() -> None:
    step = torch.where(torch.arange(32) < 16, 0.5, 0.5 + 0.1).expand(1, 3, 32, 32)
    assert not edges(step, sigma=1.0, strong=0.25).any()
    assert edges(step, sigma=1.0, strong=0.15).sum() == 32
    assert edges(step, sigma=2.0, strong=0.15).sum() == 32
    fading = 0.5 + torch.linspace(0.2, 0.0, 32)[:, None] * (torch.arange(32) >= 16)
    found = edges(fading.expand(1, 3, 32, 32), sigma=1.0, strong=0.25, weak=0.4)[0].any(1)
    assert found[:16].all()
    assert not found[28:].any()
    assert edges(fading.expand(1, 3, 32, 32), sigma=1.0, strong=0.25, weak=1.0)[0].any(1).sum() < found.sum()


def test_hysteresis_reaches_through_corners_but_not_into_other_pictures() -> None:
    paths = torch.zeros(2, 6, 6, dtype=torch.bool)
    paths[:, range(4), range(4)] = True
    paths[:, 5, :2] = True
    seeds = torch.zeros_like(paths)
    seeds[0, 0, 0] = True
    found = connected(seeds, paths)
    assert found[0].nonzero().tolist() == [[0, 0], [1, 1], [2, 2], [3, 3]]
    assert not found[1].any()


def test_gradient_and_smoothing_by_hand() -> None:
    x, y = pixel_grid(16, 16)
    across, down = gradient((0.03 * x - 0.04 * y).expand(1, 1, 16, 16))
    assert torch.allclose(across[..., 1:-1, 1:-1], torch.tensor(0.03), atol=1e-6)
    assert torch.allclose(down[..., 1:-1, 1:-1], torch.tensor(-0.04), atol=1e-6)
    change, _, _ = strongest_change(across, down)
    assert torch.allclose(change[..., 1:-1, 1:-1], torch.tensor(0.05), atol=1e-6)
    spot = torch.zeros(1, 1, 33, 33)
    spot[..., 16, 16] = 1
    blurred = smoothed(spot, 2.0)[0, 0]
    assert blurred.sum().item() == pytest.approx(1)
    distances = torch.arange(33.0) - 16
    assert (blurred.sum(0) * distances**2).sum().item() == pytest.approx(4, rel=0.05)


def rigid_flow(inverse: Tensor, travel: tuple[float, float, float], turn: tuple[float, float, float], focal: float) -> Tensor:
    """By moving points of space: what a small motion of the camera does to pixels at inverse distance `inverse` [H, W]."""
    height, width = inverse.shape
    x, y = (part.double() / (focal * max(height, width)) for part in pixel_grid(height, width))
    points = torch.stack([x, y, torch.ones_like(x)], -1) / inverse.double()[..., None]
    axis = torch.tensor(turn, dtype=torch.float64)
    after = points - torch.linalg.cross(axis.expand_as(points), points) - torch.tensor(travel, dtype=torch.float64)
    flow = after[..., :2] / after[..., 2:] - torch.stack([x, y], -1)
    return (focal * max(height, width) * flow).permute(2, 0, 1).float()


@pytest.mark.parametrize("travel", [(0.06, 0.0, 0.0), (0.0, 0.01, 0.06), (-0.04, 0.04, 0.03)])
def test_rigid_motion_gives_back_inverse_distance(travel: tuple[float, float, float]) -> None:
    """Up to scale and a common shift; the turn is taken away, and a thing that moves by itself is off its line."""
    ground = torch.rand(1, 1, 6, 8, generator=torch.Generator().manual_seed(0))
    inverse = 0.3 + torch.nn.functional.interpolate(ground, (48, 64), mode="bicubic")[0, 0].clamp(0, 1)
    flow = rigid_flow(inverse, travel, (0.004, -0.006, 0.01), 0.8)
    flow[:, 20:26, 30:38] += torch.tensor([3.0, 3.0])[:, None, None] if travel[1] == 0 else torch.tensor([4.0, -2.0])[:, None, None]
    still = torch.ones(48, 64, dtype=torch.bool)
    still[20:26, 30:38] = False
    along, across, length = rigid_motion(flow, 0.8)
    clear = still & (length > 0.1)
    agreement = torch.corrcoef(torch.stack([(along / length)[clear], inverse[clear]]))[0, 1]
    assert agreement > 0.97
    assert across[still].abs().median() < 0.03


def test_nearer_hills_are_found_nearer() -> None:
    """Measured: right in 99.5 to 100 % of the pairs."""
    for seed in range(4):
        pair = hills(seed)
        right, sure = same_order(*nearness(pair["rgb"]), pair["near"])
        assert right > 0.98
        assert sure > 0.4


def test_drives_through_tunnels_are_ordered_or_refused() -> None:
    """Forward, sideways and turning; smooth walls make the flow poor, and then there is no answer. Measured: 99.7 % right."""
    answered = 0
    for seed in (0, 2, 3, 9, 10, 22, 26):
        pair = drive(seed, height=96, width=128)
        near, error = nearness(pair["rgb"])
        if error.isfinite().any():
            answered += 1
            assert same_order(near, error, 1 / pair["depth"][0])[0] > 0.97
    assert answered >= 3


def test_there_is_no_order_without_parallax() -> None:
    """A camera at rest before a thing that moves; one that turns and zooms; a plane that passes; noise; nothing at all."""
    noise = torch.randint(256, (2, 3, 64, 64), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    clips = [disc_clip(0, move=(4.0, 1.0))[0][:2], disc_clip(1, move=(4.0, 1.0), turn=0.04, zoom=1.05)[0][:2]]
    for frames in (*clips, torch.stack(shifted(4, 1)), noise, torch.zeros_like(noise)):
        near, error = nearness(frames)
        assert not error.isfinite().any()
        assert near.isfinite().all()


def test_points_that_leave_or_do_not_return_are_known() -> None:
    flow = torch.zeros(2, 8, 8)
    flow[0] = 2.0
    off = there_and_back(flow, -flow)
    assert off[:, :6].abs().max() < 1e-6
    assert off[:, 6:].isinf().all()
    assert torch.allclose(there_and_back(flow, torch.zeros_like(flow))[:, :6], torch.tensor(2.0))


def test_directions_are_spread_evenly() -> None:
    directions = half_sphere(150)
    assert torch.allclose(directions.norm(dim=1), torch.ones(150, dtype=torch.float64))
    nearest = (directions @ directions.T).fill_diagonal_(-1).amax(1).clamp(max=1).arccos()
    assert nearest.min() > 0.1
    assert nearest.max() < 0.25
    around = cap(directions[40], 0.1)
    assert torch.equal(around[0], directions[40])
    assert (around @ directions[40]).clamp(max=1).arccos().max().item() == pytest.approx(0.1, abs=1e-3)
