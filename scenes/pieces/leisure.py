"""Things of desks and shelves, devices, books, toys, with drawn measures and styles."""

from __future__ import annotations

import numpy as np

from scenes.pieces.measures import drawn, metres, shape_of
from scenes.pieces.piece import Piece
from scenes.scene import Shape


def globe(rng: np.random.Generator) -> Shape:
    ball = metres(rng, 0.18, 0.34)
    width = ball + metres(rng, 0.03, 0.05)
    return shape_of(
        "globe",
        width=width,
        height=width + metres(rng, 0.07, 0.13),
        ball=ball,
        foot=ball * metres(rng, 0.5, 0.8),
        tilt_deg=metres(rng, 15.0, 28.0),
    )


_DESK = {"office": 3.0, "bedroom": 0.5}
_PLAY = {"bedroom": 1.0, "living": 0.7}

PIECES: dict[str, Piece] = {
    "speaker": Piece(
        category="speaker",
        draw=drawn(
            "speaker",
            width=(0.15, 0.24),
            depth=(0.18, 0.3),
            height=(0.24, 0.42),
            woofer=(0.6, 0.82),
            tweeter=(0.22, 0.4),
            rounding=(0.002, 0.02),
        ),
        rooms={"living": 2, "office": 1, "bedroom": 0.5},
    ),
    "keyboard": Piece(
        category="keyboard",
        draw=drawn(
            "keyboard",
            width=(0.34, 0.46),
            depth=(0.12, 0.16),
            height=(0.018, 0.034),
            slope=(0.3, 0.8),
            gap=(0.002, 0.004),
            edge=(0.005, 0.012),
        ),
        rooms=_DESK,
    ),
    "computer_mouse": Piece(
        category="computer_mouse",
        draw=drawn(
            "computer_mouse",
            width=(0.055, 0.07),
            depth=(0.095, 0.125),
            height=(0.03, 0.042),
            peak=(0.0, 0.12),
            wheel=(0.005, 0.009),
            sharp=(2.0, 3.2),
        ),
        rooms=_DESK,
    ),
    "telephone": Piece(
        category="telephone",
        draw=drawn(
            "telephone",
            width=(0.17, 0.23),
            depth=(0.19, 0.24),
            height=(0.09, 0.12),
            slope_deg=(9.0, 20.0),
            handset=(0.18, 0.21),
            cradle=(0.05, 0.065),
        ),
        rooms={"office": 2, "corridor": 1, "living": 0.3},
    ),
    "alarm_clock": Piece(
        category="clock",
        draw=drawn(
            "alarm_clock",
            width=(0.09, 0.13),
            depth=(0.045, 0.07),
            height=(0.13, 0.17),
            face=(0.085, 0.11),
            bell=(0.035, 0.05),
            hour=(0.0, 12.0),
        ),
        rooms={"bedroom": 2},
    ),
    "printer": Piece(
        category="printer",
        draw=drawn(
            "printer",
            width=(0.38, 0.48),
            depth=(0.34, 0.42),
            height=(0.2, 0.32),
            tray=(0.06, 0.13),
            paper_rise=(0.05, 0.12),
            panel=(0.1, 0.25),
        ),
        large=True,
        rooms={"office": 1},
    ),
    "book": Piece(
        category="books",
        draw=drawn(
            "book",
            width=(0.11, 0.22),
            depth=(0.17, 0.29),
            height=(0.012, 0.05),
            board=(0.0015, 0.0035),
            square=(0.002, 0.005),
            hollow=(0.0, 0.008),
        ),
        rooms={"office": 3, "bedroom": 2, "living": 2},
    ),
    "open_book": Piece(
        category="books",
        draw=drawn(
            "open_book",
            width=(0.26, 0.42),
            depth=(0.18, 0.28),
            height=(0.018, 0.045),
            board=(0.002, 0.004),
            sag=(0.2, 0.6),
            margin=(0.003, 0.007),
        ),
        rooms={"office": 1, "bedroom": 1, "living": 1},
    ),
    "pen_holder": Piece(
        category="pen_holder",
        draw=drawn(
            "pen_holder",
            width=(0.08, 0.11),
            height=(0.17, 0.22),
            cup=(0.085, 0.12),
            wall=(0.002, 0.004),
            spread=(0.3, 0.95),
            pens=range(3, 8),
        ),
        rooms=_DESK,
    ),
    "paper_stack": Piece(
        category="paper",
        draw=drawn(
            "paper_stack",
            width=(0.2, 0.24),
            depth=(0.28, 0.32),
            height=(0.01, 0.06),
            askew_deg=(-8.0, 8.0),
            slide=(0.0, 0.015),
            curl=(0.002, 0.005),
        ),
        rooms={"office": 3, "living": 0.5},
    ),
    "globe": Piece(category="globe", draw=globe, rooms={"office": 1, "bedroom": 0.3, "living": 0.3}),
    "toy_blocks": Piece(
        category="toy",
        draw=drawn(
            "toy_blocks", width=(0.22, 0.4), depth=(0.2, 0.34), height=(0.1, 0.24), block=(0.035, 0.06), bevel=(0.002, 0.007), seed=range(8)
        ),
        rooms=_PLAY,
        loose=False,
    ),
    "teddy": Piece(
        category="toy",
        draw=drawn(
            "teddy",
            width=(0.18, 0.34),
            depth=(0.18, 0.34),
            height=(0.22, 0.42),
            head=(0.38, 0.5),
            belly=(0.5, 0.72),
            ear=(0.22, 0.36),
            limb=(0.24, 0.34),
        ),
        rooms={"bedroom": 2, "living": 0.5},
    ),
    "toy_car": Piece(
        category="toy",
        draw=drawn(
            "toy_car",
            width=(0.07, 0.16),
            depth=(0.16, 0.34),
            height=(0.055, 0.13),
            wheel=(0.028, 0.05),
            cabin=(0.4, 0.65),
            bonnet=(0.5, 0.68),
            tyre=(0.012, 0.024),
        ),
        rooms=_PLAY,
    ),
    "toy_train": Piece(
        category="toy",
        draw=drawn(
            "toy_train",
            width=(0.07, 0.11),
            depth=(0.3, 0.5),
            height=(0.1, 0.14),
            wheel=(0.028, 0.042),
            boiler=(0.045, 0.062),
            funnel=(0.016, 0.028),
            wagons=[1, 2],
        ),
        rooms=_PLAY,
    ),
    "rubber_duck": Piece(
        category="toy",
        draw=drawn(
            "rubber_duck",
            width=(0.07, 0.11),
            depth=(0.085, 0.13),
            height=(0.08, 0.12),
            head=(0.4, 0.52),
            beak=(0.018, 0.03),
            wing=(0.38, 0.58),
        ),
        rooms={"bathroom": 1.5, "bedroom": 0.3},
    ),
    "stacking_rings": Piece(
        category="toy",
        draw=drawn(
            "stacking_rings",
            width=(0.11, 0.17),
            height=(0.17, 0.26),
            taper=(0.4, 0.75),
            pole=(0.014, 0.022),
            foot=(0.012, 0.022),
            rings=range(4, 7),
        ),
        rooms=_PLAY,
    ),
    "guitar": Piece(
        category="guitar",
        draw=drawn(
            "guitar",
            width=(0.34, 0.42),
            depth=(0.27, 0.34),
            height=(0.92, 1.08),
            body=(0.44, 0.52),
            waist=(0.55, 0.8),
            thick=(0.07, 0.12),
            lean_deg=(8.0, 16.0),
        ),
        large=True,
        rooms={"bedroom": 0.7, "living": 0.7},
        loose=False,
    ),
}
