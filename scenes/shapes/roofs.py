"""Roofs: ridged (gable, gambrel), hipped and flat, with eaves, ridges, chimneys and dormers. z = 0 is the top of the walls.

The texture of a covering runs along the eaves (u) and up the slope (v), in metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scenes.shapes.facades import Opening, Slots, block, body, dressing, frames, merge, quads
from scenes.shapes.parts import Float, Part, cylinder, join, unit

SHELL_M = 0.16  # of the roof, measured upright
GUTTER_M = 0.1
ROOFS = ("gable", "gambrel", "hip", "flat")
_GAMBREL_SHARE, _GAMBREL_STEEP_DEG = 0.3, 62.0  # of half the span that the steep part covers, and its slope
_QUARTER_TURN = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def gable_profile(roof: str, span: float, pitch_deg: float) -> list[tuple[float, float]]:
    """Corners (distance from the left, height above the walls) of gables that are `span` wide; none where the roof has no gables."""
    slope, half = float(np.tan(np.radians(pitch_deg))), span / 2
    if roof == "gable":
        return [(half, half * slope)]
    if roof == "gambrel":
        kink = _GAMBREL_SHARE * half
        high = kink * float(np.tan(np.radians(_GAMBREL_STEEP_DEG)))
        return [(kink, high), (half, high + (half - kink) * slope), (span - kink, high)]
    return []


def rise(roof: str, span: float, pitch_deg: float, overhang: float) -> float:
    """Height of the ridge above the walls; of a flat roof its coping. A hip's `span` is the shorter side."""
    if roof == "flat":
        return 0.12
    if roof == "hip":
        return SHELL_M + (span / 2 + overhang - GUTTER_M) * float(np.tan(np.radians(pitch_deg)))
    return SHELL_M + gable_profile(roof, span, pitch_deg)[len(gable_profile(roof, span, pitch_deg)) // 2][1]


def ridged(span: float, length: float, profile: ArrayLike, overhang: float, verge: float) -> tuple[Part, Part]:
    """Covering and edges (fascia, soffit, verges) of a ridged roof, its ridge along x; `verge` is how far it overhangs the gables."""
    inner = np.concatenate([[(0.0, 0.0)], np.reshape(profile, (-1, 2)), [(span, 0.0)]]) - (span / 2, 0.0)
    reach = overhang - GUTTER_M
    inner[0] = inner[0] - (inner[1] - inner[0]) * reach / (inner[1, 0] - inner[0, 0])
    inner[-1] = inner[0] * (-1, 1)
    outer = inner + np.array([0.0, SHELL_M])
    half = length / 2 + verge

    def at(x: float, points: Float) -> Float:
        return np.column_stack([np.full(len(points), x), points])

    def between(a: Float, b: Float, c: Float, d: Float) -> Float:
        return np.stack([a, b, c, d], axis=1)

    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(outer, axis=0).T))])
    v = np.minimum(arc, arc[-1] - arc)
    cover = between(at(half, outer[:-1]), at(half, outer[1:]), at(-half, outer[1:]), at(-half, outer[:-1]))
    uvs = np.stack([cover[..., 0], np.stack([v[:-1], v[1:], v[1:], v[:-1]], axis=1)], axis=2)
    below = between(at(-half, inner[:-1]), at(-half, inner[1:]), at(half, inner[1:]), at(half, inner[:-1]))
    right = between(at(half, inner[:-1]), at(half, inner[1:]), at(half, outer[1:]), at(half, outer[:-1]))
    left = between(at(-half, inner[1:]), at(-half, inner[:-1]), at(-half, outer[:-1]), at(-half, outer[1:]))
    fascia = between(*(at(x, p[:1]) for x, p in ((-half, inner), (half, inner), (half, outer), (-half, outer))))
    behind = between(*(at(x, p[-1:]) for x, p in ((half, inner), (-half, inner), (-half, outer), (half, outer))))
    edges = np.concatenate([below, right, left, fascia, behind])
    return quads(cover, uvs), quads(edges, edges[..., [0, 2]])


def hipped(width: float, depth: float, pitch_deg: float) -> tuple[Part, Part]:
    """Covering and edges of a hipped roof over a rectangle that includes its eaves, the ridge along the longer side."""
    if depth > width:
        cover, edges = hipped(depth, width, pitch_deg)
        return cover.turned(_QUARTER_TURN), edges.turned(_QUARTER_TURN)
    a, b = width / 2, depth / 2
    top, ridge = SHELL_M + b * float(np.tan(np.radians(pitch_deg))), max(a - b, 0.15)
    eave = np.array([(-a, -b), (a, -b), (a, b), (-a, b)])
    ends = np.array([(-ridge, 0.0, top), (ridge, 0.0, top)])
    low, high = (np.column_stack([eave, np.full(4, z)]) for z in (0.0, SHELL_M))
    slope = float(np.hypot(b, top - SHELL_M))
    sides = [
        np.array([high[0], high[1], ends[1], ends[0]]),
        np.array([high[2], high[3], ends[0], ends[1]]),
    ]
    uvs = np.array([[(-a, 0), (a, 0), (ridge, slope), (-ridge, slope)]] * 2, dtype=np.float64)
    run = float(np.hypot(a - ridge, top - SHELL_M))
    hips = [np.array([high[1], high[2], ends[1]]), np.array([high[3], high[0], ends[0]])]
    covers = [quads(np.array(sides), uvs)] + [_triangle(hip, [(-b, 0.0), (b, 0.0), (0.0, run)]) for hip in hips]
    following = [1, 2, 3, 0]
    fascia = np.stack([low, low[following], high[following], high], axis=1)
    return join(covers), quads(np.concatenate([fascia, low[None, ::-1]]), np.concatenate([fascia, low[None, ::-1]])[..., [0, 2]])


def _triangle(corners: Float, uvs: ArrayLike) -> Part:
    normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
    return Part(corners, np.array([[0, 1, 2]]), np.asarray(uvs, dtype=np.float64), np.tile(normal / np.linalg.norm(normal), (3, 1)))


def roof_over(roof: str, width: float, depth: float, z: float, pitch_deg: float, overhang: float, verge: float, across: bool) -> Slots:
    """Roof of a body width x depth whose walls end at z: covering, edges, gutters and ridge. `across`: the ridge runs along y."""
    span, length = (width, depth) if across else (depth, width)
    if roof == "hip":
        reach = 2 * (overhang - GUTTER_M)
        cover, edges = hipped(width + reach, depth + reach, pitch_deg)
        gutters = _gutters(width, depth, overhang, SHELL_M, True)
        return {"roof": [cover.moved(z=z)], "eaves": [edges.moved(z=z), *(g.moved(z=z) for g in gutters)]}
    profile = gable_profile(roof, span, pitch_deg)
    cover, edges = ridged(span, length, profile, overhang, verge)
    eave = SHELL_M - (overhang - GUTTER_M) * profile[0][1] / profile[0][0]
    gutters = _gutters(length + 2 * verge, span, overhang, eave, False)
    parts = [part.turned(_QUARTER_TURN) if across else part for part in (cover, edges, *gutters)]
    return {"roof": [parts[0].moved(z=z)], "eaves": [part.moved(z=z) for part in parts[1:]]}


def _gutters(length: float, span: float, overhang: float, top: float, all_round: bool) -> list[Part]:
    """Troughs hung on the eaves along x, and along y too where all sides have eaves."""
    y, size = span / 2 + overhang - GUTTER_M / 2, GUTTER_M
    reach = 2 * overhang if all_round else 0.0
    made = [block(length + reach, size, 0.11, (0, side * y, top - 0.14)) for side in (-1, 1)]
    if all_round:
        x = length / 2 + overhang - size / 2
        made += [block(size, span + 2 * overhang - 2 * size, 0.11, (side * x, 0, top - 0.14)) for side in (-1, 1)]
    return made


def chimney(x: float, y: float, foot: float, top: float, breadth: float = 0.75, pots: int = 2) -> Slots:
    """A brick stack from `foot` to `top` (its pots included), with a projecting crown."""
    pot = 0.35 if pots else 0.0
    stack = block(breadth, 0.55, top - pot - foot, (x, y, foot))
    crown = block(breadth + 0.12, 0.67, 0.14, (x, y, top - pot - 0.3))
    places = x + (np.arange(pots) - (pots - 1) / 2) * 0.3
    clay = [cylinder(0.11, pot + 0.05, (float(p), y, top - pot - 0.05), segments=6, top=0.09) for p in places]
    return {"chimney": [stack, crown], "roof": clay}


def dormer(
    x: float, front: float, foot: float, slope: float, width: float, height: float, detail: int, pane: str = "window_glass"
) -> Slots:
    """A gabled dormer window on a slope that rises towards +y with tangent `slope`; its front stands at y = front, its sill at z = foot."""
    depth = (height + 0.5 * width) / slope + 0.3
    at = (x, front + depth / 2, foot)
    opening = Opening(
        s=width / 2, z=0.12, width=width - 0.3, height=height - 0.2, reveal=0.06, ring=0.06, pane=pane, panes=(2, 1), dressed=False
    )
    walls = body(width, depth, height, ([opening], [], [], []), [(width / 2, 0.35 * width)], across=True, at=at)
    cover, edges = (
        part.turned(_QUARTER_TURN).moved(x, front + depth / 2, foot + height)
        for part in ridged(width, depth, [(width / 2, 0.35 * width)], 0.12 + GUTTER_M, 0.1)
    )
    return merge(walls, dressing(frames(width, depth, at)[0], [opening], detail), {"roof": [cover], "eaves": [edges]})


def spire(side: float, height: float, z: float) -> Part:
    """A four-sided pyramid on a square of that side."""
    a = side / 2
    high = float(np.hypot(a, height))
    corners = np.array([(-a, -a, z), (a, -a, z), (a, a, z), (-a, a, z)])
    tip = np.array([0.0, 0.0, z + height])
    sides = [_triangle(np.array([corners[k], corners[(k + 1) % 4], tip]), [(-a, 0.0), (a, 0.0), (0.0, high)]) for k in range(4)]
    return join([*sides, quads(corners[None, ::-1], corners[None, ::-1, :2])])


def lean_to(width: float, depth: float, fall: float, thickness: float, at: tuple[float, float, float]) -> Part:
    """A slab that falls towards -y by `fall` over its depth; `at` is the middle of its lower back edge."""
    slab = block(width, depth, thickness, (0.0, -depth / 2, 0.0))
    slope = fall / depth
    vertices = slab.vertices + slab.vertices[:, 1:2] * (0.0, 0.0, slope)
    normals = slab.normals - slab.normals[:, 2:] * (0.0, slope, 0.0)
    return Part(vertices, slab.faces, slab.uvs, unit(normals)).moved(*at)
