"""Vehicles on the road: before the camera, towards it, beside it, and those that wait at junctions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import pi
from zlib import crc32

import numpy as np

from scenes import shapes
from scenes.pieces.traffic import RIDDEN
from scenes.scene import Shape
from scenes.streets.areas import Area
from scenes.streets.curve import Curve, Float
from scenes.streets.driving import car_poses, lane, progress
from scenes.streets.lining import pick
from scenes.streets.site import VARIANTS, Site, category
from scenes.streets.thing import Thing

_TRIES = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Ride:
    """How the camera's car drives: `count` poses at `speed` metres a frame in a `lane`; `turns_at`: where it leaves the main street."""

    count: int
    speed: float
    lane: int
    turns_at: float | None


def vehicles(site: Site, area: Area, ride: Ride, ahead: tuple[float, float]) -> None:
    """Vehicles in the lanes of the main street between the arc lengths `ahead`: often one in front of the camera, mostly some towards it.

    Who goes the camera's way drives about as fast as it does; beyond a junction where the camera turns all wait.
    """
    rng = site.rng("traffic/met")
    if rng.uniform() < 0.62:
        _attempts(site, area, ride, site.rng("vehicle/leading"), 1, (7.0 + 4.0 * ride.speed, 45.0), "vehicle/leading", ride.lane)
    if rng.uniform() < 0.85:
        _attempts(site, area, ride, site.rng("vehicle/oncoming"), -1, (12.0, 75.0), "vehicle/oncoming")
    expected = float(area.traffic.sample(site.rng("traffic"))) * (ahead[1] - ahead[0]) / 100.0
    for k in range(int(site.rng("traffic/number").poisson(expected))):
        rng = site.rng(f"vehicle/{k}")
        _attempts(site, area, ride, rng, 1 if rng.uniform() < 0.4 else -1, ahead, f"vehicle/{k}")
    for k in range(int(area.cyclists.sample(site.rng("cyclists")))):
        rng = site.rng(f"cyclist/{k}")
        _attempts(site, area, ride, rng, 1 if rng.uniform() < 0.6 else -1, (6.0, 30.0), f"cyclist/{k}", 0, "bicycle")
    _waiting(site, area)


def _attempts(
    site: Site,
    area: Area,
    ride: Ride,
    rng: np.random.Generator,
    direction: int,
    ahead: tuple[float, float],
    group: str,
    number: int | None = None,
    kind: str | None = None,
) -> None:
    """A vehicle between the arc lengths `ahead`, in the lane with a number or in any, of a kind or of any, given up after a few tries."""
    net = site.net
    for _ in range(_TRIES):
        way = lane(net, int(rng.integers(net.main.section.lanes)) if number is None else number, direction)
        what = kind or pick(rng, area.driving)
        pace = ride.speed * float(rng.uniform(0.92, 1.08)) if direction > 0 else max(0.1, float(area.speed.sample(rng)))
        at = float(rng.uniform(*ahead)) * direction
        if ride.turns_at is not None:
            if direction > 0 or -at < ride.turns_at:
                continue
            pace = 0.0
        if _drive(site, rng, way, what, at, pace, ride.count, group):
            return
    site.rejected["vehicle"] += 1


def _drive(site: Site, rng: np.random.Generator, way: Curve, kind: str, at: float, pace: float, count: int, group: str) -> bool:
    """A vehicle on its way, if there is room; a rider keeps to the edge of the lane and comes with a cycle."""
    offset = float(rng.normal(0, 0.08))
    if kind == "bicycle":
        pace, offset = float(rng.uniform(0.3, 0.6)), -site.net.hand * (site.net.main.section.lane / 2 - 0.6)
    s = progress(rng, count, at, pace)
    if s[0] < way.arc[0] + 4 or s[-1] > way.end - 4 or _runs_a_red_light(site, s):
        return False
    poses = car_poses(way, s, offset)
    if kind in RIDDEN:
        cycle, rider = ridden(kind, int(rng.integers(VARIANTS)))
        placed = site.move(Thing(category=category(kind), shape=cycle, group=group, poses=poses))
        if placed:
            site.add(Thing(category="cyclist", shape=rider, group=f"{group}/rider", poses=poses))
        return placed
    return site.move(Thing(category=category(kind), shape=site.piece(rng, kind), group=group, poses=poses), margin=0.5)


def _runs_a_red_light(site: Site, s: Float) -> bool:
    """Whether a way over arc lengths [T] (of either direction) touches a closed stretch of the main street, give or take a car's length."""
    low, high = sorted((abs(float(s[0])), abs(float(s[-1]))))
    return any(low - 3.0 < end and start < high + 3.0 for start, end in site.closed)


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
