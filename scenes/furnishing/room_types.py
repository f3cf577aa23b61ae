"""The four kinds of room: which furniture each has and how it is grouped."""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import numpy as np

from scenes.furnishing.furnish import TRIES, Furnisher, Surface
from scenes.furnishing.layout import Item
from scenes.pieces import indoor as pieces
from scenes.pieces.measures import metres, shape_of
from scenes.scene import Shape
from scenes.shapes import size


def _seat_surface(seat: Item, z: float) -> Surface:
    width, depth, _ = size(seat.shape)
    return Surface(seat, z, width / 2, depth / 2)


def _cushions(f: Furnisher, seat: Item, count: int) -> None:
    """Cushions that lean against the back of a sofa or armchair."""
    rng = f.rng(f"cushions/{seat.name}")
    width, depth, _ = size(seat.shape)
    arm = seat.shape.number("arm_width")
    inner = width - 2 * arm
    edge = metres(rng, 0.36, 0.44)
    for k, place in enumerate(rng.permutation(max(1, int(inner / 0.52)))[:count]):
        span = inner / max(1, int(inner / 0.52))
        shape = shape_of("cushion", width=min(edge, inner - 0.06), depth=0.2, height=edge, lean_deg=float(rng.integers(14, 24)))
        at = (-inner / 2 + (float(place) + 0.5) * span, depth / 2 - 0.3 - 0.1)
        f.on_top(f"cushion/{seat.name}/{k}", "cushion", shape, _seat_surface(seat, seat.z + 0.43), at=at, turn=0.0)


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
    bed = None
    for k, (zone, sides) in enumerate(((0.6, 0.55), (0.5, 0.45), (0.4, 0.0))):
        bed = bed or f.against_wall(f"bed/{k}", "bed", shape, zone=zone, sides=sides, group="bed")
    if bed is None:
        narrow = shape_of("bed", width=0.98, depth=2.05, height=0.85, pillows=1, mattress_top=0.5, cover=0.6)
        bed = f.in_corner("bed in a corner", "bed", narrow, zone=0.3, group="bed")
    if bed is not None:
        _bedside(f, bed)
    f.against_wall("wardrobe", "wardrobe", pieces.cabinet(f.rng("wardrobe/shape"), (1.0, 2.0), (1.95, 2.25), (0.55, 0.62), 1), zone=0.5)
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
        f.on_floor("armchair", "armchair", pieces.armchair(f.rng("armchair/shape")), corner=0.7)
    if f.chance("bookshelf", 0.5):
        _shelf(f, "bookshelf")


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


def _workplace(f: Furnisher, purpose: str) -> Item | None:
    """A desk at a wall with its chair, a screen, a lamp."""
    rng = f.rng(f"{purpose}/shape")
    mirrored, width, depth = int(rng.integers(2)), metres(rng, 1.15, 1.7), metres(rng, 0.6, 0.8)
    shape = shape_of("desk", width=width, depth=depth, height=metres(rng, 0.72, 0.76), drawers=int(rng.integers(2, 5)), mirrored=mirrored)
    desk = f.against_wall(purpose, "desk", shape, zone=0.85, surface=size(shape)[2], group=purpose)
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


def _shelf(f: Furnisher, purpose: str) -> Item | None:
    shape = pieces.bookshelf(f.rng(f"{purpose}/shape"))
    low = size(shape)[2] < 1.5
    return f.against_wall(purpose, "bookshelf", shape, zone=0.35, surface=size(shape)[2] if low else None, group="bookshelf")


def living(f: Furnisher) -> None:
    """Sofa, coffee table on a rug, armchairs, television opposite, shelves, floor lamp."""
    rng = f.rng("sofa")
    seats = int(rng.integers(2, 4))
    arm = metres(rng, 0.1, 0.22)
    width = round(seats * metres(rng, 0.58, 0.7) + 2 * arm, 3)
    shape = shape_of(
        "sofa",
        width=width,
        depth=metres(rng, 0.82, 0.98),
        height=metres(rng, 0.72, 0.9),
        seats=seats,
        arm_width=arm,
        arm_height=metres(rng, 0.52, 0.64),
    )
    sofa = f.against_wall("sofa", "sofa", shape, zone=1.0, group="sofa") or f.against_wall("sofa/2", "sofa", shape, zone=0.5, group="sofa")
    if sofa is None:
        small = shape_of("sofa", width=1.2 + 2 * arm, depth=0.84, height=0.76, seats=2, arm_width=arm, arm_height=0.56)
        sofa = f.against_wall("sofa/3", "sofa", small, zone=0.5, group="sofa")
    if sofa is not None:
        _cushions(f, sofa, int(rng.integers(1, 4)))
        _around_sofa(f, sofa)
    if f.chance("shelf", 0.9):
        _shelf(f, "shelf")
    if f.chance("second shelf", 0.6):
        _shelf(f, "second shelf")
    if f.chance("cabinet", 0.6):
        shape = pieces.cabinet(f.rng("cabinet/shape"), (0.8, 1.5), (0.75, 1.2), (0.38, 0.48), int(f.rng("cabinet/rows").integers(1, 4)))
        f.against_wall("cabinet", "cabinet", shape, zone=0.4, surface=size(shape)[2])


def _around_sofa(f: Furnisher, sofa: Item) -> None:
    rng = f.rng("coffee table/shape")
    width, depth, _ = size(sofa.shape)
    if rng.uniform() < 0.7:
        w, d, h = metres(rng, 0.85, 1.25), metres(rng, 0.5, 0.65), metres(rng, 0.36, 0.46)
        legs = str(rng.choice(["straight", "tapered"]))
        table = shape_of("table", width=w, depth=d, height=h, leg=metres(rng, 0.04, 0.07), legs=legs, shelf=int(rng.integers(2)))
    else:
        w = d = metres(rng, 0.6, 0.85)
        h = metres(rng, 0.38, 0.48)
        table = shape_of("round_table", width=w, height=h, pedestal=int(rng.integers(2)))
    front = -(depth / 2 + 0.38 + d / 2)
    coffee = f.beside("coffee table", "coffee_table", table, sofa, (0.0, front), group="sofa", jitter=0.06, surface=h)
    if f.chance("living rug", 0.9):
        f.rug("living rug", coffee or sofa, (1.3, 1.0) if coffee else (0.4, 1.2), 0.0 if coffee else -0.6)
    for k, side in enumerate((-1, 1)):
        if f.chance(f"armchair/{k}", 0.65):
            seat = pieces.armchair(f.rng("armchair/shape"))
            at = (side * (w / 2 + 0.4 + size(seat)[1] / 2), front - 0.15)
            placed = f.beside(f"armchair/{k}", "armchair", seat, sofa, at, -side * pi / 2, group="armchair", turn_jitter=0.25, jitter=0.12)
            if placed is not None and f.chance(f"armchair cushion/{k}", 0.5):
                _cushions(f, placed, 1)
    side = int(f.rng("floor lamp").choice([-1, 1]))
    lamp = pieces.floor_lamp(f.rng("floor lamp/shape"))
    for k, s in enumerate((side, -side)):
        if f.beside(f"floor lamp/{k}", "lamp", lamp, sofa, (s * (width / 2 + 0.3), depth / 2 - 0.3)):
            break
    f.on_wall("picture over sofa", "picture", pieces.picture(f.rng("picture over sofa/shape")), middle=1.6, above=sofa)
    _television(f, sofa)


def _television(f: Furnisher, sofa: Item) -> None:
    """A low cabinet with a television, opposite the sofa if it fits there."""
    wall, along = f.spots[sofa.name]
    opposite = f.layout.walls[(f.layout.walls.index(wall) + 2) % 4]
    others = [w for w in f.layout.walls if w not in (wall, opposite)]
    stand = pieces.cabinet(f.rng("tv stand/shape"), (1.2, 1.8), (0.42, 0.58), (0.38, 0.45), 1)
    placed = None
    for k, (walls, at) in enumerate((([opposite], -along), ([opposite], None), (others, None))):
        placed = placed or f.against_wall(f"tv stand/{k}", "cabinet", stand, walls=walls, along=at, zone=0.3, surface=size(stand)[2])
    if placed is None:
        return
    rng = f.rng("television")
    width = metres(rng, 0.8, min(1.35, size(stand)[0] - 0.05))
    f.on_top(
        "television",
        "television",
        shape_of("television", width=width, height=round(0.58 * width + 0.06, 3), depth=0.22),
        f.surfaces[-1],
        at=(0.0, 0.03),
        turn=0.0,
    )


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
    """Chairs around a table."""
    chair = pieces.chair(f.rng("dining chair/shape"))
    for k, (x, y, turn) in enumerate(seats):
        f.beside(
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


def dining(f: Furnisher) -> None:
    """A table with chairs around it under a lamp, sideboard, shelf."""
    rng = f.rng("dining table")
    shape, seats = _dining_set(rng, min(f.layout.length, f.layout.breadth) < 3.6)
    table = _dining_table(f, rng, shape, size(shape)[2])
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
        _shelf(f, "shelf")


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
    for attempt in range(16):
        x, y = rng.normal(0, 0.12 + 0.04 * attempt, 2)
        yaw = lengthwise if attempt < 8 else pi / 2 - lengthwise
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
        if f.layout.place(item, clearance=0.5 if attempt % 8 < 5 else 0.3):
            f.surfaces.append(Surface(item, height, size(shape)[0] / 2 * 0.75, size(shape)[1] / 2 * 0.75))
            return item
    f.layout.rejected["table"] += 1
    return None


def office(f: Furnisher) -> None:
    """One or two desks, shelves full of books, a filing cabinet, perhaps a small sofa."""
    _workplace(f, "desk")
    if f.chance("second desk", 0.6):
        _workplace(f, "second desk")
    for name, probability in (("shelf", 1.0), ("second shelf", 0.8), ("third shelf", 0.5)):
        if f.chance(name, probability):
            _shelf(f, name)
    if f.chance("filing cabinet", 0.8):
        shape = pieces.cabinet(f.rng("filing cabinet/shape"), (0.45, 0.9), (0.7, 1.3), (0.45, 0.55), 3)
        f.against_wall("filing cabinet", "cabinet", shape, zone=0.4, surface=size(shape)[2])
    if f.chance("office sofa", 0.5):
        sofa = f.against_wall("office sofa", "sofa", shape_of("sofa", width=1.5, seats=2, arm_width=0.12), zone=0.5, group="sofa")
        if sofa is not None:
            _cushions(f, sofa, 2)
    elif f.chance("armchair", 0.6):
        f.on_floor("armchair", "armchair", pieces.armchair(f.rng("armchair/shape")), corner=0.7)
    if f.chance("office rug", 0.7):
        f.rug("office rug", None, (0.8, 0.6))


TYPES: dict[str, Callable[[Furnisher], None]] = {"bedroom": bedroom, "living": living, "dining": dining, "office": office}
