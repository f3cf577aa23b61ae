"""Drawn clips in which time shows, discs that grow and patterns that get finer, and clips in which it must not."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

HEIGHT, WIDTH = 48, 48


class Clips(Dataset[dict[str, Tensor]]):
    """Clips that are in memory, as a data set."""

    def __init__(self, rgb: list[Tensor]) -> None:
        self.rgb = rgb

    def __len__(self) -> int:
        return len(self.rgb)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"rgb": self.rgb[index]}


def growing_discs(count: int, frames: int, first: int = 0) -> Clips:
    return Clips([growing_disc(first + i, frames) for i in range(count)])


def growing_disc(seed: int, frames: int) -> Tensor:
    """uint8 [frames, 3, HEIGHT, WIDTH]: dark or bright, striped, on a blurred texture."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(6, generator=generator)
    ground = 0.3 + 0.4 * F.interpolate(torch.rand(1, 3, 6, 6, generator=generator), (HEIGHT, WIDTH), mode="bicubic")[0]
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5 - HEIGHT / 2, torch.arange(WIDTH) + 0.5 - WIDTH / 2, indexing="ij")
    distance = ((x - 6 * (draws[0] - 0.5)) ** 2 + (y - 6 * (draws[1] - 0.5)) ** 2).sqrt()
    course = torch.linspace(0, 1, frames) ** (0.7 + 0.6 * draws[2])
    radius = 3 + (14 + 5 * draws[3]) * course
    stripes = 0.1 * torch.sin(x * (0.8 + 0.8 * draws[4]))
    disc = (0.9 if draws[5] < 0.5 else 0.1) + stripes
    rgb = torch.where(distance < radius.view(-1, 1, 1, 1), disc, ground)
    return (rgb.clamp(0, 1) * 255).to(torch.uint8)


def four_patterns(count: int, frames: int, first: int = 0) -> Clips:
    return Clips([narrowing(first + i, frames) for i in range(count)])


def narrowing(seed: int, frames: int) -> Tensor:
    """uint8 [frames, 3, HEIGHT, WIDTH]: a pattern of its own in each quarter, and all of them get finer with time."""
    generator = torch.Generator().manual_seed(seed)
    draws, contrast = torch.rand(4, generator=generator), 0.2 + 0.3 * torch.rand(3, 1, 1, generator=generator)
    period = (11 + 2 * draws[0]) * (0.3 + 0.1 * draws[1]) ** torch.linspace(0, 1, frames).view(-1, 1, 1)
    across = torch.sin(2 * torch.pi * (torch.arange(WIDTH) / period + draws[2])).expand(-1, HEIGHT, -1)
    down = torch.sin(2 * torch.pi * (torch.arange(HEIGHT) / period + draws[3])).expand(-1, WIDTH, -1).mT
    pattern = across.clone()
    pattern[:, : HEIGHT // 2, WIDTH // 2 :] = down[:, : HEIGHT // 2, WIDTH // 2 :]
    pattern[:, HEIGHT // 2 :, : WIDTH // 2] = (across * down)[:, HEIGHT // 2 :, : WIDTH // 2]
    pattern[:, HEIGHT // 2 :, WIDTH // 2 :] = (across + down).clamp(max=0)[:, HEIGHT // 2 :, WIDTH // 2 :]
    rgb = 0.5 + contrast * pattern[:, None] + 0.03 * torch.randn(frames, 3, HEIGHT, WIDTH, generator=generator)
    return (rgb.clamp(0, 1) * 255).to(torch.uint8)


def fading(picture: Tensor, frames: int, seed: int) -> Tensor:
    """uint8 [3, H, W] -> uint8 [frames, 3, H, W]: nothing moves, but the light goes down, by 20 to 40 % in all."""
    loss = 0.2 + 0.2 * float(torch.rand(1, generator=torch.Generator().manual_seed(seed)))
    light = 1 - loss * torch.linspace(0, 1, frames)
    return (picture * light.view(-1, 1, 1, 1)).round().to(torch.uint8)
