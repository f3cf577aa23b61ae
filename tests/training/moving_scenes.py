"""Drawn frames of textured things whose true motion or distance is known, seen by a camera that may move."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset


def texture(seed: int, size: int = 256, grain: int = 5) -> Tensor:
    """float [3, size, size] in [0, 1], smooth over about `grain` pixels."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, size // grain, size // grain, generator=generator)
    return F.interpolate(coarse, (size, size), mode="bicubic")[0].clamp(0, 1)


def pixel_grid(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Columns and rows of the pixel centres about the middle, float [height, width] each."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5 - height / 2, torch.arange(width) + 0.5 - width / 2, indexing="ij")
    return x, y


def look_up(picture: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """float [3, H, W]: the picture [3, S, S] at pixels (x, y) from its middle."""
    grid = torch.stack([x, y], -1) / (picture.shape[-1] / 2)
    return F.grid_sample(picture[None], grid[None], mode="bicubic", padding_mode="reflection", align_corners=False)[0].clamp(0, 1)


def to_frame(picture: Tensor) -> Tensor:
    return (picture * 255).round().to(torch.uint8)


def disc_clip(
    seed: int,
    *,
    move: tuple[float, float] = (0.0, 0.0),
    turn: float = 0.0,
    zoom: float = 1.0,
    bright: bool = True,
    height: int = 64,
    width: int = 80,
) -> tuple[Tensor, Tensor]:
    """(rgb uint8 [3, 3, height, width], the disc's place in the middle frame bool [height, width]).

    The camera turns about its axis by `turn` radians and zooms by `zoom` from frame to frame; the disc moves by `move` pixels.
    """
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(3, generator=generator).tolist()
    radius, x0, y0 = 9 + 5 * draws[0], (draws[1] - 0.5) * 70, (draws[2] - 0.5) * 54
    ground, paint = 0.2 + 0.6 * texture(seed), texture(seed + 7919) * 0.4 + (0.6 if bright else 0.0)
    x, y = pixel_grid(height, width)
    frames, places = [], []
    for time in (-1, 0, 1):
        cos, sin, scale = math.cos(turn * time), math.sin(turn * time), zoom**-time
        frame = look_up(ground, scale * (cos * x + sin * y), scale * (cos * y - sin * x))
        dx, dy = x - x0 - move[0] * time, y - y0 - move[1] * time
        places.append(dx**2 + dy**2 < radius**2)
        frames.append(torch.where(places[-1], look_up(paint, dx, dy), frame))
    return torch.stack([to_frame(frame) for frame in frames]), places[1]


def hills(seed: int, *, move: float = 5.0, slope: float = 0.0, height: int = 64, width: int = 80) -> dict[str, Tensor]:
    """rgb uint8 [2, 3, height, width] and near float32 [height, width]: what a camera sees that passes hills in fog sideways.

    Inverse distance `near` lies between 0 and 1; fog hides the texture of what is far. A point moves by `move` * near pixels, in one
    direction a picture. `slope`: how much nearer the lower border is than the upper one.
    """
    generator = torch.Generator().manual_seed(seed)
    ground, paint = F.interpolate(torch.rand(1, 1, 7, 9, generator=generator), (256, 256), mode="bicubic")[0], texture(seed, grain=4)
    angle = 2 * math.pi * float(torch.rand(1, generator=generator))
    x, y = pixel_grid(height, width)

    def near(x: Tensor, y: Tensor) -> Tensor:
        bumps = look_up(ground, x * 256 / (1.5 * width), y * 256 / (1.5 * height))[0]
        return ((1 - slope) * bumps + slope * (y / height + 0.5)).clamp(0, 1)

    frames = []
    for time in (0.0, 1.0):
        u, v = x, y
        for _ in range(8):
            shift = time * move * near(u, v)
            u, v = x - shift * math.cos(angle), y - shift * math.sin(angle)
        clear = near(u, v)
        frames.append(to_frame(0.6 * look_up(paint, u, v) * clear + 0.9 * (1 - clear)))
    return {"rgb": torch.stack(frames), "near": near(x, y)}


class Hills(Dataset[dict[str, Tensor]]):
    """Pairs `first` to `first + count` of an endless series; with `depth` float32 [2, H, W] of the first frame, twice, if `exact`."""

    def __init__(self, count: int, first: int = 0, *, exact: bool = False, slope: float = 0.0) -> None:
        self.pairs = [hills(first + i, slope=slope) for i in range(count)]
        self.exact = exact

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        pair = self.pairs[index]
        depth = 1 / (0.1 + pair["near"]).expand(2, -1, -1)
        return {"rgb": pair["rgb"], **({"depth": depth} if self.exact else {})}
