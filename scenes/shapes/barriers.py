"""Fences, railings, walls and gates: panels along x of any width, to be set end to end.

A panel has half a post at each end, so that two neighbours share a whole one.
"""

from __future__ import annotations

import numpy as np

from scenes.errors import UserError
from scenes.geometry import rotation_z
from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.foliage import limbs
from scenes.shapes.parts import Float, Part, box, boxes, frustum, join, prism
from scenes.shapes.soft import sheet


def _spread(width: float, pitch: float) -> tuple[Float, float]:
    """Middles of things that stand about `pitch` apart within +-width / 2, half a pitch from its ends, and the exact pitch."""
    count = max(1, round(width / pitch))
    return (np.arange(count) + 0.5) * width / count - width / 2, width / count


def _end_posts(width: float, size: float, height: float) -> list[Part]:
    return [box(size / 2, size, height, (s * (width / 2 - size / 4), 0, 0)) for s in (-1, 1)]


def _upright_boxes(x: Float, size: tuple[float, float, float], y: float, low: float) -> Part:
    return boxes(np.tile([size], (len(x), 1)), [(k, y, low + size[2] / 2) for k in x])


@made_of("fence_wood")
def picket_fence(
    width: float = 2.4, depth: float = 0.1, height: float = 1.0, pitch: float = 0.13, slat: float = 0.08, point: float = 0.05
) -> Mesh:
    """Pointed slats about `pitch` apart and `slat` wide on two rails; `point` is the height of the points."""
    x, step = _spread(width - 0.02, pitch)
    broad = min(slat, 0.9 * step)
    outline = np.array(
        [[-broad / 2, 0], [broad / 2, 0], [broad / 2, height - 0.06 - point], [0, height - 0.06], [-broad / 2, height - 0.06 - point]]
    )
    forward = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
    slats = join([prism(outline, 0.2 * depth).turned(forward).moved(float(k), -0.3 * depth, 0.06) for k in x])
    slats = slats.with_uvs(slats.uvs[:, ::-1])  # the grain runs upwards
    rails = [box(width - 0.08, 0.35 * depth, 0.07, (0, -0.125 * depth, z * height)) for z in (0.22, 0.7)]
    posts = [post.moved(0, 0.05 * depth) for post in _end_posts(width, 0.9 * depth, 0.94 * height)]
    return standing((width, depth, height), [slats, *rails, *posts])


@made_of("fence_wood")
def board_fence(
    width: float = 1.8, depth: float = 0.1, height: float = 1.8, pitch: float = 0.12, gap: float = 0.008, clearance: float = 0.05
) -> Mesh:
    """A tight fence of upright boards `pitch` wide with gaps, `clearance` above the ground, capped by a rail."""
    x, step = _spread(width - depth, pitch)
    boards = _upright_boxes(x, (step - gap, 0.22 * depth, height - clearance - 0.03), -0.25 * depth, clearance)
    rails = [box(width - depth + 0.01, 0.4 * depth, 0.08, (0, 0.05 * depth, z * height)) for z in (0.15, 0.5, 0.85)]
    cap = box(width - depth - 0.002, 0.9 * depth, 0.035, (0, 0, height - 0.035))
    return standing((width, depth, height), [boards, *rails, cap, *_end_posts(width, depth, height)])


@made_of("painted_metal")
def railing(
    width: float = 2.0, depth: float = 0.05, height: float = 1.1, pitch: float = 0.12, bar: float = 0.018, spikes: float = 0.1
) -> Mesh:
    """Upright bars between two rails; their points stand `spikes` above the upper rail."""
    x, _ = _spread(width - depth, pitch)
    top = height - spikes
    bars = _upright_boxes(x, (bar, bar, height - 0.09 - 1.5 * bar), 0.0, 0.08)
    points = [frustum((1.6 * bar, 1.6 * bar), (0.2 * bar, 0.2 * bar), 3 * bar, (k, 0, height - 3 * bar)) for k in x]
    rails = [box(width - depth + 0.01, 0.7 * depth, 0.03, (0, 0, z)) for z in (0.12, top - 0.03)]
    return standing((width, depth, height), [bars, *points, *rails, *_end_posts(width, depth, height - 0.01)])


@made_of("galvanised")
def chain_fence(
    width: float = 2.5, depth: float = 0.06, height: float = 1.6, mesh: float = 0.11, wire: float = 0.006, tension: float = 0.5
) -> Mesh:
    """Wire netting with diamonds `mesh` wide between posts, and stretched wires along its edges and at `tension` of its height."""
    w, low, high = width - depth, 0.04, height - 0.06
    count = max(2, round(w / mesh))
    pitch = w / count
    start = np.arange(-int(np.ceil((high - low) / pitch)), count) * pitch - w / 2 + 0.3 * pitch
    left, right = np.maximum(start, -w / 2), np.minimum(start + high - low, w / 2)
    keep = right - left > 0.3 * pitch
    start, left, right = start[keep], left[keep], right[keep]
    rising = np.stack([np.stack([x, np.zeros(len(x)), low + x - start], axis=1) for x in (left, right)], axis=1)
    falling = rising * (-1, 1, 1)
    edges = np.array([[[-w / 2, 0, z], [w / 2, 0, z]] for z in (low, low + tension * (high - low), high)])
    apart = np.array([0.0, 0.4 * wire, 0.0])
    paths = np.concatenate([rising + apart, falling - apart, edges])
    radii = np.repeat(np.r_[np.full(2 * len(start), wire / 2), np.full(3, 0.8 * wire)][:, None], 2, axis=1)
    return standing((width, depth, height), [limbs(paths, radii, 3), *_end_posts(width, depth, height)])


_FENCES = {"picket": picket_fence, "boards": board_fence, "bars": railing, "chain": chain_fence}


@made_of("fence")
def fence(width: float = 2.4, depth: float = 0.08, height: float = 1.2, pitch: float = 0.13, style: str = "picket") -> Mesh:
    """A fence of "picket", "boards", "bars" or "chain" style, all of it covered by one role."""
    if style not in _FENCES:
        raise UserError(f"unknown style {style!r} of a fence: known are {', '.join(_FENCES)}")
    if style == "chain":
        return chain_fence(width, depth, height, mesh=pitch)
    return _FENCES[style](width, depth, height, pitch)


@made_of("galvanised")
def guard_rail(
    width: float = 4.0, depth: float = 0.3, height: float = 0.75, beam: float = 0.31, wave: float = 0.08, pitch: float = 2.0
) -> Mesh:
    """A crash barrier: a beam of W profile, `beam` high and `wave` deep, on posts about `pitch` apart; traffic passes at -y."""
    z = np.array([0.0, 0.07, 0.14, 0.3, 0.38, 0.46, 0.54, 0.62, 0.7, 0.86, 0.93, 1.0])
    y = np.array([0.9, 0.9, 0.7, 0.05, 0.05, 0.75, 0.75, 0.05, 0.05, 0.7, 0.9, 0.9])
    profile = np.stack([-depth / 2 + wave * y, height - beam + beam * z], axis=1)
    ends = [np.concatenate([np.full((len(z), 1), x), profile], axis=1) for x in (-width / 2, width / 2)]
    rail = sheet(np.stack(ends), 0.006)
    rail = rail.with_uvs(rail.vertices[:, [0, 2]])
    x, _ = _spread(width, pitch)
    posts = _upright_boxes(x, (0.06, 0.14, height - 0.06), depth / 2 - 0.07, 0.0)
    spacers = boxes(
        np.tile([[0.1, depth - 0.14 - 0.75 * wave, 0.22]], (len(x), 1)), [(k, -0.07 + 0.375 * wave, height - beam / 2 - 0.03) for k in x]
    )
    return standing((width, depth, height), [rail, posts, spacers])


@made_of("garden_wall", "coping")
def garden_wall(
    width: float = 3.0, depth: float = 0.24, height: float = 1.2, coping: float = 0.07, overhang: float = 0.03, pillars: float = 0.0
) -> Mesh:
    """A wall with a coping that hangs over by `overhang`; `pillars` > 0 is how far half-pillars at its ends stand above it."""
    body = height - pillars - coping
    thick = depth - 2 * overhang - (0.04 if pillars > 0 else 0)
    length = width - (depth if pillars > 0 else 0)
    wall = [box(length, thick, body + 0.005, upright=True)]
    caps = [box(length, thick + 2 * overhang, coping, (0, 0, body))]
    if pillars > 0:
        for s in (-1, 1):
            wall.append(
                box(depth / 2, depth - 2 * overhang, height - 1.3 * coping + 0.005, (s * (width / 2 - depth / 4), 0, 0), upright=True)
            )
            caps.append(
                box(depth / 2 + overhang, depth, 1.3 * coping, (s * (width / 2 - depth / 4 - overhang / 2), 0, height - 1.3 * coping))
            )
    return standing((width, depth, height), wall, caps)


@made_of("painted_metal", "garden_wall", "coping")
def gate(
    width: float = 3.6,
    depth: float = 0.42,
    height: float = 1.7,
    pillar: float = 0.4,
    pitch: float = 0.13,
    arch: float = 0.2,
    open_deg: float = 0.0,
) -> Mesh:
    """Two leaves of bars between pillars; the leaves rise by `arch` towards the middle and stand `open_deg` open, towards +y."""
    inner = width / 2 - pillar
    x, _ = _spread(inner - 0.06, pitch)
    tall = height - 0.12 - arch * (0.5 - x / inner)
    leaf = [box(0.028, 0.028, float(h) - 0.08, (float(k), 0, 0.07)) for k, h in zip(x, tall, strict=True)]
    leaf += [box(inner - 0.02, 0.035, 0.045, (0, 0, z)) for z in (0.1, 0.55 * height)]
    leaf += [
        box(0.045, 0.045, float(h), (float(k), 0, 0.05))
        for k, h in ((-inner / 2 + 0.03, tall[0] - 0.02), (inner / 2 - 0.03, tall[-1] - 0.02))
    ]
    hinged = join(leaf).moved(inner / 2)
    angle = float(np.radians(open_deg))
    left = hinged.turned(rotation_z(angle)).moved(-inner)
    right = hinged.turned(rotation_z(np.pi - angle)).moved(inner)
    pillars = [box(pillar - 0.04, depth - 0.04, height - 0.08, (s * (width / 2 - pillar / 2), 0, 0), upright=True) for s in (-1, 1)]
    caps = [frustum((pillar, depth), (0.6 * pillar, 0.6 * depth), 0.09, (s * (width / 2 - pillar / 2), 0, height - 0.09)) for s in (-1, 1)]
    return standing((width, depth, height), [left, right], pillars, caps)
