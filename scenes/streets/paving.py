"""The ground of a street network: carriageways, junctions, kerbs, pavements, verges, paint, and the land around."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scenes.scene import Shape
from scenes.streets.curve import Float
from scenes.streets.network import Junction, Network, Street, without
from scenes.streets.thing import Thing

LAND_Z, KERB_Z, KERB_M = -0.03, 0.12, 0.14
DROPPED_Z = 0.03  # of a kerb before a drive
ZEBRA_M = 4.0  # breadth of a crossing on the main street
SHOULDER_M, VERGE_M = 0.7, 3.2  # from the edge of a road without pavements to where grit ends, and rough grass
_LAND_M = 900.0
_CORNER = np.linspace(0.0, np.pi / 2, 9)


def _flat(points: Float) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in points.ravel())


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A stretch of a street's kerb on one side, between arc lengths, that is lowered for a drive or a crossing."""

    street: str
    side: int
    low: float
    high: float


def ground(
    category: str, role: str, left: Float, right: Float, top: float = 0.0, *, along: int = 0, group: str = "", depth: float = 0.3
) -> Thing:
    """A slab of ground between two lines, covered with a role."""
    shape = Shape.of("slab", left=_flat(left), right=_flat(right), top=round(top, 3), depth=depth, along=along)
    return Thing(category=category, shape=shape, group=group or role, roles=(role,))


def strip(street: Street, side: int, low: float, high: float, near: float, far: float) -> tuple[Float, Float]:
    """Left and right line of the ground `near` to `far` metres from the middle on one side of a street."""
    inner, outer = (street.curve.line(low, high, side * n) for n in (near, far))
    return (outer, inner) if side > 0 else (inner, outer)


def _paint(line: Float, width: float, dash: float = 1.0, gap: float = 0.0, role: str = "road_paint") -> Thing:
    shape = Shape.of("dashes", line=_flat(line), breadth=width, dash=dash, gap=gap)
    return Thing(category="lane_marking", shape=shape, group=role, roles=(role,))


def paving(net: Network, land: str, seams: bool, dropped: tuple[Dropped, ...] = (), zebras: tuple[float, ...] = ()) -> Iterator[Thing]:
    """All ground. `land` is the role of the land around, `seams` asks for pavements with a texture that follows the street.

    `zebras` are arc lengths of the main street where people cross.
    """
    category = "ground" if land == "pavement" else "lawn"
    yield Thing(category=category, shape=Shape.of("box", x=_LAND_M, y=_LAND_M, z=0.5), z=LAND_Z - 0.25, group=land, roles=(land,))
    for street in net.streets:
        for low, high in street.carriageways():
            half = street.section.half
            yield ground("road", "asphalt", street.curve.line(low, high, half), street.curve.line(low, high, -half))
        for side in (1, -1):
            cuts = sorted((d.low, d.high) for d in dropped if d.street == street.name and d.side == side)
            for low, high in street.stretches(side):
                yield from _side(street, side, low, high, seams, cuts)
        yield from _markings(street)
    for junction in net.junctions:
        yield from _junction(net, junction, seams)
    for at in zebras:
        yield _zebra(net.main, at)


def _zebra(street: Street, at: float) -> Thing:
    half = street.section.half
    return _paint(np.stack([street.curve.at(at, -half + 0.2), street.curve.at(at, half - 0.2)]), ZEBRA_M, 0.5, 0.5, "zebra_paint")


def _side(street: Street, side: int, low: float, high: float, seams: bool, cuts: list[tuple[float, float]]) -> Iterator[Thing]:
    """Kerb and pavement, or where there is none a shoulder and a rough verge."""
    section = street.section
    if section.pavement <= 0:
        yield ground("lawn", "shoulder", *strip(street, side, low, high, section.half, section.half + SHOULDER_M), -0.008, along=1)
        edge = section.half + SHOULDER_M
        yield ground("lawn", "verge", *strip(street, side, low, high, edge, section.half + VERGE_M), -0.015)
        return
    yield ground("pavement", "pavement", *strip(street, side, low, high, section.half + KERB_M, section.reach), KERB_Z, along=int(seams))
    spans = [(a, b, KERB_Z) for a, b in without([(low, high)], cuts)] + [(a, b, DROPPED_Z) for a, b in cuts if low < a and b < high]
    for a, b, top in spans:
        yield ground("kerb", "kerb_stone", *strip(street, side, a, b, section.half, section.half + KERB_M), top, along=1)


def mended(rng: np.random.Generator, street: Street, low: float, high: float) -> Iterator[Thing]:
    """Patches of other tar and manhole covers in a carriageway, at most one of either in about 20 m."""
    for start in np.arange(low, high - 6.0, 20.0):
        s, offset = start + float(rng.uniform(1, 5)), float(rng.uniform(-0.9, 0.5)) * street.section.half
        if rng.uniform() < 0.35:
            size = float(rng.uniform(0.6, 2.4)), float(rng.uniform(0.6, 1.6))
            lines = strip(street, 1, s, s + size[0], offset, min(offset + size[1], 0.95 * street.section.half))
            yield ground("road", "road_patch", *lines, 0.002, depth=0.05)
        if rng.uniform() < 0.4:
            angle = np.linspace(-np.pi / 2, np.pi / 2, 7)
            middle, turn = s + 10.0, float(street.curve.heading(s + 10.0))
            disc = 0.32 * np.stack([np.sin(angle), np.cos(angle)], axis=1)
            c, k = np.cos(turn), np.sin(turn)
            left, right = (street.curve.at(middle, offset) + disc * (1, sign) @ np.array([[c, k], [-k, c]]) for sign in (1, -1))
            yield ground("road", "manhole", left[1:-1], right[1:-1], 0.003, depth=0.05)


def _markings(street: Street) -> Iterator[Thing]:
    section = street.section
    if section.marking == "none":
        return
    for low, high in street.carriageways():
        if section.lanes == 1:
            yield _paint(street.curve.line(low, high, 0.0), 0.12, 3.0, 6.0)
        else:
            for offset in (-0.12, 0.12):
                yield _paint(street.curve.line(low, high, offset), 0.12)
            for lane in range(1, section.lanes):
                for side in (1, -1):
                    yield _paint(street.curve.line(low, high, side * lane * section.lane), 0.12, 3.0, 6.0)
        if section.marking == "full":
            inset = section.lanes * section.lane - 0.2
            for side in (1, -1):
                yield _paint(street.curve.line(low, high, side * inset), 0.12)


def _mouth(junction: Junction, main_half: float, side: int) -> Float:
    """The kerb line [N, 2] of a junction on one side, in its frame, from x < 0 to x > 0: rounded corners around an arm, else straight."""
    a, b, r = main_half, junction.cross.half, junction.radius
    if side not in junction.sides:
        return np.array([[-b - r, side * a], [b + r, side * a]])
    x, y = b + r - r * np.sin(_CORNER), a + r - r * np.cos(_CORNER)
    right = np.stack([x, y], axis=1)[::-1]
    left = np.stack([-x, y], axis=1)
    return np.concatenate([left, right]) * (1, side)


def _junction(net: Network, junction: Junction, seams: bool) -> Iterator[Thing]:
    main = net.main.section
    lines = {side: _mouth(junction, main.half, side) for side in (1, -1)}
    x = np.unique(np.concatenate([line[:, 0] for line in lines.values()]))
    left, right = (np.stack([x, np.interp(x, *lines[side].T)], axis=1) for side in (1, -1))
    yield ground("junction", "asphalt", junction.place(left), junction.place(right))
    for side in (1, -1):
        if side in junction.sides:
            yield from _corners(junction, main.half, min(main.pavement, junction.cross.pavement), side, seams)
            yield from _crossing(net, junction, side)
        elif main.pavement > 0:  # the kerb runs on past a T
            edges = [junction.place(lines[side] + (0, side * n)) for n in (0.0, KERB_M, main.pavement)]
            for role, inner, outer in (("kerb_stone", edges[0], edges[1]), ("pavement", edges[1], edges[2])):
                first, second = (outer, inner) if side > 0 else (inner, outer)
                yield ground("kerb" if role == "kerb_stone" else "pavement", role, first, second, KERB_Z, along=int(seams))


def _corners(junction: Junction, main_half: float, pavement: float, side: int, seams: bool) -> Iterator[Thing]:
    """Kerb and pavement around the two corners of an arm."""
    if pavement <= 0:
        return
    b, r = junction.cross.half, junction.radius
    for end in (1, -1):
        centre = np.array([end * (b + r), side * (main_half + r)])
        towards = np.stack([-end * np.sin(_CORNER), -side * np.cos(_CORNER)], axis=1)
        rings = [junction.place(centre + (r - n) * towards) for n in (0.0, KERB_M, pavement)]
        for role, outer, inner in (("kerb_stone", rings[0], rings[1]), ("pavement", rings[1], rings[2])):
            left, right = (outer, inner) if end * side > 0 else (inner, outer)
            yield ground("kerb" if role == "kerb_stone" else "pavement", role, left, right, KERB_Z, along=int(seams))


def _crossing(net: Network, junction: Junction, side: int) -> Iterator[Thing]:
    """A stop line, and in towns a zebra crossing, at the mouth of an arm."""
    arm = net.arm(junction, side)
    if arm.section.marking == "none":
        return
    curve, half, lanes = arm.curve, arm.section.half, arm.section.lanes * arm.section.lane
    at = arm.low + (4.6 if arm.section.pavement > 2.4 else 1.0)
    towards = [net.hand * offset for offset in (0.1, lanes - 0.15)]  # who drives towards the junction keeps to the arm's left
    yield _paint(np.stack([curve.at(at, offset) for offset in towards]), 0.4)
    if arm.section.pavement > 2.4:
        middle = arm.low + 2.2
        yield _paint(np.stack([curve.at(middle, -half + 0.2), curve.at(middle, half - 0.2)]), 3.0, 0.5, 0.5)
