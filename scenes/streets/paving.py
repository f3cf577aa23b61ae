"""The ground of a street network: carriageways, junctions, kerbs, pavements, paint, and the land around."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.scene import Shape
from scenes.streets.curve import Float
from scenes.streets.network import Junction, Network, Street
from scenes.streets.thing import Thing

LAND_Z, KERB_Z, KERB_M = -0.03, 0.12, 0.14
_LAND_M = 700.0
_CORNER = np.linspace(0.0, np.pi / 2, 9)


def _flat(points: Float) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in points.ravel())


def _ground(category: str, role: str, left: Float, right: Float, top: float = 0.0, *, along: int = 0) -> Thing:
    shape = Shape.of("slab", left=_flat(left), right=_flat(right), top=top, along=along)
    return Thing(category=category, shape=shape, group=role, roles=(role,))


def _paint(line: Float, width: float, dash: float = 1.0, gap: float = 0.0, role: str = "road_paint") -> Thing:
    shape = Shape.of("dashes", line=_flat(line), breadth=width, dash=dash, gap=gap)
    return Thing(category="lane_marking", shape=shape, group=role, roles=(role,))


def paving(net: Network, land: str, seams: bool) -> Iterator[Thing]:
    """All ground; `land` is the role of the land around, `seams` asks for pavements with a texture that follows the street."""
    yield Thing(category="lawn", shape=Shape.of("box", x=_LAND_M, y=_LAND_M, z=0.5), z=LAND_Z - 0.25, group=land, roles=(land,))
    for street in net.streets:
        for low, high in street.carriageways():
            half = street.section.half
            yield _ground("road", "asphalt", street.curve.line(low, high, half), street.curve.line(low, high, -half))
        for side in (1, -1):
            for low, high in street.stretches(side):
                yield from _side(street, side, low, high, seams)
        yield from _markings(street)
    for junction in net.junctions:
        yield from _junction(net, junction, seams)


def _side(street: Street, side: int, low: float, high: float, seams: bool) -> Iterator[Thing]:
    section = street.section
    if section.pavement <= 0:
        return
    edges = [street.curve.line(low, high, side * n) for n in (section.half, section.half + KERB_M, section.reach)]
    for category, role, inner, outer in (("kerb", "kerb_stone", edges[0], edges[1]), ("pavement", "pavement", edges[1], edges[2])):
        left, right = (outer, inner) if side > 0 else (inner, outer)
        yield _ground(category, role, left, right, KERB_Z, along=int(seams or role == "kerb_stone"))


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
    yield _ground("junction", "asphalt", junction.place(left), junction.place(right))
    for side in (1, -1):
        if side in junction.sides:
            yield from _corners(junction, main.half, min(main.pavement, junction.cross.pavement), side, seams)
            yield from _crossing(net, junction, side)
        elif main.pavement > 0:  # the kerb runs on past a T
            edges = [junction.place(lines[side] + (0, side * n)) for n in (0.0, KERB_M, main.pavement)]
            for role, inner, outer in (("kerb_stone", edges[0], edges[1]), ("pavement", edges[1], edges[2])):
                first, second = (outer, inner) if side > 0 else (inner, outer)
                yield _ground("kerb" if role == "kerb_stone" else "pavement", role, first, second, KERB_Z, along=int(seams))


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
            yield _ground("kerb" if role == "kerb_stone" else "pavement", role, left, right, KERB_Z, along=int(seams))


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
