"""What stands on pavements: benches, bins, post boxes, shelters, billboards, cabinets, planters, bicycle stands."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from scenes.geometry import rotation_z
from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.parts import Part, box, boxes, cylinder, frustum, lathe, rounded_box, tube
from scenes.shapes.vegetation import bush_of
from scenes.textures.signs import POSTER_M


def _shown_once(panel: Part, width: float, height: float, middle: float) -> Part:
    """A panel in the plane of x and z whose front shows its poster once, upright (texture metres: POSTER_M); `middle` is its middle's z."""
    return panel.with_uvs(POSTER_M * ((panel.vertices[:, [0, 2]] - (0, middle)) / (width, -height) + 0.5))


@made_of("bench_wood", "painted_metal")
def park_bench(
    width: float = 1.6, depth: float = 0.6, height: float = 0.82, seat: float = 0.44, recline: float = 0.12, slats: int = 5
) -> Mesh:
    """A bench with slats; its back leans `recline` metres over its height."""
    slats = int(slats)
    deep = (depth - recline - 0.1) / slats
    y = -depth / 2 + deep * (np.arange(slats) + 0.5)
    wood = [boxes(np.tile([[width, 0.82 * deep, 0.035]], (slats, 1)), [(0, k, seat - 0.0175) for k in y])]
    rest = (height - seat - 0.08) / 3
    for k in range(3):
        z = seat + 0.08 + k * rest
        wood.append(box(width, 0.03, 0.8 * rest, (0, depth / 2 - recline * (1 - (z - seat) / (height - seat)) - 0.045, z)))
    metal = []
    for x in (-0.4 * width, 0.4 * width):
        rear = depth / 2 - recline - 0.02
        metal.append(box(0.05, 0.05, seat - 0.035, (x, -0.36 * depth, 0)))
        metal.append(box(0.05, 0.05, seat - 0.035, (x, rear - 0.06, 0)))
        metal.append(box(0.044, depth - recline - 0.04, 0.045, (x, -recline / 2, seat - 0.075)))
        metal.append(tube([[x, rear - 0.06, seat - 0.03], [x, rear + 0.035, seat + 0.06], [x, depth / 2 - 0.02, height - 0.02]], 0.018, 6))
    return standing((width, depth, height), wood, metal)


@made_of("bin_paint", "painted_metal", "dark_slot")
def litter_bin(width: float = 0.42, height: float = 0.95, post: float = 0.1, mouth: float = 0.16, taper: float = 0.88) -> Mesh:
    """A round litter bin on a foot, a mouth round it below its hood. `post` is the height of the foot, `mouth` that of the opening."""
    r, rim = width / 2, height - mouth - 0.14
    foot = cylinder(0.55 * r, post + 0.02, segments=14)
    body = lathe([(0, post), (taper * r, post), (0.97 * r, rim), (0.9 * r, rim), (0.88 * r, rim - 0.03), (0, rim - 0.03)], 18)
    hood = lathe([(0, 0), (r, 0), (r, 0.06), (0.8 * r, 0.11), (0.4 * r, 0.138), (0, 0.14)], 18, (0, 0, height - 0.14))
    stays = [box(0.03, 0.02, mouth + 0.06, (0, 0.9 * r, rim - 0.03)).turned(rotation_z(k * np.pi / 2 + 0.4)) for k in range(4)]
    lining = cylinder(0.72 * r, mouth + 0.05, (0, 0, rim - 0.04), segments=14)
    return standing((width, width, height), [body, hood], [foot, *stays], lining)


@made_of("post_paint", "dark_slot", "paper")
def post_box(
    width: float = 0.48, depth: float = 0.46, height: float = 1.5, slot: float = 0.24, crown: float = 0.14, pillar: int = 1
) -> Mesh:
    """A post box: a round pillar with a cap (`pillar` = 1), or a box with a rounded top on a post. `slot` is the width of the mouth."""
    r = width / 2
    if pillar:
        cap = [(1.0 * r, height - crown), (1.0 * r, height - 0.7 * crown), (0.6 * r, height - 0.2 * crown), (0, height)]
        body = [lathe([(0, 0), (r, 0), (r, 0.1), (0.9 * r, 0.13), (0.88 * r, height - crown - 0.02), *cap], 20)]
        face = -0.88 * depth / 2
        body = [part.fitted((-r, -depth / 2, 0), (r, depth / 2, height)) for part in body]
    else:
        low = 0.48 * height
        body = [
            box(0.3 * width, 0.3 * depth, low + 0.02),
            rounded_box(width, depth, height - low, min(crown, 0.4 * depth), (0, 0, low), segments=2),
        ]
        face = -depth / 2
    mouth = box(slot, 0.02, 0.035, (0, face, 0.82 * height))
    plate = box(0.7 * slot, 0.02, 0.15, (0, face, 0.66 * height))
    return standing((width, depth, height), body, mouth, plate)


@made_of("painted_metal", "shelter_glass", "poster", "bench_wood")
def bus_stop(
    width: float = 3.4, depth: float = 1.5, height: float = 2.5, panes: int = 3, roof: float = 0.12, case: float = 0.16, seat: float = 0.46
) -> Mesh:
    """A shelter: posts, a roof, glass behind, a seat, and a poster in a case at its end towards +x that faces -x."""
    panes = int(panes)
    clear = height - roof
    back, inner = depth / 2 - 0.12, width - 2 * case - 0.16
    xs = np.linspace(-inner / 2 - 0.03, inner / 2 + 0.03, panes + 1) - case / 2
    metal = [rounded_box(width, depth, roof, 0.3 * roof, (0, 0, clear))]
    metal += [box(0.06, 0.06, clear + 0.02, (x, back, 0)) for x in xs]
    metal += [box(xs[-1] - xs[0], 0.04, 0.05, ((xs[0] + xs[-1]) / 2, back, z)) for z in (0.18, clear - 0.12)]
    metal.append(box(case, 0.78 * depth, clear - 0.3, (width / 2 - case / 2 - 0.06, back - 0.36 * depth, 0.25)))
    metal += [box(0.05, 0.05, 0.27, (width / 2 - case / 2 - 0.06, back - k * depth, 0)) for k in (0.06, 0.66)]
    metal += [box(0.04, 0.26, seat - 0.03, (x, back - 0.2, 0)) for x in (-0.3 * inner, 0.3 * inner)]
    glass = [box(b - a - 0.08, 0.012, clear - 0.42, ((a + b) / 2, back, 0.26)) for a, b in pairwise(xs)]
    glass.append(box(0.012, 0.5 * depth, clear - 0.42, (xs[0], back - 0.05 - 0.27 * depth, 0.26)))
    tall = clear - 0.42
    sheet = box(0.7 * depth, 0.012, tall, (0, 0, 0.31))
    advert = _shown_once(sheet, 0.7 * depth, tall, 0.31 + tall / 2).turned(rotation_z(-np.pi / 2))
    advert = advert.moved(width / 2 - case - 0.06, back - 0.36 * depth, 0)
    bench = boxes([[0.8 * inner, 0.12, 0.03]] * 2, [(0, back - 0.13 - k, seat - 0.015) for k in (0.0, 0.15)])
    return standing((width, depth, height), metal, glass, advert, bench)


@made_of("painted_metal", "poster")
def billboard(width: float = 3.6, depth: float = 0.3, height: float = 4.2, frame: float = 0.12, clearance: float = 1.7) -> Mesh:
    """A large poster on two posts, its lower edge `clearance` above the ground."""
    tall = height - clearance
    y = -depth / 2
    board = box(width, 0.5 * depth, tall, (0, y + 0.3 * depth, clearance))
    posts = [box(0.14, 0.5 * depth, height - 0.3, (x * width, 0.25 * depth, 0)) for x in (-0.3, 0.3)]
    w, h = width - 2 * frame, tall - 2 * frame
    sheet = box(w, 0.05 * depth, h, (0, y + 0.025 * depth, clearance + frame))
    return standing((width, depth, height), [board, *posts], _shown_once(sheet, w, h, clearance + tall / 2))


@made_of("painted_metal", "poster")
def advertising_column(width: float = 1.3, height: float = 3.4, plinth: float = 0.35, cap: float = 0.45, overhang: float = 0.08) -> Mesh:
    """A round advertising column; four posters go round it."""
    r = width / 2 - overhang
    shaft = cylinder(r, height - plinth - cap, (0, 0, plinth - 0.005), segments=28)
    around = 4 * np.arctan2(shaft.vertices[:, 1], shaft.vertices[:, 0]) / (2 * np.pi)
    seam = shaft.uvs[:, 0] > shaft.uvs[:, 0].max() - 1e-9
    around = np.where(around < -1e-9, around + 4, around)
    around = np.where(seam, 4.0, around)
    tall = height - plinth - cap
    shaft = shaft.with_uvs(POSTER_M * np.stack([around, (plinth + tall - shaft.vertices[:, 2]) / tall], axis=1))
    foot = cylinder(1.08 * r, plinth, segments=28, top=1.04 * r)
    z = height - cap
    dome = [
        (0, z - 0.01),
        (width / 2, z - 0.01),
        (width / 2, z + 0.2 * cap),
        (0.8 * r, z + 0.5 * cap),
        (0.3 * r, z + 0.8 * cap),
        (0, height),
    ]
    return standing((width, width, height), [foot, lathe(dome, 28)], shaft)


@made_of("cabinet_grey", "concrete_post", "dark_slot")
def electricity_box(
    width: float = 1.1, depth: float = 0.36, height: float = 1.15, plinth: float = 0.12, eaves: float = 0.02, doors: int = 2
) -> Mesh:
    """A distribution cabinet on the pavement: `doors` with gaps and locks, a roof with `eaves`, a plinth."""
    doors = int(doors)
    w, d = width - 2 * eaves, depth - 2 * eaves
    body = box(w, d, height - plinth - 0.04, (0, 0, plinth))
    roof = frustum((width, depth), (0.97 * width, 0.5 * depth), 0.045, (0, 0, height - 0.045))
    leaf = w / doors
    x = (np.arange(doors) + 0.5) * leaf - w / 2
    panels = boxes([[leaf - 0.02, 0.012, height - plinth - 0.12]] * doors, [(k, -d / 2 - 0.004, (height + plinth) / 2 - 0.02) for k in x])
    locks = boxes([[0.025, 0.02, 0.09]] * doors, [(k + 0.36 * leaf, -d / 2 - 0.012, 0.5 * height) for k in x])
    return standing((width, depth, height), [body, roof, panels], box(1.02 * w, 1.02 * d, plinth), locks)


@made_of("bin_plastic", "lid_plastic", "dark_slot")
def wheelie_bin(
    width: float = 0.58, depth: float = 0.72, height: float = 1.07, taper: float = 0.8, lid: float = 0.09, wheel: float = 0.2
) -> Mesh:
    """A rubbish bin on two wheels, its handle towards +y; `taper` is how wide its foot is, relative to its rim."""
    rim = height - lid
    w, d = 0.94 * width, 0.86 * depth
    body = frustum((taper * w, 0.8 * taper * d), (w, d), rim - 0.03, (0, 0.05 * depth, 0.03), (0, -0.03 * depth))
    collar = rounded_box(width, 0.92 * depth, 0.05, 0.015, (0, -0.02 * depth, rim - 0.06))
    cover = rounded_box(0.98 * width, 0.93 * depth, lid + 0.01, 0.4 * lid, (0, -0.03 * depth, rim - 0.01))
    handle = tube([[-0.4 * width, 0.47 * depth, rim - 0.03], [0.4 * width, 0.47 * depth, rim - 0.03]], 0.018)
    stays = [box(0.03, 0.08 * depth, 0.03, (s * 0.36 * width, 0.44 * depth, rim - 0.045)) for s in (-1, 1)]
    sideways = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    wheels = [cylinder(wheel / 2, 0.05, segments=14).turned(sideways).moved(s * 0.46 * w - 0.025, 0.32 * depth, wheel / 2) for s in (-1, 1)]
    return standing((width, depth, height), [body, collar, handle, *stays], cover, wheels)


@made_of("concrete_post", "earth", "hedge_leaf")
def planter(
    width: float = 0.9, depth: float = 0.9, height: float = 1.2, tub: float = 0.45, wall: float = 0.06, taper: float = 0.9, seed: int = 0
) -> Mesh:
    """A tub with a bush; `tub` is its height, `taper` how wide its foot is relative to its rim."""
    sides = frustum((taper * width, taper * depth), (width, depth), tub, (0, 0, 0))
    soil = box(width - 2 * wall, depth - 2 * wall, 0.03, (0, 0, tub - 0.015))
    green = bush_of(np.random.default_rng([int(seed), 21]), 0.96 * width, 0.96 * depth, height - tub + 0.05, 0.3, 160)
    return standing((width, depth, height), sides, soil, green.moved(0, 0, tub - 0.05))


@made_of("galvanised")
def bicycle_stand(
    width: float = 2.4, depth: float = 0.7, height: float = 0.8, diameter: float = 0.048, bend: float = 0.15, hoops: int = 3
) -> Mesh:
    """A row of `hoops` to lock bicycles to, along x, with corners of radius `bend`."""
    r, count = diameter / 2, int(hoops)
    y, top = depth / 2 - r, height - r
    turn = np.linspace(0, np.pi / 2, 4)
    left = np.stack([-y + bend * (1 - np.cos(turn)), top - bend * (1 - np.sin(turn))], axis=1)
    profile = np.concatenate([[[-y, 0.0]], left, (left * (-1, 1))[::-1], [[y, 0.0]]])
    path = np.concatenate([np.zeros((len(profile), 1)), profile], axis=1)
    xs = np.linspace(-width / 2 + r, width / 2 - r, count) if count > 1 else np.zeros(1)
    feet = [cylinder(1.6 * r, 0.01, (x, s * y, 0), segments=8) for x in xs[1:-1] for s in (-1, 1)]
    return standing((width, depth, height), [*(tube(path, r).moved(float(x)) for x in xs), *feet])
