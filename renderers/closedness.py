"""Which faces of a mesh belong to a closed part that faces outwards; their backs cannot be seen from outside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def weld(vertices: NDArray[np.float32]) -> NDArray[np.int64]:
    """Index [V] of each vertex' position among the distinct positions (seams of texture or normals repeat a position exactly)."""
    rows = np.ascontiguousarray(vertices + np.float32(0.0), dtype=np.float32)  # adding 0 turns -0 into 0
    _, inverse = np.unique(rows.view("V12").ravel(), return_inverse=True)
    return inverse.ravel()


def closed_faces(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> NDArray[np.bool_]:
    """bool [F]: the face's connected part is closed (each directed edge is met by its opposite) and has positive volume.

    A ray from outside such a part meets a front before it meets a back. Parts with zero-area faces, borders, flipped or inside-out faces
    are reported as open, which only costs time.
    """
    if not len(faces):
        return np.zeros(0, dtype=bool)
    welded = weld(vertices)[faces]
    count = int(welded.max()) + 1
    start, end = welded.ravel(), np.roll(welded, -1, axis=1).ravel()
    _, label = connected_components(coo_array((np.ones(len(start), dtype=np.int8), (start, end)), shape=(count, count)), directed=False)
    part = label[welded[:, 0]]
    parts = int(part.max()) + 1
    forward, codes = np.unique(np.minimum(start, end) * count + np.maximum(start, end), return_inverse=True)
    balance = np.bincount(codes, weights=np.where(start < end, 1.0, -1.0), minlength=len(forward))
    unmatched = np.bincount(np.repeat(part, 3), weights=balance[codes] != 0, minlength=parts)
    a, b, c = (vertices[faces[:, k]].astype(np.float64) for k in range(3))
    volume = np.bincount(part, weights=np.einsum("ij,ij->i", a, np.cross(b, c)), minlength=parts)
    return ((unmatched == 0) & (volume > 0))[part]
