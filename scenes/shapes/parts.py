"""The pieces that furniture is made of: boxes, rounded boxes, solids of revolution, tubes, prisms.

A `Part` is a bundle of triangles without materials; `scenes.shapes.assembly` joins parts into a `Mesh`. All solids here are
closed once vertices at the same position are merged (corners are doubled where texture coordinates or normals differ), and face outwards.
Texture coordinates are metres along the surface, offset by the part's position so that no two parts show the same stretch of wood. On
boxes u follows the longer edge of each face (the grain of wood runs along a board), or the horizontal with `upright=True`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """vertices float64 [V, 3] in metres, faces int [F, 3] counter-clockwise from outside, uvs [V, 2] in metres, normals [V, 3] unit."""

    vertices: Float
    faces: Int
    uvs: Float
    normals: Float

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Part:
        """The part shifted, its texture with it."""
        return replace(self, vertices=self.vertices + np.array([x, y, z]))

    def turned(self, rotation: ArrayLike) -> Part:
        """The part rotated about the origin by a matrix [3, 3]."""
        rotation = np.asarray(rotation, dtype=np.float64)
        return replace(self, vertices=self.vertices @ rotation.T, normals=self.normals @ rotation.T)

    def with_uvs(self, uvs: ArrayLike) -> Part:
        return replace(self, uvs=np.asarray(uvs, dtype=np.float64))

    def fitted(self, low: Sequence[float], high: Sequence[float]) -> Part:
        """The part stretched so that its bounding box is exactly low ... high."""
        minimum, maximum = self.vertices.min(axis=0), self.vertices.max(axis=0)
        scale = (np.asarray(high) - low) / (maximum - minimum)
        return replace(self, vertices=np.asarray(low) + (self.vertices - minimum) * scale, normals=unit(self.normals / scale))


def unit(vectors: Float) -> Float:
    """Vectors [..., 3] scaled to length one; the zero vector becomes +z."""
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    return np.where(length > 1e-12, vectors / np.maximum(length, 1e-12), (0.0, 0.0, 1.0))


def join(parts: Iterable[Part]) -> Part:
    """Several parts as one."""
    parts = list(parts)
    offsets = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])])
    return Part(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.faces + offset for part, offset in zip(parts, offsets, strict=True)]),
        np.concatenate([part.uvs for part in parts]),
        np.concatenate([part.normals for part in parts]),
    )


# The six faces of a box: normal axis, sign, and the two in-plane axes (a, b) with a x b = outward normal.
_BOX_FACES = ((0, 1, 1, 2), (0, -1, 2, 1), (1, 1, 2, 0), (1, -1, 0, 2), (2, 1, 0, 1), (2, -1, 1, 0))


def _box_template() -> tuple[Float, Int, Float, Int]:
    """Corners [24, 3] in units of half an edge, triangles [12, 3], normals [24, 3], in-plane axes of each face [6, 2]."""
    corners, normals = np.zeros((24, 3)), np.zeros((24, 3))
    for k, (axis, sign, a, b) in enumerate(_BOX_FACES):
        rows = slice(4 * k, 4 * k + 4)
        normals[rows, axis] = corners[rows, axis] = sign
        corners[rows, a] = (-1, 1, 1, -1)
        corners[rows, b] = (-1, -1, 1, 1)
    quad = np.array([[0, 1, 2], [0, 2, 3]])
    faces = np.concatenate([quad + 4 * k for k in range(6)])
    return corners, faces, normals, np.array([face[2:] for face in _BOX_FACES])


_CORNERS, _BOX_TRIANGLES, _BOX_NORMALS, _BOX_AXES = _box_template()


def _box_uvs(vertices: Float, sizes: Float, axes: Int, upright: bool) -> Float:
    """Texture coordinates [N, 6, k, 2] of box points [N, 6, k, 3]; axes [6, 2] are the in-plane axes of each face."""
    count = len(sizes)
    pairs = np.broadcast_to(np.sort(axes, axis=1), (count, 6, 2))
    if not upright:
        lengths = np.take_along_axis(np.broadcast_to(sizes[:, None], (count, 6, 3)), pairs, axis=2)
        pairs = np.where((lengths[..., :1] < lengths[..., 1:]), pairs[..., ::-1], pairs)
    index = np.broadcast_to(pairs[:, :, None], (*vertices.shape[:3], 2))
    return np.take_along_axis(vertices, index, axis=3)


def boxes(sizes: ArrayLike, centres: ArrayLike, *, upright: bool = False) -> Part:
    """Sharp boxes of sizes [N, 3] at centres [N, 3] as one part."""
    sizes, centres = np.atleast_2d(np.asarray(sizes, dtype=np.float64)), np.atleast_2d(np.asarray(centres, dtype=np.float64))
    count = len(sizes)
    vertices = _CORNERS * (sizes[:, None] / 2) + centres[:, None]
    uvs = _box_uvs(vertices.reshape(count, 6, 4, 3), sizes, _BOX_AXES, upright)
    faces = _BOX_TRIANGLES + 24 * np.arange(count)[:, None, None]
    return Part(vertices.reshape(-1, 3), faces.reshape(-1, 3), uvs.reshape(-1, 2), np.tile(_BOX_NORMALS, (count, 1)))


def box(x: float, y: float, z: float, at: Sequence[float] = (0.0, 0.0, 0.0), *, upright: bool = False) -> Part:
    """A sharp box with edges x, y, z whose **bottom centre** is `at`."""
    return boxes([[x, y, z]], [[at[0], at[1], at[2] + z / 2]], upright=upright)


def grid_faces(rows: int, columns: int) -> Int:
    """Triangles [2 (rows-1)(columns-1), 3] of a rows x columns grid of vertices, row-major; they face rows x columns."""
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
    quads = np.stack([first, first + columns, first + columns + 1, first + 1], axis=1)
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def rounded_box(
    x: float,
    y: float,
    z: float,
    radius: float,
    at: Sequence[float] = (0.0, 0.0, 0.0),
    *,
    segments: int = 1,
    inner: int = 0,
    upright: bool = False,
) -> Part:
    """A box with edges and corners rounded by `radius`, bottom centre at `at`; smooth normals, 108 triangles with one segment.

    `inner` adds rows of vertices to the flat part of each face, for `soft.puffed` to bend.
    """
    size = np.array([x, y, z], dtype=np.float64)
    radius = min(radius, 0.499 * float(size.min()))
    angles = np.linspace(-np.pi / 4, 0, segments + 1)
    middle = np.linspace(-1, 1, inner + 2)
    slope = np.tan(angles)
    slope[0] = -1.0  # exactly, so that neighbouring faces meet in the very same points
    tangent = np.concatenate([slope, np.zeros(inner), -slope[::-1]])  # direction across the face
    side = np.concatenate([np.full(segments, -1.0), middle, np.full(segments, 1.0)])  # where the ball rolls along the inner box
    n = len(tangent)
    direction, centre = np.zeros((6, n, n, 3)), np.zeros((6, n, n, 3))
    for k, (axis, sign, a, b) in enumerate(_BOX_FACES):
        direction[k, ..., axis] = centre[k, ..., axis] = sign
        direction[k, ..., a], centre[k, ..., a] = tangent[:, None], side[:, None]
        direction[k, ..., b], centre[k, ..., b] = tangent, side
    normals = unit(direction)
    vertices = centre * (size / 2 - radius) + radius * normals + (at[0], at[1], at[2] + z / 2)
    faces = (grid_faces(n, n) + n * n * np.arange(6)[:, None, None]).reshape(-1, 3)
    uvs = _box_uvs(vertices.reshape(1, 6, n * n, 3), size[None], _BOX_AXES, upright)
    return Part(vertices.reshape(-1, 3), faces, uvs.reshape(-1, 2), normals.reshape(-1, 3))


def lathe(profile: ArrayLike, segments: int = 16, at: Sequence[float] = (0.0, 0.0, 0.0), crease_deg: float = 35.0) -> Part:
    """Solid of revolution about z. `profile` [N, 2] lists (radius, z); it starts and ends on the axis or returns to its start.

    Seen in the (radius, z) half-plane the profile runs with the solid on its left: upwards along an outer wall.
    """
    points = np.asarray(profile, dtype=np.float64)
    steps = np.diff(points, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    outward = np.stack([steps[:, 1], -steps[:, 0]], axis=1) / lengths[:, None]
    smooth = np.einsum("ij,ij->i", outward[:-1], outward[1:]) > np.cos(np.radians(crease_deg))
    mean = unit(np.pad(outward[:-1] + outward[1:], ((0, 0), (0, 1))))[:, :2]
    starts, ends = outward.copy(), outward.copy()
    starts[1:][smooth] = mean[smooth]
    ends[:-1][smooth] = mean[smooth]
    ring = np.stack([points[:-1], points[1:]], axis=1).reshape(-1, 2)
    ring_normals = np.stack([starts, ends], axis=1).reshape(-1, 2)
    arc = np.concatenate([[0.0], np.cumsum(lengths)])
    v = np.stack([arc[:-1], arc[1:]], axis=1).reshape(-1)
    return _revolve(ring, ring_normals, v, segments, at)


def _revolve(ring: Float, ring_normals: Float, v: Float, segments: int, at: Sequence[float]) -> Part:
    """Bands between the vertex pairs (0, 1), (2, 3), ... of `ring` [2M, 2], turned about z; triangles collapsed on the axis are dropped."""
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    cosine, sine = np.cos(angle), np.sin(angle)
    cosine[-1], sine[-1] = 1.0, 0.0  # the seam closes exactly
    turn = np.stack([cosine, sine], axis=1)[None]
    vertices = np.concatenate([ring[:, None, :1] * turn, np.broadcast_to(ring[:, None, 1:], (len(ring), segments + 1, 1))], axis=2)
    normals = np.concatenate(
        [ring_normals[:, None, :1] * turn, np.broadcast_to(ring_normals[:, None, 1:], (len(ring), segments + 1, 1))], axis=2
    )
    widest = float(ring[:, 0].max())
    uvs = np.stack(np.broadcast_arrays(angle * widest, v[:, None]), axis=2)
    band = np.arange(0, len(ring), 2)[:, None] * (segments + 1) + np.arange(segments)
    low, high = band, band + segments + 1
    lower = np.stack([low, low + 1, high + 1], axis=2)[ring[0::2, 0] > 1e-9]
    upper = np.stack([low, high + 1, high], axis=2)[ring[1::2, 0] > 1e-9]
    faces = np.concatenate([lower.reshape(-1, 3), upper.reshape(-1, 3)])
    return Part((vertices + np.asarray(at)).reshape(-1, 3), faces, uvs.reshape(-1, 2), normals.reshape(-1, 3))


def cylinder(radius: float, height: float, at: Sequence[float] = (0.0, 0.0, 0.0), *, segments: int = 16, top: float | None = None) -> Part:
    """A cylinder standing on `at`, or a cone frustum with radius `top` above."""
    top = radius if top is None else top
    return lathe([(0, 0), (radius, 0), (top, height), (0, height)], segments, at)


def tube(path: ArrayLike, radius: float, segments: int = 8) -> Part:
    """A round bar along a polyline [N, 3] with flat ends; bends are mitred."""
    points = np.asarray(path, dtype=np.float64)
    tangents = np.empty_like(points)
    steps = unit(np.diff(points, axis=0))
    tangents[0], tangents[-1], tangents[1:-1] = steps[0], steps[-1], unit(steps[:-1] + steps[1:])
    reference = np.array([0.0, 0.0, 1.0]) if np.abs(tangents[:, 2]).max() < 0.9 else np.array([0.31, 0.95, 0.05])
    side = unit(np.cross(tangents, reference))
    other = np.cross(tangents, side)
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    angle[-1] = 0.0
    normals = np.cos(angle)[None, :, None] * side[:, None] + np.sin(angle)[None, :, None] * other[:, None]
    vertices = points[:, None] + radius * normals
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    around = np.linspace(0, 2 * np.pi * radius, segments + 1)
    uvs = np.stack(np.broadcast_arrays(arc[:, None], around), axis=2)
    body = Part(vertices.reshape(-1, 3), grid_faces(len(points), segments + 1)[:, ::-1].copy(), uvs.reshape(-1, 2), normals.reshape(-1, 3))
    return join([body, _cap(vertices[0, :-1], -tangents[0]), _cap(vertices[-1, :-1], tangents[-1])])


def _cap(rim: Float, normal: Float) -> Part:
    """A convex polygon [N, 3] filled as a fan that faces `normal`."""
    n = len(rim)
    faces = np.stack([np.zeros(n - 2, dtype=np.int64), np.arange(1, n - 1), np.arange(2, n)], axis=1)
    if np.cross(rim[1] - rim[0], rim[2] - rim[0]) @ normal < 0:
        faces = faces[:, ::-1]
    order = np.argsort(np.abs(normal))[:2]
    return Part(rim, faces, rim[:, order], np.tile(normal, (n, 1)))


def prism(outline: ArrayLike, height: float, at: Sequence[float] = (0.0, 0.0, 0.0)) -> Part:
    """A convex outline [N, 2], counter-clockwise from above, raised by `height`; flat-shaded sides."""
    outline = np.asarray(outline, dtype=np.float64)
    bottom = np.concatenate([outline, np.zeros((len(outline), 1))], axis=1) + at
    top = bottom + np.array([0.0, 0.0, height])
    following = np.roll(np.arange(len(outline)), -1)
    quads = np.stack([bottom, bottom[following], top[following], top], axis=1)
    edge = quads[:, 1] - quads[:, 0]
    length = np.linalg.norm(edge, axis=1)
    arc = np.cumsum(length) - length
    u = np.stack([arc, arc + length, arc + length, arc], axis=1)
    v = np.broadcast_to([0.0, 0.0, height, height], u.shape)
    normals = np.repeat(unit(np.cross(edge, (0.0, 0.0, 1.0))), 4, axis=0)
    faces = (np.array([[0, 1, 2], [0, 2, 3]]) + 4 * np.arange(len(outline))[:, None, None]).reshape(-1, 3)
    sides = Part(quads.reshape(-1, 3), faces, np.stack([u, v], axis=2).reshape(-1, 2), normals)
    return join([sides, _cap(bottom, np.array([0.0, 0.0, -1.0])), _cap(top, np.array([0.0, 0.0, 1.0]))])


def frustum(bottom: Sequence[float], top: Sequence[float], height: float, at: Sequence[float], shift: Sequence[float] = (0, 0)) -> Part:
    """A four-sided leg: `bottom` (x, y) edges at `at`, `top` edges `height` above, the top's centre moved sideways by `shift`."""
    leg = box(bottom[0], bottom[1], height)
    fraction = leg.vertices[:, 2:] / height
    scale = 1 + fraction * (np.divide(top, bottom) - 1)
    vertices = np.concatenate([leg.vertices[:, :2] * scale + fraction * np.asarray(shift), leg.vertices[:, 2:]], axis=1)
    corners = vertices.reshape(6, 4, 3)
    normals = unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0]))
    return Part(vertices + np.asarray(at), leg.faces, leg.uvs, np.repeat(normals, 4, axis=0))
