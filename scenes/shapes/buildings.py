"""Dwellings: detached and terraced houses, apartment blocks.

Storeys are equally high: they share what plinth, roof and chimneys leave of `height` (`*_massing(...).beside_storeys`). `detail` 2 has
every glazing bar, 1 leaves small things out that nobody sees from 40 m, 0 keeps walls with panes, and the roof.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.building_parts import (
    STACK_M,
    Glazing,
    Massing,
    balcony,
    canopy,
    door_leaf,
    doorway,
    in_the_roof,
    on_the_ridge,
    raised,
    steps,
    steps_reach,
)
from scenes.shapes.facades import Slots, block, body, dressing, frames, merge, solids
from scenes.shapes.parts import Part
from scenes.shapes.roofs import lean_to

CANOPY_M = 0.58  # over the entrance of flats
_WALLED = ("facade", "plinth", "eaves", "window_glass", "window_curtain", "window_frame", "stone_trim")
HOUSE = (*_WALLED, "roof", "front_door", "chimney", "railing")
TERRACE = (*_WALLED, "roof", "front_door", "chimney")
BLOCK = (*_WALLED, "roof", "railing")


def parts_of(slots: Slots, roles: Iterable[str]) -> list[list[Part]]:
    """The parts of those roles, in order."""
    return [slots.get(role, []) for role in roles]


def detached_massing(
    width: float, depth: float, roof: str, pitch_deg: float, overhang: float, plinth: float, front: float, chimneys: int, across: int
) -> Massing:
    stack = STACK_M if chimneys else 0.0
    return Massing(
        width=width,
        depth=depth,
        roof=roof,
        pitch_deg=pitch_deg,
        overhang={"flat": 0.1, "gambrel": min(overhang, 0.28)}.get(roof, overhang),  # a steep slope must not hang down over the windows
        verge=0.6 * overhang,
        across=bool(across),
        front=max(front, steps_reach(plinth)),
        plinth=plinth,
        stack=stack,
    )


@made_of(*HOUSE)
def detached_house(
    width: float = 11.5,
    depth: float = 11.0,
    height: float = 10.9,
    storeys: int = 2,
    bays: int = 3,
    roof: str = "gable",
    roof_pitch: float = 38.0,
    window_width: float = 1.25,
    window_height: float = 1.35,
    door_position: float = 0.5,
    overhang: float = 0.5,
    plinth: float = 0.35,
    porch: float = 1.1,
    balcony_depth: float = 1.1,
    chimneys: int = 1,
    dormers: int = 0,
    shutters: int = 0,
    across: int = 0,
    seed: int = 0,
    detail: int = 2,
) -> Mesh:
    """A free-standing house of 1-3 storeys; `across` turns a gable to the street; porch or balcony of depth 0: none."""
    upstairs = storeys > 1 and balcony_depth > 0
    m = detached_massing(width, depth, roof, roof_pitch, overhang, plinth, balcony_depth if upstairs else porch, chimneys, across)
    w, d = m.footprint
    storey = (height - m.beside_storeys) / storeys
    top = plinth + storeys * storey
    pitch = w / bays
    wide = min(window_width, (0.5 if shutters else 0.8) * pitch)
    glazing = Glazing(width=wide, height=window_height, panes=(2, 1 + seed % 2))
    sill, bay = glazing.sill(storey), min(bays - 1, int(door_position * bays))
    floors = [plinth + k * storey for k in range(storeys)]
    walls = glazing.storeys((w, d, w, d), (bays, max(1, round(d / 5)), bays, max(1, round(d / 4.2))), floors, sill, seed)
    head = sill + window_height
    s = walls[0][bay].s
    front = frames(w, d)[0]
    lounge = bays - 1 if 2 * bay < bays else 0
    walls[0][lounge] = glazing.at(
        walls[0][lounge].s, plinth + sill, np.random.default_rng([seed, 4]), wide if shutters else min(1.6 * wide, 0.8 * pitch)
    )
    walls[0][bay] = door = doorway(s, plinth, 1.02, head)
    extras = [door_leaf(front, door) if detail > 1 else {}, {"plinth": steps(s - w / 2, -d / 2, plinth, min(1.5, 0.9 * pitch))}]
    if upstairs:
        walls[0][bays + bay] = doorway(s, floors[1] + 0.03, wide, head - 0.03, "window_glass", 0.12)
        extras.append(balcony(front, s, floors[1], min(wide + 1.4, 0.98 * pitch), balcony_depth, detail > 1))
    elif porch > 0:
        extras.append(canopy(s - w / 2, -d / 2, plinth + head + 0.12, porch, porch > 1.0, min(2.0, pitch)))
    extras += [on_the_ridge(m, top, height, chimneys), in_the_roof(m, top, dormers, 1.5, detail)]
    slots = merge(raised(m, walls, top, detail, lintel=0.18, shutters=bool(shutters)), *extras)
    return standing((width, depth, height), *parts_of(slots, HOUSE))


def terraced_massing(width: float, depth: float, roof_pitch: float, plinth: float, bay_window: float) -> Massing:
    return Massing(
        width=width,
        depth=depth,
        pitch_deg=roof_pitch,
        overhang=0.35,
        verge=0.0,
        front=max(bay_window, steps_reach(plinth)),
        plinth=plinth,
        stack=STACK_M,
    )


@made_of("facade_town", *TERRACE[1:])
def terraced_house(
    width: float = 5.6,
    depth: float = 10.0,
    height: float = 10.5,
    storeys: int = 2,
    bays: int = 2,
    roof_pitch: float = 36.0,
    window_width: float = 1.1,
    window_height: float = 1.5,
    plinth: float = 0.3,
    bay_window: float = 0.75,
    dormers: int = 0,
    mirrored: int = 0,
    seed: int = 0,
    detail: int = 2,
) -> Mesh:
    """One house of a row: blank party walls exactly at its sides, door at one side, a bay window of that depth (0: none) at the other."""
    m = terraced_massing(width, depth, roof_pitch, plinth, bay_window)
    w, d = m.footprint
    storey = (height - m.beside_storeys) / storeys
    top = plinth + storeys * storey
    glazing = Glazing(width=window_width, height=window_height, panes=(1, 2))
    sill, floors = glazing.sill(storey), [plinth + k * storey for k in range(storeys)]
    walls = glazing.storeys((w, d, w, d), (bays, 0, bays, 0), floors, sill, seed)
    head = sill + window_height
    placed = frames(w, d)[0]
    where = 0.0 if mirrored else float(bays - 1)
    s = (where + 0.5) * w / bays
    walls[0][int(where)] = door = doorway(s, plinth, 0.95, head)
    extras = [door_leaf(placed, door) if detail > 1 else {}, {"plinth": steps(s - w / 2, -d / 2, plinth, 1.3)}]
    if bay_window > 0 and bays > 1:
        other = bays - 1 - int(where)
        x = (other + 0.5) * w / bays - w / 2
        walls[0].pop(other)
        extras.append(_bay(x, -d / 2, min(2.2, 0.9 * w / bays), bay_window - 0.12, glazing, plinth, sill, detail, seed))
    extras += [on_the_ridge(m, top, height, 1, (0.36 if mirrored else -0.36,)), in_the_roof(m, top, dormers, 1.5, 0 if detail < 1 else 1)]
    slots = merge(raised(m, walls, top, detail, lintel=0.2), *extras)
    return standing((width, depth, height), *parts_of(slots, TERRACE))


def _bay(x: float, y: float, width: float, depth: float, glazing: Glazing, plinth: float, sill: float, detail: int, seed: int) -> Slots:
    """A bay of one storey before a front wall at y: windows on three sides and a lean-to roof."""
    rng = np.random.default_rng([seed, 5])
    z, into = plinth + sill - 0.1, 0.2
    deep = depth + into
    tall = Glazing(width=glazing.width, height=glazing.height + 0.1, panes=glazing.panes, reveal=0.06)
    side = [tall.at((depth / 2 if k else into + depth / 2), z, rng, min(0.55, 0.75 * depth)) for k in (1, 0)]
    walls = [[tall.at(width / 2, z, rng, width - 0.3)], side[:1], [], side[1:]]
    head = z + tall.height + 0.15
    at = (x, y - depth / 2 + into / 2, 0.0)
    made = [body(width, deep, head, walls, at=at)]
    made += [dressing(frame, openings, detail) for frame, openings in zip(frames(width, deep, at), walls, strict=True)]
    return merge(*made, {"roof": [lean_to(width + 0.2, depth + 0.12, 0.35, 0.1, (x, y, head + 0.35))]})


def apartment_massing(
    width: float, depth: float, roof: str, roof_pitch: float, plinth: float, balcony_depth: float, balcony_every: int
) -> Massing:
    """Flat roofs have a parapet of half a metre."""
    flat = roof == "flat"
    return Massing(
        width=width,
        depth=depth,
        roof=roof,
        pitch_deg=roof_pitch,
        overhang=0.1 if flat else 0.5,
        front=balcony_depth if balcony_every else max(CANOPY_M, steps_reach(plinth)),
        plinth=plinth,
        stack=0.5 if flat else 0.0,
    )


@made_of("facade_town", *BLOCK[1:])
def apartment_block(
    width: float = 22.0,
    depth: float = 13.0,
    height: float = 13.2,
    storeys: int = 4,
    bays: int = 7,
    window_width: float = 1.4,
    window_height: float = 1.45,
    balcony_depth: float = 1.3,
    balcony_every: int = 3,
    roof: str = "flat",
    roof_pitch: float = 28.0,
    plinth: float = 0.45,
    bands: float = 0.18,
    seed: int = 0,
    detail: int = 2,
) -> Mesh:
    """Flats on 3-8 storeys: every `balcony_every`-th bay has balconies (0: none), `bands` of that height mark the floors (0: none)."""
    m = apartment_massing(width, depth, roof, roof_pitch, plinth, balcony_depth, balcony_every)
    w, d = m.footprint
    storey = (height - m.beside_storeys) / storeys
    top = height - m.beside_storeys + plinth + m.stack
    glazing = Glazing(width=window_width, height=window_height, panes=(2, 1))
    sill, floors = glazing.sill(storey), [plinth + k * storey for k in range(storeys)]
    walls = glazing.storeys((w, d, w, d), (bays, max(1, round(d / 6)), bays, max(1, round(d / 6))), floors, sill, seed)
    front = frames(w, d)[0]
    head = sill + window_height
    entrance = bays // 2
    door = doorway(walls[0][entrance].s, plinth, 1.9, head, "window_glass")
    columns = [k for k in range(bays) if balcony_every and k % balcony_every == (balcony_every - 1) // 2 and k != entrance]
    extras: list[Slots] = [{"plinth": steps(door.s - w / 2, -d / 2, plinth, 2.4)}]
    for k in columns:
        for floor in range(1, storeys):
            s = walls[0][floor * bays + k].s
            walls[0][floor * bays + k] = doorway(s, floors[floor] + 0.06, window_width + 0.4, head - 0.06, "window_glass", 0.12)
            extras.append(balcony(front, s, floors[floor], min(0.92 * w / bays, 3.6), balcony_depth, False))
    walls[0][entrance] = door
    double = [(door.s - 0.04, door.s + 0.04, plinth + 0.08, plinth + head - 0.08, door.reveal - 0.004, door.reveal + 0.05)]
    extras.append(
        {
            "window_frame": solids(front, double),
            "roof": [block(3.0, CANOPY_M + 0.02, 0.14, (door.s - w / 2, -d / 2 - CANOPY_M / 2 + 0.01, plinth + head + 0.1))],
        }
    )
    if bands > 0 and detail > 0:
        extras.append({"stone_trim": [block(w + 0.05, d + 0.05, bands, (0, 0, z - bands + 0.02)) for z in floors[1:]]})
    slots = merge(raised(m, walls, top, detail), *extras)
    return standing((width, depth, height), *parts_of(slots, BLOCK))
