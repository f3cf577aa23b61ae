"""Kitchens, bathrooms and corridors: units in a row along a wall, sanitary ware, coats and shoes."""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import numpy as np

from scenes.furnishing.furnish import Furnisher, rug_shape
from scenes.furnishing.layout import Box, Item, Wall
from scenes.furnishing.room_types import TYPES
from scenes.pieces import VARIANTS, variant
from scenes.pieces import indoor as pieces
from scenes.pieces.measures import metres, shape_of
from scenes.scene import Shape
from scenes.shapes import size

COUNTER_M = 0.9
_STEP_M = 0.05
Unit = tuple[str, Shape]


def free_stretch(f: Furnisher, wall: Wall, depth: float, height: float) -> tuple[float, float]:
    """The longest stretch along a wall, from and to, that is free to `depth` before it and up to `height`."""
    marks = np.arange(-wall.length / 2 + 0.03, wall.length / 2 - 0.03, _STEP_M)
    best, start = (0.0, 0.0), None
    for s in marks:
        x, y = wall.point(float(s) + _STEP_M / 2, depth / 2 + 0.03)
        if f.layout.free(Box(x, y, _STEP_M / 2, depth / 2, wall.yaw, 0.0, height)):
            start = float(s) if start is None else start
            if float(s) + _STEP_M - start > best[1] - best[0]:
                best = (start, float(s) + _STEP_M)
        else:
            start = None
    return best


def _units(f: Furnisher, length: float) -> list[Unit]:
    """Kitchen units that fill a stretch: refrigerator, sink and stove first, worktop between them, a dishwasher where there is room."""
    rng = f.rng("kitchen units")
    handle, depth = str(rng.choice(["bar", "knob"])), 0.62
    hob = str(rng.choice(["ceramic", "gas"]))
    tall = metres(rng, 1.5, 2.0)
    fridge = shape_of("refrigerator", width=metres(rng, 0.58, 0.7), depth=0.66, height=tall, freezer_below=int(rng.integers(2)))
    stove = shape_of("stove", width=0.6, depth=depth, height=COUNTER_M, hob=hob)
    basin = metres(rng, 0.8, 1.1)
    sink = shape_of("kitchen_sink_counter", width=basin, depth=depth, height=1.17, counter_height=COUNTER_M, handle=handle)
    dishwasher = shape_of("dishwasher", width=0.6, depth=0.6, height=0.87)
    rest = length - size(fridge)[0] - 0.6 - basin - 0.12
    washing = rest > 1.3 and rng.uniform() < 0.5
    rest -= 0.62 if washing else 0.0
    share = float(rng.uniform(0.35, 0.65)) if rest > 1.2 else 1.0
    counters = [_counter(rest * part, handle, int(rng.integers(2, 5)), depth) for part in (share, 1 - share)]
    row: list[Unit | None] = [("stove", stove), counters[0], ("sink", sink), ("dishwasher", dishwasher) if washing else None, counters[1]]
    row = [("refrigerator", fridge), *row] if rng.uniform() < 0.5 else [*row, ("refrigerator", fridge)]
    row = row if rng.uniform() < 0.5 else row[::-1]
    return [unit for unit in row if unit is not None]


def _counter(width: float, handle: str, drawers: int, depth: float) -> Unit | None:
    if width < 0.28:
        return None
    columns = max(1, round(width / 0.52))
    shape = shape_of("kitchen_counter", width=width, depth=depth, height=COUNTER_M, columns=columns, drawers=drawers, handle=handle)
    return "counter", shape


def kitchen(f: Furnisher) -> None:
    """A row of units with wall cabinets and a hood above, what does not fit on another wall, a small table with chairs."""
    rng = f.rng("kitchen wall")
    stretches = {wall: free_stretch(f, wall, 0.66, COUNTER_M) for wall in f.layout.walls}
    lit = {wall for wall in stretches if any(abs(wall.yaw - zone.yaw) < 1e-6 and owner == "window" for zone, owner in f.layout.zones)}
    wall = max(stretches, key=lambda w: stretches[w][1] - stretches[w][0] + float(rng.uniform(0, 0.4)) - 0.8 * (w in lit))
    low, high = stretches[wall]
    length = min(high - low, 4.2)
    shift = float(rng.uniform(0, high - low - length)) if rng.uniform() < 0.3 else (0.0 if rng.uniform() < 0.5 else high - low - length)
    left = _row_of_units(f, _units(f, length), wall, low + shift, high)
    for k, (category, shape) in enumerate(left):
        _unit_elsewhere(f, f"kitchen unit elsewhere/{k}", category, shape)
    if not f.layout.find("counter"):
        for width in (0.9, 0.6, 0.4):
            unit = _counter(width, "bar", 3, 0.6)
            if unit and _unit_elsewhere(f, f"counter elsewhere/{width}", *unit):
                break
    second = max((w for w in stretches if w is not wall), key=lambda w: np.subtract(*free_stretch(f, w, 0.62, COUNTER_M)[::-1]))
    low, high = free_stretch(f, second, 0.62, COUNTER_M)
    if high - low > 1.0 and f.chance("second row", 0.75):
        unit = _counter(min(high - low - 0.06, float(rng.uniform(1.0, 2.4))), "bar", 3, 0.6)
        _row_of_units(f, [unit] if unit else [], second, low, high)
    if f.chance("kitchen table", 0.8):
        _kitchen_table(f)


def _unit_elsewhere(f: Furnisher, purpose: str, category: str, shape: Shape) -> bool:
    """A unit at whichever wall has room; a refrigerator may be a smaller one."""
    options = [shape]
    if category == "refrigerator":
        options += [shape_of("refrigerator", width=0.55, depth=0.58, height=h, freezer=0.0) for h in (1.45, 0.85)]
    for k, option in enumerate(options):
        zone = 0.7 if k == 0 else 0.5
        if f.against_wall(
            f"{purpose}/{k}", category, option, zone=zone, group="kitchen", gap=0.03, clearance=0.004, surface=_top(category), insist=True
        ):
            return True
    return False


def _top(category: str) -> float | None:
    """Height of the surface on which things may stand, where there is one."""
    return {"counter": COUNTER_M}.get(category)


def _row_of_units(f: Furnisher, units: list[Unit], wall: Wall, low: float, high: float) -> list[Unit]:
    """Sets units side by side from `low` on, with cabinets above; returns those that found no place."""
    at, left = low + 0.03, []
    bottom = metres(f.rng("wall cabinets"), 1.42, 1.52)
    tall = min(metres(f.rng("wall cabinets/height"), 0.6, 0.8), f.layout.height - bottom - 0.05)
    columns = f.rng("wall cabinets/wanted").uniform() < 0.9
    for category, shape in units:
        width = size(shape)[0]
        middle = at + width / 2
        placed = None
        if at + width <= high + 0.03:
            purpose = f"kitchen/{category}/{at:.2f}"
            placed = f.against_wall(
                purpose,
                category,
                shape,
                walls=[wall],
                along=middle,
                zone=0.8,
                group="kitchen",
                gap=0.03,
                clearance=0.0,
                surface=_top(category),
                insist=True,
            )
        if placed is None:
            left.append((category, shape))
            continue
        at += width + 0.002
        if category != "refrigerator":
            _behind(f, wall, middle, width, 1.5 if category == "stove" else bottom - 0.01)
        if category == "stove":
            hood = shape_of("range_hood", width=0.6, depth=0.5, height=min(0.8, f.layout.height - 1.6), style=_hood_style(f))
            f.hung_at("range_hood", hood, wall, middle, 1.55, "kitchen")
        elif category != "refrigerator" and columns:
            doors = max(1, round(width / 0.5))
            cabinet = shape_of("wall_cabinet", width=width - 0.004, depth=0.34, height=tall, columns=doors)
            f.hung_at("cabinet", cabinet, wall, middle, bottom, "kitchen")
    return left


def _behind(f: Furnisher, wall: Wall, middle: float, width: float, top: float) -> None:
    """Tiles on the wall behind a unit, up to `top` or the sill of a window."""
    if f.rng("splashback").uniform() < 0.8:
        for high in (top, COUNTER_M + 0.26):
            shape = shape_of("splashback", width=width + 0.002, depth=0.01, height=high - COUNTER_M + 0.03)
            item = Item(
                name=f.layout.unique_name("splashback"),
                category="wall",
                shape=shape,
                x=round(wall.point(middle, 0.0)[0], 4),
                y=round(wall.point(middle, 0.0)[1], 4),
                z=COUNTER_M - 0.03,
                yaw=wall.yaw,
                group="splashback",
            )
            if f.layout.place(item, clearance=0.0, enter=None):
                return


def _hood_style(f: Furnisher) -> str:
    return str(f.rng("hood").choice(["chimney", "visor"]))


def _kitchen_table(f: Furnisher) -> None:
    """A small table with two chairs, where there is room for it."""
    rng = f.rng("kitchen table/shape")
    width = metres(rng, 0.65, 0.9)
    if rng.uniform() < 0.5:
        shape = shape_of("round_table", width=width, height=0.75, pedestal=int(rng.integers(2)))
    else:
        shape = shape_of(
            "table", width=width, depth=metres(rng, 0.6, 0.75), height=0.75, leg=0.05, legs=str(rng.choice(["straight", "tapered"]))
        )
    depth = size(shape)[1]
    table = f.against_wall("kitchen table", "table", shape, zone=0.1, sides=0.5, surface=0.75, group="kitchen table")
    if table is None:
        return
    chair = pieces.chair(f.rng("kitchen chair/shape"))
    for k, side in enumerate((-1, 1)):
        f.beside(
            f"kitchen chair/{k}",
            "chair",
            chair,
            table,
            (side * (width / 2 + 0.08), -0.05 * depth),
            side * pi / 2 + pi,
            group="kitchen table",
            overlap=True,
            turn_jitter=0.12,
            jitter=0.03,
        )


def bathroom(f: Furnisher) -> None:
    """Bathtub or shower in a corner, toilet, washbasin with a mirror above it, towels, a mat, a washing machine where it fits."""
    rng = f.rng("bathroom")
    area = f.layout.length * f.layout.breadth
    bath = shape_of("bathtub", width=metres(rng, 1.5, 1.75), depth=metres(rng, 0.7, 0.8), height=0.66)
    side = metres(rng, 0.8, 0.95)
    shower = shape_of("shower", width=side, depth=side, height=min(metres(rng, 1.95, 2.1), f.layout.height - 0.1))
    first, second = (("bathtub", bath), ("shower", shower))[:: 1 if rng.uniform() < 0.35 + 0.06 * area else -1]
    tub = _sanitary(f, rng, (first, second))
    if area > 6.5 and tub is not None and tub.category == "bathtub" and f.chance("also a shower", 0.5):
        f.in_corner("shower", "shower", shower, zone=0.4)
    if f.chance("washing machine", 0.5):
        f.against_wall("washing machine", "washing_machine", shape_of("washing_machine"), zone=0.4, gap=0.03, surface=0.85)
    if f.chance("bathroom cabinet", 0.6):
        tall = metres(f.rng("bathroom cabinet/shape"), 0.8, 1.8)
        shape = pieces.cabinet(f.rng("bathroom cabinet/shape"), (0.35, 0.6), (tall, tall), (0.3, 0.36), 2)
        f.against_wall("bathroom cabinet", "cabinet", shape, zone=0.3, surface=tall if tall < 1.3 else None)
    for k in range(int(rng.integers(1, 3))):
        width = metres(f.rng(f"towel/{k}"), 0.45, 0.65)
        f.on_wall(f"towel/{k}", "towel", shape_of("towel_rail", width=width, height=0.7, towel_width=0.7 * width), middle=1.15)
    if tub is not None and f.chance("bath mat", 0.9):
        _mat(f, tub)


def _sanitary(f: Furnisher, rng: np.random.Generator, baths: tuple[Unit, Unit]) -> Item | None:
    """Bath, toilet and washbasin, which belong in every bathroom: without the first bath, or any, where not all have room. The bath."""
    toilet = shape_of("toilet", lid=str(rng.choice(["closed", "closed", "open"])))
    small = shape_of("shower", width=0.75, depth=0.75, height=baths[0][1].number("height") if baths[0][0] == "shower" else 1.95)
    for k, bath in enumerate((*baths, ("shower", small), None)):
        mark = f.mark()
        tub = f.in_corner(f"bath/{k}", bath[0], bath[1], zone=0.45, insist=True) if bath else None
        if bath is None or tub is not None:
            seat = f.against_wall(f"toilet/{k}", "toilet", toilet, zone=0.4, gap=0.03, sides=0.1, insist=True) or f.against_wall(
                f"toilet/{k}/2", "toilet", toilet, zone=0.25, gap=0.03, insist=True
            )
            if seat is not None and _washbasin(f, f"washbasin/{k}"):
                return tub
        if bath is not None:
            f.back_to(mark)
    return None


def _washbasin(f: Furnisher, purpose: str) -> bool:
    """A washbasin, if it may be where there is room for a mirror above it."""
    rng = f.rng(purpose)
    style = str(rng.choice(["pedestal", "vanity"]))
    width = metres(rng, 0.48, 0.8 if style == "vanity" else 0.6)
    large, small = (shape_of("washbasin", width=w, depth=d, height=1.02, style=style) for w, d in ((width, 0.46), (0.45, 0.4)))
    mirror = f.rng("mirror")
    wide, tall, form = metres(mirror, 0.42, 0.7), metres(mirror, 0.55, 0.85), str(mirror.choice(["square", "square", "oval"]))
    for k in range(10):
        mark = f.mark()
        shape, zone = (large, 0.5) if k < 5 else (small, 0.4)
        basin = f.against_wall(f"{purpose}/{k}", "sink", shape, zone=zone, gap=0.03, insist=True)
        if basin is None:
            continue
        wall, along = f.spots[basin.name]
        for factor in (1.0, 0.7):
            face = shape_of("mirror", width=factor * wide, height=factor * tall, style=form)
            if f.hung_at("mirror", face, wall, along, round(1.62 - 0.5 * factor * tall, 3)):
                return True
        f.back_to(mark)
    return any(
        f.against_wall(f"{purpose}/plain/{k}", "sink", small, zone=zone, gap=0.03, insist=True) for k, zone in enumerate((0.4, 0.25))
    )


def _mat(f: Furnisher, tub: Item) -> None:
    """A bath mat before the tub."""
    rng = f.rng("bath mat")
    depth = metres(rng, 0.45, 0.55)
    shape = shape_of("rug", width=metres(rng, 0.6, 0.85), depth=depth, height=0.012, border=0.04)
    f.beside("bath mat/place", "rug", shape, tub, (0.0, -size(tub.shape)[1] / 2 - depth / 2 - 0.05), group="bath mat")


def corridor(f: Furnisher) -> None:
    """A runner, a mirror, a narrow cabinet for shoes, coats at the end: as much as leaves the way free."""
    rng = f.rng("corridor")
    narrow, long = sorted((f.layout.length, f.layout.breadth))
    depth = round(min(0.36, narrow - 0.9), 3)
    for k in range(int(rng.integers(1, 3)) if depth > 0.17 else 0):
        shape = pieces.cabinet(f.rng(f"shoe cabinet/{k}"), (0.6, 1.1), (0.75, 1.2), (depth, depth), 3)
        placed = f.against_wall(f"shoe cabinet/{k}/place", "cabinet", shape, zone=0.78, surface=size(shape)[2], group="shoe cabinet")
        if placed is not None and f.chance(f"hall mirror/{k}", 0.6):
            mirror = shape_of("mirror", width=metres(rng, 0.4, 0.6), height=metres(rng, 0.6, 0.9))
            f.on_wall(f"hall mirror/{k}/place", "mirror", mirror, middle=1.65, above=placed)
    if narrow > 1.3 and f.chance("coat rack", 0.8):
        rack = shape_of("coat_rack", width=0.5, height=metres(rng, 1.65, 1.8), coats=int(rng.integers(1, 4)))
        f.on_floor("coat rack", "coat_rack", rack, corner=1.0)
    if f.chance("coat hooks", 0.7):
        f.on_wall("coat hooks", "clothes", variant("coat_hooks", int(f.rng("coat hooks/shape").integers(VARIANTS))), middle=1.3)
    if f.chance("runner", 0.8):
        width, reach = round(0.55 * narrow, 3), round(long * float(rng.uniform(0.4, 0.7)), 3)
        x, y = (reach, width) if f.layout.length > f.layout.breadth else (width, reach)
        rug = rug_shape(rng, x, y)
        f.layout.place(Item(name="rug", category="rug", shape=rug, x=0.0, y=0.0, z=0.0, yaw=0.0, group="rug"))


HOUSE_TYPES: dict[str, Callable[[Furnisher], None]] = {**TYPES, "kitchen": kitchen, "bathroom": bathroom, "corridor": corridor}
"""What furnishes each kind of room of a house."""
