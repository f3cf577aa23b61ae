"""Drawn videos of a lamp that goes on and off with a beep: what is heard tells what is seen, at that very time."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from training.learner import AUDIO_RATE

SIZE, FRAMES, FPS = 32, 20, 10.0
SAMPLES = round(AUDIO_RATE / FPS)
"""Of sound, to a frame."""


def lamp(seed: int, *, beeps: bool = True, hum: float = 0.0) -> dict[str, Tensor]:
    """rgb uint8 [20, 3, 32, 32] and audio float32 [32000]. Without `beeps` the lamp says nothing about the sound; `hum`: the loudness of a
    tone that never changes, high in videos of red rooms and low in blue ones."""
    generator = torch.Generator().manual_seed(seed)
    room = 0.2 * F.interpolate(torch.rand(1, 3, 4, 4, generator=generator), (SIZE, SIZE), mode="bicubic")[0].clamp(0, 1)
    red, x, y, radius, pitch = torch.rand(5, generator=generator).tolist()
    room = room + 0.3 * torch.tensor([red, 0, 1 - red])[:, None, None]
    on = torch.rand(FRAMES, generator=generator) < 0.25
    v, u = torch.meshgrid(torch.arange(SIZE) + 0.5, torch.arange(SIZE) + 0.5, indexing="ij")
    disc = (u - 8 - 16 * x) ** 2 + (v - 8 - 16 * y) ** 2 < (5 + 3 * radius) ** 2
    frames = torch.where(on[:, None, None, None] & disc, 0.6 + 0.4 * torch.rand(3, 1, 1, generator=generator), room)
    time = 2 * torch.pi * torch.arange(FRAMES * SAMPLES) / AUDIO_RATE
    audio = 0.02 * torch.randn(FRAMES * SAMPLES, generator=generator) + hum * torch.sin((300 + 3000 * red) * time)
    if beeps:
        audio = audio + 0.3 * on.repeat_interleave(SAMPLES) * torch.sin((400 + 2000 * pitch) * time)
    return {"rgb": (frames * 255).to(torch.uint8), "audio": audio.clamp(-1, 1)}


class Lamps(Dataset[dict[str, Tensor]]):
    """Videos `first` to `first + count` of an endless series."""

    def __init__(self, count: int, first: int = 0, *, beeps: bool = True, hum: float = 0.0) -> None:
        self.videos = [lamp(first + i, beeps=beeps, hum=hum) for i in range(count)]

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.videos[index]
