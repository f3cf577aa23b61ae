"""Kitchens and bathrooms: counters, appliances, sanitary ware and what hangs there, with drawn measures and styles."""

from __future__ import annotations

import numpy as np

from scenes.pieces.measures import drawn, metres, shape_of
from scenes.pieces.piece import Piece
from scenes.scene import Shape

HANDLES = ["bar", "knob", "edge"]


def kitchen_counter(rng: np.random.Generator) -> Shape:
    width = metres(rng, 0.6, 1.8)
    return shape_of(
        "kitchen_counter",
        width=width,
        depth=metres(rng, 0.58, 0.66),
        height=metres(rng, 0.86, 0.94),
        columns=max(1, round(width / 0.55)),
        drawers=int(rng.integers(0, 5)),
        drawer_row=float(rng.choice([0.0, 0.15])),
        worktop=metres(rng, 0.02, 0.05),
        plinth=metres(rng, 0.08, 0.13),
        handle=str(rng.choice(HANDLES)),
    )


def kitchen_sink_counter(rng: np.random.Generator) -> Shape:
    width = metres(rng, 0.8, 1.5)
    counter = metres(rng, 0.86, 0.94)
    return shape_of(
        "kitchen_sink_counter",
        width=width,
        depth=metres(rng, 0.58, 0.66),
        counter_height=counter,
        height=counter + metres(rng, 0.2, 0.36),
        basin_width=metres(rng, 0.36, 0.6),
        basin_depth=metres(rng, 0.14, 0.2),
        columns=max(1, round(width / 0.55)),
        worktop=metres(rng, 0.02, 0.05),
        handle=str(rng.choice(HANDLES)),
    )


def wall_cabinet(rng: np.random.Generator) -> Shape:
    width = metres(rng, 0.4, 1.4)
    return shape_of(
        "wall_cabinet",
        width=width,
        depth=metres(rng, 0.3, 0.38),
        height=metres(rng, 0.5, 0.9),
        columns=max(1, round(width / 0.45)),
        cornice=metres(rng, 0.018, 0.05),
        handle=str(rng.choice(HANDLES)),
    )


def refrigerator(rng: np.random.Generator) -> Shape:
    height = metres(rng, 0.84, 2.0)
    freezer = 0.0 if height < 1.3 else metres(rng, 0.25, 0.42)
    return shape_of(
        "refrigerator",
        width=metres(rng, 0.54, 0.75),
        depth=metres(rng, 0.58, 0.72),
        height=height,
        freezer=freezer,
        handle_length=metres(rng, 0.25, 0.7),
        bulge=metres(rng, 0.004, 0.025),
        freezer_below=int(rng.uniform() < 0.7),
    )


def range_hood(rng: np.random.Generator) -> Shape:
    style = str(rng.choice(["chimney", "visor"], p=[0.75, 0.25]))
    height = metres(rng, 0.6, 0.95)
    width = float(rng.choice([0.6, 0.9]))
    slope = metres(rng, 0.12, 0.3)
    return shape_of(
        "range_hood", width=width, depth=metres(rng, 0.44, 0.52), height=height, duct=metres(rng, 0.2, 0.3), slope=slope, style=style
    )


def washbasin(rng: np.random.Generator) -> Shape:
    style = str(rng.choice(["pedestal", "vanity"]))
    rim = metres(rng, 0.8, 0.9)
    width = metres(rng, 0.45, 0.65) if style == "pedestal" else metres(rng, 0.5, 0.95)
    return shape_of(
        "washbasin",
        width=width,
        depth=metres(rng, 0.4, 0.52),
        rim_height=rim,
        height=rim + metres(rng, 0.12, 0.24),
        bowl=metres(rng, 0.11, 0.15),
        foot=metres(rng, 0.16, 0.23),
        style=style,
    )


def bathtub(rng: np.random.Generator) -> Shape:
    rim = metres(rng, 0.5, 0.62)
    return shape_of(
        "bathtub",
        width=metres(rng, 1.5, 1.85),
        depth=metres(rng, 0.68, 0.85),
        rim_height=rim,
        height=rim + metres(rng, 0.08, 0.14),
        hollow=rim - metres(rng, 0.1, 0.16),
        rim=metres(rng, 0.04, 0.08),
        style=str(rng.choice(["built_in", "freestanding"], p=[0.65, 0.35])),
    )


def shower(rng: np.random.Generator) -> Shape:
    height, side = metres(rng, 1.95, 2.15), metres(rng, 0.78, 1.1)
    depth = side if rng.uniform() < 0.6 else metres(rng, 0.75, 0.95)
    return shape_of(
        "shower",
        width=side,
        depth=depth,
        height=height,
        tray=metres(rng, 0.05, 0.16),
        frame=metres(rng, 0.015, 0.03),
        head_height=height - metres(rng, 0.08, 0.2),
        stripes=int(rng.integers(0, 5)),
    )


_KITCHEN, _BATH = {"kitchen": 3.0}, {"bathroom": 3.0}

PIECES: dict[str, Piece] = {
    "kitchen_counter": Piece(category="counter", draw=kitchen_counter, large=True, rooms={"kitchen": 5}),
    "kitchen_sink_counter": Piece(category="counter", draw=kitchen_sink_counter, large=True, rooms={"kitchen": 2}),
    "wall_cabinet": Piece(category="cabinet", draw=wall_cabinet, large=True, rooms=_KITCHEN, loose=False),
    "stove": Piece(
        category="stove",
        draw=drawn(
            "stove",
            width=(0.5, 0.76),
            depth=(0.58, 0.66),
            height=(0.86, 0.94),
            door_height=(0.4, 0.5),
            window=(0.5, 0.75),
            plinth=(0.06, 0.12),
            knobs=range(4, 7),
            hob=["ceramic", "gas"],
        ),
        large=True,
        rooms={"kitchen": 2},
    ),
    "refrigerator": Piece(category="refrigerator", draw=refrigerator, large=True, rooms={"kitchen": 2}),
    "range_hood": Piece(category="range_hood", draw=range_hood, large=True, rooms={"kitchen": 1}, loose=False),
    "washing_machine": Piece(
        category="washing_machine",
        draw=drawn(
            "washing_machine",
            width=(0.56, 0.62),
            depth=(0.5, 0.64),
            height=(0.82, 0.87),
            door=(0.28, 0.38),
            panel=(0.1, 0.14),
            plinth=(0.06, 0.12),
        ),
        large=True,
        rooms={"kitchen": 1, "bathroom": 2},
    ),
    "dishwasher": Piece(
        category="dishwasher",
        draw=drawn(
            "dishwasher",
            width=(0.45, 0.6),
            depth=(0.56, 0.62),
            height=(0.8, 0.87),
            panel=(0.08, 0.14),
            plinth=(0.07, 0.12),
            handle_length=(0.25, 0.5),
        ),
        large=True,
        rooms={"kitchen": 1},
    ),
    "toilet": Piece(
        category="toilet",
        draw=drawn(
            "toilet",
            width=(0.35, 0.4),
            depth=(0.62, 0.74),
            height=(0.72, 0.88),
            seat_height=(0.39, 0.45),
            tank_depth=(0.14, 0.2),
            foot=(0.2, 0.28),
            lid=["closed", "closed", "open"],
        ),
        large=True,
        rooms=_BATH,
    ),
    "washbasin": Piece(category="sink", draw=washbasin, large=True, rooms=_BATH),
    "bathtub": Piece(category="bathtub", draw=bathtub, large=True, rooms={"bathroom": 2}),
    "shower": Piece(category="shower", draw=shower, large=True, rooms={"bathroom": 1}, loose=False),
    "shower_curtain": Piece(
        category="shower_curtain",
        draw=drawn(
            "shower_curtain",
            width=(1.4, 1.8),
            depth=(0.09, 0.15),
            height=(1.75, 2.0),
            drawn=(0.3, 0.95),
            fold=(0.5, 0.95),
            folds=range(6, 12),
        ),
        large=True,
        rooms={"bathroom": 1},
        loose=False,
    ),
    "mirror": Piece(
        category="mirror",
        draw=drawn(
            "mirror",
            width=(0.4, 0.9),
            depth=(0.02, 0.04),
            height=(0.5, 1.1),
            frame=(0.012, 0.07),
            bevel=(0.002, 0.008),
            style=["square", "square", "oval"],
        ),
        rooms={"bathroom": 2, "corridor": 3, "bedroom": 1},
        loose=False,
    ),
    "towel_rail": Piece(
        category="towel",
        draw=drawn(
            "towel_rail",
            width=(0.45, 0.75),
            depth=(0.07, 0.12),
            height=(0.5, 0.95),
            towel_width=(0.3, 0.5),
            back=(0.4, 0.95),
            bars=[1, 1, 4, 6],
        ),
        rooms=_BATH,
        loose=False,
    ),
    "towel_stack": Piece(
        category="towel",
        draw=drawn(
            "towel_stack",
            width=(0.28, 0.42),
            depth=(0.2, 0.32),
            height=(0.12, 0.28),
            softness=(0.4, 1.0),
            slack=(0.01, 0.1),
            count=range(2, 6),
            seed=range(8),
        ),
        rooms={"bathroom": 3, "bedroom": 1},
    ),
    "laundry_basket": Piece(
        category="basket",
        draw=drawn(
            "laundry_basket",
            width=(0.38, 0.55),
            depth=(0.3, 0.42),
            height=(0.45, 0.72),
            flare=(0.74, 0.95),
            heap=(0.03, 0.18),
            seed=range(8),
        ),
        large=True,
        rooms={"bathroom": 2, "bedroom": 1},
    ),
}
