"""Drives through textured tunnels, ray cast: pairs of frames with the exact poses and depth of a moving camera."""

from __future__ import annotations

import math

import torch
from sphere_world import pixel_rays
from torch import Tensor
from torch.utils.data import Dataset

from training.learner import Footage

HEIGHT, WIDTH = 48, 64
WAVES, TEXTURE = 6, 0.1


def drive(seed: int, *, straight: float = 0.0, turning: bool = False, height: int = HEIGHT, width: int = WIDTH) -> dict[str, Tensor]:
    """rgb uint8 [2, 3, H, W], depth float32 [2, H, W], pose float32 [2, 4, 4], K float32 [3, 3]; world z up, metres.

    Forward 0 to 1.5 m, sideways and yaw up to 0.3 m and 6° to both sides, independent of one another and of what is seen; a part
    `straight` of all drives doesn't turn; `turning`: drives do nothing else.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand(1, generator=generator))

    x, heading = draw(-1, 1), draw(-10, 10)
    forward, sideways, yaw = draw(0, 1.5), draw(-0.3, 0.3), draw(-6, 6)
    if draw(0, 1) < straight:
        yaw = 0.0
    if turning:
        forward, sideways = 0.0, 0.0
    first = camera(x, 0.0, heading)
    second = first @ moved(forward, sideways, yaw)
    focal = width * draw(0.8, 1.0)
    K = torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    tunnel = _tunnel(generator, draw(8, 12))
    frames, depths = zip(*(_look(tunnel, pose, K, height, width) for pose in (first, second)), strict=True)
    return {"rgb": torch.stack(frames), "depth": torch.stack(depths), "pose": torch.stack([first, second]).float(), "K": K}


def camera(x: float, y: float, heading: float) -> Tensor:
    """float64 [4, 4]: a level camera 1.5 m above ground that looks along world y, turned by `heading` degrees to the right."""
    s, c = math.sin(math.radians(heading)), math.cos(math.radians(heading))
    return torch.tensor([[c, 0, s, x], [-s, 0, c, y], [0, -1, 0, 1.5], [0, 0, 0, 1]], dtype=torch.float64)


def moved(forward: float, sideways: float, yaw: float) -> Tensor:
    """float64 [4, 4]: the second camera in the first one's frame; yaw in degrees to the right."""
    s, c = math.sin(math.radians(yaw)), math.cos(math.radians(yaw))
    return torch.tensor([[c, 0, s, sideways], [0, 1, 0, 0], [-s, 0, c, forward], [0, 0, 0, 1]], dtype=torch.float64)


def _tunnel(generator: torch.Generator, end: float) -> list[tuple[int, float, Tensor, Tensor]]:
    """(axis, offset, base colour [3], waves [WAVES, 6]) of ground, ceiling, two walls and the wall at the end; waves are two wave numbers
    in 1/m, a phase and three amplitudes."""
    planes = []
    for tone, axis, offset in ((0.3, 2, 0.0), (0.8, 2, 3.5), (0.45, 0, -3.0), (0.55, 0, 3.0), (0.9, 1, end)):
        waves = torch.rand(WAVES, 6, generator=generator)
        angle, length = 2 * math.pi * waves[:, 0], 1 + 3 * waves[:, 1]
        numbers = 2 * math.pi / length[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
        base = (tone + 0.15 * (torch.rand(3, generator=generator) - 0.5)).clamp(0, 1)
        planes.append((axis, offset, base, torch.cat([numbers, 6.3 * waves[:, 2:3], TEXTURE * (waves[:, 3:] - 0.5)], 1)))
    return planes


def _look(tunnel: list[tuple[int, float, Tensor, Tensor]], pose: Tensor, K: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    ray = torch.einsum("ij,jhw->ihw", pose[:3, :3], pixel_rays(K, height, width).double())
    depth, rgb = torch.full((height, width), torch.inf, dtype=torch.float64), torch.zeros(3, height, width)
    for axis, offset, base, waves in tunnel:
        z = (offset - pose[axis, 3]) / ray[axis]
        nearer = (z > 1e-6) & (z < depth)
        depth = torch.where(nearer, z, depth)
        p, q = (pose[k, 3] + z * ray[k] for k in range(3) if k != axis)
        wave = torch.sin(waves[:, 0, None, None] * p + waves[:, 1, None, None] * q + waves[:, 2, None, None]).float()
        colour = base[:, None, None] + torch.einsum("khw,kc->chw", wave, waves[:, 3:])
        rgb = torch.where(nearer, colour, rgb)
    return (rgb.clamp(0, 1) * 255).round().to(torch.uint8), depth.float()


class Drives(Dataset[dict[str, Tensor]]):
    """Drives `first` to `first + count` of an endless series; every pair is the same step, whatever `footage` says."""

    def __init__(self, count: int, footage: Footage | None = None, first: int = 0, *, straight: float = 0.0, turning: bool = False) -> None:
        del footage
        self.pairs = [drive(first + i, straight=straight, turning=turning) for i in range(count)]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.pairs[index]
