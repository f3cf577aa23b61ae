"""People in the streets: walking alone, in pairs or with children, standing, waiting at crossings and bus stops, crossing the road."""

from __future__ import annotations

from math import pi

import numpy as np

from scenes.streets.areas import Area
from scenes.streets.curve import Curve
from scenes.streets.driving import car_poses
from scenes.streets.lining import ground_z, place
from scenes.streets.network import Street
from scenes.streets.paving import KERB_Z, ZEBRA_M
from scenes.streets.site import Site
from scenes.streets.thing import Thing

_PACE_M = (0.1, 0.17)  # a frame: 1.0-1.7 m/s


def walkers(site: Site, area: Area, street: Street, side: int, low: float, high: float, name: str, count: int) -> None:
    """People on a pavement, most of them walking."""
    section = street.section
    rng = site.rng(f"walkers/{name}")
    if section.pavement <= 0 or high - low < 4.0:
        return
    for k in range(int(rng.poisson(float(area.walkers.sample(rng)) * (high - low) / 100.0))):
        offset = float(rng.uniform(section.half + 0.7, max(section.half + 0.8, section.reach - 0.6)))
        group = f"walkers/{name}/{k}"
        if rng.uniform() < 0.8:
            _walking(site, street, side, low, high, offset, count, group, rng)
        else:
            s = float(rng.uniform(low, high))
            _standing(site, rng, street, side * offset, s, float(rng.uniform(-pi, pi)), group)


def _walking(
    site: Site, street: Street, side: int, low: float, high: float, offset: float, count: int, group: str, rng: np.random.Generator
) -> None:
    """One person on the way, or two side by side, one of them perhaps a child."""
    direction, pace = 1 if rng.uniform() < 0.5 else -1, float(rng.uniform(*_PACE_M))
    way = pace * count
    if high - low < way + 2:
        return
    start, section = float(rng.uniform(low + 1, high - 1 - way)), street.section
    company = rng.uniform()
    kinds = ["child" if company < 0.06 else "pedestrian_walking"]
    if company > 0.68:
        kinds.append("child" if rng.uniform() < 0.35 else "pedestrian_walking")
        pace = min(pace, 0.13)
    for number, kind in enumerate(kinds):
        beside = offset + (0.66 * number if offset + 1.0 < section.reach else -0.66 * number)
        s = start + 0.15 * number + pace * np.arange(count, dtype=np.float64)[::direction]
        poses = car_poses(street.curve, s, side * beside, ground_z(street, beside))
        poses[:, :3, :2] *= direction  # half a turn about the vertical for who walks the other way
        thing = Thing(category="pedestrian", shape=site.piece(rng, kind), group=f"{group}/{number}", poses=poses)
        site.move(thing, margin=0.05)


def _standing(site: Site, rng: np.random.Generator, street: Street, offset: float, s: float, facing: float, group: str) -> None:
    """Someone who stands, turned by `facing` against the street's direction, where there is room."""
    x, y, heading = place(street, s, offset)
    shape, z = site.piece(rng, "pedestrian_standing"), ground_z(street, offset)
    thing = Thing(category="pedestrian", shape=shape, group=group, x=x, y=y, z=z, yaw=heading + facing)
    site.stand(thing, margin=0.0, fixed=False)


def at_crossings(site: Site, count: int) -> None:
    """People on the main street's crossings and beside them."""
    street = site.net.main
    for at in site.zebras:
        rng = site.rng(f"crossing/{at:.0f}")
        reach = street.section.half + 1.2
        for k in range(int(rng.poisson(1.3))):
            direction, pace = 1 if rng.uniform() < 0.5 else -1, float(rng.uniform(*_PACE_M))
            s = at + float(rng.uniform(-0.35, 0.35)) * ZEBRA_M
            x, y, heading = place(street, s, 0.0)
            way = Curve.straight((x, y), heading + direction * pi / 2, -reach - pace * count, reach + pace * count)
            progress = float(rng.uniform(-reach, reach)) + pace * (np.arange(count, dtype=np.float64) - count / 2)
            poses = car_poses(way, progress)
            poses[:, 2, 3] = np.where(np.abs(progress) > street.section.half, KERB_Z, 0.0)
            kind = "child" if rng.uniform() < 0.15 else "pedestrian_walking"
            site.move(Thing(category="pedestrian", shape=site.piece(rng, kind), group=f"crossing/{at:.0f}/{k}", poses=poses), margin=0.1)
        for k in range(int(rng.poisson(0.8))):
            side, s = int(rng.choice((-1, 1))), at + float(rng.uniform(-0.4, 0.4)) * ZEBRA_M
            facing = 0.0 if side > 0 else pi
            offset = side * (street.section.half + 0.6)
            _standing(site, rng, street, offset, s, facing + float(rng.normal(0, 0.3)), f"waiting/{at:.0f}/{k}")


def at_bus_stop(site: Site, street: Street, side: int, s: float, offset: float) -> None:
    """People who wait for the bus beside a shelter or before it."""
    rng = site.rng("bus stop/waiting")
    for k in range(int(rng.integers(0, 4))):
        aside = float(rng.uniform(-3.5, 3.5))
        before = min(offset, street.section.reach) - float(rng.uniform(0.7, 1.3))
        _standing(site, rng, street, side * before, s + aside, (0.0 if side > 0 else pi) + float(rng.normal(0, 0.5)), f"bus stop/{k}")
