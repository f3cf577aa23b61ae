"""Optical flow of clips for networks: cut like the frames, found by a program where there is no label, of one size for every clip."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from training.crops import Window, crop_frame

LEAST_MOTION = 0.2
"""Root mean square flow in pixels per frame below which a clip isn't made stronger: there is little in it but errors."""
FASTEST = 20.0
"""Pixels per frame at which flow is cut off: near the camera, and where a program errs, single pixels are far beyond the others."""
STRONGEST = 4.0
"""Where normalised flow is cut off, in root mean squares of the clip."""


def crop_flow(flow: Tensor, window: Window) -> Tensor:
    """float32 [T, 2, H, W] pixels -> [T, 2, size, size] in pixels of the window, mirrored with it; of the nearest source pixel."""
    return torch.stack([crop_frame({"flow_forward": frame}, window)["flow_forward"] for frame in flow])


def found_flow(rgb: Tensor) -> Tensor:
    """Flow from each frame of uint8 [T, 3, H, W] on the CPU to the next, by a program: float32 [T - 1, 2, H, W], pixels."""
    from training.programs.flow import dense_flow  # OpenCV is needed here alone

    return torch.stack([dense_flow(first, second) for first, second in pairwise(rgb)])


def normalise_flow(flow: Tensor) -> Tensor:
    """float [..., S, F, 2, H, W] pixels per frame -> the same over the root mean square of all S x F maps of its clip, cut off.

    How fast a clip is as a whole then no longer shows, which scale, footage and frame rate decide; how its times and places differ does.
    """
    flow = flow.clamp(-FASTEST, FASTEST)
    strength = flow.square().sum(-3, keepdim=True).mean((-5, -4, -2, -1), keepdim=True).sqrt()
    return (flow / strength.clamp(min=LEAST_MOTION)).clamp(-STRONGEST, STRONGEST)
