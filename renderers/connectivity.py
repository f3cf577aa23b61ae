"""How the triangles of a mesh hang together: what lies beyond each edge, and which connected surface each belongs to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from renderers.closedness import weld

Int32 = NDArray[np.int32]


def connections(vertices: NDArray[np.float32], faces: Int32) -> tuple[Int32, Int32]:
    """(across int32 [F, 3], part int32 [F]): the face beyond the edge from each corner to the next, -1 for none; connected surface.

    Edges are the same where their ends have the same positions. Where more than two faces meet at one, each leads to the next of them.
    """
    count = len(faces)
    if not count:
        return np.zeros((0, 3), dtype=np.int32), np.zeros(0, dtype=np.int32)
    welded = weld(vertices)[faces]
    start, end = welded.ravel(), np.roll(welded, -1, axis=1).ravel()
    codes = np.minimum(start, end) * (int(welded.max()) + 1) + np.maximum(start, end)
    order = np.argsort(codes, kind="stable")
    first = np.flatnonzero(np.diff(codes[order], prepend=-1))
    following = np.arange(1, 3 * count + 1)
    following[np.append(first[1:], 3 * count) - 1] = first
    own, across = np.repeat(np.arange(count, dtype=np.int32), 3), np.empty(3 * count, dtype=np.int32)
    across[order] = order[following] // 3
    _, part = connected_components(coo_array((np.ones(3 * count, dtype=np.int8), (own, across)), shape=(count, count)), directed=False)
    return np.where(across == own, np.int32(-1), across).reshape(-1, 3), part.astype(np.int32)
