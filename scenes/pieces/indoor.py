"""Indoor pieces with drawn measures and styles."""

from __future__ import annotations

import numpy as np

from scenes.pieces.measures import metres, shape_of
from scenes.pieces.piece import Piece
from scenes.scene import Shape

VARIANTS = 16  # of rows of books and of plants


def cabinet(
    rng: np.random.Generator, width: tuple[float, float], height: tuple[float, float], depth: tuple[float, float], rows: int
) -> Shape:
    w = metres(rng, *width)
    columns = max(1, round(w / float(rng.uniform(0.4, 0.55))))
    handle, foot = str(rng.choice(["bar", "knob"])), float(rng.choice([0.0, 0.08, 0.14]))
    return shape_of(
        "cabinet", width=w, depth=metres(rng, *depth), height=metres(rng, *height), columns=columns, rows=rows, handle=handle, foot=foot
    )


def bookshelf(rng: np.random.Generator) -> Shape:
    height = metres(rng, 0.85, 2.1)
    boards = max(2, round(height / 0.36))
    width, filled, seed = metres(rng, 0.6, 1.3), metres(rng, 0.45, 0.95), int(rng.integers(VARIANTS))
    return shape_of("bookshelf", width=width, depth=metres(rng, 0.26, 0.34), height=height, boards=boards, filled=filled, seed=seed)


def chair(rng: np.random.Generator) -> Shape:
    back, legs = str(rng.choice(["slats", "bars", "panel"])), str(rng.choice(["tapered", "straight", "round"]))
    return shape_of(
        "chair",
        width=metres(rng, 0.42, 0.5),
        depth=metres(rng, 0.46, 0.54),
        height=metres(rng, 0.82, 1.0),
        seat_height=metres(rng, 0.43, 0.48),
        back=back,
        legs=legs,
    )


def armchair(rng: np.random.Generator) -> Shape:
    arm = metres(rng, 0.1, 0.17)
    width = metres(rng, 0.5, 0.6) + 2 * arm
    return shape_of("sofa", width=width, depth=metres(rng, 0.75, 0.88), height=metres(rng, 0.75, 0.92), seats=1, arm_width=arm)


def plant(rng: np.random.Generator, small: bool = False) -> Shape:
    """A pot plant, for the floor or for a table."""
    height = metres(rng, 0.2, 0.4) if small else metres(rng, 0.6, 1.6)
    habit = str(rng.choice(["arching", "blades"] if small or height < 0.9 else ["arching", "blades", "tree"]))
    width = round(height * float(rng.uniform(0.45, 0.7)) if habit != "blades" else max(0.3 * height, 0.14), 3)
    pot = metres(rng, 0.1, 0.14) if small else metres(rng, 0.22, 0.36)
    return shape_of(
        "plant", width=max(width, pot), height=height, pot=pot, breadth=metres(rng, 0.7, 1.4), habit=habit, seed=int(rng.integers(VARIANTS))
    )


def picture(rng: np.random.Generator) -> Shape:
    """A framed picture."""
    width, ratio = metres(rng, 0.3, 1.0), float(rng.uniform(0.65, 1.4))
    mount = float(rng.choice([0.0, 0.05, 0.08]))
    return shape_of(
        "picture", width=width, height=round(width * ratio, 3), depth=metres(rng, 0.018, 0.035), frame=metres(rng, 0.015, 0.05), mount=mount
    )


def table_lamp(rng: np.random.Generator) -> Shape:
    """A lamp for a nightstand or a desk."""
    return shape_of(
        "table_lamp",
        width=metres(rng, 0.2, 0.32),
        height=metres(rng, 0.36, 0.55),
        belly=metres(rng, 0.15, 0.36),
        taper=metres(rng, 0.5, 0.95),
    )


def floor_lamp(rng: np.random.Generator) -> Shape:
    return shape_of(
        "floor_lamp",
        width=metres(rng, 0.34, 0.5),
        height=metres(rng, 1.4, 1.75),
        taper=metres(rng, 0.5, 0.95),
        shade=metres(rng, 0.2, 0.36),
        foot=metres(rng, 0.5, 0.75),
    )


def book_stack(rng: np.random.Generator) -> Shape:
    count = int(rng.integers(2, 6))
    return shape_of(
        "book_stack",
        width=metres(rng, 0.2, 0.27),
        depth=metres(rng, 0.14, 0.19),
        height=0.03 * count,
        slide=metres(rng, 0.1, 0.5),
        count=count,
        seed=int(rng.integers(VARIANTS)),
    )


def book_row(rng: np.random.Generator) -> Shape:
    return shape_of(
        "book_row",
        width=metres(rng, 0.2, 0.42),
        height=metres(rng, 0.22, 0.28),
        thickness=metres(rng, 0.024, 0.04),
        seed=int(rng.integers(VARIANTS)),
    )


def vase(rng: np.random.Generator) -> Shape:
    style = str(rng.choice(["round", "tall", "flared", "bottle"]))
    return shape_of(
        "vase",
        width=metres(rng, 0.1, 0.2),
        height=metres(rng, 0.18, 0.42),
        neck=metres(rng, 0.8, 1.15),
        wall=metres(rng, 0.006, 0.014),
        style=style,
    )


def bowl(rng: np.random.Generator) -> Shape:
    return shape_of(
        "bowl", width=metres(rng, 0.16, 0.32), height=metres(rng, 0.06, 0.11), foot=metres(rng, 0.35, 0.6), wall=metres(rng, 0.005, 0.009)
    )


def mug(rng: np.random.Generator) -> Shape:
    depth = metres(rng, 0.068, 0.1)
    return shape_of(
        "mug",
        width=depth + metres(rng, 0.024, 0.036),
        depth=depth,
        height=metres(rng, 0.07, 0.115),
        taper=metres(rng, 0.75, 1.0),
        handle=metres(rng, 0.004, 0.007),
    )


def small_plant(rng: np.random.Generator) -> Shape:
    return plant(rng, small=True)


def carton(rng: np.random.Generator) -> Shape:
    return shape_of(
        "carton",
        width=metres(rng, 0.3, 0.55),
        depth=metres(rng, 0.25, 0.4),
        height=metres(rng, 0.2, 0.42),
        tape=metres(rng, 0.035, 0.07),
        reach=metres(rng, 0.005, 0.06),
    )


def ball(rng: np.random.Generator) -> Shape:
    return shape_of("ball", width=metres(rng, 0.16, 0.3))


def stool(rng: np.random.Generator) -> Shape:
    return shape_of(
        "stool", width=metres(rng, 0.32, 0.42), height=metres(rng, 0.42, 0.5), pad=metres(rng, 0.02, 0.07), splay=metres(rng, 0.0, 0.05)
    )


PIECES: dict[str, Piece] = {
    "chair": Piece(
        category="chair", draw=chair, large=True, rooms={"bedroom": 1, "living": 1, "dining": 6, "office": 2, "kitchen": 3, "corridor": 0.5}
    ),
    "armchair": Piece(category="armchair", draw=armchair, large=True, rooms={"bedroom": 1, "living": 4, "office": 1}),
    "bookshelf": Piece(category="bookshelf", draw=bookshelf, large=True, rooms={"bedroom": 1, "living": 2, "office": 4}),
    "stool": Piece(
        category="stool", draw=stool, large=True, rooms={"bedroom": 1, "living": 1, "dining": 1, "office": 1, "kitchen": 2, "bathroom": 1}
    ),
    "plant": Piece(category="plant", draw=plant, large=True, rooms={"bedroom": 1, "living": 2, "dining": 1, "office": 2, "corridor": 1}),
    "small_plant": Piece(
        category="plant", draw=small_plant, rooms={"bedroom": 1, "living": 2, "dining": 1, "office": 2, "kitchen": 1, "bathroom": 1}
    ),
    "book_stack": Piece(category="books", draw=book_stack, rooms={"bedroom": 2, "living": 2, "office": 4}),
    "book_row": Piece(category="books", draw=book_row, rooms={"bedroom": 1, "living": 1, "office": 2}, loose=False),
    "vase": Piece(category="vase", draw=vase, rooms={"bedroom": 1, "living": 2, "dining": 2}),
    "bowl": Piece(category="bowl", draw=bowl, rooms={"living": 1, "dining": 3, "kitchen": 3}),
    "mug": Piece(category="mug", draw=mug, rooms={"living": 1, "dining": 2, "office": 3, "kitchen": 3, "bathroom": 1}),
    "carton": Piece(category="box", draw=carton, rooms={"bedroom": 1, "living": 1, "office": 2, "corridor": 1}),
    "ball": Piece(category="ball", draw=ball, rooms={"bedroom": 2, "living": 1}),
    "picture": Piece(
        category="picture", draw=picture, rooms={"bedroom": 1, "living": 2, "dining": 1, "office": 1, "corridor": 2}, loose=False
    ),
    "table_lamp": Piece(category="lamp", draw=table_lamp, rooms={"bedroom": 2, "living": 1, "office": 1}),
    "floor_lamp": Piece(category="lamp", draw=floor_lamp, large=True, rooms={"bedroom": 1, "living": 2, "office": 1}),
}
