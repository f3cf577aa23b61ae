"""Toys and things of leisure."""

from __future__ import annotations

import numpy as np

from scenes.geometry import rotation_z
from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.lofted import FORWARD, SIDEWAYS, arc, ellipsoid, loft, oval, rounded_rectangle, stacked, turned_about
from scenes.shapes.parts import Part, box, boxes, cylinder, lathe, rounded_box, tube


@made_of("toy_red", "toy_blue", "toy_yellow")
def toy_blocks(
    width: float = 0.3, depth: float = 0.26, height: float = 0.16, block: float = 0.05, bevel: float = 0.004, seed: int = 0
) -> Mesh:
    """Building blocks of edge `block`: some lie about, some are piled up to `height`."""
    rng = np.random.default_rng(int(seed))
    levels = max(2, int(height / block))
    piles: list[list[Part]] = [[], [], []]
    for k in range(levels):
        turn = rotation_z(float(rng.uniform(-0.4, 0.4)))
        part = rounded_box(block, block, block - 0.0006, bevel).turned(turn)
        x, y = rng.uniform(-0.1, 0.1, 2) * block
        piles[k % 3].append(part.moved(float(x), float(y), k * block))
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, 0.1), (1, -0.1)]
    for k, (sx, sy) in enumerate(corners):
        long = block * (2 if k % 3 == 0 else 1)
        solid = rounded_box(long, block, block, bevel) if k % 2 else cylinder(0.5 * block, block, segments=20)
        x, y = sx * (width - 1.5 * block) / 2, sy * (depth - 1.5 * block) / 2
        piles[(k + 1) % 3].append(solid.turned(rotation_z(float(rng.uniform(-1.5, 1.5)))).moved(x, y))
    return standing((width, depth, height), *piles)


@made_of("plush", "muzzle", "toy_black")
def teddy(
    width: float = 0.26,
    depth: float = 0.26,
    height: float = 0.32,
    head: float = 0.44,
    belly: float = 0.62,
    ear: float = 0.3,
    limb: float = 0.3,
) -> Mesh:
    """A sitting teddy bear; `head` is its head's share of the height, `belly`, `ear` and `limb` are measured in heads or widths."""
    w, tall = width, height * head
    trunk = height - 0.88 * tall
    y = 0.14 * depth
    body = [ellipsoid((belly * w, 0.85 * belly * w, 1.12 * trunk), (0, y, 0), 20)]
    z = height - tall
    size = 0.92 * tall
    body.append(ellipsoid((1.08 * size, 0.95 * size, size), (0, y - 0.02 * w, z), 20))
    body += [ellipsoid((ear * tall, 0.5 * ear * tall, ear * tall), (s * 0.42 * tall, y, height - ear * tall), 14) for s in (-1, 1)]
    for s in (-1, 1):
        arm = ellipsoid((0.8 * limb * w, 0.8 * limb * w, 1.5 * limb * w), (0, 0, -1.35 * limb * w), 14)
        body.append(arm.turned(turned_about("x", -32.0) @ turned_about("y", -s * 28.0)).moved(s * 0.27 * w, y, 0.9 * trunk))
        leg = ellipsoid((limb * w, limb * w, 1.6 * limb * w), (0, 0, -1.6 * limb * w), 14)
        body.append(leg.turned(turned_about("x", -86.0) @ np.eye(3)).moved(s * 0.28 * w, y - 0.1 * depth, 0.5 * limb * w))
    front = y - 0.02 * w - 0.475 * size
    soles = [
        ellipsoid((0.72 * limb * w, 0.02, 0.72 * limb * w), (s * 0.28 * w, y - 0.1 * depth - 1.58 * limb * w, 0.18 * limb * w), 14)
        for s in (-1, 1)
    ]
    nose = ellipsoid((0.46 * tall, 0.3 * tall, 0.36 * tall), (0, front + 0.02 * tall, z + 0.12 * tall), 14)
    eyes = [
        ellipsoid((0.09 * tall, 0.07 * tall, 0.09 * tall), (s * 0.2 * tall, front + 0.075 * tall, z + 0.52 * tall), 10) for s in (-1, 1)
    ]
    tip = ellipsoid((0.14 * tall, 0.08 * tall, 0.1 * tall), (0, front - 0.12 * tall, z + 0.34 * tall), 10)
    return standing((width, depth, height), body, [nose, *soles], [*eyes, tip])


@made_of("toy_paint", "rubber", "dark_glass")
def toy_car(
    width: float = 0.11,
    depth: float = 0.24,
    height: float = 0.09,
    wheel: float = 0.042,
    cabin: float = 0.5,
    bonnet: float = 0.58,
    tyre: float = 0.02,
) -> Mesh:
    """A toy car, its bonnet to the front (-y); `cabin` is the length of its roof over its own, `bonnet` the height of its bonnet."""
    low, mid = 0.35 * wheel, bonnet * height
    levels = [(0.94, 0.97, low), (1.0, 1.0, low + 0.2 * (mid - low)), (0.98, 0.99, mid - 0.006), (0.9, 0.95, mid)]
    body = loft(stacked([(rounded_rectangle(a * (width - 0.008), b * depth, 0.022, 4), z) for a, b, z in levels]), 50)
    y = 0.08 * depth
    top = loft(
        stacked(
            [
                (rounded_rectangle(a * width, b * cabin * depth, 0.012, 3), z, 0.0, y)
                for a, b, z in ((0.62, 0.66, height - 0.012), (0.6, 0.62, height - 0.003), (0.5, 0.54, height))
            ]
        ),
        50,
    )
    glass = loft(
        stacked(
            [
                (rounded_rectangle(a * width, b * cabin * depth, 0.012, 3), z, 0.0, y)
                for a, b, z in ((0.84, 1.0, mid - 0.004), (0.64, 0.68, height - 0.008))
            ]
        ),
        50,
    )
    rim = [(0, 0), (0.5 * wheel, 0), (0.5 * wheel, 0.85 * tyre), (0.4 * wheel, tyre), (0.25 * wheel, 0.8 * tyre), (0, 0.9 * tyre)]
    wheels = [
        lathe(rim, 20, crease_deg=40)
        .turned(SIDEWAYS if s > 0 else -SIDEWAYS @ np.diag([1, -1, 1.0]))
        .moved(s * (width / 2 - tyre), f * depth, 0.5 * wheel)
        for s in (-1, 1)
        for f in (-0.3, 0.3)
    ]
    lamps = [cylinder(0.009, 0.006, segments=12).turned(FORWARD).moved(s * 0.3 * width, -depth / 2 + 0.005, 0.7 * mid) for s in (-1, 1)]
    return standing((width, depth, height), [body, top], wheels, [glass, *lamps])


@made_of("toy_red", "toy_blue", "rubber")
def toy_train(
    width: float = 0.09,
    depth: float = 0.38,
    height: float = 0.12,
    wheel: float = 0.036,
    boiler: float = 0.055,
    funnel: float = 0.022,
    wagons: int = 1,
) -> Mesh:
    """A wooden engine, its front to -y, with `wagons` behind it; `boiler` and `funnel` are diameters."""
    pitch = depth / (1 + 0.8 * wagons)
    engine, cars, wheels = [], [], []
    y0 = -depth / 2
    deck = 0.7 * wheel
    engine.append(rounded_box(0.8 * width, pitch - 0.01, 0.016, 0.004, (0, y0 + pitch / 2, deck)))
    engine.append(cylinder(boiler / 2, 0.6 * pitch, segments=20).turned(FORWARD).moved(0, y0 + 0.64 * pitch, deck + 0.012 + boiler / 2))
    cars.append(rounded_box(0.72 * width, 0.3 * pitch, 0.55 * height, 0.004, (0, y0 + 0.78 * pitch, deck + 0.01)))
    engine.append(rounded_box(0.86 * width, 0.38 * pitch, 0.012, 0.004, (0, y0 + 0.78 * pitch, deck + 0.01 + 0.55 * height)))
    base = deck + 0.006 + boiler
    cars.append(
        lathe(
            [(0, base), (0.35 * funnel, base), (0.35 * funnel, height - 0.014), (funnel / 2, height), (0, height)],
            14,
            (0, y0 + 0.18 * pitch, 0),
        )
    )
    cars.append(ellipsoid((0.9 * funnel, 0.9 * funnel, 0.9 * funnel), (0, y0 + 0.42 * pitch, base - 0.005), 12))
    places = [y0 + f * pitch for f in (0.2, 0.5, 0.82)]
    for k in range(int(wagons)):
        start = y0 + pitch * (1 + 0.8 * k)
        cars.append(rounded_box(0.8 * width, 0.74 * pitch, 0.3 * height, 0.005, (0, start + 0.4 * pitch, deck)))
        engine.append(
            boxes([[0.5 * width, 0.16 * pitch, 0.03]] * 3, [[0, start + f * pitch, deck + 0.3 * height + 0.01] for f in (0.2, 0.4, 0.6)])
        )
        wheels.append(box(0.012, 0.09 * pitch, 0.008, (0, start, deck + 0.004)))
        places += [start + 0.2 * pitch, start + 0.6 * pitch]
    for s in (-1, 1):
        for y in places:
            wheels.append(cylinder(wheel / 2, 0.012, segments=16).turned(SIDEWAYS).moved(s * (width / 2 - 0.006) - 0.006, y, wheel / 2))
    return standing((width, depth, height), engine, cars, wheels)


@made_of("toy_yellow", "toy_orange", "toy_black")
def rubber_duck(
    width: float = 0.085, depth: float = 0.1, height: float = 0.095, head: float = 0.46, beak: float = 0.026, wing: float = 0.5
) -> Mesh:
    """A bath duck that looks to the front; `head` is its head's share of the height, `wing` its wings' share of the length."""
    size = head * height
    levels = [(0.6, 0.55, 0.0), (0.92, 0.85, 0.25), (1.0, 0.95, 0.5), (0.85, 0.86, 0.78), (0.45, 0.6, 1.0)]
    tall = height - 0.72 * size
    body = loft(
        stacked([(oval(a * 0.86 * width, b * 0.92 * depth, 22), z * tall, 0.0, 0.03 * depth + 0.06 * depth * z) for a, b, z in levels]), 70
    )
    tail = ellipsoid((0.3 * width, 0.16 * depth, 0.3 * tall), (0, 0.42 * depth, 0.75 * tall), 12)
    y = -0.2 * depth
    skull = ellipsoid((size, size, size), (0, y, height - size), 18)
    wings = [ellipsoid((0.16 * width, wing * depth, 0.5 * tall), (s * 0.42 * width, 0.08 * depth, 0.3 * tall), 12) for s in (-1, 1)]
    bill = ellipsoid((0.5 * size, 1.6 * beak, 0.3 * beak + 0.004), (0, y - size / 2 - 0.1 * beak, height - 0.66 * size), 12)
    eyes = [ellipsoid((0.12 * size, 0.1 * size, 0.14 * size), (s * 0.22 * size, y - 0.4 * size, height - 0.46 * size), 8) for s in (-1, 1)]
    return standing((width, depth, height), [body, tail, skull, *wings], bill, eyes)


@made_of("wood", "toy_red", "toy_blue", "toy_yellow")
def stacking_rings(
    width: float = 0.13, height: float = 0.2, taper: float = 0.55, pole: float = 0.018, foot: float = 0.016, rings: int = 5
) -> Mesh:
    """A toddler's rings on a pole, from wide to narrow; `taper` is the top ring's width over the bottom one's."""
    r = width / 2
    base = lathe([(0, 0), (0.8 * r, 0), (0.82 * r, 0.5 * foot), (0.7 * r, foot), (0, foot)], 24, crease_deg=50)
    top = height - 0.03
    stick = cylinder(pole / 2, top - 0.01, (0, 0, 0.01), segments=12)
    knob = ellipsoid((2 * pole, 2 * pole, 0.04), (0, 0, height - 0.04), 14)
    groups: list[list[Part]] = [[], [], []]
    count = max(3, int(rings))
    tall = (top - 0.02 - foot) / count
    circle = arc(1.0, 0, 360, 11)[:-1]
    for k in range(count):
        outer = r * (1 - (1 - taper) * k / (count - 1))
        hole = pole / 2 + 0.002
        middle, half = (outer + hole) / 2, (outer - hole) / 2
        profile = np.column_stack([middle + half * circle[:, 0], foot + (k + 0.5) * tall + 0.49 * tall * circle[:, 1]])
        groups[k % 3].append(lathe(np.concatenate([profile, profile[:1]]), 24, crease_deg=60))
    return standing((width, width, height), [base, stick, knob], *groups)


@made_of("wood", "guitar_neck", "metal")
def guitar(
    width: float = 0.38,
    depth: float = 0.3,
    height: float = 1.02,
    body: float = 0.48,
    waist: float = 0.66,
    thick: float = 0.1,
    lean_deg: float = 12.0,
) -> Mesh:
    """A guitar that leans back on a stand, its strings to the front; `body` is its body's share of its length, `waist` its narrowness."""
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    long = body * height
    z = 0.5 - 0.5 * np.cos(t)
    half = (
        np.sqrt(np.clip(1 - (2 * z - 1) ** 2, 0, 1)) ** 0.75
        * (1 - 0.22 * z)
        * (1 - (1 - waist) * 0.75 * np.exp(-(((z - 0.58) / 0.14) ** 2)))
    )
    outline = np.column_stack([np.sign(np.sin(t)) * half * 0.52 * width, -long * (z - 0.5)])[::-1]
    lean, lift = turned_about("x", -lean_deg), 0.05
    box_ = loft(stacked([(outline * 0.985, 0.0), (outline, 0.006), (outline, thick - 0.004), (outline * 0.985, thick)]), 40)
    middle = lift + long / 2
    hole = cylinder(0.12 * width, 0.003, (0, 0.12 * long, thick - 0.001), segments=24)
    bridge = rounded_box(0.34 * width, 0.025, 0.012, 0.003, (0, -0.26 * long, thick - 0.002))
    neck_z = lift + 0.62 * long
    front = [part.turned(FORWARD @ np.diag([1, 1, 1.0])).moved(z=middle) for part in (hole, bridge)]
    case = box_.turned(FORWARD).moved(z=middle)
    neck = [
        rounded_box(0.055, 0.022, height - 0.16 - neck_z, 0.006, (0, -thick - 0.006, neck_z)),
        rounded_box(0.075, 0.018, 0.17, 0.006, (0, -thick - 0.004, height - 0.17)),
    ]
    pegs = [box(0.12, 0.008, 0.014, (0, -thick + 0.002, height - 0.14 + 0.045 * k)) for k in range(3)]
    strings = boxes(
        [[0.0012, 0.001, height - 0.12 - lift - 0.26 * long]] * 6,
        [[0.008 * (k - 2.5), -thick - 0.0185, (height - 0.12 + lift + 0.26 * long) / 2] for k in range(6)],
    )
    back = depth - 0.02
    stand = [tube([(s * 0.16, -thick - 0.02, 0.006), (s * 0.05, 0.02, 0.22), (0, 0.5 * back, 0.006)], 0.006, 6) for s in (-1, 1)]
    rest = [tube([(s * 0.1, 0.03, 0.1), (s * 0.1, -thick - 0.02, 0.045), (s * 0.1, -thick - 0.025, 0.085)], 0.006, 6) for s in (-1, 1)]
    wooden = [case.turned(lean)]
    return standing(
        (width, depth, height),
        wooden,
        [part.turned(lean) for part in (*neck, *front)],
        [*(p.turned(lean) for p in (*pegs, strings)), *stand, *rest],
    )


@made_of("world_map", "wood", "metal")
def globe(
    width: float = 0.3, height: float = 0.4, ball: float = 0.26, foot: float = 0.18, tilt_deg: float = 23.0, bow: float = 0.007
) -> Mesh:
    """A globe `ball` wide in a half ring on a turned foot; the picture (texture metres = 1) goes once round it."""
    z = height - width / 2
    sphere = ellipsoid((ball, ball, ball), (0, 0, -ball / 2), 28)
    longitude = sphere.uvs[:, 0] / sphere.uvs[:, 0].max()
    sphere = sphere.with_uvs(np.column_stack([longitude, 0.5 - np.arcsin(np.clip(2 * sphere.vertices[:, 2] / ball, -1, 1)) / np.pi]))
    tilt = turned_about("y", tilt_deg)
    ring = arc(width / 2 - bow, -90, 90, 17)
    half = tube(np.column_stack([ring[:, 0], np.zeros(17), ring[:, 1]]), bow, 8)
    pin = cylinder(0.004, width - 2 * bow, (0, 0, bow - width / 2), segments=8)
    low = z - width / 2 + 0.012
    base = lathe([(0, 0), (foot / 2, 0), (foot / 2, 0.012), (0.3 * foot, 0.025), (0.02, 0.04), (0.014, low), (0, low)], 24, crease_deg=40)
    return standing(
        (width, width, height), sphere.turned(tilt).moved(z=z), base, [half.turned(tilt).moved(z=z), pin.turned(tilt).moved(z=z)]
    )
