"""Bicycles and motorcycles, and where those who ride them sit, hold and tread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.errors import UserError
from scenes.scene import Mesh, Shape
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.parts import Part, box, cylinder, join, lathe, rounded_box, tube
from scenes.shapes.people import limb
from scenes.shapes.vehicle_shell import AXLE


@dataclass(frozen=True)
class Seat:
    """Where a rider is held, in the cycle's frame, as `people.rider` takes it."""

    saddle: tuple[float, float]
    grips: tuple[float, float, float]
    pedals: tuple[float, float, float, float, float]


def _torus(radius: float, thick: float, segments: int, around: int, flat: float = 1.0) -> Part:
    """A ring about the x axis with its outer radius given; `flat` below one makes its section lower than broad."""
    angle = np.linspace(0, 2 * np.pi, around + 1)
    section = np.stack([radius - flat * thick + flat * thick * np.cos(angle), thick * np.sin(angle)], axis=1)
    section[-1] = section[0]
    return lathe(section, segments, crease_deg=100.0).turned(AXLE)


def _spokes(radius: float, count: int, thick: float, turn: float) -> Part:
    """Bars from the axle (along x) to a rim."""
    angles = turn + 2 * np.pi * np.arange(count) / count
    ends = np.stack([np.zeros(count), np.cos(angles), np.sin(angles)], axis=1)
    return join(tube([0.02 * end, radius * end], thick, 3) for end in ends)


def _frame(depth: float, height: float, wheel_diameter: float, saddle: float, crank_phase: float) -> dict[str, np.ndarray]:
    """The joints of a bicycle in its middle plane, [3] each: hubs, bottom bracket, ends of seat tube and head tube, pedals."""
    r, half = wheel_diameter / 2, depth / 2
    rear, front = half - r, r - half
    base = rear - front
    crank = 0.17 * np.array([0.0, np.cos(2 * np.pi * crank_phase), np.sin(2 * np.pi * crank_phase)])
    bracket = np.array([0.0, rear - 0.42 * base, 0.82 * r])
    seat = np.array([0.0, bracket[1] + 0.29 * (saddle - bracket[2]), saddle])
    steerer = np.array([0.0, front + 0.16 * base, height - 0.14])
    fork = np.array([0.0, front + 0.105 * base, 2 * r + 0.02])
    return {
        "rear": np.array([0.0, rear, r]),
        "front": np.array([0.0, front, r]),
        "bracket": bracket,
        "seat": seat,
        "lug": bracket + 0.76 * (seat - bracket),
        "steerer": steerer,
        "fork": fork,
        "left": bracket + crank,
        "right": bracket - crank,
    }


@dataclass(frozen=True)
class Fineness:
    """Numbers of segments: of a wheel round its axle and round its tyre, of its rim's section, its spokes, the bars of the frame."""

    wheel: int
    tyre: int
    rim: int
    spokes: int
    bar: int


# Far, middling, near.
FINENESS = (Fineness(9, 3, 3, 3, 3), Fineness(14, 4, 3, 5, 4), Fineness(24, 6, 4, 10, 6))


def fineness(detail: int) -> Fineness:
    if detail not in (0, 1, 2):
        raise UserError(f"unknown detail {detail!r} of a cycle: known are 2 (near), 1 and 0 (far)")
    return FINENESS[int(detail)]


@made_of("bike_paint", "tyre", "rim", "black_trim")
def bicycle(
    width: float = 0.6,
    depth: float = 1.74,
    height: float = 1.06,
    wheel_diameter: float = 0.69,
    saddle: float = 0.93,
    crank_phase: float = 0.1,
    tyre: float = 0.036,
    step_through: int = 0,
    detail: int = 2,
) -> Mesh:
    """A city or touring bicycle; `saddle` and `height` (of the handlebar) in metres, `tyre`: how thick. With `step_through` a low frame.

    `detail`, here and for motorcycles: 2 (near), 1 or 0 (far).
    """
    fine = fineness(detail)
    at, r, half_bar = _frame(depth, height, wheel_diameter, saddle, crank_phase), wheel_diameter / 2, width / 2
    wheels = [(at["rear"], 0.1), (at["front"], 0.3)]
    axle = np.array([0.06, 0.0, 0.0])
    tyres = [_torus(r, tyre / 2, fine.wheel, fine.tyre).moved(*hub) for hub, _ in wheels]
    metal = [_torus(r - 0.7 * tyre, 0.011, fine.wheel - fine.wheel // 6, fine.rim, 0.7).moved(*hub) for hub, _ in wheels]
    metal += [_spokes(r - 0.9 * tyre, fine.spokes, 0.0022, turn).moved(*hub) for hub, turn in wheels]
    metal += [tube([hub - axle, hub + axle], 0.018, fine.bar) for hub, _ in wheels]
    low = at["bracket"] + 0.35 * (at["lug"] - at["bracket"]) if step_through else at["lug"]
    head = at["fork"] + 0.6 * (at["steerer"] - at["fork"])
    bars = [(at["bracket"], at["lug"], 0.016), (low, head, 0.015), (at["bracket"], at["fork"], 0.018), (at["fork"], at["steerer"], 0.019)]
    frame = [tube([a, b], thick, fine.bar + fine.bar // 6) for a, b, thick in bars]
    aside = np.array([0.048, 0.0, 0.0])
    for s in (-1, 1):
        stays = [(at["bracket"], at["rear"], 0.009), (at["lug"], at["rear"], 0.008), (at["fork"] + s * 0.3 * aside, at["front"], 0.012)]
        frame += [tube([a + 0.3 * s * aside, b + s * aside], thick, fine.bar) for a, b, thick in stays]
    metal.append(tube([at["lug"], at["seat"]], 0.0125, fine.bar))
    y, z = at["steerer"][1], height - 0.015
    bar = [(-0.98 * half_bar, y + 0.13, z - 0.02), (-0.6 * half_bar, y - 0.02, z), (0, y - 0.05, z - 0.03)]
    metal.append(tube([*bar, *[(-x, y, z) for x, y, z in bar[1::-1]]], 0.012, fine.bar))
    metal.append(tube([at["steerer"], np.array(bar[2])], 0.014, fine.bar))
    metal += [tube([at["bracket"] + (s * 0.07, 0, 0), at[k] + (s * 0.07, 0, 0)], 0.011, 5) for s, k in ((-1, "left"), (1, "right"))]
    black = [tube([(s * half_bar, y + 0.135, z - 0.02), (s * 0.8 * half_bar, y + 0.06, z - 0.01)], 0.016, fine.bar) for s in (-1, 1)]
    black.append(cylinder(0.1, 0.012, segments=fine.wheel - 8 * (fine.wheel // 24)).turned(AXLE).moved(*(at["bracket"] + (0.045, 0, 0))))
    black += [box(0.09, 0.09, 0.022, (s * 0.125, at[k][1], at[k][2] - 0.011)) for s, k in ((-1, "left"), (1, "right"))]
    seat = at["seat"]
    cushion = np.array([[0, -0.16, 0.015], [0, -0.06, 0.02], [0, 0.05, 0.02], [0, 0.1, 0.025]]) + seat
    black.append(limb(cushion, [(0.02, 0.02), (0.04, 0.025), (0.075, 0.03), (0.07, 0.028)], 8))
    return standing((width, depth, height), frame, tyres, metal, black)


@made_of("bike_paint", "tyre", "rim", "black_trim", "headlamp", "tail_lamp")
def motorcycle(
    width: float = 0.78,
    depth: float = 2.1,
    height: float = 1.12,
    wheel_diameter: float = 0.63,
    seat_height: float = 0.8,
    tank: float = 0.5,
    rake: float = 27.0,
    tyre: float = 0.13,
    detail: int = 2,
) -> Mesh:
    """A road motorcycle; `tank`: its length, `rake`: the fork's angle from the vertical in degrees, `tyre`: the rear one's breadth."""
    fine = fineness(detail)
    r, half = wheel_diameter / 2, depth / 2
    rear, front = np.array([0.0, half - r, r]), np.array([0.0, r - half, r])
    lean = np.tan(np.radians(rake))
    crown = np.array([0.0, front[1] + lean * (height - 0.1 - r), height - 0.1])
    tyres = [_torus(r, t / 2, fine.wheel, fine.tyre + fine.tyre // 3, 0.8).moved(*hub) for hub, t in ((rear, tyre), (front, 0.8 * tyre))]
    metal = [
        _torus(r - 0.7 * t, 0.25 * t, fine.wheel - fine.wheel // 6, fine.rim, 0.6).moved(*hub)
        for hub, t in ((rear, tyre), (front, 0.8 * tyre))
    ]
    metal += [_spokes(r - 0.75 * tyre, 5, 0.018, turn).moved(*hub) for hub, turn in ((rear, 0.2), (front, 0.6))]
    side = np.array([0.1, 0.0, 0.0])
    metal += [tube([front + s * side, crown + s * side], 0.024, fine.bar + fine.bar // 3) for s in (-1, 1)]
    metal.append(
        tube([(0.17, -0.1, 0.36), (0.18, 0.15, 0.27), (0.19, 0.4, 0.3), (0.2, half - 0.32, 0.42)], 0.045, fine.bar + fine.bar // 3)
    )
    start = crown[1] + 0.1
    top = seat_height + 0.06
    fuel = [(0, start, top), (0, start + 0.35 * tank, top + 0.03), (0, start + 0.75 * tank, top), (0, start + tank, top - 0.04)]
    paint = [
        limb(fuel, [(0.09, 0.09), (0.14, 0.12), (0.12, 0.11), (0.08, 0.07)], 2 * fine.bar),
        limb([(0, half - 0.62, seat_height - 0.03), (0, half - 0.24, seat_height + 0.03)], [(0.1, 0.07), (0.07, 0.045)], 2 * fine.bar - 2),
        limb(
            [(0, front[1] - 0.2, 2 * r - 0.06), (0, front[1], 2 * r + 0.02), (0, front[1] + 0.22, 2 * r - 0.09)],
            [(0.075, 0.015)] * 3,
            fine.bar + 2,
        ),
    ]
    engine = ((0.34, 0.46, 0.38), 0.07, (0, -0.02, 0.24)), ((0.24, 0.4, 0.3), 0.05, (0, 0.02, 0.5))
    black = [rounded_box(*size, radius, at) if detail > 1 else box(*size, at) for size, radius, at in engine]
    black += [tube([rear + s * side, (s * 0.1, 0.16, 0.42)], 0.028, fine.bar) for s in (-1, 1)]
    saddle = [(0, start + tank - 0.06, seat_height), (0, start + tank + 0.2, seat_height - 0.01), (0, half - 0.35, seat_height + 0.06)]
    black.append(limb(saddle, [(0.1, 0.05), (0.15, 0.055), (0.12, 0.05)], 2 * fine.bar - 2))
    y, z = crown[1] + 0.02, height - 0.03
    bar = [(-0.97 * width / 2, y + 0.16, z - 0.03), (-0.3, y + 0.06, z), (-0.1, y, z - 0.06)]
    black.append(tube([*bar, *[(-x, y, z) for x, y, z in bar[::-1]]], 0.016, fine.bar))
    black += [tube([(s * width / 2, y + 0.165, z - 0.032), (s * 0.75 * width / 2, y + 0.1, z - 0.015)], 0.021, fine.bar) for s in (-1, 1)]
    black += [
        limb([(s * 0.3, y - 0.02, height - 0.03), (s * 0.34, y - 0.02, height - 0.03)], [(0.03, 0.05)] * 2, fine.bar, side=(0, 0, 1))
        for s in (-1, 1)
    ]
    lamp = limb(
        [(0, crown[1] - 0.19, crown[2] - 0.1), (0, crown[1] - 0.08, crown[2] - 0.1)],
        [(0.085, 0.085), (0.07, 0.07)],
        2 * fine.bar,
        roundness=0.3,
    )
    tail = box(0.12, 0.05, 0.07, (0, half - 0.18, seat_height - 0.01))
    return standing((width, depth, height), paint, tyres, metal, black, lamp, tail)


def seat_of(cycle: Shape) -> Seat:
    """Where a rider sits on a bicycle or motorcycle whose measures are all given."""
    n = cycle.number
    width, depth, height = n("width"), n("depth"), n("height")
    if cycle.kind == "motorcycle":
        r = n("wheel_diameter") / 2
        bar = r - depth / 2 + np.tan(np.radians(n("rake"))) * (height - 0.1 - r) + 0.16
        back = bar + n("tank") + 0.12
        return Seat((back, n("seat_height") + 0.04), (0.44 * width, bar, height - 0.05), (0.22, 0.12, 0.36, 0.12, 0.36))
    at = _frame(depth, height, n("wheel_diameter"), n("saddle"), n("crank_phase"))
    left, right = at["left"], at["right"]
    grips = (0.45 * width, at["steerer"][1] + 0.1, height - 0.03)
    return Seat((float(at["seat"][1]) + 0.03, n("saddle") + 0.03), grips, (0.125, left[1], left[2] + 0.01, right[1], right[2] + 0.01))
