"""The house without its furniture: floors, ceilings, inner walls half as thick on each side, the facade, doors, windows, the garden.

Each room brings its own half of the walls, so that it has its own paint; where nothing lies behind, a facade stands around it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, radians, sin

import numpy as np

from scenes.furnishing.layout import Box, Item, Layout, Wall
from scenes.furnishing.shell import Opening
from scenes.houses.openings import OUTSIDE, SIDES, Link, way
from scenes.houses.plan import Rect, Room
from scenes.pieces.measures import metres, shape_of
from scenes.scene import Shape
from scenes.shapes.doors import LEAF_M, leaf_width

FACADE_M = 0.2
GROUND_Z = -0.25
GARDEN_M = 9.0  # from the house to the hedge


@dataclass(frozen=True)
class Part:
    """A room of the house with its layout (in the room's frame) and the openings of its walls."""

    room: Room
    layout: Layout
    doors: tuple[tuple[Link, Opening], ...]
    windows: tuple[Opening, ...]


def in_house(item: Item, room: Room) -> Item:
    """A room's thing in the house's frame, its names marked with the room's."""
    x, y = room.inside.centre
    on = f"{room.name}/{item.on}" if item.on else None
    return replace(
        item, name=f"{room.name}/{item.name}", group=f"{room.name}/{item.group}", on=on, x=round(item.x + x, 4), y=round(item.y + y, 4)
    )


def _fixed(name: str, category: str, shape: Shape, x: float, y: float, z: float, yaw: float, group: str) -> Item:
    return Item(name=name, category=category, shape=shape, x=round(x, 4), y=round(y, 4), z=round(z, 4), yaw=yaw, group=group)


def _cut(holes: list[Opening], lift: float = 0.0) -> tuple[float, ...]:
    return tuple(measure for h in holes for measure in (h.along, round(h.z + lift, 4), h.width, h.height))


def room_shell(part: Part, half: float, skirting: float) -> list[Item]:
    """Floor, ceiling and walls of a room in its own frame; `half` is half the thickness of a wall."""
    layout = part.layout
    flat = {"length": layout.length, "breadth": layout.breadth, "rim": half}
    items = [
        _fixed("floor", "floor", Shape.of("floor", **flat), 0, 0, 0, 0.0, "shell"),
        _fixed("ceiling", "ceiling", Shape.of("ceiling", **flat), 0, 0, layout.height, 0.0, "shell"),
    ]
    holes = [*(hole for _, hole in part.doors), *part.windows]
    for wall in layout.walls:
        shape = Shape.of(
            "wall",
            length=wall.length,
            room_height=layout.height,
            skirting=0.0 if part.room.kind == "bathroom" else skirting,
            thickness=half,
            holes=_cut([h for h in holes if h.wall == wall]),
        )
        items.append(_fixed(f"wall_{wall.name}", "wall", shape, wall.x, wall.y, 0, wall.yaw, "shell"))
    return items


def leaf_box(link: Link, hole: Opening) -> Box:
    """The space an open leaf takes, in the frame of the room it swings into."""
    width, angle = leaf_width(hole.width), radians(link.angle_deg)
    edge = link.hinge * hole.width / 2
    u, v = edge - link.hinge * cos(angle) * width / 2, sin(angle) * width / 2
    x, y = hole.wall.point(hole.along + u, v)
    return Box(x, y, width / 2 + 0.04, LEAF_M / 2 + 0.06, hole.wall.yaw + link.hinge * angle, 0.0, hole.height)


def swings_into(link: Link) -> int:
    """The room that holds the link's leaf, or in which the front door opens."""
    return link.span.b if link.swings_into_b and link.span.b != OUTSIDE else link.span.a


def unhindered(links: tuple[Link, ...], front: Link, rooms: tuple[Room, ...], layouts: list[Layout]) -> tuple[Link, ...]:
    """The links with open leaves that stand before no other door: on the other side or in the other room if need be, or taken out."""
    settled: list[Link] = []
    for n, link in enumerate(links):
        others = [*settled, *links[n + 1 :], front]
        options = [
            replace(link, hinge=h, swings_into_b=b) for b in (link.swings_into_b, not link.swings_into_b) for h in (link.hinge, -link.hinge)
        ]
        good = (option for option in options if _stands_free(option, others, rooms, layouts))
        settled.append(link if link.leaf != "open" else next(good, replace(link, leaf="none")))
    return tuple(settled)


def _stands_free(link: Link, others: list[Link], rooms: tuple[Room, ...], layouts: list[Layout]) -> bool:
    """Whether an open leaf is in its room's bounds and clear of the steps before the other doors and of their leaves."""
    k = swings_into(link)
    leaf = leaf_box(link, way(link, k, rooms[k], layouts[k]))
    if not layouts[k].inside(leaf.grown(-0.06)):
        return False
    for other in others:
        if k in other.rooms:
            hole = way(other, k, rooms[k], layouts[k])
            if leaf.overlaps(hole.zone(0.7, 0.0)) or (
                other.leaf == "open" and swings_into(other) == k and leaf.overlaps(leaf_box(other, hole))
            ):
                return False
    return True


def doors(parts: list[Part], links: tuple[Link, ...], front: Link, wall: float, rng: np.random.Generator) -> list[Item]:
    """Linings, casings and leaves of all doors, in the house's frame."""
    panels, front_panels = int(rng.integers(0, 4)), int(rng.integers(0, 4))
    items = []
    for k, link in enumerate(links):
        index = swings_into(link)
        part = parts[index]
        hole = way(link, index, part.room, part.layout)
        x, y = hole.wall.point(hole.along, 0.0)
        lining = shape_of("doorway", hole_width=hole.width, hole_height=hole.height, thickness=wall)
        items.append(in_house(_fixed(f"doorway_{k + 1}", "door", lining, x, y, 0, hole.wall.yaw, "trim"), part.room))
        if link.leaf != "none":
            angle = link.angle_deg if link.leaf == "open" else 0.0
            leaf = shape_of(
                "door_leaf", hole_width=hole.width, hole_height=hole.height, panels=panels, hinge=link.hinge, angle_deg=float(angle)
            )
            items.append(in_house(_fixed(f"door_{k + 1}", "door", leaf, x, y, 0, hole.wall.yaw, "doors"), part.room))
    part = parts[0]
    hole = way(front, 0, part.room, part.layout)
    shape = shape_of("door", hole_width=hole.width, hole_height=hole.height, panels=front_panels, mirrored=int(front.hinge < 0))
    x, y = hole.wall.point(hole.along, 0.0)
    items.append(in_house(_fixed("front_door", "door", shape, x, y, 0, hole.wall.yaw, "front door"), part.room))
    return items


def window_frames(part: Part, night: bool, rng: np.random.Generator) -> list[Item]:
    """The windows of a room in its own frame; by night their panes are dark."""
    panes, bars = int(rng.integers(1, 4)), int(rng.choice([0, 0, 1, 2]))
    items = []
    for k, hole in enumerate(part.windows):
        shape = shape_of(
            "window",
            hole_width=hole.width,
            hole_height=hole.height,
            panes=min(panes, max(1, round(hole.width / 0.55))),
            bars=bars if hole.height > 0.9 else 0,
            skyline=0.3,
            backdrop=int(night),
        )
        x, y = hole.wall.point(hole.along, 0.0)
        items.append(_fixed(f"window_{k + 1}", "window", shape, x, y, hole.z, hole.wall.yaw, "windows"))
    return items


def _gaps(room: Room, side: str, rooms: tuple[Room, ...]) -> list[tuple[float, float]]:
    """Stretches of a room's wall line, in x or y, with no room behind."""
    own, level = room.lines, side in ("north", "south")
    low, high = (own.x0, own.x1) if level else (own.y0, own.y1)
    edge, behind = {"north": (own.y1, "y0"), "south": (own.y0, "y1"), "east": (own.x1, "x0"), "west": (own.x0, "x1")}[side]
    taken = sorted(
        ((r.lines.x0, r.lines.x1) if level else (r.lines.y0, r.lines.y1))
        for r in rooms
        if r is not room and abs(getattr(r.lines, behind) - edge) < 2e-3
    )
    gaps = []
    for start, end in [*taken, (high, high)]:
        if min(start, high) - low > 0.01:  # a neighbour may lie beyond the end
            gaps.append((low, min(start, high)))
        low = max(low, end)
    return gaps


def facade(parts: list[Part], half: float) -> list[Item]:
    """Outer leaves of the walls with the same openings, in the house's frame."""
    rooms = tuple(part.room for part in parts)
    items = []
    for part in parts:
        rect, height = part.room.lines, part.layout.height
        for k, side in enumerate(SIDES):
            wall = part.layout.walls[k]
            for n, (low, high) in enumerate(_gaps(part.room, side, rooms)):
                corners = [_is_corner(rooms, side, rect, end, outward) for end, outward in ((low, -1.0), (high, 1.0))]
                reach = FACADE_M + half if side in ("north", "south") else 0.0
                low, high = low - reach * corners[0], high + reach * corners[1]
                items.append(_facade_wall(part, wall, side, n, (low, high), half, height))
    return items


def _is_corner(rooms: tuple[Room, ...], side: str, rect: Rect, end: float, outward: float) -> bool:
    """Whether the house ends where a stretch of facade does, so that the facade goes round a corner there."""
    step = 0.05 * outward
    x, y = {"north": (end + step, rect.y1 - 0.05), "south": (end + step, rect.y0 + 0.05)}.get(side, (np.inf, np.inf))
    return not any(r.lines.x0 < x < r.lines.x1 and r.lines.y0 < y < r.lines.y1 for r in rooms)


def _facade_wall(part: Part, wall: Wall, side: str, n: int, span: tuple[float, float], half: float, height: float) -> Item:
    cx, cy = part.room.inside.centre
    middle = (span[0] + span[1]) / 2
    along = {"north": middle - cx, "south": cx - middle, "east": cy - middle, "west": middle - cy}[side]
    length, lift = span[1] - span[0], -GROUND_Z + 0.1
    holes = [hole for _, hole in part.doors if hole.wall == wall] + [hole for hole in part.windows if hole.wall == wall]
    inside = [replace(h, along=round(h.along - along, 4)) for h in holes if abs(h.along - along) < length / 2]
    shape = Shape.of(
        "wall",
        length=round(length - FACADE_M, 4),  # the shape adds half its thickness at each end
        room_height=round(height + lift + 0.1, 4),
        skirting=0.0,
        thickness=FACADE_M,
        holes=_cut(inside, lift),
    )
    x, y = wall.point(along, -half)
    return in_house(_fixed(f"facade_{side}_{n + 1}", "wall", shape, x, y, -lift, wall.yaw, "facade"), part.room)


def garden(rooms: tuple[Room, ...], rng: np.random.Generator) -> list[Item]:
    """Lawn, a hedge around it and some trees, in the house's frame."""
    east, north = max(r.lines.x1 for r in rooms) + GARDEN_M, max(r.lines.y1 for r in rooms) + GARDEN_M
    lawn = Shape.of("box", x=round(2 * east + 8, 3), y=round(2 * north + 8, 3), z=0.1)
    items = [_fixed("lawn", "lawn", lawn, 0, 0, GROUND_Z - 0.05, 0.0, "garden")]
    seed = int(rng.integers(8))
    tall = metres(rng, 1.5, 2.4)
    for side, (x, y, length) in {
        "north": (0.0, north, 2 * east),
        "south": (0.0, -north, 2 * east),
        "east": (east, 0.0, 2 * north),
        "west": (-east, 0.0, 2 * north),
    }.items():
        yaw = {"north": 0.0, "south": np.pi, "east": -np.pi / 2, "west": np.pi / 2}[side]
        hedge = Shape.of("hedge", width=round(length, 2), depth=0.9, height=tall, detail=0.1, seed=seed)
        items.append(_fixed(f"hedge_{side}", "hedge", hedge, x, y, GROUND_Z, yaw, "garden"))
    for k in range(int(rng.integers(4, 9))):
        along, out = float(rng.uniform(-1, 1)), float(rng.uniform(2.0, 3.4))
        x, y = ((along * east, (north + out)), (east + out, along * north))[k % 2]
        x, y = (x, y) if rng.uniform() < 0.5 else (-x, -y)
        height = float(rng.choice([4.5, 6.0, 7.5, 9.0]))  # few shapes: trees take long to build
        tree = shape_of("tree", width=float(rng.choice([0.6, 0.75])) * height, height=height, detail=0.4, seed=int(rng.integers(3)))
        items.append(_fixed(f"tree_{k + 1}", "tree", tree, x, y, GROUND_Z, float(rng.uniform(-np.pi, np.pi)), f"tree {k % 2}"))
    return items


def wall_boxes(part: Part, half: float) -> list[Box]:
    """The solid parts of a room's walls as boxes in the house's frame."""
    cx, cy = part.room.inside.centre
    height, found = part.layout.height, []
    for wall in part.layout.walls:
        holes = sorted((h for h in [*(hole for _, hole in part.doors), *part.windows] if h.wall == wall), key=lambda h: h.along)
        at = -wall.length / 2 - half
        pieces = []
        for h in holes:
            left, right = h.along - h.width / 2, h.along + h.width / 2
            pieces += [(at, left, 0.0, height), (left, right, 0.0, h.z), (left, right, h.z + h.height, height)]
            at = right
        pieces.append((at, wall.length / 2 + half, 0.0, height))
        for a, b, low, high in pieces:
            if b - a > 1e-6 and high - low > 1e-6:
                x, y = wall.point((a + b) / 2, -half / 2)
                found.append(Box(x + cx, y + cy, (b - a) / 2, half / 2, wall.yaw, low, high))
    return found


def leaf_boxes(parts: list[Part], links: tuple[Link, ...], front: Link) -> list[Box]:
    """All door leaves as boxes in the house's frame."""
    found = []
    for link in (*links, front):
        if link.leaf == "none":
            continue
        part = parts[swings_into(link)]
        hole = way(link, swings_into(link), part.room, part.layout)
        box = leaf_box(link, hole)
        if link.leaf == "shut":
            x, y = hole.wall.point(hole.along, -0.04)
            box = Box(x, y, hole.width / 2, 0.04, hole.wall.yaw, 0.0, hole.height)
        cx, cy = part.room.inside.centre
        found.append(replace(box, x=box.x + cx, y=box.y + cy))
    return found


def doorstep(link: Link, rooms: tuple[Room, ...], wall: float) -> Box:
    """The floor inside a door's opening, from one room to the other, in the house's frame."""
    lines, level = rooms[link.span.a].lines, link.span.side in ("north", "south")
    edge = {"north": lines.y1, "south": lines.y0, "east": lines.x1, "west": lines.x0}[link.span.side]
    x, y = (link.at, edge) if level else (edge, link.at)
    half = (link.width / 2 - 0.02, wall / 2 + 0.06)
    return Box(x, y, half[0] if level else half[1], half[1] if level else half[0], 0.0, 0.0, link.height)
