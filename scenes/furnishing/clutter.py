"""Small things that fill a room up: books, vases, bowls, plants, pictures, boxes, lamps under the ceiling."""

from __future__ import annotations

from collections.abc import Mapping

from scenes.furnishing.furnish import Furnisher
from scenes.furnishing.layout import Item
from scenes.pieces import indoor as pieces
from scenes.pieces.measures import metres, shape_of

FEWEST, MOST = 20, 40  # instances of a scene

ON_TOP = {
    "books": pieces.book_stack,
    "book_row": pieces.book_row,
    "vase": pieces.vase,
    "bowl": pieces.bowl,
    "mug": pieces.mug,
    "plant": pieces.small_plant,
}
ON_FLOOR = {"plant": pieces.plant, "box": pieces.carton, "ball": pieces.ball, "stool": pieces.stool}


LIVED_IN = {"books": 0.3, "book_row": 0.12, "vase": 0.2, "bowl": 0.12, "mug": 0.14, "plant": 0.12}
CROCKERY = {"bowl": 0.35, "mug": 0.4, "plant": 0.1, "vase": 0.15}


def small_things(f: Furnisher, count: int, kinds: Mapping[str, float] = LIVED_IN) -> None:
    """Up to `count` things of `kinds` (with their shares, which add up to one) on tables, cabinets and shelves."""
    for k in range(count if f.surfaces else 0):
        rng = f.rng(f"clutter/{k}")
        kind = str(rng.choice(list(kinds), p=list(kinds.values())))
        surface = f.surfaces[int(rng.integers(len(f.surfaces)))]
        if surface.item.name == "table" and kind in ("books", "book_row"):  # nobody dines among books
            kind = str(rng.choice(["bowl", "mug", "plant"]))
        turn = float(rng.normal(0, 0.15)) if kind == "book_row" else None
        category = "books" if kind == "book_row" else kind
        f.on_top(f"clutter/{k}/place", category, ON_TOP[kind](rng), surface, turn=turn)


def floor_things(f: Furnisher, plants: int, others: int) -> None:
    """Plants in the corners, and other things that stand about."""
    for k in range(plants):
        f.on_floor(f"plant/{k}", "plant", pieces.plant(f.rng(f"plant/{k}/shape")), corner=0.8)
    for k in range(others):
        rng = f.rng(f"floor thing/{k}")
        kind = str(rng.choice(["box", "ball", "stool"], p=[0.4, 0.3, 0.3]))
        f.on_floor(f"floor thing/{k}/place", kind, ON_FLOOR[kind](rng), corner=0.5)


def pictures(f: Furnisher, count: int) -> None:
    """Pictures, and sometimes a clock, on the walls."""
    for k in range(count):
        f.on_wall(f"picture/{k}", "picture", pieces.picture(f.rng(f"picture/{k}/shape")), middle=1.55)
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


def fill_up(f: Furnisher, fewest: int) -> None:
    """More small things until the layout has at least `fewest` items, in a bounded number of tries."""
    for k in range(40):
        if len(f.layout.items) >= fewest:
            return
        rng = f.rng(f"fill/{k}")
        if f.surfaces and rng.uniform() < 0.6:
            kind = str(rng.choice(["books", "vase", "bowl", "mug"]))
            f.on_top(f"fill/{k}/place", kind, ON_TOP[kind](rng), f.surfaces[int(rng.integers(len(f.surfaces)))])
        elif rng.uniform() < 0.5:
            f.on_wall(f"fill/{k}/place", "picture", pieces.picture(rng), middle=1.55)
        else:
            kind = str(rng.choice(["plant", "box", "stool"]))
            f.on_floor(f"fill/{k}/place", kind, ON_FLOOR[kind](rng), corner=0.7)
