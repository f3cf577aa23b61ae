"""Small things that fill a room up, picked from the catalogue by what belongs where; pictures; lamps under the ceiling."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
from numpy.typing import NDArray

from scenes.furnishing.furnish import Furnisher, Surface
from scenes.furnishing.layout import Item
from scenes.pieces import PIECES, VARIANTS, variant
from scenes.pieces.measures import metres, shape_of

# A table is laid as in a dining room wherever it stands.
_USED_AS = {
    "table": "dining",
    "counter": "kitchen",
    "desk": "office",
    "nightstand": "bedroom",
    "coffee_table": "living",
    "dresser": "bedroom",
}
_ON_FLOOR = frozenset(
    "shoes handbag backpack waste_bin basket ball carton toy_blocks teddy toy_car toy_train stacking_rings laundry_basket stool guitar "
    "ottoman umbrella_stand vacuum_cleaner".split()
)
_AT_WALL = frozenset(("shoes", "umbrella_stand", "vacuum_cleaner", "laundry_basket", "waste_bin", "guitar", "backpack", "handbag"))
_PLACED = frozenset(("keyboard", "computer_mouse", "cushion", "pillow", "table_lamp", "monitor", "television"))  # with what they belong to
_FRONTED = frozenset(("clock", "photo_frame", "books", "microwave", "toaster", "printer", "telephone", "speaker", "knife_block", "laptop"))
_BULKY = frozenset(("microwave", "printer"))  # stand on furniture all the same
_RARER = 0.35  # with each thing of its kind that is there


@cache
def _shares(kind: str, floor: bool) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Names in the catalogue of what lies on the floor, or on furniture, in a kind of room, and how often [N]."""
    found = {}
    for name, piece in PIECES.items():
        fits = name in _ON_FLOOR if floor else not (name in _ON_FLOOR or name in _PLACED or (piece.large and name not in _BULKY))
        if fits and piece.rooms.get(kind, 0.0) > 0 and (piece.loose or name in ("book_row", "toy_blocks", "guitar")):
            found[name] = float(piece.rooms[kind])
    return tuple(found), np.array(list(found.values()))


def _pick(rng: np.random.Generator, kind: str, floor: bool, present: Counter[str]) -> str | None:
    names, shares = _shares(kind, floor)
    if not names:
        return None
    rarer = shares * np.array([_RARER ** present[name] for name in names])
    return names[int(rng.choice(len(names), p=rarer / rarer.sum()))]


def small_things(f: Furnisher, kind: str, count: int) -> None:
    """Up to `count` things on the tables, counters, cabinets and shelves of a kind of room; the larger a top, the more."""
    present = Counter[str]()
    areas = np.array([surface.half_x * surface.half_y for surface in f.surfaces]) ** 0.6
    for k in range(count if f.surfaces else 0):
        rng = f.rng(f"clutter/{k}")
        surface = f.surfaces[int(rng.choice(len(areas), p=areas / areas.sum()))]
        name = _pick(rng, _USED_AS.get(surface.item.category, kind), False, present)
        if name is not None and _put(f, f"clutter/{k}/place", name, surface, rng):
            present[name] += 1


def _put(f: Furnisher, purpose: str, name: str, surface: Surface, rng: np.random.Generator) -> Item | None:
    """A thing of the catalogue somewhere on a surface, with its front to the front if it has one."""
    category, shape = PIECES[name].category, variant(name, int(rng.integers(VARIANTS)))
    turn = float(rng.normal(0, 0.2)) if category in _FRONTED else None
    return f.on_top(purpose, category, shape, surface, turn=turn)


def floor_things(f: Furnisher, kind: str, plants: int, others: int) -> None:
    """Plants in the corners, and what else stands or lies on the floor of a kind of room."""
    for k in range(plants):
        shape = variant("plant", int(f.rng(f"plant/{k}/shape").integers(VARIANTS)))
        f.on_floor(f"plant/{k}", "plant", shape, corner=0.8)
    present = Counter[str]()
    for k in range(others):
        rng = f.rng(f"floor thing/{k}")
        name = _pick(rng, kind, True, present)
        if name is None:
            return
        category, shape = PIECES[name].category, variant(name, int(rng.integers(VARIANTS)))
        present[name] += 1
        if name in _AT_WALL:
            f.against_wall(f"floor thing/{k}/place", category, shape, gap=0.04)
        else:
            f.on_floor(f"floor thing/{k}/place", category, shape, corner=0.5)


def pictures(f: Furnisher, count: int) -> None:
    """Pictures, and sometimes a clock, on the walls."""
    for k in range(count):
        f.on_wall(f"picture/{k}", "picture", variant("picture", int(f.rng(f"picture/{k}/shape").integers(VARIANTS))), middle=1.55)
    if f.chance("clock", 0.4):
        f.on_wall(
            "clock",
            "clock",
            shape_of("clock", width=metres(f.rng("clock/shape"), 0.24, 0.38), hour=round(float(f.rng("clock/shape").uniform(0, 12)), 2)),
            middle=1.85,
        )


def ceiling_lamps(f: Furnisher) -> list[Item]:
    """One lamp, or two in a long room; above the dining table where there is one."""
    rng = f.rng("ceiling lamps")
    layout = f.layout
    table = next((item for item in layout.items if item.name == "table"), None)
    if table is not None or (layout.height > 2.55 and rng.uniform() < 0.45):
        drop = layout.height - (1.55 if table is not None else 2.05)
        shape = shape_of("pendant", width=metres(rng, 0.34, 0.6), height=round(drop, 3), shade_height=round(min(0.26, 0.6 * drop), 3))
    else:
        shape = shape_of("ceiling_dome", width=metres(rng, 0.32, 0.5), height=metres(rng, 0.09, 0.14))
    places = [(table.x, table.y)] if table is not None else [(0.0, 0.0)]
    if table is None and max(layout.length, layout.breadth) > 4.8:
        places = [(x * layout.length, 0.0) if layout.length > layout.breadth else (0.0, x * layout.breadth) for x in (-0.25, 0.25)]
    lamps = [f.under_ceiling(f"ceiling lamp/{k}", shape, *place) for k, place in enumerate(places)]
    return [lamp for lamp in lamps if lamp is not None]
