"""Small electric and paper things of desks and shelves."""

from __future__ import annotations

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.lofted import FORWARD, SIDEWAYS, loft, oval, stacked, turned_about
from scenes.shapes.parts import Part, box, boxes, cylinder, lathe, rounded_box, tube
from scenes.shapes.soft import sheet


@made_of("wood", "plastic", "metal")
def speaker(
    width: float = 0.2, depth: float = 0.25, height: float = 0.34, woofer: float = 0.72, tweeter: float = 0.3, rounding: float = 0.008
) -> Mesh:
    """A loudspeaker; `woofer` and `tweeter` are the diameters of its cones over its width."""
    y = -depth / 2 + 0.006
    case = rounded_box(width, depth - 0.006, height, rounding, (0, 0.003, 0), upright=True)
    cones, rings = [], []
    for share, z in ((woofer, 0.36 * height), (tweeter, 0.8 * height)):
        r = share * width / 2
        ring = [(0.82 * r, -0.004), (r, -0.004), (r, 0.004), (0.86 * r, 0.006), (0.82 * r, 0.003), (0.82 * r, -0.004)]
        cone = [(0, -0.003), (0.84 * r, -0.003), (0.84 * r, 0.003), (0.4 * r, 0.0), (0.3 * r, 0.005), (0, 0.006)]
        rings.append(lathe(ring, 24).turned(FORWARD).moved(0, y, z))
        cones.append(lathe(cone, 24, crease_deg=25).turned(FORWARD).moved(0, y, z))
    return standing((width, depth, height), case, cones, rings)


@made_of("plastic", "keys")
def keyboard(
    width: float = 0.44, depth: float = 0.14, height: float = 0.028, slope: float = 0.4, gap: float = 0.003, edge: float = 0.008
) -> Mesh:
    """A computer keyboard; `slope` is the front's height over the back's, `gap` the space between keys, `edge` the frame round them."""
    frame = rounded_box(width, depth, height - 0.006, 0.003)
    shade = slope + (1 - slope) * (frame.vertices[:, 1:2] / depth + 0.5)
    frame = Part(frame.vertices * np.hstack([np.ones_like(shade), np.ones_like(shade), shade]), frame.faces, frame.uvs, frame.normals)
    rows, columns = 5, 15
    w, d = (width - 2 * edge) / columns, (depth - 2 * edge) / rows
    sizes, places = [], []
    for j in range(rows):
        spans = [1.0] * columns if j else [1.5, 1.2, 1.2, 6.2, 1.2, 1.2, 2.5]
        x = -width / 2 + edge
        y = -depth / 2 + edge + (j + 0.5) * d
        base = (height - 0.006) * (slope + (1 - slope) * (y / depth + 0.5))
        for span in spans:
            sizes.append([span * w - gap, d - gap, 0.012])
            places.append([x + span * w / 2, y, base])
            x += span * w
    return standing((width, depth, height), frame, boxes(sizes, places))


@made_of("plastic", "keys")
def computer_mouse(
    width: float = 0.062, depth: float = 0.11, height: float = 0.037, peak: float = 0.08, wheel: float = 0.007, sharp: float = 2.4
) -> Mesh:
    """A mouse, its buttons to +y; `peak` shifts its hump backwards as a share of its length."""
    levels = [(0.94, 0.94, 0.0), (1.0, 1.0, 0.2), (0.96, 0.95, 0.5), (0.78, 0.78, 0.82), (0.4, 0.45, 1.0)]
    body = loft(stacked([(oval(a * width, b * depth, 24, sharp), z * height, 0.0, -peak * depth * z) for a, b, z in levels]), 60)
    roll = cylinder(0.6 * wheel + 0.004, wheel, (0, 0, -wheel / 2), segments=14).turned(SIDEWAYS).moved(0, 0.26 * depth, 0.78 * height)
    return standing((width, depth, height), body, roll)


@made_of("plastic", "keys")
def telephone(
    width: float = 0.2, depth: float = 0.21, height: float = 0.1, slope_deg: float = 16.0, handset: float = 0.2, cradle: float = 0.055
) -> Mesh:
    """A desk telephone with its handset (of that length) on the left, on a cradle `cradle` high, and twelve keys."""
    lean = turned_about("x", slope_deg)
    body = rounded_box(width - 0.004, depth / np.cos(np.radians(slope_deg)) - 0.02, 0.035, 0.012, segments=2).turned(lean)
    base = body.moved(z=-float(body.vertices[:, 2].min()))
    foot = rounded_box(0.8 * width, 0.3 * depth, 0.6 * cradle, 0.008, (0, 0.3 * depth, 0))
    x, half = -0.28 * width, handset / 2
    grip = [rounded_box(0.042, handset, 0.022, 0.01, (0, 0, 0.03), segments=2)]
    grip += [rounded_box(0.05, 0.05, 0.036, 0.014, (0, s * (half - 0.025), 0.0), segments=2) for s in (-1, 1)]
    lifted = [part.turned(lean).moved(x, 0.0, cradle + 0.014) for part in grip]
    places = [[0.12 * width + 0.12 * width * i, (0.05 - 0.14 * j) * depth, 0.042] for i in range(3) for j in range(4)]
    keys = boxes([[0.08 * width, 0.09 * depth, 0.014]] * 12, places).turned(lean)
    show = box(0.34 * width, 0.18 * depth, 0.006, (0.24 * width, 0.3 * depth, 0.033)).turned(lean)
    shift = -float(body.vertices[:, 2].min())
    return standing((width, depth, height), [base, foot, *lifted], [keys.moved(z=shift), show.moved(z=shift)])


@made_of("metal", "dial", "plastic")
def alarm_clock(
    width: float = 0.11, depth: float = 0.06, height: float = 0.15, face: float = 0.1, bell: float = 0.045, hour: float = 7.3
) -> Mesh:
    """An alarm clock with two bells; its dial is `face` wide."""
    r = face / 2
    z, y = r + 0.014, -depth / 2
    case = lathe(
        [(0, 0), (0.9 * r, 0), (r, 0.006), (r, depth - 0.004), (0.94 * r, depth), (0.9 * r, depth - 0.004), (0, depth - 0.006)], 32
    )
    dial = cylinder(0.9 * r, 0.004, (0, 0, depth - 0.0065), segments=32)
    turn = [part.turned(FORWARD).moved(0, depth / 2, z) for part in (case, dial)]
    hands = []
    for angle, long, k in ((hour * 30, 0.5 * r, 0), (hour * 360, 0.75 * r, 1)):
        hand = box(0.004, 0.0012, long, (0, 0, -0.004)).turned(turned_about("y", angle))
        hands.append(hand.moved(0, y + 0.0018 - 0.0004 * k, z))
    bells = [
        lathe([(0, 0), (bell / 2, 0), (0.46 * bell, 0.25 * bell), (0, 0.45 * bell)], 16, crease_deg=50)
        .turned(turned_about("y", s * 32.0))
        .moved(s * 0.62 * r, 0, z + 0.86 * r)
        for s in (-1, 1)
    ]
    arch = tube(
        [(-0.4 * r, 0, z + 0.9 * r), (-0.3 * r, 0, height - 0.004), (0.3 * r, 0, height - 0.004), (0.4 * r, 0, z + 0.9 * r)], 0.0035, 8
    )
    feet = [tube([(s * 0.8 * r, 0, 0.003), (s * 0.5 * r, 0, z - 0.7 * r)], 0.005, 8) for s in (-1, 1)]
    return standing((width, depth, height), [turn[0], *bells, arch, *feet], turn[1], hands)


@made_of("plastic", "dark_glass", "paper")
def printer(
    width: float = 0.44, depth: float = 0.38, height: float = 0.26, tray: float = 0.1, paper_rise: float = 0.09, panel: float = 0.2
) -> Mesh:
    """A desk printer: paper stands `paper_rise` above its body, a tray sticks out `tray` in front; `panel` is its screen's width share."""
    body_height, y = height - paper_rise, tray / 2
    body = [rounded_box(width, depth - tray, body_height, 0.015, (0, y, 0), segments=2, upright=True)]
    body.append(rounded_box(0.7 * width, tray + 0.05, 0.012, 0.004, (0, -depth / 2 + tray / 2 + 0.025, 0.05)))
    sheets = [box(0.21, 0.8 * tray + 0.04, 0.004, (0, -depth / 2 + tray / 2 + 0.03, 0.0605))]
    rest = box(0.24, 0.008, paper_rise + 0.08, (0, 0, 0)).turned(turned_about("x", -18.0)).moved(0, depth / 2 - 0.075, body_height - 0.07)
    sheets.append(
        box(0.21, 0.005, paper_rise + 0.05, (0, -0.006, 0))
        .turned(turned_about("x", -18.0))
        .moved(0, depth / 2 - 0.075, body_height - 0.055)
    )
    front = -depth / 2 + tray
    glass = [
        box(0.72 * width, 0.006, 0.4 * body_height, (0, front, 0.035)),
        box(panel * width, 0.06, 0.004, (0.3 * width, front + 0.06, body_height - 0.002)),
    ]
    return standing((width, depth, height), [*body, rest], glass, sheets)


def _uv_box(part: Part, low: tuple[float, float], size: tuple[float, float]) -> Part:
    """The part with a picture shown once on its top, upright seen from -y."""
    return part.with_uvs((part.vertices[:, :2] - low) / size * (1, -1) + (0, 1))


@made_of("cover_print", "paper")
def book(
    width: float = 0.15, depth: float = 0.22, height: float = 0.03, board: float = 0.003, square: float = 0.004, hollow: float = 0.006
) -> Mesh:
    """A closed book that lies flat: boards of thickness `board`, the page block `square` within them, its fore-edge hollowed.

    The cover shows its texture once, on top (texture metres = 1).
    """
    covers = [rounded_box(width, depth, board, 0.4 * board, (0, 0, z)) for z in (0.0, height - board)]
    spine = rounded_box(1.6 * board, depth - 0.0006, height - 0.002, 0.6 * board, (-width / 2 + 0.8 * board, 0, 0.001))
    covered = [_uv_box(part, (-width / 2, -depth / 2), (width, depth)) for part in (*covers, spine)]
    y = depth / 2 - square
    x0, x1, z1 = -width / 2 + board, width / 2 - square, height - board
    middle, swing = (board + z1) / 2, np.linspace(-1, 1, 7)
    edge = np.column_stack([x1 - hollow * (1 - swing**2), middle + swing * ((z1 - board) / 2 + 0.0003)])
    rings = [
        np.array(
            [
                (x0, side, middle - (z1 - board) / 2 - 0.0003),
                *((a, side, b) for a, b in edge),
                (x0, side, middle + (z1 - board) / 2 + 0.0003),
            ]
        )
        for side in (y, -y)
    ]
    return standing((width, depth, height), covered, loft(np.stack(rings), 30))


@made_of("page", "cover_print")
def open_book(
    width: float = 0.36, depth: float = 0.24, height: float = 0.035, board: float = 0.003, sag: float = 0.35, margin: float = 0.005
) -> Mesh:
    """An open book that lies on its back: two swelling blocks of pages, each showing its texture once (texture metres = 1)."""
    s = np.linspace(0, 1, 9)
    swell = (height - board) * (1 - sag * s**2) * np.clip(s / 0.16, 0, 1) ** 0.5
    swell[0] = 0.35 * height
    half, d = width / 2 - margin, depth / 2 - margin
    pages = []
    for side in (-1, 1):
        outline = [(side * half * k, board + h) for k, h in zip(s + 0.004, swell, strict=True)]
        ring = [(side * half * 0.004, 0.6 * board), *outline, (side * half * 1.004, 0.6 * board)]
        ring = ring if side < 0 else ring[::-1]
        block = loft(np.stack([np.array([(a, y, b) for a, b in ring]) for y in (d, -d)]), 35)
        u = np.abs(block.vertices[:, 0]) / half
        pages.append(block.with_uvs(np.column_stack([u if side > 0 else 1 - u, 0.5 - block.vertices[:, 1] / (2 * d)])))
    cover = rounded_box(width, depth, board, 0.4 * board)
    return standing((width, depth, height), pages, _uv_box(cover, (-width / 2, -depth / 2), (width, depth)))


@made_of("ceramic", "pencil", "metal")
def pen_holder(
    width: float = 0.085, height: float = 0.2, cup: float = 0.1, wall: float = 0.003, spread: float = 0.7, pens: int = 5
) -> Mesh:
    """A cup with `pens` leaning out of it; `spread` is how far they lean (1: against the rim)."""
    r = 0.4 * width
    body = lathe([(0, 0), (0.95 * r, 0), (r, cup), (r - wall, cup), (0.92 * r - wall, 0.005), (0, 0.005)], 24)
    sticks: list[list[Part]] = [[], []]
    for k in range(max(2, int(pens))):
        angle, tall = 2 * np.pi * (k + 0.15 * (k % 2)) / pens, height * (0.84 + 0.16 * ((k * 3) % 4 == 0))
        out = spread * (r - 0.007)
        low, rim = (
            np.array([-0.4 * out * np.cos(angle), -0.4 * out * np.sin(angle), 0.008]),
            np.array([out * np.cos(angle), out * np.sin(angle), cup]),
        )
        top = low + (rim - low) * (tall / cup) * 0.98
        tip = low + (top - low) * 0.93
        sticks[k % 2].append(tube([low, tip, top], 0.0038 - 0.0004 * (k % 2), 7))
    return standing((width, width, height), body, sticks[0], sticks[1])


@made_of("paper", "page")
def paper_stack(
    width: float = 0.21, depth: float = 0.297, height: float = 0.02, askew_deg: float = 4.0, slide: float = 0.01, curl: float = 0.004
) -> Mesh:
    """A pile of printed sheets, the topmost turned by `askew_deg` and slid by `slide`, its far edge curled up by `curl`."""
    w, d, thick = 0.95 * width, 0.95 * depth, height - curl - 0.0025
    piles = [
        rounded_box(w, d, 0.5 * thick, 0.0005),
        rounded_box(w, d, 0.5 * thick + 0.0004, 0.0005, (0.4 * slide, -0.5 * slide, 0.5 * thick - 0.0002)),
    ]
    y, x = np.linspace(-0.5, 0.5, 7), np.linspace(-0.5, 0.5, 3)
    rise = thick + 0.0012 + curl * np.clip(y, 0, 1) ** 2 * 4
    points = np.stack(np.broadcast_arrays(x[:, None] * w, y[None] * d, rise[None]), axis=2)
    top = sheet(points, 0.0008)
    top = top.with_uvs(np.column_stack([top.vertices[:, 0] / w + 0.5, 0.5 - top.vertices[:, 1] / d]))
    return standing((width, depth, height), piles, top.turned(turned_about("z", askew_deg)).moved(x=-0.5 * slide, y=0.5 * slide))
