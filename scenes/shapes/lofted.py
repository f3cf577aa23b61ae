"""Solids skinned over a stack of outlines: basins, tubs, bags, shoes, bottles that are not round."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from scenes.shapes.parts import Float, Part, join, lathe, unit

# Turn what points up so that it points to the front (-y), or sideways (+x).
FORWARD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
SIDEWAYS = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])


def rounded_rectangle(x: float, y: float, radius: float, segments: int = 3) -> Float:
    """Outline [4 (segments + 1), 2] of a rectangle with edges x, y and round corners, counter-clockwise about the origin."""
    radius = min(radius, 0.499 * x, 0.499 * y)
    angle = np.linspace(0, np.pi / 2, segments + 1)
    corner = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = []
    for k in range(4):
        turn = np.array([[0.0, -1.0], [1.0, 0.0]]) if k % 2 else np.eye(2)
        sign = -1.0 if k > 1 else 1.0
        half = np.array([x / 2 - radius, y / 2 - radius])
        points.append(sign * (corner @ turn.T + half * ((-1, 1) if k % 2 else (1, 1))))
    return np.concatenate(points)


def oval(x: float, y: float, segments: int = 24, power: float = 2.0) -> Float:
    """Outline [segments, 2] of an ellipse with axes x, y, counter-clockwise; a higher `power` makes it squarer."""
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    return 0.5 * np.stack([x * np.sign(c) * np.abs(c) ** (2 / power), y * np.sign(s) * np.abs(s) ** (2 / power)], axis=1)


def squared_oval_along(outline: Float, x: float, y: float, power: float) -> Float:
    """The points of an `oval` with axes x, y that lie in the directions of another outline's points, so that the two can be lofted."""
    reach = np.abs(outline).max(axis=0)
    angle = np.arctan2(outline[:, 1] / reach[1], outline[:, 0] / reach[0])
    c, s = np.cos(angle), np.sin(angle)
    return 0.5 * np.stack([x * c, y * s], axis=1) / ((np.abs(c) ** power + np.abs(s) ** power) ** (1 / power))[:, None]


def stacked(levels: Sequence[tuple[Float, float] | tuple[Float, float, float, float]]) -> Float:
    """Rings [R, N, 3] from (outline, z) or (outline, z, x of its middle, y of its middle)."""
    rings = []
    for outline, z, *shift in levels:
        x, y = shift if shift else (0.0, 0.0)
        rings.append(np.column_stack([outline + np.array([x, y]), np.full(len(outline), z)]))
    return np.stack(rings)


def loft(rings: ArrayLike, crease_deg: float = 40.0, *, closed: bool = False) -> Part:
    """The solid between outlines [R, N, 3], each counter-clockwise seen from above where the stack runs upwards.

    A stack that turns round and runs down inside makes a vessel. The first and last outlines are filled (star-shaped about their
    middle); with `closed` the last joins the first instead, as in a ring. Edges sharper than `crease_deg` stay sharp.
    """
    points = np.asarray(rings, dtype=np.float64)
    if closed:
        points = np.concatenate([points, points[:1]])
    following = np.roll(points, -1, axis=1)
    quads = np.stack([points[:-1], following[:-1], following[1:], points[1:]], axis=2)  # [R-1, N, 4, 3]
    normals = unit(np.cross(quads[:, :, 2] - quads[:, :, 0], quads[:, :, 3] - quads[:, :, 1]))
    corners = np.stack(
        [_smoothed(normals, b, j, np.cos(np.radians(crease_deg)), closed) for b, j in ((-1, -1), (-1, 1), (1, 1), (1, -1))], 2
    )
    around = np.linalg.norm(following - points, axis=2).max(axis=0)
    u = np.concatenate([[0.0], np.cumsum(around)])
    along = np.linalg.norm(np.diff(points, axis=0), axis=2).mean(axis=1)
    v = np.concatenate([[0.0], np.cumsum(along)])
    shape = quads.shape[:2]
    us = np.broadcast_to(np.stack([u[:-1], u[1:], u[1:], u[:-1]], axis=1), (*shape, 4))
    vs = np.broadcast_to(np.stack([v[:-1], v[:-1], v[1:], v[1:]], axis=1)[:, None], (*shape, 4))
    faces = (np.array([[0, 1, 2], [0, 2, 3]]) + 4 * np.arange(shape[0] * shape[1])[:, None, None]).reshape(-1, 3)
    skin = Part(quads.reshape(-1, 3), faces, np.stack([us, vs], axis=3).reshape(-1, 2), corners.reshape(-1, 3))
    return skin if closed else join([skin, _lid(points[0][::-1]), _lid(points[-1])])


def _smoothed(normals: Float, band: int, column: int, cosine: float, closed: bool) -> Float:
    """Normals [R-1, N, 3] at one corner of every quad: the mean of the up to four quads there that are not beyond a crease."""
    total = normals.copy()
    for b, c in ((0, column), (band, 0), (band, column)):
        other = np.roll(normals, (-b, -c), axis=(0, 1))
        use = np.einsum("...i,...i->...", normals, other) > cosine
        if b and not closed:
            use[-1 if b > 0 else 0] = False
        total = total + use[..., None] * other
    return unit(total)


def _lid(rim: Float) -> Part:
    """An outline [N, 3] filled as a fan about its middle."""
    n = len(rim)
    vertices = np.concatenate([rim, rim.mean(axis=0)[None]])
    faces = np.stack([np.full(n, n), np.arange(n), (np.arange(n) + 1) % n], axis=1)
    normal = unit(np.cross(rim - vertices[n], np.roll(rim, -1, axis=0) - vertices[n]).sum(axis=0))
    order = np.sort(np.argsort(np.abs(normal))[:2])
    return Part(vertices, faces, vertices[:, order], np.tile(normal, (n + 1, 1)))


def vessel(outer: Sequence[tuple[Float, float]], wall: float, floor: float) -> Part:
    """An open vessel: outlines of its outside from the bottom to the rim, inset by about `wall`; its floor is `floor` thick."""
    inner: list[tuple[Float, float]] = []
    for outline, z in reversed(outer):
        reach = np.abs(outline).max(axis=0)
        if z > floor + outer[0][1] + 1e-6 or not inner:
            inner.append((outline * ((reach - wall) / reach), z))
    outline, z = outer[0]
    reach = np.abs(outline).max(axis=0)
    inner.append((outline * ((reach - wall) / reach), outer[0][1] + floor))
    return loft(stacked([*outer, *inner]))


def arc(radius: float, start_deg: float, end_deg: float, count: int) -> Float:
    """Points [count, 2] of an arc about the origin."""
    angle = np.radians(np.linspace(start_deg, end_deg, count))
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def ellipsoid(size: Sequence[float], at: Sequence[float] = (0.0, 0.0, 0.0), segments: int = 16) -> Part:
    """An ellipsoid with axes `size` (x, y, z), its lowest point at `at`."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)
    profile = np.stack([np.cos(angle), 1 + np.sin(angle)], axis=1)
    profile[[0, -1], 0] = 0.0
    low = [at[0] - size[0] / 2, at[1] - size[1] / 2, at[2]]
    return lathe(profile, segments, crease_deg=80).fitted(low, [a + b for a, b in zip(low, size, strict=True)])


def sawn(part: Part) -> Part:
    """The part with a straight grain on what faces up or down, as a turned or round board has, instead of rings."""
    flat = np.abs(part.normals[:, 2:]) > 0.7
    return part.with_uvs(np.where(flat, part.vertices[:, :2], part.uvs))


def turned_about(axis: str, degrees: float) -> Float:
    """Rotation [3, 3] about the x, y or z axis, counter-clockwise seen from its tip."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    if axis == "x":
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    if axis == "y":
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
