"""Pairs of frames of the analytic spheres: a textured picture that moves by whole pixels, with all labels of both frames."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from sphere_world import HEIGHT, WIDTH, spheres
from torch import Tensor
from torch.utils.data import Dataset

FARTHEST = 6
"""Pixels along either axis."""


def moving_spheres(seed: int, move: tuple[int, int] | None = None) -> dict[str, Tensor]:
    """rgb uint8 [2, 3, H, W] and labels [2, ...]; K float32 [3, 3]. move: right and down, in pixels; drawn from the seed if None."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(-FARTHEST, FARTHEST + 1, (2,), generator=generator).tolist()
    du, dv = drawn if move is None else move
    large = spheres(seed, HEIGHT + 2 * FARTHEST, WIDTH + 2 * FARTHEST)
    shape = large["rgb"].shape[-2:]
    texture = F.interpolate(torch.rand(1, 1, shape[0] // 4, shape[1] // 4, generator=generator), shape, mode="bicubic")[0].clamp(0, 1)
    large["rgb"] = (large["rgb"] * (0.4 + 0.6 * texture)).to(torch.uint8)
    frames = [_window(large, FARTHEST - y, FARTHEST - x) for x, y in ((0, 0), (du, dv))]
    pair = {name: torch.stack([frame[name] for frame in frames]) for name in frames[0]}
    flow = torch.tensor([du, dv], dtype=torch.float32).view(1, 2, 1, 1).expand(2, 2, HEIGHT, WIDTH).contiguous()
    poses = torch.eye(4).repeat(2, 1, 1)
    return {**pair, "flow_forward": flow, "flow_backward": -flow, "K": large["K"], "pose": poses}


def _window(large: dict[str, Tensor], top: int, left: int) -> dict[str, Tensor]:
    planes = {name: value for name, value in large.items() if name not in ("K", "pose")}
    return {name: value[..., top : top + HEIGHT, left : left + WIDTH].contiguous() for name, value in planes.items()}


class MovingSpheres(Dataset[dict[str, Tensor]]):
    """Pairs `first` to `first + count` of an endless series."""

    def __init__(self, count: int, first: int = 0) -> None:
        self.pairs = [moving_spheres(first + i) for i in range(count)]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.pairs[index]
