"""What closes the view behind the first row: distant woods, more houses, scattered trees."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, pi, sin

import numpy as np

from scenes.shapes import size
from scenes.streets.areas import Area
from scenes.streets.countryside import copses, far_fields, hills, wood
from scenes.streets.lining import pick
from scenes.streets.paving import LAND_Z
from scenes.streets.plots import SCHEMES
from scenes.streets.site import Site
from scenes.streets.thing import Thing


def backdrop(site: Site, area: Area, horizon: float) -> None:
    """Buildings, fields and trees behind the first row."""
    _second_row(site, area)
    if area.fields:
        far_fields(site, horizon, site.rng("far fields"))
    _scattered(site, area, horizon)


def woods(site: Site, area: Area, horizon: float) -> Iterator[Thing]:
    """A ring of woods at the horizon, as far as the camera can see it; hills behind it, and nearer woods in the country."""
    yield from hills(site, horizon, site.rng("hills"))
    if area.fields:
        yield from copses(site, horizon, site.rng("copses"))
    rng = site.rng("woods")
    middle = site.net.main.curve.at(60.0)
    around = int(rng.integers(13, 18))
    for k in range(around):
        angle = 2 * pi * (k + float(rng.uniform(-0.2, 0.2))) / around
        distance = horizon + 40.0 + float(rng.uniform(0, 50))
        shape = wood(rng, (100.0, 120.0))
        width, _, height = size(shape)
        x, y = middle + distance * np.array([cos(angle), sin(angle)])
        if site.view.shows((x, y), width / 2, height):
            yield Thing(category="tree", shape=shape, group=f"woods/{k % 3}", x=float(x), y=float(y), z=LAND_Z - 0.2, yaw=angle - pi / 2)


def _second_row(site: Site, area: Area) -> None:
    """Buildings behind those that face the street, seen through the gaps."""
    rng = site.rng("second row")
    main = site.net.main
    for _ in range(int(14 * (1 - area.empty))):
        shape = site.piece(rng, pick(rng, area.buildings))
        side = int(rng.choice((-1, 1)))
        offset = main.section.reach + main.section.garden + 12.0 + float(rng.uniform(4, 35)) + size(shape)[1] / 2
        x, y = main.curve.at(float(rng.uniform(5.0, main.high)), side * offset)
        group, yaw = f"building/{int(rng.integers(SCHEMES))}", float(rng.integers(4)) * pi / 2
        thing = Thing(category="building", shape=shape, group=group, x=float(x), y=float(y), z=LAND_Z, yaw=yaw)
        site.stand(thing, margin=1.0, off_street=1.0)


def _scattered(site: Site, area: Area, horizon: float) -> None:
    """Trees behind the gardens."""
    rng = site.rng("scattered trees")
    main = site.net.main
    shapes = [site.piece(rng, name) for name in ("tree", "tree", "tree", "conifer")]
    for k in range(int(50 * (0.4 + 0.6 * area.garden_trees))):
        offset = main.section.reach + main.section.garden + float(rng.uniform(10, 60))
        x, y = main.curve.at(float(rng.uniform(-10.0, horizon)), int(rng.choice((-1, 1))) * offset)
        shape = shapes[int(rng.integers(len(shapes)))]
        site.plant(
            Thing(
                category="tree", shape=shape, group=f"scattered/{k % 4}", x=float(x), y=float(y), z=LAND_Z, yaw=float(rng.uniform(-pi, pi))
            )
        )
