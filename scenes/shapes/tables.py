"""Tables and desks."""

from __future__ import annotations

from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.lofted import sawn
from scenes.shapes.parts import Part, box, lathe, rounded_box
from scenes.shapes.seating import four_legs


@made_of("wood")
def table(
    width: float = 1.5,
    depth: float = 0.85,
    height: float = 0.75,
    top: float = 0.035,
    leg: float = 0.065,
    legs: str = "straight",
    shelf: int = 0,
) -> Mesh:
    """A rectangular table; a low one with `shelf` = 1 is a coffee table."""
    parts: list[Part] = [rounded_box(width, depth, top, 0.008, (0, 0, height - top))]
    inset = 0.06
    parts.append(four_legs(width - inset, depth - inset, height - top + 0.005, leg, style=legs))
    if height > 0.6:
        low = height - top - 0.08
        for sy in (-1, 1):
            parts.append(box(width - inset - leg, 0.02, 0.083, (0, sy * (depth / 2 - inset / 2 - leg / 2), low)))
        for sx in (-1, 1):
            parts.append(box(0.02, depth - inset - leg, 0.082, (sx * (width / 2 - inset / 2 - leg / 2), 0, low)))
    if shelf:
        parts.append(rounded_box(width - inset - 0.02, depth - inset - 0.02, 0.02, 0.005, (0, 0, 0.3 * height)))
    return standing((width, depth, height), parts)


@made_of("wood", "base")
def round_table(
    width: float = 1.1, height: float = 0.75, pedestal: int = 1, top: float = 0.03, foot: float = 0.58, column: float = 0.4
) -> Mesh:
    """A round table on a turned column, or on four legs with `pedestal` = 0.

    `top` is the thickness of its top, `foot` the radius of its foot over its own, `column` the slimness of the column or of the legs.
    """
    r = width / 2
    profile = [(0, 0), (r - 0.02, 0), (r, 0.4 * top), (r, 0.73 * top), (r - 0.006, top), (0, top)]
    board = sawn(lathe(profile, 40, (0, 0, height - top)))
    if pedestal:
        reach, waist = foot * r, 0.09 * width**0.5
        profile = [
            (0, 0),
            (reach, 0),
            (reach, 0.015),
            (0.6 * reach, 0.04),
            (1.25 * column * waist, 0.12),
            (column * waist, 0.3 * height),
            (column * waist, 0.7 * height),
        ]
        base = lathe([*profile, (0.9 * waist, height - top - 0.01), (0.9 * waist, height - 0.67 * top), (0, height - 0.67 * top)], 24)
    else:
        spread = 2.155 * foot * r
        base = four_legs(spread, spread, height - top + 0.005, 0.125 * column, style="tapered", splay=0.04)
    return standing((width, width, height), board, base)


@made_of("wood", "front", "metal")
def desk(
    width: float = 1.4,
    depth: float = 0.7,
    height: float = 0.74,
    drawers: int = 3,
    mirrored: int = 0,
    pedestal: float = 0.42,
    top: float = 0.03,
) -> Mesh:
    """A writing desk with a `pedestal` of drawers, so wide, at one side; the sitter is at -y, looking towards +y."""
    side = -1 if mirrored else 1
    body = [rounded_box(width, depth, top, 0.008, (0, 0, height - top))]
    x = side * (width / 2 - pedestal / 2 - 0.02)
    body.append(box(pedestal, depth - 0.06, height - top + 0.005, (x, 0.01, 0)))
    body.append(box(0.03, depth - 0.08, height - top + 0.01, (-side * (width / 2 - 0.035), 0, 0)))
    body.append(box(width - pedestal - 0.06, 0.02, 0.346, (-side * pedestal / 2, depth / 2 - 0.08, height - top - 0.34)))
    front, handles = [], []
    tall = (height - top - 0.07) / drawers
    for k in range(int(drawers)):
        z = 0.05 + k * tall
        front.append(rounded_box(pedestal - 0.02, 0.022, tall - 0.012, 0.006, (x, -depth / 2 + 0.031, z)))
        handles.append(rounded_box(0.13, 0.02, 0.014, 0.006, (x, -depth / 2 + 0.012, z + tall - 0.06)))
    return standing((width, depth, height), body, front, handles)
