"""What stands on kitchen worktops and on laid tables."""

from __future__ import annotations

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.kitchen import knob
from scenes.shapes.lofted import SIDEWAYS, ellipsoid, loft, oval, rounded_rectangle, stacked, turned_about
from scenes.shapes.parts import Float, Part, box, cylinder, lathe, rounded_box, tube


@made_of("appliance", "dark_glass", "metal")
def microwave(
    width: float = 0.48, depth: float = 0.36, height: float = 0.28, panel: float = 0.24, handle: float = 0.7, rounding: float = 0.01
) -> Mesh:
    """A microwave oven; the control `panel` takes that share of the front, the handle that share of the height."""
    y, foot = -depth / 2 + 0.045, 0.012
    body = [rounded_box(width, depth - 0.064, height - foot, rounding, (0, 0.032, foot), upright=True)]
    door = width * (1 - panel)
    body.append(rounded_box(door - 0.004, 0.02, height - foot - 0.006, 0.006, (-panel * width / 2, y + 0.01, foot + 0.003), upright=True))
    body.append(rounded_box(panel * width - 0.004, 0.02, height - foot - 0.006, 0.006, (door / 2, y + 0.01, foot + 0.003), upright=True))
    glass = [rounded_box(0.72 * door, 0.008, 0.66 * height, 0.003, (-panel * width / 2 - 0.03, y, foot + 0.15 * height))]
    glass.append(box(0.7 * panel * width, 0.005, 0.14 * height, (door / 2, y, 0.76 * height)))
    x, long = width / 2 - panel * width - 0.025, handle * height
    z = foot + (height - foot - long) / 2
    bar = tube([(x, y + 0.002, z), (x, y - 0.036, z + 0.01), (x, y - 0.036, z + long - 0.01), (x, y + 0.002, z + long)], 0.007, 8)
    metal = [bar, *(knob(0.3 * panel * width, door / 2, y, f * height, 0.018) for f in (0.3, 0.58))]
    body += [cylinder(0.012, foot + 0.004, (sx * 0.42 * width, sy * 0.3 * depth, 0), segments=8) for sx in (-1, 1) for sy in (-1, 1)]
    return standing((width, depth, height), body, glass, metal)


@made_of("appliance", "plastic")
def kettle(
    width: float = 0.22, depth: float = 0.15, height: float = 0.24, waist: float = 0.72, spout: float = 0.3, foot: float = 0.025
) -> Mesh:
    """An electric kettle on its base, the spout towards -x; `waist` is the radius at the top, `spout` its height share."""
    r = depth / 2
    profile = [
        (0, foot),
        (0.96 * r, foot),
        (r, foot + 0.012),
        (0.95 * r, 0.45 * height),
        (waist * r, 0.86 * height),
        (waist * r - 0.006, 0.88 * height),
    ]
    body = lathe([*profile, (0, 0.9 * height)], 28, crease_deg=45)
    lip = loft(
        stacked(
            [
                (oval(a * r, b * r, 12), z * height, -waist * r - c * r, 0.0)
                for a, b, z, c in ((0.1, 0.3, 0.86 - spout, -0.22), (0.5, 0.5, 0.8, -0.05), (0.62, 0.55, 0.87, 0.05))
            ]
        )
    )
    x = waist * r
    path = [
        (x - 0.01, 0.86 * height),
        (x + 0.45 * r, 0.9 * height),
        (x + 0.85 * r, 0.8 * height),
        (x + 0.85 * r, 0.4 * height),
        (x + 0.25 * r, 0.22 * height),
    ]
    handle = tube([(a, 0, z) for a, z in path], 0.0125, 10)
    base = lathe([(0, 0), (1.0 * r, 0), (r, 0.6 * foot), (0.9 * r, foot - 0.002), (0, foot - 0.002)], 28)
    top = ellipsoid((0.3 * r, 0.3 * r, 0.06 * height), (0, 0, 0.885 * height), 10)
    return standing((width, depth, height), [body, lip], [handle, base, top])


@made_of("appliance", "plastic", "dark_glass")
def toaster(
    width: float = 0.28, depth: float = 0.17, height: float = 0.19, rounding: float = 0.035, slot: float = 0.72, lever: float = 0.6
) -> Mesh:
    """A toaster for two slices, its lever (at `lever` of the height) at +x; `slot` is the length of its slots in widths."""
    body = rounded_box(width - 0.03, depth, height - 0.016, rounding, (-0.015, 0, 0.014), segments=3, upright=True)
    foot = rounded_box(width - 0.05, depth - 0.02, 0.02, 0.006, (-0.015, 0, 0))
    arm = rounded_box(0.035, 0.05, 0.016, 0.006, (width / 2 - 0.0175, 0, lever * height))
    dial = cylinder(0.016, 0.012, segments=14).turned(SIDEWAYS).moved(width / 2 - 0.032, 0.0, 0.3 * height)
    slots = [box(slot * (width - 0.03), 0.026, 0.006, (-0.015, s * 0.2 * depth, height - 0.006)) for s in (-1, 1)]
    slots.append(box(0.004, 0.012, 0.5 * height, (width / 2 - 0.031, 0, 0.36 * height)))
    return standing((width, depth, height), body, [foot, arm, dial], slots)


@made_of("cookware", "plastic")
def pot(
    width: float = 0.32,
    depth: float = 0.23,
    height: float = 0.2,
    body_height: float = 0.14,
    flare: float = 0.94,
    lid: float = 0.03,
    handle: float = 0.008,
) -> Mesh:
    """A cooking pot with two handles and a domed lid; `flare` is the radius of its bottom over that of its rim."""
    r, rim = depth / 2 - 0.004, body_height + 0.004
    wall = [(0, 0), (flare * r - 0.008, 0), (flare * r, 0.008), (r, body_height), (r + 0.004, rim - 0.001), (r - 0.004, rim), (0, rim)]
    dome = [(0, body_height), (r, rim + 0.001), (0.92 * r, body_height + 0.4 * lid), (0.6 * r, body_height + 0.8 * lid)]
    top = body_height + lid
    body = [lathe(wall, 32, crease_deg=40), lathe([*dome, (0, top)], 32, crease_deg=50)]
    rise = height - top
    knob_profile = [
        (0, top - 0.006),
        (0.012, top - 0.006),
        (0.009, top + 0.4 * rise),
        (0.02, top + 0.6 * rise),
        (0.017, height),
        (0, height),
    ]
    grips = [lathe(knob_profile, 14, crease_deg=50)]
    reach, z = width / 2 - r, 0.82 * body_height
    bend = [
        (-0.006, -0.04, 0.0),
        (reach - 0.012, -0.034, 0.004),
        (reach - 0.008, 0.0, 0.005),
        (reach - 0.012, 0.034, 0.004),
        (-0.006, 0.04, 0.0),
    ]
    grips += [tube([(s * (r + x), y, z + dz) for x, y, dz in bend], handle, 8) for s in (-1, 1)]
    return standing((width, depth, height), body, grips)


@made_of("pan", "plastic")
def frying_pan(
    width: float = 0.44, depth: float = 0.26, height: float = 0.075, rim: float = 0.048, flare: float = 0.8, wall: float = 0.006
) -> Mesh:
    """A frying pan with its handle towards +x; `rim` is the height of its wall, `flare` the bottom's radius over the rim's."""
    r = depth / 2
    x = -width / 2 + r
    profile = [(0, 0), (flare * r, 0), (0.97 * r, 0.85 * rim), (r, rim), (r - wall, rim), (flare * r - wall, wall), (0, wall)]
    grip = loft(
        np.stack(
            [
                _upright_oval(a, b, px, z)
                for px, z, a, b in (
                    (x + r - 0.006, 0.8 * rim, 0.016, 0.01),
                    (x + r + 0.05, rim, 0.018, 0.012),
                    (width / 2 - 0.03, height - 0.016, 0.026, 0.018),
                    (width / 2, height - 0.014, 0.012, 0.01),
                )
            ]
        ),
        70,
    )
    return standing((width, depth, height), lathe(profile, 36, (x, 0, 0), crease_deg=30), grip)


def _upright_oval(a: float, b: float, x: float, z: float) -> Float:
    """A ring across the x axis, `a` wide along y and `b` along z."""
    outline = oval(a, b, 10)
    return np.column_stack([np.full(len(outline), x), outline[:, 0], outline[:, 1] + z])


@made_of("ceramic")
def plate(width: float = 0.26, height: float = 0.022, foot: float = 0.55, well: float = 0.62, wall: float = 0.004) -> Mesh:
    """A plate; `foot` and `well` are the radii of its foot and its flat middle as shares of its own."""
    r, t = width / 2, wall
    outer = [(0, 0), (foot * r, 0), (well * r + t, 0.25 * height), (r, height - t), (r, height)]
    return standing(
        (width, width, height), lathe([*outer, (r - t, height), (well * r, 0.3 * height + t), (0, 0.3 * height + t)], 32, crease_deg=50)
    )


_GLASSES = {
    "tumbler": [(0.8, 0.0), (0.86, 0.05), (1.0, 1.0)],
    "wine": [(0.85, 0.0), (0.85, 0.012), (0.2, 0.035), (0.1, 0.08), (0.1, 0.46), (0.4, 0.5), (0.95, 0.66), (1.0, 0.76), (0.82, 1.0)],
    "goblet": [(0.8, 0.0), (0.8, 0.015), (0.2, 0.06), (0.16, 0.3), (0.7, 0.4), (1.0, 0.7), (1.0, 1.0)],
}


@made_of("drinking_glass")
def glass(width: float = 0.075, height: float = 0.13, wall: float = 0.003, filled: float = 0.35, style: str = "tumbler") -> Mesh:
    """A drinking glass, `filled` to that share of its height: "tumbler", "wine" or "goblet"."""
    r = width / 2
    outer = [(a * r, b * height) for a, b in _GLASSES[style]]
    low = {"tumbler": 0.06, "wine": 0.53, "goblet": 0.43}[style]
    level = (low + filled * (1 - low)) * height
    inner = [(max(x - wall, 0.004), z) for x, z in reversed(outer) if z > level + 0.004]
    x = float(np.interp(level, [z for _, z in outer], [x for x, _ in outer])) - wall
    return standing((width, width, height), lathe([(0, 0), *outer, *inner, (x, level), (0, level)], 24, crease_deg=40))


_BOTTLES = {
    "wine": [(0.96, 0.0), (1.0, 0.02), (1.0, 0.56), (0.85, 0.63), (0.42, 0.72), (0.36, 0.76), (0.36, 0.93)],
    "beer": [(0.94, 0.0), (1.0, 0.03), (1.0, 0.5), (0.7, 0.62), (0.45, 0.8), (0.42, 0.93)],
    "water": [(0.9, 0.0), (1.0, 0.03), (0.95, 0.2), (1.0, 0.35), (0.95, 0.5), (1.0, 0.62), (0.8, 0.76), (0.4, 0.86), (0.38, 0.93)],
    "flask": [(0.96, 0.0), (1.0, 0.02), (1.0, 0.76), (0.8, 0.84), (0.6, 0.87), (0.6, 0.93)],
}


@made_of("bottle_glass", "label", "cap")
def bottle(
    width: float = 0.076, height: float = 0.3, neck: float = 1.0, label_height: float = 0.3, label_at: float = 0.16, style: str = "wine"
) -> Mesh:
    """A bottle with a label and a cap: "wine", "beer", "water" or "flask"; `neck` widens or narrows its neck.

    The label, `label_height` of the height from `label_at`, shows its texture twice round it, upright (texture metres = 1).
    """
    r = width / 2 - 0.0006
    outer = [(a * r * (neck if b > 0.66 else 1.0), b * height) for a, b in _BOTTLES[style]]
    top = outer[-1][0]
    body = lathe([(0, 0), *outer, (0, 0.93 * height)], 24, crease_deg=40)
    low, high = label_at * height, (label_at + label_height) * height
    tag = lathe([(0, low), (r + 0.0006, low), (r + 0.0006, high), (0, high)], 24)
    uvs = np.column_stack([2 * tag.uvs[:, 0] / tag.uvs[:, 0].max(), (high - tag.vertices[:, 2]) / (high - low)])
    cap = lathe([(0, 0.9 * height), (top + 0.002, 0.9 * height), (top + 0.002, height - 0.002), (top, height), (0, height)], 18)
    return standing((width, width, height), body, tag.with_uvs(uvs), cap)


@made_of("ceramic")
def teapot(
    width: float = 0.26, depth: float = 0.16, height: float = 0.17, belly: float = 0.45, spout: float = 0.012, handle: float = 0.008
) -> Mesh:
    """A teapot, its spout towards -x; `belly` is the height of its widest part as a share of its own."""
    r, lid = depth / 2, 0.78 * height
    profile = [
        (0, 0),
        (0.55 * r, 0),
        (0.6 * r, 0.03 * height),
        (0.9 * r, 0.22 * height),
        (r, belly * height),
        (0.85 * r, 0.66 * height),
        (0.5 * r, lid),
    ]
    body = lathe([*profile, (0.48 * r, lid + 0.01), (0.25 * r, lid + 0.07 * height), (0, lid + 0.09 * height)], 28, crease_deg=35)
    grip = ellipsoid((0.2 * r, 0.2 * r, height - lid - 0.05 * height), (0, 0, lid + 0.05 * height), 12)
    nose = tube(
        [
            (-0.8 * r, 0, 0.3 * height),
            (-1.15 * r, 0, 0.4 * height),
            (-width / 2 + 0.25 * r, 0, 0.62 * height),
            (-width / 2 + spout, 0, 0.74 * height),
        ],
        spout,
        10,
    )
    x = width / 2 - handle
    ring = tube(
        [
            (0.84 * r, 0, 0.66 * height),
            (0.9 * x + 0.1 * r, 0, 0.7 * height),
            (x, 0, 0.55 * height),
            (0.88 * x + 0.12 * r, 0, 0.3 * height),
            (0.86 * r, 0, 0.24 * height),
        ],
        handle,
        8,
    )
    return standing((width, depth, height), [body, grip, nose, ring])


def _fruit(kind: int, size: float, at: tuple[float, float, float], turn_deg: float) -> Part:
    """An apple (0), an orange (1) or a pear (2) that rests on `at`."""
    profiles = (
        [(0, 0.08), (0.3, 0.0), (0.85, 0.25), (1.0, 0.55), (0.8, 0.9), (0.3, 0.98), (0, 0.85)],
        [(0, 0.0), (0.5, 0.07), (0.87, 0.27), (1.0, 0.5), (0.87, 0.75), (0.5, 0.93), (0, 1.0)],
        [(0, 0.05), (0.5, 0.0), (0.95, 0.25), (0.9, 0.5), (0.5, 0.85), (0.3, 1.12), (0, 1.18)],
    )
    points = np.array(profiles[kind]) * (size / 2, size)
    return lathe(points, 14, (0, 0, -size / 2), crease_deg=60).turned(turned_about("x", turn_deg)).moved(at[0], at[1], at[2] + size / 2)


@made_of("ceramic", "apple", "orange", "pear")
def fruit_bowl(
    width: float = 0.28, height: float = 0.15, rim: float = 0.08, wall: float = 0.006, fruit: float = 0.075, seed: int = 0
) -> Mesh:
    """A bowl `rim` high, heaped with fruit of about the size `fruit`."""
    rng = np.random.default_rng(int(seed))
    r = width / 2
    outer = [(0.4 * r, 0), (0.42 * r, 0.05 * rim), (0.75 * r, 0.3 * rim), (0.94 * r, 0.7 * rim), (r, rim)]
    inner = [(x - wall, z + 0.6 * wall) for x, z in reversed(outer[2:-1])]
    shell = lathe([(0, 0), *outer, (r - wall, rim), *inner, (0, 0.25 * rim)], 28, crease_deg=40)
    count = max(4, int(2 * np.pi * 0.58 * r / fruit))
    angles = 2 * np.pi * (np.arange(count) + rng.uniform(0, 0.2, count)) / count
    piles: list[list[Part]] = [[], [], []]
    order = rng.permutation(np.arange(count + 1) % 3)
    for k in range(count):
        place = (0.58 * r * np.cos(angles[k]), 0.58 * r * np.sin(angles[k]), 0.42 * rim)
        piles[int(order[k])].append(_fruit(int(order[k]), fruit * rng.uniform(0.9, 1.08), place, float(rng.uniform(-35, 35))))
    piles[int(order[count])].append(_fruit(int(order[count]), fruit, (0.0, 0.0, height - 1.1 * fruit), 17.0))
    return standing((width, width, height), shell, *piles)


@made_of("wood", "steel")
def knife_block(
    width: float = 0.1, depth: float = 0.2, height: float = 0.24, slant_deg: float = 24.0, handle: float = 0.1, knives: int = 5
) -> Mesh:
    """A slanted wooden block with knives whose handles, `handle` long, stick out at the top."""
    lean, s = turned_about("x", -slant_deg), np.sin(np.radians(slant_deg))
    block = rounded_box(width, 0.5 * depth, height - 0.6 * handle, 0.008, (0, 0, 0)).turned(lean).moved(y=0.1 * depth, z=0.25 * depth * s)
    foot = box(0.96 * width, 0.9 * depth, 0.02, (0, 0, 0))
    handles = []
    for k in range(int(knives)):
        x, y = width * (k % 3 - 1) * 0.28, (0.12 if k < 3 else -0.1) * depth
        part = rounded_box(0.018, 0.022, handle, 0.006, (x, y, height - 0.62 * handle))
        handles.append(part.turned(lean).moved(y=0.1 * depth, z=0.25 * depth * s))
    return standing((width, depth, height), [block, foot], handles)


@made_of("carton_print", "cap")
def package(
    width: float = 0.19, depth: float = 0.06, height: float = 0.28, spout: float = 0.0, fold: float = 0.0, lean: float = 0.004
) -> Mesh:
    """A printed food packet: a box, or a drink's carton with a gable `fold` high and a `spout` so wide; each side shows the whole print.

    Texture metres = 1. `lean` rounds the edges.
    """
    tall = height - fold
    rings = [(rounded_rectangle(width, depth, max(lean, 0.001), 1), z) for z in (0.0, tall)]
    if fold > 0.005:
        rings.append((rounded_rectangle(width, 0.12 * depth, 0.001, 1), height - 0.3 * fold))
        rings.append((rounded_rectangle(width, 0.1 * depth, 0.001, 1), height))
    body = loft(stacked(rings), 30)
    v = 1 - np.clip(body.vertices[:, 2] / tall, 0, 1)
    broad = np.abs(body.normals[:, 1]) > 0.5
    u = np.where(broad, body.vertices[:, 0] / width * np.where(body.normals[:, 1] < 0, 1, -1), body.vertices[:, 1] / width) + 0.5
    size = max(spout, 0.012)
    cap = cylinder(size / 2, 0.01, (0, 0, 0), segments=14)
    if fold > 0.005:
        slope = float(np.degrees(np.arctan2(0.7 * fold, 0.44 * depth)))
        cap = cap.moved(z=-0.002).turned(turned_about("x", slope)).moved(0.0, -0.28 * depth, tall + 0.35 * fold)
    else:
        cap = box(0.5 * width, 0.012, 0.0012, (0, 0, height - 0.0008))
    return standing((width, depth, height), body.with_uvs(np.column_stack([u, v])), cap)
