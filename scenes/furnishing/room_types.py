"""Bedrooms, dining rooms and offices: which furniture each has and how it is grouped."""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import numpy as np

from scenes.furnishing.furnish import TRIES, Furnisher, Surface
from scenes.furnishing.layout import Item
from scenes.furnishing.living_rooms import cushions, living, shelf
from scenes.pieces import VARIANTS, variant
from scenes.pieces import indoor as pieces
from scenes.pieces.measures import metres, shape_of
from scenes.scene import Shape
from scenes.shapes import size


def bedroom(f: Furnisher) -> None:
    """Bed, nightstands with lamps, wardrobe, chest of drawers, perhaps a desk or an armchair."""
    rng = f.rng("bed")
    width = round(float(rng.choice([0.98, 1.4, 1.6, 1.8])), 3)
    shape = shape_of(
        "bed",
        width=width,
        depth=metres(rng, 2.05, 2.15),
        height=metres(rng, 0.75, 1.25),
        pillows=1 if width < 1.2 else 2,
        mattress_top=metres(rng, 0.45, 0.56),
        cover=metres(rng, 0.55, 0.72),
    )
    bed = _bed_and_wardrobe(f, shape)
    if bed is not None:
        _bedside(f, bed)
    if f.chance("dresser", 0.95):
        f.against_wall(
            "dresser",
            "dresser",
            (s := pieces.cabinet(f.rng("dresser/shape"), (0.8, 1.4), (0.75, 1.0), (0.42, 0.5), 3)),
            zone=0.4,
            surface=size(s)[2],
        )
    if f.chance("desk", 0.5):
        _workplace(f, "desk")
    if f.chance("armchair", 0.5):
        f.on_floor("armchair", "armchair", pieces.armchair(f.rng("armchair/shape")), corner=0.7, inwards=True)
    if f.chance("bookshelf", 0.5):
        shelf(f, "bookshelf")


def _bed_and_wardrobe(f: Furnisher, shape: Shape) -> Item | None:
    """The bed, with room to walk on both sides if it may be, and a wardrobe: smaller ones where there is no room, at last in a corner."""
    small = {"depth": 2.05, "height": 0.85, "mattress_top": 0.5, "cover": 0.6}
    double, single = (shape_of("bed", width=w, pillows=n, **small) for w, n in ((1.4, 2), (0.98, 1)))
    for k, (bed, zone, sides) in enumerate(
        ((shape, 0.6, 0.55), (shape, 0.5, 0.45), (double, 0.5, 0.4), (single, 0.4, 0.3), (single, 0.3, 0.0))
    ):
        mark = f.mark()
        found = f.against_wall(f"bed/{k}", "bed", bed, zone=zone, sides=sides, group="bed", insist=True)
        if found is not None and _wardrobe(f, f"wardrobe/{k}"):
            return found
        f.back_to(mark)
    found = f.in_corner("bed in a corner", "bed", single, zone=0.2, group="bed", insist=True)
    _wardrobe(f, "wardrobe")
    return found


def _wardrobe(f: Furnisher, purpose: str) -> bool:
    for k, (widths, depth, zone) in enumerate((((1.0, 2.0), 0.6, 0.5), ((0.9, 1.2), 0.56, 0.4), ((0.6, 0.8), 0.5, 0.3))):
        shape = pieces.cabinet(f.rng(f"{purpose}/{k}/shape"), widths, (1.95, 2.25), (depth - 0.04, depth), 1)
        if f.against_wall(f"{purpose}/{k}", "wardrobe", shape, zone=zone, insist=True):
            return True
    return False


def _bedside(f: Furnisher, bed: Item) -> None:
    rng = f.rng("nightstand/shape")
    width, depth, _ = size(bed.shape)
    w, d, h = metres(rng, 0.4, 0.52), metres(rng, 0.36, 0.44), metres(rng, 0.45, 0.58)
    stand = shape_of("cabinet", width=w, depth=d, height=h, columns=1, rows=2, handle=str(rng.choice(["bar", "knob"])), foot=0.08)
    lamp = pieces.table_lamp(f.rng("bedside lamp/shape"))
    for k, side in enumerate((-1, 1)):
        at = (side * (width / 2 + w / 2 + 0.06), depth / 2 - d / 2)
        placed = f.beside(f"nightstand/{k}", "nightstand", stand, bed, at, surface=h, group="bed")
        if placed is not None and f.chance(f"bedside lamp/{k}", 1.0):
            f.on_top(f"bedside lamp/{k}", "lamp", lamp, f.surfaces[-1], at=(0.0, 0.04), group="bedside lamp")
    top = bed.shape.number("mattress_top")
    for k in range(2 if width > 1.2 and f.chance("bed cushions", 0.6) else 0):
        shape = shape_of("cushion", width=0.42, depth=0.19, height=0.4, lean_deg=18.0)
        f.on_top(
            f"bed cushion/{k}",
            "cushion",
            shape,
            Surface(bed, top, width / 2, depth / 2),
            at=((k - 0.5) * 0.5 * width, depth / 2 - 0.62),
            turn=0.0,
            group="bed cushion",
        )
    f.on_wall("picture over bed", "picture", pieces.picture(f.rng("picture over bed/shape")), middle=1.6, above=bed)
    if f.chance("bed rug", 0.9):
        f.rug("bed rug", bed, (1.2, 0.1), -0.45)


def _workplace(f: Furnisher, purpose: str, insist: bool = False) -> Item | None:
    """A desk at a wall with its chair, a screen, a lamp."""
    rng = f.rng(f"{purpose}/shape")
    mirrored, width, depth = int(rng.integers(2)), metres(rng, 1.15, 1.7), metres(rng, 0.6, 0.8)
    shape = shape_of("desk", width=width, depth=depth, height=metres(rng, 0.72, 0.76), drawers=int(rng.integers(2, 5)), mirrored=mirrored)
    desk = f.against_wall(purpose, "desk", shape, zone=0.85, surface=size(shape)[2], group=purpose, insist=insist)
    if desk is None and insist:
        width, depth = 1.1, 0.58
        shape = shape_of("desk", width=width, depth=depth, height=0.74, drawers=3, mirrored=mirrored)
        desk = f.against_wall(f"{purpose}/small", "desk", shape, zone=0.7, surface=0.74, group=purpose, insist=True)
    if desk is None:
        return None
    surface = f.surfaces[-1]
    free_side = 0.2 if mirrored else -0.2
    rolling = rng.uniform() < 0.7
    seat = (
        shape_of("office_chair", width=metres(rng, 0.58, 0.66), height=metres(rng, 0.9, 1.15))
        if rolling
        else pieces.chair(f.rng(f"{purpose}/chair"))
    )
    f.beside(
        f"{purpose}/chair",
        "chair",
        seat,
        desk,
        (free_side, -(depth / 2 + 0.3)),
        pi,
        turn_jitter=0.35,
        group=f"{purpose} chair",
        overlap=True,
        jitter=0.05,
    )
    if rng.uniform() < 0.55:
        screen = shape_of("television", width=metres(rng, 0.5, 0.75), depth=0.2, height=metres(rng, 0.42, 0.52))
        f.on_top(f"{purpose}/screen", "monitor", screen, surface, at=(free_side, depth / 2 - 0.16), turn=0.0)
        keys, mouse = (variant(name, int(rng.integers(VARIANTS))) for name in ("keyboard", "computer_mouse"))
        f.on_top(f"{purpose}/keyboard", "keyboard", keys, surface, at=(free_side, 0.14 - depth / 2), turn=0.0)
        f.on_top(f"{purpose}/mouse", "computer_mouse", mouse, surface, at=(free_side + 0.31, 0.15 - depth / 2), turn=0.1)
    else:
        f.on_top(f"{purpose}/laptop", "laptop", shape_of("laptop"), surface, at=(free_side, 0.0), turn=0.0)
    if f.chance(f"{purpose}/lamp", 0.8):
        f.on_top(
            f"{purpose}/lamp",
            "lamp",
            pieces.table_lamp(f.rng(f"{purpose}/lamp/shape")),
            surface,
            at=(-np.sign(free_side) * (width / 2 - 0.2), depth / 2 - 0.2),
        )
    return desk


Seat = tuple[float, float, float]  # (x, y) in the frame of the table, and its turn


def _dining_set(rng: np.random.Generator, tight: bool) -> tuple[Shape, list[Seat]]:
    """A table, round or not, and places for chairs around it; a small one where it is `tight`."""
    if rng.uniform() < 0.3:
        width, height = metres(rng, 0.9, 1.05 if tight else 1.3), metres(rng, 0.72, 0.77)
        shape = shape_of("round_table", width=width, height=height, pedestal=int(rng.uniform() < 0.7))
        count = int(rng.integers(3, 5 if tight else 6))
        turns = [2 * pi * k / count for k in range(count)]
        return shape, [((width / 2 + 0.1) * np.sin(a), -(width / 2 + 0.1) * np.cos(a), a + pi) for a in turns]
    w, d, h = metres(rng, 1.2, 1.5 if tight else 2.0), metres(rng, 0.78, 0.95), metres(rng, 0.72, 0.77)
    legs = str(rng.choice(["straight", "tapered"]))
    shape = shape_of("table", width=w, depth=d, height=h, leg=metres(rng, 0.05, 0.09), legs=legs, top=metres(rng, 0.025, 0.045))
    per_side = 2 if w < 1.65 else 3
    seats = [
        ((k + 0.5) * (w - 0.15) / per_side - (w - 0.15) / 2, s * (d / 2 + 0.12), pi if s < 0 else 0.0)
        for s in (-1, 1)
        for k in range(per_side)
    ]
    if rng.uniform() < 0.5:
        seats += [(s * (w / 2 + 0.14), 0.0, s * pi / 2 + pi) for s in (-1, 1)]
    return shape, seats


def _seat(f: Furnisher, table: Item, seats: list[Seat]) -> None:
    """Chairs around a table, which now and then is laid."""
    chair = pieces.chair(f.rng("dining chair/shape"))
    laid, rng = f.chance("laid table", 0.45), f.rng("laid table")
    plate, glass = (variant(name, int(rng.integers(VARIANTS))) for name in ("plate", "glass"))
    for k, (x, y, turn) in enumerate(seats):
        placed = f.beside(
            f"dining chair/{k}",
            "chair",
            chair,
            table,
            (float(x), float(y)),
            turn,
            group="dining chair",
            overlap=True,
            turn_jitter=0.09,
            jitter=0.03,
            clearance=0.0,
        )
        if placed is not None and laid:
            ahead, aside = np.array([np.sin(turn), -np.cos(turn)]), np.array([np.cos(turn), np.sin(turn)])
            for name, shape, place in (("plate", plate, 0.33 * ahead), ("glass", glass, 0.42 * ahead + 0.19 * aside)):
                u, v = np.array([x, y]) + place
                f.on_top(f"{name}/{k}", name, shape, f.surfaces[-1], at=(float(u), float(v)), group=f"laid {name}")


def dining(f: Furnisher) -> None:
    """A table with chairs around it under a lamp, sideboard, shelf."""
    rng = f.rng("dining table")
    table = None
    for tight in (min(f.layout.length, f.layout.breadth) < 3.6, True):
        if table is None:
            shape, seats = _dining_set(rng, tight)
            table = _dining_table(f, rng, shape, size(shape)[2])
    if table is None:
        shape, seats = shape_of("table", width=1.1, depth=0.75, height=0.75), [(s * 0.67, 0.0, s * pi / 2 + pi) for s in (-1, 1)]
        table = f.against_wall("dining table at a wall", "table", shape, sides=0.4, surface=0.75, group="dining table", insist=True)
    if table is None:
        return
    _seat(f, table, seats)
    if f.chance("dining rug", 0.8):
        f.rug("dining rug", table, (1.4, 1.4))
    vase = shape_of(
        "vase", width=metres(rng, 0.12, 0.2), height=metres(rng, 0.2, 0.38), style=str(rng.choice(["round", "flared", "bottle"]))
    )
    f.on_top("centrepiece", "vase", vase, f.surfaces[0], at=(0.0, 0.0))
    for name, probability in (("sideboard", 0.95), ("second sideboard", 0.4)):
        if f.chance(name, probability):
            board = pieces.cabinet(f.rng(f"{name}/shape"), (1.1, 1.9), (0.75, 1.0), (0.4, 0.5), int(f.rng(f"{name}/rows").integers(1, 3)))
            f.against_wall(name, "cabinet", board, zone=0.35, surface=size(board)[2])
    if f.chance("shelf", 0.6):
        shelf(f, "shelf")


def dining_corner(f: Furnisher) -> None:
    """A table with chairs somewhere in a room that is furnished for something else already."""
    rng = f.rng("dining corner")
    shape, seats = _dining_set(rng, True)
    x, y = f.layout.length / 2 - 0.8, f.layout.breadth / 2 - 0.8
    for _ in range(TRIES):
        u, v = (round(float(rng.uniform(-k, k)), 3) for k in (x, y))
        yaw = round(float(rng.integers(2)) * pi / 2, 5)
        item = Item(name="table", category="table", shape=shape, x=u, y=v, z=0.0, yaw=yaw, group="dining table")
        if f.layout.place(item, clearance=0.5):
            f.surfaces.append(Surface(item, size(shape)[2], size(shape)[0] / 2 * 0.75, size(shape)[1] / 2 * 0.75))
            _seat(f, item, seats)
            return
    f.layout.rejected["table"] += 1


def _dining_table(f: Furnisher, rng: np.random.Generator, shape: Shape, height: float) -> Item | None:
    """The table near the middle of the room, along its longer side; further off and turned when something is in the way."""
    lengthwise = 0.0 if f.layout.length >= f.layout.breadth else pi / 2
    for attempt in range(32):
        x, y = rng.normal(0, 0.12 + 0.04 * attempt, 2)
        yaw = lengthwise if attempt % 16 < 8 else pi / 2 - lengthwise
        item = Item(
            name="table",
            category="table",
            shape=shape,
            x=round(float(x), 3),
            y=round(float(y), 3),
            z=0.0,
            yaw=round(yaw, 5),
            group="dining table",
        )
        mark = f.mark()
        if f.layout.place(item, clearance=0.5 if attempt % 8 < 5 else 0.3):
            if not f.keep(item):
                f.back_to(mark)
                continue
            f.surfaces.append(Surface(item, height, size(shape)[0] / 2 * 0.75, size(shape)[1] / 2 * 0.75))
            return item
    f.layout.rejected["table"] += 1
    return None


def office(f: Furnisher) -> None:
    """One or two desks, shelves full of books, a filing cabinet, perhaps a small sofa."""
    _workplace(f, "desk", insist=True)
    if f.chance("second desk", 0.6):
        _workplace(f, "second desk")
    for name, probability in (("shelf", 1.0), ("second shelf", 0.8), ("third shelf", 0.5)):
        if f.chance(name, probability):
            shelf(f, name)
    if f.chance("filing cabinet", 0.8):
        shape = pieces.cabinet(f.rng("filing cabinet/shape"), (0.45, 0.9), (0.7, 1.3), (0.45, 0.55), 3)
        f.against_wall("filing cabinet", "cabinet", shape, zone=0.4, surface=size(shape)[2])
    if f.chance("office sofa", 0.5):
        sofa = f.against_wall("office sofa", "sofa", shape_of("sofa", width=1.5, seats=2, arm_width=0.12), zone=0.5, group="sofa")
        if sofa is not None:
            cushions(f, sofa, 2)
    elif f.chance("armchair", 0.6):
        f.on_floor("armchair", "armchair", pieces.armchair(f.rng("armchair/shape")), corner=0.7, inwards=True)
    if f.chance("office rug", 0.7):
        f.rug("office rug", None, (0.8, 0.6))


TYPES: dict[str, Callable[[Furnisher], None]] = {"bedroom": bedroom, "living": living, "dining": dining, "office": office}
