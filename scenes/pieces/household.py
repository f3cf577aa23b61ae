"""Small things of the household with drawn measures and styles: in kitchens, halls, on tables and on the floor."""

from __future__ import annotations

import numpy as np

from scenes.pieces.measures import drawn, metres, shape_of
from scenes.pieces.piece import Piece
from scenes.scene import Shape


def pot(rng: np.random.Generator) -> Shape:
    """A cooking pot, from a saucepan to a stockpot."""
    body, depth, lid = metres(rng, 0.08, 0.2), metres(rng, 0.16, 0.28), metres(rng, 0.015, 0.045)
    height = body + lid + metres(rng, 0.025, 0.04)
    return shape_of(
        "pot",
        width=depth + 0.09,
        depth=depth,
        height=height,
        body_height=body,
        lid=lid,
        flare=metres(rng, 0.88, 1.0),
        handle=metres(rng, 0.006, 0.01),
    )


def glass(rng: np.random.Generator) -> Shape:
    style = str(rng.choice(["tumbler", "wine", "goblet"]))
    height = {"tumbler": (0.08, 0.16), "wine": (0.16, 0.23), "goblet": (0.13, 0.18)}[style]
    return shape_of(
        "glass",
        width=metres(rng, 0.06, 0.09),
        height=metres(rng, *height),
        wall=metres(rng, 0.002, 0.004),
        filled=metres(rng, 0.0, 0.8),
        style=style,
    )


def bottle(rng: np.random.Generator) -> Shape:
    style = str(rng.choice(["wine", "beer", "water", "flask"]))
    width, height = {"wine": (0.076, 0.31), "beer": (0.062, 0.23), "water": (0.08, 0.29), "flask": (0.065, 0.2)}[style]
    return shape_of(
        "bottle",
        width=width * metres(rng, 0.9, 1.15),
        height=height * metres(rng, 0.85, 1.1),
        neck=metres(rng, 0.85, 1.15),
        label_height=metres(rng, 0.18, 0.34),
        label_at=metres(rng, 0.08, 0.2),
        style=style,
    )


def package(rng: np.random.Generator) -> Shape:
    """A box of cereals, tea or biscuits, or a drink's carton."""
    if rng.uniform() < 0.3:
        side = metres(rng, 0.065, 0.1)
        return shape_of(
            "package",
            width=side,
            depth=side * metres(rng, 0.7, 1.0),
            height=metres(rng, 0.17, 0.26),
            fold=metres(rng, 0.035, 0.06),
            spout=metres(rng, 0.02, 0.034),
        )
    width, depth, height = ((0.19, 0.06, 0.29), (0.14, 0.07, 0.09), (0.1, 0.05, 0.2), (0.16, 0.05, 0.17))[int(rng.integers(4))]
    scale = rng.uniform(0.85, 1.15, 3)
    return shape_of("package", width=width * scale[0], depth=depth * scale[1], height=height * scale[2], lean=metres(rng, 0.001, 0.006))


def handbag(rng: np.random.Generator) -> Shape:
    width, body = metres(rng, 0.24, 0.45), metres(rng, 0.16, 0.32)
    height = body + metres(rng, 0.08, 0.18)
    return shape_of(
        "handbag",
        width=width,
        depth=metres(rng, 0.09, 0.18),
        height=height,
        body=body,
        pinch=metres(rng, 0.2, 0.6),
        strap=metres(rng, 0.005, 0.011),
    )


def waste_bin(rng: np.random.Generator) -> Shape:
    style = str(rng.choice(["open", "lid"], p=[0.6, 0.4]))
    height = metres(rng, 0.24, 0.38) if style == "open" else metres(rng, 0.28, 0.65)
    return shape_of(
        "waste_bin", width=metres(rng, 0.2, 0.32), height=height, flare=metres(rng, 0.7, 0.98), rim=metres(rng, 0.006, 0.03), style=style
    )


def candle(rng: np.random.Generator) -> Shape:
    thick = metres(rng, 0.02, 0.08)
    return shape_of(
        "candle",
        width=thick + metres(rng, 0.03, 0.07),
        height=metres(rng, 0.09, 0.24),
        thick=thick,
        dish=metres(rng, 0.012, 0.04),
        dip=metres(rng, 0.002, 0.006),
    )


def tissue_box(rng: np.random.Generator) -> Shape:
    box = metres(rng, 0.06, 0.12)
    return shape_of(
        "tissue_box",
        width=metres(rng, 0.12, 0.25),
        depth=metres(rng, 0.11, 0.13),
        box_height=box,
        height=box + metres(rng, 0.035, 0.07),
        puff=metres(rng, 0.5, 1.1),
    )


def fruit_bowl(rng: np.random.Generator) -> Shape:
    rim, fruit = metres(rng, 0.05, 0.09), metres(rng, 0.065, 0.085)
    return shape_of(
        "fruit_bowl",
        width=metres(rng, 0.24, 0.34),
        height=rim + 0.9 * fruit,
        rim=rim,
        fruit=fruit,
        wall=metres(rng, 0.004, 0.008),
        seed=int(rng.integers(8)),
    )


def coat_hooks(rng: np.random.Generator) -> Shape:
    hooks = int(rng.integers(3, 7))
    coats = int(rng.integers(1, 4))
    return shape_of(
        "coat_hooks",
        width=0.36 + 0.14 * hooks,
        depth=metres(rng, 0.22, 0.3),
        height=metres(rng, 0.85, 1.2),
        board=metres(rng, 0.08, 0.18),
        coat_length=metres(rng, 0.65, 1.0),
        hooks=hooks,
        coats=min(coats, hooks),
    )


_TABLE = {"kitchen": 2.0, "dining": 2.0}
_HALL = {"corridor": 3.0, "bedroom": 0.5}

PIECES: dict[str, Piece] = {
    "microwave": Piece(
        category="microwave",
        draw=drawn(
            "microwave",
            width=(0.42, 0.54),
            depth=(0.32, 0.42),
            height=(0.24, 0.32),
            panel=(0.18, 0.3),
            handle=(0.5, 0.85),
            rounding=(0.004, 0.02),
        ),
        large=True,
        rooms={"kitchen": 2},
    ),
    "kettle": Piece(
        category="kettle",
        draw=drawn(
            "kettle", width=(0.2, 0.24), depth=(0.14, 0.17), height=(0.2, 0.27), waist=(0.55, 0.85), spout=(0.2, 0.4), foot=(0.018, 0.032)
        ),
        rooms={"kitchen": 2},
    ),
    "toaster": Piece(
        category="toaster",
        draw=drawn(
            "toaster",
            width=(0.26, 0.36),
            depth=(0.15, 0.2),
            height=(0.17, 0.21),
            rounding=(0.012, 0.05),
            slot=(0.6, 0.8),
            lever=(0.35, 0.7),
        ),
        rooms={"kitchen": 2},
    ),
    "pot": Piece(category="pot", draw=pot, rooms={"kitchen": 4}),
    "frying_pan": Piece(
        category="pan",
        draw=drawn(
            "frying_pan",
            width=(0.38, 0.52),
            depth=(0.2, 0.3),
            height=(0.06, 0.1),
            rim=(0.035, 0.055),
            flare=(0.65, 0.9),
            wall=(0.004, 0.008),
        ),
        rooms={"kitchen": 2},
    ),
    "plate": Piece(
        category="plate",
        draw=drawn("plate", width=(0.16, 0.3), height=(0.015, 0.035), foot=(0.45, 0.65), well=(0.55, 0.75), wall=(0.003, 0.006)),
        rooms=_TABLE,
    ),
    "glass": Piece(category="glass", draw=glass, rooms={"kitchen": 2, "dining": 3, "living": 1}),
    "bottle": Piece(category="bottle", draw=bottle, rooms={"kitchen": 3, "dining": 2, "bathroom": 2, "living": 0.5}),
    "teapot": Piece(
        category="teapot",
        draw=drawn(
            "teapot",
            width=(0.22, 0.29),
            depth=(0.13, 0.18),
            height=(0.13, 0.2),
            belly=(0.35, 0.52),
            spout=(0.009, 0.015),
            handle=(0.006, 0.011),
        ),
        rooms={"kitchen": 1, "dining": 1, "living": 0.5},
    ),
    "fruit_bowl": Piece(category="bowl", draw=fruit_bowl, rooms={"kitchen": 2, "dining": 2, "living": 1}),
    "knife_block": Piece(
        category="knife_block",
        draw=drawn(
            "knife_block",
            width=(0.08, 0.13),
            depth=(0.17, 0.23),
            height=(0.21, 0.27),
            slant_deg=(14.0, 30.0),
            handle=(0.08, 0.12),
            knives=range(3, 7),
        ),
        rooms={"kitchen": 1},
    ),
    "package": Piece(category="package", draw=package, rooms={"kitchen": 4, "dining": 0.5, "bathroom": 0.5}),
    "basket": Piece(
        category="basket",
        draw=drawn(
            "basket", width=(0.24, 0.45), depth=(0.2, 0.32), height=(0.14, 0.3), flare=(0.75, 0.98), wall=(0.008, 0.016), rim=(0.012, 0.03)
        ),
        rooms={"living": 1, "bathroom": 1, "bedroom": 0.5, "kitchen": 0.5},
    ),
    "waste_bin": Piece(category="waste_bin", draw=waste_bin, rooms={"office": 2, "kitchen": 1, "bathroom": 1, "bedroom": 0.5}),
    "handbag": Piece(category="bag", draw=handbag, rooms={"corridor": 2, "bedroom": 1, "living": 0.5}),
    "backpack": Piece(
        category="bag",
        draw=drawn(
            "backpack",
            width=(0.27, 0.36),
            depth=(0.2, 0.26),
            height=(0.38, 0.52),
            pocket=(0.3, 0.5),
            bulge=(0.05, 0.11),
            strap=(0.035, 0.065),
        ),
        rooms={"corridor": 2, "bedroom": 1, "office": 1},
    ),
    "shoes": Piece(
        category="shoes",
        draw=drawn(
            "shoes",
            width=(0.2, 0.27),
            depth=(0.22, 0.31),
            height=(0.08, 0.14),
            sole=(0.012, 0.035),
            heel=(0.3, 0.8),
            gap=(0.015, 0.06),
            askew_deg=(-14.0, 14.0),
        ),
        rooms=_HALL,
    ),
    "umbrella_stand": Piece(
        category="umbrella_stand",
        draw=drawn("umbrella_stand", width=(0.2, 0.28), height=(0.78, 0.95), stand=(0.38, 0.6), flare=(0.7, 1.0), umbrellas=range(1, 4)),
        large=True,
        rooms={"corridor": 1},
    ),
    "coat_rack": Piece(
        category="coat_rack",
        draw=drawn(
            "coat_rack",
            width=(0.5, 0.64),
            height=(1.6, 1.9),
            foot=(0.18, 0.26),
            pole=(0.016, 0.028),
            coat_length=(0.7, 1.0),
            coats=range(0, 4),
            hooks=[4, 6, 8],
        ),
        large=True,
        rooms={"corridor": 2, "office": 0.5},
    ),
    "coat_hooks": Piece(category="clothes", draw=coat_hooks, large=True, rooms={"corridor": 3}, loose=False),
    "candle": Piece(category="candle", draw=candle, rooms={"living": 1, "dining": 2, "bathroom": 0.5, "bedroom": 0.5}),
    "photo_frame": Piece(
        category="photo_frame",
        draw=drawn(
            "photo_frame",
            width=(0.1, 0.22),
            depth=(0.09, 0.13),
            height=(0.13, 0.27),
            frame=(0.008, 0.03),
            thick=(0.01, 0.018),
            lean_deg=(9.0, 18.0),
        ),
        rooms={"living": 2, "bedroom": 2, "office": 1, "corridor": 1},
    ),
    "tissue_box": Piece(category="tissue_box", draw=tissue_box, rooms={"bedroom": 1, "living": 1, "bathroom": 1, "office": 0.5}),
    "vacuum_cleaner": Piece(
        category="vacuum_cleaner",
        draw=drawn(
            "vacuum_cleaner",
            width=(0.27, 0.34),
            depth=(0.42, 0.54),
            height=(0.92, 1.1),
            body_height=(0.2, 0.28),
            wheel=(0.07, 0.1),
            hose=(0.016, 0.022),
        ),
        large=True,
        rooms={"corridor": 1, "living": 0.3},
    ),
}
