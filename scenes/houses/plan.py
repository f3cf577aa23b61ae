"""Floor plans: rectangular rooms on both sides of a corridor (or of the living room), joined by doors and open passages.

A plan is drawn in the lines that run through the middle of the walls; rooms are those rectangles less half a wall on each side. Two rows
of rooms lie along a spine, which may end in a head: the living room, which takes in the spine's width, with another room beside it.
Proportions are found by drawing and refusing. The house is centred on the origin and mirrored and turned at random.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scenes.errors import UserError
from scenes.houses.programme import CORRIDOR_WIDTH, KINDS, SOCIAL, kind_of, programme

_TRIES = 2000
_RAGGED_M = 2.4  # by which one row may be longer than the other


@dataclass(frozen=True)
class Rect:
    """x0 < x1, y0 < y1 in metres."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def size(self) -> tuple[float, float]:
        return self.x1 - self.x0, self.y1 - self.y0

    def grown(self, margin: float) -> Rect:
        return Rect(self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin)


@dataclass(frozen=True)
class Room:
    """A room of some kind; `lines` runs through the middle of its walls, `inside` is what can be walked on."""

    name: str
    kind: str
    lines: Rect
    inside: Rect


def fits(kind: str, inside: Rect) -> bool:
    """Whether a room's area and proportions are those of its kind."""
    limits, (a, b) = kind_of(kind), inside.size
    return limits.area[0] <= a * b <= limits.area[1] and min(a, b) >= limits.least_side and max(a, b) <= limits.most_aspect * min(a, b)


def _widths(kinds: list[str], depth: float) -> np.ndarray:
    """Least and greatest width [K, 2] of rooms that are `depth` metres deep."""
    found = []
    for kind in kinds:
        limits = KINDS[kind]
        low = max(limits.area[0] / depth, limits.least_side, depth / limits.most_aspect)
        found.append((low, min(limits.area[1] / depth, depth * limits.most_aspect)))
    return np.reshape(found, (-1, 2))


def _divide(limits: np.ndarray, total: float, rng: np.random.Generator) -> np.ndarray:
    """Widths [K] within `limits` [K, 2] that add up to `total`, which lies between the sums of the limits."""
    low, high = limits.T
    drawn = rng.uniform(low, high)
    end = low if drawn.sum() > total else high
    gap = end.sum() - drawn.sum()
    return np.asarray(drawn + (end - drawn) * ((total - drawn.sum()) / gap if abs(gap) > 1e-9 else 0.0))


@dataclass(frozen=True)
class _Frame:
    """Depths of the two rows and of the spine between them, inside the walls, and the walls' thickness."""

    south: float
    spine: float
    north: float
    wall: float


def _row(kinds: list[str], depth: float, length: float, y0: float, frame: _Frame, rng: np.random.Generator) -> list[tuple[str, Rect]]:
    """Rooms side by side that end at x = 0, the spine's head end, and begin `length` before it."""
    widths = _divide(_widths(kinds, depth), length - len(kinds) * frame.wall, rng) + frame.wall
    right = np.cumsum(widths) - length
    return [(kind, Rect(r - w, y0, r, y0 + depth + frame.wall)) for kind, r, w in zip(kinds, right.tolist(), widths.tolist(), strict=True)]


def _lengths(rows: list[tuple[list[str], float]], wall: float, rng: np.random.Generator) -> list[float] | None:
    """Length of each row, all the same or a little ragged; None when their limits do not allow it."""
    ranges = []
    for kinds, depth in rows:
        limits = _widths(kinds, depth)
        if (limits[:, 0] > limits[:, 1]).any():
            return None
        low, high = limits.sum(axis=0) + len(kinds) * wall
        ranges.append((float(low), float(high)))
    low, high = max(r[0] for r in ranges), min(r[1] for r in ranges)
    if rng.uniform() < 0.65:
        return [float(rng.uniform(low, high))] * len(rows) if low <= high else None
    lengths = [float(rng.uniform(*r)) for r in ranges]
    return lengths if max(lengths) - min(lengths) <= _RAGGED_M else None


def _head(kinds: list[str], frame: _Frame, rng: np.random.Generator) -> list[tuple[str, Rect]] | None:
    """The rooms at the spine's end: the first takes in the spine's width, the second (if any) ends the northern row."""
    w = frame.wall
    first = frame.south + w + frame.spine if frame.south else frame.spine + w + frame.north
    depths = [first, frame.north][: len(kinds)]
    limits = np.stack([_widths([kind], depth)[0] for kind, depth in zip(kinds, depths, strict=True)])
    low, high = limits[:, 0].max(), limits[:, 1].min()
    if low > high:
        return None
    width = float(rng.uniform(low, high)) + w
    base = -(frame.south + w) if frame.south else 0.0
    rooms = [(kinds[0], Rect(0.0, base, width, base + first + w))]
    if len(kinds) > 1:
        rooms.append((kinds[1], Rect(0.0, frame.spine + w, width, frame.spine + w + frame.north + w)))
    return rooms


def _arranged(kinds: tuple[str, ...], wall: float, rng: np.random.Generator) -> list[tuple[str, Rect]] | None:
    """One attempt at a plan: kinds and wall lines, the spine first; None when the proportions do not work out."""
    corridor = kinds[0] == "corridor"
    rest = [kinds[1:][int(k)] for k in rng.permutation(len(kinds) - 1)]
    head: list[str] = []
    both = len(rest) > 3 or (len(rest) > 1 and rng.uniform() < 0.4)
    if corridor and rng.uniform() < 0.8:
        rest.remove("living")
        head = ["living"]
        if both and len(rest) > 2:
            head.append(rest.pop(next((k for k, kind in enumerate(rest) if kind in SOCIAL), 0)))
        elif both:
            return None  # a row and a bit: the head would be too deep for what is left
    if not rest:
        return None
    depths = rng.uniform(2.7, 3.9, 2)
    spine = float(rng.uniform(*CORRIDOR_WIDTH)) if corridor else float(rng.uniform(3.3, 4.6))
    middle = int(rng.integers(1, len(rest))) if both and len(rest) > 1 else 0
    frame = _Frame(float(depths[0]) if middle else 0.0, spine, float(depths[1]), wall)
    rows = [(rest[:middle], frame.south), (rest[middle:], frame.north)] if middle else [(rest, frame.north)]
    lengths = _lengths(rows, wall, rng)
    at_end = _head(head, frame, rng) if head and lengths else []
    if lengths is None or at_end is None:
        return None
    plan = [(kinds[0], Rect(-max(lengths), 0.0, 0.0, spine + wall))]
    starts = [-(frame.south + wall), spine + wall][-len(rows) :]
    for (row, depth), length, y0 in zip(rows, lengths, starts, strict=True):
        plan += _row(row, depth, length, y0, frame, rng)
    plan += at_end
    return plan if all(fits(kind, lines.grown(-wall / 2)) for kind, lines in plan) else None


def _placed(plan: list[tuple[str, Rect]], wall: float, rng: np.random.Generator) -> tuple[Room, ...]:
    """The rooms with names, mirrored and turned at random, centred on the origin, to the millimetre."""
    flip_x, flip_y, transpose = (bool(k) for k in rng.integers(0, 2, 3))
    corners = np.array([(r.x0, r.y0, r.x1, r.y1) for _, r in plan])
    if flip_x:
        corners = corners[:, [2, 1, 0, 3]] * (-1, 1, -1, 1)
    if flip_y:
        corners = corners[:, [0, 3, 2, 1]] * (1, -1, 1, -1)
    if transpose:
        corners = corners[:, [1, 0, 3, 2]]
    middle = (corners[:, :2].min(axis=0) + corners[:, 2:].max(axis=0)) / 2
    corners = np.round(corners - np.tile(middle, 2), 3) + 0.0
    rooms: list[Room] = []
    for (kind, _), line in zip(plan, corners.tolist(), strict=True):
        count = sum(room.kind == kind for room in rooms)
        lines = Rect(*line)
        rooms.append(Room(kind if count == 0 else f"{kind}_{count + 1}", kind, lines, _rounded(lines.grown(-wall / 2))))
    return tuple(rooms)


def _rounded(rect: Rect) -> Rect:
    return replace(rect, x0=round(rect.x0, 4), y0=round(rect.y0, 4), x1=round(rect.x1, 4), y1=round(rect.y1, 4))


def floor_plan(count: int, wall: float, rng: np.random.Generator) -> tuple[Room, ...]:
    """`count` rooms, the spine first; `wall` is the thickness of what divides them, metres."""
    for _ in range(_TRIES):
        plan = _arranged(programme(count, rng), wall, rng)
        if plan is not None:
            return _placed(plan, wall, rng)
    raise UserError(f"houses: no floor plan of {count} rooms was found in {_TRIES} attempts: ask for 3 to 10 rooms")
