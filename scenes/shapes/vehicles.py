"""Cars, vans, buses and lorries."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from scenes.errors import UserError
from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.parts import Part, box, rounded_box
from scenes.shapes.vehicle_body import PLATE, RIM, SLOTS, TAIL_LAMP, TRIM, TYRE, Body, fittings, glasshouse, lower_body, number_plate
from scenes.shapes.vehicle_shell import wheels


@dataclass(frozen=True)
class CarStyle:
    """Lengths as fractions of the length, heights as fractions of the height."""

    bonnet: float
    boot: float
    roof: float
    nose: float
    belt: float
    tail: float
    windows: tuple[tuple[float, float], ...]
    rear_header: float
    cladding: bool = False


_DOORS = ((-0.8, 0.0), (0.05, 0.8))
STYLES = {
    "hatchback": CarStyle(0.235, 0.025, 0.41, 0.5, 0.63, 0.65, _DOORS, 0.07),
    "saloon": CarStyle(0.25, 0.125, 0.27, 0.5, 0.635, 0.69, _DOORS, 0.06),
    "estate": CarStyle(0.24, 0.02, 0.47, 0.5, 0.63, 0.65, ((-0.8, -0.12), (-0.07, 0.4), (0.46, 0.82)), 0.05),
    "suv": CarStyle(0.23, 0.025, 0.41, 0.54, 0.635, 0.645, ((-0.8, -0.1), (-0.05, 0.42), (0.48, 0.8)), 0.06, True),
}


@made_of(*SLOTS)
def car(
    width: float = 2.0,
    depth: float = 4.3,
    height: float = 1.48,
    bonnet: float = 1.0,
    boot: float = 1.0,
    roof_length: float = 1.0,
    windscreen_rake: float = 60.0,
    ground_clearance: float = 0.17,
    wheel_diameter: float = 0.64,
    style: str = "hatchback",
    detail: int = 2,
) -> Mesh:
    """A passenger car: "hatchback", "saloon", "estate" or "suv". `width` is over the mirrors, the body is 0.2 m narrower.

    `bonnet`, `boot` and `roof_length` are relative to what is usual for the style; `windscreen_rake` in degrees from the vertical.
    `detail`, here and for all vehicles: 2, 1 or 0 for about 4,000, 1,400 or 700 triangles.
    """
    if style not in STYLES:
        raise UserError(f"unknown car style {style!r}: known are {', '.join(STYLES)}")
    s = STYLES[style]
    half = depth / 2
    body = Body(
        length=depth,
        half_width=width / 2 - 0.1,
        height=height,
        clearance=ground_clearance,
        wheel_radius=wheel_diameter / 2,
        bonnet=bonnet * s.bonnet * depth,
        boot=boot * s.boot * depth,
        roof=roof_length * s.roof * depth,
        rake_deg=windscreen_rake,
        nose=s.nose * height,
        belt=s.belt * height,
        tail=s.tail * height,
        axles=(-half + 0.2 * depth, half - 0.19 * depth),
        side_windows=s.windows,
        rear_header=s.rear_header,
        cladding=s.cladding,
        handles=(-0.07 * depth, 0.14 * depth),
        detail=_level(detail),
    )
    return _built(body, width)


@made_of("van_paint", *SLOTS[1:])
def van(
    width: float = 2.24,
    depth: float = 5.3,
    height: float = 2.3,
    bonnet: float = 0.75,
    windscreen_rake: float = 42.0,
    ground_clearance: float = 0.2,
    wheel_diameter: float = 0.68,
    belt: float = 1.2,
    glazed: int = 0,
    detail: int = 2,
) -> Mesh:
    """A delivery van, or with `glazed` = 1 a minibus. `width` is over the mirrors; `bonnet` in metres; `belt`: the windows' lower edge."""
    half, body_half = depth / 2, width / 2 - 0.12
    run = (height - 0.05 - belt) * math.tan(math.radians(windscreen_rake))
    body = Body(
        length=depth,
        half_width=body_half,
        height=height,
        clearance=ground_clearance,
        wheel_radius=wheel_diameter / 2,
        bonnet=bonnet,
        boot=0.06,
        roof=depth - bonnet - run - 0.14,
        rake_deg=windscreen_rake,
        nose=0.76 * belt,
        belt=belt,
        tail=belt,
        axles=(-half + 0.175 * depth, half - 0.2 * depth),
        side_windows=((-0.9, -0.55), (-0.48, 0.0), (0.04, 0.46), (0.5, 0.9)),
        glazed_windows=4 if glazed else 1,
        glazed_tail=bool(glazed),
        corner=(5.5, 12.0),
        cabin_corner=(6.0, 14.0),
        end_rounding=0.8,
        shelf=0.05,
        tumble=0.1,
        rear_header=0.02,
        mirror=(0.17, 0.1, 0.26),
        mirror_reach=0.12,
        handles=(-half + 0.39 * depth,),
        detail=_level(detail),
    )
    return _built(body, width)


@made_of("bus_paint", *SLOTS[1:])
def bus(
    width: float = 2.95,
    depth: float = 12.0,
    height: float = 3.05,
    belt: float = 1.3,
    windscreen_rake: float = 9.0,
    ground_clearance: float = 0.3,
    wheel_diameter: float = 0.96,
    windows: int = 7,
    detail: int = 2,
) -> Mesh:
    """A city bus with rows of windows. `width` is over the mirrors, the body is 0.4 m narrower; `belt`: the windows' lower edge."""
    half, count = depth / 2, int(windows)
    edges = [-0.95 + 1.9 * k / count for k in range(count + 1)]
    body = Body(
        length=depth,
        half_width=width / 2 - 0.2,
        height=height,
        clearance=ground_clearance,
        wheel_radius=wheel_diameter / 2,
        bonnet=0.12,
        boot=0.05,
        roof=depth,
        rake_deg=windscreen_rake,
        nose=0.95 * belt,
        belt=belt,
        tail=belt,
        axles=(-half + 0.22 * depth, half - 0.28 * depth),
        side_windows=tuple((low + 0.006, high - 0.006) for low, high in pairwise(edges)),
        corner=(16.0, 24.0),
        cabin_corner=(16.0, 24.0),
        end_rounding=0.4,
        shelf=0.035,
        tumble=0.05,
        rear_header=0.02,
        mirror=(0.24, 0.14, 0.4),
        mirror_reach=0.2,
        with_sign=True,
        detail=_level(detail),
    )
    return _built(body, width)


@made_of("truck_paint", *SLOTS[1:], "cargo")
def truck(
    width: float = 2.9,
    depth: float = 7.6,
    height: float = 3.5,
    cab_length: float = 2.0,
    cab_height: float = 2.75,
    deck: float = 1.05,
    windscreen_rake: float = 12.0,
    wheel_diameter: float = 0.92,
    detail: int = 2,
) -> Mesh:
    """A lorry with its cab over the engine and a box body on a `deck`. `width` is over the mirrors, the body is 0.4 m narrower."""
    half, a, r = depth / 2, width / 2 - 0.2, wheel_diameter / 2
    cab = Body(
        length=cab_length,
        half_width=a - 0.02,
        height=cab_height,
        clearance=0.42,
        wheel_radius=r,
        bonnet=0.12,
        boot=0.03,
        roof=cab_length,
        rake_deg=windscreen_rake,
        nose=0.57 * cab_height,
        belt=0.6 * cab_height,
        tail=0.6 * cab_height,
        axles=(0.12 * cab_length,),
        side_windows=((-0.8, 0.25), (0.4, 0.85)),
        glazed_windows=1,
        glazed_tail=False,
        corner=(9.0, 24.0),
        cabin_corner=(9.0, 20.0),
        end_rounding=0.35,
        shelf=0.05,
        tumble=0.06,
        mirror=(0.2, 0.12, 0.42),
        mirror_reach=0.22,
        with_tail=False,
        detail=_level(detail),
    )
    layers = lower_body(cab), glasshouse(cab), fittings(cab)
    slots = [[part.moved(y=cab_length / 2 - half) for layer in layers for part in layer[k]] for k in range(len(SLOTS))]
    rear = half - 0.24 * depth
    tyres, rims = wheels(r, 0.5, 5, a - 0.02, (rear,), cab.detail)
    start = cab_length - half + 0.1
    lamps = [box(0.34, 0.06, 0.13, (s * (a - 0.25), half - 0.02, 0.78)) for s in (-1, 1)]
    slots[TYRE] += tyres
    slots[RIM] += rims
    slots[TAIL_LAMP] = lamps
    plate, dark = number_plate(half - 0.01, 0.64, cab.detail)
    slots[PLATE].append(plate)
    slots[TRIM] += [dark, *_chassis(a, half, start, rear, r, deck, cab.detail)]
    cargo = rounded_box(2 * a, half - start - 0.01, height - deck, 0.035, (0, 0.5 * (start + half) - 0.005, deck))
    return standing((width, depth, height), *slots, cargo)


def _chassis(a: float, half: float, start: float, rear: float, r: float, deck: float, detail: int) -> list[Part]:
    """What lies under the box of a lorry: frame, side guards, mudguards, tank, rear bar."""
    frame = box(0.9, half - start + 0.9, 0.3, (0, 0.5 * (start + half) - 0.46, deck - 0.32))
    floor = box(2 * a - 0.08, half - start - 0.06, 0.1, (0, 0.5 * (start + half), deck - 0.07))
    low, high = start + 0.25, rear - r - 0.25
    guards = [box(0.03, high - low, 0.12, (s * (a - 0.06), 0.5 * (low + high), z)) for s in (-1, 1) for z in (0.5, 0.76)]
    posts = [box(0.05, 0.05, deck - 0.55, (s * (a - 0.1), y, 0.53)) for s in (-1, 1) for y in (low + 0.15, 0.5 * (low + high), high - 0.15)]
    flaps = [box(0.52, 0.03, deck - 0.35, (s * (a - 0.29), y, 0.3)) for s in (-1, 1) for y in (rear - r - 0.12, rear + r + 0.12)]
    bar = box(2 * a - 0.1, 0.1, 0.34, (0, half - 0.075, 0.58))
    if detail < 1:
        return [frame, floor, bar]
    return [frame, floor, *guards, *posts, *flaps, bar]


def _level(detail: int) -> int:
    if detail not in (0, 1, 2):
        raise UserError(f"unknown detail {detail!r} of a vehicle: known are 2 (near), 1 and 0 (far)")
    return int(detail)


def _built(body: Body, width: float) -> Mesh:
    layers = lower_body(body), glasshouse(body), fittings(body)
    slots = [[part for layer in layers for part in layer[k]] for k in range(len(SLOTS))]
    return standing((width, body.length, body.height), *slots)
