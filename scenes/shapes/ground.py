"""Streets' ground: slabs between two kerb lines, and painted dashes along a line. They lie where their points say, not at an origin.

Lines are flat tuples (x0, y0, x1, y1, ...) in metres. Tops are horizontal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.scene import Mesh
from scenes.shapes.assembly import assemble, made_of, standing
from scenes.shapes.parts import Part, grid_faces, unit

Float = NDArray[np.float64]
_DEPTH_M = 0.3


def _slab(left: Float, right: Float, top: float, depth: float, uvs: Float) -> Part:
    """A closed slab between two lines [N, 2]; `right` lies to the right of one who walks along `left`. uvs [2N, 2]: left, then right."""
    n = len(left)
    flat = np.concatenate([left, right])
    upper = np.concatenate([flat, np.full((2 * n, 1), top)], axis=1)
    lower = upper - (0.0, 0.0, depth)
    a = np.arange(n - 1)
    quads = np.stack([a, a + n, a + n + 1, a + 1], axis=1)  # counter-clockwise from above
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    up = np.tile([0.0, 0.0, 1.0], (2 * n, 1))
    rim = np.concatenate([np.arange(n)[::-1], np.arange(n, 2 * n)])  # along left backwards, along right forwards: counter-clockwise
    return _joined(upper, lower, faces, up, uvs, rim)


def _joined(upper: Float, lower: Float, faces: NDArray[np.int64], up: Float, uvs: Float, rim: NDArray[np.int64]) -> Part:
    """Top, bottom and the wall around them; the wall's texture runs along the rim."""
    count, around = len(upper), np.append(rim, rim[0])
    first, second = around[:-1], around[1:]
    corners = np.stack([lower[first], lower[second], upper[second], upper[first]], axis=1)
    length = np.linalg.norm(upper[second] - upper[first], axis=1)
    arc = np.concatenate([[0.0], np.cumsum(length)])
    depth = upper[0, 2] - lower[0, 2]
    u = np.stack([arc[:-1], arc[1:], arc[1:], arc[:-1]], axis=1)
    v = np.broadcast_to([0.0, 0.0, depth, depth], u.shape)
    outward = unit(np.cross(corners[:, 1] - corners[:, 0], (0.0, 0.0, 1.0)))
    sides = (np.array([[0, 1, 2], [0, 2, 3]]) + 4 * np.arange(len(rim))[:, None, None]).reshape(-1, 3) + 2 * count
    return Part(
        np.concatenate([upper, lower, corners.reshape(-1, 3)]),
        np.concatenate([faces, faces[:, ::-1] + count, sides]),
        np.concatenate([uvs, uvs, np.stack([u, v], axis=2).reshape(-1, 2)]),
        np.concatenate([up, -up, np.repeat(outward, 4, axis=0)]),
    )


def _lines(*flat: tuple[float, ...]) -> list[Float]:
    return [np.reshape(np.asarray(line, dtype=np.float64), (-1, 2)) for line in flat]


@made_of("ground")
def slab(left: tuple[float, ...], right: tuple[float, ...], top: float = 0.0, depth: float = _DEPTH_M, along: int = 0) -> Mesh:
    """A strip of ground between two lines of equally many points, `right` on the right of one who walks along `left`.

    Its texture keeps the world's directions, or follows the strip with `along` = 1 (u along it) or 2 (v along it).
    """
    a, b = _lines(left, right)
    if along:
        middle = (a + b) / 2
        arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))])
        breadth = np.linalg.norm(b - a, axis=1)
        uvs = np.concatenate([np.stack([arc, np.zeros_like(arc)], axis=1), np.stack([arc, breadth], axis=1)])[:, :: 1 if along == 1 else -1]
    else:
        uvs = np.concatenate([a, b])
    return assemble(_slab(a, b, top, depth, uvs))


@made_of("road_paint")
def dashes(line: tuple[float, ...], breadth: float = 0.12, dash: float = 3.0, gap: float = 6.0, start: float = 0.0) -> Mesh:
    """Paint along a line, 4 mm thick: dashes with gaps from arc length `start` on; a gap of 0 makes one unbroken line."""
    (points,) = _lines(line)
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    if gap <= 0:
        spans = [(start, arc[-1])]
    else:
        begins = np.arange(start, arc[-1] - 0.3 * dash, dash + gap)
        spans = [(b, min(b + dash, arc[-1])) for b in begins]
    parts = []
    for low, high in spans:
        inner = arc[(arc > low + 1e-6) & (arc < high - 1e-6)]
        s = np.concatenate([[low], inner, [high]])
        middle = np.stack([np.interp(s, arc, points[:, k]) for k in (0, 1)], axis=1)
        tangent = np.gradient(middle, axis=0)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) / np.linalg.norm(tangent, axis=1, keepdims=True)
        left, right = middle + normal * breadth / 2, middle - normal * breadth / 2
        parts.append(_slab(left, right, 0.004, 0.05, np.concatenate([left, right])))
    return assemble(parts)


@made_of("meadow")
def hill(width: float = 180.0, depth: float = 90.0, height: float = 14.0, ridge: float = 0.4, seed: int = 0) -> Mesh:
    """A low hill to be seen from afar, longest along x; `ridge` (0 ... 1) is how uneven its crest is. Its flat foot is z = 0."""
    rng = np.random.default_rng([int(seed), 31])
    columns, rows = 25, 9
    u, v = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    phase, share = rng.uniform(0, 2 * np.pi, 3), rng.uniform(0.4, 1.0, 3)
    crest = 1 + ridge * sum(a * np.sin(k * np.pi * u + p) for k, a, p in zip((1, 2, 3), share, phase, strict=True)) / 3
    rise = np.cos(np.pi / 2 * u) ** 1.5 * np.cos(np.pi / 2 * v) ** 1.2 * np.maximum(crest, 0.2)
    rise[[0, -1]] = rise[:, [0, -1]] = 0.0  # exactly, to close with the foot
    grid = np.stack([u * width / 2, v * depth / 2, rise * height], axis=2)
    along, across = np.gradient(grid, axis=1), np.gradient(grid, axis=0)
    normals = unit(np.cross(along, across).reshape(-1, 3))
    top = grid.reshape(-1, 3)
    index = np.arange(rows * columns).reshape(rows, columns)
    rim = np.concatenate([index[0, :-1], index[:-1, -1], index[-1, :0:-1], index[:0:-1, 0]])
    foot = np.concatenate([top[rim], [[0.0, 0.0, 0.0]]]) * (1, 1, 0)
    fan = np.stack([np.full(len(rim), len(rim)), np.roll(np.arange(len(rim)), -1), np.arange(len(rim))], axis=1)
    under = Part(foot, fan, foot[:, :2], np.tile([0.0, 0.0, -1.0], (len(foot), 1)))
    faces = grid_faces(rows, columns)[:, ::-1]
    return standing((width, depth, height), [Part(top, faces, top[:, :2], normals), under])
