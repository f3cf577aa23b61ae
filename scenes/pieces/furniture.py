"""Furniture and furnishings with drawn measures and styles: beds, sofas, tables, wardrobes, rugs, curtains, lamps, screens."""

from __future__ import annotations

import numpy as np

from scenes.pieces.indoor import cabinet
from scenes.pieces.measures import drawn, metres, shape_of
from scenes.pieces.piece import Piece
from scenes.scene import Shape


def sofa(rng: np.random.Generator) -> Shape:
    seats = int(rng.integers(2, 4))
    arm = metres(rng, 0.1, 0.22)
    return shape_of(
        "sofa",
        width=seats * metres(rng, 0.55, 0.68) + 2 * arm,
        depth=metres(rng, 0.82, 0.98),
        height=metres(rng, 0.72, 0.92),
        seats=seats,
        arm_width=arm,
        arm_height=metres(rng, 0.54, 0.66),
    )


def bed(rng: np.random.Generator) -> Shape:
    width = float(rng.choice([0.98, 1.4, 1.6, 1.8]))
    return shape_of(
        "bed",
        width=width,
        depth=metres(rng, 2.02, 2.15),
        height=metres(rng, 0.75, 1.25),
        pillows=1 if width < 1.2 else 2,
        mattress_top=metres(rng, 0.45, 0.56),
        cover=metres(rng, 0.55, 0.72),
    )


def wardrobe(rng: np.random.Generator) -> Shape:
    return cabinet(rng, (0.9, 2.0), (1.85, 2.25), (0.55, 0.62), 1)


def dresser(rng: np.random.Generator) -> Shape:
    return cabinet(rng, (0.8, 1.4), (0.75, 1.05), (0.42, 0.5), int(rng.integers(3, 5)))


def sideboard(rng: np.random.Generator) -> Shape:
    return cabinet(rng, (1.0, 1.9), (0.5, 0.9), (0.38, 0.48), 1)


def nightstand(rng: np.random.Generator) -> Shape:
    return cabinet(rng, (0.38, 0.52), (0.42, 0.6), (0.34, 0.44), 2)


def rug(rng: np.random.Generator) -> Shape:
    width = metres(rng, 1.2, 2.8)
    depth = width * metres(rng, 0.55, 0.8)
    return shape_of("rug", width=width, depth=depth, height=metres(rng, 0.006, 0.014), border=metres(rng, 0.03, 0.12))


def coffee_table(rng: np.random.Generator) -> Shape:
    style, shelf = str(rng.choice(["straight", "tapered"])), int(rng.uniform() < 0.5)
    width = metres(rng, 0.8, 1.3)
    return shape_of(
        "table",
        width=width,
        depth=metres(rng, 0.5, 0.75),
        height=metres(rng, 0.36, 0.48),
        top=metres(rng, 0.02, 0.05),
        leg=metres(rng, 0.035, 0.06),
        legs=style,
        shelf=shelf,
    )


PIECES: dict[str, Piece] = {
    "sofa": Piece(category="sofa", draw=sofa, large=True, rooms={"living": 3, "office": 0.3}),
    "bed": Piece(category="bed", draw=bed, large=True, rooms={"bedroom": 3}),
    "wardrobe": Piece(category="wardrobe", draw=wardrobe, large=True, rooms={"bedroom": 2, "corridor": 1}),
    "dresser": Piece(category="dresser", draw=dresser, large=True, rooms={"bedroom": 2, "corridor": 1}),
    "sideboard": Piece(category="cabinet", draw=sideboard, large=True, rooms={"living": 2, "dining": 2, "office": 1}),
    "nightstand": Piece(category="nightstand", draw=nightstand, large=True, rooms={"bedroom": 2}),
    "shoe_cabinet": Piece(
        category="cabinet",
        draw=drawn(
            "shoe_cabinet",
            width=(0.55, 0.95),
            depth=(0.17, 0.26),
            height=(0.75, 1.35),
            tilt_deg=(0.0, 6.0),
            plinth=(0.03, 0.09),
            flaps=range(2, 5),
            columns=[1, 1, 2],
        ),
        large=True,
        rooms={"corridor": 2},
    ),
    "dining_table": Piece(
        category="table",
        draw=drawn(
            "table",
            width=(1.2, 2.0),
            depth=(0.75, 0.95),
            height=(0.71, 0.77),
            top=(0.022, 0.05),
            leg=(0.05, 0.09),
            legs=["straight", "tapered", "round"],
        ),
        large=True,
        rooms={"dining": 3, "kitchen": 1},
    ),
    "round_table": Piece(
        category="table",
        draw=drawn(
            "round_table",
            width=(0.7, 1.3),
            height=(0.7, 0.77),
            top=(0.02, 0.045),
            foot=(0.48, 0.66),
            column=(0.3, 0.55),
            pedestal=[0, 1],
        ),
        large=True,
        rooms={"dining": 2, "kitchen": 1, "living": 0.5},
    ),
    "coffee_table": Piece(category="coffee_table", draw=coffee_table, large=True, rooms={"living": 2}),
    "desk": Piece(
        category="desk",
        draw=drawn(
            "desk",
            width=(1.1, 1.7),
            depth=(0.6, 0.8),
            height=(0.71, 0.76),
            pedestal=(0.36, 0.48),
            top=(0.022, 0.045),
            drawers=range(2, 5),
            mirrored=[0, 1],
        ),
        large=True,
        rooms={"office": 4, "bedroom": 1},
    ),
    "office_chair": Piece(
        category="chair",
        draw=drawn("office_chair", width=(0.58, 0.68), depth=(0.58, 0.68), height=(0.92, 1.2), seat_height=(0.43, 0.54)),
        large=True,
        rooms={"office": 4, "bedroom": 0.5},
    ),
    "ottoman": Piece(
        category="ottoman",
        draw=drawn("ottoman", width=(0.45, 0.9), depth=(0.4, 0.6), height=(0.36, 0.46), foot=(0.06, 0.16), swell=(0.01, 0.05)),
        large=True,
        rooms={"living": 1, "bedroom": 0.5},
    ),
    "hall_bench": Piece(
        category="bench",
        draw=drawn(
            "hall_bench", width=(0.8, 1.4), depth=(0.32, 0.45), height=(0.42, 0.52), shelf=(0.0, 0.5), pad=(0.03, 0.07), leg=(0.04, 0.07)
        ),
        large=True,
        rooms={"corridor": 2, "dining": 1, "bedroom": 0.5},
    ),
    "television": Piece(
        category="television",
        draw=drawn("television", width=(0.8, 1.5), depth=(0.2, 0.32), height=(0.55, 0.9), bezel=(0.006, 0.025), foot=(0.3, 0.6)),
        large=True,
        rooms={"living": 2, "bedroom": 0.5},
    ),
    "monitor": Piece(
        category="monitor",
        draw=drawn("television", width=(0.5, 0.75), depth=(0.17, 0.24), height=(0.4, 0.55), bezel=(0.005, 0.02), foot=(0.35, 0.5)),
        large=True,
        rooms={"office": 3, "bedroom": 0.5},
    ),
    "laptop": Piece(
        category="laptop",
        draw=drawn("laptop", width=(0.29, 0.38), depth=(0.3, 0.38), height=(0.19, 0.25), tilt_deg=(8.0, 28.0), screen=(0.86, 0.96)),
        rooms={"office": 3, "living": 1, "bedroom": 1},
    ),
    "clock": Piece(
        category="clock",
        draw=drawn("clock", width=(0.22, 0.4), depth=(0.03, 0.055), hour=(0.0, 12.0), rim=(0.01, 0.035)),
        rooms={"kitchen": 2, "living": 1, "office": 1, "corridor": 1},
        loose=False,
    ),
    "cushion": Piece(
        category="cushion",
        draw=drawn("cushion", width=(0.35, 0.5), depth=(0.15, 0.22), height=(0.34, 0.46), lean_deg=(8.0, 24.0)),
        rooms={"living": 3, "bedroom": 2},
    ),
    "pillow": Piece(
        category="pillow",
        draw=drawn("pillow", width=(0.5, 0.8), depth=(0.35, 0.55), height=(0.1, 0.17), edge=(0.1, 0.25), plump=(0.3, 0.6)),
        rooms={"bedroom": 3},
    ),
    "rug": Piece(category="rug", draw=rug, large=True, rooms={"living": 2, "bedroom": 1, "corridor": 1}, loose=False),
    "round_rug": Piece(
        category="rug",
        draw=drawn("round_rug", width=(1.0, 2.2), height=(0.006, 0.014)),
        large=True,
        rooms={"living": 1, "bedroom": 1, "bathroom": 0.5},
        loose=False,
    ),
    "curtains": Piece(
        category="curtain",
        draw=drawn("curtains", width=(1.4, 2.8), depth=(0.1, 0.18), height=(1.9, 2.4), open_fraction=(0.4, 0.8), folds=range(5, 10)),
        large=True,
        rooms={"living": 1, "bedroom": 1, "dining": 1, "office": 1},
        loose=False,
    ),
    "blinds": Piece(
        category="blinds",
        draw=drawn(
            "blinds", width=(0.7, 1.6), depth=(0.06, 0.09), height=(0.9, 1.6), slat=(0.022, 0.05), tilt_deg=(-60.0, 65.0), drawn=(0.2, 0.98)
        ),
        large=True,
        rooms={"office": 2, "kitchen": 1, "bathroom": 1, "bedroom": 0.5},
        loose=False,
    ),
    "pendant": Piece(
        category="lamp",
        draw=drawn("pendant", width=(0.3, 0.6), height=(0.5, 1.1), shade_height=(0.16, 0.3), crown=(0.04, 0.12), shoulder=(0.4, 0.8)),
        rooms={"dining": 1, "living": 1, "kitchen": 1},
        loose=False,
    ),
    "ceiling_dome": Piece(
        category="lamp",
        draw=drawn("ceiling_dome", width=(0.28, 0.5), height=(0.08, 0.14), rim=(0.015, 0.035), inset=(0.85, 0.97)),
        rooms={"bedroom": 1, "bathroom": 1, "corridor": 1, "office": 1},
        loose=False,
    ),
}
