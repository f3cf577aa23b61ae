"""Boxes by the hundred: distances of points and hits of rays, all at once; and the floor that is free to walk on as a grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from scenes.furnishing.layout import Box

Float = NDArray[np.float64]
CELL_M = 0.05


@dataclass(frozen=True)
class Boxes:
    """M upright boxes: centres float64 [M, 3], half edges [M, 3] in metres, cosine and sine of their yaw [M]."""

    centre: Float
    half: Float
    cosine: Float
    sine: Float

    @classmethod
    def of(cls, boxes: Sequence[Box]) -> Boxes:
        rows = np.array([(b.x, b.y, (b.z0 + b.z1) / 2, b.half_x, b.half_y, (b.z1 - b.z0) / 2, b.yaw) for b in boxes])
        return cls(rows[:, :3], rows[:, 3:6], np.cos(rows[:, 6]), np.sin(rows[:, 6]))

    def within(self, place: Float, reach: float) -> tuple[Boxes, NDArray[np.int64]]:
        """The boxes whose bounding circles, seen from above, lie within `reach` metres of a place, and their numbers."""
        near = np.hypot(*(self.centre[:, :2] - place[:2]).T) - np.hypot(self.half[:, 0], self.half[:, 1]) < reach
        return self._chosen(near), np.flatnonzero(near)

    def before(self, eye: Float, rays: Float) -> tuple[Boxes, NDArray[np.int64]]:
        """The first box, and all that rays [R, 3] from an eye may hit: whose bounding balls reach into the rays' cone. With numbers."""
        axis = rays.mean(axis=0)
        axis = axis / max(float(np.linalg.norm(axis)), 1e-12)
        offset = self.centre - eye
        distance = np.maximum(np.linalg.norm(offset, axis=1), 1e-12)
        aside = np.arccos(np.clip(offset @ axis / distance, -1.0, 1.0))
        width = np.arcsin(np.minimum(np.linalg.norm(self.half, axis=1) / distance, 1.0))
        spread = np.arccos(np.clip((rays @ axis).min(), -1.0, 1.0))
        ahead = (aside <= spread + width + 1e-6) | (width >= np.pi / 2)
        ahead[:1] = True
        return self._chosen(ahead), np.flatnonzero(ahead)

    def among(self, points: Float) -> Boxes:
        """The first box, and all that may reach into the upright box around points [N, 3]."""
        low, high = points.min(axis=0), points.max(axis=0)
        reach = (high - low) / 2 + np.linalg.norm(self.half, axis=1)[:, None] + 1e-6
        near = (np.abs(self.centre - (low + high) / 2) <= reach).all(axis=1)
        near[:1] = True
        return self._chosen(near)

    def _chosen(self, which: NDArray[np.bool_]) -> Boxes:
        return Boxes(self.centre[which], self.half[which], self.cosine[which], self.sine[which])

    def _turned(self, x: Float, y: Float) -> tuple[Float, Float]:
        """Horizontal world vectors [N, M] in the frames of the boxes."""
        return x * self.cosine + y * self.sine, y * self.cosine - x * self.sine

    def distances(self, points: Float) -> Float:
        """Distance [N, M] of points [N, 3] to the boxes, 0 inside."""
        x, y = self._turned(points[:, :1] - self.centre[:, 0], points[:, 1:2] - self.centre[:, 1])
        beyond = [np.maximum(np.abs(v) - h, 0.0) for v, h in zip((x, y, points[:, 2:] - self.centre[:, 2]), self.half.T, strict=True)]
        return np.asarray(np.sqrt(beyond[0] ** 2 + beyond[1] ** 2 + beyond[2] ** 2))

    def hits(self, origins: Float, directions: Float) -> tuple[Float, NDArray[np.int64], Float]:
        """The first box along rays from `origins` [R, 3] (or [3]): distance [R] (inf for none), index [R] (-1), outward normal [R, 3]."""
        start = np.reshape(origins, (-1, 3, 1)) - self.centre.T
        places = (*self._turned(start[:, 0], start[:, 1]), start[:, 2])
        rays = (*self._turned(directions[:, :1], directions[:, 1:2]), directions[:, 2:])
        near, far = [], []
        for place, ray, half in zip(places, rays, self.half.T, strict=True):
            inverse = 1.0 / np.where(np.abs(ray) < 1e-9, 1e-9, ray)
            middle, reach = -place * inverse, half * np.abs(inverse)
            near.append(middle - reach)
            far.append(middle + reach)
        enter = np.maximum(np.maximum(near[0], near[1]), near[2])
        enter[(enter >= np.minimum(np.minimum(far[0], far[1]), far[2])) | (enter <= 0)] = np.inf
        index = enter.argmin(axis=1)
        row = np.arange(len(index))
        distance = enter[row, index]
        axis = np.stack([slab[row, index] for slab in near]).argmax(axis=0)
        sign = -np.sign(np.stack([rays[0][row, index], rays[1][row, index], directions[:, 2]])[axis, row])
        c, s = self.cosine[index] * sign, self.sine[index] * sign
        normal = np.where((axis == 0)[:, None], np.stack([c, s, 0 * c], 1), np.stack([-s, c, 0 * c], 1))
        normal = np.where((axis == 2)[:, None], np.stack([0 * c, 0 * c, sign], 1), normal)
        return distance, np.where(np.isfinite(distance), index, -1), normal


@dataclass(frozen=True)
class Ground:
    """Free floor as a grid: free bool [X, Y], True where nothing stands; the first cell's corner is `corner` (x, y)."""

    corner: tuple[float, float]
    free: NDArray[np.bool_]

    @classmethod
    def blank(cls, x0: float, y0: float, x1: float, y1: float) -> Ground:
        """A rectangle of the world in which nothing is free yet; its border never is."""
        shape = (int(np.ceil((x1 - x0) / CELL_M)) + 2, int(np.ceil((y1 - y0) / CELL_M)) + 2)
        return cls((x0 - CELL_M, y0 - CELL_M), np.zeros(shape, dtype=bool))

    def set(self, boxes: Iterable[Box], free: bool) -> None:
        """Makes all cells whose middle is in one of the boxes' footprints free, or not."""
        for box in boxes:
            reach = (
                (abs(box.half_x * box.axes[0][0]) + abs(box.half_y * box.axes[1][0])),
                (abs(box.half_x * box.axes[0][1]) + abs(box.half_y * box.axes[1][1])),
            )
            low = [max(int((c - r - o) / CELL_M), 0) for c, r, o in zip((box.x, box.y), reach, self.corner, strict=True)]
            high = [int((c + r - o) / CELL_M) + 1 for c, r, o in zip((box.x, box.y), reach, self.corner, strict=True)]
            area = self.free[low[0] : high[0], low[1] : high[1]]
            if not area.size:
                continue
            dx = (np.arange(area.shape[0]) + low[0] + 0.5)[:, None] * CELL_M + self.corner[0] - box.x
            dy = (np.arange(area.shape[1]) + low[1] + 0.5)[None] * CELL_M + self.corner[1] - box.y
            (ax, ay), (bx, by) = box.axes
            area[(np.abs(dx * ax + dy * ay) <= box.half_x) & (np.abs(dx * bx + dy * by) <= box.half_y)] = free

    @cached_property
    def clearance(self) -> Float:
        """Distance [X, Y] of each cell's middle to the nearest cell that is not free, metres; asked for after the last `set`."""
        return np.asarray(ndimage.distance_transform_edt(self.free)) * CELL_M

    def cell(self, x: float, y: float) -> tuple[int, int]:
        return int((x - self.corner[0]) / CELL_M), int((y - self.corner[1]) / CELL_M)

    def places(self, cells: NDArray[np.int64]) -> Float:
        """World (x, y) [N, 2] of the middles of cells [N, 2]."""
        return np.asarray(self.corner) + (cells + 0.5) * CELL_M

    def regions(self, radius: float) -> NDArray[np.int32]:
        """Connected parts [X, Y] of the floor for one who needs `radius` metres around: 1, 2, ..., and 0 where there is no room."""
        return np.asarray(ndimage.label(self.clearance >= radius)[0])


class Ways:
    """Shortest ways over the ground, `radius` metres from everything and rather farther, on a grid of twice the cell."""

    def __init__(self, ground: Ground, radius: float) -> None:
        self._ground = ground
        clear = ground.clearance[::2, ::2]
        self._number = np.where(clear >= radius, 0, -1)
        self._cells = np.argwhere(clear >= radius)
        self._number[tuple(self._cells.T)] = np.arange(len(self._cells))
        price = 1.0 + 0.5 * np.maximum(0.7 - clear, 0.0) / 0.35
        starts, ends, costs = [], [], []
        for di, dj in ((1, 0), (0, 1), (1, 1), (1, -1)):
            a, b = (slice(max(-d, 0), n - max(d, 0)) for d, n in zip((di, dj), clear.shape, strict=True))
            c, d = (slice(max(d, 0), n - max(-d, 0)) for d, n in zip((di, dj), clear.shape, strict=True))
            linked = (self._number[a, b] >= 0) & (self._number[c, d] >= 0)
            starts.append(self._number[a, b][linked])
            ends.append(self._number[c, d][linked])
            costs.append(np.hypot(di, dj) * (price[a, b] + price[c, d])[linked])
        data, rows, columns = np.concatenate(costs), np.concatenate(starts), np.concatenate(ends)
        self._graph = coo_array((data, (rows, columns)), shape=(len(self._cells),) * 2).tocsr()

    def nodes(self, x0: float, y0: float, x1: float, y1: float) -> NDArray[np.int64]:
        """Numbers of the grid's points within a rectangle of the world."""
        places = self._ground.places(2 * self._cells)
        inside = (places[:, 0] > x0) & (places[:, 0] < x1) & (places[:, 1] > y0) & (places[:, 1] < y1)
        return np.flatnonzero(inside)

    def from_node(self, start: int) -> NDArray[np.int32]:
        """The node before each on its way from `start`; negative where there is none."""
        return np.asarray(dijkstra(self._graph, directed=False, indices=start, return_predecessors=True)[1])

    def way(self, before: NDArray[np.int32], end: int) -> Float:
        """Places [K, 2] from the start of `from_node` to `end`; only the end when it can't be reached."""
        nodes = [end]
        while before[nodes[-1]] >= 0:
            nodes.append(int(before[nodes[-1]]))
        return self._ground.places(2 * self._cells[nodes[::-1]])
