"""Open land: fields and their boundaries, rough verges, utility poles in line, guard rails at bends, woods near and far, hills."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, pi, sin

import numpy as np

from scenes.distributions import Uniform
from scenes.furnishing.layout import Box
from scenes.pieces.measures import shape_of
from scenes.scene import Shape
from scenes.shapes import size
from scenes.streets.curve import Float
from scenes.streets.lining import along, pick, place
from scenes.streets.network import Street
from scenes.streets.paving import LAND_Z, VERGE_M, ground
from scenes.streets.site import Site
from scenes.streets.thing import Thing

# What a field bears: weight, and how high it stands (metres, low and high).
CROPS = {
    "meadow": (3.0, (0.02, 0.12)),
    "cereal": (2.5, (0.3, 0.75)),
    "young_crop": (2.0, (0.05, 0.2)),
    "stubble": (1.5, (0.02, 0.06)),
    "ploughed": (1.8, (0.02, 0.05)),
    "rapeseed": (0.7, (0.5, 1.0)),
    "maize": (0.9, (0.5, 1.9)),
}
_WOODED = 0.18  # share of fields that are woods
_PIECE_M = 12.0  # of a field along the street, for one box of ground
_SHARP = 1 / 90.0  # curvature beyond which a bend gets a guard rail or chevrons, 1/m


def crop(rng: np.random.Generator) -> tuple[str, float]:
    """The role of what grows on a field, and its height."""
    role = pick(rng, {name: weight for name, (weight, _) in CROPS.items()})
    return role, round(float(rng.uniform(*CROPS[role][1])), 2)


def field(site: Site, street: Street, side: int, low: float, high: float, near: float, rng: np.random.Generator) -> None:
    """A field, or a wood, along a street from `near` metres off its middle, as deep as there is room."""
    deep = float(rng.uniform(35.0, 110.0))
    bend = side * float(street.curve.heading(high) - street.curve.heading(low)) / max(high - low, 1.0)
    if bend > 0:  # on the inside of a bend strips narrow outwards
        deep = min(deep, 0.6 / bend - near)
    low, high = low + 0.8, high - 0.8
    wooded = rng.uniform() < _WOODED
    for depth in (deep, 0.5 * deep, 0.25 * deep):
        boxes = _boxes(street, side, low, high, near, near + depth)
        if depth > 8.0 and high - low > 8.0 and all(site.free(box) for box in boxes):
            if wooded:
                _trees(site, street, side, low, high, near, min(depth, 22.0), rng)
            else:
                _sown(site, street, side, low, high, near, depth, rng)
            for box in boxes:
                site.standing.add([box])
            return
    site.rejected["field"] += 1


def _sown(site: Site, street: Street, side: int, low: float, high: float, near: float, depth: float, rng: np.random.Generator) -> None:
    """A crop whose rows run along the street or away from it, and what grows on its far edge."""
    role, height = crop(rng)
    lines = [street.curve.line(low, high, side * offset) for offset in (near, near + depth)]
    left, right = lines[::-1] if side > 0 else lines
    group, rows = f"{role}/{int(rng.integers(3))}", int(rng.integers(1, 3))
    site.ground.append(ground("field", role, left, right, LAND_Z + height, along=rows, group=group, depth=round(height + 0.3, 2)))
    _hedgerow(site, lines[1], f"hedgerow/{street.name}/{side}/{low:.0f}")


def _trees(site: Site, street: Street, side: int, low: float, high: float, near: float, depth: float, rng: np.random.Generator) -> None:
    """A wood: bushes at its edge, trees close together, and behind them a dark wall of more."""
    kinds = pick(rng, {"tree tree tree conifer": 2.0, "conifer conifer tree": 1.0, "tree": 1.0}).split()
    shapes = [site.piece(rng, kind) for kind in kinds]
    for row in np.arange(2.0, depth - 3.0, 5.0):
        for s in along(rng, low, high, Uniform(4.0, 7.5)):
            x, y, _ = place(street, s, side * (near + float(row) + float(rng.uniform(-1.5, 1.5))))
            group, yaw = f"wood/{int(rng.integers(4))}", float(rng.uniform(-pi, pi))
            shape = shapes[int(rng.integers(len(shapes)))]
            site.plant(Thing(category="tree", shape=shape, group=group, x=x, y=y, z=LAND_Z, yaw=yaw), crowded=True)
    for s in along(rng, low, high, Uniform(3.0, 9.0)):
        x, y, _ = place(street, s, side * (near + 0.3))
        site.plant(Thing(category="bush", shape=site.piece(rng, "bush"), group=f"wood/{int(s) % 3}", x=x, y=y, z=LAND_Z))
    shape = wood(rng, (30.0,))
    for s in np.arange(low + 12.0, high - 8.0, 24.0):
        x, y, heading = place(street, float(s), side * (near + depth + 3.0))
        site.add(Thing(category="tree", shape=shape, group="wood/behind", x=x, y=y, z=LAND_Z - 0.2, yaw=heading))


def _boxes(street: Street, side: int, low: float, high: float, near: float, far: float) -> list[Box]:
    """Boxes that cover a strip."""
    count = max(1, round((high - low) / _PIECE_M))
    step, boxes = (high - low) / count, []
    for k in range(count):
        x, y, heading = place(street, low + (k + 0.5) * step, side * (near + far) / 2)
        boxes.append(Box(x, y, step / 2, (far - near) / 2, heading, LAND_Z, 3.0))
    return boxes


def _hedgerow(site: Site, line: Float, name: str) -> None:
    """Bushes and trees along the far edge of a field, or nothing."""
    rng = site.rng(name)
    if rng.uniform() < 0.35:
        return
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    arc = np.concatenate([[0.0], np.cumsum(steps)])
    wild = rng.uniform() < 0.6
    away = np.array([-(line[-1] - line[0])[1], (line[-1] - line[0])[0]]) / max(float(np.linalg.norm(line[-1] - line[0])), 1e-6)
    outward = away if away @ (line[0] - site.net.main.curve.at(0.0)) > 0 else -away
    for s in along(rng, 0.0, float(arc[-1]), Uniform(2.0, 6.0) if wild else Uniform(7.0, 14.0)):
        kind = pick(rng, {"bush": 4.0, "tree": 1.2} if wild else {"tree": 1.0})
        x, y = np.array([np.interp(s, arc, line[:, k]) for k in (0, 1)]) + outward * float(rng.uniform(1.5, 3.0))
        category = "tree" if kind == "tree" else "bush"
        group, yaw = f"hedgerow/{kind}/{int(rng.integers(3))}", float(rng.uniform(-pi, pi))
        site.plant(Thing(category=category, shape=site.piece(rng, kind), group=group, x=float(x), y=float(y), z=LAND_Z, yaw=yaw))


def roadside(site: Site, street: Street, side: int, low: float, high: float, name: str) -> None:
    """Along a road without pavements: utility poles in line, guard rails and chevrons at bends, tufts of grass near the camera."""
    rng = site.rng(f"roadside/{name}")
    section = street.section
    if side == (1 if site.rng("poles").uniform() < 0.5 else -1) and site.rng("poles/any").uniform() < 0.65:
        pole = site.piece(site.rng("poles/kind"), "pole")
        for s in np.arange(low + float(rng.uniform(0, 30)), high, 42.0):
            x, y, heading = place(street, float(s), side * (section.half + VERGE_M + 0.9))
            site.stand(Thing(category="pole", shape=pole, group="poles", x=x, y=y, z=LAND_Z, yaw=heading + pi / 2))
    _outside_of_bends(site, street, side, low, high)
    _tufts(site, street, side, low, high, rng)


def _outside_of_bends(site: Site, street: Street, side: int, low: float, high: float) -> None:
    """A guard rail along the outside of sharp bends."""
    shape = shape_of("guard_rail", width=4.0)
    s = np.arange(low, high - 4.0, 4.0)
    bend = (street.curve.heading(s + 4.0) - street.curve.heading(s)) / 4.0
    for start, sharp in zip(s, -side * bend > _SHARP, strict=True):
        if sharp:
            x, y, heading = place(street, float(start) + 2.0, side * (street.section.half + 1.3))
            yaw = heading if side > 0 else heading + pi
            site.stand(Thing(category="guard_rail", shape=shape, group="guard rails", x=x, y=y, z=LAND_Z, yaw=yaw), margin=-0.1)


def _tufts(site: Site, street: Street, side: int, low: float, high: float, rng: np.random.Generator) -> None:
    """Long grass on the verge where the camera passes close by."""
    tufts = [shape_of("grass_tuft", width=w, height=h, lean=0.7, breadth=0.016, count=80, seed=k) for k, (w, h) in enumerate(_TUFTS)]
    for s in along(rng, low, high, Uniform(0.7, 2.6)):
        offset = street.section.half + float(rng.uniform(1.0, VERGE_M + 0.8))
        x, y, _ = place(street, s, side * offset)
        if site.view.distance((x, y)) < 24.0:
            thing = Thing(
                category="vegetation",
                shape=tufts[int(rng.integers(len(tufts)))],
                group="tufts",
                x=x,
                y=y,
                z=LAND_Z + 0.01,
                roles=("verge",),
            )
            site.stand(thing, margin=-0.3)


_TUFTS = ((1.8, 0.24), (1.5, 0.32), (2.2, 0.2), (1.2, 0.42))


def far_fields(site: Site, horizon: float, rng: np.random.Generator) -> None:
    """Fields beyond those along the road, with trees between them."""
    main = site.net.main
    for k in range(26):
        half = float(rng.uniform(25, 55)), float(rng.uniform(20, 45))
        s, offset = float(rng.uniform(0.0, horizon)), float(rng.uniform(55.0, 240.0)) * int(rng.choice((-1, 1)))
        x, y, heading = place(main, s, offset)
        box = Box(x, y, *half, heading + float(rng.normal(0, 0.15)), LAND_Z, 3.0)
        corners = np.asarray(box.corners())
        if not site.net.clear(np.concatenate([corners, corners.mean(axis=0, keepdims=True)]), 4.0) or not site.free(box.grown(2.0)):
            continue
        site.standing.add([box])
        role, height = crop(rng)
        group, depth = f"{role}/{k % 3}", round(height + 0.3, 2)
        lines = corners[[3, 2]], corners[[0, 1]]
        site.ground.append(ground("field", role, *lines, LAND_Z + height, along=1 + k % 2, group=group, depth=depth))
        for a, b in ((0, 1), (1, 2)):
            if rng.uniform() < 0.5:
                _row_of_trees(site, corners[a], corners[b], rng)


def _row_of_trees(site: Site, start: Float, end: Float, rng: np.random.Generator) -> None:
    kind = pick(rng, {"tree": 3.0, "bush": 2.0, "conifer": 0.5})
    shape, group = site.piece(rng, kind), f"row/{int(rng.integers(4))}"
    outward = np.array([(end - start)[1], -(end - start)[0]]) / np.linalg.norm(end - start)
    for s in along(rng, 0.0, float(np.linalg.norm(end - start)), Uniform(5.0, 11.0)):
        x, y = start + (end - start) * s / np.linalg.norm(end - start) + 1.0 * outward
        category = "bush" if kind == "bush" else "tree"
        site.plant(Thing(category=category, shape=shape, group=group, x=float(x), y=float(y), z=LAND_Z, yaw=float(rng.uniform(-pi, pi))))


def wood(rng: np.random.Generator, widths: tuple[float, ...]) -> Shape:
    """The edge of a wood, one of few so that scenes share meshes."""
    width, height = (float(rng.choice(choice)) for choice in (widths, (9.0, 12.0, 16.0)))
    return shape_of("tree_line", width=width, depth=12.0, height=height, detail=0.15, seed=int(rng.integers(3)))


def copses(site: Site, horizon: float, rng: np.random.Generator) -> Iterator[Thing]:
    """Edges of woods at several distances."""
    main = site.net.main
    for k in range(7):
        s, offset = float(rng.uniform(30.0, horizon + 20)), float(rng.uniform(45.0, 170.0)) * int(rng.choice((-1, 1)))
        shape, turn = wood(rng, (30.0, 50.0)), float(rng.uniform(-0.5, 0.5))
        width, _, height = size(shape)
        x, y, heading = place(main, s, offset)
        box = Box(x, y, width / 2, 6.0, heading + turn, LAND_Z, height)
        if site.free(box) and site.net.clear(np.asarray(box.corners()), 8.0):
            site.standing.add([box])
            if site.view.shows((x, y), width / 2, height):
                yield Thing(category="tree", shape=shape, group=f"woods/{k % 3}", x=x, y=y, z=LAND_Z - 0.2, yaw=heading + turn)


def hills(site: Site, horizon: float, rng: np.random.Generator) -> Iterator[Thing]:
    """Low hills behind the woods, ahead and to the sides."""
    x, y = site.net.main.curve.at(60.0)
    count = int(rng.integers(7, 11))
    for k in range(count):
        angle = 2 * pi * (k + float(rng.uniform(-0.3, 0.3))) / count
        distance = horizon + float(rng.uniform(130, 210))
        width, height = float(rng.choice([150.0, 220.0])), float(rng.choice([7.0, 14.0, 24.0]))
        shape = shape_of("hill", width=width, depth=90.0, height=height, seed=int(rng.integers(4)))
        px, py, yaw = float(x + distance * cos(angle)), float(y + distance * sin(angle)), angle - pi / 2
        role = pick(rng, {"meadow": 3.0, "woods": 2.0, "cereal": 1.0, "ploughed": 0.6})
        if site.view.shows((px, py), width / 2, height):
            yield Thing(category="field", shape=shape, group=f"hill/{k}", x=px, y=py, z=LAND_Z - 0.1, yaw=yaw, roles=(role,))
