"""Plots along the streets: buildings behind front gardens with a drive or a path, hedges, fences and walls; fields between farms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import pi

import numpy as np

from scenes.furnishing.layout import Box
from scenes.pieces.measures import shape_of
from scenes.scene import Shape
from scenes.shapes import size
from scenes.streets.areas import Area
from scenes.streets.countryside import field
from scenes.streets.lining import facing_street, paint, pick, place
from scenes.streets.network import Street
from scenes.streets.paving import LAND_Z, Dropped, ground, strip
from scenes.streets.site import Site, category
from scenes.streets.thing import Thing

SCHEMES, LAWNS = 10, 5  # sets of materials of the buildings, and of the lawns, of a scene
STYLES = 5  # of hedges, fences and walls
_DRIVE_M, _PATH_M, _PANEL_M = 2.9, 1.3, 2.5
_YARDS = {"lawn": 8.0, "driveway": 1.5, "gravel": 1.0}


@dataclass(frozen=True, kw_only=True, eq=False)
class Plot:
    """A piece of land between two arc lengths on one side of a street; `front` is how far from the middle its building begins."""

    street: Street
    side: int
    low: float
    high: float
    front: float

    @property
    def edge(self) -> float:
        """Where its boundary stands, from the street's middle."""
        section = self.street.section
        return section.reach + (0.3 if section.pavement > 0 else 3.4)


def plots(site: Site, area: Area, street: Street, side: int, low: float, high: float, name: str) -> None:
    """Buildings in a row, each on its plot with a front garden, and what is between them."""
    section = street.section
    rng = site.rng(f"plots/{name}")
    kind, scheme, s = pick(rng, area.buildings), int(rng.integers(SCHEMES)), low + float(rng.uniform(0, 2))
    while s < high - 4.0:
        kind = pick(rng, area.buildings) if rng.uniform() < 0.35 else kind
        scheme = int(rng.integers(SCHEMES)) if rng.uniform() < 0.75 else scheme
        shape = site.piece(rng, kind)
        width, depth, _ = size(shape)
        gap, front = float(area.gap.sample(rng)), section.reach + section.garden + max(0.0, float(rng.normal(0, 0.08 * section.garden)))
        if rng.uniform() < area.empty:
            length = float(area.field.sample(rng)) if area.fields else width + gap
            _open(site, area, Plot(street=street, side=side, low=s, high=min(s + length, high), front=front + 14.0), rng)
            s += length
            continue
        x, y, heading = place(street, min(s + width / 2, high), side * (front + depth / 2 + 0.05))
        thing = Thing(category="building", shape=shape, group=f"building/{scheme}", x=x, y=y, z=LAND_Z, yaw=facing_street(heading, side))
        if site.stand(thing, margin=0.02, off_street=0.02):
            _built(site, area, Plot(street=street, side=side, low=s, high=min(s + width + gap, high), front=front), width, rng)
            s += width + gap + (0.02 if gap == 0 else 0.0)
        else:
            s += 3.0


def _open(site: Site, area: Area, plot: Plot, rng: np.random.Generator) -> None:
    """A plot without a building: a field in the country, elsewhere a green."""
    kind = pick(rng, area.boundaries)
    if kind != "none":
        panels(site, plot, plot.low, plot.high, kind, rng)
    if area.fields:
        field(site, plot.street, plot.side, plot.low, plot.high, plot.edge + 1.2, rng)
    else:
        _yard(site, plot, plot.front, rng)
        _planting(site, area, plot, plot.front - plot.edge, 1.6, rng)


def _built(site: Site, area: Area, plot: Plot, width: float, rng: np.random.Generator) -> None:
    """What stands and lies between a building and the pavement."""
    section = plot.street.section
    if section.garden < 1.2:
        return
    way = _way_in(site, area, plot, width, rng)
    if not area.paved:
        _yard(site, plot, plot.front + 6.0, rng)
    kind = pick(rng, area.boundaries)
    if kind != "none":
        panels(site, plot, plot.low, way[0] - 0.15, kind, rng)
        panels(site, plot, way[1] + 0.15, plot.high, kind, rng)
        if plot.front - plot.edge > 2.5:
            _return(site, plot, kind, rng)
    if section.garden > 2.0:
        _planting(site, area, plot, section.garden, 1.0, rng)


def _way_in(site: Site, area: Area, plot: Plot, width: float, rng: np.random.Generator) -> tuple[float, float]:
    """A drive beside or before the house, or a path to its door; returns the arc lengths between which it lies."""
    section, street, side = plot.street.section, plot.street, plot.side
    beside = plot.high - plot.low - width > _DRIVE_M + 0.3
    drive = beside or (section.garden > 5.2 and rng.uniform() < 0.5)
    half = (_DRIVE_M if drive else _PATH_M) / 2
    if beside:
        middle = plot.low + width + min((plot.high - plot.low - width) / 2, half + 0.5)
    else:
        middle = plot.low + float(rng.uniform(0.15, 0.85)) * width
    middle = min(middle, plot.high - half)
    deep = plot.front + (7.0 if beside else 0.0)
    role = "driveway" if area.paved or rng.uniform() < 0.75 else "gravel"
    start = section.reach if section.pavement > 0 else section.half
    lines = strip(street, side, middle - half, middle + half, start, deep)
    site.ground.append(ground("pavement", role, *lines, LAND_Z + 0.022, group=f"{role}/{int(rng.integers(LAWNS))}"))
    x, y, heading = place(street, middle, side * (section.half - section.parking + deep) / 2)
    inner = section.half - section.parking if drive else section.half
    site.reserved.append(Box(x, y, half + 0.2, (deep - inner) / 2, heading, -1.0, 4.0))
    if drive:
        site.dropped.append(Dropped(street=street.name, side=side, low=middle - half, high=middle + half))
        if rng.uniform() < 0.5:
            _parked_on_drive(site, area, plot, middle, deep, rng)
    return middle - half, middle + half


def _parked_on_drive(site: Site, area: Area, plot: Plot, middle: float, deep: float, rng: np.random.Generator) -> None:
    kind = pick(rng, area.parked)
    shape = site.piece(rng, kind)
    x, y, heading = place(plot.street, middle, plot.side * (deep - size(shape)[1] / 2 - 0.4))
    yaw = facing_street(heading, plot.side) + (pi if rng.uniform() < 0.5 else 0.0)
    thing = Thing(category=category(kind), shape=shape, group=paint(rng), x=x, y=y, z=LAND_Z + 0.022, yaw=yaw)
    site.stand(thing, off_street=0.1, fixed=False)


def _yard(site: Site, plot: Plot, far: float, rng: np.random.Generator) -> None:
    """A lawn, gravel or paving of the plot's own."""
    role = pick(rng, _YARDS) if plot.street.section.garden < 9.0 else "lawn"
    level = 0.012 if plot.street is site.net.main else 0.006  # plots of two streets may meet behind a corner
    near = plot.edge - 0.3
    lines = strip(plot.street, plot.side, plot.low, plot.high, near, far)
    site.ground.append(
        ground("ground" if role == "driveway" else "lawn", role, *lines, LAND_Z + level, group=f"{role}/{int(rng.integers(LAWNS))}")
    )


def _planting(site: Site, area: Area, plot: Plot, deep: float, share: float, rng: np.random.Generator) -> None:
    """Trees and bushes."""
    for k in range(int(rng.poisson(area.garden_trees * share * (plot.high - plot.low) * deep / 90.0))):
        what = pick(rng, {"tree": 3.0, "bush": 4.0, "conifer": 1.0})
        offset = plot.edge + 0.8 + float(rng.uniform(0, max(deep - 1.5, 0.5)))
        x, y, _ = place(plot.street, float(rng.uniform(plot.low, plot.high)), plot.side * offset)
        group, yaw = f"{what}/{k % 4}", float(rng.uniform(-pi, pi))
        site.plant(Thing(category=category(what), shape=site.piece(rng, what), group=group, x=x, y=y, z=LAND_Z, yaw=yaw))


def _return(site: Site, plot: Plot, kind: str, rng: np.random.Generator) -> None:
    """The boundary towards the neighbour, from the front to beside the house."""
    if kind == "guard_rail":
        return
    ends = [plot.street.curve.at(plot.low + 0.1, plot.side * offset) for offset in (plot.edge + 0.15, plot.front + 2.0)]
    style = int(rng.integers(STYLES))
    for p, q in _panelled(np.stack(ends)):
        _panel(site, p, q, kind, style, f"{kind}/{plot.street.name}/{plot.low:.0f}", 0.0)


def panels(site: Site, plot: Plot, low: float, high: float, kind: str, rng: np.random.Generator) -> None:
    """A run of hedge, fence, wall or guard rail along the street between two arc lengths."""
    if high - low < 0.8:
        return
    style = int(rng.integers(STYLES))
    group = f"{kind}/{plot.street.name}/{low:.0f}"
    inset = 0.25 if kind == "hedge" else 0.0  # hedges are broad
    line = plot.street.curve.line(low, high, plot.side * (plot.edge + inset))
    for p, q in _panelled(line):
        _panel(site, p, q, kind, style, group, 0.0 if plot.side > 0 else pi)


def _panelled(line: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Ends of equal panels of about `_PANEL_M` along a line [N, 2]."""
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    s = np.linspace(0.0, arc[-1], max(1, round(arc[-1] / _PANEL_M)) + 1)
    points = np.stack([np.interp(s, arc, line[:, k]) for k in (0, 1)], axis=1)
    return list(pairwise(points))


def _panel(site: Site, p: np.ndarray, q: np.ndarray, kind: str, style: int, group: str, turn: float) -> None:
    """One panel from p to q, its length rounded so that scenes share meshes; hedges grow into each other."""
    length = float(np.linalg.norm(q - p))
    width = max(1.0, float(np.ceil(4 * length)) / 4) if kind == "hedge" else max(0.8, float(np.round(length, 1)))
    x, y = (float(v) for v in (p + q) / 2)
    yaw = float(np.arctan2(*(q - p)[::-1])) + turn
    thing = Thing(category=kind, shape=barrier(kind, width, style), group=group, x=x, y=y, z=LAND_Z, yaw=yaw)
    site.stand(thing, margin=-0.2, off_street=0.02)


def barrier(kind: str, width: float, style: int) -> Shape:
    """A run of hedge, fence, wall or guard rail, one of `STYLES`."""
    height = 0.7 + 0.25 * style
    if kind == "hedge":
        return shape_of("hedge", width=width, depth=0.6 + 0.08 * style, height=height, seed=style)
    if kind == "fence":
        return shape_of(("picket_fence", "railing", "board_fence", "chain_fence")[style % 4], width=width, height=min(height, 1.4))
    if kind == "guard_rail":
        return shape_of("guard_rail", width=width)
    return shape_of("garden_wall", width=width, height=min(height, 1.5))
