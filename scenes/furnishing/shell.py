"""The room itself: floor, ceiling, four walls, a door, windows with what belongs to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.furnishing.furnish import Furnisher
from scenes.furnishing.layout import Box, Item, Layout, Wall
from scenes.pieces.measures import metres, shape_of
from scenes.randomness import Streams
from scenes.scene import Shape


@dataclass(frozen=True)
class Opening:
    """A rectangular hole in a wall: its middle `along` the wall, its lower edge z, its size in metres. A door has z = 0."""

    wall: Wall
    along: float
    z: float
    width: float
    height: float

    def zone(self, depth: float, margin: float = 0.05) -> Box:
        """The space before the opening."""
        x, y = self.wall.point(self.along, depth / 2)
        return Box(x, y, self.width / 2 + margin, depth / 2, self.wall.yaw, self.z, self.z + self.height)


def openings(layout: Layout, streams: Streams, windows: int) -> tuple[Opening, ...]:
    """A door, then up to `windows` windows on other walls, the longest first; the space before them is reserved."""
    rng = streams.generator("openings")
    walls = layout.walls
    door_wall = walls[int(rng.integers(4))]
    width = metres(rng, 0.78, 0.92)
    reach = door_wall.length / 2 - width / 2 - 0.12
    side = float(rng.choice([-1.0, 1.0]))
    door = Opening(door_wall, round(side * reach * float(rng.uniform(0.3, 1.0)), 3), 0.0, width, metres(rng, 1.98, 2.1))
    layout.zones.append((door.zone(1.0), "door"))
    found = [door]
    others = [wall for wall in walls if wall is not door_wall]
    for k in rng.permutation(3)[:windows]:
        wall = others[int(k)]
        w = metres(rng, 0.9, min(2.2, 0.6 * wall.length))
        sill = metres(rng, 0.75, 1.0)
        h = metres(rng, 1.1, min(1.5, layout.height - sill - 0.3))
        slack = (wall.length - w) / 2 - 0.35
        window = Opening(wall, round(float(rng.uniform(-slack, slack)) * 0.7, 3), sill, w, h)
        layout.zones.append((window.zone(0.12), "window"))
        found.append(window)
    return tuple(found)


def shell(layout: Layout, holes: tuple[Opening, ...], rng: np.random.Generator) -> list[Item]:
    """Floor, ceiling, walls, door leaf and windows. They are not in the layout: its bounds stand for them."""
    skirting = metres(rng, 0.06, 0.12)
    length, breadth = round(layout.length, 3), round(layout.breadth, 3)
    items = [
        Item(name="floor", category="floor", shape=Shape.of("floor", length=length, breadth=breadth), x=0, y=0, z=0, yaw=0, group="room"),
        Item(
            name="ceiling",
            category="ceiling",
            shape=Shape.of("ceiling", length=length, breadth=breadth),
            x=0,
            y=0,
            z=layout.height,
            yaw=0,
            group="room",
        ),
    ]
    for wall in layout.walls:
        cut = tuple(measure for h in holes if h.wall == wall for measure in (h.along, h.z, h.width, h.height))
        shape = shape_of("wall", length=round(wall.length, 3), room_height=layout.height, skirting=skirting, holes=cut)
        items.append(Item(name=f"wall_{wall.name}", category="wall", shape=shape, x=wall.x, y=wall.y, z=0, yaw=wall.yaw, group="room"))
    panels, panes, bars = int(rng.integers(0, 4)), int(rng.integers(1, 4)), int(rng.choice([0, 0, 1, 2]))
    for k, hole in enumerate(holes):
        x, y = hole.wall.point(hole.along, 0.0)
        if hole.z == 0:
            mirrored = int(rng.integers(2))
            shape = shape_of("door", hole_width=hole.width, hole_height=hole.height, panels=panels, mirrored=mirrored)
        else:
            skyline = metres(rng, 0.1, 0.5)
            divided = min(panes, 3 if hole.width > 1.5 else 2)
            shape = shape_of("window", hole_width=hole.width, hole_height=hole.height, panes=divided, bars=bars, skyline=skyline)
        category = "window" if hole.z else "door"
        name = category if k < 2 else f"{category}_{k}"
        items.append(Item(name=name, category=category, shape=shape, x=x, y=y, z=hole.z, yaw=hole.wall.yaw, group=category))
    return items


def dress_windows(f: Furnisher, holes: tuple[Opening, ...], wet: bool = False) -> None:
    """Curtains beside the windows, or blinds before them, and radiators under them; in `wet` rooms blinds at most."""
    style = f.rng("curtains")
    curtains, radiators = style.uniform() < 0.65 and not wet, style.uniform() < 0.6 and not wet
    drop, open_fraction, folds = style.uniform() < 0.6, metres(style, 0.55, 0.75), int(style.integers(5, 10))
    blinds, lowered, tilt = style.uniform() < 0.45 and not curtains, metres(style, 0.25, 0.75), metres(style, 15.0, 50.0)
    for hole in holes:
        if hole.z == 0:
            continue
        wall, clear = hole.wall, 1.4
        if curtains:
            top = min(hole.z + hole.height + 0.16, f.layout.height - 0.04)
            low = 0.03 if drop or hole.z < 0.5 else hole.z - 0.2
            width = min(hole.width * 1.45 + 0.1, 2 * (wall.length / 2 - abs(hole.along)) - 0.04)
            shape = shape_of("curtains", width=width, height=top - low, open_fraction=open_fraction, folds=folds)
            if hang(f, "curtain", shape, wall, hole.along, low, "curtains"):
                clear = width * (open_fraction - 0.04) - 0.03  # between the gathered cloth
        if blinds:
            height = round(lowered * hole.height + 0.05, 3)
            shape = shape_of("blinds", width=hole.width + 0.06, height=height, drawn=0.96, tilt_deg=tilt, slat=0.05)
            hang(f, "blinds", shape, wall, hole.along, hole.z + hole.height + 0.05 - height, "blinds")
        width = round(min(0.8 * hole.width, 1.4, clear), 3)
        if radiators and hole.z > 0.6 and width > 0.4:
            hang(f, "radiator", shape_of("radiator", width=width, height=min(0.6, hole.z - 0.25)), wall, hole.along, 0.1, "room")


def hang(f: Furnisher, category: str, shape: Shape, wall: Wall, along: float, z: float, group: str) -> Item | None:
    """Something at a given place on a wall, counted as rejected if it does not fit."""
    x, y = wall.point(along, 0.0)
    name = f.layout.unique_name(category)
    item = Item(name=name, category=category, shape=shape, x=round(x, 4), y=round(y, 4), z=round(z, 4), yaw=wall.yaw, group=group)
    hung = [other.name for other in f.layout.items if other.category in ("curtain", "radiator")]
    if f.layout.place(item, clearance=0.0, ignore=hung, enter=("window",)):
        return item
    f.layout.rejected[category] += 1
    return None
