"""Bodies of cars and vans: a lower shell with wheel arches, and a glasshouse that stands in it.

Both are grids (`vehicle_shell.shell`): the lower one runs from the sill up the sides to the shoulder line and over bonnet and boot, the
upper one from the belt line over the windows to the roof. Slots are numbered as in `SLOTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from scenes.shapes.parts import Float, Int, Part, box, boxes, join, rounded_box
from scenes.shapes.vehicle_shell import Outline, shell, wheels

Mask = NDArray[np.bool_]
SLOTS = ("car_paint", "car_glass", "tyre", "rim", "headlamp", "tail_lamp", "number_plate", "black_trim")
PAINT, GLASS, TYRE, RIM, HEADLAMP, TAIL_LAMP, PLATE, TRIM = range(len(SLOTS))

# Heights of the lower body's rows as fractions of the way from sill to shoulder, and how far each row stands back from the outline on
# the sides, in front and behind, in metres.
_ROWS = np.array([0.0, 0.07, 0.2, 0.33, 0.46, 0.62, 0.74, 0.88, 0.96, 1.0])
_SHOULDER = ([0.0, 0.03, 0.08, 0.16, 0.3], [0.06, 0.034, 0.015, 0.003, 0.0])
_SILL = ([0.0, 0.04, 0.1, 0.18, 0.26, 0.34], [0.05, 0.033, 0.018, 0.008, 0.003, 0.0])
_NOSE = np.array([0.09, 0.05, 0.012, 0.0, 0.0, 0.018, 0.04, 0.085, 0.14, 0.21])
_TAIL = np.array([0.11, 0.06, 0.02, 0.0, 0.004, 0.02, 0.03, 0.045, 0.065, 0.09])

CROWN = 0.045  # how much higher the roof is in the middle, in metres


@dataclass(frozen=True, kw_only=True)
class Fineness:
    """How finely a body is cut at a level of detail.

    rows: of the lower body, as in `_ROWS`. levels: of the glasshouse, from below the belt line to the roof's edge. over: rows from an edge
    to the middle line over bonnet and roof, as fractions of the half width. front, rear: columns of the lower body as fractions of the half
    width; screen: of windscreen and rear window. arch: columns over a wheel. panel: the longest column elsewhere, metres.
    """

    rows: Float
    levels: Float
    over: tuple[float, ...]
    front: tuple[float, ...]
    rear: tuple[float, ...]
    screen: tuple[float, ...]
    arch: int
    panel: float


# Far, middling, near.
FINENESS = (
    Fineness(
        rows=np.array([0.0, 0.62, 0.88, 1.0]),
        levels=np.array([0.0, 0.86, 1.0]),
        over=(0.0,),
        front=(0.0, 0.58, 0.86),
        rear=(0.86, 0.7, 0.0),
        screen=(0.0, 0.85),
        arch=3,
        panel=9.0,
    ),
    Fineness(
        rows=np.array([0.0, 0.07, 0.33, 0.62, 0.88, 1.0]),
        levels=np.array([0.0, 0.86, 0.95, 1.0]),
        over=(0.6, 0.0),
        front=(0.0, 0.34, 0.58, 0.84),
        rear=(0.87, 0.7, 0.4, 0.0),
        screen=(0.0, 0.5, 0.85),
        arch=5,
        panel=1.8,
    ),
    Fineness(
        rows=_ROWS,
        levels=np.array([0.0, 0.2, 0.86, 0.93, 0.975, 1.0]),
        over=(0.85, 0.45, 0.0),
        front=(0.0, 0.17, 0.34, 0.48, 0.58, 0.72, 0.84),
        rear=(0.87, 0.76, 0.6, 0.4, 0.2, 0.0),
        screen=(0.0, 0.3, 0.6, 0.85),
        arch=9,
        panel=0.9,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Body:
    """A car's measures in metres (`rake_deg`: the windscreen's angle from the vertical).

    half_width: without mirrors. bonnet, boot, roof: lengths. nose, belt, tail: heights of the shoulder line. axles: y of each.
    side_windows: (start, end) pairs along the glasshouse from -1 (front) to 1, of which the first `glazed_windows` are of glass, the others
    of sheet metal. glazed_tail: whether there is a rear window. corner, cabin_corner: exponents of the outlines in front and behind.
    end_rounding: how far nose and tail stand back, relative to a car's. shelf, tumble: how far the windows stand back below, and lean in.
    rear_header: the roof's drop behind. cladding: a dark lower edge all round. mirror: size; mirror_reach: how far it stands out.
    handles: y of door handles. with_tail: whether there are tail lamps and a number plate behind. with_sign:
    whether there is a dark band, for a bus's destination, over the windscreen. detail: 2 (near), 1 or 0 (far).
    """

    length: float
    half_width: float
    height: float
    clearance: float
    wheel_radius: float
    bonnet: float
    boot: float
    roof: float
    rake_deg: float
    nose: float
    belt: float
    tail: float
    axles: tuple[float, ...]
    side_windows: tuple[tuple[float, float], ...]
    glazed_windows: int = 9
    glazed_tail: bool = True
    corner: tuple[float, float] = (4.6, 7.0)
    cabin_corner: tuple[float, float] = (5.0, 7.0)
    end_rounding: float = 1.0
    shelf: float = 0.085
    tumble: float = 0.15
    rear_header: float = 0.06
    cladding: bool = False
    mirror: tuple[float, float, float] = (0.19, 0.11, 0.13)
    mirror_reach: float = 0.1
    handles: tuple[float, ...] = ()
    with_tail: bool = True
    with_sign: bool = False
    detail: int = 2

    @property
    def fineness(self) -> Fineness:
        return FINENESS[self.detail]

    @cached_property
    def outline(self) -> Outline:
        return Outline(self.half_width, -self.length / 2, self.length / 2, *self.corner)

    @cached_property
    def shoulder(self) -> PchipInterpolator:
        """Height of the upper edge of the lower body's sides over y."""
        front, rear, cowl = -self.length / 2, self.length / 2, -self.length / 2 + self.bonnet
        rise = 0.72 * self.belt + 0.28 * self.nose
        deck = max(rear - 2 * self.boot, cowl + 0.5 * self.length)
        y = [front, front + 0.45 * self.bonnet, cowl, 0.5 * (cowl + deck), deck, rear]
        z = [self.nose, rise, self.belt - 0.015, 0.5 * (self.belt + self.tail), self.tail, self.tail - 0.015]
        return PchipInterpolator(y, z)

    def deck(self, x: Float, y: Float) -> Float:
        """Height of the top of the lower body: the shoulder line, and a crown of 5 cm across. It bends downwards everywhere."""
        return np.asarray(self.shoulder(y) + 0.05 * (1 - (x / self.half_width) ** 2))


def _columns(body: Body) -> tuple[Float, Float, Float]:
    """Arc lengths of the columns' lower and upper ends and heights of the lower ends, all [C]."""
    outline, a, fine = body.outline, body.half_width, body.fineness
    reach = body.wheel_radius + 0.055
    low: list[float] = []
    high: list[float] = []
    bottom: list[float] = []

    def plain(arcs: Float) -> None:
        low.extend(arcs)
        high.extend(arcs)
        bottom.extend(np.full(len(arcs), body.clearance))

    def arch(y: float) -> None:
        """Columns over a wheel: their lower ends follow a circle about the hub, from sill to sill."""
        dip = np.arcsin(np.clip((body.wheel_radius - body.clearance) / reach, 0, 0.9))
        angle = np.linspace(-dip, np.pi + dip, fine.arch)
        low.extend(outline.at_y(y - reach * np.cos(angle)))
        high.extend(outline.at_y(np.linspace(y - reach - 0.01, y + reach + 0.01, fine.arch)))
        bottom.extend(body.wheel_radius + reach * np.sin(angle))

    nose = outline.at_x(a * np.array(fine.front))
    stern = outline.at_x(a * np.array(fine.rear), rear=True)
    plain(nose)
    for y in (*body.axles, None):
        until = stern[0] if y is None else float(outline.at_y([y - reach])[0])
        gap = until - high[-1]
        plain(high[-1] + gap * np.arange(1, 2 + int(gap / fine.panel)) / (2 + int(gap / fine.panel)))
        if y is not None:
            arch(y)
    plain(stern)
    return np.array(low), np.array(high), np.array(bottom)


def _tucked(body: Body, place: Float, above: Float, below: Float) -> Float:
    """Points [R, C, 2] of the outline moved inwards; `above` the sill and `below` the shoulder [R, C] in metres say how far the sides are.

    Lengths shrink monotonically, so nothing folds; the sides stay convex, whatever the wheel arches do to the rows.
    """
    flank = np.interp(below, *_SHOULDER) + np.interp(above, *_SILL)
    nose, tail = (body.end_rounding * np.interp(body.fineness.rows, _ROWS, back)[:, None] for back in (_NOSE, _TAIL))
    x, y = place[..., 0], place[..., 1]
    toward_end = (2 * np.abs(y) / body.length) ** 8
    return np.stack([x * (1 - flank / body.half_width), y - np.where(y < 0, -nose, tail) * toward_end], axis=-1)


def _spine(edge_y: Float) -> Float:
    """Where on the middle line each column ends [C]: opposite its edge, but spread out for the columns of front and rear."""
    spine = edge_y.copy()
    first, last = int((edge_y > edge_y[0] + 0.15).argmax()), int((edge_y > edge_y[-1] - 0.15).argmax()) - 1
    spine[:first] = np.linspace(edge_y[0] + 0.02, edge_y[first], first, endpoint=False)
    spine[last + 1 :] = np.linspace(edge_y[-1] - 0.02, edge_y[last], len(edge_y) - 1 - last, endpoint=False)[::-1]
    return spine


def _roofed(edge: Float, height: Callable[[Float, Float], Float], turns: tuple[float, ...]) -> Float:
    """Rows [len(turns), C, 3] over the height field height(x, y), from an edge [C, 3] to the middle line; `turns` run from 1 to 0."""
    t = np.array(turns)[:, None]
    x, y = edge[:, 0] * t, _spine(edge[:, 1]) * (1 - t) + edge[:, 1] * t
    return np.stack([x, y, height(x, y)], axis=2)


def lower_body(body: Body) -> list[list[Part]]:
    """The shell below the windows, one list of parts for each slot."""
    low, high, bottom = _columns(body)
    rows = body.fineness.rows[:, None]
    arc = low + (high - low) * rows
    place = body.outline.points(arc)[0]
    rough = bottom + (body.shoulder(place[-1, :, 1]) - bottom) * rows
    place = _tucked(body, place, rough - body.clearance, rough[-1] - rough)
    z = bottom + (body.deck(*place[-1].T) - bottom) * rows
    side = np.concatenate([place, z[..., None]], axis=2)
    side[:, [0, -1], 0] = 0.0
    keel = np.stack([np.zeros(len(low)), _spine(side[0, :, 1]), bottom], axis=1)
    grid = np.concatenate([keel[None], side, _roofed(side[-1], body.deck, body.fineness.over)])
    return shell(grid, _lower_slots(body, arc), len(SLOTS), crease_deg=38.0)


def _lower_slots(body: Body, arc: Float) -> Int:
    """Slots of the lower body's cells, keel and bonnet included."""
    rows = body.fineness.rows
    cells = np.full((len(rows) + len(body.fineness.over), arc.shape[1] - 1), PAINT)
    row = np.full(len(cells), np.nan)
    row[1 : len(rows)] = 0.5 * (rows[1:] + rows[:-1])
    middle = 0.5 * (arc[-1, 1:] + arc[-1, :-1])
    at, _ = body.outline.points(middle)
    x, y = at[:, 0] / body.half_width, at[:, 1]
    front, rear = y < -0.3 * body.length, y > 0.3 * body.length

    def paint(slot: int, low: float, high: float, columns: Mask) -> None:
        cells[((row > low) & (row < high))[:, None] & columns] = slot

    nose = front & (x < 0.87)
    paint(TRIM, 0.0, 0.07, np.ones_like(nose))
    paint(TRIM, 0.0, 0.2, (rear & (x < 0.8)) | (nose & (x < 0.63)) | body.cladding)
    paint(TRIM, 0.07, 0.33, nose & (x < 0.63))
    paint(TRIM, 0.46, 0.74, nose & (x < 0.53))
    lamp = front & (x > 0.57) & (y < min(body.axles[0] - body.wheel_radius - 0.1, 0.42 - 0.5 * body.length))
    paint(HEADLAMP, 0.62, 0.88, lamp)
    paint(TAIL_LAMP, 0.62, 0.88, rear & (x > 0.68) & (y > 0.5 * body.length - 0.3) & body.with_tail)
    cells[0] = TRIM
    return cells


def glasshouse(body: Body) -> list[list[Part]]:
    """Windows, pillars and roof, one list of parts for each slot; its foot is sunk into the lower body."""
    cowl, stern = -body.length / 2 + body.bonnet, body.length / 2 - body.boot
    rise = body.height - CROWN - body.belt
    run = rise * np.tan(np.radians(body.rake_deg))
    back = max(stern - cowl - run - body.roof, 0.1 * rise)
    rows = []
    for g in body.fineness.levels:
        curl = max(0.0, g - 0.9) ** 2
        width = body.half_width - body.shelf - body.tumble * g - 4.0 * curl
        outline = Outline(width, cowl - 0.08 + run * g + 3.0 * curl, stern - back * g - 3.0 * curl, *body.cabin_corner)
        rows.append(outline.points(_window_columns(body, outline, cowl, run, stern, back))[0])
    place = np.stack(rows)

    def roof(x: Float, y: Float) -> Float:
        """Highest in the middle, lower over windscreen, rear window and sides."""
        along = (2 * y - outline.front - outline.rear) / (outline.rear - outline.front)
        drop = np.where(along < 0, 0.04, body.rear_header) * along**2
        return np.asarray(body.height - drop - CROWN * (x / outline.half_width) ** 2)

    foot, eaves = body.shoulder(place[0, :, 1]) - 0.04, roof(*place[-1].T)
    z = foot + (eaves - foot) * body.fineness.levels[:, None]
    side = np.concatenate([place, z[..., None]], axis=2)
    side[:, [0, -1], 0] = 0.0
    floor = np.stack([np.zeros(place.shape[1]), _spine(place[0, :, 1]), foot], axis=1)
    grid = np.concatenate([floor[None], side, _roofed(side[-1], roof, body.fineness.over)])
    return shell(grid, _window_slots(body, grid.shape), len(SLOTS), crease_deg=32.0)


def _window_columns(body: Body, outline: Outline, cowl: float, run: float, stern: float, back: float) -> Float:
    """Arc lengths of the glasshouse's columns at one level. The pillars between side windows stand upright, the outer ones lean."""
    middle, half = (outline.front + outline.rear) / 2, (outline.rear - outline.front) / 2
    upright_middle, upright_half = 0.5 * (cowl - 0.08 + 0.5 * run + stern - 0.5 * back), 0.5 * (stern - cowl + 0.08 - 0.5 * (run + back))
    edges = [edge for window in body.side_windows for edge in window]
    inner = [upright_middle + upright_half * e for e in edges[1:-1]]
    sides = [middle + half * edges[0], *inner, middle + half * edges[-1]]
    ahead = outline.at_x(outline.half_width * np.array(body.fineness.screen))
    behind = outline.at_x(outline.half_width * np.array(body.fineness.screen[::-1]), rear=True)
    return np.concatenate([ahead, outline.at_y(sides), behind])


def _window_slots(body: Body, shape: tuple[int, ...]) -> Int:
    cells = np.full((shape[0] - 1, shape[1] - 1), PAINT)
    levels, screen = body.fineness.levels, len(body.fineness.screen) - 1
    level = np.full(len(cells), np.nan)
    level[1 : len(levels)] = 0.5 * (levels[1:] + levels[:-1])
    panes = 2 * len(body.side_windows)
    glazed = np.arange(shape[1] - 1) < screen
    sides = np.arange(screen + 1, screen + panes)
    glazed[sides[::2]] = True
    glazed[sides[::2][body.glazed_windows :]] = False
    upright = np.zeros_like(glazed)
    upright[sides[1::2][: body.glazed_windows - 1]] = True
    if body.glazed_tail:
        glazed[-screen:] = True
    cells[np.ix_(level < 0.86, upright)] = TRIM
    cells[np.ix_(level < 0.86, glazed)] = GLASS
    if body.with_sign:
        cells[(level > 0.86) & (level < 0.98), :screen] = TRIM
    return cells


def fittings(body: Body) -> list[list[Part]]:
    """Wheels, mirrors, door handles, number plates and the dark inside of the wheel arches, one list for each slot."""
    a, half, r = body.half_width, body.length / 2, body.wheel_radius
    tyres, rims = wheels(r, 0.11 + 0.3 * r, 5, a - 0.012, body.axles, body.detail)
    inside = [box(2 * a - 0.6, 2.2 * r + 0.1, 2 * r + 0.09 - body.clearance, (0, y, body.clearance + 0.01)) for y in body.axles]
    run = (body.height - body.belt) * np.tan(np.radians(body.rake_deg))
    x, y = a + body.mirror_reach - body.mirror[0] / 2, -half + body.bonnet + 0.24 * run + 0.12
    places = [(s * x, y, body.belt + 0.02) for s in (-1, 1)]
    mirrors = [rounded_box(*body.mirror, 0.04, at) if body.detail > 1 else box(*body.mirror, at) for at in places]
    plates = [(-half, body.clearance + 0.33 * (body.nose - body.clearance))]
    if body.with_tail:
        plates.append((half, body.clearance + 0.4 * body.tail))
    signs = [number_plate(y, z, body.detail) for y, z in plates]
    height = body.clearance + 0.8 * (body.belt - body.clearance)
    held = body.handles if body.detail > 1 else ()
    edges = [float(body.outline.points(body.outline.at_y([y]))[0][0, 0]) for y in held]
    handles = [box(0.03, 0.17, 0.026, (s * (x - 0.008), y, height)) for x, y in zip(edges, held, strict=True) for s in (-1, 1)]
    slots: list[list[Part]] = [[] for _ in SLOTS]
    slots[TYRE], slots[RIM], slots[PLATE], slots[PAINT], slots[TRIM] = (
        tyres,
        rims,
        [plate for plate, _ in signs],
        mirrors,
        [*inside, *handles, *(dark for _, dark in signs)],
    )
    return slots


def number_plate(y: float, z: float, detail: int) -> tuple[Part, Part]:
    """A plate that stands out of the front (y < 0) or rear at height z, and its dark surround and (near) characters."""
    face = 1.0 if y > 0 else -1.0
    dark = [box(0.53, 0.03, 0.14, (0, y - face * 0.016, z - 0.015))]
    if detail > 1:
        places, broad = [-0.19, -0.13, -0.02, 0.06, 0.17], [0.032, 0.032, 0.06, 0.032, 0.07]
        dark.append(boxes([[b, 0.01, 0.05] for b in broad], [[x, y + face * 0.004, z + 0.055] for x in places]))
    return box(0.5, 0.03, 0.11, (0, y - face * 0.01, z)), join(dark)
