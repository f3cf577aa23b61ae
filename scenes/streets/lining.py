"""What lines the streets: buildings behind their front gardens, and trees, lamps, signs, furniture and parked cars along the kerb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import pi

import numpy as np

from scenes.distributions import Distribution
from scenes.pieces.measures import shape_of
from scenes.scene import Shape
from scenes.shapes import size
from scenes.streets.areas import Area
from scenes.streets.network import Street
from scenes.streets.paving import KERB_Z, LAND_Z
from scenes.streets.site import Site, category
from scenes.streets.thing import Thing, footprint

SCHEMES, PAINTS = 10, 24  # sets of materials of the buildings, and of the vehicles, of a scene
STYLES = 8  # of hedges, fences and walls
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


def _at(street: Street, s: float, offset: float) -> tuple[float, float, float]:
    """Point and heading of the street there."""
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


def line_streets(site: Site, area: Area, seen: tuple[float, float]) -> None:
    """Fills both sides of all streets; of the main street only between the arc lengths `seen`."""
    for street in site.net.streets:
        for side in (1, -1):
            for low, high in street.stretches(side):
                a, b = (max(low, seen[0]), min(high, seen[1])) if street is site.net.main else (low, high)
                if b - a > 2.0:
                    name = f"{street.name}/{side}/{a:.0f}"
                    _parked(site, area, street, side, a, b, name)
                    _kerbside(site, area, street, side, a, b, name)
                    _plots(site, area, street, side, a, b, name)


def _parked(site: Site, area: Area, street: Street, side: int, low: float, high: float, name: str) -> None:
    section = street.section
    if section.parking <= 0:
        return
    rng = site.rng(f"parked/{name}")
    occupancy = float(area.occupancy.sample(rng))
    s = low + _KEPT_CLEAR_M + float(rng.uniform(0, 4))
    while s < high - _KEPT_CLEAR_M:
        kind = pick(rng, area.parked)
        shape = site.piece(rng, kind)
        width, length, _ = size(shape)
        taken = rng.uniform() < occupancy
        offset = side * (section.half - 0.18 - width / 2 + float(rng.normal(0, 0.06)))
        x, y, heading = _at(street, s + length / 2, offset)
        forward = (side == -site.net.hand) == (rng.uniform() < 0.88)
        yaw = heading + (pi / 2 if forward else -pi / 2) + float(rng.normal(0, 0.02))
        if taken and s + length < high - _KEPT_CLEAR_M:
            site.stand(Thing(category=category(kind), shape=shape, group=paint(rng), x=x, y=y, yaw=yaw), margin=0.1)
        s += length + float(rng.uniform(0.5, 1.8))


def _kerbside(site: Site, area: Area, street: Street, side: int, low: float, high: float, name: str) -> None:
    section = street.section
    paved = section.pavement > 0
    near = section.half + (0.55 if paved else 1.2)
    rng = site.rng(f"lamps/{name}")
    if side > 0 or section.lanes > 1 or rng.uniform() < 0.4:
        lamp = site.piece(rng, "street_lamp")
        for s in along(rng, low + 1, high - 1, area.lamps):
            _stand(site, street, side, s, near, "street_lamp", lamp, "street lamps", facing=True)
    rng = site.rng(f"signs/{name}")
    for s in along(rng, low + 1, high - 1, area.lamps):
        if rng.uniform() < 0.6:
            towards = -pi / 2 if side == -site.net.hand else pi / 2  # seen by those who drive on this side
            _stand(site, street, side, s, near, "traffic_sign", site.piece(rng, "traffic_sign"), f"sign/{name}/{s:.0f}", turn=towards)
    rng = site.rng(f"furniture/{name}")
    count = int(rng.poisson(float(area.furniture.sample(rng)) * (high - low) / 100.0))
    for _ in range(count if paved else 0):
        kind = pick(rng, FURNITURE)
        far = rng.uniform() < 0.6
        shape = site.piece(rng, kind)
        depth = 2 * footprint(shape, 0.0, 0.0, 0.0).half_y
        offset = section.reach - depth / 2 - 0.15 if far else section.half + 0.35 + depth / 2
        _stand(site, street, side, float(rng.uniform(low, high)), offset, category(kind), shape, f"{kind}/{name}", facing=True)
    rng = site.rng(f"trees/{name}")
    if rng.uniform() < area.tree_lined and (section.pavement > 2.2 or not paved):
        kind = pick(rng, {"tree": 5.0, "conifer": 0.6})
        shapes = [site.piece(rng, kind) for _ in range(2)]
        offset = section.half + 0.9 if paved else section.half + float(rng.uniform(2.5, 5.0))
        for s in along(rng, low + 4, high - 2, area.trees):
            wobble = 0.0 if paved else float(rng.normal(0, 0.8))
            trunk = offset + abs(wobble)
            _tree(site, street, side, s, trunk, shapes[int(rng.integers(2))], float(rng.uniform(-pi, pi)), f"trees/{name}")


def _stand(
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
    x, y, heading = _at(street, s, side * offset)
    yaw = facing_street(heading, side) if facing else heading + turn
    thing = Thing(category=kind, shape=shape, group=group, x=x, y=y, z=ground_z(street, offset), yaw=yaw)
    return site.stand(thing)


def _tree(site: Site, street: Street, side: int, s: float, offset: float, shape: Shape, yaw: float, group: str) -> bool:
    """A tree whose trunk, not whose crown, needs the place."""
    x, y, _ = _at(street, s, side * offset)
    return site.plant(Thing(category="tree", shape=shape, group=group, x=x, y=y, z=ground_z(street, offset), yaw=yaw))


def _plots(site: Site, area: Area, street: Street, side: int, low: float, high: float, name: str) -> None:
    """Buildings in a row, each on its plot with a front garden."""
    section = street.section
    rng = site.rng(f"plots/{name}")
    kind, scheme, s = pick(rng, area.buildings), int(rng.integers(SCHEMES)), low + float(rng.uniform(0, 2))
    while s < high - 4.0:
        fresh = rng.uniform() < 0.35
        kind = pick(rng, area.buildings) if fresh else kind
        scheme = int(rng.integers(SCHEMES)) if rng.uniform() < 0.75 else scheme
        shape = site.piece(rng, kind)
        width, depth, _ = size(shape)
        gap = float(area.gap.sample(rng))
        if rng.uniform() < area.empty:
            _plot_garden(site, area, street, side, s, min(s + width + gap, high), rng, built=False)
            s += width + gap
            continue
        front = section.reach + section.garden + max(0.0, float(rng.normal(0, 0.08 * section.garden)))
        middle = min(s + width / 2, high)
        x, y, heading = _at(street, middle, side * (front + depth / 2 + 0.05))
        thing = Thing(category="building", shape=shape, group=f"building/{scheme}", x=x, y=y, z=LAND_Z, yaw=facing_street(heading, side))
        if site.stand(thing, margin=0.02, off_street=0.02):
            _plot_garden(site, area, street, side, s, min(s + width + gap, high), rng, built=True)
            s += width + gap + (0.02 if gap == 0 else 0.0)
        else:
            s += 3.0


def _plot_garden(
    site: Site, area: Area, street: Street, side: int, low: float, high: float, rng: np.random.Generator, *, built: bool
) -> None:
    """What stands between a building and the pavement: a hedge, fence or wall with a way in, trees, bushes, perhaps a car."""
    section = street.section
    edge = section.reach + (0.3 if section.pavement > 0 else 2.2)
    kind = pick(rng, area.boundaries)
    drive = float(rng.uniform(low, high))
    if kind != "none" and section.garden > 1.2:
        spans = [(low, drive - 1.6), (drive + 1.6, high)] if built and kind != "guard_rail" else [(low, high)]
        for a, b in spans:
            _panels(site, street, side, a, b, edge, kind, rng)
    if section.garden < 2.0 and built:
        return
    deep = section.garden if built else section.garden + 14.0
    count = int(rng.poisson(area.garden_trees * (high - low) * deep / 90.0 * (1.0 if built else 1.6)))
    for k in range(count):
        what = pick(rng, {"tree": 3.0, "bush": 4.0, "conifer": 1.0})
        shape = site.piece(rng, what)
        x, y, _ = _at(street, float(rng.uniform(low, high)), side * (edge + 0.8 + float(rng.uniform(0, max(deep - 1.5, 0.5)))))
        thing = Thing(category=category(what), shape=shape, group=f"{what}/{k % 4}", x=x, y=y, z=LAND_Z, yaw=float(rng.uniform(-pi, pi)))
        site.plant(thing)
    if built and section.garden > 5.2 and rng.uniform() < 0.35:
        kind = pick(rng, area.parked)
        shape = site.piece(rng, kind)
        x, y, heading = _at(street, drive, side * (section.reach + section.garden / 2 + 0.2))
        yaw = facing_street(heading, side) + (pi if rng.uniform() < 0.5 else 0.0)
        site.stand(
            Thing(category=category(kind), shape=shape, group=paint(rng), x=x, y=y, z=LAND_Z, yaw=yaw),
            off_street=0.1,
        )


def _panels(site: Site, street: Street, side: int, low: float, high: float, offset: float, kind: str, rng: np.random.Generator) -> None:
    """A run of hedge, fence or wall: panels along chords of about 5 m, in whole half metres so that scenes share meshes."""
    if high - low < 0.8:
        return
    style = int(rng.integers(STYLES))
    for a, b in pairwise(np.linspace(low, high, max(1, round((high - low) / 5.0)) + 1)):
        p, q = street.curve.at(a, side * offset), street.curve.at(b, side * offset)
        width = max(1.0, round(2 * float(np.linalg.norm(q - p))) / 2)
        x, y = (p + q) / 2
        yaw = float(np.arctan2(*(q - p)[::-1])) + (0.0 if side > 0 else pi)
        shape, group = barrier(kind, width, style), f"{kind}/{street.name}/{low:.0f}"
        site.stand(Thing(category=kind, shape=shape, group=group, x=float(x), y=float(y), z=LAND_Z, yaw=yaw), margin=-0.2, off_street=0.02)


def barrier(kind: str, width: float, style: int) -> Shape:
    """A run of hedge, fence, wall or guard rail, one of `STYLES`."""
    height = 0.7 + 0.15 * style
    if kind == "hedge":
        return shape_of("hedge", width=width, depth=0.6 + 0.05 * style, height=height, seed=style)
    if kind == "fence":
        return shape_of(("picket_fence", "railing", "board_fence", "chain_fence")[style % 4], width=width, height=min(height, 1.4))
    if kind == "guard_rail":
        return shape_of("guard_rail", width=width)
    return shape_of("garden_wall", width=width, height=min(height, 1.5))


def lights_at_junctions(site: Site) -> None:
    """Traffic lights where streets cross: beside each approach."""
    net = site.net
    for junction in net.junctions:
        rng = site.rng(f"traffic lights/{junction.at:.0f}")
        if len(junction.sides) < 2 or rng.uniform() < 0.35:
            continue
        out = junction.cross.half + junction.radius
        for street, s, towards in (
            (net.main, junction.at - out, 1),
            (net.main, junction.at + out, -1),
            *((net.arm(junction, side), net.main.section.half + junction.radius, -1) for side in junction.sides),
        ):
            side = -net.hand * towards
            shape = site.piece(rng, "traffic_light")
            _stand(
                site,
                street,
                side,
                s + 0.4 * -towards,
                street.section.half + 0.5,
                "traffic_light",
                shape,
                "traffic lights",
                turn=-pi / 2 * towards,
            )
