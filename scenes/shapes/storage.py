"""Furniture that holds things: shelves with books, cabinets with doors and drawers."""

from __future__ import annotations

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.parts import Float, Int, Part, box, boxes, join, rounded_box
from scenes.shapes.seating import four_legs

SPINE_COLUMNS, SPINE_ROWS = 16, 2  # the "spines" texture is an atlas of so many book spines


def books(sizes: Float, centres: Float, variants: Int, lying: bool = False) -> tuple[Part, Part]:
    """Covers and page blocks of books [N, 3]; `variants` int [N] picks each one's cell of the "spines" texture (metres = 1).

    Upright books show their spine at -y; lying ones have it there too, turned by a quarter.
    """
    covers = boxes(sizes, centres)
    cell = np.stack([variants % SPINE_COLUMNS, variants // SPINE_COLUMNS % SPINE_ROWS], axis=1)
    local = np.full((len(sizes), 6, 4, 2), 0.5)
    local[..., 1] = 0.04  # the sides show the plain cloth at the spine's foot
    spine = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    local[:, 3] = spine[:, ::-1] if lying else spine
    uvs = (cell[:, None, None] + 0.06 + 0.88 * local) / (SPINE_COLUMNS, SPINE_ROWS)
    grow, shift = ((0.002, -0.006, -0.006), (0.0, 0.004, 0.0)) if lying else ((-0.006, -0.018, -0.009), (0.0, 0.006, 0.0055))
    return covers.with_uvs(uvs.reshape(-1, 2)), boxes(sizes + np.array(grow), centres + np.array(shift))


def _row(
    rng: np.random.Generator, x0: float, x1: float, z: float, room: float, front: float, depth: float, mean: float = 0.032
) -> tuple[Float, Float]:
    """Sizes and centres of upright books that stand on z between x0 and x1, spines near y = `front`."""
    count = max(1, int((x1 - x0) / (0.7 * mean)))
    thick = mean * rng.uniform(0.5, 1.5, count)
    right = x0 + np.cumsum(thick + 0.0015)
    keep = right < x1
    thick, right = thick[keep], right[keep]
    tall = np.minimum(room * rng.uniform(0.62, 0.92, len(thick)), rng.uniform(0.2, 0.32, len(thick)))
    deep = np.minimum(depth, rng.uniform(0.14, 0.2, len(thick)))
    start = front + rng.uniform(0.0, 0.02, len(thick))
    sizes = np.stack([thick, deep, tall], axis=1)
    return sizes, np.stack([right - thick / 2, start + deep / 2, z + tall / 2], axis=1)


@made_of("wood", "back", "spines", "paper")
def bookshelf(width: float = 0.9, depth: float = 0.3, height: float = 1.9, boards: int = 5, filled: float = 0.7, seed: int = 0) -> Mesh:
    """An open shelf with `boards` compartments above each other, `filled` of their width with books."""
    rng = np.random.default_rng(int(seed))
    t = 0.022
    frame = [box(t, depth, height, (sx * (width - t) / 2, 0, 0)) for sx in (-1, 1)]
    zs = 0.05 + np.arange(boards + 1) * (height - 0.05 - t) / boards
    board = boxes([[width - 2 * t + 0.004, depth - 0.006, t]] * (int(boards) + 1), [[0, 0, z + t / 2 - 0.001] for z in zs])
    plinth = box(width - 2 * t + 0.002, 0.016, 0.052, (0, -depth / 2 + 0.03, 0.001))
    rear = box(width - t, 0.008, height - 0.06, (0, depth / 2 - 0.008, 0.052))
    room = float(zs[1] - zs[0]) - t
    rows = []
    for k in range(int(boards)):
        span = width - 2 * t - 0.02
        used = span * float(np.clip(filled + rng.uniform(-0.35, 0.3), 0.15, 1.0))
        start = -span / 2 + (span - used) * float(rng.integers(0, 2))
        rows.append(_row(rng, start, start + used, float(zs[k]) + t - 0.001, room, -depth / 2 + 0.03, depth - 0.06))
    sizes, centres = (np.concatenate([row[i] for row in rows]) for i in (0, 1))
    covers, pages = books(sizes, centres, rng.integers(0, SPINE_COLUMNS * SPINE_ROWS, len(sizes)))
    return standing((width, depth, height), [*frame, board, plinth], rear, covers, pages)


@made_of("spines", "paper")
def book_row(width: float = 0.35, depth: float = 0.18, height: float = 0.26, thickness: float = 0.032, seed: int = 0) -> Mesh:
    """Books, about so thick, standing side by side."""
    rng = np.random.default_rng(int(seed))
    sizes, centres = _row(rng, -width / 2, width / 2 + 0.02, 0.0, height / 0.9, -depth / 2, depth, thickness)
    covers, pages = books(sizes, centres, rng.integers(0, SPINE_COLUMNS * SPINE_ROWS, len(sizes)))
    return standing((width, depth, height), covers, pages)


@made_of("spines", "paper")
def book_stack(width: float = 0.24, depth: float = 0.18, height: float = 0.12, slide: float = 0.4, count: int = 4, seed: int = 0) -> Mesh:
    """Books lying on each other; `slide` (0 ... 0.5) is how far they stick out, as a share of their difference in size."""
    rng = np.random.default_rng(int(seed))
    thick = rng.uniform(0.6, 1.4, int(count))
    thick *= height / thick.sum()
    z = np.cumsum(thick) - thick / 2
    sizes = np.stack([width * rng.uniform(0.8, 1.0, len(z)), depth * rng.uniform(0.8, 1.0, len(z)), thick - 0.0008], axis=1)
    slack = slide * (np.array([width, depth]) - sizes[:, :2])
    centres = np.concatenate([rng.uniform(-1, 1, (len(z), 2)) * slack, z[:, None]], axis=1)
    covers, pages = books(sizes, centres, rng.integers(0, SPINE_COLUMNS * SPINE_ROWS, len(sizes)), lying=True)
    return standing((width, depth, height), covers, pages)


def pull(style: str, x: float, y: float, z: float, upright: bool) -> Part:
    """A door or drawer pull that stands out from y towards -y by 25 mm."""
    if style == "edge":
        return (
            rounded_box(0.1, 0.018, 0.008, 0.003, (x, y - 0.007, z - 0.004))
            if not upright
            else rounded_box(0.008, 0.018, 0.1, 0.003, (x, y - 0.007, z - 0.05))
        )
    if style == "knob":
        return rounded_box(0.03, 0.025, 0.03, 0.01, (x, y - 0.0115, z - 0.015))
    long, thick = 0.14, 0.012
    size = (thick, long) if upright else (long, thick)
    bar = box(size[0], thick, size[1], (x, y - 0.019, z - size[1] / 2))
    ends = [(0.0, s * 0.4 * long) if upright else (s * 0.4 * long, 0.0) for s in (-1, 1)]
    return join([bar, *(box(0.8 * thick, 0.02, 0.8 * thick, (x + dx, y - 0.007, z + dz - 0.4 * thick)) for dx, dz in ends)])


@made_of("wood", "front", "metal")
def cabinet(
    width: float = 1.0, depth: float = 0.45, height: float = 0.8, columns: int = 2, rows: int = 1, handle: str = "bar", foot: float = 0.08
) -> Mesh:
    """A closed cabinet with `columns` x `rows` fronts: doors where they are taller than wide, else drawers; on legs `foot` high."""
    out, t = 0.025, 0.02
    y = -depth / 2 + out
    body = box(width - 0.004, depth - out - t, height - foot, (0, (out + t) / 2, foot))
    top = rounded_box(width, depth - out + 0.002, t, 0.006, (0, out / 2, height - t))
    legs = four_legs(width - 0.06, depth - out - 0.08, foot + 0.01, 0.045, style="tapered") if foot > 0.03 else None
    if legs is None:
        body = box(width - 0.004, depth - out - t, height, (0, (out + t) / 2, 0))
    x0, z0 = -width / 2, max(foot, 0.05) + 0.004
    w, h = width / columns, (height - t - 0.004 - z0) / rows
    doors, pulls = [], []
    for i in range(int(columns)):
        for j in range(int(rows)):
            x, z = x0 + (i + 0.5) * w, z0 + j * h
            doors.append(rounded_box(w - 0.008, t + 0.003, h - 0.008, 0.005, (x, y + t / 2 + 0.0015, z + 0.004)))
            if h > w:
                inner = -1.0 if i % 2 else 1.0
                pulls.append(pull(handle, x + inner * (w / 2 - 0.05), y, min(z + h - 0.15, 1.05), upright=True))
            else:
                pulls.append(pull(handle, x, y, z + 0.62 * h, upright=False))
    carcass = [body.fitted(body.vertices.min(axis=0), body.vertices.max(axis=0) - (0, 0, 0.5 * t)), top]
    return standing((width, depth, height), carcass if legs is None else [*carcass, legs], doors, pulls)


@made_of("wood", "front", "metal")
def shoe_cabinet(
    width: float = 0.75,
    depth: float = 0.2,
    height: float = 1.1,
    flaps: int = 3,
    columns: int = 1,
    tilt_deg: float = 3.0,
    plinth: float = 0.06,
) -> Mesh:
    """A shallow cabinet for shoes: `flaps` above each other that tip out at the top by `tilt_deg` when they are not quite shut."""
    out, t = 0.028, 0.018
    y = -depth / 2 + out
    body = [box(width - 0.006, depth - out - t - 0.002, height - t - plinth + 0.004, (0, (out + t) / 2, plinth))]
    body.append(box(width - 0.02, depth - out - t - 0.03, plinth + 0.004, (0, (out + t) / 2, 0)))
    body.append(rounded_box(width, depth - out + 0.004, t, 0.004, (0, out / 2 - 0.002, height - t)))
    w, h = (width - 0.006) / columns, (height - t - plinth) / flaps
    c, s = np.cos(np.radians(tilt_deg)), np.sin(np.radians(tilt_deg))
    lean = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    fronts, pulls = [], []
    for i in range(int(columns)):
        for j in range(int(flaps)):
            x, z = -width / 2 + 0.003 + (i + 0.5) * w, plinth + j * h + 0.003
            tip = lean if j == flaps - 1 else np.eye(3)
            front = rounded_box(w - 0.006, t, h - 0.008, 0.004, (0, 0, 0.002)).turned(tip)
            fronts.append(front.moved(x, y + t / 2, z))
            pulls.append(rounded_box(0.1, 0.026, 0.012, 0.005, (0, -t / 2 - 0.008, h - 0.05)).turned(tip).moved(x, y + t / 2, z))
    return standing((width, depth, height), body, fronts, pulls)
