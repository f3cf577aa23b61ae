"""The spheres of `sphere_world`, each surface in a colour of its own, for methods that look for colours or at labels of whole pictures."""

from __future__ import annotations

import torch
from sphere_world import Spheres


class PaintedSpheres(Spheres):
    """Frames `first` to `first + count`; the colour of a surface is drawn by (frame, instance).

    "label": how many spheres are seen, 0 to 4.
    """

    classes = 5

    def __init__(self, count: int, first: int = 0) -> None:
        super().__init__(count, first)
        for i, frame in enumerate(self.frames):
            paint = 0.2 + 0.8 * torch.rand(8, 3, generator=torch.Generator().manual_seed(first + i))
            frame["rgb"] = (frame["rgb"] * paint[frame["instance"].long()].permute(2, 0, 1)).to(torch.uint8)
            frame["label"] = (frame["instance"].unique() > 1).sum()
