"""Drawn videos of a disc that glides evenly and comes in again where it left: where it will be follows from where it was."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.utils.data import Dataset

SIZE, RADIUS = 32, 7


class GlidingDiscs(Dataset[dict[str, Tensor]]):
    """Videos `first` to `first` + `count` of an endless series: rgb uint8 [T, 3, 32, 32] and flow_forward float32 [T, 2, 32, 32].

    `speed`: pixels per frame, to the right or (of two `directions`) to the left. `paths`, `looks`: only so many motions and colours.
    """

    def __init__(
        self, count: int, frames: int, first: int = 0, *, speed: float = 2.5, paths: int = 10**9, looks: int = 10**9, directions: int = 2
    ) -> None:
        self.videos = [gliding_disc((first + i) % looks, (first + i) % paths, frames, speed, directions) for i in range(count)]

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.videos[index]


def gliding_disc(look: int, path: int, frames: int, speed: float, directions: int) -> dict[str, Tensor]:
    draws = torch.rand(3, generator=torch.Generator().manual_seed(path))
    light, dark = torch.rand(2, 3, 1, 1, generator=torch.Generator().manual_seed(look + 10**9))
    angle = math.pi * int(directions * draws[0])
    velocity = speed * torch.tensor([math.cos(angle), math.sin(angle)])
    centres = SIZE * draws[1:] + velocity * torch.arange(frames)[:, None]
    axis = torch.arange(SIZE) + 0.5
    across, down = ((axis - c[:, None] + SIZE / 2) % SIZE - SIZE / 2 for c in centres.T)
    inside = (across[:, None, :] ** 2 + down[:, :, None] ** 2 < RADIUS**2)[:, None]
    rgb = torch.where(inside, 0.6 + 0.4 * light, 0.4 * dark)
    return {"rgb": (rgb * 255).to(torch.uint8), "flow_forward": inside * velocity.view(2, 1, 1)}
