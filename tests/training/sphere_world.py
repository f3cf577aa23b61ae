"""Analytic scenes: shaded spheres before a tilted plane, whose depth and normals are known in closed form."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

HEIGHT, WIDTH = 72, 96


def pixel_rays(K: Tensor, height: int, width: int) -> Tensor:
    """float [3, H, W]: the ray of every pixel's centre, scaled to z = 1."""
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return torch.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], torch.ones_like(u)])


def spheres(seed: int, height: int = HEIGHT, width: int = WIDTH, count: int = 4) -> dict[str, Tensor]:
    """One frame, as a data set of rendered worlds gives it. Grey surfaces under one fixed light, so only shading tells the normals."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    focal = width * (0.8 + 0.4 * float(draw(1)))
    K = torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    ray = pixel_rays(K, height, width)
    plane = F.normalize(torch.cat([(draw(2) - 0.5) * 1.6, -torch.ones(1)]), dim=0)[:, None, None]
    depth = -6 * plane[2].abs() / (ray * plane).sum(0)
    depth = torch.where((depth > 0) & (depth < 9), depth, torch.inf)  # the plane ends there; beyond is sky
    normal = plane.expand(3, height, width).clone()
    instance = torch.ones(height, width, dtype=torch.int32)
    for k in range(count):
        radius = 0.4 + 0.5 * draw(1)
        centre = torch.tensor([3.0, 2.0, 2.0]) * (draw(3) - 0.5) + torch.tensor([0, 0, 3.5])
        a, b = ray.square().sum(0), (ray * centre[:, None, None]).sum(0)
        root = b.square() - a * (centre.square().sum() - radius**2)
        t = (b - root.clamp(min=0).sqrt()) / a
        hit = (root > 0) & (t < depth)
        depth = torch.where(hit, t, depth)
        normal = torch.where(hit, (ray * t - centre[:, None, None]) / radius, normal)
        instance = torch.where(hit, k + 2, instance)
    valid = torch.isfinite(depth)
    light = F.normalize(torch.tensor([-0.5, -0.6, -0.6]), dim=0)[:, None, None]
    shade = 0.2 + 0.7 * (normal * light).sum(0).clamp(min=0)
    rgb = (torch.where(valid, shade, 0.05).expand(3, height, width) * 255).to(torch.uint8)
    return {
        "rgb": rgb.contiguous(),
        "depth": depth,
        "normal": torch.where(valid, normal, 0.0),
        "instance": torch.where(valid, instance, 0).int(),
        "semantic": torch.where(valid, 1 + (instance > 1), 0).to(torch.uint8),
        "contour": torch.zeros(height, width, dtype=torch.bool),
        "valid": valid,
        "K": K,
        "pose": torch.eye(4),
    }


class Spheres(Dataset[dict[str, Tensor]]):
    """Frames `first` to `first + count` of an endless series."""

    def __init__(self, count: int, first: int = 0) -> None:
        self.frames = [spheres(first + i) for i in range(count)]

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.frames[index]
