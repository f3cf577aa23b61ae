"""Doors, passages and windows of a floor plan: a tree of doors that reaches every room from the front door, a few more, windows outside."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from scenes.furnishing.layout import Layout
from scenes.furnishing.shell import Opening
from scenes.houses.plan import Room
from scenes.houses.programme import SOCIAL, kind_of
from scenes.pieces.measures import metres

OUTSIDE = -1
_MARGIN_M = 0.1  # from an opening to the corner of a room: the casing
SIDES = ("north", "east", "south", "west")  # the order of `Layout.walls`
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}


@dataclass(frozen=True)
class Span:
    """A stretch of wall between room `a` and room `b` (or OUTSIDE), seen from `a`: on its `side`, from `low` to `high` in x or y."""

    a: int
    b: int
    side: str
    low: float
    high: float

    @property
    def length(self) -> float:
        return self.high - self.low


@dataclass(frozen=True, kw_only=True)
class Link:
    """A way through the span's wall, `at` in x or y, `width` by `height`. leaf: "none", "open" or "shut"; hinge: -1 left, 1 right seen
    from the room it swings into (`swings_into_b` or else a)."""

    span: Span
    at: float
    width: float
    height: float
    leaf: str
    passage: bool = False
    hinge: int = 1
    angle_deg: float = 0.0
    swings_into_b: bool = False

    @property
    def rooms(self) -> tuple[int, int]:
        return self.span.a, self.span.b


def layouts(rooms: tuple[Room, ...], height: float) -> list[Layout]:
    """An empty layout for each room."""
    return [Layout(round(room.inside.size[0], 3), round(room.inside.size[1], 3), height) for room in rooms]


def _facing(a: Room, b: Room, wall: float) -> tuple[str, float, float] | None:
    """The side of `a` on which `b` lies, and the stretch both have in common inside their walls; None when they do not touch."""
    ra, rb = a.lines, b.lines
    for side, touch, low, high in (
        ("north", rb.y0 - ra.y1, max(ra.x0, rb.x0), min(ra.x1, rb.x1)),
        ("south", ra.y0 - rb.y1, max(ra.x0, rb.x0), min(ra.x1, rb.x1)),
        ("east", rb.x0 - ra.x1, max(ra.y0, rb.y0), min(ra.y1, rb.y1)),
        ("west", ra.x0 - rb.x1, max(ra.y0, rb.y0), min(ra.y1, rb.y1)),
    ):
        if abs(touch) < 2e-3 and high - low > wall:
            return side, round(low + wall / 2, 4), round(high - wall / 2, 4)
    return None


def shared_spans(rooms: tuple[Room, ...], wall: float) -> list[Span]:
    """Every stretch of wall between two rooms, from the one with the lower index."""
    found = []
    for (i, a), (j, b) in combinations(enumerate(rooms), 2):
        if facing := _facing(a, b, wall):
            found.append(Span(i, j, *facing))
    return found


def outer_spans(rooms: tuple[Room, ...], shared: list[Span]) -> list[Span]:
    """Every stretch of wall with nothing behind it."""
    found = []
    for k, room in enumerate(rooms):
        for side in SIDES:
            inside = room.inside
            low, high = (inside.x0, inside.x1) if side in ("north", "south") else (inside.y0, inside.y1)
            taken = [(s.low, s.high) for s in shared if s.a == k and s.side == side]
            taken += [(s.low, s.high) for s in shared if s.b == k and OPPOSITE[s.side] == side]
            for start, end in [*sorted(taken), (high, high)]:
                if start - low > 0.4:
                    found.append(Span(k, OUTSIDE, side, low, round(start - (0.2 if start < high else 0.0), 4)))
                low = max(low, round(end + 0.2, 4))
    return found


def _tree(rooms: tuple[Room, ...], spans: list[Span], rng: np.random.Generator) -> list[Span]:
    """Spans whose doors reach every room from room 0 (Prim's algorithm; walking through some kinds of rooms costs more)."""
    reached, chosen = {0}, []
    cost = {id(s): float(rng.uniform(0, 0.5)) for s in spans}
    while len(reached) < len(rooms):
        options = [s for s in spans if (s.a in reached) != (s.b in reached)]
        if not options:
            return []
        best = min(options, key=lambda s: cost[id(s)] + kind_of(rooms[s.a if s.a in reached else s.b].kind).through)
        chosen.append(best)
        reached |= {best.a, best.b}
    return chosen


def _more(rooms: tuple[Room, ...], span: Span, rng: np.random.Generator) -> bool:
    """Whether two rooms that need no door between them have one all the same."""
    kinds = {rooms[span.a].kind, rooms[span.b].kind}
    if kinds <= SOCIAL:
        return bool(rng.uniform() < 0.8)
    if kinds == {"bedroom", "bathroom"}:
        return bool(rng.uniform() < 0.25)
    return bool(rng.uniform() < 0.08) and "bathroom" not in kinds


def _at(span: Span, width: float, rng: np.random.Generator) -> float:
    """Where on a span an opening is: mostly near one end, which leaves room for furniture."""
    slack = max(span.length - width - 2 * _MARGIN_M, 0.0)
    offset = float(rng.uniform(0.0, min(0.3, slack))) if rng.uniform() < 0.7 else float(rng.uniform(0.0, slack))
    offset = offset if rng.uniform() < 0.5 else slack - offset
    return round(span.low + _MARGIN_M + offset + width / 2, 3)


def _link(rooms: tuple[Room, ...], span: Span, size: tuple[float, float], leaves: float, rng: np.random.Generator) -> Link:
    """A door of that size (width, height), or an open passage between rooms for company."""
    kinds = {rooms[span.a].kind, rooms[span.b].kind}
    social = kinds <= SOCIAL or (kinds <= SOCIAL | {"corridor"} and "living" in kinds)
    if social and span.length > 1.5 and rng.uniform() < 0.75:
        width = round(min(float(rng.uniform(1.1, 2.2)), span.length - 0.3), 3)
        return Link(span=span, at=_at(span, width, rng), width=width, height=size[1], leaf="none", passage=True)
    private = bool(kinds & {"bathroom", "bedroom"})
    leaf = str(rng.choice(["none", "open", "shut"], p=[0.1, 0.65, 0.25] if private else [1 - leaves, 0.85 * leaves, 0.15 * leaves]))
    return Link(
        span=span,
        at=_at(span, size[0], rng),
        width=size[0],
        height=size[1],
        leaf=leaf,
        hinge=int(rng.choice([-1, 1])),
        angle_deg=float(rng.integers(82, 101)),
        swings_into_b=rooms[span.a].kind == "corridor" or (rooms[span.b].kind != "corridor" and bool(rng.uniform() < 0.5)),
    )


def links(rooms: tuple[Room, ...], shared: list[Span], leaves: float, rng: np.random.Generator) -> tuple[Link, ...] | None:
    """Doors and passages between rooms; None when a room can't be reached. `leaves` is the share of inner doors that have a leaf."""
    size = (metres(rng, 0.78, 0.9), metres(rng, 1.98, 2.1))
    wide = [s for s in shared if s.length > size[0] + 2 * _MARGIN_M + 0.02]
    tree = _tree(rooms, wide, rng)
    if len(tree) < len(rooms) - 1:
        return None
    spans = tree + [s for s in wide if s not in tree and _more(rooms, s, rng)]
    return tuple(_link(rooms, span, size, leaves, rng) for span in spans)


def front_door(outer: list[Span], rng: np.random.Generator) -> Link | None:
    """The way in, into room 0: at a short end where there is one wide enough."""
    width = metres(rng, 0.84, 0.9)
    options = [s for s in outer if s.a == 0 and s.length > width + 2 * _MARGIN_M]
    if not options:
        return None
    span = min(options, key=lambda s: s.length) if rng.uniform() < 0.8 else options[int(rng.integers(len(options)))]
    return Link(span=span, at=_at(span, width, rng), width=width, height=2.05, leaf="shut", hinge=int(rng.choice([-1, 1])))


_WINDOWS = {  # width, sill and head above the floor
    "living": ((1.2, 2.4), (0.8, 0.95), (2.0, 2.25)),
    "dining": ((1.1, 2.0), (0.75, 0.95), (2.0, 2.25)),
    "bedroom": ((1.0, 1.8), (0.75, 1.0), (2.0, 2.2)),
    "office": ((1.0, 1.7), (0.8, 1.0), (2.0, 2.2)),
    "kitchen": ((0.9, 1.5), (1.2, 1.25), (2.0, 2.2)),
    "bathroom": ((0.5, 0.8), (1.3, 1.5), (2.0, 2.1)),
    "corridor": ((0.6, 1.2), (0.9, 1.1), (2.0, 2.2)),
}


def windows(rooms: tuple[Room, ...], walls: list[Layout], outer: list[Span], front: Link, rng: np.random.Generator) -> list[list[Opening]]:
    """The windows of each room: one or two where there is an outer wall, two or three in living rooms."""
    found: list[list[Opening]] = [[] for _ in rooms]
    for k, room in enumerate(rooms):
        spans = sorted((s for s in outer if s.a == k), key=lambda s: -s.length)
        most = int(rng.integers(2, 4)) if room.kind == "living" else int(rng.integers(1, 3))
        if room.kind == "corridor":
            most = int(rng.uniform() < 0.5)
        for n, span in enumerate(spans[:most]):
            if span == front.span:
                span = _beside(span, front)
            (least, largest), sill, head = _WINDOWS[room.kind]
            width = round(min(float(rng.uniform(least, largest)), span.length - 0.6), 3)
            if width < 0.45:
                continue
            low = metres(rng, *sill) if n or room.kind != "living" or rng.uniform() < 0.6 else metres(rng, 0.1, 0.4)
            top = min(metres(rng, *head), walls[k].height - 0.2)
            at = span.low + (span.length - width) * float(rng.uniform(0.35, 0.65)) + width / 2
            found[k].append(opening(room, walls[k], span.side, at, low, width, round(top - low, 3)))
    return found


def _beside(span: Span, door: Link) -> Span:
    """What is left of a span on the longer side of a door."""
    left, right = door.at - door.width / 2 - 0.15, door.at + door.width / 2 + 0.15
    low, high = (span.low, left) if left - span.low > span.high - right else (right, span.high)
    return Span(span.a, span.b, span.side, low, high)


def opening(room: Room, layout: Layout, side: str, at: float, z: float, width: float, height: float) -> Opening:
    """An opening at a house coordinate, in the frame of the room."""
    wall = layout.walls[SIDES.index(side)]
    cx, cy = room.inside.centre
    along = {"north": at - cx, "south": cx - at, "east": cy - at, "west": at - cy}[side]
    return Opening(wall, round(along, 4), z, width, height)


def way(link: Link, index: int, room: Room, layout: Layout) -> Opening:
    """A link as an opening of one of its two rooms, number `index`."""
    side = link.span.side if index == link.span.a else OPPOSITE[link.span.side]
    return opening(room, layout, side, link.at, 0.0, link.width, link.height)
