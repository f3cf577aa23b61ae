"""Kitchen units and large appliances. Worktops of units with the same `counter_height` (or `height`) line up when their backs do."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.architecture import lattice
from scenes.shapes.assembly import hung, made_of, standing
from scenes.shapes.lofted import FORWARD, arc, loft, rounded_rectangle, stacked
from scenes.shapes.parts import Float, Part, box, boxes, cylinder, join, lathe, rounded_box, tube
from scenes.shapes.storage import pull

FRONT_M = 0.02  # thickness of a door or drawer front
Cell = tuple[float, float, float, float]  # x and z of a front's lower left and upper right corners


def _fronts(cells: list[Cell], y: float, handle: str, reach: float) -> tuple[list[Part], list[Part]]:
    """Fronts with their outer surface at y and their pulls: upright ones on tall fronts, at the top, or at the foot with `reach` < 0."""
    fronts, pulls = [], []
    for k, (x0, z0, x1, z1) in enumerate(cells):
        x, w, h = (x0 + x1) / 2, x1 - x0, z1 - z0
        fronts.append(rounded_box(w - 0.006, FRONT_M, h - 0.006, 0.004, (x, y + FRONT_M / 2, z0 + 0.003)))
        if h > w:
            side = -1.0 if k % 2 else 1.0
            pulls.append(pull(handle, x + side * (w / 2 - 0.045), y, z1 - 0.13 if reach > 0 else z0 + 0.13, upright=True))
        else:
            pulls.append(pull(handle, x, y, z1 - min(0.06, 0.5 * h), upright=False))
    return fronts, pulls


def _base(
    width: float, depth: float, top: float, columns: int, drawers: int, drawer_row: float, overhang: float, plinth: float, handle: str
) -> tuple[list[Part], list[Part], list[Part]]:
    """Carcass, fronts and pulls of a row of base units below a worktop's underside at `top`."""
    y = -depth / 2 + overhang
    inset = overhang + FRONT_M + 0.003
    carcass = [box(width - 0.002, depth - inset - 0.004, top - plinth + 0.006, (0, inset / 2 - 0.002, plinth))]
    carcass.append(box(width - 0.006, depth - inset - 0.06, plinth + 0.004, (0, inset / 2 + 0.025, 0)))
    edges = np.linspace(-width / 2 + 0.001, width / 2 - 0.001, int(columns) + 1)
    low, high = plinth + 0.002, top - 0.004
    cells: list[Cell] = []
    for k in range(int(columns)):
        a, b = float(edges[k]), float(edges[k + 1])
        if k == 0 and drawers:
            zs = high - (high - low) * np.concatenate([[0], np.cumsum(np.linspace(0.7, 1.3, int(drawers)))]) / int(drawers)
        else:
            zs = np.array([high, high - drawer_row, low]) if drawer_row > 0.05 else np.array([high, low])
        cells += [(a, float(z0), b, float(z1)) for z1, z0 in pairwise(zs)]
    fronts, pulls = _fronts(cells, y, handle, 1.0)
    return carcass, fronts, pulls


@made_of("cupboard", "kitchen_front", "worktop", "metal")
def kitchen_counter(
    width: float = 1.2,
    depth: float = 0.62,
    height: float = 0.9,
    columns: int = 2,
    drawers: int = 3,
    drawer_row: float = 0.0,
    worktop: float = 0.038,
    overhang: float = 0.032,
    plinth: float = 0.1,
    handle: str = "bar",
) -> Mesh:
    """Base units under a worktop: the first column has `drawers` of them, the others doors under a drawer `drawer_row` high (0: none)."""
    under = height - worktop
    carcass, fronts, pulls = _base(width, depth, under, columns, drawers, drawer_row, overhang, plinth, handle)
    slab = rounded_box(width, depth, worktop, 0.005, (0, 0, under))
    return standing((width, depth, height), carcass, fronts, slab, pulls)


def tap(reach: float, rise: float, at: Float | tuple[float, float, float], thick: float = 0.011) -> Part:
    """A mixer tap that stands at `at` and reaches towards -y in an arc, `rise` high."""
    x, y, z = at
    bend = arc(reach / 2, 0, 170, 9)
    stem = max(rise - reach / 2, 0.03)
    path = [(x, y, z + 0.004)] + [(x, y - reach / 2 + a, z + stem + b) for a, b in bend]
    foot = cylinder(1.9 * thick, 0.045, (x, y, z), segments=14, top=1.6 * thick)
    lever = tube([(x + 1.2 * thick, y, z + 0.03), (x + 0.055, y, z + 0.055)], 0.45 * thick, 6)
    return join([tube(path, thick, 10), foot, lever])


@made_of("cupboard", "kitchen_front", "worktop", "metal", "steel")
def kitchen_sink_counter(
    width: float = 1.0,
    depth: float = 0.62,
    height: float = 1.18,
    counter_height: float = 0.9,
    basin_width: float = 0.5,
    basin_depth: float = 0.17,
    columns: int = 2,
    worktop: float = 0.038,
    overhang: float = 0.032,
    plinth: float = 0.1,
    handle: str = "bar",
) -> Mesh:
    """Base units with a steel basin in the worktop, which is `counter_height` high, and a tap that reaches to `height`."""
    under = counter_height - worktop
    carcass, fronts, pulls = _base(width, depth, under - 0.21, columns, 0, 0.0, overhang, plinth, handle)
    y = -depth / 2 + overhang
    apron = [
        (float(a), under - 0.208, float(b), under - 0.004)
        for a, b in _pairs(np.linspace(-width / 2 + 0.001, width / 2 - 0.001, columns + 1))
    ]
    fronts += _fronts(apron, y, handle, 1.0)[0]
    sides = [box(0.018, depth - overhang - 0.05, 0.214, (s * (width / 2 - 0.012), 0.5 * overhang + 0.02, under - 0.212)) for s in (-1, 1)]
    sides.append(box(width - 0.03, 0.018, 0.213, (0, depth / 2 - 0.02, under - 0.2115)))
    w, d = min(basin_width, width - 0.12), 0.62 * depth
    middle = -0.04 * depth
    flat = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
    xs, ys = [-width / 2, -w / 2, w / 2, width / 2], [-depth / 2, middle - d / 2, middle + d / 2, depth / 2]
    slab = lattice(xs, ys, [[1, 1, 1], [1, 0, 1], [1, 1, 1]], -counter_height, -under).turned(flat)
    rim = rounded_rectangle(w + 0.05, d + 0.05, 0.04)
    inner = [
        (rounded_rectangle(w - k, d - k, 0.05), z)
        for k, z in ((0.004, 0.004), (0.02, -0.02), (0.04, -basin_depth), (0.12, -basin_depth - 0.012))
    ]
    outer = [(rounded_rectangle(w - k, d - k, 0.05), z) for k, z in ((0.1, -basin_depth - 0.02), (0.01, -basin_depth), (0.006, -0.002))]
    bowl = loft(stacked([*outer, (rim, -0.001), (rim, 0.003), *inner])).moved(y=middle, z=counter_height)
    drain = cylinder(0.03, 0.004, (0, middle, counter_height - basin_depth - 0.013), segments=16)
    spout = tap(0.19, height - counter_height, (0, middle + d / 2 + 0.045, counter_height - 0.002))
    return standing((width, depth, height), [*carcass, *sides], fronts, slab, [*pulls, spout], [bowl, drain])


def _pairs(edges: Float) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in pairwise(edges)]


@made_of("cupboard", "kitchen_front", "metal", wall_hung=True)
def wall_cabinet(
    width: float = 0.8,
    depth: float = 0.34,
    height: float = 0.7,
    columns: int = 2,
    cornice: float = 0.03,
    plate: float = 0.018,
    handle: str = "bar",
) -> Mesh:
    """A closed cabinet on the wall; `cornice` is the height of the board on top, `plate` the thickness of the board below."""
    y = -depth + 0.026
    carcass = [box(width - 0.004, depth - 0.05, height - 0.5 * plate - 0.5 * cornice, (0, -(depth - 0.05) / 2 - 0.001, 0.5 * plate))]
    carcass.append(box(width, depth - 0.03, plate, (0, -(depth - 0.03) / 2, 0)))
    carcass.append(rounded_box(width, depth - 0.004, cornice, 0.006, (0, -(depth - 0.004) / 2, height - cornice)))
    edges = np.linspace(-width / 2 + 0.001, width / 2 - 0.001, int(columns) + 1)
    fronts, pulls = _fronts([(a, plate, b, height - cornice) for a, b in _pairs(edges)], y, handle, -1.0)
    return hung((width, depth, height), carcass, fronts, pulls)


def _bar(length: float, x: float, y: float, z: float, upright: bool, thick: float = 0.011) -> Part:
    """A round bar handle that stands 4 cm off the surface at y."""
    half = length / 2
    ends = [(x, z - half), (x, z + half)] if upright else [(x - half, z), (x + half, z)]
    (ax, az), (bx, bz) = ends
    bar = tube([(ax, y - 0.033, az), (bx, y - 0.033, bz)], thick, 10)
    posts = [
        tube([(ax + f * (bx - ax), y + 0.004, az + f * (bz - az)), (ax + f * (bx - ax), y - 0.03, az + f * (bz - az))], 0.6 * thick, 6)
        for f in (0.08, 0.92)
    ]
    return join([bar, *posts])


def knob(radius: float, x: float, y: float, z: float, long: float = 0.022) -> Part:
    """A turning knob on a front at y."""
    body = lathe([(0, 0), (radius, 0), (0.9 * radius, long), (0, long)], 16)
    mark = box(0.12 * radius, 0.9 * radius, 0.003, (0, 0.4 * radius, long - 0.001))
    return join([body, mark]).turned(FORWARD).moved(x, y + 0.002, z)


@made_of("appliance", "dark_glass", "metal", "burner")
def stove(
    width: float = 0.6,
    depth: float = 0.62,
    height: float = 0.9,
    door_height: float = 0.46,
    window: float = 0.62,
    plinth: float = 0.08,
    knobs: int = 5,
    hob: str = "ceramic",
) -> Mesh:
    """A cooker: oven door with a window (`window` of its width), knobs above it, a drawer below, a "ceramic" or "gas" hob on top."""
    grate = 0.03 if hob == "gas" else 0.004
    top, y = height - grate, -depth / 2 + 0.045
    body = [rounded_box(width, depth - 0.065, top - plinth - 0.008, 0.006, (0, 0.0325, plinth))]
    body.append(box(width - 0.02, depth - 0.14, plinth + 0.01, (0, 0.06, 0)))
    panel = 0.12
    door_z = top - panel - door_height
    body.append(rounded_box(width - 0.006, 0.028, door_height - 0.008, 0.006, (0, y + 0.014, door_z)))
    body.append(rounded_box(width - 0.006, 0.028, panel - 0.02, 0.006, (0, y + 0.014, top - panel + 0.004)))
    if door_z - plinth > 0.06:
        body.append(rounded_box(width - 0.006, 0.028, door_z - plinth - 0.012, 0.006, (0, y + 0.014, plinth + 0.004)))
    glass = [rounded_box(window * width, 0.01, 0.6 * door_height, 0.004, (0, y, door_z + 0.14 * door_height))]
    glass.append(rounded_box(width - 0.002, depth - 0.046, 0.014, 0.004, (0, 0.023, top - 0.012)))
    glass.append(rounded_box(0.14, 0.006, 0.04, 0.002, (0, y, top - 0.08)))
    xs = [x for x in np.linspace(-0.42, 0.42, int(knobs) + 2) * width if abs(x) > 0.1]
    metal = [knob(0.021, float(x), y, top - 0.06) for x in xs]
    metal.append(_bar(0.82 * width, 0.0, y, door_z + 0.88 * door_height, upright=False))
    places = [
        (sx * 0.24 * width, 0.02 + sy * 0.22 * depth, r) for sx, sy, r in ((-1, -1, 0.09), (1, -1, 0.075), (-1, 1, 0.07), (1, 1, 0.1))
    ]
    return standing((width, depth, height), body, glass, metal, _hob(hob, places, top, width, depth))


def _hob(style: str, places: list[tuple[float, float, float]], z: float, width: float, depth: float) -> list[Part]:
    """Rings on glass, or gas burners under iron grates that reach 3 cm up."""
    if style == "ceramic":
        return [
            lathe([(r - 0.006, 0), (r, 0), (r, 0.003), (r - 0.006, 0.003), (r - 0.006, 0)], 32, (x, y, z + 0.001)) for x, y, r in places
        ]
    parts = [lathe([(0, 0), (0.5 * r, 0), (0.5 * r, 0.01), (0.3 * r, 0.016), (0, 0.016)], 20, (x, y, z)) for x, y, r in places]
    for sx in (-1, 1):
        x = sx * 0.24 * width
        bars = [(0.4 * width, 0.01, 0.01)] * 4
        parts.append(boxes(bars, [[x, 0.02 + f * depth, z + 0.025] for f in (-0.36, -0.22, 0.22, 0.36)]))
        parts.append(boxes([[0.0098, 0.74 * depth, 0.0098]] * 3, [[x + f * width, 0.02, z + 0.0245] for f in (-0.195, 0.0, 0.195)]))
        feet = [[x + fx * width, 0.02 + fy * depth, z + 0.011] for fx in (-0.188, 0.188) for fy in (-0.355, 0.355)]
        parts.append(boxes([[0.012, 0.012, 0.024]] * 4, feet))
    return parts


@made_of("appliance", "metal", "rubber")
def refrigerator(
    width: float = 0.6,
    depth: float = 0.66,
    height: float = 1.8,
    freezer: float = 0.32,
    handle_length: float = 0.4,
    bulge: float = 0.012,
    freezer_below: int = 1,
) -> Mesh:
    """A fridge-freezer; `freezer` is its share of the height (0: a single door), `bulge` the rounding of the doors' edges."""
    out, door = 0.046, 0.06
    y = -depth / 2 + out
    cabinet = rounded_box(width, depth - out - door - 0.012, height - 0.03, 0.008, (0, (out + door + 0.012) / 2, 0.03), upright=True)
    low, high = 0.07, height - 0.002
    split = low + freezer * (high - low) if freezer_below else high - freezer * (high - low)
    spans = [(low, split - 0.006), (split + 0.006, high)] if freezer > 0.05 else [(low, high)]
    doors = [rounded_box(width - 0.002, door, b - a, bulge, (0, y + door / 2, a), segments=2, upright=True) for a, b in spans]
    bars = []
    for k, (a, b) in enumerate(spans):
        long = min(handle_length, 0.7 * (b - a))
        middle = b - 0.06 - long / 2 if k == 0 and len(spans) > 1 else a + 0.06 + long / 2
        bars.append(_bar(long, width / 2 - 0.06, y, middle if len(spans) > 1 else 0.55 * height, upright=True, thick=0.012))
    seal = [box(width - 0.03, 0.03, b - a - 0.02, (0, y + door + 0.004, a + 0.01)) for a, b in spans]
    foot = box(width - 0.04, depth - out - 0.08, 0.05, (0, out / 2 + 0.03, 0))
    return standing((width, depth, height), [cabinet, *doors], bars, [*seal, foot])


@made_of("appliance", "metal", "bulb", wall_hung=True)
def range_hood(
    width: float = 0.6,
    depth: float = 0.5,
    height: float = 0.75,
    skirt: float = 0.06,
    duct: float = 0.26,
    slope: float = 0.28,
    style: str = "chimney",
) -> Mesh:
    """An extractor hood: a sloping "chimney" with a duct `duct` wide, or a flat "visor". `skirt` is its lower rim, `slope` its height."""
    rim = rounded_box(width, depth, skirt, 0.004, (0, -depth / 2, 0))
    rise = min(slope, 0.6 * height) if style == "chimney" else 0.5 * skirt
    outlines = [(rounded_rectangle(width - 0.01, depth - 0.01, 0.004, 1), skirt - 0.003, 0.0, -depth / 2)]
    outlines.append((rounded_rectangle(duct + 0.02, 0.8 * duct + 0.02, 0.004, 1), skirt + rise, 0.0, -0.4 * duct - 0.013))
    shaft = rounded_box(duct, 0.8 * duct, height - skirt - rise + 0.02, 0.003, (0, -0.4 * duct - 0.004, skirt + rise - 0.02), upright=True)
    filters = [box(0.3 * width, 0.55 * depth, 0.006, (s * 0.2 * width, -0.5 * depth, -0.003)) for s in (-1, 1)]
    buttons = [
        cylinder(0.008, 0.006, segments=10).turned(FORWARD).moved(x, -depth + 0.003, 0.5 * skirt) for x in np.linspace(-0.05, 0.05, 4)
    ]
    lights = [cylinder(0.03, 0.005, (s * 0.38 * width, -0.75 * depth, -0.0025), segments=14) for s in (-1, 1)]
    return hung((width, depth, height), [rim, loft(stacked(outlines)), shaft], [*filters, *buttons], lights)


def _porthole(radius: float, y: float, x: float, z: float) -> tuple[Part, Part]:
    """The ring and the bulging glass of a round door on a front at y."""
    ring = [
        (0.72 * radius, 0.0),
        (radius, 0.0),
        (radius, 0.012),
        (0.9 * radius, 0.03),
        (0.76 * radius, 0.03),
        (0.72 * radius, 0.018),
        (0.72 * radius, 0.0),
    ]
    glass = [(0, 0.001), (0.74 * radius, 0.001), (0.74 * radius, 0.016), (0.5 * radius, 0.026), (0, 0.03)]
    turned = [lathe(profile, 32, crease_deg=50).turned(FORWARD).moved(x, y + 0.002, z) for profile in (ring, glass)]
    return turned[0], turned[1]


@made_of("appliance", "dark_glass", "metal", "plastic")
def washing_machine(
    width: float = 0.6, depth: float = 0.6, height: float = 0.85, door: float = 0.34, panel: float = 0.12, plinth: float = 0.09
) -> Mesh:
    """A front loader: a round door of diameter `door`, a control panel `panel` high, a kick plate `plinth` high."""
    y = -depth / 2 + 0.035
    body = [rounded_box(width, depth - 0.037, height - 0.024, 0.01, (0, 0.0185, 0.012), upright=True)]
    body.append(rounded_box(width - 0.004, 0.02, panel, 0.006, (0, y, height - panel - 0.012), upright=True))
    body.append(rounded_box(0.24 * width, 0.02, 0.6 * panel, 0.004, (-0.34 * width, y - 0.005, height - 0.8 * panel - 0.012), upright=True))
    body.append(rounded_box(width - 0.02, 0.012, plinth, 0.004, (0, y, 0.02), upright=True))
    middle = plinth + 0.03 + (height - panel - plinth - 0.04) / 2
    ring, glass = _porthole(door / 2, y, 0.0, middle)
    show = box(0.22 * width, 0.006, 0.35 * panel, (0.28 * width, y - 0.01, height - 0.68 * panel - 0.012))
    dial = knob(0.3 * panel, 0.02 * width, y - 0.009, height - 0.5 * panel - 0.012)
    feet = [cylinder(0.02, 0.03, (sx * (width / 2 - 0.06), sy * (depth / 2 - 0.1), 0), segments=10) for sx in (-1, 1) for sy in (-1, 1)]
    return standing((width, depth, height), body, [glass, show], [ring, dial], feet)


@made_of("appliance", "dark_glass", "metal", "plastic")
def dishwasher(
    width: float = 0.6, depth: float = 0.6, height: float = 0.85, panel: float = 0.11, plinth: float = 0.1, handle_length: float = 0.4
) -> Mesh:
    """A dishwasher: a plain door under a control panel `panel` high, with a bar handle."""
    y = -depth / 2 + 0.046
    body = [rounded_box(width, depth - 0.07, height - plinth, 0.006, (0, 0.035, plinth), upright=True)]
    body.append(rounded_box(width - 0.006, 0.03, panel - 0.008, 0.005, (0, y + 0.015, height - panel - 0.002), upright=True))
    body.append(rounded_box(width - 0.006, 0.03, height - panel - plinth - 0.016, 0.005, (0, y + 0.015, plinth + 0.008), upright=True))
    show = [box(0.2 * width, 0.004, 0.035, (0.25 * width, y, height - 0.5 * panel - 0.02))]
    bar = _bar(min(handle_length, 0.9 * width), 0.0, y, height - panel - 0.06, upright=False)
    buttons = [
        cylinder(0.007, 0.006, segments=8).turned(FORWARD).moved(x * width, y + 0.003, height - 0.5 * panel) for x in (-0.4, -0.35, -0.3)
    ]
    foot = box(width - 0.02, depth - 0.16, plinth + 0.01, (0, 0.05, 0))
    return standing((width, depth, height), body, show, [bar, *buttons], foot)
