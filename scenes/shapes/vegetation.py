"""Trees, bushes, hedges, woods, flower beds and tufts of grass. Their trunk or middle stands on the origin."""

from __future__ import annotations

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.assembly import made_of, standing
from scenes.shapes.foliage import GOLDEN_ANGLE, cards, filling, limbs, lumps, mass, ripples, sphere_points, welded
from scenes.shapes.parts import Float, Part, box, join, rounded_box, unit

# Crown outlines: radius at heights 0 (lowest leaves) ... 1 (top), both relative.
_HEIGHTS = np.array([0.0, 0.12, 0.3, 0.5, 0.7, 0.88, 1.0])
_OUTLINES = {
    "round": np.array([0.45, 0.75, 0.97, 1.0, 0.86, 0.56, 0.2]),
    "oval": np.array([0.3, 0.62, 0.92, 1.0, 0.88, 0.58, 0.2]),
    "cone": np.array([0.72, 1.0, 0.93, 0.72, 0.5, 0.26, 0.06]),
    "umbrella": np.array([0.12, 0.3, 0.62, 0.88, 1.0, 0.85, 0.45]),
}


def leafy(
    rng: np.random.Generator,
    centres: Float,
    radii: Float,
    count: int,
    *,
    roughness: float = 0.14,
    core: float = 0.86,
    fine: bool = True,
    largest: float = 2.0,
) -> tuple[Part, Part]:
    """About `count` cards on ellipsoids at centres [N, 3] with radii [N, 3], and the lumps inside, 80 or 20 triangles each.

    Cards are large enough to cover the ellipsoids, but no more than `largest` metres from their middle to their tip.
    """
    mean = radii.prod(axis=1) ** (1 / 3)
    area = 4 * np.pi * mean**2
    each = np.maximum(np.round(1.5 * count * area / area.sum()).astype(int), 8)
    directions, owner = sphere_points(rng, each)
    shell = rng.uniform(0.9, 1.06, (len(owner), 1))
    places = centres[owner] + radii[owner] * directions * shell
    outward = unit(directions / radii[owner])
    away = (places[:, None] - centres) / radii
    open_air = (np.einsum("nkc,nkc->nk", away, away).min(axis=1) > 0.84**2) & (places[:, 2] > 0.05)
    index = np.flatnonzero(open_air)
    if len(index) > count:
        index = np.sort(rng.choice(index, count, replace=False))
    half = min(0.68 * np.sqrt(area.sum() / len(owner)), largest)
    size = half * rng.uniform(0.6, 1.25, (len(index), 1)) * np.array([1.0, 0.7])
    leaves = cards(rng, places[index], outward[index], size, 0.55)
    return leaves, lumps(rng, centres, core * radii, roughness, int(fine))


def _crown(rng: np.random.Generator, outline: Float, width: float, bottom: float, top: float, blobs: int) -> tuple[Float, Float]:
    """Centres [N, 3] and radii [N, 3] of the clumps of leaves that fill an outline, one large one in the middle."""
    half, tall = width / 2, top - bottom
    level = (np.arange(blobs) + rng.uniform(0.2, 0.8, blobs)) / blobs
    edge = half * np.interp(level, _HEIGHTS, outline)
    a = np.minimum(half * rng.uniform(0.27, 0.44, blobs), np.maximum(edge, 0.2 * half))
    flat = np.clip(tall / width, 0.55, 1.3) * rng.uniform(0.75, 0.95, blobs)
    angle = GOLDEN_ANGLE * np.arange(blobs) + rng.uniform(0, 2 * np.pi)
    out = np.maximum(edge - a, 0) * rng.uniform(0.85, 1.0, blobs)
    rise = np.minimum(a * flat, 0.45 * tall)
    z = np.clip(bottom + level * tall, bottom + 0.8 * rise, top - 0.95 * rise)
    centres = np.stack([out * np.cos(angle), out * np.sin(angle), z], axis=1)
    radii = np.stack([a, a, rise], axis=1)
    widest = np.average(_HEIGHTS, weights=outline**3)
    middle = np.array([[0.0, 0.0, bottom + tall * widest]])
    core = np.array([[0.6 * half, 0.6 * half, 0.42 * tall]]) * (0.85, 0.85, 0.9)
    return np.concatenate([centres, middle]), np.concatenate([radii, core])


def _trunk(rng: np.random.Generator, height: float, diameter: float, bend: float) -> Part:
    """A trunk with a flare at its foot that thins out upwards."""
    level = np.array([0.0, 0.03, 0.12, 0.4, 0.7, 1.0])
    sway = bend * diameter * rng.normal(size=2)[:, None] * np.stack([level**2, level * (1 - level)])
    path = np.stack([sway[0], sway[1], level * height], axis=1)
    radii = diameter / 2 * np.array([1.45, 1.2, 1.02, 0.95, 0.78, 0.4])
    return limbs(path[None], radii[None], 9)


def _boughs(rng: np.random.Generator, start: float, diameter: float, tips: Float) -> Part:
    """Limbs from the trunk at height `start` out to tips [M, 3]."""
    count = len(tips)
    s = np.linspace(0, 1, 4)[None, :, None]
    foot = np.zeros((count, 1, 3))
    foot[:, 0, 2] = start * rng.uniform(0.8, 1.0, count)
    path = foot + (tips[:, None] - foot) * s
    path[..., 2] += 0.1 * np.hypot(tips[:, 0], tips[:, 1])[:, None] * np.sin(np.pi * s[..., 0])
    radii = diameter * rng.uniform(0.17, 0.26, (count, 1)) * np.array([1.0, 0.75, 0.5, 0.2])
    return limbs(path, radii, 6)


@made_of("bark", "leaves")
def tree(
    width: float = 6.0,
    height: float = 8.5,
    trunk_height: float = 2.2,
    trunk_diameter: float = 0.32,
    density: float = 0.7,
    detail: float = 1.0,
    crown: str = "round",
    seed: int = 0,
) -> Mesh:
    """A broad-leaved tree: a trunk, limbs and a "round", "oval", "cone" or "umbrella" crown from `trunk_height` to `height`.

    `density` (0 ... 1) is how closely leaves cover the crown, `detail` scales the number of triangles (1: about 3,700; 0.3: 1,200).
    """
    rng = np.random.default_rng([int(seed), 11])
    blobs = int(np.clip(round((9 + 5 * density) * min(1.0, 0.4 + 0.6 * detail)), 5, 16))
    centres, radii = _crown(rng, _OUTLINES[crown], width, trunk_height, height, blobs)
    count = max(24, round((300 + 440 * density) * detail))
    leaves, inner = leafy(rng, centres, radii, count, core=0.68 + 0.14 * density, fine=detail > 0.5, largest=0.36 / np.sqrt(detail))
    fork = 0.96 * trunk_height + 0.12 * (height - trunk_height)
    reach = np.hypot(centres[:, 0], centres[:, 1])
    tips = centres[np.argsort(-reach, kind="stable")[:6]] * (0.8, 0.8, 1.0)
    wood = join([_trunk(rng, 0.5 * (trunk_height + height), trunk_diameter, 0.25), _boughs(rng, fork, trunk_diameter, tips)])
    leaves, margin = filling(leaves, width, width, trunk_height, height), 0.05 * (height - trunk_height)
    inner = filling(inner, 0.86 * width, 0.86 * width, trunk_height + margin, height - margin)
    return standing((width, width, height), wood, [leaves, inner])


@made_of("bark", "needles")
def conifer(
    width: float = 4.0,
    height: float = 10.0,
    trunk_height: float = 0.8,
    trunk_diameter: float = 0.3,
    droop: float = 0.35,
    detail: float = 1.0,
    seed: int = 0,
) -> Mesh:
    """A spruce: tiers of drooping boughs round a straight trunk. `droop` is how far boughs hang, per metre of their length."""
    rng = np.random.default_rng([int(seed), 12])
    count = max(40, round(620 * detail))
    level = 1 - np.sqrt(rng.uniform(0, 1, count))  # a cone has most of its surface below
    tiers = max(5, round(height / 0.75))
    level = (np.floor(level * tiers) + 0.9 * rng.uniform(0, 1, count) ** 2) / tiers
    reach = 0.5 * width * (1.02 - level) * rng.uniform(0.62, 1.0, count)
    angle = rng.uniform(0, 2 * np.pi, count)
    radial = np.stack([np.cos(angle), np.sin(angle), np.zeros(count)], axis=1)
    tall = height - trunk_height
    z = trunk_height + tall * level + droop * 0.35 * width * (1 - level) * (1 - reach / np.maximum(reach.max(), 0.1))
    places = radial * reach[:, None] + np.array([0.0, 0.0, 1.0]) * z[:, None]
    outward = unit(radial + np.array([0.0, 0.0, 0.75]))
    along = radial - np.array([0.0, 0.0, 1.6 * droop])
    half = 0.085 * width * np.sqrt(1 / detail) * (1.25 - level)
    size = half[:, None] * rng.uniform(0.8, 1.3, (count, 1)) * np.array([1.5, 0.75])
    boughs = filling(cards(rng, places, outward, size, 0.25, along), width, width, trunk_height, height)
    rings = 7
    centres = np.zeros((rings, 3))
    share = (np.arange(rings) + 0.5) / rings
    centres[:, 2] = trunk_height + tall * (0.04 + 0.9 * share)
    radius = 0.36 * width * (1.0 - share)
    inner = lumps(rng, centres, np.stack([radius, radius, np.full(rings, 0.75 * tall / rings)], axis=1), 0.12)
    return standing((width, width, height), _trunk(rng, 0.8 * height, trunk_diameter, 0.0), [boughs, inner])


@made_of("bark")
def bare_tree(
    width: float = 5.0,
    height: float = 8.0,
    trunk_height: float = 2.2,
    trunk_diameter: float = 0.3,
    spread: float = 0.7,
    detail: float = 1.0,
    seed: int = 0,
) -> Mesh:
    """A tree without leaves: limbs that fork four times. `spread` is how far they turn outwards at a fork, in radians."""
    rng = np.random.default_rng([int(seed), 13])
    foot = trunk_height * np.array([[[0.0, 0.0, z] for z in (0.0, 0.04, 0.2, 1.0)]])
    trunk = limbs(foot, trunk_diameter / 2 * np.array([[1.45, 1.15, 1.0, 0.85]]), 9)
    top, heading = foot[:, -1], np.array([[0.0, 0.0, 1.0]])
    girth, length, boughs = np.array([0.42 * trunk_diameter]), 0.36 * (height - trunk_height), []
    for fork, children in enumerate((5, 3, 3, max(1, round(3 * detail)))):
        start, heading = np.repeat(top, children, axis=0), np.repeat(heading, children, axis=0)
        angle = GOLDEN_ANGLE * np.arange(len(heading)) + rng.uniform(-0.5, 0.5, len(heading))
        around = np.stack([np.cos(angle), np.sin(angle), np.zeros(len(angle))], axis=1)
        heading = unit(heading + spread * rng.uniform(0.7, 1.3, (len(heading), 1)) * around + (0, 0, 0.2))
        girth = np.repeat(girth, children) * rng.uniform(0.5, 0.72, len(heading))
        reach = length * rng.uniform(0.7, 1.2, (len(heading), 1))
        top = start + heading * reach
        knee = start + 0.5 * heading * reach + 0.07 * reach * rng.normal(size=heading.shape)
        boughs.append(limbs(np.stack([start, knee, top], axis=1), girth[:, None] * np.array([1.0, 0.85, 0.62]), (6, 5, 4, 3)[fork]))
        length *= 0.72
    return standing((width, width, height), [trunk, _stretched(join(boughs), width, trunk_height, height)])


def _stretched(part: Part, width: float, fork: float, top: float) -> Part:
    """Boughs scaled to reach exactly +-width / 2 and `top`, each side by itself, so that what meets at the fork stays there."""
    vertices = part.vertices - (0, 0, fork)
    high, low = vertices.max(axis=0), vertices.min(axis=0)
    ahead, behind = np.array([width / 2, width / 2, top - fork]) / high, np.array([-width / 2, -width / 2, low[2]]) / low
    scale = np.where(vertices > 0, ahead, behind)
    return Part(vertices * scale + (0, 0, fork), part.faces, part.uvs, unit(part.normals / scale))


@made_of("hedge_leaf")
def bush(
    width: float = 1.4,
    depth: float = 1.2,
    height: float = 1.1,
    roughness: float = 0.3,
    density: float = 0.7,
    detail: float = 1.0,
    seed: int = 0,
) -> Mesh:
    """A bush that grows from the ground in a few clumps; `roughness` (0 ... 1) is how unlike they are."""
    count = max(24, round((150 + 220 * density) * detail))
    green = bush_of(np.random.default_rng([int(seed), 14]), width, depth, height, roughness, count, fine=detail > 0.5)
    return standing((width, depth, height), green)


def bush_of(
    rng: np.random.Generator, width: float, depth: float, height: float, roughness: float, count: int, *, fine: bool = True
) -> Part:
    """A bush of `count` cards that fills a box on the ground."""
    clumps = 9
    angle = GOLDEN_ANGLE * np.arange(clumps) + rng.uniform(0, 2 * np.pi)
    out = 0.33 * np.sqrt(np.arange(clumps) / clumps)
    size = np.clip(1 + roughness * rng.uniform(-0.6, 0.6, (clumps, 1)), 0.5, 1.6) * np.array([0.24, 0.24, 0.34])
    rise = 0.62 - 0.9 * out + rng.uniform(-0.3, 0.2, clumps) * roughness
    centres = np.stack([out * np.cos(angle), out * np.sin(angle), np.maximum(rise, 0.25)], axis=1)
    scale = np.array([width, depth, height])
    leaves, inner = leafy(rng, centres * scale, size * scale, count, core=0.86, fine=fine)
    return join([filling(leaves, width, depth, 0.0, height), filling(inner, 0.9 * width, 0.9 * depth, 0.0, 0.94 * height)])


@made_of("hedge_leaf")
def hedge(
    width: float = 3.0,
    depth: float = 0.7,
    height: float = 1.4,
    roughness: float = 0.05,
    density: float = 0.7,
    detail: float = 1.0,
    seed: int = 0,
) -> Mesh:
    """A hedge along x, to be set end to end. `roughness` is how far leaves stray from the box, in metres: 0.03 trimmed, 0.2 wild."""
    rng = np.random.default_rng([int(seed), 15])
    count = max(30, round((20 + 36 * density) * detail * (width + depth) * height))
    half = 0.75 * np.sqrt((2 * height * (width + depth) + width * depth) / count)
    shallow = min(0.5 * half + 0.8 * roughness, 0.2 * depth)  # where cards lie, below the outermost leaf
    sunk = shallow + 0.25 * half
    points, faces = welded(rounded_box(width, depth - 2 * sunk, height - sunk, 0.12 * min(depth, height), inner=5 if detail > 0.5 else 2))
    points = points + 0.4 * roughness * ripples(rng, 0.9)(points) * (0.3, 1.0, 1.0)
    points[:, 2] = np.maximum(points[:, 2], 0.0)
    places, outward = _on_box(rng, width, depth, height, shallow, count)
    places = places + roughness * (0.5 * ripples(rng, 0.8)(places) + rng.uniform(-0.5, 0.5, (len(places), 1)) * outward)
    size = half * rng.uniform(0.7, 1.2, (len(places), 1)) * np.array([1.0, 0.7])
    leaves = filling(cards(rng, places, outward, size, 0.4), width, depth, 0.0, height)
    inner = filling(mass(points, faces), width, depth - 2 * sunk, 0.0, height - sunk)
    return standing((width, depth, height), [leaves, inner])


def _on_box(rng: np.random.Generator, x: float, y: float, z: float, inset: float, count: int) -> tuple[Float, Float]:
    """About `count` points [N, 3] over the sides and the top of a box on the ground, `inset` below them, and their outward directions."""
    areas = np.array([x * z, x * z, x * y, y * z, y * z])
    side = np.repeat(np.arange(5), np.maximum(np.round(count * areas / areas.sum()).astype(int), 2))
    n = len(side)
    axis, sign = np.array([1, 1, 2, 0, 0])[side], np.array([-1, 1, 1, -1, 1])[side]
    places = rng.uniform(-0.5, 0.5, (n, 3))
    places[np.arange(n), axis] = 0.5 * sign
    outward = np.zeros((n, 3))
    outward[np.arange(n), axis] = sign
    edge = np.clip((np.abs(places) - 0.38) / 0.12, 0, 1) * np.sign(places) * (0, 1, 1)  # edges face both ways
    return places * (x - inset, y - 2 * inset, z - inset) + (0, 0, (z - inset) / 2), unit(outward + 0.5 * edge)


@made_of("woods")
def tree_line(
    width: float = 40.0,
    depth: float = 6.0,
    height: float = 9.0,
    roughness: float = 0.35,
    density: float = 0.7,
    detail: float = 0.5,
    seed: int = 0,
) -> Mesh:
    """The edge of a wood along x, to be seen from afar; `roughness` (0 ... 1) is how uneven its top is."""
    rng = np.random.default_rng([int(seed), 16])
    count = max(6, round(2.0 * width / height))
    spot = (np.tile(np.arange(count), 3) + 0.5 + rng.uniform(-0.45, 0.45, 3 * count)) / count - 0.5
    row = np.repeat(np.arange(3), count)
    tall = np.tile(height * (1 - roughness * rng.uniform(0, 1, count)), 3) * rng.uniform(0.9, 1.0, 3 * count)
    across = width / count * rng.uniform(0.5, 1.0, 3 * count) * np.array([1.15, 0.8, 0.5])[row]
    rise = tall * np.array([0.36, 0.34, 0.2])[row]
    level = np.array([0.33, 0.6, 0.8])[row] * tall
    behind = depth * np.array([-0.12, 0.0, 0.1])[row] + 0.08 * depth * rng.normal(size=3 * count)
    centres = np.stack([spot * width, behind, level], axis=1)
    radii = np.stack([across, np.minimum(across, 0.36 * depth), rise], axis=1)
    leaves, inner = leafy(
        rng, centres, radii, round((30 + 30 * density) * detail * 3 * count), roughness=0.2, core=0.88, fine=detail > 0.75
    )
    inner = filling(inner, width, 0.92 * depth, 0.0, 0.97 * height)
    return standing((width, depth, height), [filling(leaves, width, depth, 0.0, height), inner])


def _blades(rng: np.random.Generator, feet: Float, height: Float, breadth: float, lean: float) -> Part:
    """Upright blades of grass at feet [N, 3] with heights [N]: each a slim tetrahedron."""
    count = len(feet)
    angle = rng.uniform(0, 2 * np.pi, count)
    across = np.stack([np.cos(angle), np.sin(angle), np.zeros(count)], axis=1)
    bow = np.stack([-np.sin(angle), np.cos(angle), np.zeros(count)], axis=1) * rng.uniform(0.2, 1.0, (count, 1)) * lean
    tip = feet + np.array([0.0, 0.0, 1.0]) * height[:, None] + bow * height[:, None]
    corners = np.stack(
        [feet - across * breadth / 2, feet + across * breadth / 2, feet + 0.35 * breadth * unit(bow) + bow * 0.05, tip], axis=1
    )
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
    points = corners.reshape(-1, 3)
    return mass(points, (faces + 4 * np.arange(count)[:, None, None]).reshape(-1, 3))


@made_of("grass")
def grass_tuft(width: float = 0.4, height: float = 0.3, lean: float = 0.5, breadth: float = 0.02, count: int = 60, seed: int = 0) -> Mesh:
    """A tuft of long grass. `lean` is how far blades bow, per metre of their height."""
    rng = np.random.default_rng([int(seed), 17])
    r, angle = 0.32 * width * np.sqrt(rng.uniform(0, 1, int(count))), rng.uniform(0, 2 * np.pi, int(count))
    feet = np.stack([r * np.cos(angle), r * np.sin(angle), np.zeros(int(count))], axis=1)
    return standing((width, width, height), _blades(rng, feet, height * rng.uniform(0.5, 1.0, int(count)), breadth, lean))


@made_of("edging", "earth", "hedge_leaf", "petals")
def flower_bed(
    width: float = 2.0, depth: float = 0.8, height: float = 0.45, border: float = 0.08, density: float = 0.6, seed: int = 0
) -> Mesh:
    """A bed of flowers in an edging `border` wide."""
    rng = np.random.default_rng([int(seed), 18])
    rim = [box(width, border, 0.12, (0, s * (depth - border) / 2, 0)) for s in (-1, 1)]
    rim += [box(border, depth - 2 * border, 0.11, (s * (width - border) / 2, 0, 0)) for s in (-1, 1)]
    soil = box(width - 2 * border, depth - 2 * border, 0.09)
    count = max(12, round((60 + 160 * density) * width * depth))
    places = rng.uniform(-0.44, 0.44, (count, 3)) * (width - 2 * border, depth - 2 * border, 0)
    top = (height - 0.12) * (0.55 + 0.45 * np.cos(3.0 * places[:, 1] / depth)) * rng.uniform(0.5, 1.0, count)
    leaf = cards(
        rng,
        places + (0, 0, 1) * (0.1 + 0.6 * top * rng.uniform(0.2, 1, count))[:, None],
        _upward(rng, count),
        np.tile([[0.11, 0.05]], (count, 1)),
        0.6,
    )
    bloom = cards(rng, places + (0, 0, 1) * (0.12 + top)[:, None], _upward(rng, count), np.tile([[0.05, 0.045]], (count, 1)), 0.4)
    return standing((width, depth, height), rim, soil, leaf, bloom)


def _upward(rng: np.random.Generator, count: int) -> Float:
    return unit(np.array([0.0, 0.0, 1.0]) + 0.4 * rng.normal(size=(count, 3)))
