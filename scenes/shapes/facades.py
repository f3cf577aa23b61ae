"""Outer walls with openings: the closed body of a building, and what is fixed to its walls.

A wall is seen from outside in its own frame: s runs along it from its left end, z up, d inwards from its surface. An `Opening` is a recess:
a reveal as deep as it says, a ring of frame, and a pane set back in it. All walls and the caps of a body make one closed surface.
What a function makes comes as `Slots`: parts by the role of their material.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scenes.shapes.parts import Float, Part, boxes, unit

PANE_DEPTH_M = 0.035  # how far a pane lies behind the face of its frame
Slots = dict[str, list[Part]]


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A window or door in a wall: middle `s`, lower edge `z`, and size in metres.

    pane: the role of what closes it. ring: the frame's breadth, 0 for none. reveal: depth of the frame behind the wall. panes: columns and
    rows that glazing bars make. veil: how much of the glass a blind (positive, from above) or curtains (negative, from both sides) hide.
    dressed: with sill and lintel.
    """

    s: float
    z: float
    width: float
    height: float
    pane: str = "window_glass"
    ring: float = 0.06
    reveal: float = 0.12
    panes: tuple[int, int] = (1, 1)
    veil: float = 0.0
    dressed: bool = True

    @property
    def rect(self) -> tuple[float, float, float, float]:
        """s0, s1, z0, z1, to a tenth of a millimetre so that edges meant to be in line are."""
        half = self.width / 2
        return round(self.s - half, 4), round(self.s + half, 4), round(self.z, 4), round(self.z + self.height, 4)


@dataclass(frozen=True)
class Frame:
    """Where a wall stands: `origin` [3] is its lower left corner seen from outside, `along` [3] the unit vector of s."""

    origin: Float
    along: Float

    @property
    def inward(self) -> Float:
        return np.array([-self.along[1], self.along[0], 0.0])

    def place(self, local: Float) -> Float:
        """World points of points (s, z, d) [..., 3]."""
        up = np.array([0.0, 0.0, 1.0])
        world = self.origin + local[..., :1] * self.along + local[..., 1:2] * up + local[..., 2:] * self.inward
        return np.round(world, 5)  # so that walls meet in the very same points


def merge(*many: Slots) -> Slots:
    """The parts of all, role by role."""
    merged: Slots = {}
    for slots in many:
        for role, parts in slots.items():
            merged.setdefault(role, []).extend(parts)
    return merged


def frames(width: float, depth: float, at: Sequence[float] = (0.0, 0.0, 0.0)) -> tuple[Frame, Frame, Frame, Frame]:
    """The walls of a footprint centred on `at`: front (-y), right (+x), back, left."""
    a, b = width / 2, depth / 2
    corners = ((-a, -b), (a, -b), (a, b), (-a, b))
    steps = ((1, 0), (0, 1), (-1, 0), (0, -1))
    made = [Frame(np.array([x + at[0], y + at[1], at[2]]), np.array([u, v, 0.0])) for (x, y), (u, v) in zip(corners, steps, strict=True)]
    return made[0], made[1], made[2], made[3]


def _cross(a: Float, b: Float) -> Float:
    """Cross products [..., 3], a good deal faster than numpy's on small arrays."""
    (ax, ay, az), (bx, by, bz) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def quads(corners: Float, uvs: Float) -> Part:
    """Flat quadrilaterals [n, 4, 3], counter-clockwise from outside, with texture coordinates [n, 4, 2]."""
    normals = unit(_cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]))
    faces = (np.array([[0, 1, 2], [0, 2, 3]]) + 4 * np.arange(len(corners))[:, None, None]).reshape(-1, 3)
    return Part(corners.reshape(-1, 3), faces, uvs.reshape(-1, 2), np.repeat(normals, 4, axis=0))


def fan(corners: Float, uvs: Float) -> Part:
    """A flat polygon [n, 3] whose triangles all meet in its first corner."""
    k = np.arange(1, len(corners) - 1)
    faces = np.stack([np.zeros_like(k), k, k + 1], axis=1)
    edges = corners[1:] - corners[0]
    normal = unit(_cross(edges[:-1], edges[1:]).sum(axis=0))
    return Part(corners, faces, uvs, np.tile(normal, (len(corners), 1)))


def _placed_quads(frame: Frame, local: Float, shift: float) -> Part:
    """Quads of a wall given in (s, z, d) [n, 4, 3]; the texture lies in the wall's plane and bends into the reveals."""
    edges = np.abs(_cross(local[:, 1] - local[:, 0], local[:, 2] - local[:, 0]))
    facing = edges.argmax(axis=1)[:, None]  # 0: a jamb, 1: a sill or head, 2: the wall's plane
    s, z, d = local[..., 0], local[..., 1], local[..., 2]
    uvs = np.stack([np.where(facing == 0, d, s) + shift, np.where(facing == 1, d, z)], axis=2)
    return quads(frame.place(local), uvs)


def wall(frame: Frame, length: float, height: float, openings: Sequence[Opening], top: ArrayLike = (), shift: float = 0.0) -> Slots:
    """A wall of that size with its openings; its border has no corners but its own.

    `top` [n, 2] lists corners (s, z) of a gable between the upper right corner and the upper left one. `shift` moves the texture.
    """
    crown = np.concatenate([[(length, height)], np.reshape(top, (-1, 2)), [(0.0, height)]])
    flat = [(0.0, 0.0), (length, 0.0), *crown]
    if not openings:
        return {"facade": [_polygon(frame, flat, shift)]}
    rects = np.array([opening.rect for opening in openings])
    xs, zs = np.unique(rects[:, :2]), np.unique(rects[:, 2:])
    x, z = (xs[:-1] + xs[1:]) / 2, (zs[:-1] + zs[1:])[:, None] / 2
    s0, s1, z0, z1 = (rects[:, k, None, None] for k in range(4))
    solid = ~((x > s0) & (x < s1) & (z > z0) & (z < z1)).any(axis=0)
    j, i = np.nonzero(solid)
    cells = np.stack([(xs[i], zs[j]), (xs[i + 1], zs[j]), (xs[i + 1], zs[j + 1]), (xs[i], zs[j + 1])], axis=1).transpose(2, 1, 0)
    parts = [_placed_quads(frame, np.pad(cells, ((0, 0), (0, 0), (0, 1))), shift)] if len(cells) else []
    parts += [_polygon(frame, polygon, shift) for polygon in _margin(crown, length, xs, zs)]
    return merge({"facade": parts}, _recesses(frame, openings, xs, zs, shift))


def _polygon(frame: Frame, points: ArrayLike, shift: float) -> Part:
    local = np.pad(np.asarray(points, dtype=np.float64), ((0, 0), (0, 1)))
    return fan(frame.place(local), local[:, :2] + (shift, 0.0))


def _margin(crown: Float, length: float, xs: Float, zs: Float) -> list[list[tuple[float, float]]]:
    """Polygons between a wall's outline and the grid of its openings, each a fan from its first corner."""
    apex = len(crown) // 2
    low, high = [(x, zs[0]) for x in xs], [(x, zs[-1]) for x in xs]
    left, right = [(xs[0], z) for z in zs], [(xs[-1], z) for z in zs]
    outline = [(float(s), float(z)) for s, z in crown]
    polygons = [
        [(0.0, 0.0), (length, 0.0), *low[::-1]],
        [(length, 0.0), outline[0], *right[::-1]],
        [(0.0, 0.0), *left, outline[-1]],
        [outline[apex], *high],
        [high[-1], *outline[: apex + 1]],
        [high[0], *outline[apex:]],
    ]
    return [polygon for polygon in polygons if len(polygon) > 2]


def _recesses(frame: Frame, openings: Sequence[Opening], xs: Float, zs: Float, shift: float) -> Slots:
    """Reveals, rings of frame and panes; a reveal keeps the corners that the grid's lines put on its rim."""
    rects = np.array([opening.rect for opening in openings])
    reveal, ring = (np.array([getattr(opening, name) for opening in openings])[:, None] for name in ("reveal", "ring"))
    corners = np.stack([rects[:, [0, 2]], rects[:, [1, 2]], rects[:, [1, 3]], rects[:, [0, 3]]], axis=1)  # [n, 4, (s, z)]
    rim = np.pad(corners, ((0, 0), (0, 0), (0, 1)))
    outer = np.concatenate([corners, np.repeat(reveal[..., None], 4, axis=1)], axis=2)
    inward = np.array([(1, 1, 0), (-1, 1, 0), (-1, -1, 0), (1, -1, 0)])
    inner = outer + ring[..., None] * inward
    framed = ring[:, 0] > 0
    pane = inner + np.where(framed, PANE_DEPTH_M, 0.0)[:, None, None] * np.array([0.0, 0.0, 1.0])
    following = [1, 2, 3, 0]
    flank = np.stack([outer, rim, rim[:, following], outer[:, following]], axis=2)
    border = np.stack([outer, outer[:, following], inner[:, following], inner], axis=2)
    step = np.stack([inner, inner[:, following], pane[:, following], pane], axis=2)
    crossed = [((lines > rects[:, [k]]) & (lines < rects[:, [k + 1]])) for lines, k in ((xs, 0), (zs, 2))]
    split = np.stack([crossed[0].any(axis=1), crossed[1].any(axis=1)] * 2, axis=1)
    reveals = [_placed_quads(frame, flank[~split], shift)] if not split.all() else []
    for n, k in np.argwhere(split):
        along = k % 2
        points = (xs, zs)[along][crossed[along][n]][:: 1 if k < 2 else -1]
        between = np.tile(rim[n, k], (len(points), 1))
        between[:, along] = points
        side = np.concatenate([flank[n, k, :2], between, flank[n, k, 2:]])
        s, z, d = side.T
        reveals.append(fan(frame.place(side), np.column_stack([d + shift, z] if along else [s + shift, d])))
    rings = np.concatenate([border[framed], step[framed]]).reshape(-1, 4, 3)
    roles = [opening.pane for opening in openings]
    panes = {role: [_placed_quads(frame, pane[[r == role for r in roles]], 0.0)] for role in dict.fromkeys(roles)}
    return merge({"facade": reveals, "window_frame": [_placed_quads(frame, rings, shift)] if len(rings) else []}, panes)


def solids(frame: Frame, rects: ArrayLike) -> list[Part]:
    """Boxes on a wall, each given as s0, s1, z0, z1, d0, d1 (d < 0: before the wall); a list of one part, or of none."""
    r = np.reshape(rects, (-1, 6)).astype(np.float64)
    if not len(r):
        return []
    low, high = frame.place(r[:, 0::2]), frame.place(r[:, 1::2])
    return [boxes(np.abs(high - low), (low + high) / 2, upright=True)]


def dressing(frame: Frame, openings: Iterable[Opening], detail: int, lintel: float = 0.0, shutters: bool = False) -> Slots:
    """Glazing bars, blinds and curtains, sills, lintels (`lintel` metres high) and shutters of a wall's openings, as `detail` allows."""
    bars, veils, stones, leaves = [], [], [], []
    for o in openings:
        s0, s1, z0, z1 = o.rect
        a, b, low, high = s0 + o.ring, s1 - o.ring, z0 + o.ring, z1 - o.ring
        columns, rows = o.panes
        if detail >= 1:
            bars += [
                (x - 0.025, x + 0.025, low - 0.01, high + 0.01, o.reveal + 0.004, o.reveal + 0.05)
                for x in np.linspace(a, b, columns + 1)[1:-1]
            ]
        if detail >= 2:
            bars += [
                (a - 0.01, b + 0.01, z - 0.02, z + 0.02, o.reveal + 0.01, o.reveal + 0.05) for z in np.linspace(low, high, rows + 1)[1:-1]
            ]
        behind, under = (o.reveal + 0.018, o.reveal + 0.034), 0.005  # veils reach a little way into the frame
        if detail >= 1 and o.veil > 0:
            veils.append((a - under, b + under, high - o.veil * (high - low), high + under, *behind))
        elif detail >= 1 and o.veil < 0:
            cloth = -o.veil * (b - a) / 2
            veils += [(x - under, x + cloth + under, low - under, high + under, *behind) for x in (a, b - cloth)]
        if o.dressed and detail >= 2:
            stones.append((s0 - 0.06, s1 + 0.06, z0 - 0.06, z0 + 0.012, -0.045, o.reveal - 0.01))
            if lintel > 0:
                stones.append((s0 - 0.13, s1 + 0.13, z1 + 0.004, z1 + lintel, -0.014, 0.02))
        if o.dressed and shutters and detail >= 1:
            half = min(0.5 * o.width, 0.6)
            leaves += [(s0 - 0.03 - half, s0 - 0.03, z0 + 0.02, z1, -0.04, 0.02), (s1 + 0.03, s1 + 0.03 + half, z0 + 0.02, z1, -0.04, 0.02)]
    return {
        "window_frame": solids(frame, bars),
        "window_curtain": solids(frame, veils),
        "stone_trim": solids(frame, stones),
        "front_door": solids(frame, leaves),
    }


def body(
    width: float,
    depth: float,
    height: float,
    walls: Sequence[Sequence[Opening]],
    profile: ArrayLike = (),
    across: bool = False,
    at: Sequence[float] = (0.0, 0.0, 0.0),
    lid: str = "facade",
) -> Slots:
    """The closed solid of a building: four `walls` (front, right, back, left), a bottom, and a top of the role `lid`.

    `profile` [n, 2] lists the corners (distance from the left, height above the walls) of the gables, symmetric, none for a flat top; the
    gables are the right and left walls, or front and back with `across` (the ridge runs from front to back).
    """
    placed, lengths = frames(width, depth, at), (width, depth, width, depth)
    peaks = np.reshape(profile, (-1, 2)) + np.array([0.0, height])
    gables = (0, 2) if across else (1, 3)
    shifts = np.cumsum([0.0, *lengths[:3]])
    made = [
        wall(placed[k], lengths[k], height, walls[k], peaks[::-1] if k in gables else (), float(shifts[k]))  # bricks run on round corners
        for k in range(4)
    ]
    first, second = (placed[k] for k in gables)
    span = lengths[gables[0]]
    chain = np.concatenate([[(0.0, height)], peaks, [(span, height)]])
    local = np.pad(chain, ((0, 0), (0, 1)))
    here, there = first.place(local), second.place(local * (-1, 1, 1) + (span, 0, 0))
    lids = np.stack([here[:-1], here[1:], there[1:], there[:-1]], axis=1)
    ground = np.array([[first.place(np.array(p)) for p in ((span, 0.0, 0.0), (0.0, 0.0, 0.0))]])
    opposite = np.array([[second.place(np.array(p)) for p in ((span, 0.0, 0.0), (0.0, 0.0, 0.0))]])
    bottom = np.concatenate([ground, opposite], axis=1)
    return merge(*made, {lid: [quads(lids, lids[..., :2])]}, {"facade": [quads(bottom, bottom[..., :2])]})


def block(width: float, depth: float, height: float, at: Sequence[float] = (0.0, 0.0, 0.0)) -> Part:
    """A box with its bottom centre at `at`, textured upright as walls are."""
    return boxes([[width, depth, height]], [[at[0], at[1], at[2] + height / 2]], upright=True)


def rim(width: float, depth: float, breadth: float, height: float, z: float) -> Part:
    """A rectangular ring lying on the plane z: outer measures width x depth, its bars `breadth` wide."""
    x, y = (width - breadth) / 2, (depth - breadth) / 2
    inner = depth - 2 * breadth
    sizes = [(width, breadth, height)] * 2 + [(breadth, inner, height)] * 2
    centres = [(0, -y, z + height / 2), (0, y, z + height / 2), (-x, 0, z + height / 2), (x, 0, z + height / 2)]
    return boxes(sizes, centres, upright=True)
