"""Arrays as the bytes of picture and array files. The same array gives the same bytes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def png(array: NDArray[Any]) -> bytes:
    """PNG of uint8 [H, W] or [H, W, 3] or of uint16 [H, W] (16 bits, one channel)."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def jpeg(array: NDArray[np.uint8], quality: int = 95) -> bytes:
    """JPEG of uint8 [H, W, 3], with all of its colour's resolution."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


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
