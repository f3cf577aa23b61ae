"""MPI Sintel's depth maps `.dpt` and cameras `.cam` (sintel.is.tue.mpg.de/depth).

Depth: as `.flo`, with one float32 a pixel, camera z in metres; +inf where there is no surface (the format has no mark of its own). All
values come back as they were, bit by bit.
Camera: "PIEH", float64 [3, 3] intrinsics M, float64 [3, 4] extrinsics N (world to camera, x right, y down, z forward), row by row,
little-endian: a point X of the world is seen at M N X, in pixels whose centres are whole numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError
from simlearn.formats.flo import MAGIC, read_plane


def encode_depth(depth: NDArray[np.float32]) -> bytes:
    """The `.dpt` file of float32 [H, W]."""
    height, width = depth.shape
    return MAGIC + np.array([width, height], dtype="<i4").tobytes() + depth.astype("<f4").tobytes()


def decode_depth(data: bytes) -> NDArray[np.float32]:
    """float32 [H, W] of a `.dpt` file."""
    return read_plane(data, MAGIC, channels=1, what=".dpt")[..., 0]


def encode_camera(intrinsics: ArrayLike, extrinsics: ArrayLike) -> bytes:
    """The `.cam` file of M [3, 3] and N [3, 4]."""
    matrices = (np.asarray(intrinsics, dtype="<f8").reshape(3, 3), np.asarray(extrinsics, dtype="<f8").reshape(3, 4))
    return MAGIC + b"".join(matrix.tobytes() for matrix in matrices)


def decode_camera(data: bytes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(M float64 [3, 3], N float64 [3, 4]) of a `.cam` file."""
    if data[:4] != MAGIC or len(data) != 4 + 8 * 21:
        raise UserError(f"not a .cam file: it has {len(data)} bytes instead of 172 that begin with {MAGIC!r}")
    numbers = np.frombuffer(data, dtype="<f8", offset=4).astype(np.float64)
    return numbers[:9].reshape(3, 3), numbers[9:].reshape(3, 4)
