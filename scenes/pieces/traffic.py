"""What is met on the road: vehicles, cycles, people, with the measures of real ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scenes.pieces.measures import metres, shape_of
from scenes.pieces.piece import Piece
from scenes.scene import Shape
from scenes.shapes import cycles, people

# Ranges in metres: width without mirrors, length, height, clearance, wheel diameter.
_CARS = {
    "hatchback": ((1.67, 1.82), (3.7, 4.35), (1.42, 1.56), (0.14, 0.18), (0.57, 0.65)),
    "saloon": ((1.75, 1.9), (4.45, 4.95), (1.4, 1.5), (0.13, 0.17), (0.62, 0.68)),
    "estate": ((1.75, 1.88), (4.45, 4.9), (1.44, 1.54), (0.14, 0.18), (0.62, 0.68)),
    "suv": ((1.78, 1.95), (4.15, 4.8), (1.58, 1.78), (0.18, 0.23), (0.66, 0.75)),
}


def _relative(rng: np.random.Generator, spread: float) -> float:
    return round(float(rng.uniform(1 - spread, 1 + spread)), 2)


def car(rng: np.random.Generator, style: str) -> Shape:
    """A passenger car of a style."""
    width, length, height, clearance, wheel = (metres(rng, *limits) for limits in _CARS[style])
    return shape_of(
        "car",
        width=width + 0.2,
        depth=length,
        height=height,
        bonnet=_relative(rng, 0.1),
        boot=_relative(rng, 0.2),
        roof_length=_relative(rng, 0.06),
        windscreen_rake=round(float(rng.uniform(56, 63)), 1),
        ground_clearance=clearance,
        wheel_diameter=wheel,
        style=style,
    )


def hatchback(rng: np.random.Generator) -> Shape:
    return car(rng, "hatchback")


def saloon(rng: np.random.Generator) -> Shape:
    return car(rng, "saloon")


def estate(rng: np.random.Generator) -> Shape:
    return car(rng, "estate")


def suv(rng: np.random.Generator) -> Shape:
    return car(rng, "suv")


def van(rng: np.random.Generator) -> Shape:
    """A delivery van, now and then a minibus; small city vans to long high ones."""
    length = metres(rng, 4.5, 6.2)
    return shape_of(
        "van",
        width=metres(rng, 2.08, 2.28),
        depth=length,
        height=round(float(rng.uniform(0.385, 0.425)) * length, 3),
        bonnet=metres(rng, 0.65, 0.9),
        windscreen_rake=round(float(rng.uniform(38, 48)), 1),
        ground_clearance=metres(rng, 0.17, 0.22),
        wheel_diameter=metres(rng, 0.64, 0.72),
        belt=metres(rng, 1.1, 1.28),
        glazed=int(rng.uniform() < 0.3),
    )


def truck(rng: np.random.Generator) -> Shape:
    return shape_of(
        "truck",
        width=metres(rng, 2.75, 2.95),
        depth=metres(rng, 6.2, 9.0),
        height=metres(rng, 3.1, 3.7),
        cab_length=metres(rng, 1.8, 2.2),
        cab_height=metres(rng, 2.6, 2.95),
        deck=metres(rng, 1.0, 1.15),
        windscreen_rake=round(float(rng.uniform(8, 16)), 1),
        wheel_diameter=metres(rng, 0.82, 0.98),
    )


def bus(rng: np.random.Generator) -> Shape:
    length = metres(rng, 9.5, 12.5)
    return shape_of(
        "bus",
        width=metres(rng, 2.9, 2.98),
        depth=length,
        height=metres(rng, 2.9, 3.2),
        belt=metres(rng, 1.15, 1.4),
        windscreen_rake=round(float(rng.uniform(5, 14)), 1),
        ground_clearance=metres(rng, 0.26, 0.34),
        wheel_diameter=metres(rng, 0.92, 1.0),
        windows=round(length / 1.65),
    )


def bicycle(rng: np.random.Generator) -> Shape:
    wheel = float(rng.choice([0.66, 0.69, 0.7]))
    return shape_of(
        "bicycle",
        width=metres(rng, 0.5, 0.66),
        depth=wheel + metres(rng, 1.0, 1.1),
        height=metres(rng, 0.98, 1.12),
        wheel_diameter=wheel,
        saddle=metres(rng, 0.86, 1.0),
        crank_phase=round(float(rng.uniform()), 2),
        tyre=metres(rng, 0.026, 0.052),
        step_through=int(rng.uniform() < 0.35),
    )


def motorcycle(rng: np.random.Generator) -> Shape:
    return shape_of(
        "motorcycle",
        width=metres(rng, 0.72, 0.86),
        depth=metres(rng, 1.98, 2.2),
        height=metres(rng, 1.05, 1.2),
        wheel_diameter=metres(rng, 0.6, 0.66),
        seat_height=metres(rng, 0.74, 0.83),
        tank=metres(rng, 0.42, 0.56),
        rake=round(float(rng.uniform(24, 30)), 1),
        tyre=metres(rng, 0.11, 0.16),
    )


def _stature(rng: np.random.Generator) -> float:
    return round(float(np.clip(rng.normal(1.71, 0.09), 1.5, 1.95)), 2)


def _pedestrian(rng: np.random.Generator, stride: float, swing: float, height: float, head: float = 1.0) -> Shape:
    """A person in proportion, with a step `stride` times the stature long."""
    build = round(float(np.clip(rng.normal(1.05, 0.12), 0.85, 1.4)), 2)
    step, phase = round(stride * height, 3), round(float(rng.integers(16)) / 16, 4)
    outfit = str(rng.choice(people.OUTFITS, p=[0.66, 0.1, 0.1, 0.14]))
    hair = str(rng.choice(["short", "long", "cap"], p=[0.52, 0.36, 0.12]))
    bag = str(rng.choice(people.BAGS, p=[0.66, 0.17, 0.17]))
    width, depth = people.extent(people.Person(height, build, outfit, hair, bag, head), step, swing, phase)
    return shape_of(
        "pedestrian",
        width=width,
        depth=depth,
        height=height,
        stride=step,
        arm_swing=swing,
        build=build,
        phase=phase,
        outfit=outfit,
        hair=hair,
        bag=bag,
        head=head,
    )


def pedestrian_walking(rng: np.random.Generator) -> Shape:
    return _pedestrian(rng, float(rng.uniform(0.34, 0.44)), round(float(rng.uniform(10, 30)), 1), _stature(rng))


def pedestrian_standing(rng: np.random.Generator) -> Shape:
    return _pedestrian(rng, float(rng.uniform(0.0, 0.06)), round(float(rng.uniform(0, 6)), 1), _stature(rng))


def child(rng: np.random.Generator) -> Shape:
    """A child of four to ten years, walking."""
    height = round(float(rng.uniform(1.02, 1.4)), 2)
    head = round(1.3 - 0.35 * (height - 1.02), 2)
    return _pedestrian(rng, float(rng.uniform(0.3, 0.42)), round(float(rng.uniform(10, 30)), 1), height, head)


def _rider(rng: np.random.Generator, cycle: Shape, lean: float, helmet: float) -> Shape:
    """Someone on a cycle, with a helmet in a share of cases."""
    seat = cycles.seat_of(cycle)
    return shape_of(
        "rider",
        saddle=tuple(round(float(x), 3) for x in seat.saddle),
        grips=tuple(round(float(x), 3) for x in seat.grips),
        pedals=tuple(round(float(x), 3) for x in seat.pedals),
        stature=max(_stature(rng), 1.6),
        build=round(float(np.clip(rng.normal(1.0, 0.08), 0.85, 1.25)), 2),
        lean=lean,
        hair="helmet" if rng.uniform() < helmet else str(rng.choice(["short", "long", "cap"])),
        outfit=str(rng.choice(["trousers", "shorts"], p=[0.75, 0.25])),
        bag=str(rng.choice(["none", "backpack"], p=[0.7, 0.3])),
    )


def cyclist(rng: np.random.Generator) -> tuple[Shape, Shape]:
    """A bicycle and who rides it (category "rider"): two shapes in one frame, to be given the same poses."""
    ridden = bicycle(rng)
    return ridden, _rider(rng, ridden, round(float(rng.uniform(18, 38)), 1), 0.4)


def motorcyclist(rng: np.random.Generator) -> tuple[Shape, Shape]:
    """A motorcycle and who rides it (category "rider"): two shapes in one frame, to be given the same poses."""
    ridden = motorcycle(rng)
    return ridden, _rider(rng, ridden, round(float(rng.uniform(12, 25)), 1), 1.0)


RIDDEN: dict[str, Callable[[np.random.Generator], tuple[Shape, Shape]]] = {"bicycle": cyclist, "motorcycle": motorcyclist}


def _met(category: str, draw: Callable[[np.random.Generator], Shape]) -> Piece:
    return Piece(category=category, draw=draw, large=True, outdoors=True)


PIECES: dict[str, Piece] = {
    "hatchback": _met("car", hatchback),
    "saloon": _met("car", saloon),
    "estate": _met("car", estate),
    "suv": _met("car", suv),
    "van": _met("van", van),
    "truck": _met("truck", truck),
    "bus": _met("bus", bus),
    "bicycle": _met("bicycle", bicycle),
    "motorcycle": _met("motorcycle", motorcycle),
    "pedestrian_walking": _met("pedestrian", pedestrian_walking),
    "pedestrian_standing": _met("pedestrian", pedestrian_standing),
    "child": _met("pedestrian", child),
}
