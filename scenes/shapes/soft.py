"""Soft things: cushions, pillows, blankets, rugs, curtains, leaves; and the bent sheets they are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.assembly import hung, made_of, standing
from scenes.shapes.parts import Float, Part, box, grid_faces, join, prism, rounded_box, tube, unit


def puffed(x: float, y: float, z: float, radius: float, rim: float, at: Sequence[float] = (0.0, 0.0, 0.0), power: float = 1.0) -> Part:
    """A stuffed box, bottom centre at `at`: as thick as z in the middle and `rim` * z along its edges.

    `power` below one makes the swelling steeper at the edge.
    """
    part = rounded_box(x, y, z, radius, inner=3)
    px, py = part.vertices[:, 0] / (x / 2), part.vertices[:, 1] / (y / 2)
    a, b = np.maximum(1 - px**2, 1e-4), np.maximum(1 - py**2, 1e-4)
    bulge = (a * b) ** power
    thickness = rim + (1 - rim) * bulge
    height = part.vertices[:, 2] - z / 2
    slope_x = -(1 - rim) * power * bulge * 2 * px / a / (x / 2)
    slope_y = -(1 - rim) * power * bulge * 2 * py / b / (y / 2)
    n = part.normals
    share = height * n[:, 2] / thickness
    normals = unit(np.stack([n[:, 0] - share * slope_x, n[:, 1] - share * slope_y, n[:, 2] / thickness], axis=1))
    vertices = np.stack([part.vertices[:, 0], part.vertices[:, 1], height * thickness + z / 2], axis=1)
    return Part(vertices + np.asarray(at), part.faces, part.uvs, normals)


def sheet(points: Float, thickness: float) -> Part:
    """Bent sheets from grids of points [..., M, N, 3], closed all round; `thickness` is measured along the surface normal."""
    grids = points.reshape(-1, *points.shape[-3:])
    count, m, n = grids.shape[:3]
    across, along = np.gradient(grids, axis=1), np.gradient(grids, axis=2)
    normals = unit(np.cross(across, along))
    top, bottom = grids + normals * (thickness / 2), grids - normals * (thickness / 2)
    v = np.concatenate([np.zeros((count, 1, n)), np.cumsum(np.linalg.norm(np.diff(grids, axis=1), axis=3), axis=1)], axis=1)
    u = np.concatenate([np.zeros((count, m, 1)), np.cumsum(np.linalg.norm(np.diff(grids, axis=2), axis=3), axis=2)], axis=2)
    uvs = np.stack([u, v], axis=3)
    offsets = np.arange(count)[:, None, None] * (m * n)
    faces = grid_faces(m, n)
    sides = [Part(top.reshape(-1, 3), (faces + offsets).reshape(-1, 3), uvs.reshape(-1, 2), normals.reshape(-1, 3))]
    sides.append(Part(bottom.reshape(-1, 3), (faces[:, ::-1] + offsets).reshape(-1, 3), uvs.reshape(-1, 2), -normals.reshape(-1, 3)))
    for axis, k, flip in ((1, 0, True), (1, -1, False), (2, 0, False), (2, -1, True)):
        edges = np.stack([np.take(top, k, axis), np.take(bottom, k, axis)], axis=1)
        sides.append(_strip(edges, np.take(uvs, k, axis), flip))
    return join(sides)


def _strip(edges: Float, uvs: Float, flip: bool) -> Part:
    """The rim of sheets between two borders [count, 2, K, 3]."""
    count, _, k = edges.shape[:3]
    faces = grid_faces(2, k)[:, ::-1] if flip else grid_faces(2, k)
    normal = np.cross(np.gradient(edges, axis=2)[:, :1], edges[:, :1] - edges[:, 1:]) * (-1.0 if flip else 1.0)
    normals = unit(np.broadcast_to(normal, edges.shape)).reshape(-1, 3)
    stacked = np.broadcast_to(uvs[:, None], (count, 2, k, 2)).reshape(-1, 2)
    faces = (faces + np.arange(count)[:, None, None] * (2 * k)).reshape(-1, 3)
    return Part(edges.reshape(-1, 3), faces, stacked, normals)


@made_of("fabric")
def cushion(width: float = 0.45, depth: float = 0.18, height: float = 0.42, lean_deg: float = 15.0) -> Mesh:
    """A square cushion that stands on its edge and leans back (towards +y)."""
    flat = puffed(width, height, depth, 0.25 * depth, 0.12, power=0.45)
    angle = np.radians(90 - lean_deg)
    c, s = np.cos(angle), np.sin(angle)
    return standing((width, depth, height), flat.turned([[1, 0, 0], [0, c, -s], [0, s, c]]))


@made_of("linen")
def pillow(width: float = 0.65, depth: float = 0.42, height: float = 0.14) -> Mesh:
    """A bed pillow lying flat."""
    return standing((width, depth, height), puffed(width, depth, height, 0.25 * height, 0.15, power=0.4))


@made_of("rug", "rug_border")
def rug(width: float = 2.0, depth: float = 1.4, height: float = 0.012, border: float = 0.08) -> Mesh:
    """A flat rectangular rug with a border that is a little thinner."""
    field = rounded_box(width - 2 * border, depth - 2 * border, height, 0.3 * height)
    return standing((width, depth, height), field, rounded_box(width, depth, 0.8 * height, 0.3 * height))


@made_of("rug")
def round_rug(width: float = 1.8, height: float = 0.012) -> Mesh:
    """A flat round rug; its texture lies flat on it."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    outline = 0.5 * width * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return standing((width, width, height), prism(outline, height))


@made_of("curtain", "metal", wall_hung=True)
def curtains(width: float = 2.2, depth: float = 0.14, height: float = 2.2, open_fraction: float = 0.62, folds: int = 7) -> Mesh:
    """A rod with two gathered curtains; the middle `open_fraction` of the width is open."""
    span = 0.5 * width * (1 - open_fraction)
    columns = 8 * int(folds) // 2 + 1
    s = np.linspace(0, 1, columns)
    rows = np.linspace(0, 1, 5)
    panels = []
    for side in (-1, 1):
        wave = 0.5 * (depth - 0.05) * np.sin(2 * np.pi * folds / 2 * s)[None] * (0.7 + 0.3 * (1 - rows[:, None]))
        x = side * (0.48 * width - span * s[None] * (1 - 0.06 * np.sin(np.pi * rows[:, None])))
        z = np.broadcast_to((height - 0.03) * rows[:, None], (5, columns))
        points = np.stack([np.broadcast_to(x, z.shape), wave - 0.5 * depth, z], axis=2)
        panels.append(sheet(points if side > 0 else points[:, ::-1], 0.008))
    rod = tube([[-0.5 * width, -0.5 * depth, height - 0.02], [0.5 * width, -0.5 * depth, height - 0.02]], 0.013)
    brackets = [box(0.02, 0.5 * depth, 0.02, (x * width, -0.25 * depth, height - 0.03)) for x in (-0.46, 0.46)]
    return hung((width, depth, height), panels, [rod, *brackets])
