"""A stratified set of points for the samples of a pixel."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def _reversed(k: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Bits in reverse order: van der Corput's sequence as 32-bit fractions."""
    out = np.zeros_like(k)
    for bit in range(32):
        out |= ((k >> np.uint32(bit)) & np.uint32(1)) << np.uint32(31 - bit)
    return out


def _second(k: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The second dimension of Sobol's sequence: each direction number is the last one XOR itself shifted right by one."""
    out, direction = np.zeros_like(k), np.uint32(1 << 31)
    for bit in range(32):
        out ^= np.where((k >> np.uint32(bit)) & np.uint32(1), direction, np.uint32(0))
        direction ^= direction >> np.uint32(1)
    return out


@lru_cache(maxsize=8)
def stratified_points(samples: int) -> NDArray[np.uint32]:
    """uint32 [N, 2], N the next power of two: a (0, 2)-sequence as 32-bit fractions, so that the first 2^m points lie one in each cell of
    every grid of 2^a by 2^(m - a) cells."""
    k = np.arange(1 << (samples - 1).bit_length(), dtype=np.uint32)
    points = np.stack([_reversed(k), _second(k)], axis=1)
    points.setflags(write=False)
    return points
