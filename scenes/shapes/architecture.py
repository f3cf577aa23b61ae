"""What a room is made of: floor, ceiling, walls with openings, doors, windows, radiators.

These parts overlap or fill each other, so their parameters are those of the room and of the opening, not a bounding box. In the frame of a
wall its inner surface is y = 0, the room lies at y < 0, the floor at z = 0, and x = 0 is the middle of the wall.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scenes.scene import Mesh
from scenes.shapes.assembly import assemble, hung, made_of
from scenes.shapes.parts import Part, box, boxes, join, rounded_box, tube
from scenes.textures.outlook import HORIZON

THICKNESS_M = 0.16


def lattice(xs: ArrayLike, zs: ArrayLike, solid: ArrayLike, y0: float, y1: float) -> Part:
    """An upright slab between y0 < y1 made of the cells of a grid: `solid` [len(zs)-1, len(xs)-1] says which exist, lowest row first.

    One closed surface without seams inside, so that no crack shows between neighbouring cells.
    """
    x, z = np.asarray(xs, dtype=np.float64), np.asarray(zs, dtype=np.float64)
    mask = np.pad(np.asarray(solid, dtype=bool), 1)
    inner = mask[1:-1, 1:-1]
    quads = []
    for j, i in np.argwhere(inner):
        a, b, c, d = x[i], x[i + 1], z[j], z[j + 1]
        quads.append([(a, y0, c), (b, y0, c), (b, y0, d), (a, y0, d)])
        quads.append([(b, y1, c), (a, y1, c), (a, y1, d), (b, y1, d)])
        if not mask[j + 1, i]:
            quads.append([(a, y1, c), (a, y0, c), (a, y0, d), (a, y1, d)])
        if not mask[j + 1, i + 2]:
            quads.append([(b, y0, c), (b, y1, c), (b, y1, d), (b, y0, d)])
        if not mask[j, i + 1]:
            quads.append([(a, y1, c), (b, y1, c), (b, y0, c), (a, y0, c)])
        if not mask[j + 2, i + 1]:
            quads.append([(a, y0, d), (b, y0, d), (b, y1, d), (a, y1, d)])
    corners = np.array(quads)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    u = np.where(np.abs(normals[:, None, 0]) > 0.5, corners[..., 1], corners[..., 0])
    v = np.where(np.abs(normals[:, None, 2]) > 0.5, corners[..., 1], corners[..., 2])
    faces = (np.array([[0, 1, 2], [0, 2, 3]]) + 4 * np.arange(len(corners))[:, None, None]).reshape(-1, 3)
    return Part(corners.reshape(-1, 3), faces, np.stack([u, v], axis=2).reshape(-1, 2), np.repeat(normals, 4, axis=0))


@made_of("floor")
def floor(length: float, breadth: float, rim: float = THICKNESS_M / 2, depth: float = 0.1) -> Mesh:
    """The floor of a room of length (x) by breadth (y), `depth` thick: its top is z = 0, and it reaches `rim` under the walls."""
    return assemble(box(length + 2 * rim, breadth + 2 * rim, depth, (0, 0, -depth)))


@made_of("ceiling")
def ceiling(length: float, breadth: float, rim: float = THICKNESS_M / 2, depth: float = 0.1) -> Mesh:
    """The ceiling of a room, `depth` thick: its underside is z = 0, and it reaches `rim` over the walls."""
    return assemble(box(length + 2 * rim, breadth + 2 * rim, depth))


@made_of("wall", "trim")
def wall(
    length: float,
    room_height: float,
    skirting: float = 0.08,
    thickness: float = THICKNESS_M,
    holes: tuple[float, ...] = (),
) -> Mesh:
    """A wall with its skirting board and rectangular openings.

    `holes` lists (x of the middle, z of the lower edge, width, height) of one opening after the other; a door's z is 0. They keep apart.
    """
    end = length / 2 + thickness / 2
    low, high = -0.08, room_height + 0.08
    cut = np.reshape(holes, (-1, 4))
    left, right = cut[:, 0] - cut[:, 2] / 2, cut[:, 0] + cut[:, 2] / 2
    bottom = np.where(cut[:, 1] <= 0, -0.04, cut[:, 1])  # below the floor's surface, where a door's reveal ends unseen
    top = cut[:, 1] + cut[:, 3]
    xs, zs = np.unique([-end, *left, *right, end]), np.unique([low, *bottom, *top, high])
    x, z = (xs[:-1] + xs[1:]) / 2, (zs[:-1] + zs[1:])[:, None] / 2
    solid = np.ones((len(zs) - 1, len(xs) - 1), dtype=bool)
    for k in range(len(cut)):
        solid &= ~((x > left[k]) & (x < right[k]) & (z > bottom[k]) & (z < top[k]))
    casing = 0.07
    doors = sorted((left[k] - casing + 0.005, right[k] + casing - 0.005) for k in range(len(cut)) if cut[k, 1] <= 0)
    edges = [-length / 2, *(float(edge) for door in doors for edge in door), length / 2]
    spans = zip(edges[::2], edges[1::2], strict=True)
    boards = [rounded_box(b - a, 0.026, skirting, 0.006, ((a + b) / 2, -0.001, 0)) for a, b in spans if b - a > 0.03 and skirting > 0]
    return assemble(lattice(xs, zs, solid, 0.0, thickness), boards)


@made_of("door", "trim", "metal")
def door(hole_width: float = 0.85, hole_height: float = 2.02, panels: int = 2, mirrored: int = 0) -> Mesh:
    """A closed door leaf with raised `panels`, casing and handle, for an opening of that size."""
    w, h, casing = hole_width / 2, hole_height, 0.07
    xs, zs = [-w - casing, -w + 0.012, w - 0.012, w + casing], [0, h - 0.012, h + casing]
    frame = lattice(xs, zs, [[1, 0, 1], [1, 1, 1]], -0.02, 0.0)
    jamb = lattice([-w - 0.004, -w + 0.016, w - 0.016, w + 0.004], [0, h - 0.016, h + 0.004], [[1, 0, 1], [1, 1, 1]], -0.004, 0.12)
    leaf = [box(2 * w - 0.026, 0.04, h - 0.018, (0, 0.055, 0.005))]
    rows = {0: [], 1: [(0.14, 0.84)], 2: [(0.08, 0.42), (0.48, 0.93)], 3: [(0.06, 0.3), (0.35, 0.62), (0.67, 0.94)]}[int(panels)]
    for low, high in rows:
        for x, breadth in ((-0.42 * w, 0.62 * w), (0.42 * w, 0.62 * w)) if panels > 1 else ((0.0, 1.3 * w),):
            leaf.append(rounded_box(breadth, 0.016, (high - low) * h, 0.006, (x, 0.035, low * h)))
    x = (w - 0.075) * (-1 if mirrored else 1)
    plate = box(0.035, 0.01, 0.2, (x, 0.033, 0.95))
    lever = tube([[x, 0.03, 1.06], [x, -0.02, 1.06], [x - np.sign(x) * 0.12, -0.025, 1.06]], 0.009)
    return assemble(leaf, [frame, jamb], [plate, lever])


@made_of("trim", "outlook")
def window(
    hole_width: float = 1.4, hole_height: float = 1.3, panes: int = 2, bars: int = 0, skyline: float = 0.35, backdrop: int = 1
) -> Mesh:
    """A window for an opening of that size, z = 0 its lower edge: frame, sill and, as a backdrop, a picture of what lies outside.

    `panes` side by side, each divided by `bars` horizontal bars. The picture (texture metres = 1) keeps its proportions and has its
    horizon at the fraction `skyline` of the height; with `backdrop` = 0 there is none, and the way out is open.
    """
    w, h, t = hole_width / 2, hole_height, 0.05
    edges = np.linspace(-w + t, w - t, int(panes) + 1)
    xs, columns = [-w - 0.005], [1]
    for k in range(int(panes)):
        xs += [edges[k] + (0.02 if k else 0.0), edges[k + 1] - (0.02 if k + 1 < panes else 0.0)]
        columns += [0, 1]
    xs.append(w + 0.005)
    heights = np.linspace(t, h - t, int(bars) + 2)
    zs, rows = [-0.005], [1]
    for k in range(int(bars) + 1):
        zs += [heights[k] + (0.012 if k else 0.0), heights[k + 1] - (0.012 if k < bars else 0.0)]
        rows += [0, 1]
    zs.append(h + 0.005)
    frame = lattice(xs, zs, np.maximum(np.array(rows)[:, None], np.array(columns)), 0.07, 0.12)
    sill = rounded_box(hole_width + 0.1, 0.18, 0.03, 0.008, (0, 0.01, -0.025))
    if not backdrop:
        return assemble([frame, sill])
    pane = box(hole_width + 0.02, 0.01, h + 0.02, (0, 0.105, -0.01))
    share = min(HORIZON / (1 - skyline), (0.98 - HORIZON) / skyline)  # of the picture's height that fills the window
    uvs = (pane.vertices[:, [0, 2]] - (0, skyline * h)) * (share / h) * (1, -1) + (0.5, HORIZON)
    return assemble([frame, sill], pane.with_uvs(uvs))


@made_of("radiator", wall_hung=True)
def radiator(width: float = 1.0, depth: float = 0.11, height: float = 0.55) -> Mesh:
    """A ribbed panel radiator on the wall."""
    ribs = max(3, round(width / 0.06))
    pitch = width / ribs
    centres = [[-width / 2 + (k + 0.5) * pitch, -depth / 2 - 0.01, height / 2] for k in range(ribs)]
    bars = boxes([[0.62 * pitch, depth - 0.03, height]] * ribs, centres, upright=True)
    rails = [box(width - 0.3 * pitch, 0.5 * depth, 0.03, (0, -depth / 2 - 0.01, z)) for z in (0.06, height - 0.09)]
    feet = [box(0.04, 0.03, 0.1, (x * width, -0.015, 0.5 * height)) for x in (-0.35, 0.35)]
    return hung((width, depth, height), join([bars, *rails, *feet]))
