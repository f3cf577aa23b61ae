"""Things to sit and lie on: chairs, stools, sofas and armchairs, beds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenes.geometry import rotation_z
from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.lofted import sawn
from scenes.shapes.parts import Part, box, boxes, cylinder, frustum, join, lathe, rounded_box
from scenes.shapes.soft import puffed


def four_legs(
    width: float, depth: float, height: float, thick: float, *, style: str = "straight", splay: float = 0.0, z: float = 0.0
) -> Part:
    """Legs under a rectangle: "straight", "tapered" (half as thick at the floor) or "round"; `splay` is how far the feet stand out."""
    legs = []
    for sx in (-1, 1):
        for sy in (-1, 1):
            x, y = sx * (width / 2 - thick / 2), sy * (depth / 2 - thick / 2)
            foot = (x + sx * splay, y + sy * splay, z)
            if style == "round":
                legs.append(cylinder(0.3 * thick, height, (x, y, z), segments=10, top=0.5 * thick))
            else:
                low = 0.55 * thick if style == "tapered" else thick
                legs.append(frustum((low, low), (thick, thick), height, foot, (-sx * splay, -sy * splay)))
    return join(legs)


def _backrest(style: str, width: float, depth: float, low: float, high: float) -> list[Part]:
    """What fills the back between two posts, for heights low ... high."""
    y, span = depth / 2 - 0.02, width - 0.05
    if style == "panel":
        return [rounded_box(span, 0.02, 0.62 * (high - low), 0.008, (0, y, low + 0.35 * (high - low)))]
    if style == "bars":
        top = rounded_box(span, 0.024, 0.07, 0.01, (0, y, high - 0.08))
        count = 5
        xs = [span * ((k + 0.5) / count - 0.5) for k in range(count)]
        bars = boxes([[0.018, 0.014, high - low - 0.03]] * count, [[x, y, (low + high) / 2 - 0.03] for x in xs])
        return [top, bars]
    rails = [low + f * (high - low) for f in (0.3, 0.55, 0.8)]
    return [rounded_box(span, 0.02, 0.055, 0.008, (0, y, z)) for z in rails]


@made_of("wood", "seat")
def chair(
    width: float = 0.45, depth: float = 0.5, height: float = 0.9, seat_height: float = 0.46, back: str = "slats", legs: str = "tapered"
) -> Mesh:
    """A dining chair; `back` is "slats", "bars" or "panel". The sitter faces -y."""
    thick = 0.036
    frame = [rounded_box(width, depth - 0.02, 0.03, 0.01, (0, 0, seat_height - 0.05))]
    frame.append(four_legs(width - 0.02, depth - 0.03, seat_height - 0.04, thick, style=legs, splay=0.01))
    for sx in (-1, 1):
        post = frustum(
            (thick, thick), (0.026, 0.022), height - seat_height + 0.03, (sx * (width / 2 - 0.025), depth / 2 - 0.035, seat_height - 0.03)
        )
        frame.append(post)
    frame.extend(part.moved(y=-0.012) for part in _backrest(back, width - 0.02, depth, seat_height, height))
    pad = puffed(width - 0.03, depth - 0.06, 0.035, 0.012, 0.55, (0, -0.01, seat_height - 0.032))
    return standing((width, depth, height), frame, pad)


@made_of("metal", "seat", "plastic")
def office_chair(width: float = 0.62, depth: float = 0.62, height: float = 1.0, seat_height: float = 0.48) -> Mesh:
    """A swivel chair with a five-star foot, armrests and a high back."""
    foot = rounded_box(0.29, 0.05, 0.035, 0.012, (0.155, 0, 0.06))
    star = [foot.turned(rotation_z(2 * np.pi * (k + 0.25) / 5)) for k in range(5)]
    wheels = [cylinder(0.03, 0.05, (0.28 * np.cos(a), 0.28 * np.sin(a), 0.0), segments=10) for a in 2 * np.pi * (np.arange(5) + 0.25) / 5]
    column = cylinder(0.026, seat_height - 0.13, (0, 0, 0.07), segments=12)
    seat = rounded_box(0.8 * width, 0.8 * depth, 0.09, 0.035, (0, -0.02, seat_height - 0.09), segments=2)
    back = rounded_box(0.74 * width, 0.075, height - seat_height - 0.08, 0.035, (0, 0.4 * depth, seat_height + 0.08), segments=2)
    bar = box(0.07, 0.025, 0.3, (0, 0.4 * depth + 0.03, seat_height - 0.06))
    under = box(0.1, 0.42 * depth, 0.025, (0, 0.21 * depth, seat_height - 0.105))
    arms = []
    for sx in (-1, 1):
        arms.append(rounded_box(0.055, 0.27, 0.03, 0.012, (sx * (0.5 * width - 0.03), -0.02, seat_height + 0.18)))
        arms.append(box(0.03, 0.05, 0.25, (sx * (0.5 * width - 0.03), 0.02, seat_height - 0.05)))
        arms.append(box(0.12, 0.05, 0.02, (sx * (0.5 * width - 0.075), 0.02, seat_height - 0.05)))
    return standing((width, depth, height), [column, *star], [seat, back], [*wheels, *arms, bar, under])


@made_of("wood", "seat")
def stool(width: float = 0.36, height: float = 0.46, pad: float = 0.042, leg: float = 0.034, splay: float = 0.03) -> Mesh:
    """A round stool on four legs, its padding `pad` thick."""
    seat = sawn(cylinder(0.5 * width, 0.03, (0, 0, height - pad - 0.023), segments=24))
    r = 0.48 * width
    profile = [(0, 0), (r - 0.01, 0), (r, 0.28 * pad), (r - 0.004, 0.66 * pad), (r - 0.02, 0.9 * pad), (0, pad)]
    cushion = lathe(profile, 24, (0, 0, height - pad), 60)
    legs = four_legs(0.66 * width, 0.66 * width, height - pad - 0.008, leg, style="tapered", splay=splay)
    return standing((width, width, height), [seat, legs], cushion)


@made_of("fabric", "wood")
def sofa(
    width: float = 2.0,
    depth: float = 0.9,
    height: float = 0.8,
    seats: int = 3,
    seat_height: float = 0.43,
    arm_width: float = 0.16,
    arm_height: float = 0.6,
) -> Mesh:
    """A sofa of `seats` places, an armchair with one. The sitter faces -y."""
    foot, back = 0.09, 0.2
    inner = width - 2 * arm_width
    base = rounded_box(width - 0.03, depth - 0.04, seat_height - 0.15 - foot, 0.02, (0, 0, foot))
    arms = [
        rounded_box(arm_width, depth - 0.02, arm_height - foot + 0.01, 0.05, (sx * (width - arm_width) / 2, 0, foot - 0.01), segments=2)
        for sx in (-1, 1)
    ]
    rear = rounded_box(width - 0.04, 0.13, height - foot - 0.052, 0.05, (0, depth / 2 - 0.065, foot + 0.012), segments=2)
    parts = [base, *arms, rear]
    place = inner / seats
    for k in range(int(seats)):
        x = -inner / 2 + (k + 0.5) * place
        parts.append(puffed(place - 0.008, depth - back, 0.17, 0.05, 0.82, (x, -back / 2 - 0.005, seat_height - 0.16)))
        tall = height - seat_height + 0.01
        parts.append(_upright_cushion(place - 0.012, 0.19, tall, (x, depth / 2 - 0.205, seat_height - 0.01)))
    legs = four_legs(width - 0.1, depth - 0.1, foot + 0.01, 0.045, style="tapered")
    return standing((width, depth, height), parts, legs)


def _upright_cushion(x: float, y: float, z: float, at: Sequence[float]) -> Part:
    """A stuffed back cushion, standing."""
    flat = puffed(x, z, y, 0.06, 0.7)
    return flat.moved(z=-y / 2).turned([[1, 0, 0], [0, 0, -1], [0, 1, 0]]).moved(at[0], at[1], at[2] + z / 2)


@made_of("wood", "mattress", "linen", "blanket", "linen")
def bed(
    width: float = 1.6, depth: float = 2.05, height: float = 1.0, mattress_top: float = 0.52, pillows: int = 2, cover: float = 0.64
) -> Mesh:
    """A bed with its head at +y; `cover` is the fraction of its length under the blanket, with the sheet folded over it."""
    rail = mattress_top - 0.2
    frame = [rounded_box(width, 0.06, height, 0.02, (0, depth / 2 - 0.03, 0.0))]
    frame += [rounded_box(0.045, depth - 0.05, 0.18, 0.012, (sx * (width / 2 - 0.0225), -0.02, rail - 0.13)) for sx in (-1, 1)]
    frame += [rounded_box(width - 0.01, 0.045, 0.2, 0.012, (0, -depth / 2 + 0.0225, rail - 0.14))]
    frame += [box(0.07, 0.07, rail - 0.1, (sx * (width / 2 - 0.05), -depth / 2 + 0.05, 0)) for sx in (-1, 1)]
    length, across = depth - 0.12, width - 0.06
    mattress = [rounded_box(across - 0.03, length - 0.03, 0.22, 0.05, (0, 0, mattress_top - 0.22), segments=2)]
    head = depth / 2 - 0.075
    share = across / pillows
    heads = [
        puffed(
            min(share - 0.06, 0.75), 0.42, 0.15, 0.04, 0.2, (-across / 2 + (k + 0.5) * share, head - 0.24, mattress_top - 0.02), power=0.4
        )
        for k in range(int(pillows))
    ]
    reach = cover * length
    middle = -length / 2 + reach / 2 - 0.004
    blanket = puffed(across + 0.012, reach, 0.2, 0.05, 0.93, (0, middle, mattress_top - 0.165), power=0.6)
    fold = rounded_box(across + 0.018, 0.24, 0.19, 0.04, (0, middle + reach / 2 - 0.05, mattress_top - 0.149), segments=2)
    return standing((width, depth, height), frame, mattress, heads, blanket, fold)


@made_of("fabric", "wood")
def ottoman(
    width: float = 0.6, depth: float = 0.45, height: float = 0.42, foot: float = 0.12, rounding: float = 0.05, swell: float = 0.03
) -> Mesh:
    """A padded footstool on legs `foot` high; `swell` is how much its cushion rises in the middle."""
    block = rounded_box(width - 0.02, depth - 0.02, height - foot - swell - 0.02, min(rounding, 0.06), (0, 0, foot), segments=2)
    pad = puffed(width, depth, 0.06 + swell, 0.03, 0.06 / (0.06 + swell) * 0.8, (0, 0, height - 0.06 - swell))
    return standing((width, depth, height), [block, pad], four_legs(width - 0.06, depth - 0.06, foot + 0.02, 0.045, style="tapered"))


@made_of("wood", "seat")
def hall_bench(
    width: float = 1.1,
    depth: float = 0.38,
    height: float = 0.46,
    top: float = 0.035,
    leg: float = 0.05,
    shelf: float = 0.35,
    pad: float = 0.05,
) -> Mesh:
    """A bench with a cushion `pad` thick, for halls and dining tables; a slatted shelf at `shelf` of its height (0: none)."""
    seat_z = height - pad
    frame = [rounded_box(width, depth, top, 0.008, (0, 0, seat_z - top)), four_legs(width - 0.08, depth - 0.05, seat_z - top + 0.005, leg)]
    if shelf > 0.1:
        count = max(3, int(depth / 0.07))
        ys = [(k + 0.5) / count * (depth - 0.1) - (depth - 0.1) / 2 for k in range(count)]
        frame.append(boxes([[width - 0.1, 0.5 * (depth - 0.1) / count, 0.016]] * count, [[0, y, shelf * height] for y in ys]))
        frame += [box(0.024, depth - 0.07, 0.02, (s * (width / 2 - 0.08), 0, shelf * height - 0.026)) for s in (-1, 1)]
    return standing((width, depth, height), frame, puffed(width - 0.03, depth - 0.03, pad + 0.004, 0.02, 0.75, (0, 0, seat_z - 0.004)))
