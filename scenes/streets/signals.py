"""What tells drivers what to do: traffic lights where streets cross, signs where they belong."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import pi

import numpy as np

from scenes.distributions import Uniform
from scenes.pieces.measures import metres, shape_of
from scenes.scene import Shape
from scenes.shapes import size
from scenes.streets.areas import Area
from scenes.streets.lining import along, pick, stand
from scenes.streets.network import Junction, Street
from scenes.streets.paving import ZEBRA_M
from scenes.streets.site import Site

# Signs between junctions.
_IN_TOWN = {"limit": 4.0, "ban": 2.0, "square": 2.0, "triangle": 1.0, "order": 0.5}
_OUT_OF_TOWN = {"limit": 4.0, "triangle": 2.0}
_SHARP = 1 / 80.0  # curvature of bends that chevrons mark, 1/m
STYLES = 4  # of each sign


@lru_cache(maxsize=64)
def sign(name: str, style: int) -> Shape:
    """One of `STYLES` shapes of a sign, the same in all scenes."""
    rng = np.random.default_rng([*name.encode(), style])
    across = metres(rng, 0.6, 0.8)
    low = 0.9 if name == "chevron" else metres(rng, 2.0, 2.3)
    plate = across if style == 0 and name in ("triangle", "limit", "ban") else 0.0
    return shape_of("traffic_sign", sign=name, size=across, height=low + across + 0.5 * plate, diameter=0.07, plate=plate)


def traffic_lights(site: Site, area: Area, crawling: bool) -> list[Junction]:
    """Lights beside all four approaches where streets cross: green for one street, red for the other. Returns the junctions that have them.

    The main street has red only where nobody drives on: at a crossing far off, or if the camera is `crawling` towards it.
    """
    net, lit = site.net, []
    for junction in net.junctions:
        rng = site.rng(f"traffic lights/{junction.at:.0f}")
        if len(junction.sides) < 2 or rng.uniform() > area.lights:
            continue
        out = junction.cross.half + junction.radius
        stops = crawling or (junction.at > 45.0 and rng.uniform() < 0.5)
        if stops:
            site.closed.append((junction.at - out - 1.0, junction.at + out + 1.0))
        shape = site.piece(rng, "traffic_light")
        main, cross = (_lit(shape, "red" if stopped else "green") for stopped in (stops, not stops))
        for towards in (1, -1):
            _beside(site, net.main, junction.at - towards * (out + 0.4), towards, "traffic_light", main, "traffic lights")
        for side in junction.sides:
            arm = net.arm(junction, side)
            _beside(site, arm, arm.low + 0.4, -1, "traffic_light", cross, "traffic lights")
        lit.append(junction)
    return lit


def _lit(shape: Shape, lamp: str) -> Shape:
    return replace(shape, parameters=tuple(sorted({**dict(shape.parameters), "lit": lamp}.items())))


def _beside(site: Site, street: Street, s: float, towards: int, category: str, shape: Shape, group: str) -> bool:
    """Stands at the kerb of those who drive `towards` (1: growing arc length), and faces them."""
    edge = 0.5 if street.section.pavement > 0 else 1.6
    return stand(site, street, -site.net.hand * towards, s, street.section.half + edge, category, shape, group, turn=-pi / 2 * towards)


def _sign(site: Site, street: Street, s: float, towards: int, name: str, rng: np.random.Generator) -> None:
    group = f"sign/{name}/{street.name}/{s:.0f}"
    _beside(site, street, s, towards, "traffic_sign", sign(name, int(rng.integers(STYLES))), group)


def signs(site: Site, area: Area, seen: tuple[float, float], lit: list[Junction]) -> None:
    """Stop signs at the mouths of side streets, priority or warning before them, limits and bans between, chevrons at bends.

    Junctions that are `lit` have none.
    """
    main = site.net.main
    for junction in site.net.junctions:
        if junction not in lit:
            _at_junction(site, junction)
    rng = site.rng("signs")
    for towards in (1, -1):
        for s in along(rng, seen[0], seen[1], Uniform(45.0, 110.0) if area.fields else Uniform(22.0, 60.0)):
            _sign(site, main, s, towards, pick(rng, _OUT_OF_TOWN if area.fields else _IN_TOWN), rng)
        for at in site.zebras:
            _sign(site, main, at - towards * (ZEBRA_M / 2 + 0.7), towards, "square", rng)
    if main.section.pavement <= 0:
        _chevrons(site, main, seen, rng)


def _at_junction(site: Site, junction: Junction) -> None:
    rng = site.rng(f"signs/{junction.at:.0f}")
    for side in junction.sides:
        arm = site.net.arm(junction, side)
        _sign(site, arm, arm.low + 0.9, -1, "octagon", rng)
    _directions(site, junction, rng)
    name = pick(rng, {"diamond": 2.0, "triangle": 1.5, "none": 1.5})
    out = junction.cross.half + junction.radius + float(rng.uniform(6, 25))
    for towards in (1, -1) if name != "none" else ():
        _sign(site, site.net.main, junction.at - towards * out, towards, name, rng)


def _directions(site: Site, junction: Junction, rng: np.random.Generator) -> None:
    """Perhaps boards beside the main street that say where the side streets lead."""
    shape, street = site.piece(rng, "direction_sign"), site.net.main
    offset = street.section.reach + (0.3 if street.section.pavement > 0 else 1.6) + size(shape)[0] / 2
    out = junction.cross.half + junction.radius + float(rng.uniform(3, 12))
    for towards in (1, -1):
        if rng.uniform() < 0.45:
            s, side = junction.at - towards * out, -site.net.hand * towards
            stand(site, street, side, s, offset, "traffic_sign", shape, f"directions/{towards}", turn=-pi / 2 * towards)


def _chevrons(site: Site, street: Street, seen: tuple[float, float], rng: np.random.Generator) -> None:
    """Boards along the outside of sharp bends, for both directions."""
    for s in np.arange(seen[0], seen[1] - 10.0, 14.0):
        bend = float(street.curve.heading(s + 5.0) - street.curve.heading(s - 5.0)) / 10.0
        if abs(bend) > _SHARP:
            outside = -1 if bend > 0 else 1
            towards = -outside * site.net.hand
            shape, offset = sign("chevron", int(rng.integers(STYLES))), street.section.half + 2.0
            stand(site, street, outside, float(s), offset, "traffic_sign", shape, "chevrons", turn=-pi / 2 * towards)
