"""Soft things: cushions, pillows, blankets, rugs, curtains, leaves; and the bent sheets they are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.assembly import hung, made_of, standing
from scenes.shapes.lofted import SIDEWAYS
from scenes.shapes.parts import Float, Part, box, grid_faces, join, lathe, prism, rounded_box, tube, unit


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
def pillow(width: float = 0.65, depth: float = 0.42, height: float = 0.14, edge: float = 0.15, plump: float = 0.4) -> Mesh:
    """A bed pillow lying flat, `edge` times as thick at its seam; the smaller `plump`, the fuller it is."""
    return standing((width, depth, height), puffed(width, depth, height, 0.25 * height, edge, power=plump))


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


@made_of("blind", "metal", wall_hung=True)
def blinds(
    width: float = 1.2,
    depth: float = 0.07,
    height: float = 1.3,
    slat: float = 0.028,
    tilt_deg: float = 35.0,
    drawn: float = 0.8,
    rail: float = 0.035,
) -> Mesh:
    """A venetian blind: slats `slat` broad, turned by `tilt_deg`, fill `drawn` of the height; the rest hangs as a bare cord."""
    c, s = np.cos(np.radians(tilt_deg)), np.sin(np.radians(tilt_deg))
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    y, top = -depth + 0.6 * slat, height - rail
    length = drawn * top
    count = max(3, int(length / (0.8 * slat)))
    blade = box(width - 0.03, slat, 0.0016, (0, 0, -0.0008)).turned(turn)
    slats = [blade.moved(y=y, z=top - (k + 0.7) * length / count) for k in range(count - 1)]
    foot = rounded_box(width - 0.028, 0.8 * slat, 0.014, 0.004, (0, y, top - length))
    head = rounded_box(width, depth - 0.004, rail, 0.004, (0, -depth / 2 + 0.002, top))
    cords = [box(0.003, 0.003, length, (f * width, y - 0.35 * slat, top - length + 0.004)) for f in (-0.38, 0.38)]
    wand = tube([(0.44 * width, y - 0.45 * slat, top + 0.01), (0.44 * width, y - 0.5 * slat, 0.0)], 0.004, 6)
    return hung((width, depth, height), [*slats, foot], [head, *cords, wand])


@made_of("shower_curtain", "metal")
def shower_curtain(
    width: float = 1.6, depth: float = 0.12, height: float = 1.9, drawn: float = 0.6, fold: float = 0.7, rod: float = 0.013, folds: int = 8
) -> Mesh:
    """A curtain on a rod across a bathtub, drawn over that share of the width from -x; `fold` is the depth of its folds in depths."""
    columns, rows = 8 * int(folds) + 1, np.linspace(0, 1, 5)
    s = np.linspace(0, 1, columns)
    wave = 0.5 * fold * (depth - 0.01) * np.sin(2 * np.pi * folds * s)[None] * (0.75 + 0.25 * (1 - rows[:, None]))
    x = -0.48 * width + drawn * 0.96 * width * s[None] * (1 + 0 * rows[:, None])
    z = np.broadcast_to((height - 0.045) * rows[:, None], wave.shape)
    cloth = sheet(np.stack([x, wave, z], axis=2)[:, ::-1], 0.006)
    bar = tube([(-width / 2 + 0.003, 0, height - 0.024), (width / 2 - 0.003, 0, height - 0.024)], rod, 10)
    ends = [
        lathe([(0, 0), (0.024, 0), (0.024, 0.01), (0, 0.01)], 14).turned(SIDEWAYS).moved(x0, 0, height - 0.024)
        for x0 in (-width / 2, width / 2 - 0.01)
    ]
    hooks = [
        box(0.008, 0.034, 0.05, (float(k), 0, height - 0.055))
        for k in np.linspace(-0.47 * width, (0.96 * drawn - 0.49) * width, int(folds) + 1)
    ]
    sides = box(0.006, depth, 0.006, (-0.48 * width + 0.003, 0, height - 0.05))
    return standing((width, depth, height), cloth, [bar, *ends, *hooks, sides])


@made_of("towel", "towel_band")
def towel_stack(
    width: float = 0.36, depth: float = 0.26, height: float = 0.2, softness: float = 0.8, slack: float = 0.05, count: int = 3, seed: int = 0
) -> Mesh:
    """Folded towels on each other; `softness` rounds their edges, `slack` lets them lie askew; every second one is the second colour."""
    rng = np.random.default_rng(int(seed))
    many = max(2, int(count))
    tall = height / many
    piles: list[list[Part]] = [[], []]
    for k in range(many):
        w, d = (1 - slack * rng.uniform(0, 1, 2)) * (width, depth)
        halves = [rounded_box(w, d, 0.52 * tall, softness * 0.25 * tall, (0, 0, f * 0.48 * tall)) for f in (0, 1)]
        back = rounded_box(w - 0.01, 0.5 * d, tall - 0.003, 0.45 * tall, (0, -0.24 * d, 0.0015), segments=2)
        x, y = slack * rng.uniform(-0.4, 0.4, 2) * (width, depth)
        piles[k % 2].append(join([*halves, back]).moved(x, y, k * tall))
    return standing((width, depth, height), *piles)
