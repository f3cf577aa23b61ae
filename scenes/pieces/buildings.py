"""Buildings with drawn measures, front towards the street."""

from __future__ import annotations

import numpy as np

from scenes.pieces.measures import metres, shape_of
from scenes.pieces.piece import Piece
from scenes.scene import Parameter, Shape
from scenes.shapes.buildings import apartment_massing, detached_massing, terraced_massing
from scenes.shapes.halls import office_massing, shop_massing

VARIANTS = 16  # of what hangs behind the windows
MANY_WINDOWS = 24  # on a front: more of them than that are made with fewer parts
STOREY_M = (2.6, 3.3)


def _flag(rng: np.random.Generator, probability: float) -> int:
    return int(rng.uniform() < probability)


def _windows(rng: np.random.Generator, width: tuple[float, float], height: tuple[float, float]) -> dict[str, Parameter]:
    return {"window_width": metres(rng, *width), "window_height": metres(rng, *height), "seed": int(rng.integers(VARIANTS))}


def detached_house(rng: np.random.Generator) -> Shape:
    """A free-standing house of two or three storeys, any roof."""
    return _free_standing(rng, int(rng.choice([2, 2, 2, 3])), metres(rng, 8.5, 13.5))


def bungalow(rng: np.random.Generator) -> Shape:
    """A wide house of one storey."""
    return _free_standing(rng, 1, metres(rng, 10.5, 16.0))


def _free_standing(rng: np.random.Generator, storeys: int, width: float) -> Shape:
    roof = str(rng.choice(["gable", "hip", "gambrel"], p=[0.66, 0.28, 0.06]))
    pitch = metres(rng, 28, 46) if roof == "gable" else metres(rng, 24, 36) if roof == "hip" else metres(rng, 20, 30)
    overhang, plinth = metres(rng, 0.3, 0.7), metres(rng, 0.15, 0.6)
    porch, terrace = float(rng.choice([0.0, 0.9, 1.3])), float(rng.choice([0.0, 0.0, 0.0, 1.2]))
    depth, chimneys, across = metres(rng, 9.0, 12.5), _flag(rng, 0.7), _flag(rng, 0.3 if roof == "gable" else 0.0)
    front = terrace if storeys > 1 and terrace else porch
    rest = detached_massing(width, depth, roof, pitch, overhang, plinth, front, chimneys, across).beside_storeys
    return shape_of(
        "detached_house",
        width=width,
        depth=depth,
        height=rest + storeys * metres(rng, *STOREY_M),
        storeys=storeys,
        bays=int(max(2, round(width / float(rng.uniform(3.0, 4.2))))),
        roof=roof,
        roof_pitch=pitch,
        door_position=metres(rng, 0.1, 0.9),
        overhang=overhang,
        plinth=plinth,
        porch=porch,
        balcony_depth=terrace,
        chimneys=chimneys,
        dormers=int(rng.choice([0, 0, 1, 2])),
        shutters=_flag(rng, 0.22),
        across=across,
        **_windows(rng, (1.1, 1.8), (1.2, 1.55)),
    )


def terraced_house(rng: np.random.Generator) -> Shape:
    """Two or three storeys under a ridge along the street; a row repeats one house, every other one mirrored."""
    storeys, width, depth = int(rng.choice([2, 2, 3])), metres(rng, 4.6, 7.2), metres(rng, 8.5, 11.0)
    pitch, plinth, bay = metres(rng, 28, 42), metres(rng, 0.15, 0.5), float(rng.choice([0.0, 0.0, 0.75, 0.95]))
    rest = terraced_massing(width, depth, pitch, plinth, bay).beside_storeys
    return shape_of(
        "terraced_house",
        width=width,
        depth=depth,
        height=rest + storeys * metres(rng, *STOREY_M),
        storeys=storeys,
        bays=2 if width < 6.2 else 3,
        roof_pitch=pitch,
        plinth=plinth,
        bay_window=bay,
        dormers=_flag(rng, 0.3),
        mirrored=_flag(rng, 0.5),
        **_windows(rng, (0.9, 1.3), (1.3, 1.7)),
    )


def apartment_block(rng: np.random.Generator) -> Shape:
    storeys, width = int(rng.integers(3, 8)), metres(rng, 14.0, 30.0)
    roof, pitch, plinth = str(rng.choice(["flat", "hip"], p=[0.7, 0.3])), metres(rng, 20, 32), metres(rng, 0.3, 0.8)
    depth, balcony, every = metres(rng, 11.0, 15.0), metres(rng, 1.0, 1.6), int(rng.choice([0, 2, 3, 3]))
    bays = round(width / float(rng.uniform(2.8, 3.8)))
    rest = apartment_massing(width, depth, roof, pitch, plinth, balcony, every).beside_storeys
    return shape_of(
        "apartment_block",
        width=width,
        depth=depth,
        height=rest + storeys * metres(rng, 2.7, 3.2),
        storeys=storeys,
        bays=bays,
        detail=1 if bays * storeys > MANY_WINDOWS else 2,
        balcony_depth=balcony,
        balcony_every=every,
        roof=roof,
        roof_pitch=pitch,
        plinth=plinth,
        bands=float(rng.choice([0.0, 0.15, 0.25])),
        **_windows(rng, (1.1, 1.8), (1.3, 1.6)),
    )


def shop(rng: np.random.Generator) -> Shape:
    storeys, width, depth = int(rng.choice([2, 3, 3, 4])), metres(rng, 5.5, 10.0), metres(rng, 9.0, 13.0)
    roof, pitch = str(rng.choice(["gable", "flat"], p=[0.65, 0.35])), metres(rng, 28, 42)
    awning, parapet = float(rng.choice([0.0, 0.9, 1.3])), metres(rng, 0.4, 0.9)
    ground, board = metres(rng, 2.5, 3.0), metres(rng, 0.5, 0.75)
    rest = shop_massing(width, depth, roof, pitch, awning, parapet).beside_storeys
    return shape_of(
        "shop",
        width=width,
        depth=depth,
        height=rest + ground + board + 0.35 + (storeys - 1) * metres(rng, 2.7, 3.4),
        storeys=storeys,
        bays=max(2, round(width / float(rng.uniform(2.2, 2.9)))),
        shop_height=ground,
        sign_height=board,
        awning=awning,
        door_position=float(rng.choice([0.0, 0.5, 1.0])),
        roof=roof,
        roof_pitch=pitch,
        parapet=parapet,
        side_windows=int(rng.choice([0, 1, 2])),
        **_windows(rng, (0.95, 1.3), (1.4, 1.8)),
    )


def office_block(rng: np.random.Generator) -> Shape:
    storeys, width, depth = int(rng.integers(3, 8)), metres(rng, 18.0, 34.0), metres(rng, 12.0, 18.0)
    ground, parapet, canopy = metres(rng, 3.4, 4.6), metres(rng, 0.4, 1.1), metres(rng, 1.2, 2.4)
    rest = office_massing(width, depth, 0.2, canopy, parapet).beside_storeys
    bays = round(width / float(rng.uniform(3.6, 7.5)))
    return shape_of(
        "office_block",
        width=width,
        depth=depth,
        height=rest + ground + (storeys - 1) * metres(rng, 3.2, 3.6),
        storeys=storeys,
        bays=bays,
        detail=1 if bays * storeys > MANY_WINDOWS else 2,
        window_height=metres(rng, 1.4, 2.1),
        plinth=0.2,
        pier=metres(rng, 0.3, 1.2),
        module=metres(rng, 1.2, 1.9),
        ground_height=ground,
        canopy=canopy,
        parapet=parapet,
        seed=int(rng.integers(VARIANTS)),
    )


def warehouse(rng: np.random.Generator) -> Shape:
    door = metres(rng, 3.2, 4.4)
    return shape_of(
        "warehouse",
        width=metres(rng, 20.0, 36.0),
        depth=metres(rng, 14.0, 24.0),
        height=door + metres(rng, 4.6, 6.5),
        doors=int(rng.integers(1, 4)),
        door_width=metres(rng, 3.0, 4.2),
        door_height=door,
        roof_pitch=metres(rng, 5, 11),
        sign_width=metres(rng, 4.0, 5.5),
        across=_flag(rng, 0.3),
        seed=int(rng.integers(VARIANTS)),
    )


def garage(rng: np.random.Generator) -> Shape:
    doors, roof = int(rng.choice([1, 1, 2])), str(rng.choice(["flat", "gable"]))
    width, pitch = doors * metres(rng, 3.2, 3.8), metres(rng, 18, 32)
    ridge = 0.0 if roof == "flat" else 0.5 * width * float(np.tan(np.radians(pitch)))
    height = metres(rng, 2.75, 3.0) + ridge
    return shape_of("garage", width=width, depth=metres(rng, 5.6, 7.0), height=height, doors=doors, roof=roof, roof_pitch=pitch)


def church(rng: np.random.Generator) -> Shape:
    return shape_of(
        "church",
        width=metres(rng, 9.0, 13.0),
        depth=metres(rng, 22.0, 32.0),
        height=metres(rng, 24.0, 36.0),
        tower_width=metres(rng, 4.5, 6.0),
        spire_share=metres(rng, 0.25, 0.48),
        roof_pitch=metres(rng, 42, 54),
        wall_height=metres(rng, 5.5, 7.5),
        windows=int(rng.integers(4, 7)),
        window_height=metres(rng, 2.6, 3.4),
    )


_DRAWS = (detached_house, bungalow, terraced_house, apartment_block, shop, office_block, warehouse, garage, church)
PIECES: dict[str, Piece] = {draw.__name__: Piece(category="building", draw=draw, large=True, outdoors=True, loose=False) for draw in _DRAWS}
