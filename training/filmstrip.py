"""Clips as pictures."""

from __future__ import annotations

import torch
from torch import Tensor

from training.images import to_picture
from training.pictures import Pixels


def filmstrip(clips: Tensor, frame: int = 1) -> Pixels:
    """Normalised clips float [N, T, 3, H, W] -> uint8 [N (H + frame) + frame, T (W + frame) + frame, 3]: a row for each clip."""
    bordered = torch.nn.functional.pad(to_picture(clips).cpu(), (frame, 0, frame, 0))
    rows = bordered.permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2)
    pixels: Pixels = torch.nn.functional.pad(rows, (0, 0, 0, frame, 0, frame)).contiguous().numpy()
    return pixels
