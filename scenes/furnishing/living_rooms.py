"""Living rooms: a sofa that faces a television, a coffee table on a rug, armchairs, shelves, a floor lamp."""

from __future__ import annotations

from math import pi

import numpy as np

from scenes.furnishing.furnish import Furnisher, Surface
from scenes.furnishing.layout import Item
from scenes.pieces import indoor as pieces
from scenes.pieces.measures import metres, shape_of
from scenes.scene import Shape
from scenes.shapes import size


def living(f: Furnisher) -> None:
    """Sofa, coffee table on a rug, armchairs, television opposite, shelves, floor lamp."""
    sofa = _seating(f)
    if sofa is not None:
        cushions(f, sofa, int(f.rng("cushions").integers(1, 4)))
        _around_sofa(f, sofa)
    if f.chance("shelf", 0.9):
        shelf(f, "shelf")
    if f.chance("second shelf", 0.6):
        shelf(f, "second shelf")
    if f.chance("cabinet", 0.6):
        shape = pieces.cabinet(f.rng("cabinet/shape"), (0.8, 1.5), (0.75, 1.2), (0.38, 0.48), int(f.rng("cabinet/rows").integers(1, 4)))
        f.against_wall("cabinet", "cabinet", shape, zone=0.4, surface=size(shape)[2])


def _seating(f: Furnisher) -> Item | None:
    """The sofa where a television fits on the other side of the room, or at least anywhere; smaller ones where there is no room."""
    rng = f.rng("sofa")
    arm, depth, seat, height = metres(rng, 0.1, 0.22), metres(rng, 0.82, 0.98), metres(rng, 0.58, 0.7), metres(rng, 0.72, 0.9)
    most = int(rng.integers(2, 4))
    rest = {"height": height, "arm_width": arm, "arm_height": metres(rng, 0.52, 0.64)}
    wide, narrow = (shape_of("sofa", width=n * seat + 2 * arm, depth=depth, seats=n, **rest) for n in (most, 2))
    slim = shape_of("sofa", width=1.2 + 2 * arm, depth=0.84, seats=2, **rest)
    facing = ((wide, 1.0), (wide, 1.0), (wide, 0.8), (narrow, 1.0), (narrow, 0.6), (slim, 0.8), (slim, 0.5), (slim, 0.5))
    wanted = rng.uniform() < 0.93
    for k, (shape, zone) in enumerate(facing if wanted else ()):
        mark = f.mark()
        sofa = f.against_wall(f"sofa/{k}", "sofa", shape, zone=zone, group="sofa", insist=True)
        if sofa is not None and _television(f, sofa, k):
            return sofa
        f.back_to(mark)
    for k, shape in enumerate((wide, narrow, slim, slim) if wanted else ()):
        mark = f.mark()
        stand = pieces.cabinet(f.rng(f"tv wall/{k}/shape"), (1.2, 1.7) if k < 3 else (0.8, 1.1), (0.42, 0.58), (0.38, 0.45), 1)
        low = f.against_wall(f"tv wall/{k}", "cabinet", stand, zone=0.4, surface=size(stand)[2], insist=True)
        if low is not None and _on_stand(f, stand, len(facing) + k) and (sofa := _before(f, low, shape, k)):
            return sofa
        f.back_to(mark)
    in_front = 0.3  # of a radiator and curtains
    for k, (shape, zone, gap) in enumerate(
        ((wide, 1.0, 0.035), (narrow, 0.5, 0.035), (slim, 0.5, 0.035), (slim, 0.5, in_front), (slim, 0.2, in_front))
    ):
        if sofa := f.against_wall(f"sofa alone/{k}", "sofa", shape, zone=zone, group="sofa", gap=gap, insist=True):
            return sofa
    return None


def _before(f: Furnisher, stand: Item, shape: Shape, attempt: int) -> Item | None:
    """A sofa that looks at a television's stand, wherever there is room for it."""
    wall, along = f.spots[stand.name]
    name = f.layout.unique_name("sofa")
    for out in f.rng(f"sofa before television/{attempt}").permutation(np.arange(2.5, 4.4, 0.15)):
        x, y = wall.point(along, float(out))
        sofa = Item(name=name, category="sofa", shape=shape, x=round(x, 4), y=round(y, 4), z=0.0, yaw=round(wall.yaw + pi, 5), group="sofa")
        mark = f.mark()
        if f.layout.place(sofa, clearance=0.05) and f.keep(sofa):
            return sofa
        f.back_to(mark)
    return None


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
                cushions(f, placed, 1)
    side = int(f.rng("floor lamp").choice([-1, 1]))
    lamp = pieces.floor_lamp(f.rng("floor lamp/shape"))
    for k, s in enumerate((side, -side)):
        if f.beside(f"floor lamp/{k}", "lamp", lamp, sofa, (s * (width / 2 + 0.3), depth / 2 - 0.3)):
            break
    if sofa.name in f.spots:
        f.on_wall("picture over sofa", "picture", pieces.picture(f.rng("picture over sofa/shape")), middle=1.6, above=sofa)


def _television(f: Furnisher, sofa: Item, attempt: int) -> bool:
    """A low cabinet with a television that faces the sofa from the other side of the room."""
    wall, along = f.spots[sofa.name]
    opposite = f.layout.walls[(f.layout.walls.index(wall) + 2) % 4]
    for k, (width, at) in enumerate((((1.2, 1.8), -along), ((1.2, 1.8), None), ((0.8, 1.1), None))):
        stand = pieces.cabinet(f.rng(f"tv stand/{attempt}/{k}/shape"), width, (0.42, 0.58), (0.38, 0.45), 1)
        reach = 1.1 * size(sofa.shape)[0]
        places = [-along, -along - 0.4 * reach, -along + 0.4 * reach] if at is None else [at]
        for n, place in enumerate(places):
            purpose = f"tv stand/{attempt}/{k}/{n}"
            placed = f.against_wall(purpose, "cabinet", stand, walls=[opposite], along=place, zone=0.3, surface=size(stand)[2], insist=True)
            if placed is not None:
                return _on_stand(f, stand, attempt)
    return False


def _on_stand(f: Furnisher, stand: Shape, attempt: int) -> bool:
    rng = f.rng("television")
    width = metres(rng, min(0.8, size(stand)[0] - 0.06), min(1.35, size(stand)[0] - 0.05))
    shape = shape_of("television", width=width, height=round(0.58 * width + 0.06, 3), depth=0.22)
    return f.on_top(f"television/{attempt}", "television", shape, f.surfaces[-1], at=(0.0, 0.03), turn=0.0) is not None


def _seat_surface(seat: Item, z: float) -> Surface:
    width, depth, _ = size(seat.shape)
    return Surface(seat, z, width / 2, depth / 2)


def cushions(f: Furnisher, seat: Item, count: int) -> None:
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


def shelf(f: Furnisher, purpose: str) -> Item | None:
    shape = pieces.bookshelf(f.rng(f"{purpose}/shape"))
    low = size(shape)[2] < 1.5
    return f.against_wall(purpose, "bookshelf", shape, zone=0.35, surface=size(shape)[2] if low else None, group="bookshelf")
