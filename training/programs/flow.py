"""Dense optical flow of two frames by dense inverse search (Kroeger et al. 2016), as OpenCV has it: no network, nothing learnt."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError

SMALLEST = 32
"""Pixels of the shorter side below which the search has no scale to begin with."""


def dense_flow(first: Tensor, second: Tensor) -> Tensor:
    """Where every pixel of `first` is in `second`: float32 [2, H, W], (du, dv) in pixels, target minus source as `flow_forward`.

    first, second: uint8 [3, H, W] on the CPU, at least 32 x 32 pixels. The same frames always give the same flow: one thread, no
    random number. There is no invalid value: where nothing can be matched (flat, occluded, left the frame) the neighbours' flow goes on.
    """
    if first.shape != second.shape or first.ndim != 3 or len(first) != 3 or first.dtype != torch.uint8 or second.dtype != torch.uint8:
        raise ValueError(f"flow needs two uint8 [3, H, W], not {first.dtype} {list(first.shape)} and {second.dtype} {list(second.shape)}")
    if min(first.shape[1:]) < SMALLEST:
        raise UserError(
            f"flow needs frames of at least {SMALLEST} x {SMALLEST} pixels, not {first.shape[1]} x {first.shape[2]}: enlarge them"
        )
    cv2 = _opencv()
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)  # the preset stops at half resolution
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        flow = search.calc(_grey(cv2, first), _grey(cv2, second), None)
    finally:
        cv2.setNumThreads(threads)
    return torch.from_numpy(np.ascontiguousarray(flow.transpose(2, 0, 1)))


def reduced(frames: Tensor, size: int) -> Tensor:
    """uint8 [T, 3, H, W] -> the same with a shorter side of `size` pixels if it has more, since a program's time grows with the area."""
    height, width = frames.shape[-2:]
    scale = size / min(height, width)
    if scale >= 1:
        return frames
    return F.interpolate(frames, (round(height * scale), round(width * scale)), mode="bilinear", antialias=True)


def _grey(cv2: Any, rgb: Tensor) -> Any:
    return cv2.cvtColor(np.ascontiguousarray(rgb.permute(1, 2, 0).numpy()), cv2.COLOR_RGB2GRAY)


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise UserError(f"optical flow needs OpenCV, which is missing ({error}): pip install simlearn[programs]") from error
    return cv2
