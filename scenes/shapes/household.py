"""Things of the household that stand in halls, on tables and on floors."""

from __future__ import annotations

import numpy as np

from scenes.geometry import rotation_z
from scenes.scene import Mesh
from scenes.shapes.architecture import lattice
from scenes.shapes.assembly import hung, made_of, standing
from scenes.shapes.lofted import SIDEWAYS, arc, loft, oval, rounded_rectangle, sawn, stacked, turned_about, vessel
from scenes.shapes.parts import Float, Part, box, cylinder, join, lathe, rounded_box, tube
from scenes.shapes.soft import sheet


def _coat(width: float, length: float, fall: float) -> Part:
    """A coat that hangs by its collar from the origin, its back to +y: shoulders, body with folds, two sleeves."""
    fold = 1 + 0.07 * np.cos(5 * np.linspace(0, 2 * np.pi, 28, endpoint=False))[:, None]
    levels = [
        (0.5, 0.62, -length),
        (0.46, 0.6, -0.75 * length),
        (0.4, 0.55, -0.4 * length),
        (0.42, 0.5, -0.16 * length),
        (0.3, 0.4, -0.06 * length),
        (0.12, 0.3, 0.0),
    ]
    body = loft(stacked([(oval(2 * a * width, b * fall, 28) * (fold if k < 3 else 1.0), z) for k, (a, b, z) in enumerate(levels)]), 80)
    sleeves = [
        tube(
            [(s * 0.3 * width, 0, -0.1 * length), (s * 0.46 * width, -0.02, -0.3 * length), (s * 0.5 * width, -0.03, -0.62 * length)],
            0.24 * fall,
            10,
        )
        for s in (-1, 1)
    ]
    return join([body, *sleeves])


@made_of("wood", "metal", "coat")
def coat_rack(
    width: float = 0.56,
    height: float = 1.75,
    foot: float = 0.24,
    pole: float = 0.021,
    coat_length: float = 0.85,
    coats: int = 2,
    hooks: int = 6,
) -> Mesh:
    """A stand with `hooks` around the top of a pole `pole` thick on a round foot of radius `foot`; `coats` of them are in use."""
    r = width / 2
    base = sawn(lathe([(0, 0), (foot, 0), (foot, 0.02), (0.3 * foot, 0.045), (0, 0.045)], 28))
    stem = cylinder(pole, height - 0.05, (0, 0, 0.03), segments=14)
    cap = lathe([(0, -0.02), (1.6 * pole, -0.02), (1.9 * pole, 0.01), (pole, 0.04), (0, 0.045)], 16, (0, 0, height - 0.045))
    out = min(r - 0.02, 0.16)
    parts, worn = [], []
    for k in range(int(hooks)):
        turn = rotation_z(2 * np.pi * k / hooks)
        low = height - 0.06 - 0.07 * (k % 2)
        parts.append(
            tube([(0, 0, low - 0.08), (0.6 * out, 0, low - 0.06), (out, 0, low), (0.92 * out, 0, low + 0.035)], 0.007, 6).turned(turn)
        )
        if k * coats // hooks != (k + 1) * coats // hooks:
            coat = _coat(0.3, min(coat_length * (1 - 0.15 * (k % 2)), low - 0.25), 0.2)
            worn.append(coat.turned(rotation_z(np.pi / 2)).moved(0.75 * out, 0, low - 0.03).turned(turn))
    if not worn:
        worn = [cylinder(pole * 1.3, 0.1, (0, 0, 0.6 * height), segments=12)]
    return standing((width, width, height), [base, stem, cap], parts, worn)


@made_of("wood", "metal", "coat", wall_hung=True)
def coat_hooks(
    width: float = 0.8,
    depth: float = 0.26,
    height: float = 1.05,
    board: float = 0.12,
    coat_length: float = 0.9,
    thick: float = 0.022,
    hooks: int = 4,
    coats: int = 2,
) -> Mesh:
    """A board with hooks on the wall; the `coats` on them hang down to z = 0."""
    plank = rounded_box(width, thick, board, 0.006, (0, -thick / 2, height - board))
    pegs: list[Part] = []
    worn: list[Part] = []
    xs = np.linspace(-1, 1, int(hooks)) * max(width / 2 - 0.18, 0.05)
    z = height - 0.6 * board
    many = max(1, int(coats))
    for k, x in enumerate(xs):
        pegs.append(tube([(x, -thick + 0.004, z), (x, -0.075, z - 0.02), (x, -0.085, z + 0.025)], 0.006, 6))
        if k * many // hooks != (k + 1) * many // hooks:
            long = (z - 0.02) * (coat_length * (1 - 0.03 * k) if worn else 1.0)
            worn.append(_coat(min(0.34, 0.9 * width), long, depth - thick - 0.02).moved(x, -0.5 * depth - 0.5 * thick + 0.02, z))
    return hung((width, depth, height), plank, pegs, worn)


@made_of("wicker")
def basket(
    width: float = 0.36, depth: float = 0.26, height: float = 0.2, flare: float = 0.86, wall: float = 0.012, rim: float = 0.02
) -> Mesh:
    """A woven basket with a rolled rim; `flare` is its foot over its mouth."""
    outline = rounded_rectangle(width - 0.01, depth - 0.01, 0.08)
    shell = vessel([(outline * flare, 0.0), (outline * (0.5 + 0.5 * flare), 0.5 * height), (outline, height - 0.5 * rim)], wall, 0.012)
    ring = [
        (rounded_rectangle(width - k, depth - k, 0.085), z)
        for k, z in ((0.0, height - rim), (0.0, height), (0.05, height), (0.05, height - rim))
    ]
    return standing((width, depth, height), [shell, loft(stacked(ring), 100, closed=True)])


@made_of("wicker", "towel")
def laundry_basket(
    width: float = 0.46,
    depth: float = 0.34,
    height: float = 0.58,
    flare: float = 0.84,
    heap: float = 0.12,
    wall: float = 0.014,
    seed: int = 0,
) -> Mesh:
    """A tall basket full of laundry, which heaps `heap` above its rim."""
    rng = np.random.default_rng(int(seed))
    rim = height - heap
    outline = oval(width, depth, 28, 2.8)
    shell = vessel([(outline * flare, 0.0), (outline * (0.5 + 0.5 * flare), 0.5 * rim), (outline, rim)], wall, 0.02)
    ring = [
        (oval(width - k, depth - k, 28, 2.8), z)
        for k, z in ((-0.004, rim - 0.03), (-0.004, rim + 0.004), (0.04, rim + 0.004), (0.04, rim - 0.03))
    ]
    bumps = 1 + 0.1 * np.cos(3 * np.linspace(0, 2 * np.pi, 28, endpoint=False) + rng.uniform(0, 6))[:, None]
    levels = ((0.9, 0, -0.18), (0.92, 0, -0.04), (0.86, 1, 0.25), (0.62, 2, 0.7), (0.3, 1, 0.97), (0.1, 0, 1.0))
    cloth = loft(stacked([(outline * f * bumps**p, rim + z * heap, 0.02 * k, -0.01 * k) for k, (f, p, z) in enumerate(levels)]), 80)
    return standing((width, depth, height), [shell, loft(stacked(ring), 50, closed=True)], cloth)


@made_of("bin")
def waste_bin(
    width: float = 0.26, height: float = 0.32, flare: float = 0.8, wall: float = 0.004, rim: float = 0.012, style: str = "open"
) -> Mesh:
    """A waste bin, "open" or with a domed "lid" on it; `flare` is its foot over its mouth."""
    r = width / 2 - 0.002
    top = height if style == "open" else 0.8 * height
    profile = [(0, 0), (flare * r, 0), (r - 0.002, top - rim), (r + 0.002, top - rim), (r + 0.002, top)]
    if style == "open":
        return standing((width, width, height), lathe([*profile, (r - wall, top), (flare * r - wall, 0.012), (0, 0.012)], 28))
    dome = [(0.98 * r, top), (0.98 * r, top + 0.06 * height), (0.8 * r, top + 0.15 * height), (0, height)]
    pedal = rounded_box(0.06, 0.05, 0.015, 0.005, (0, -flare * r - 0.01, 0.012))
    return standing((width, width, height), [lathe([*profile, (0.98 * r, top), *dome[1:]], 28, crease_deg=50), pedal])


@made_of("leather", "metal")
def handbag(
    width: float = 0.34, depth: float = 0.14, height: float = 0.36, body: float = 0.24, pinch: float = 0.35, strap: float = 0.008
) -> Mesh:
    """A bag: its body is `body` high and narrows to `pinch` of its depth at the zip; two handles reach to the top."""
    levels = [(0.9, 0.86, 0.0), (0.98, 1.0, 0.06), (1.0, 0.98, 0.3), (0.97, 0.8, 0.7), (0.93, pinch, 1.0)]
    sack = loft(stacked([(rounded_rectangle(a * width, b * depth, 0.4 * b * depth, 4), z * body) for a, b, z in levels]), 60)
    zip_ = box(0.8 * width, 0.012, 0.008, (0, 0, body - 0.003))
    handles = []
    for s in (-1, 1):
        bend = arc(0.22 * width, 0, 180, 9) * (1, (height - body - 0.004) / (0.22 * width))
        y = s * 0.5 * pinch * depth
        path = [(0.22 * width, y * 1.3, 0.7 * body), *((x, y, body + z - 0.004) for x, z in bend), (-0.22 * width, y * 1.3, 0.7 * body)]
        handles.append(tube(path, strap, 8))
    return standing((width, depth, height), [sack, *handles], zip_)


@made_of("backpack", "plastic")
def backpack(
    width: float = 0.32, depth: float = 0.22, height: float = 0.46, pocket: float = 0.42, bulge: float = 0.09, strap: float = 0.05
) -> Mesh:
    """A rucksack, its straps at the back (+y); the front pocket takes `pocket` of its height and stands out by 5 cm."""
    deep = depth - 0.05
    sack = rounded_box(0.96 * width, deep - 0.03, height - 0.03, bulge, (0, 0.01, 0), segments=3, upright=True)
    front = rounded_box(0.74 * width, 0.12, pocket * height, 0.045, (0, -depth / 2 + 0.06, 0.03), segments=3, upright=True)
    sides = [rounded_box(0.07, 0.5 * deep, 0.3 * height, 0.03, (s * (width / 2 - 0.035), 0.02, 0.02), segments=2) for s in (-1, 1)]
    loop = tube(
        [(-0.05, 0.05, height - 0.05), (-0.04, 0.05, height - 0.008), (0.04, 0.05, height - 0.008), (0.05, 0.05, height - 0.05)], 0.008, 8
    )
    straps = []
    for s in (-1, 1):
        path = np.array([(0.0, 0.72), (0.62, 0.86), (1.0, 0.6), (0.8, 0.3), (0.0, 0.14)]) * (depth / 2 - deep / 2 + 0.05, height)
        band = np.stack(
            [np.column_stack([np.full(5, s * 0.22 * width + x), deep / 2 - 0.03 + path[:, 0], path[:, 1]]) for x in (-strap / 2, strap / 2)]
        )
        straps.append(sheet(band, 0.01))
    zip_ = rounded_box(0.6 * width, 0.012, 0.012, 0.004, (0, -depth / 2 + 0.004, 0.03 + 0.72 * pocket * height))
    return standing((width, depth, height), [sack, front, *sides, loop, *straps], zip_)


def _shoe(length: float, width: float, height: float, heel: float, sole: float) -> tuple[Part, Part]:
    """Upper and sole of a shoe, its toe towards -y, its middle at the origin."""
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    y, x = -np.cos(t), np.sin(t)
    waist = 1 - 0.14 * np.exp(-(((y - 0.15) / 0.35) ** 2)) - 0.1 * np.clip(y, 0, 1)
    outline = 0.5 * np.column_stack([np.sign(x) * np.abs(x) ** 0.8 * waist * width, y * length])[:, :2]
    outline = outline[::-1] if np.cross(outline[0], outline[1]) < 0 else outline
    low = loft(stacked([(outline * 1.02, 0.0), (outline * 1.03, sole), (outline * 0.99, sole + 0.002)]))
    rings = []
    for f, k, z in (
        (1.0, 1.0, 0.0),
        (1.0, 1.0, 0.25),
        (0.94, 0.86, 0.55),
        (0.8, 0.58, 0.8),
        (0.7, 0.44, 1.0),
        (0.62, 0.38, 1.0),
        (0.58, 0.3, 0.6),
    ):
        ring = outline * (f, k) + (0, (1 - k) * 0.47 * length)
        back = np.clip(ring[:, 1] / length + 0.5, 0, 1)
        up = sole + z * (height - sole) * (0.75 + 0.25 * back * (0.5 + heel))
        rings.append(np.column_stack([ring, np.minimum(up, height)]))
    return loft(np.stack(rings), 70), low


@made_of("shoe_upper", "rubber")
def shoes(
    width: float = 0.24,
    depth: float = 0.29,
    height: float = 0.11,
    sole: float = 0.025,
    heel: float = 0.5,
    gap: float = 0.03,
    askew_deg: float = 4.0,
) -> Mesh:
    """A pair of shoes, toes to the front, `gap` apart, one of them turned by `askew_deg`; `heel` raises the back of the upper."""
    upper, low = _shoe(depth, (width - gap) / 2, height, heel, sole)
    place = (width + gap) / 4
    turn = rotation_z(np.radians(askew_deg))
    pairs = [(upper.moved(x=-place), low.moved(x=-place)), (upper.turned(turn).moved(x=place), low.turned(turn).moved(x=place))]
    return standing((width, depth, height), [u for u, _ in pairs], [s for _, s in pairs])


@made_of("wax", "ceramic", "flame")
def candle(width: float = 0.11, height: float = 0.16, thick: float = 0.06, dish: float = 0.025, dip: float = 0.004) -> Mesh:
    """A burning candle `thick` wide on a dish `dish` high; `dip` is the hollow round the wick."""
    r, t, wick = width / 2, thick / 2, height - 0.03
    holder = lathe([(0, 0), (0.7 * r, 0), (r, 0.8 * dish), (r, dish), (0.93 * r, dish), (0.6 * r, 0.35 * dish), (0, 0.35 * dish)], 24)
    stick = lathe([(0, 0.3 * dish), (t, 0.3 * dish), (t, wick - 0.004), (t - 0.003, wick), (0.5 * t, wick - dip), (0, wick - dip)], 20)
    fire = lathe([(0, wick - dip - 0.002), (0.006, wick + 0.006), (0.004, wick + 0.017), (0, height)], 10, crease_deg=70)
    return standing((width, width, height), stick, holder, fire)


@made_of("frame", "photograph", "plastic")
def photo_frame(
    width: float = 0.17, depth: float = 0.11, height: float = 0.22, frame: float = 0.018, thick: float = 0.014, lean_deg: float = 14.0
) -> Mesh:
    """A framed photograph that leans back on a strut; the picture shows its texture once (texture metres = 1)."""
    lean = turned_about("x", -lean_deg)
    tall = height / np.cos(np.radians(lean_deg))
    w = width / 2
    rim = lattice([-w, -w + frame, w - frame, w], [0, frame, tall - frame, tall], [[1, 1, 1], [1, 0, 1], [1, 1, 1]], -thick, 0.0)
    card = box(width - frame, 0.4 * thick, tall - frame, (0, -0.3 * thick, frame / 2))
    uvs = (card.vertices[:, [0, 2]] - (0, tall / 2)) / (width - 2 * frame, 2 * frame - tall) + 0.5
    back = box(width - 1.2 * frame, 0.3 * thick, tall - 1.2 * frame, (0, -0.18 * thick, 0.6 * frame)).turned(lean)
    strut = box(0.3 * width, 0.004, 0.7 * tall, (0, 0, 0)).turned(turned_about("x", 12.0)).moved(y=depth - thick - 0.012, z=0.002)
    return standing((width, depth, height), rim.turned(lean), card.with_uvs(uvs).turned(lean), [back, strut])


@made_of("tissue_print", "paper")
def tissue_box(
    width: float = 0.24, depth: float = 0.12, height: float = 0.14, box_height: float = 0.085, slot: float = 0.55, puff: float = 0.8
) -> Mesh:
    """A box of tissues; one sticks out of a slot `slot` of the width long, standing up to `height`."""
    body = rounded_box(width, depth, box_height, 0.003)
    rise = height - box_height
    levels = [
        (0.3, 0.1, -0.2, 0),
        (0.5 * slot, 0.14, 0.0, 0.5),
        (0.8 * slot, 0.3 * puff, 0.4, 1.0),
        (0.9 * slot, 0.4 * puff, 0.75, 1.6),
        (0.5 * slot, 0.2, 1.0, 2.0),
    ]
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rings = []
    for a, b, z, fold in levels:
        ripple = 1 + 0.14 * fold * np.cos(3 * angle + fold)[:, None]
        top = box_height + rise * z * (1 + 0.05 * fold * np.sin(2 * angle))
        rings.append(np.column_stack([oval(a * width, b * depth, 24) * ripple, top]))
    return standing((width, depth, height), body, loft(np.stack(rings), 70))


@made_of("metal", "umbrella")
def umbrella_stand(
    width: float = 0.24, height: float = 0.85, stand: float = 0.5, flare: float = 0.85, wall: float = 0.006, umbrellas: int = 2
) -> Mesh:
    """A pail `stand` high with `umbrellas` in it, the longest up to `height`."""
    r = width / 2
    pail = lathe([(0, 0), (flare * r, 0), (r, stand), (r - wall, stand), (flare * r - wall, 0.012), (0, 0.012)], 24)
    bands = [
        lathe([(k * r - 0.004, z), (k * r + 0.003, z), (k * r + 0.003, z + 0.02), (k * r - 0.004, z + 0.02), (k * r - 0.004, z)], 24)
        for k, z in ((flare + 0.15 * (1 - flare), 0.06), (1.0, stand - 0.026))
    ]
    parts, handles = [], []
    for k in range(int(umbrellas)):
        tall = height * (1 - 0.08 * k)
        profile = [(0, 0), (0.008, 0.0), (0.02, 0.1 * tall), (0.036, 0.6 * tall), (0.012, 0.76 * tall), (0, 0.76 * tall)]
        tilt = turned_about("x", 6.0 * (-1) ** k) @ turned_about("y", 5.0 * (1 - 2 * (k // 2)))
        at = {"x": 0.3 * r * (-1) ** (k // 2), "y": -0.3 * r * (-1) ** k, "z": 0.016}
        parts.append(lathe(profile, 10, crease_deg=60).turned(tilt).moved(**at))
        crook = arc(0.035, 0, 200, 8)
        path = [(0, 0, 0.7 * tall), *((a - 0.035, 0, tall - 0.035 + b) for a, b in crook)]
        handles.append(tube(path, 0.008, 8).turned(tilt).moved(**at))
    return standing((width, width, height), [pail, *bands, *handles], parts)


@made_of("appliance", "plastic", "metal")
def vacuum_cleaner(
    width: float = 0.3, depth: float = 0.48, height: float = 1.0, body_height: float = 0.24, wheel: float = 0.09, hose: float = 0.019
) -> Mesh:
    """A canister vacuum cleaner whose tube stands on it, upright, with the floor nozzle at the front."""
    length = 0.72 * depth
    back = depth / 2 - length / 2
    levels = [(0.8, 0.86, 0.03), (0.96, 1.0, 0.4), (0.92, 0.96, 0.62), (0.66, 0.7, 0.94), (0.4, 0.45, 1.0)]
    body = loft(stacked([(oval(a * 0.86 * width, b * length, 28, 2.6), z * body_height, 0.0, back) for a, b, z in levels]), 50)
    wheels = [
        cylinder(wheel, 0.05, (0, 0, 0), segments=24).turned(SIDEWAYS).moved(s * (width / 2 - 0.026) - 0.025, back + 0.2 * length, wheel)
        for s in (-1, 1)
    ]
    nozzle = [
        rounded_box(0.9 * width, 0.11, 0.03, 0.012, (0, -depth / 2 + 0.055, 0)),
        rounded_box(0.08, 0.09, 0.05, 0.02, (0, -depth / 2 + 0.06, 0.02)),
    ]
    y = -depth / 2 + 0.06
    pipe = tube([(0, y, 0.05), (0, y + 0.06, height - 0.12), (0, y + 0.1, height - 0.02)], 0.016, 10)
    ring = [
        (0, back - 0.38 * length, 0.5 * body_height),
        (0.06, back - 0.5 * length, body_height),
        (0.1, back - 0.3 * length, 0.6 * height),
        (0.06, y + 0.12, 0.93 * height),
        (0, y + 0.1, height - 0.03),
    ]
    grip = tube(
        [
            (0, back - 0.2 * length, 0.9 * body_height),
            (0, back - 0.15 * length, body_height + 0.04),
            (0, back + 0.15 * length, body_height + 0.04),
            (0, back + 0.2 * length, 0.9 * body_height),
        ],
        0.012,
        8,
    )
    return standing((width, depth, height), body, [*wheels, *nozzle, tube(_smooth(ring), hose, 10), grip], pipe)


def _smooth(points: list[tuple[float, float, float]], fine: int = 4) -> Float:
    """A polyline through the same points with round bends (Catmull-Rom)."""
    p = np.array([points[0], *points, points[-1]], dtype=np.float64)
    t = np.linspace(0, 1, fine, endpoint=False)[:, None, None]
    a, b, c, d = p[:-3], p[1:-2], p[2:-1], p[3:]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.concatenate([curve.transpose(1, 0, 2).reshape(-1, 3), p[-1:]])
