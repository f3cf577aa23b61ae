"""How the triangles of a mesh hang together: what lies beyond each edge, which connected surface each belongs to, and which are closed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Int32 = NDArray[np.int32]


@dataclass(frozen=True)
class Connections:
    """across: int32 [F, 3], the face beyond the edge from each corner to the next, -1 for none. part: int32 [F], connected surface.

    met: bool [F], each edge of the face is passed as often in one direction as in the other.

    Edges are the same where their ends have the same positions. Where more than two faces meet at one, each leads to the next of them.
    """

    across: Int32
    part: Int32
    met: NDArray[np.bool_]

    def closed(self, volume: NDArray[np.float64]) -> NDArray[np.bool_]:
        """bool [F]: the face's connected part has no border and, by the faces' shares of volume [F] (any positive unit), faces outwards.

        A ray from outside such a part meets a front before it meets a back. Parts with borders, zero-area faces, flipped or inside-out
        faces are reported as open, which only costs time.
        """
        parts = int(self.part.max(initial=-1)) + 1
        open_edges = np.bincount(self.part, weights=~self.met, minlength=parts)
        return ((open_edges == 0) & (np.bincount(self.part, weights=volume, minlength=parts) > 0))[self.part]


def connections(vertices: NDArray[np.float32], faces: Int32) -> Connections:
    """How faces int [F, 3] over vertices float32 [V, 3] hang together."""
    count = len(faces)
    if not count:
        return Connections(np.zeros((0, 3), dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=bool))
    welded = np.take(_weld(vertices), faces)
    start, end = welded.ravel(), welded[:, (1, 2, 0)].ravel()
    codes = np.minimum(start, end) * (int(welded.max()) + 1) + np.maximum(start, end)
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    bounds = np.append(first, 3 * count)
    following = np.arange(1, 3 * count + 1)
    following[bounds[1:] - 1] = first
    across = np.empty(3 * count, dtype=np.int32)
    across[order] = order[following] // 3
    balance = np.add.reduceat(np.where(start < end, np.int8(1), np.int8(-1))[order], first, dtype=np.int64)
    met = np.empty(3 * count, dtype=bool)
    met[order] = np.repeat(balance == 0, np.diff(bounds))
    graph = csr_array((np.ones(3 * count, dtype=np.int8), across, np.arange(0, 3 * count + 1, 3)), shape=(count, count))
    _, part = connected_components(graph, directed=False)
    own, all_met = np.repeat(np.arange(count, dtype=np.int32), 3), np.logical_and.reduce(met.reshape(-1, 3), axis=1)
    return Connections(np.where(across == own, np.int32(-1), across).reshape(-1, 3), part.astype(np.int32), all_met)


def _weld(vertices: NDArray[np.float32]) -> NDArray[np.int64]:
    """Index [V] of each vertex' position among the distinct positions (seams of texture or normals repeat a position exactly)."""
    rows = np.ascontiguousarray(vertices + np.float32(0.0), dtype=np.float32)  # adding 0 turns -0 into 0
    _, inverse = np.unique(rows.view("V12").ravel(), return_inverse=True)
    return inverse.ravel()
