"""Arrays as files for numpy, and lengths as the integers of 16-bit depth pictures."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray


def npy(array: NDArray[Any]) -> bytes:
    """What `numpy.load` reads, without pickle."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def quantised(lengths: NDArray[np.floating[Any]], units_per_metre: float) -> NDArray[np.uint16]:
    """Lengths in metres as uint16 multiples of 1 / `units_per_metre`, rounded to the nearest, so off by half a unit at most.

    0, which means "none", stands for what is not finite, not positive, or beyond 65535 units: a wrong length is never written.
    """
    units = np.rint(np.where(np.isfinite(lengths), lengths, 0).astype(np.float64) * units_per_metre)
    return np.where((units > 0) & (units <= 65535), units, 0).astype(np.uint16)
