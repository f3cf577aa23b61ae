"""Drawn pictures for methods that ask how parts of a picture belong together: with content, and with none."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

SIZE = 64


def house(seed: int, size: int = SIZE) -> dict[str, Tensor]:
    """rgb uint8 [3, size, size]: a house with roof, door and windows between a sky and a lawn, in colours and proportions of its own."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand(1, generator=generator))

    def colour() -> Tensor:
        return torch.rand(3, 1, generator=generator)

    v, u = torch.meshgrid((torch.arange(size) + 0.5) / size, (torch.arange(size) + 0.5) / size, indexing="ij")
    horizon, eaves, floor = draw(0.55, 0.65), draw(0.38, 0.46), draw(0.8, 0.88)
    left, right = draw(0.15, 0.22), draw(0.78, 0.85)
    middle, ridge = (left + right) / 2, draw(0.05, 0.12)
    rgb = (colour() * 0.3 + 0.7)[:, :, None] * (1 - 0.4 * v)
    masks = [
        v > horizon,
        (u > left) & (u < right) & (v > eaves) & (v < floor),
        (v < eaves) & ((u - middle).abs() < (v - ridge) / (eaves - ridge) * (right - left) * 0.55),
        ((u - middle).abs() < 0.06) & (v > 0.62) & (v < floor),
        (((u - left - 0.13).abs() < 0.06) | ((u - right + 0.13).abs() < 0.06)) & ((v - 0.55).abs() < 0.06),
    ]
    for mask in masks:
        rgb[:, mask] = colour()
    blades = torch.rand(size, size, generator=generator) < 0.3
    rgb[:, blades & (v > horizon) & ~masks[1]] *= 0.5
    rgb = rgb + 0.03 * torch.randn(rgb.shape, generator=generator)
    return {"rgb": (rgb.clamp(0, 1) * 255).to(torch.uint8)}


def noise(seed: int, height: int = SIZE, width: int = SIZE, smooth: int = 1) -> Tensor:
    """rgb uint8 [3, height, width]: a texture that is the same everywhere and in all directions; `smooth`: boxes it is blurred with."""
    generator = torch.Generator().manual_seed(seed)
    margin = 2 * smooth
    grey = torch.rand(1, 1, height + margin, width + margin, generator=generator)
    for _ in range(smooth):
        grey = F.avg_pool2d(grey, 3, 1)
    grey = (grey - grey.mean()) / grey.std()
    return ((0.5 + 0.18 * grey[0]).clamp(0, 1) * 255).to(torch.uint8).expand(3, -1, -1).contiguous()


def with_aberration(rgb: Tensor, strength: float) -> Tensor:
    """The picture as a lens with lateral chromatic aberration shows it: green smaller than red and blue about the middle, `strength` of
    half the picture at its border."""
    scale = 1 + strength
    theta = torch.tensor([[[scale, 0, 0], [0, scale, 0]]])
    grid = F.affine_grid(theta, [1, 1, *rgb.shape[-2:]], align_corners=False)
    green = F.grid_sample(rgb[None, 1:2].float(), grid, mode="bicubic", padding_mode="reflection", align_corners=False)
    return torch.cat([rgb[:1], green[0].round().clamp(0, 255).to(torch.uint8), rgb[2:]])


class Pictures(Dataset[dict[str, Tensor]]):
    """Pictures that are in memory, as a data set."""

    def __init__(self, rgb: list[Tensor]) -> None:
        self.rgb = rgb

    def __len__(self) -> int:
        return len(self.rgb)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"rgb": self.rgb[index]}


def houses(count: int, first: int = 0) -> Pictures:
    return Pictures([house(first + i)["rgb"] for i in range(count)])
