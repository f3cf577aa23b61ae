"""Small things and things to look at: pictures, plants, vases, bowls, balls, televisions, cartons."""

from __future__ import annotations

import numpy as np

from scenes.geometry import rotation_z
from scenes.scene import Mesh
from scenes.shapes.architecture import lattice
from scenes.shapes.assembly import hung, made_of, standing
from scenes.shapes.parts import Part, box, boxes, cylinder, lathe, rounded_box, tube
from scenes.shapes.soft import sheet


@made_of("frame", "canvas", "mount", wall_hung=True)
def picture(width: float = 0.6, depth: float = 0.03, height: float = 0.45, frame: float = 0.03, mount: float = 0.04) -> Mesh:
    """A framed picture; the canvas shows its texture once, upright (texture metres = 1)."""
    w = width / 2
    rim = lattice([-w, -w + frame, w - frame, w], [0, frame, height - frame, height], [[1, 1, 1], [1, 0, 1], [1, 1, 1]], -depth, 0.0)
    card = box(width - frame, 0.008, height - frame, (0, -0.3 * depth, frame / 2))
    inner = frame + mount
    canvas = box(width - 2 * inner, 0.004, height - 2 * inner, (0, -0.3 * depth - 0.004, inner))
    size = np.array([width - 2 * inner, height - 2 * inner])
    uvs = (canvas.vertices[:, [0, 2]] - (0, inner + size[1] / 2)) / size * (1, -1) + 0.5
    return hung((width, depth, height), rim, canvas.with_uvs(uvs), card)


def _leaves(rng: np.random.Generator, count: int, reach: float, rise: float, blade: float, foot: float, droop: float) -> Part:
    """Arching leaves [count] from a common foot; each is a thin closed sheet of 6 x 3 points."""
    s, t = np.linspace(0, 1, 6), np.array([-1.0, 0.0, 1.0])
    turn = 2 * np.pi * (np.arange(count) * 0.381966 + rng.uniform(-0.03, 0.03, count))
    out = reach * np.linspace(0.35, 1.0, count) * rng.uniform(0.85, 1.1, count)
    up = rise * np.linspace(1.0, 0.45, count) * rng.uniform(0.85, 1.1, count)
    radial = out[:, None] * s**1.2
    height = up[:, None] * (s - droop * s**2.4)
    width = blade * np.sin(np.pi * (0.06 + 0.9 * s)) ** 0.8 * rng.uniform(0.8, 1.15, count)[:, None]
    local = np.empty((count, 6, 3, 3))
    local[..., 0] = radial[..., None]
    local[..., 1] = width[..., None] * t
    local[..., 2] = foot + height[..., None] + 0.18 * width[..., None] * np.abs(t)  # a keel along the midrib
    rotations = np.stack([rotation_z(float(a)) for a in turn])
    return sheet(np.einsum("nij,nklj->nkli", rotations, local)[:, :, ::-1], 0.003)


@made_of("pot", "soil", "leaf", "wood")
def plant(width: float = 0.7, height: float = 1.0, pot: float = 0.28, breadth: float = 1.0, habit: str = "arching", seed: int = 0) -> Mesh:
    """A pot plant: "arching" leaves from the pot, "blades" standing upright, or a small "tree" with two crowns of leaves.

    `breadth` makes the leaves broader or narrower.
    """
    rng = np.random.default_rng(int(seed))
    r, tall = min(pot, 0.8 * width) / 2, min(0.9 * pot, 0.5 * height)
    wall = [(0, 0), (0.78 * r, 0), (r, 0.9 * tall), (r, tall), (0.9 * r, tall), (0.88 * r, 0.85 * tall), (0, 0.85 * tall)]
    soil = cylinder(0.885 * r, 0.02, (0, 0, 0.85 * tall), segments=20)
    rest, reach = height - tall, width / 2
    trunk = cylinder(0.02, 0.06, (0, 0, 0.8 * tall), segments=8, top=0.01)
    if habit == "blades":
        leaves = [_leaves(rng, 16, 0.45 * reach, 1.05 * rest, 0.03 * breadth, 0.85 * tall, 0.1)]
    elif habit == "tree":
        trunk = tube([[0, 0, 0.8 * tall], [0.012, 0.01, tall + 0.3 * rest], [0.0, 0.0, tall + 0.62 * rest]], 0.016)
        leaves = [_leaves(rng, 18, reach, 0.55 * rest, 0.055 * breadth, tall + f * rest, 0.75) for f in (0.35, 0.58)]
    else:
        leaves = [_leaves(rng, 26, reach, 1.2 * rest, 0.045 * breadth, 0.85 * tall, 0.42)]
    return standing((width, width, height), lathe(wall, 24, crease_deg=40), soil, leaves, trunk)


_VASES = {
    "round": [(0.55, 0.0), (0.8, 0.12), (1.0, 0.35), (0.85, 0.6), (0.5, 0.8), (0.42, 0.9), (0.5, 1.0)],
    "tall": [(0.7, 0.0), (0.85, 0.2), (1.0, 0.55), (0.8, 0.85), (0.72, 1.0)],
    "flared": [(0.6, 0.0), (0.55, 0.3), (0.62, 0.6), (0.8, 0.85), (1.0, 1.0)],
    "bottle": [(0.9, 0.0), (1.0, 0.1), (1.0, 0.5), (0.75, 0.64), (0.36, 0.74), (0.34, 0.97), (0.42, 1.0)],
}


@made_of("ceramic")
def vase(width: float = 0.16, height: float = 0.3, wall: float = 0.012, neck: float = 1.0, style: str = "round") -> Mesh:
    """A turned vase: "round", "tall", "flared" or "bottle"; `neck` widens or narrows it above its belly."""
    r = width / 2
    belly = max(_VASES[style])[1]
    outer = [(r * a * (neck if b > belly else 1.0), height * b) for a, b in _VASES[style]]
    inner = [(max(x - wall, 0.006), z) for x, z in reversed(outer) if z > 0.3 * height]
    return standing((width, width, height), lathe([(0, 0), *outer, *inner, (0, 0.28 * height)], 24, crease_deg=50))


@made_of("ceramic")
def bowl(width: float = 0.26, height: float = 0.09, wall: float = 0.008, foot: float = 0.45) -> Mesh:
    """An open bowl; `foot` is its foot over its rim."""
    r, t = width / 2, wall
    outer = [(foot * r, 0), (foot * r, 0.06 * height), (0.75 * r, 0.3 * height), (0.93 * r, 0.65 * height), (r, height)]
    inner = [(x - t, z + 0.5 * t) for x, z in reversed(outer[2:-1])]
    return standing((width, width, height), lathe([(0, 0), *outer, (r - t, height), *inner, (0, 0.2 * height)], 28, crease_deg=40))


@made_of("ceramic")
def mug(
    width: float = 0.11, depth: float = 0.082, height: float = 0.095, wall: float = 0.005, handle: float = 0.005, taper: float = 1.0
) -> Mesh:
    """A mug with its handle, so thick, towards +x; `taper` is its foot over its rim."""
    r, t = depth / 2, wall
    foot = taper * r
    body = lathe([(0, 0), (foot, 0), (r, height), (r - t, height), (foot - t, 0.01), (0, 0.01)], 20)
    reach = width - depth
    path = [(1, -0.004, 0.8), (1, 0.72 * reach, 0.78), (1, 0.93 * reach, 0.5), (0, 0.65 * reach, 0.24), (0, -0.004, 0.2)]
    grip = tube([[(r if high else 0.7 * foot + 0.3 * r) + x, 0.0, f * height] for high, x, f in path], handle, 6)
    return standing((width, depth, height), [body, grip])


@made_of("ball")
def ball(width: float = 0.24, segments: int = 20) -> Mesh:
    """A ball, resting on the floor."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, int(segments) // 2 + 1)
    profile = 0.5 * width * np.stack([np.cos(angle), 1 + np.sin(angle)], axis=1)
    profile[[0, -1], 0] = 0.0
    return standing((width, width, width), lathe(profile, int(segments), crease_deg=80))


@made_of("plastic", "screen")
def television(width: float = 1.1, depth: float = 0.24, height: float = 0.7, bezel: float = 0.0125, foot: float = 0.42) -> Mesh:
    """A flat screen in a frame `bezel` broad on a foot, `foot` of its width wide; it shows its texture once (texture metres = 1)."""
    lift = 0.09 * height + 0.02
    case = rounded_box(width, 0.045, height - lift, 0.012, (0, 0, lift))
    neck = box(0.14 * width, 0.03, lift + 0.02, (0, 0.01, 0.01))
    plate = rounded_box(foot * width, depth, 0.014, 0.005)
    w, h, low = width - 2 * bezel, height - lift - 2 * bezel - 0.005, lift + bezel + 0.0045
    screen = box(w, 0.004, h, (0, -0.0225, low))
    uvs = (screen.vertices[:, [0, 2]] - (0, low + h / 2)) / (w, -h) + 0.5
    return standing((width, depth, height), [case, neck, plate], screen.with_uvs(uvs))


@made_of("metal", "screen", "plastic")
def laptop(width: float = 0.33, depth: float = 0.34, height: float = 0.22, tilt_deg: float = 18.0, screen: float = 0.93) -> Mesh:
    """An open laptop, its keyboard towards -y, its lid leaning back by `tilt_deg`.

    The screen, `screen` of the width, shows its texture once (texture metres = 1).
    """
    base = rounded_box(width, 0.68 * depth, 0.016, 0.004, (0, -0.16 * depth, 0))
    keys = box(0.88 * width, 0.3 * depth, 0.003, (0, -0.1 * depth, 0.0145))
    tilt = np.radians(tilt_deg)
    c, s = np.cos(tilt), np.sin(tilt)
    turn = np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    tall = (height - 0.012) / c
    lid = rounded_box(width, 0.008, tall, 0.003).turned(turn).moved(0, 0.19 * depth, 0.012)
    glass = box(screen * width, 0.003, 0.88 * tall, (0, -0.004, 0.06 * tall))
    uvs = (glass.vertices[:, [0, 2]] - (0, 0.5 * tall)) / (screen * width, -0.88 * tall) + 0.5
    return standing((width, depth, height), [base, lid], glass.with_uvs(uvs).turned(turn).moved(0, 0.19 * depth, 0.012), keys)


@made_of("cardboard", "tape")
def carton(width: float = 0.4, depth: float = 0.3, height: float = 0.3, tape: float = 0.05, reach: float = 0.012) -> Mesh:
    """A closed cardboard box with a strip of tape, `tape` broad, that reaches `reach` down its sides."""
    return standing(
        (width, depth, height), box(width, depth, height - 0.001), boxes([[width + 0.001, tape, reach]], [[0, 0, height - reach / 2]])
    )


@made_of("frame", "dial", "metal", wall_hung=True)
def clock(width: float = 0.3, depth: float = 0.04, hour: float = 10.2, rim: float = 0.02) -> Mesh:
    """A round wall clock with two hands in a rim `rim` broad."""
    r = width / 2
    quarter = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
    ring = lathe([(0, 0), (r, 0), (r, depth), (r - rim, depth), (r - rim - 0.002, 0.6 * depth), (0, 0.6 * depth)], 32)
    face = cylinder(r - rim - 0.001, 0.12 * depth, (0, 0, 0.58 * depth), segments=32)
    hands = [
        box(0.012, length, 0.1 * depth, (0, length / 2 - 0.02, z * depth)).turned(rotation_z(-angle))
        for angle, length, z in ((hour * np.pi / 6, 0.55 * r, 0.72), (hour * 2 * np.pi, 0.8 * r, 0.84))
    ]
    return hung((width, depth, width), ring.turned(quarter), face.turned(quarter), [hand.turned(quarter) for hand in hands])
