"""Plants, street furniture and barriers with drawn measures.

Plants come in a few variants, so that scenes share their meshes: the draw picks a variant and the variant's number decides all the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zlib import crc32

import numpy as np

from scenes.pieces.measures import metres, shape_of
from scenes.pieces.piece import Piece
from scenes.scene import Shape

VARIANTS = 24  # of each kind of plant
SEEDS = 16


def at_detail(shape: Shape, detail: float) -> Shape:
    """A plant with its number of leaves scaled, for where it is seen from afar; other shapes as they are."""
    if shape.kind not in ("tree", "conifer", "bare_tree", "bush", "hedge", "tree_line"):
        return shape
    kept = tuple((k, v) for k, v in shape.parameters if k != "detail")
    return replace(shape, parameters=tuple(sorted((*kept, ("detail", detail)))))


def _variant(rng: np.random.Generator, plant: str) -> np.random.Generator:
    """The generator of one of the plant's variants."""
    return np.random.default_rng([crc32(plant.encode()), int(rng.integers(VARIANTS))])


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(SEEDS))


# Plants


def tree(rng: np.random.Generator) -> Shape:
    """A street or garden tree, 5 to 13 m high."""
    rng = _variant(rng, "tree")
    height = metres(rng, 5.0, 13.0)
    crown = str(rng.choice(["round", "oval", "cone", "umbrella"], p=[0.4, 0.34, 0.14, 0.12]))
    slim = {"round": (0.55, 0.85), "oval": (0.36, 0.56), "cone": (0.42, 0.6), "umbrella": (0.65, 0.9)}[crown]
    return shape_of(
        "tree",
        width=height * float(rng.uniform(*slim)),
        height=height,
        trunk_height=height * float(rng.uniform(0.18, 0.32)),
        trunk_diameter=0.035 * height * float(rng.uniform(0.8, 1.4)),
        density=metres(rng, 0.4, 1.0),
        crown=crown,
        seed=_seed(rng),
    )


def conifer(rng: np.random.Generator) -> Shape:
    rng = _variant(rng, "conifer")
    height = metres(rng, 3.5, 14.0)
    return shape_of(
        "conifer",
        width=height * float(rng.uniform(0.3, 0.5)),
        height=height,
        trunk_height=height * float(rng.uniform(0.02, 0.12)),
        trunk_diameter=0.03 * height * float(rng.uniform(0.8, 1.3)),
        droop=metres(rng, 0.1, 0.6),
        seed=_seed(rng),
    )


def bare_tree(rng: np.random.Generator) -> Shape:
    rng = _variant(rng, "bare_tree")
    height = metres(rng, 5.0, 11.0)
    return shape_of(
        "bare_tree",
        width=height * float(rng.uniform(0.5, 0.8)),
        height=height,
        trunk_height=height * float(rng.uniform(0.2, 0.32)),
        trunk_diameter=0.035 * height * float(rng.uniform(0.8, 1.3)),
        spread=metres(rng, 0.4, 0.8),
        seed=_seed(rng),
    )


def bush(rng: np.random.Generator) -> Shape:
    rng = _variant(rng, "bush")
    width = metres(rng, 0.7, 2.4)
    return shape_of(
        "bush",
        width=width,
        depth=width * float(rng.uniform(0.75, 1.0)),
        height=width * float(rng.uniform(0.6, 1.1)),
        roughness=metres(rng, 0.1, 0.7),
        density=metres(rng, 0.4, 1.0),
        seed=_seed(rng),
    )


def hedge(rng: np.random.Generator) -> Shape:
    rng = _variant(rng, "hedge")
    wild = float(rng.choice([0.03, 0.05, 0.12]))
    return shape_of(
        "hedge", width=metres(rng, 2.0, 5.0), depth=metres(rng, 0.5, 0.9), height=metres(rng, 0.6, 1.9), roughness=wild, seed=_seed(rng)
    )


def tree_line(rng: np.random.Generator) -> Shape:
    rng = _variant(rng, "tree_line")
    return shape_of(
        "tree_line",
        width=metres(rng, 25, 60),
        depth=metres(rng, 5, 10),
        height=metres(rng, 7, 14),
        roughness=metres(rng, 0.15, 0.5),
        seed=_seed(rng),
    )


def grass_tuft(rng: np.random.Generator) -> Shape:
    return shape_of("grass_tuft", width=metres(rng, 0.25, 0.6), height=metres(rng, 0.15, 0.5), lean=metres(rng, 0.2, 0.9), seed=_seed(rng))


def flower_bed(rng: np.random.Generator) -> Shape:
    return shape_of(
        "flower_bed",
        width=metres(rng, 1.0, 3.0),
        depth=metres(rng, 0.5, 1.2),
        height=metres(rng, 0.3, 0.6),
        density=metres(rng, 0.3, 0.9),
        seed=_seed(rng),
    )


def planter(rng: np.random.Generator) -> Shape:
    width, tub = metres(rng, 0.5, 1.4), metres(rng, 0.35, 0.65)
    return shape_of(
        "planter",
        width=width,
        depth=width * float(rng.uniform(0.5, 1.0)),
        height=tub + metres(rng, 0.3, 0.9),
        tub=tub,
        taper=metres(rng, 0.75, 1.0),
        seed=_seed(rng),
    )


# On poles


def street_lamp(rng: np.random.Generator) -> Shape:
    if rng.uniform() < 0.25:
        return shape_of("street_lamp", arm=0.0, height=metres(rng, 3.4, 4.6), head=metres(rng, 0.5, 0.75), diameter=metres(rng, 0.1, 0.14))
    double = int(rng.uniform() < 0.12)
    return shape_of(
        "street_lamp",
        height=metres(rng, 5.0, 9.5),
        arm=metres(rng, 0.4, 2.0),
        head=metres(rng, 0.5, 0.8),
        rise=metres(rng, 0.1, 0.8),
        double=double,
    )


def traffic_light(rng: np.random.Generator) -> Shape:
    """Beside the road, without an arm."""
    lit = str(rng.choice(["red", "amber", "green", "red_amber"], p=[0.45, 0.07, 0.43, 0.05]))
    board = float(rng.choice([0.0, 0.0, 0.1]))
    return shape_of("traffic_light", height=metres(rng, 2.9, 3.5), size=float(rng.choice([0.2, 0.21, 0.3])), board=board, lit=lit)


def traffic_light_mast(rng: np.random.Generator) -> Shape:
    """With a second head over the road, towards -x."""
    lit = str(rng.choice(["red", "amber", "green"], p=[0.5, 0.05, 0.45]))
    return shape_of(
        "traffic_light", height=metres(rng, 5.6, 6.4), arm=metres(rng, 3.0, 5.5), diameter=metres(rng, 0.14, 0.2), size=0.3, lit=lit
    )


def traffic_sign(rng: np.random.Generator) -> Shape:
    names = ["triangle", "limit", "ban", "order", "octagon", "square", "diamond", "chevron"]
    sign = str(rng.choice(names, p=[0.17, 0.22, 0.16, 0.1, 0.08, 0.14, 0.09, 0.04]))
    size = metres(rng, 0.55, 0.85)
    low = 1.0 if sign == "chevron" else float(rng.uniform(1.9, 2.4))
    plate = size if sign != "chevron" and rng.uniform() < 0.18 else 0.0
    return shape_of("traffic_sign", sign=sign, size=size, height=low + size + 0.5 * plate, diameter=metres(rng, 0.06, 0.09), plate=plate)


def direction_sign(rng: np.random.Generator) -> Shape:
    width, clearance = metres(rng, 1.6, 3.4), metres(rng, 1.4, 2.4)
    return shape_of("direction_sign", width=width, height=clearance + 0.5 * width, clearance=clearance)


def pole(rng: np.random.Generator) -> Shape:
    return shape_of(
        "pole", height=metres(rng, 6.5, 9.5), diameter=metres(rng, 0.2, 0.3), crossarm=metres(rng, 1.2, 2.2), arms=int(rng.integers(0, 3))
    )


def bollard(rng: np.random.Generator) -> Shape:
    return shape_of(
        "bollard",
        width=metres(rng, 0.11, 0.26),
        height=metres(rng, 0.7, 1.1),
        taper=metres(rng, 0.7, 1.0),
        dome=metres(rng, 0.1, 1.0),
        band=metres(rng, 0.04, 0.14),
    )


def hydrant(rng: np.random.Generator) -> Shape:
    return shape_of("hydrant", width=metres(rng, 0.3, 0.42), height=metres(rng, 0.6, 0.9), cap=metres(rng, 0.15, 0.25))


def parking_meter(rng: np.random.Generator) -> Shape:
    if rng.uniform() < 0.5:
        return shape_of(
            "parking_meter",
            width=metres(rng, 0.18, 0.24),
            depth=0.14,
            height=metres(rng, 1.3, 1.5),
            head=metres(rng, 0.32, 0.42),
            display=0.09,
        )
    return shape_of(
        "parking_meter",
        width=metres(rng, 0.3, 0.42),
        depth=metres(rng, 0.22, 0.3),
        height=metres(rng, 1.55, 1.8),
        head=metres(rng, 0.7, 1.3),
    )


# On the pavement


def bench(rng: np.random.Generator) -> Shape:
    return shape_of(
        "park_bench",
        width=metres(rng, 1.2, 2.0),
        depth=metres(rng, 0.52, 0.68),
        height=metres(rng, 0.76, 0.9),
        recline=metres(rng, 0.05, 0.16),
        slats=int(rng.integers(4, 8)),
    )


def litter_bin(rng: np.random.Generator) -> Shape:
    return shape_of(
        "litter_bin", width=metres(rng, 0.36, 0.52), height=metres(rng, 0.8, 1.1), post=metres(rng, 0.03, 0.2), mouth=metres(rng, 0.12, 0.2)
    )


def post_box(rng: np.random.Generator) -> Shape:
    if rng.uniform() < 0.5:
        width = metres(rng, 0.42, 0.52)
        return shape_of("post_box", width=width, depth=width, height=metres(rng, 1.4, 1.65), crown=metres(rng, 0.1, 0.18))
    return shape_of(
        "post_box",
        pillar=0,
        width=metres(rng, 0.4, 0.6),
        depth=metres(rng, 0.32, 0.45),
        height=metres(rng, 1.2, 1.5),
        crown=metres(rng, 0.03, 0.16),
    )


def bus_stop(rng: np.random.Generator) -> Shape:
    return shape_of(
        "bus_stop", width=metres(rng, 2.6, 4.4), depth=metres(rng, 1.3, 1.8), height=metres(rng, 2.3, 2.7), panes=int(rng.integers(2, 5))
    )


def billboard(rng: np.random.Generator) -> Shape:
    width, clearance = metres(rng, 2.4, 4.2), metres(rng, 0.6, 2.2)
    return shape_of("billboard", width=width, height=clearance + 0.68 * width, clearance=clearance, frame=metres(rng, 0.06, 0.16))


def advertising_column(rng: np.random.Generator) -> Shape:
    return shape_of("advertising_column", width=metres(rng, 1.2, 1.6), height=metres(rng, 3.0, 4.2), cap=metres(rng, 0.3, 0.8))


def electricity_box(rng: np.random.Generator) -> Shape:
    width = metres(rng, 0.5, 1.6)
    return shape_of(
        "electricity_box", width=width, depth=metres(rng, 0.3, 0.45), height=metres(rng, 0.9, 1.45), doors=1 if width < 0.8 else 2
    )


def wheelie_bin(rng: np.random.Generator) -> Shape:
    scale = float(rng.choice([0.85, 1.0, 1.0]))
    return shape_of(
        "wheelie_bin",
        width=0.58 * scale,
        depth=metres(rng, 0.66, 0.76) * scale,
        height=metres(rng, 1.0, 1.1) * scale,
        taper=metres(rng, 0.74, 0.86),
    )


def bicycle_stand(rng: np.random.Generator) -> Shape:
    hoops = int(rng.integers(2, 6))
    return shape_of("bicycle_stand", width=0.9 * hoops, hoops=hoops, height=metres(rng, 0.7, 0.9), bend=metres(rng, 0.05, 0.3))


# Barriers


def picket_fence(rng: np.random.Generator) -> Shape:
    return shape_of(
        "picket_fence",
        width=metres(rng, 1.8, 3.0),
        height=metres(rng, 0.8, 1.2),
        pitch=metres(rng, 0.1, 0.17),
        point=metres(rng, 0.0, 0.08),
    )


def board_fence(rng: np.random.Generator) -> Shape:
    return shape_of("board_fence", width=metres(rng, 1.6, 2.4), height=metres(rng, 1.4, 2.0), pitch=metres(rng, 0.09, 0.2))


def railing(rng: np.random.Generator) -> Shape:
    return shape_of(
        "railing", width=metres(rng, 1.6, 2.6), height=metres(rng, 0.9, 1.6), pitch=metres(rng, 0.1, 0.16), spikes=metres(rng, 0.02, 0.2)
    )


def chain_fence(rng: np.random.Generator) -> Shape:
    return shape_of("chain_fence", width=metres(rng, 2.0, 3.0), height=metres(rng, 1.2, 2.2), mesh=metres(rng, 0.09, 0.14))


def guard_rail(rng: np.random.Generator) -> Shape:
    return shape_of("guard_rail", width=4.0, height=metres(rng, 0.7, 0.85), wave=metres(rng, 0.06, 0.09))


def garden_wall(rng: np.random.Generator) -> Shape:
    pillars = float(rng.choice([0.0, 0.0, 0.25]))
    return shape_of(
        "garden_wall", width=metres(rng, 2.0, 4.0), depth=metres(rng, 0.2, 0.36), height=metres(rng, 0.6, 1.9) + pillars, pillars=pillars
    )


def gate(rng: np.random.Generator) -> Shape:
    return shape_of(
        "gate", width=metres(rng, 2.6, 4.4), height=metres(rng, 1.3, 2.0), arch=metres(rng, 0.0, 0.35), pillar=metres(rng, 0.34, 0.5)
    )


def _rooted(category: str, draw: Callable[[np.random.Generator], Shape]) -> Piece:
    return Piece(category=category, draw=draw, large=True, outdoors=True, loose=False)


def _movable(category: str, draw: Callable[[np.random.Generator], Shape], *, large: bool = True) -> Piece:
    return Piece(category=category, draw=draw, large=large, outdoors=True)


PIECES: dict[str, Piece] = {
    "tree": _rooted("tree", tree),
    "conifer": _rooted("tree", conifer),
    "bare_tree": _rooted("tree", bare_tree),
    "bush": _movable("bush", bush),
    "hedge": _rooted("hedge", hedge),
    "tree_line": _rooted("tree", tree_line),
    "grass_tuft": _movable("vegetation", grass_tuft, large=False),
    "flower_bed": _rooted("vegetation", flower_bed),
    "planter": _movable("planter", planter),
    "street_lamp": _rooted("street_lamp", street_lamp),
    "traffic_light": _rooted("traffic_light", traffic_light),
    "traffic_light_mast": _rooted("traffic_light", traffic_light_mast),
    "traffic_sign": _movable("traffic_sign", traffic_sign),
    "direction_sign": _rooted("traffic_sign", direction_sign),
    "pole": _rooted("pole", pole),
    "bollard": _movable("bollard", bollard),
    "hydrant": _movable("hydrant", hydrant),
    "parking_meter": _movable("parking_meter", parking_meter),
    "bench": _movable("bench", bench),
    "bin": _movable("bin", litter_bin),
    "post_box": _movable("post_box", post_box),
    "bus_stop": _rooted("bus_stop", bus_stop),
    "billboard": _rooted("billboard", billboard),
    "advertising_column": _rooted("billboard", advertising_column),
    "electricity_box": _movable("electricity_box", electricity_box),
    "wheelie_bin": _movable("wheelie_bin", wheelie_bin),
    "bicycle_stand": _rooted("bicycle_stand", bicycle_stand),
    "picket_fence": _movable("fence", picket_fence),
    "board_fence": _movable("fence", board_fence),
    "railing": _movable("fence", railing),
    "chain_fence": _movable("fence", chain_fence),
    "guard_rail": _rooted("guard_rail", guard_rail),
    "garden_wall": _rooted("garden_wall", garden_wall),
    "gate": _rooted("fence", gate),
}
