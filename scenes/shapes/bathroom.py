"""Bathroom fittings. What carries water stands with its back (+y) to the wall."""

from __future__ import annotations

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.assembly import hung, made_of, standing
from scenes.shapes.kitchen import tap
from scenes.shapes.lofted import FORWARD, arc, loft, oval, rounded_rectangle, squared_oval_along, stacked, turned_about
from scenes.shapes.parts import Float, box, cylinder, lathe, rounded_box, tube
from scenes.shapes.soft import sheet
from scenes.shapes.storage import pull


def _egg(width: float, length: float, segments: int = 28) -> Float:
    """Outline of a toilet seat: round in front (-y), squarer behind; its middle at the origin."""
    outline = oval(width, length, segments)
    back = outline[:, 1] > 0
    outline[back] = oval(width, length, segments, power=3.2)[back]
    return outline


@made_of("porcelain", "seat_plastic", "metal")
def toilet(
    width: float = 0.37,
    depth: float = 0.68,
    height: float = 0.8,
    seat_height: float = 0.41,
    tank_depth: float = 0.17,
    foot: float = 0.24,
    lid: str = "closed",
) -> Mesh:
    """A toilet with its cistern; `foot` is the width of its foot, `lid` "closed" or "open"."""
    long = depth - 0.78 * tank_depth
    front = -depth / 2 + long / 2
    rim, top = seat_height - 0.035, seat_height - 0.034
    outer = [
        (0.0, foot, 0.62),
        (0.04, 0.96 * foot, 0.6),
        (0.45 * rim, 0.92 * foot, 0.62),
        (0.75 * rim, 0.9 * width, 0.88),
        (rim, 0.98 * width, 0.98),
    ]
    rings: list[tuple[Float, float, float, float]] = [(_egg(w, f * long), z, 0.0, front + 0.42 * (1 - f) * long) for z, w, f in outer]
    inner = [(top - 0.003, 0.72 * width, 0.74), (0.7 * rim, 0.5 * width, 0.55), (0.45 * rim, 0.22 * width, 0.25)]
    rings += [(_egg(w, f * long), z, 0.0, front - 0.05 * long) for z, w, f in inner]
    seat_rings = [(1.0, 0.0), (1.0, 0.018), (0.7, 0.018), (0.7, 0.0)]
    seat = loft(
        stacked([(_egg(f * width, f * 0.94 * long), top + z, 0.0, front - 0.03 * long + 0.02 * (1 - f)) for f, z in seat_rings]),
        closed=True,
    )
    cover = loft(stacked([(_egg(f * width, f * 0.94 * long), z) for f, z in ((0.99, 0.0), (0.99, 0.012), (0.9, 0.02))]))
    hinge = depth / 2 - tank_depth - 0.03
    if lid == "open":
        cover = cover.moved(y=-0.47 * long).turned(turned_about("x", -94.0)).moved(y=hinge, z=top + 0.03)
    else:
        cover = cover.moved(y=front - 0.03 * long, z=top + 0.0195)
    tank_y = depth / 2 - tank_depth / 2
    neck = box(0.6 * width, 0.9 * tank_depth, rim - 0.1, (0, tank_y, 0.11))
    tank = rounded_box(0.98 * width, tank_depth, height - rim - 0.045, 0.025, (0, tank_y, rim + 0.01), segments=2)
    roof = rounded_box(width, tank_depth + 0.012, 0.035, 0.012, (0, tank_y - 0.006, height - 0.041), segments=2)
    button = cylinder(0.022, 0.012, (0, tank_y, height - 0.012), segments=16)
    return standing((width, depth, height), [loft(stacked(rings)), neck, tank, roof], [seat, cover], button)


@made_of("porcelain", "metal", "kitchen_front")
def washbasin(
    width: float = 0.56,
    depth: float = 0.46,
    height: float = 1.02,
    rim_height: float = 0.85,
    bowl: float = 0.16,
    foot: float = 0.2,
    style: str = "pedestal",
) -> Mesh:
    """A washbasin with a tap up to `height`, on a "pedestal" (`foot` wide) or on a "vanity" cabinet; `bowl` is how deep the basin is."""
    power = 3.0
    inner = [(0.86, 0.0), (0.82, -0.02), (0.7, -0.6 * bowl), (0.4, -0.9 * bowl), (0.12, -bowl)]
    shift = -0.1 * depth
    drain = cylinder(0.02, 0.004, (0, shift, rim_height - bowl - 0.002), segments=12)
    spout = tap(0.32 * depth, height - rim_height, (0, 0.38 * depth, rim_height - 0.004), 0.013)
    chrome = [drain, spout]
    edge = rounded_rectangle(width, depth, 0.015, 6) if style == "vanity" else oval(width, depth, 28, power)
    hollow = [(squared_oval_along(edge, f * width, 0.84 * f * depth, power), rim_height + z, 0.0, shift) for f, z in inner]
    if style == "vanity":
        slab = [(edge, rim_height + z) for z in (-0.05, 0.0)]
        bowl_part = loft(stacked([*slab, *hollow]))
        y, low = -depth / 2 + 0.032, rim_height - bowl - 0.03
        body = [box(width - 0.02, depth - 0.07, low - 0.09, (0, 0.02, 0.09))]
        body += [box(0.016, depth - 0.072, bowl + 0.004, (s * (width / 2 - 0.018), 0.02, low - 0.006)) for s in (-1, 1)]
        body.append(box(width - 0.08, depth - 0.12, 0.1, (0, 0.03, 0)))
        for s in (-1, 1):
            body.append(rounded_box(width / 2 - 0.016, 0.022, rim_height - 0.17, 0.004, (s * (width / 4 - 0.003), y, 0.11)))
            chrome.append(pull("bar", s * 0.045, y - 0.011, rim_height - 0.22, upright=True))
        return standing((width, depth, height), bowl_part, chrome, body)
    outer = [(0.3, -0.22), (0.62, -0.16), (0.94, -0.05), (1.0, -0.015), (0.99, 0.0)]
    shell = [(oval(f * width, f * depth, 28, power), rim_height + z, 0.0, 0.25 * (1 - f) * depth) for f, z in outer]
    under = rim_height - 0.17
    column = [
        (oval(w * foot, w * 0.85 * foot, 20, 2.6), z, 0.0, 0.2 * depth)
        for w, z in ((1.0, 0.0), (0.92, 0.05), (0.7, 0.4 * under), (0.78, under), (0.8, under + 0.03))
    ]
    trap = tube([(0.0, 0.3 * depth, 0.3), (0.0, depth / 2 - 0.003, 0.3)], 0.016, 8)
    return standing((width, depth, height), [loft(stacked([*shell, *hollow])), loft(stacked(column))], chrome, trap)


@made_of("porcelain", "metal")
def bathtub(
    width: float = 1.7,
    depth: float = 0.75,
    height: float = 0.66,
    rim_height: float = 0.56,
    hollow: float = 0.42,
    rim: float = 0.06,
    style: str = "built_in",
) -> Mesh:
    """A bathtub, `hollow` deep inside a rim `rim` broad: "built_in" behind straight panels or "freestanding" with sloping sides.

    Its tap stands on the rim at +x and reaches up to `height`.
    """
    if style == "freestanding":
        outer = [
            (oval(f * width, g * depth, 40, 2.6), z * rim_height)
            for f, g, z in ((0.78, 0.62, 0), (0.8, 0.66, 0.06), (0.9, 0.86, 0.5), (0.98, 0.98, 0.93), (1, 1, 0.97), (0.99, 0.985, 1.0))
        ]
        power = 2.6
    else:
        outer = [
            (rounded_rectangle(width - k, depth - k, 0.02 + 0.5 * k, 9), z)
            for k, z in ((0.03, 0.0), (0.03, rim_height - 0.045), (0.0, rim_height - 0.035), (0.0, rim_height - 0.008), (0.012, rim_height))
        ]
        power = 4.0
    a, b = width - 2 * rim - 0.06, depth - 2 * rim
    inner = [(1.0, 1.0, 0.0), (0.985, 0.97, 0.02), (0.9, 0.86, 0.7), (0.82, 0.74, 0.95), (0.7, 0.5, 1.0)]
    sides = [(squared_oval_along(outer[0][0], f * a, g * b, power), rim_height - z * hollow, -0.03, 0.0) for f, g, z in inner]
    body = loft(stacked([*outer, *sides]))
    spout = (
        tap(0.13, height - rim_height + 0.002, (0, 0, 0), 0.014)
        .turned([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
        .moved(width / 2 - 0.045, 0, rim_height - 0.002)
    )
    drain = cylinder(0.028, 0.006, (0.25 * width, 0, rim_height - hollow - 0.002), segments=16)
    return standing((width, depth, height), body, [spout, drain])


@made_of("porcelain", "metal", "frosted")
def shower(
    width: float = 0.9,
    depth: float = 0.9,
    height: float = 2.05,
    tray: float = 0.1,
    frame: float = 0.025,
    head_height: float = 1.95,
    stripes: int = 3,
) -> Mesh:
    """A corner shower: a tray `tray` high, the frame of its (clear) panes with `stripes` frosted bands, and the rose on its rail at +y."""
    w, d = width / 2, depth / 2
    outline = [(1.0, 0.0), (1.0, tray - 0.006), (0.99, tray), (0.86, tray), (0.84, tray - 0.025), (0.2, tray - 0.032)]
    base = loft(stacked([(rounded_rectangle(f * width, f * depth, 0.03), z) for f, z in outline]))
    grid = cylinder(0.04, 0.004, (0, 0, tray - 0.034), segments=16)
    f, top = frame, height
    posts = [box(f, f, top - tray + 0.004, (sx * (w - f / 2), -d + f / 2, tray - 0.004)) for sx in (-1, 1)]
    posts += [box(f, f, top - tray + 0.004, (sx * (w - f / 2), d - f / 2 - 0.001, tray - 0.004)) for sx in (-1, 1)]
    rails = [box(width - 2 * f + 0.004, 0.8 * f, 0.98 * f, (0, -d + f / 2, z)) for z in (tray - 0.003, top - 1.02 * f)]
    rails += [
        box(0.82 * f, depth - 2 * f + 0.004, 0.96 * f, (sx * (w - f / 2), 0, z)) for sx in (-1, 1) for z in (tray - 0.0025, top - 1.03 * f)
    ]
    rails.append(box(0.8 * f, 0.76 * f, top - tray - f, (0.02, -d + f / 2, tray)))
    grip = tube([(0.07, -d + 0.012, 0.95), (0.07, -d + 0.012, 1.25)], 0.009, 8)
    riser = [(0, d - 0.05, tray + 0.9), (0, d - 0.05, head_height), (0, d - 0.12, head_height + 0.04), (0, 0.35 * d, head_height + 0.04)]
    rose = lathe([(0, 0), (0.1, 0), (0.1, 0.008), (0.02, 0.03), (0, 0.03)], 24, (0, 0.35 * d, head_height + 0.005))
    mixer = rounded_box(0.24, 0.045, 0.045, 0.015, (0, d - 0.05, tray + 0.87))
    bands = []
    for k in range(int(stripes)):
        z = tray + 0.7 + 0.16 * k
        bands.append(box(width - 2.2 * f, 0.006, 0.08, (0, -d + f / 2, z)))
        bands += [box(0.006, depth - 2.2 * f, 0.079, (sx * (w - f / 2), 0, z)) for sx in (-1, 1)]
    bands.append(box(0.07, 0.03, 0.035, (0.0, d - 0.05, tray + 0.5)))
    return standing((width, depth, height), base, [grid, *posts, *rails, grip, tube(riser, 0.011, 10), rose, mixer], bands)


@made_of("frame", "mirror_glass", wall_hung=True)
def mirror(
    width: float = 0.6, depth: float = 0.03, height: float = 0.8, frame: float = 0.03, bevel: float = 0.006, style: str = "square"
) -> Mesh:
    """A mirror on the wall, "square" or "oval", in a frame `frame` broad with edges rounded by `bevel`."""
    if style == "oval":
        rim = [
            (oval(width - 2 * k, height - 2 * k, 40), z)
            for k, z in ((0.0, 0.0), (0.0, depth - bevel), (bevel, depth), (frame, depth), (frame, 0.3 * depth))
        ]
        glass = loft(stacked([(oval(width - 2 * frame + 0.004, height - 2 * frame + 0.004, 40), z) for z in (0.1 * depth, 0.45 * depth)]))
        return hung((width, depth, height), loft(stacked(rim)).turned(FORWARD), glass.turned(FORWARD))
    w = width / 2
    rim_part = [rounded_box(width, depth, frame, bevel, (0, -depth / 2, z)) for z in (0.0, height - frame)]
    rim_part += [
        rounded_box(frame - 0.001, depth - 0.001, height - 1.2 * frame, bevel, (s * (w - frame / 2 - 0.0005), -depth / 2, 0.6 * frame))
        for s in (-1, 1)
    ]
    return hung((width, depth, height), rim_part, box(width - frame, 0.45 * depth, height - frame, (0, -0.3 * depth, 0.48 * frame)))


@made_of("metal", "towel", wall_hung=True)
def towel_rail(
    width: float = 0.6,
    depth: float = 0.09,
    height: float = 0.7,
    towel_width: float = 0.42,
    back: float = 0.75,
    thick: float = 0.011,
    bars: int = 1,
) -> Mesh:
    """A rail with a towel folded over it that reaches `back` as far down behind as in front; further `bars` make it a ladder."""
    top, y = height - thick - 0.012, -depth + thick + 0.016
    heights = [top] if bars < 2 else list(np.linspace(top, 0.06, int(bars)))
    rods = [tube([(-width / 2 + 0.01, y, z), (width / 2 - 0.01, y, z)], thick, 10) for z in heights]
    ends = [
        cylinder(0.02, depth - 0.012, segments=12).turned(FORWARD).moved(s * (width / 2 - 0.02), 0.0, z)
        for s in (-1, 1)
        for z in heights[:: max(1, len(heights) - 1)]
    ]
    if bars > 1:
        ends += [box(0.022, 0.02, height - 0.02, (s * (width / 2 - 0.02), y + 0.012, 0.0)) for s in (-1, 1)]
    fold = arc(thick + 0.006, 180, 0, 7)
    front = -top if bars < 2 else -0.6 * top
    behind = back * front
    profile = np.concatenate(
        [[(-thick - 0.006, front), (-thick - 0.006, 0.5 * front)], fold, [(thick + 0.006, 0.5 * behind), (thick + 0.006, behind)]]
    )
    x = np.linspace(-0.5, 0.5, 7) * min(towel_width, width - 0.1)
    wave = 0.004 * np.sin(9 * x)[:, None] * (profile[:, 1] < -0.02)[None]
    points = np.stack(
        [np.broadcast_to(x[:, None], wave.shape), y + profile[None, :, 0] + wave, np.broadcast_to(top + profile[:, 1], wave.shape)], axis=2
    )
    return hung((width, depth, height), [*rods, *ends], sheet(points, 0.008))
