"""Portable float maps, `.pfm` (netpbm.sourceforge.net/doc/pfm.html), as FlyingThings3D uses them.

Text "PF" (three channels) or "Pf" (one), width and height, and a number whose sign tells the byte order (negative: little-endian), each
ended by one line feed; then float32 rows **from the bottom to the top**. The number's size is a scale that readers ignore, 1 here.
Flow fills the first two channels of three, the third is 0; flow that is not known is 1e10 as in `.flo`. The format itself marks nothing as
invalid. All values, NaN and infinities included, come back as they were, bit by bit.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError

HEADER = re.compile(rb"(PF|Pf)\s+(\d{1,7})\s+(\d{1,7})\s+([-+]?[0-9.]+(?:[eE][-+]?\d+)?)[ \t\r]*\n")


def encode(image: NDArray[np.float32]) -> bytes:
    """The file of float32 [H, W], [H, W, 3], or [H, W, 2] with a third channel of zeros."""
    if image.ndim == 3 and image.shape[2] == 2:
        image = np.dstack([image, np.zeros(image.shape[:2], dtype=np.float32)])
    if image.ndim != 2 and image.shape[2:] != (3,):
        raise ValueError(f"a .pfm file has one or three channels, not the shape {image.shape}")
    height, width = image.shape[:2]
    header = f"{'Pf' if image.ndim == 2 else 'PF'}\n{width} {height}\n-1.0\n".encode()
    return header + image[::-1].astype("<f4").tobytes()


def decode(data: bytes) -> NDArray[np.float32]:
    """float32 [H, W] or [H, W, 3], the top row first, of a file in either byte order."""
    found = HEADER.match(data)
    if found is None:
        raise UserError("not a .pfm file: it does not begin with PF or Pf, a size and a scale")
    channels, width, height = 3 if found[1] == b"PF" else 1, int(found[2]), int(found[3])
    scale = float(found[4]) if found[4].strip(b"+-.eE") else 0.0
    if scale == 0 or width < 1 or height < 1 or len(data) != found.end() + 4 * channels * width * height:
        raise UserError(f"a damaged .pfm file: {len(data)} bytes do not hold {width}x{height} pixels of {channels} channels")
    rows = np.frombuffer(data, dtype="<f4" if scale < 0 else ">f4", offset=found.end())
    image = rows.reshape((height, width) if channels == 1 else (height, width, 3))
    return image[::-1].astype(np.float32)
