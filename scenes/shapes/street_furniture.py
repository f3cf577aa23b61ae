"""What stands on a pole in streets: lamps, traffic lights, signs; and poles, bollards, hydrants, parking meters.

Poles stand on the origin, and what they carry reaches out from there: lamps towards -y (over the road), traffic lights along -x with their
lamps facing -y. Such shapes have no `width`. The others are as wide, deep and high as they say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scenes.errors import UserError
from scenes.scene import Mesh
from scenes.shapes.assembly import assemble, made_of, standing
from scenes.shapes.parts import Float, Part, box, cylinder, lathe, prism, rounded_box, tube
from scenes.shapes.soft import sheet
from scenes.textures.signs import BOARD_M, SIGN_CELLS, SIGN_GRID, SIGNS_M

_FORWARD = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])  # turns +z to -y and +y to +z


def _mast(height: float, diameter: float, taper: float, foot: float = 1.0) -> Part:
    """A round mast with a thicker foot of `foot` metres."""
    r = diameter / 2
    sleeve = [(0, 0), (1.25 * r, 0), (1.25 * r, foot), (r, foot + 0.05), (taper * r, height), (0, height)]
    return lathe(sleeve, 12)


@made_of("painted_metal", "lamp_glow")
def street_lamp(
    height: float = 7.0, arm: float = 1.3, diameter: float = 0.15, head: float = 0.6, rise: float = 0.35, double: int = 0
) -> Mesh:
    """A mast with one or two (`double`) arms `arm` long that end in a flat lamp `head` long; `arm` = 0 carries a lantern on top."""
    if arm <= 0:
        return assemble(*_lantern(height, diameter, head))
    top = height - rise
    metal, glow = [_mast(top, diameter, 0.6)], []
    for side in (-1, 1)[: 1 + int(bool(double))]:
        s = np.linspace(0, 1, 6)
        path = np.stack([np.zeros(6), side * arm * s, top - 0.05 + rise * np.sin(0.5 * np.pi * s)], axis=1)
        metal.append(tube(path, 0.024 + 0.12 * diameter, 8))
        y, z = side * (arm + 0.4 * head), height - 0.11
        metal.append(rounded_box(0.36 * head, head, 0.13, 0.05, (0, y, z)))
        glow.append(box(0.27 * head, 0.7 * head, 0.03, (0, y, z - 0.012)))
    return assemble(metal, glow)


def _lantern(height: float, diameter: float, head: float) -> tuple[list[Part], list[Part]]:
    """A classic lantern on a post: metal and glass."""
    top, r = height - 1.15 * head, 0.36 * head
    ring = lathe([(0, 0), (2.1 * diameter / 2, 0), (2.1 * diameter / 2, 0.1), (0.6 * diameter, 0.18), (0, 0.18)], 12, (0, 0, 0.45))
    cage = lathe([(0, 0), (0.55 * r, 0), (0.6 * r, 0.06 * head), (0, 0.06 * head)], 12, (0, 0, top - 0.01))
    roof = lathe([(0, 0), (1.12 * r, 0), (1.0 * r, 0.08 * head), (0.25 * r, 0.3 * head), (0.1 * r, 0.36 * head), (0, 0.36 * head)], 12)
    glass = cylinder(0.55 * r, 0.76 * head, (0, 0, top + 0.04 * head), segments=12, top=0.98 * r)
    return [_mast(top, diameter, 0.7, 0.5), ring, cage, roof.moved(0, 0, height - 0.36 * head)], [glass]


def _hood(radius: float, length: float) -> Part:
    """A visor over a lamp: three quarters of a short pipe that reaches towards -y."""
    angle = np.linspace(-0.2 * np.pi, 1.2 * np.pi, 11)
    ring = np.stack([np.cos(angle), np.zeros(11), np.sin(angle)], axis=1) * radius
    return sheet(np.stack([ring, ring + np.array([0.0, -length, 0.0])])[::-1], 0.006)


_LIT = {"red": (0,), "amber": (1,), "green": (2,), "red_amber": (0, 1), "off": ()}


def _signal_head(lamps: int, size: float, lit: str) -> tuple[list[Part], list[Part], list[list[Part]]]:
    """Housing, lenses and the glow of red, amber and green. The head's back is y = 0, its foot z = 0.

    Glow lies behind its dark lens where a lamp is not lit, and before it where it is.
    """
    if lit not in _LIT:
        raise UserError(f"unknown lamps {lit!r} of a traffic light: known are {', '.join(_LIT)}")
    pitch, deep = 1.28 * size, 0.65 * size
    housing = [rounded_box(1.4 * size, deep, lamps * pitch + 0.1 * size, 0.12 * size, (0, -deep / 2, 0))]
    lenses, glow = [], [[], [], []]  # type: tuple[list[Part], list[list[Part]]]
    rows = {3: (0, 1, 2), 2: (0, 2), 1: (1,)}[lamps]
    for k, colour in enumerate(rows):
        z = (lamps - 1 - k + 0.5) * pitch + 0.05 * size
        disc = lathe([(0, 0), (0.5 * size, 0), (0.46 * size, 0.05 * size), (0.25 * size, 0.11 * size), (0, 0.13 * size)], 16)
        lens = disc.turned(_FORWARD).moved(0, -deep + 0.005, z)
        lenses.append(lens)
        glow[colour].append(lens.moved(0, -0.02 if colour in _LIT[lit] else 0.14 * size, 0))
        housing.append(_hood(0.56 * size, 0.75 * size).moved(0, -deep + 0.01, z))
    for colour in set(range(3)) - set(rows):
        glow[colour].append(box(0.1 * size, 0.1 * size, 0.1 * size, (0, -deep / 2, 0.2 * size)))
    return housing, lenses, glow


@made_of("painted_metal", "signal_housing", "signal_lens", "signal_red", "signal_amber", "signal_green")
def traffic_light(
    height: float = 3.3, size: float = 0.21, diameter: float = 0.12, arm: float = 0.0, board: float = 0.0, lamps: int = 3, lit: str = "red"
) -> Mesh:
    """A traffic light with `lamps` (1 ... 3) of diameter `size` that face -y; `lit` is "red", "amber", "green", "red_amber" or "off".

    With an `arm` (metres towards -x, negative towards +x) a second, equal head hangs over the road. `board` is the margin of a backing
    board round the head.
    """
    lamps = int(lamps)
    tall = lamps * 1.28 * size + 0.1 * size
    housing, lenses, glow = _signal_head(lamps, size, lit)
    if board > 0:
        housing.append(box(1.4 * size + 2 * board, 0.012, tall + 2 * board, (0, -0.2 * size, -board)))
    low = (min(3.3, height) if arm else height) - tall
    places = [(0.0, low)]
    poles = [
        _mast(height if arm else low + 0.9 * tall, diameter, 0.85, 0.9),
        box(0.05, 0.1, 0.5 * tall, (0, -diameter / 2 - 0.03, low + 0.25 * tall)),
    ]
    if arm:
        beam = np.array([[0, 0, height - 0.3], [-0.25 * arm, 0, height - 0.12], [-arm, 0, height - 0.06]])
        poles.append(tube(beam, 0.38 * diameter, 8))
        places.append((-arm, height - tall - 0.1))
        poles.append(box(0.06, 0.1, 0.4 * tall, (-arm, -diameter / 2 - 0.03, height - 0.06 - 0.4 * tall)))
    y = -diameter / 2 - 0.06

    def everywhere(parts: list[Part]) -> list[Part]:
        return [part.moved(x, y, z) for part in parts for x, z in places]

    return assemble(poles, everywhere(housing), everywhere(lenses), *(everywhere(part) for part in glow))


def _outline(kind: str) -> Float:
    """Outline [N, 2] of a sign's face in units of its size, x to the right and z upwards, counter-clockwise seen from the front."""
    if kind == "triangle":
        return np.array([[-0.5, -0.43], [0.5, -0.43], [0.0, 0.43]])
    if kind in ("limit", "ban", "order"):
        angle = 2 * np.pi * np.arange(20) / 20
        return 0.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if kind == "octagon":
        angle = 2 * np.pi * (np.arange(8) + 0.5) / 8
        return 0.541 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if kind == "diamond":
        return np.array([[0.0, -0.5], [0.5, 0.0], [0.0, 0.5], [-0.5, 0.0]])
    return np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * (1, 0.5 if kind == "plate" else 1)


def sign_panel(kind: str, size: float, thickness: float, at: ArrayLike) -> tuple[Part, Part]:
    """Face and back of a sign's panel whose face's middle is `at` and faces -y; together they are one closed solid.

    The face shows its cell of the picture "signs" once (texture metres: SIGNS_M).
    """
    if kind not in SIGN_CELLS:
        raise UserError(f"unknown sign {kind!r}: known are {', '.join(SIGN_CELLS)}")
    outline = _outline(kind) * size
    panel = prism(outline, thickness).turned(_FORWARD).moved(0, thickness, 0)
    span = outline.max(axis=0) - outline.min(axis=0)
    middle = (outline.max(axis=0) + outline.min(axis=0)) / 2
    row, column = divmod(SIGN_CELLS.index(kind), SIGN_GRID)
    inside = np.array([column, row]) + 0.5 + 0.94 * (panel.vertices[:, [0, 2]] - middle) / span * (1, -1)
    panel = panel.with_uvs(inside * (SIGNS_M / SIGN_GRID)).moved(*np.asarray(at, dtype=np.float64))
    front = panel.normals[panel.faces[:, 0], 1] < -0.99
    return Part(panel.vertices, panel.faces[front], panel.uvs, panel.normals), Part(
        panel.vertices, panel.faces[~front], panel.uvs, panel.normals
    )


@made_of("galvanised", "sign_face", "sign_back")
def traffic_sign(
    sign: str = "triangle", size: float = 0.75, height: float = 2.9, diameter: float = 0.07, thickness: float = 0.012, plate: float = 0.0
) -> Mesh:
    """A sign on a post, its upper edge at `height`, facing -y. `sign` is one of `scenes.textures.signs.SIGN_CELLS`.

    `size` is its breadth; `plate` > 0 is the breadth of a supplementary plate below it.
    """
    y, r = -diameter / 2 - 0.02, diameter / 2
    outline = _outline(sign)
    centre, low = height - size * float(outline[:, 1].max()), height - size * float(np.ptp(outline[:, 1]))
    panels = [sign_panel(sign, size, thickness, (0, y - thickness, centre))]
    if plate > 0:
        panels.append(sign_panel("plate", plate, thickness, (0, y - thickness, low - 0.02 - 0.25 * plate)))
    metal = [cylinder(r, height - 0.06 * size, segments=10)]
    metal += [box(0.9 * diameter, 0.04, 0.04, (0, -r - 0.004, z)) for z in (centre - 0.2 * size, centre + 0.12 * size)]
    return assemble(metal, [face for face, _ in panels], [back for _, back in panels])


@made_of("galvanised", "board_face", "sign_back")
def direction_sign(
    width: float = 2.6, depth: float = 0.16, height: float = 3.2, clearance: float = 1.9, diameter: float = 0.09, spacing: float = 0.6
) -> Mesh:
    """A board with directions on two posts, `spacing` of its width apart; its lower edge is `clearance` above the ground."""
    tall, front = height - clearance, -depth / 2
    back = box(width, 0.03, tall, (0, front + 0.02, clearance))
    face = box(width - 0.02, 0.01, tall - 0.02, (0, front + 0.005, clearance + 0.01))
    face = face.with_uvs(BOARD_M * ((face.vertices[:, [0, 2]] - (0, clearance + tall / 2)) / (width, -tall) + 0.5))
    r = min(diameter / 2, 0.45 * (depth - 0.03))
    posts = [cylinder(r, height - 0.06, (s * spacing * width / 2, depth / 2 - r, 0), segments=10) for s in (-1, 1)]
    rails = [
        box(spacing * width + 0.1, depth - 0.03 - r, 0.05, (0, front + 0.03 + (depth - 0.03 - r) / 2, z))
        for z in (clearance + 0.2 * tall, clearance + 0.7 * tall)
    ]
    return standing((width, depth, height), [*posts, *rails], face, back)


@made_of("pole_wood", "galvanised")
def pole(height: float = 8.0, diameter: float = 0.24, crossarm: float = 1.6, drop: float = 0.45, arms: int = 2) -> Mesh:
    """A utility pole; `arms` cross-arms `crossarm` long, `drop` metres apart, carry insulators."""
    r = diameter / 2
    wood = [lathe([(0, 0), (r, 0), (0.65 * r, height), (0, height)], 10)]
    metal = [cylinder(0.68 * r, 0.04, (0, 0, height - 0.02), segments=10)]
    for k in range(int(arms)):
        z = height - 0.35 - k * drop
        wood.append(box(crossarm, 0.09, 0.11, (0, -0.75 * r - 0.03, z)))
        for x in np.linspace(-0.46, 0.46, 4) * crossarm:
            metal.append(lathe([(0, 0), (0.02, 0), (0.02, 0.06), (0.05, 0.08), (0.05, 0.15), (0, 0.17)], 8, (x, -0.75 * r - 0.03, z + 0.1)))
    return assemble(wood, metal)


@made_of("painted_metal", "reflector")
def bollard(width: float = 0.16, height: float = 0.95, taper: float = 0.85, dome: float = 0.5, band: float = 0.08) -> Mesh:
    """A bollard with a bright band; its top is `taper` as thick as its foot and domed by `dome` of its radius."""
    r, top = width / 2, width / 2 * taper
    neck = height - dome * top
    angle = np.linspace(0, np.pi / 2, 6)[1:-1]
    cap = [(top * np.cos(a), neck + dome * top * np.sin(a)) for a in angle]
    body = lathe([(0, 0), (r, 0), (r, 0.05 * height), (0.92 * r, 0.07 * height), (top, neck), *cap, (0, height)], 14)
    z = 0.8 * neck
    at = np.interp(z, [0.07 * height, neck], [0.92 * r, top])
    ring = cylinder(at + 0.004, band, (0, 0, z), segments=14)
    return standing((width, width, height), body, ring)


@made_of("hydrant")
def hydrant(width: float = 0.36, depth: float = 0.3, height: float = 0.75, cap: float = 0.2, nozzle: float = 0.13) -> Mesh:
    """A fire hydrant: a barrel with a domed `cap` (its height over the whole) and `nozzle` wide outlets to the sides and the front."""
    r, neck = 0.3 * width, height * (0.96 - cap)
    barrel = [(0, 0), (1.5 * r, 0), (1.5 * r, 0.05), (r, 0.06), (r, neck - 0.05), (1.25 * r, neck - 0.04), (1.25 * r, neck)]
    dome = [(r, neck), (0.92 * r, neck + 0.35 * cap * height), (0.55 * r, neck + 0.8 * cap * height), (0, neck + cap * height)]
    body = lathe([*barrel, *dome], 16)
    knob = cylinder(0.25 * r, 0.06 * height, (0, 0, 0.94 * height), segments=6)
    side = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    z = 0.62 * height
    sides = [cylinder(nozzle / 2, width, segments=10).moved(0, 0, -width / 2).turned(side).moved(0, 0, z)]
    sides.append(cylinder(0.66 * nozzle, depth / 2, segments=10).turned(_FORWARD).moved(0, 0, z - 0.08))
    sides.append(cylinder(0.3 * nozzle, depth / 2, segments=8).turned(_FORWARD.T).moved(0, 0, z))
    return standing((width, depth, height), [body, knob, *sides])


@made_of("painted_metal", "signal_lens", "galvanised")
def parking_meter(width: float = 0.3, depth: float = 0.2, height: float = 1.55, head: float = 0.5, display: float = 0.14) -> Mesh:
    """A parking ticket machine or meter: a post with a `head` that high, a small `display` and a slot."""
    post = rounded_box(0.45 * width, 0.5 * depth, height - head + 0.02, 0.02)
    case = rounded_box(width, depth, head, 0.25 * width, (0, 0, height - head))
    screen = box(0.7 * width, 0.01, display, (0, -depth / 2, height - 0.22 * head - display))
    slot = box(0.36 * width, 0.02, 0.09 * head, (0, -depth / 2, height - 0.85 * head))
    return standing((width, depth, height), [post, case], screen, slot)
