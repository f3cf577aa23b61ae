"""What vehicle bodies are made of: mirrored shells of quadrilaterals with materials by cell, plan outlines, wheels.

A `Shell` is the right half (x >= 0) of a closed body as a grid of points whose border lies in the plane x = 0. Rows run upwards, columns
from the front along the right side to the rear. Windows, lamps and grilles are cells of that grid, so they meet the paint edge to edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenes.geometry import rotation_z
from scenes.shapes.parts import Float, Int, Part, box, cylinder, join, lathe, unit

AXLE = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # turns the z axis into the x axis

_DIGITS = np.array([2**42, 2**21, 1])  # three numbers below 2^21 in one of 63 bits


def creased(vertices: Float, faces: Int, crease_deg: float) -> Part:
    """The part with these triangles, in this order, that is smooth but for edges sharper than `crease_deg`.

    Texture coordinates are the two world axes that each face lies along, in metres.
    """
    corners = vertices[faces]
    area: Float = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).astype(np.float64)
    facing = unit(area)
    low = vertices.min(axis=0)
    steps = np.round((vertices - low) * (2**20 / np.ptp(vertices, axis=0).max())).astype(np.int64)
    _, place = np.unique(steps @ _DIGITS, return_inverse=True)
    point = place[faces].reshape(-1)
    order = np.argsort(point, kind="stable")
    count = np.bincount(point)
    degree = count[point[order]]
    first = np.repeat(order, degree)
    start = (np.cumsum(count) - count)[point[order]]
    within = np.arange(len(first)) - np.repeat(np.cumsum(degree) - degree, degree)
    second = order[np.repeat(start, degree) + within]
    smooth = np.einsum("ij,ij->i", facing[first // 3], facing[second // 3]) > np.cos(np.radians(crease_deg))
    total = np.stack([np.bincount(first, area[second // 3, k] * smooth, minlength=len(point)) for k in range(3)], axis=1)
    normals = unit(total.astype(np.float64))
    axis = np.repeat(np.abs(facing).argmax(axis=1), 3)
    quantised = np.round(4000 * normals).astype(np.int64) + 4000
    _, chosen, index = np.unique((3 * point + axis) * 2**39 + quantised @ (2**26, 2**13, 1), return_index=True, return_inverse=True)
    position = corners.reshape(-1, 3)[chosen]
    planes = np.array([[1, 2], [0, 2], [0, 1]])[axis[chosen]]
    uvs = np.take_along_axis(position, planes, axis=1)
    return Part(position, index.reshape(-1, 3), uvs, normals[chosen])


def subset(part: Part, chosen: Int) -> Part:
    """The part with only the faces chosen (a mask or indices), and only the vertices that they need."""
    faces = part.faces[chosen]
    used, index = np.unique(faces, return_inverse=True)
    return Part(part.vertices[used], index.reshape(-1, 3), part.uvs[used], part.normals[used])


def _bulging(points: Float) -> Int:
    """Two triangles for each quadrilateral of a grid [R, C, 3], cut along the diagonal that lies further out: first halves, then second."""
    index = np.arange(points.shape[0] * points.shape[1]).reshape(points.shape[:2])
    a, b, c, d = (k.reshape(-1) for k in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]))
    flat = points.reshape(-1, 3)
    outward = np.cross(flat[c] - flat[a], flat[d] - flat[b])
    straight = np.einsum("ij,ij->i", outward, flat[a] + flat[c] - flat[b] - flat[d]) >= 0
    on_plane = flat[:, 0] == 0.0
    straight = (straight | (on_plane[b] & on_plane[d])) & ~(on_plane[a] & on_plane[c])  # no triangle lies in the plane of the mirror
    first = np.where(straight[:, None], np.stack([a, b, c], axis=1), np.stack([a, b, d], axis=1))
    second = np.where(straight[:, None], np.stack([a, c, d], axis=1), np.stack([b, c, d], axis=1))
    return np.concatenate([first, second])


def shell(points: Float, cells: Int, slots: int, crease_deg: float = 40.0) -> list[list[Part]]:
    """The closed body of a right half [R, C, 3] and its mirror image; `cells` [R-1, C-1] names the slot of each quadrilateral.

    Returns one list of parts for each of the `slots`. Triangles that the grid collapses to nothing are left out.
    """
    half = points.reshape(-1, 3)
    faces = _bulging(points)
    vertices = np.concatenate([half, half * (-1.0, 1.0, 1.0)])
    faces = np.concatenate([faces, faces[:, ::-1] + len(half)])
    slot = np.tile(cells.reshape(-1), 4)
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    real = area > 4e-9
    part = creased(vertices, faces[real], crease_deg)
    return [[subset(part, slot[real] == k)] if (slot[real] == k).any() else [] for k in range(slots)]


@dataclass(frozen=True)
class Outline:
    """The right half of a body seen from above: a superellipse with one exponent for the front (y < 0) and one for the rear.

    `half_width`, `front` and `rear` in metres (front < rear); a high exponent is a sharper corner.
    """

    half_width: float
    front: float
    rear: float
    front_power: float
    rear_power: float

    def _samples(self) -> tuple[Float, Float]:
        """Arc length [N] and points [N, 2] from the front's middle to the rear's."""
        angle = np.linspace(0, np.pi / 2, 241)[1:-1]
        middle, half = (self.front + self.rear) / 2, (self.rear - self.front) / 2
        halves = []
        for power, sign in ((self.front_power, -1.0), (self.rear_power, 1.0)):
            x, y = self.half_width * np.sin(angle) ** (2 / power), half * np.cos(angle) ** (2 / power)
            halves.append(np.column_stack([x, middle + sign * y]))
        ends = np.array([[0.0, self.front]]), np.array([[self.half_width, middle]]), np.array([[0.0, self.rear]])
        points = np.concatenate([ends[0], halves[0], ends[1], halves[1][::-1], ends[2]])
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)]), points

    def at_x(self, x: Sequence[float] | Float, *, rear: bool = False) -> Float:
        """Arc lengths at which the front (or rear) is x wide of the middle."""
        arc, points = self._samples()
        k = int(points[:, 0].argmax())
        if rear:
            return np.interp(x, points[k:, 0][::-1], arc[k:][::-1])
        return np.interp(x, points[: k + 1, 0], arc[: k + 1])

    def at_y(self, y: Sequence[float] | Float) -> Float:
        """Arc lengths at which the side passes y."""
        arc, points = self._samples()
        return np.interp(y, points[:, 1], arc)

    def points(self, arc: Float) -> tuple[Float, Float]:
        """Points [..., 2] at arc lengths [...], and unit outward normals; the middle of front and rear lies at x = 0 exactly."""
        known, points = self._samples()
        tangent = np.gradient(points, known, axis=0)
        tangent[0], tangent[-1] = (1.0, 0.0), (-1.0, 0.0)
        place = np.stack([np.interp(arc, known, points[:, k]) for k in range(2)], axis=-1)
        along = np.stack([np.interp(arc, known, tangent[:, k]) for k in range(2)], axis=-1)
        normal = np.stack([along[..., 1], -along[..., 0]], axis=-1)
        return place, normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def wheel(radius: float, thick: float, spokes: int, at: Sequence[float], side: int, detail: int = 2) -> tuple[Part, Part]:
    """A wheel on an axle along x whose centre is `at`, its outside towards side * x: (tyre with a dark dish, metal rim with spokes).

    At `detail` 1 and 0 the rim is a disc, at 0 the tyre a cylinder.
    """
    h, rim = thick / 2, 0.68 * radius
    dish = [(rim, 0.92 * h), (0.95 * rim, 0.35 * h), (0, 0.35 * h)]
    tread = {
        2: [(0, -h), (0.92 * radius, -h), (radius, -0.7 * h), (radius, 0.7 * h), (0.92 * radius, h), *dish],
        1: [(0, -h), (radius, -0.8 * h), (radius, 0.8 * h), *dish[::2]],
        0: [(0, -0.9 * h), (radius, -0.9 * h), (radius, 0.9 * h), (0, 0.9 * h)],
    }[detail]
    tyre = lathe(tread, (7, 10, 14)[detail])
    metal = _spoked(rim, h, spokes) if detail > 1 else cylinder(0.95 * rim, h, (0, 0, 0.1 * h), segments=(5, 8)[detail], top=0.8 * rim)
    turn = AXLE if side > 0 else AXLE * ((-1.0,), (-1.0,), (1.0,))
    x, y, z = at
    return tyre.turned(turn).moved(x, y, z), metal.turned(turn).moved(x, y, z)


def _spoked(rim: float, h: float, spokes: int) -> Part:
    """A rim of that radius about z with its lip and hub; `h` is half the tyre's breadth."""
    lip = lathe([(0.93 * rim, 0.3 * h), (1.05 * rim, 0.8 * h), (0.93 * rim, 1.02 * h), (0.93 * rim, 0.3 * h)], 14)
    hub = cylinder(0.24 * rim, 0.6 * h, (0, 0, 0.3 * h), segments=6, top=0.16 * rim)
    arm = box(0.9 * rim, 1.6 * rim / (spokes + 2), 0.35 * h, (0.5 * rim, 0, 0.42 * h))
    return join([lip, hub, *(arm.turned(rotation_z(2 * np.pi * (k + 0.25) / spokes)) for k in range(spokes))])


def wheels(
    radius: float, thick: float, spokes: int, outside: float, axles: Sequence[float], detail: int = 2
) -> tuple[list[Part], list[Part]]:
    """Pairs of wheels with their outer faces at x = +-`outside` on axles at the given y: (tyres, rims)."""
    pairs = [wheel(radius, thick, spokes, (s * (outside - thick / 2), y, radius), s, detail) for y in axles for s in (-1, 1)]
    return [tyre for tyre, _ in pairs], [rim for _, rim in pairs]
