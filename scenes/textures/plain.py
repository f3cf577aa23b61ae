"""Patterns without a subject: checker and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def checker(resolution: int, squares: int = 8) -> NDArray[np.uint8]:
    """Light and dark squares, an even number along each side."""
    cell = np.arange(resolution) * squares // resolution
    value = np.where((cell[:, None] + cell) % 2, 235, 120).astype(np.uint8)
    return np.repeat(value[..., None], 3, axis=2)


def noise(resolution: int, seed: int = 0) -> NDArray[np.uint8]:
    """Soft clouds of grey."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(resolution)[:, None], np.fft.rfftfreq(resolution)) * resolution
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((resolution, resolution))) / (1 + frequency) ** 1.2, s=(resolution,) * 2)
    value = np.clip(190 + 35 * field / field.std(), 0, 255).astype(np.uint8)
    return np.repeat(value[..., None], 3, axis=2)
