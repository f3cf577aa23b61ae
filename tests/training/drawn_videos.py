"""Drawn videos of a ball that falls and bounces on textured ground, with the sound of every impact: time has a direction in them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from training.learner import AUDIO_RATE, Footage

HEIGHT, WIDTH, FPS = 48, 64, 25.0
GRAVITY, ELASTICITY = 90.0, 0.75


class BouncingBalls(Dataset[dict[str, Tensor]]):
    """Videos `first` to `first + count` of an endless series, cut as `footage` says.

    rgb uint8 [T, 3, H, W]; flow_forward float32 [T, 2, H, W] to the next frame of the sample (of the last one: as if it went on);
    audio float32 [S]: a click whose pitch is the ball's, at every bounce.
    """

    def __init__(self, count: int, footage: Footage, first: int = 0) -> None:
        self.videos = [ball_video(first + i, footage) for i in range(count)]

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.videos[index]


def ball_video(seed: int, footage: Footage) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    fps = footage.fps or FPS / footage.stride
    background = F.interpolate(torch.rand(1, 3, 6, 8, generator=generator), (HEIGHT, WIDTH), mode="bicubic")[0].clamp(0, 1)
    colour, draws = torch.rand(3, 1, 1, generator=generator), torch.rand(4, generator=generator)
    radius, pitch = 4 + 5 * float(draws[0]), 300 + 1500 * (1 - float(draws[0]))
    times = torch.arange(footage.length + 1) / fps
    path, bounces = _fall(float(draws[1]), float(draws[2]), float(draws[3]), radius, float(times[-1]))
    centres = path[(times * STEPS_PER_SECOND).long().clamp(max=len(path) - 1)]
    rows, columns = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    inside = torch.stack([((columns - x) ** 2 + (rows - y) ** 2 < radius**2) for x, y in centres[:-1].tolist()])
    shade = torch.stack([1 - 0.6 * ((columns - x) + (rows - y)) / (2 * radius) for x, y in centres[:-1].tolist()])
    frames = torch.where(inside[:, None], (colour * shade[:, None]).clamp(0, 1), background)
    moves = (centres[1:] - centres[:-1])[:, :, None, None]
    return {
        "rgb": (frames * 255).to(torch.uint8),
        "flow_forward": torch.where(inside[:, None], moves, 0.0),
        "audio": _clicks(bounces, pitch, round(footage.length / fps * AUDIO_RATE)),
    }


STEPS_PER_SECOND = 1000


def _fall(left: float, height: float, speed: float, radius: float, seconds: float) -> tuple[Tensor, list[float]]:
    """(centre [N, 2] in pixels every millisecond, times of bounces in s)."""
    x, y, vx, vy = radius + left * 20, radius + height * 15, 10 + 15 * speed, 0.0
    path, bounces = [], []
    for step in range(int(seconds * STEPS_PER_SECOND) + 1):
        path.append((x, y))
        vy += GRAVITY / STEPS_PER_SECOND
        x, y = x + vx / STEPS_PER_SECOND, y + vy / STEPS_PER_SECOND
        if y > HEIGHT - radius and vy > 0:
            y, vy = HEIGHT - radius, -ELASTICITY * vy
            bounces.append(step / STEPS_PER_SECOND)
        if not radius < x < WIDTH - radius:
            vx = -vx
    return torch.tensor(path), bounces


def _clicks(bounces: list[float], pitch: float, samples: int) -> Tensor:
    time = torch.arange(samples) / AUDIO_RATE
    audio = 0.002 * torch.sin(time * 700)
    for start in bounces:
        after = (time - start).clamp(min=0)
        audio = audio + (time >= start) * 0.8 * torch.exp(-25 * after) * torch.sin(2 * torch.pi * pitch * after)
    return audio.clamp(-1, 1)
