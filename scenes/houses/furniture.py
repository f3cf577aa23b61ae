"""What stands in the rooms of a house: each room is furnished in its own frame, and what blocks the way between its doors goes again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scenes.furnishing import clutter, shell
from scenes.furnishing.furnish import Furnisher
from scenes.furnishing.layout import Box, Item, Layout
from scenes.furnishing.room_types import dining_corner
from scenes.furnishing.service_rooms import HOUSE_TYPES
from scenes.furnishing.space import Ground
from scenes.houses.building import Part, in_house, leaf_box, swings_into
from scenes.houses.plan import Room
from scenes.randomness import Streams

WALKER_M = 0.25  # half the width that a way between two doors keeps
HEADROOM_M = 1.95
_DOOR_ZONE_M = 0.8
_APPEAL = {"corridor": 0.4, "bathroom": 0.7, "living": 2.0, "kitchen": 1.5, "dining": 1.3, "bedroom": 1.2}  # of being filmed, 1 else
_PICTURES = {"living": 5, "dining": 3, "bedroom": 4, "office": 4, "corridor": 5, "kitchen": 2, "bathroom": 1}
_PLANTS = {"living": 2, "dining": 1, "bedroom": 1, "office": 1, "corridor": 1}
_FLOOR_THINGS = {"living": 3, "bedroom": 4, "office": 2, "corridor": 3, "bathroom": 2, "kitchen": 1}


@dataclass(frozen=True)
class Furnished:
    """Things of all rooms in the house's frame, the ceiling lamps of each room in its own frame, and how many found no place."""

    items: list[Item]
    lamps: list[list[Item]]
    rejected: Mapping[str, int]


def appeal(rooms: tuple[Room, ...]) -> NDArray[np.float64]:
    """How often a walk begins in each room; adds up to one."""
    weights = np.array([_APPEAL.get(room.kind, 1.0) for room in rooms])
    return np.asarray(weights / weights.sum())


def reserve(parts: list[Part]) -> None:
    """Keeps the space before doors, windows and open leaves clear."""
    for index, part in enumerate(parts):
        for link, hole in part.doors:
            part.layout.zones.append((hole.zone(_DOOR_ZONE_M), "door"))
            if link.leaf == "open" and swings_into(link) == index:
                part.layout.zones.append((leaf_box(link, hole), "door"))
        for window in part.windows:
            part.layout.zones.append((window.zone(0.25), "window"))


def furnish(parts: list[Part], streams: Streams, density: float, small_things: float) -> Furnished:
    """Furniture for every room; `small_things` are counted per 10 m^2."""
    reserve(parts)
    items, lamps, rejected = [], [], Counter[str]()
    no_dining_room = all(part.room.kind != "dining" for part in parts)
    for index, part in enumerate(parts):
        f = Furnisher(part.layout, streams.child(part.room.name), density, partial(_reaches_all_doors, part, index))
        shell.dress_windows(f, part.windows, wet=part.room.kind in ("kitchen", "bathroom", "corridor"))
        HOUSE_TYPES[part.room.kind](f)
        if part.room.kind == "living" and no_dining_room and part.layout.length * part.layout.breadth > 18.0:
            dining_corner(f)
        lamps.append(_fill(f, part, small_things))
        _clear_the_way(part, index, f.kept)
        items += [in_house(item, part.room) for item in part.layout.items]
        lamps[-1] = [lamp for lamp in lamps[-1] if lamp in part.layout.items]
        rejected.update(part.layout.rejected)
    return Furnished(items, lamps, dict(sorted(rejected.items())))


def _fill(f: Furnisher, part: Part, small_things: float) -> list[Item]:
    """Adds lamps, pictures, plants and small things to a room's furniture; returns the ceiling lamps."""
    kind, area = part.room.kind, part.layout.length * part.layout.breadth
    lamps = clutter.ceiling_lamps(f)
    counts = f.rng("counts")
    clutter.pictures(f, int(counts.integers(0, _PICTURES[kind] + 1)))
    plants, others = int(counts.integers(0, _PLANTS.get(kind, 0) + 1)), int(counts.integers(0, _FLOOR_THINGS.get(kind, 0) + 1))
    clutter.floor_things(f, kind, plants, others)
    clutter.small_things(f, kind, round(small_things * area / 10))
    return lamps


def obstacles(items: list[Item]) -> list[Box]:
    """What a walker can't step on or pass under."""
    return [i.box for i in items if i.category != "rug" and i.box.z0 < HEADROOM_M]


def _ground(part: Part, index: int) -> Ground:
    """The free floor of room number `index` in its own frame, with the steps before its doors."""
    a, b = part.layout.length / 2, part.layout.breadth / 2
    ground = Ground.blank(-a - 0.5, -b - 0.5, a + 0.5, b + 0.5)
    ground.set([Box(0.0, 0.0, a, b, 0.0, 0.0, 1.0)], True)
    for _, hole in part.doors:  # the doorway, so that the walker's width does not count against its frame
        x, y = hole.wall.point(hole.along, -0.2)
        ground.set([Box(x, y, hole.width / 2, 0.25, hole.wall.yaw, 0.0, 1.0)], True)
    leaves = [leaf_box(link, hole) for link, hole in part.doors if link.leaf == "open" and swings_into(link) == index]
    ground.set([*obstacles(part.layout.items), *leaves], False)
    return ground


def _reaches_all_doors(part: Part, index: int) -> bool:
    """Whether one connected piece of free floor lies before all doors of a room."""
    ground = _ground(part, index)
    regions, found = ground.regions(WALKER_M), set()
    for _, hole in part.doors:
        found.add(int(regions[ground.cell(*hole.wall.point(hole.along, WALKER_M + 0.15))]))
    return found != {0} and 0 not in found and len(found) == 1


def _clear_the_way(part: Part, index: int, kept: Set[str]) -> None:
    """Takes away the fewest things, the last placed first, that let one walk between all doors; at most a dozen, and none that are kept."""
    for _ in range(12):
        if _reaches_all_doors(part, index):
            return
        layout = part.layout
        standing = [i for i in layout.items if i.on is None and i.category != "rug" and i.box.z0 < 0.5 and i.name not in kept]
        alone = (i for i in reversed(standing) if _frees(part, index, i))
        victim = next(alone, standing[-1] if standing else None)
        if victim is None:
            return
        _remove(layout, victim)


def _frees(part: Part, index: int, item: Item) -> bool:
    """Whether the way would be free without a thing."""
    kept = part.layout.items
    part.layout.items = [i for i in kept if i is not item]
    free = _reaches_all_doors(part, index)
    part.layout.items = kept
    return free


def _remove(layout: Layout, item: Item) -> None:
    """Takes a thing out, with what stands on it."""
    gone = {item.name}
    while more := {i.name for i in layout.items if i.on in gone} - gone:
        gone |= more
    for other in [i for i in layout.items if i.name in gone]:
        layout.items.remove(other)
        layout.rejected[other.category] += 1
