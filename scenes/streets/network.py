"""Where the streets run: a main street through the origin, streets that cross it or branch off, and their cross sections."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import pi

import numpy as np

from scenes.streets.curve import STEP_M, Curve, Float

CROSS_LENGTH_M = 110.0
_CALM_M = 10.0  # of straight main street beyond a junction's mouth
_MOST_TURN = np.radians(75.0)  # of the main street in all, so that it does not come back to its own side streets


@dataclass(frozen=True, kw_only=True)
class Section:
    """A street's cross section, the same on both sides, metres: `lanes` a direction, a parking lane, a kerb and pavement, front gardens.

    marking: "none", "centre" (dashes between the directions) or "full" (edges too, and a double line where there are four lanes).
    """

    lanes: int = 1
    lane: float = 3.0
    parking: float = 0.0
    pavement: float = 2.0
    garden: float = 5.0
    marking: str = "centre"

    @property
    def half(self) -> float:
        """From the middle to the kerb."""
        return self.lanes * self.lane + self.parking

    @property
    def reach(self) -> float:
        """From the middle to where gardens begin."""
        return self.half + self.pavement


@dataclass(frozen=True, eq=False)
class Street:
    """A street along a curve between arc lengths `low` and `high`; `mouths` are the stretches [(low, high, side)] that side streets open.

    Sides are +1 (left) and -1 (right).
    """

    name: str
    curve: Curve
    section: Section
    low: float
    high: float
    mouths: tuple[tuple[float, float, int], ...] = ()

    def stretches(self, side: int) -> list[tuple[float, float]]:
        """Arc lengths [(low, high)] along which a side has its kerb."""
        return without([(self.low, self.high)], [(a, b) for a, b, which in self.mouths if which == side])

    def has_kerb(self, side: int, s: float) -> bool:
        """Whether no side street opens on a side at an arc length."""
        return any(low <= s <= high for low, high in self.stretches(side))

    def carriageways(self) -> list[tuple[float, float]]:
        """Arc lengths [(low, high)] of carriageway between junctions."""
        return without([(self.low, self.high)], sorted({(a, b) for a, b, _ in self.mouths}))


def without(spans: list[tuple[float, float]], cuts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """What the cuts leave of intervals [(low, high)]."""
    for a, b in cuts:
        spans = [part for low, high in spans for part in ((low, min(high, a)), (max(low, b), high)) if part[1] > part[0]]
    return spans


@dataclass(frozen=True)
class Junction:
    """Where a street meets the main street: at arc length `at`, with arms on `sides`; `radius` rounds the kerb, metres."""

    at: float
    sides: tuple[int, ...]
    cross: Section
    radius: float
    centre: tuple[float, float]
    heading: float

    def place(self, points: Float) -> Float:
        """World points [N, 2] of points in the junction's frame: x along the main street, y to its left."""
        c, s = np.cos(self.heading), np.sin(self.heading)
        return np.asarray(self.centre) + points @ np.array([[c, s], [-s, c]])


@dataclass(frozen=True)
class Network:
    """All streets, the main one first. `hand` is the side of the road one drives on: 1 the right, -1 the left."""

    streets: tuple[Street, ...]
    junctions: tuple[Junction, ...] = field(default=())
    hand: int = 1

    @property
    def main(self) -> Street:
        return self.streets[0]

    def arm(self, junction: Junction, side: int) -> Street:
        """The side street of a junction; its arc length is 0 at the junction's centre and grows outwards."""
        return self.street(arm_name(junction, side))

    def street(self, name: str) -> Street:
        return next(s for s in self.streets if s.name == name)

    def off_road(self, points: Float, margin: float) -> bool:
        """Whether points [N, 2] lie off all carriageways, `margin` metres at least."""
        return all(s.curve.keeps_off(points, s.section.half + margin) for s in self.streets)

    def clear(self, points: Float, margin: float = 0.0) -> bool:
        """Whether points [N, 2] lie off all carriageways and pavements, `margin` metres at least."""
        return all(s.curve.keeps_off(points, s.section.reach + margin) for s in self.streets)


def arm_name(junction: Junction, side: int) -> str:
    return f"arm_{junction.at:.0f}_{'left' if side > 0 else 'right'}"


def _curvature(rng: np.random.Generator, s: Float, bend: float, straight: list[tuple[float, float]]) -> Float:
    """Curvature [N], 1/m: `bend` at arc length 0, gentle bends elsewhere, none within the `straight` stretches."""
    knots = np.arange(s[0] - 60.0, s[-1] + 120.0, 55.0)
    values = rng.normal(0, 0.35 * abs(bend) + 0.006, len(knots))
    curvature = np.interp(s, knots, values) * (rng.uniform(0, 1) < 0.9)
    window = np.exp(-((s / 45.0) ** 2))
    curvature = curvature * (1 - window) + bend * window
    for low, high in straight:
        outside = np.maximum(np.maximum(low - s, s - high), 0.0)
        curvature = curvature * np.clip(outside / 15.0, 0.0, 1.0)
    for part in (s > 0, s < 0):
        total = float(np.abs(np.cumsum(curvature[part]) * STEP_M).max(initial=0.0))
        curvature[part] *= min(1.0, _MOST_TURN / max(total, 1e-9))
    return curvature


def network(
    rng: np.random.Generator,
    main: Section,
    crosses: tuple[tuple[float, tuple[int, ...], Section], ...],
    bend: float,
    low: float,
    high: float,
    hand: int,
) -> Network:
    """A main street from arc length `low` to `high` that bends by `bend` (1/m) at 0, and streets that meet it: (at, sides, section)."""
    radii = [max(s.pavement, main.pavement) + float(rng.uniform(2.5, 4.5)) for _, _, s in crosses]
    mouths = [(at - s.half - r, at + s.half + r) for (at, _, s), r in zip(crosses, radii, strict=True)]
    s = np.arange(low - 2.0, high + 3.0, STEP_M)
    curve = Curve.of_curvature(_curvature(rng, s, bend, [(a - _CALM_M, b + _CALM_M) for a, b in mouths]), float(s[0]))
    junctions, arms = [], []
    for (at, sides, section), radius in zip(crosses, radii, strict=True):
        x, y = curve.at(at)
        heading = float(curve.heading(at))
        junction = Junction(at, sides, section, radius, (float(x), float(y)), heading)
        junctions.append(junction)
        for side in sides:
            line = Curve.straight((x, y), heading + side * pi / 2, 0.0, CROSS_LENGTH_M)
            arms.append(Street(arm_name(junction, side), line, section, main.half + radius, CROSS_LENGTH_M))
    opened = tuple((a, b, side) for (a, b), (_, sides, _) in zip(mouths, crosses, strict=True) for side in sides)
    return Network((Street("main", curve, main, low, high, opened), *arms), tuple(junctions), hand)
