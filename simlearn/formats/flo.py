"""Middlebury optical flow, `.flo` (vision.middlebury.edu/flow/code/flow-code/README.txt); also of MPI Sintel and Flying Chairs.

Little-endian: float32 202021.25 (the bytes "PIEH"), int32 width, int32 height, then float32 u, v of every pixel, row by row from the top.
A component beyond 1e9 marks a pixel whose flow is not known; 1e10 is written for both. Known flow comes back as it was, bit by bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError

MAGIC = b"PIEH"
UNKNOWN, UNKNOWN_BEYOND = 1e10, 1e9


def with_unknown(flow: NDArray[np.float32], known: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """The flow [H, W, 2] with 1e10 where it is not `known` (bool [H, W], default all), not finite or beyond 1e9."""
    with np.errstate(invalid="ignore"):
        sound: NDArray[np.bool_] = np.all(np.abs(flow) <= UNKNOWN_BEYOND, axis=-1) & (True if known is None else known)
    return np.where(sound[..., None], flow, np.float32(UNKNOWN)).astype(np.float32)


def encode(flow: NDArray[np.float32], known: NDArray[np.bool_] | None = None) -> bytes:
    """The file of a flow float32 [H, W, 2], known where `known` (bool [H, W], default everywhere) says so and it is finite."""
    height, width = flow.shape[:2]
    return MAGIC + np.array([width, height], dtype="<i4").tobytes() + with_unknown(flow, known).astype("<f4").tobytes()


def decode(data: bytes) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(flow float32 [H, W, 2], 0 where unknown; known bool [H, W]) of a file."""
    flow = read_plane(data, MAGIC, channels=2, what=".flo")
    with np.errstate(invalid="ignore"):
        known = np.all(np.abs(flow) <= UNKNOWN_BEYOND, axis=-1)
    return np.where(known[..., None], flow, np.float32(0)), known


def read_plane(data: bytes, magic: bytes, *, channels: int, what: str) -> NDArray[np.float32]:
    """float32 [H, W, channels] behind `magic`, int32 width and int32 height; UserError when the length does not fit."""
    if data[:4] != magic or len(data) < 12:
        raise UserError(f"not a {what} file: it does not begin with {magic!r} and a size")
    width, height = (int(n) for n in np.frombuffer(data, dtype="<i4", count=2, offset=4))
    if width < 1 or height < 1 or len(data) != 12 + 4 * channels * width * height:
        raise UserError(f"a damaged {what} file: {len(data)} bytes do not hold {width}x{height} pixels")
    return np.frombuffer(data, dtype="<f4", offset=12).reshape(height, width, channels).astype(np.float32)
