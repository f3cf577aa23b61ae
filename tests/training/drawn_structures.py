"""Pictures whose structure (stripes, checks, discs) and colour are drawn independently, so that one tells nothing of the other."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.utils.data import Dataset

STRUCTURES = COLOURS = 4
PALETTE = torch.tensor([[0.9, 0.2, 0.1], [0.1, 0.8, 0.2], [0.2, 0.3, 0.9], [0.9, 0.8, 0.1]])


def drawn(seed: int, size: int = 48) -> dict[str, Tensor]:
    """rgb uint8 [3, size, size] and the index of its structure and of its colour."""
    generator = torch.Generator().manual_seed(seed)
    structure, colour = torch.randint(STRUCTURES, (2,), generator=generator).tolist()
    period, x0, y0 = (6 + 4 * torch.rand(1, generator=generator).item(), *(20 * torch.rand(2, generator=generator)).tolist())
    y, x = torch.meshgrid(torch.arange(size) + y0, torch.arange(size) + x0, indexing="ij")
    across, down = torch.sin(2 * math.pi * x / period), torch.sin(2 * math.pi * y / period)
    pattern = (across, down, across * down * 2, (across + down - 0.8) * 2)[structure].clamp(-1, 1)
    noise = 0.1 * torch.randn(size, size, generator=generator)
    rgb = PALETTE[colour].view(3, 1, 1) * (0.6 + 0.4 * (pattern + noise))
    return {
        "rgb": (rgb.clamp(0, 1) * 255).to(torch.uint8),
        "structure": torch.tensor(structure),
        "colour": torch.tensor(colour),
    }


class Drawn(Dataset[dict[str, Tensor]]):
    """Pictures `first` to `first + count` of an endless series."""

    def __init__(self, count: int, first: int = 0) -> None:
        self.samples = [drawn(first + i) for i in range(count)]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.samples[index]


class Gratings(Dataset[dict[str, Tensor]]):
    """Stripes of every direction and width in random colours: picture `first` + i of an endless series has a direction of its own."""

    def __init__(self, count: int, first: int = 0) -> None:
        self.samples = [{"rgb": grating(first + i)} for i in range(count)]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.samples[index]


def grating(index: int, size: int = 48) -> Tensor:
    """uint8 [3, size, size]."""
    generator = torch.Generator().manual_seed(index)
    draws = torch.rand(8, generator=generator)
    angle = math.pi * (index * (math.sqrt(5) - 1) / 2 % 1)  # the golden ratio's multiples keep apart from one another
    period = 5 + 8 * draws[0]
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    phase = 2 * math.pi * ((x * math.cos(angle) + y * math.sin(angle)) / period + draws[1])
    light, dark = 0.5 + 0.5 * draws[2:5], 0.4 * draws[5:8]
    share = (0.5 + 0.5 * torch.sin(phase)).expand(3, size, size)
    return ((dark.view(3, 1, 1) + (light - dark).view(3, 1, 1) * share) * 255).to(torch.uint8)
