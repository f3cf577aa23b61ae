"""What stands along the kerbs: parked cars, trees, lamps, furniture, bus stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import pi

import numpy as np

from scenes.distributions import Distribution
from scenes.scene import Shape
from scenes.shapes import size
from scenes.streets.areas import Area
from scenes.streets.network import Street
from scenes.streets.paving import KERB_Z, LAND_Z
from scenes.streets.site import Site, category
from scenes.streets.thing import Thing, footprint

PAINTS = 24  # sets of materials of the vehicles of a scene
_KEPT_CLEAR_M = 6.0  # beside a junction's mouth: nothing that hides the traffic
FURNITURE = {
    "bin": 3.0,
    "bench": 1.5,
    "post_box": 1.0,
    "hydrant": 1.0,
    "bollard": 2.0,
    "wheelie_bin": 2.0,
    "planter": 1.0,
    "electricity_box": 1.0,
}


def pick(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    """One of the names."""
    names = list(weights)
    p = np.array([weights[name] for name in names])
    return names[int(rng.choice(len(names), p=p / p.sum()))]


def paint(rng: np.random.Generator) -> str:
    """The group of a vehicle: one of the scene's `PAINTS`."""
    return f"paint/{int(rng.integers(PAINTS))}"


def along(rng: np.random.Generator, low: float, high: float, spacing: Distribution) -> Iterator[float]:
    """Arc lengths between `low` and `high`, a drawn spacing apart."""
    s = low + float(rng.uniform(0, 1)) * float(spacing.sample(rng))
    while s < high:
        yield s
        s += max(0.5, float(spacing.sample(rng)))


def place(street: Street, s: float, offset: float) -> tuple[float, float, float]:
    """Point and heading of the street at an arc length, `offset` metres to its left."""
    x, y = street.curve.at(s, offset)
    return float(x), float(y), float(street.curve.heading(s))


def facing_street(heading: float, side: int) -> float:
    """Yaw of a thing on a side whose front looks at the street."""
    return heading if side > 0 else heading + pi


def ground_z(street: Street, offset: float) -> float:
    """Height of the ground `offset` metres from the middle."""
    section = street.section
    if abs(offset) < section.half:
        return 0.0
    return KERB_Z if abs(offset) < section.reach else LAND_Z


def sides(site: Site, seen: tuple[float, float]) -> Iterator[tuple[Street, int, float, float, str]]:
    """Both sides of all streets between side streets: (street, side, low, high, name); of the main street only what is `seen`."""
    for street in site.net.streets:
        for side in (1, -1):
            for low, high in street.stretches(side):
                a, b = (max(low, seen[0]), min(high, seen[1])) if street is site.net.main else (low, high)
                if b - a > 2.0:
                    yield street, side, a, b, f"{street.name}/{side}/{a:.0f}"


def parked(site: Site, area: Area, street: Street, side: int, low: float, high: float, name: str) -> None:
    section = street.section
    if section.parking <= 0:
        return
    rng = site.rng(f"parked/{name}")
    if street is not site.net.main and rng.uniform() < 0.3:
        return
    occupancy = float(area.occupancy.sample(rng))
    s = low + _KEPT_CLEAR_M + float(rng.uniform(0, 4))
    while s < high - _KEPT_CLEAR_M:
        kind = pick(rng, area.parked)
        shape = site.piece(rng, kind)
        width, length, _ = size(shape)
        taken = rng.uniform() < occupancy
        offset = side * (section.half - 0.18 - width / 2 + float(rng.normal(0, 0.06)))
        x, y, heading = place(street, s + length / 2, offset)
        forward = (side == -site.net.hand) == (rng.uniform() < 0.88)
        yaw = heading + (pi / 2 if forward else -pi / 2) + float(rng.normal(0, 0.02))
        if taken and s + length < high - _KEPT_CLEAR_M:
            site.stand(Thing(category=category(kind), shape=shape, group=paint(rng), x=x, y=y, yaw=yaw), margin=0.1)
        s += length + float(rng.uniform(0.5, 1.8) if rng.uniform() < 0.85 else rng.uniform(2.0, 7.0))


def kerbside(site: Site, area: Area, street: Street, side: int, low: float, high: float, name: str) -> None:
    """Lamps, furniture and trees."""
    section = street.section
    paved = section.pavement > 0
    near = section.half + (0.55 if paved else 1.6)
    rng = site.rng(f"lamps/{name}")
    if area.lamps is not None and (side == site.net.hand or section.lanes > 1 or rng.uniform() < 0.55):
        lamp = site.piece(site.rng("lamps/kind"), "street_lamp")
        for s in along(rng, low + 1, high - 1, area.lamps):
            stand(site, street, side, s, near, "street_lamp", lamp, "street lamps", facing=True)
    _furniture(site, area, street, side, low, high, name)
    rng = site.rng(f"trees/{name}")
    if rng.uniform() < area.tree_lined and (section.pavement > 2.2 or not paved):
        kind = pick(rng, {"tree": 5.0, "conifer": 0.6})
        shapes = [site.piece(rng, kind) for _ in range(2)]
        offset = section.half + (0.9 if paved else 2.4)
        for s in along(rng, low + 4, high - 2, area.trees):
            trunk = offset if paved else offset + abs(float(rng.normal(0, 0.4)))
            _tree(site, street, side, s, trunk, shapes[int(rng.integers(2))], float(rng.uniform(-pi, pi)), f"trees/{name}")


def _furniture(site: Site, area: Area, street: Street, side: int, low: float, high: float, name: str) -> None:
    section = street.section
    rng = site.rng(f"furniture/{name}")
    count = int(rng.poisson(float(area.furniture.sample(rng)) * (high - low) / 100.0))
    for _ in range(count if section.pavement > 0 else 0):
        kind = pick(rng, FURNITURE)
        far = rng.uniform() < 0.6
        shape = site.piece(rng, kind)
        depth = 2 * footprint(shape, 0.0, 0.0, 0.0).half_y
        offset = section.reach - depth / 2 - 0.15 if far else section.half + 0.35 + depth / 2
        stand(site, street, side, float(rng.uniform(low, high)), offset, category(kind), shape, f"{kind}/{name}", facing=True)


def bus_stop(site: Site, area: Area, seen: tuple[float, float]) -> tuple[Street, int, float, float] | None:
    """A shelter on the main street, perhaps; returns its street, side, arc length and offset."""
    rng = site.rng("bus stop")
    street = site.net.main
    if rng.uniform() > area.bus_stops:
        return None
    shape, side = site.piece(rng, "bus_stop"), -site.net.hand
    depth = size(shape)[1]
    section = street.section
    offset = section.reach - depth / 2 - 0.1 if section.pavement > depth + 1.0 else section.reach + depth / 2 + 0.1
    s = float(rng.uniform(seen[0] + 36.0, seen[0] + 90.0))
    if not stand(site, street, side, s, offset, "bus_stop", shape, "bus stop", facing=True):
        return None
    return street, side, s, offset


def stand(
    site: Site,
    street: Street,
    side: int,
    s: float,
    offset: float,
    kind: str,
    shape: Shape,
    group: str,
    *,
    turn: float = 0.0,
    facing: bool = False,
) -> bool:
    """Places a thing beside a street, turned to it (`facing`) or by an angle against its direction; not in a side street's mouth."""
    if not street.has_kerb(side, s):
        return False
    x, y, heading = place(street, s, side * offset)
    yaw = facing_street(heading, side) if facing else heading + turn
    thing = Thing(category=kind, shape=shape, group=group, x=x, y=y, z=ground_z(street, offset), yaw=yaw)
    return site.stand(thing)


def _tree(site: Site, street: Street, side: int, s: float, offset: float, shape: Shape, yaw: float, group: str) -> bool:
    """A tree whose trunk, not whose crown, needs the place."""
    x, y, _ = place(street, s, side * offset)
    return site.plant(Thing(category="tree", shape=shape, group=group, x=x, y=y, z=ground_z(street, offset), yaw=yaw))
