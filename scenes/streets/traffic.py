"""What moves in the streets: vehicles in their lanes, people on the pavements, and who waits at junctions."""

from __future__ import annotations

from functools import lru_cache
from math import pi
from zlib import crc32

import numpy as np

from scenes import shapes
from scenes.pieces.traffic import RIDDEN
from scenes.scene import Shape
from scenes.streets.areas import Area
from scenes.streets.curve import Curve
from scenes.streets.driving import car_poses, lane, progress
from scenes.streets.lining import ground_z, pick
from scenes.streets.network import Street
from scenes.streets.site import VARIANTS, Site, category
from scenes.streets.thing import Thing

_TRIES = 4


def vehicles(site: Site, area: Area, count: int, ahead: tuple[float, float], speed: float, blocked: float | None) -> None:
    """Vehicles in the lanes of the main street between the arc lengths `ahead`, `count` frames long.

    Who goes the camera's way drives about as fast as it does; beyond `blocked` (a junction where the camera turns) all wait.
    """
    net = site.net
    expected = float(area.traffic.sample(site.rng("traffic"))) * (ahead[1] - ahead[0]) / 100.0
    for k in range(int(site.rng("traffic/number").poisson(expected))):
        rng = site.rng(f"vehicle/{k}")
        for _ in range(_TRIES):
            direction = 1 if rng.uniform() < 0.4 else -1
            number = int(rng.integers(net.main.section.lanes))
            way = lane(net, number, direction)
            kind = pick(rng, area.driving)
            pace = speed * float(rng.uniform(0.92, 1.08)) if direction > 0 else max(0.1, float(area.speed.sample(rng)))
            at = float(rng.uniform(*ahead)) * direction
            if blocked is not None:
                if direction > 0 or -at < blocked:
                    continue
                pace = 0.0
            if _drive(site, rng, way, kind, at, pace, count, f"vehicle/{k}"):
                break
    _waiting(site, area)


def _drive(site: Site, rng: np.random.Generator, way: Curve, kind: str, at: float, pace: float, count: int, group: str) -> bool:
    """A vehicle on its way, if there is room; a rider keeps to the edge of the lane and comes with a cycle."""
    offset = float(rng.normal(0, 0.08))
    if kind == "bicycle":
        pace, offset = float(rng.uniform(0.3, 0.6)), -site.net.hand * (site.net.main.section.lane / 2 - 0.6)
    s = progress(rng, count, at, pace)
    if s[0] < way.arc[0] + 4 or s[-1] > way.end - 4:
        return False
    poses = car_poses(way, s, offset)
    if kind in RIDDEN:
        cycle, rider = ridden(kind, int(rng.integers(VARIANTS)))
        placed = site.move(Thing(category=category(kind), shape=cycle, group=group, poses=poses))
        if placed:
            site.add(Thing(category="cyclist", shape=rider, group=f"{group}/rider", poses=poses))
        return placed
    return site.move(Thing(category=category(kind), shape=site.piece(rng, kind), group=group, poses=poses), margin=0.5)


@lru_cache(maxsize=256)
def ridden(kind: str, number: int) -> tuple[Shape, Shape]:
    """One of `VARIANTS` cycles with who rides it, the same in all scenes; both have the cycle's frame."""
    return RIDDEN[kind](np.random.default_rng([crc32(kind.encode()), number]))


def _waiting(site: Site, area: Area) -> None:
    """Cars that wait at the stop lines of side streets."""
    net = site.net
    for junction in net.junctions:
        for side in junction.sides:
            rng = site.rng(f"waiting/{junction.at:.0f}/{side}")
            arm = net.arm(junction, side)
            s = arm.low + 5.5
            for k in range(int(rng.poisson(0.8))):
                kind = pick(rng, {name: w for name, w in area.driving.items() if name not in RIDDEN})
                shape = site.piece(rng, kind)
                length = shapes.size(shape)[1]
                offset = net.hand * 0.5 * arm.section.lane  # drives towards the junction: its right is the arm's left
                x, y = arm.curve.at(s + length / 2, offset)
                yaw = float(arm.curve.heading(s)) - pi / 2
                site.stand(
                    Thing(
                        category=category(kind), shape=shape, group=f"waiting/{junction.at:.0f}/{side}/{k}", x=float(x), y=float(y), yaw=yaw
                    )
                )
                s += length + 1.5


def walkers(site: Site, area: Area, count: int, seen: tuple[float, float]) -> None:
    """People on the pavements, most of them walking, at 1.0-1.7 m/s."""
    for street in site.net.streets:
        if street.section.pavement <= 0:
            continue
        for side in (1, -1):
            for low, high in street.stretches(side):
                a, b = (max(low, seen[0]), min(high, seen[1])) if street is site.net.main else (low, high)
                if b - a > 4.0:
                    _stroll(site, area, street, side, a, b, count)


def _stroll(site: Site, area: Area, street: Street, side: int, low: float, high: float, count: int) -> None:
    name = f"walkers/{street.name}/{side}/{low:.0f}"
    rng = site.rng(name)
    section = street.section
    for k in range(int(rng.poisson(float(area.walkers.sample(rng)) * (high - low) / 100.0))):
        walking, direction, pace = rng.uniform() < 0.8, 1 if rng.uniform() < 0.5 else -1, float(rng.uniform(0.1, 0.17))
        offset = float(rng.uniform(section.half + 0.6, max(section.half + 0.7, section.reach - 0.5)))
        way = pace * count
        if high - low < way + 2:
            continue
        start = float(rng.uniform(low + 1, high - 1 - way))
        shape = site.piece(rng, "pedestrian_walking" if walking else "pedestrian_standing")
        z, group = ground_z(street, offset), f"{name}/{k}"
        if walking:
            steps = np.arange(count, dtype=np.float64)
            s = start + pace * (steps if direction > 0 else steps[::-1])
            poses = car_poses(street.curve, s, side * offset, z)
            poses[:, :3, :2] *= direction  # half a turn about the vertical for who walks the other way
            site.move(Thing(category="pedestrian", shape=shape, group=group, poses=poses), margin=0.1)
        else:
            x, y = street.curve.at(start, side * offset)
            yaw = float(rng.uniform(-pi, pi))
            site.stand(Thing(category="pedestrian", shape=shape, group=group, x=float(x), y=float(y), z=z, yaw=yaw))
