"""People in the street: walking, standing, and seated on a cycle.

A figure is made of `limb`s, tubes of elliptical rings with round ends. Lengths are fractions of the stature as in Drillis and Contini's
body segments (1966): hip 0.53, knee 0.285, shoulder 0.82, elbow 0.63, wrist 0.485 of the stature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from scenes.errors import UserError
from scenes.scene import Mesh
from scenes.shapes.assembly import assemble, made_of, standing
from scenes.shapes.parts import Float, Int, Part, grid_faces, join, unit

OUTFITS = ("trousers", "shorts", "skirt", "coat")
HAIR = ("short", "long", "cap", "helmet")
BAGS = ("none", "backpack", "shoulder")
THIGH, SHIN, UPPER_ARM, FOREARM = 0.245, 0.243, 0.175, 0.15
SKIN, HAIRS, TOP, TROUSERS, SHOES = range(5)


def limb(
    path: ArrayLike,
    radii: ArrayLike,
    segments: int = 8,
    *,
    roundness: float = 1.0,
    side: Sequence[float] = (1.0, 0.0, 0.0),
    pointed: bool = False,
) -> Part:
    """A closed tube along a path [N, 3] with elliptical rings: `radii` [N, 2] along `side` and across it; its ends are domes.

    `roundness` is how far the domes stand out, relative to the smaller radius; `pointed` makes them cones.
    """
    points, radii = np.asarray(path, dtype=np.float64), np.asarray(radii, dtype=np.float64)
    steps = unit(np.diff(points, axis=0))
    tangent = unit(np.concatenate([steps[:1], steps[1:] + steps[:-1], steps[-1:]]))
    dome = roundness * radii[[0, -1]].min(axis=1)
    first, last = points[0] - dome[0] * tangent[0], points[-1] + dome[1] * tangent[-1]
    if not pointed:
        points = np.concatenate([[points[0] - 0.7 * dome[0] * tangent[0]], points, [points[-1] + 0.7 * dome[1] * tangent[-1]]])
        radii = np.concatenate([0.71 * radii[:1], radii, 0.71 * radii[-1:]])
        tangent = np.concatenate([tangent[:1], tangent, tangent[-1:]])
    across = np.asarray(side) - np.einsum("ij,j->i", tangent, side)[:, None] * tangent
    u = unit(across)
    v = np.cross(tangent, u)
    angle = 2 * np.pi * np.arange(segments) / segments
    rings = points[:, None] + np.cos(angle)[:, None] * (radii[:, :1] * u)[:, None] + np.sin(angle)[:, None] * (radii[:, 1:] * v)[:, None]
    count = len(points)
    poles = np.broadcast_to(np.stack([first, last])[:, None], (2, segments, 3))
    grid = np.concatenate([poles[:1], rings, poles[1:]])
    grid = np.concatenate([grid, grid[:, :1]], axis=1)  # the seam, doubled for the texture's sake
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    v_metres = np.concatenate([[-0.7 * dome[0]], along, [along[-1] + 0.7 * dome[1]]])
    around = 2 * np.pi * radii.mean() * np.arange(segments + 1) / segments
    uvs = np.stack(np.broadcast_arrays(around, v_metres[:, None]), axis=2)
    faces = grid_faces(count + 2, segments + 1)[:, ::-1]
    return Part(grid.reshape(-1, 3), _without_poles(faces, count, segments), uvs.reshape(-1, 2), _ring_normals(grid).reshape(-1, 3))


def _without_poles(faces: Int, count: int, segments: int) -> Int:
    """The triangles of `count` rings between two poles, less those that the poles collapse."""
    ring = faces // (segments + 1)
    bottom, top = (ring == 0).sum(axis=1), (ring == count + 1).sum(axis=1)
    return faces[(bottom < 2) & (top < 2)]


def _ring_normals(grid: Float) -> Float:
    """Unit normals [R, S + 1, 3] of rings between two poles, by central differences around and along them."""
    body = grid[:, :-1]
    around = np.roll(body, -1, axis=1) - np.roll(body, 1, axis=1)
    along = np.gradient(body, axis=0)
    normals = np.cross(around, along)
    normals[0], normals[-1] = body[0, 0] - body[1].mean(axis=0), body[-1, 0] - body[-2].mean(axis=0)
    normals = unit(normals)
    return np.concatenate([normals, normals[:, :1]], axis=1)


@dataclass(frozen=True)
class Person:
    """Who it is: stature in metres, build and size of the head relative to the average adult's, clothes, hair, bag.

    `detail` is 2 (near, about 1,800 triangles), 1 (700) or 0 (far, 300).
    """

    stature: float
    build: float
    outfit: str = "trousers"
    hair: str = "short"
    bag: str = "none"
    head: float = 1.0
    detail: int = 2

    def __post_init__(self) -> None:
        for what, known in (("outfit", OUTFITS), ("hair", HAIR), ("bag", BAGS)):
            if getattr(self, what) not in known:
                raise UserError(f"unknown {what} {getattr(self, what)!r} of a person: known are {', '.join(known)}")
        if self.detail not in (0, 1, 2):
            raise UserError(f"unknown detail {self.detail!r} of a person: known are 2 (near), 1 and 0 (far)")

    def limb(self, path: ArrayLike, radii: ArrayLike, segments: int = 8, *, roundness: float = 1.0) -> Part:
        """`limb` as finely as the detail asks: with fewer segments and plain ends, and at last with every second ring."""
        points, radii = np.asarray(path, dtype=np.float64), np.asarray(radii, dtype=np.float64)
        if self.detail == 0:
            kept = np.unique(np.r_[np.arange(0, len(points), 2), len(points) - 1])
            points, radii = points[kept], radii[kept]
        count = (4 if segments < 10 else 5, max(4, (5 * segments + 4) // 8), segments)[self.detail]
        return limb(points, radii, count, roundness=roundness, pointed=self.detail < 2)

    def loft(self, profile: ArrayLike, build: float, y: float = 0.0, segments: int = 12, roundness: float = 0.3) -> Part:
        """An upright limb whose rows are (z, half width, half depth) as fractions of the stature; `build` widens it."""
        rows = np.asarray(profile) * self.stature
        path = np.stack([np.zeros(len(rows)), np.full(len(rows), y * self.stature), rows[:, 0]], axis=1)
        return self.limb(path, rows[:, 1:] * (0.45 + 0.55 * build, 0.3 + 0.7 * build), segments, roundness=roundness)


@dataclass(frozen=True)
class Pose:
    """Joints in metres: pairs [2, 3] (left at -x, right at +x) and the foot's pitch [2] in radians; `lean` turns the trunk forwards."""

    hips: Float
    knees: Float
    ankles: Float
    pitch: Float
    shoulders: Float
    elbows: Float
    wrists: Float
    lean: float


_SIDES = np.array([-1.0, 1.0])


def _swung(start: Float, length: float, angle: Float, splay: float = 0.0) -> Float:
    """Points `length` from starts [2, 3], hanging down but swung forwards (towards -y) by angles [2], and sideways by `splay`."""
    ahead = np.stack([_SIDES * np.sin(splay), -np.sin(angle) * np.cos(splay), -np.cos(angle) * np.cos(splay)], axis=1)
    return start + length * ahead


def _trunk(stature: float, build: float, lean: float, pelvis: Sequence[float]) -> Float:
    """Shoulder joints [2, 3] above a pelvis (y, z) when the trunk leans."""
    up = 0.272 * stature
    middle = (0.0, pelvis[0] - up * np.sin(lean), pelvis[1] + up * np.cos(lean))
    return np.array([[s * 0.094 * stature * (0.6 + 0.4 * build), middle[1], middle[2]] for s in _SIDES])


def walking(stature: float, stride: float, arm_swing: float, build: float, phase: float) -> Pose:
    """A pose of the walking cycle: the step's length `stride` in metres, `phase` in [0, 1) from the left foot passing forwards."""
    turn = 2 * np.pi * np.array([phase, phase + 0.5])
    reach = np.arcsin(min(0.5 * stride / ((THIGH + SHIN) * stature), 0.8))
    thigh = reach * np.sin(turn) + 0.35 * reach * np.maximum(np.cos(turn), 0)
    flex = 0.06 + 2.2 * reach * np.maximum(np.cos(turn), 0) ** 1.3 + 0.5 * reach * np.maximum(-np.sin(turn), 0)
    hips = np.array([[s * 0.047 * stature * (0.7 + 0.3 * build), 0.0, 0.53 * stature] for s in _SIDES])
    knees = _swung(hips, THIGH * stature, thigh)
    ankles = _swung(knees, SHIN * stature, thigh - flex)
    shoulders = _trunk(stature, build, 0.1 * reach, (0.0, 0.53 * stature))
    swing = -np.radians(arm_swing) * np.sin(turn) + 0.04
    elbows = _swung(shoulders, UPPER_ARM * stature, swing, 0.12 * (0.5 + 0.5 * build))
    wrists = _swung(elbows, FOREARM * stature, swing + 0.22 + 0.7 * np.maximum(swing, 0), 0.03)
    return Pose(hips, knees, ankles, 0.75 * (thigh - flex), shoulders, elbows, wrists, 0.1 * reach)


def _bent(start: Float, end: Float, first: float, second: float, bend: Sequence[float]) -> tuple[Float, Float]:
    """Middle joints and reachable ends [2, 3] of two-link limbs that go from `start` towards `end` and bend towards `bend`."""
    way = end - start
    distance = np.minimum(np.linalg.norm(way, axis=1, keepdims=True), 0.995 * (first + second))
    along = unit(way)
    base = (first**2 - second**2 + distance**2) / (2 * distance)
    aside = unit(np.asarray(bend) - np.einsum("ij,ij->i", along, np.broadcast_to(bend, along.shape))[:, None] * along)
    return start + base * along + np.sqrt(np.maximum(first**2 - base**2, 0)) * aside, start + distance * along


def _figure(pose: Pose, person: Person) -> list[list[Part]]:
    """Parts by slot: skin, hair, top, trousers, shoes (and bag)."""
    stature = person.stature
    limbs: list[list[Part]] = [[] for _ in range(5)]
    trunk: list[list[Part]] = [[] for _ in range(5)]
    head: list[list[Part]] = [[] for _ in range(5)]
    for k in range(2):
        _leg(limbs, pose, k, person)
        _arm(limbs, pose, k, person)
    _trunk_parts(trunk, person)
    _head(head, person)
    pelvis = pose.hips.mean(axis=0)
    c, s = np.cos(pose.lean), np.sin(pose.lean)
    turn = np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    neck = pelvis + turn @ np.array([0.0, 0.0, 0.33 * stature])
    for slot, upright, above in zip(limbs, trunk, head, strict=True):
        slot += [part.turned(turn).moved(*pelvis) for part in upright]
        slot += [replace(part, vertices=person.head * (part.vertices - (0, 0, 0.33 * stature)) + neck) for part in above]
    if person.outfit in ("skirt", "coat"):
        limbs[TROUSERS if person.outfit == "skirt" else TOP].append(_hem(pose, person))
    return limbs


def _leg(slots: list[list[Part]], pose: Pose, k: int, person: Person) -> None:
    """A leg and its shoe."""
    stature, build, outfit = person.stature, person.build, person.outfit
    hip, knee, ankle = pose.hips[k], pose.knees[k], pose.ankles[k]
    full, calf = 0.5 + 0.5 * build, knee + 0.35 * (ankle - knee)
    path = np.stack([hip, 0.5 * (hip + knee), knee, calf, ankle])
    cloth = np.array([0.053, 0.05, 0.039, 0.037, 0.031]) * stature * full
    bare = np.array([0.05, 0.043, 0.03, 0.032, 0.019]) * stature * full
    if outfit == "shorts":
        leg = np.stack([hip, path[1] + 0.3 * (knee - path[1])])
        slots[TROUSERS].append(person.limb(leg, np.stack([cloth[:2]] * 2, axis=1), roundness=0.2))
    if outfit in ("shorts", "skirt"):
        slots[SKIN].append(person.limb(path, np.stack([bare] * 2, axis=1), roundness=0.5))
    else:
        slots[TROUSERS].append(person.limb(path, np.stack([cloth] * 2, axis=1), roundness=0.4))
    c, s = np.cos(pose.pitch[k]), np.sin(pose.pitch[k])
    ahead, up = np.array([0.0, -c, s]), np.array([0.0, s, c])
    sole = np.array([[-0.022, -0.014], [0.02, -0.014], [0.07, -0.021], [0.1, -0.025]]) * stature
    points = ankle + sole[:, :1] * ahead + sole[:, 1:] * up
    slots[SHOES].append(person.limb(points, np.array([[0.02, 0.024], [0.023, 0.026], [0.025, 0.018], [0.02, 0.013]]) * stature, 8))


def _arm(slots: list[list[Part]], pose: Pose, k: int, person: Person) -> None:
    """An arm and its hand; the sleeves are short with short trousers."""
    stature, build, bare = person.stature, person.build, person.outfit == "shorts"
    shoulder, elbow, wrist = pose.shoulders[k], pose.elbows[k], pose.wrists[k]
    full = 0.6 + 0.4 * build
    path = np.stack([shoulder, 0.5 * (shoulder + elbow), elbow, 0.5 * (elbow + wrist), wrist])
    sleeve = np.array([0.032, 0.031, 0.027, 0.026, 0.021]) * stature * full
    if bare:
        slots[TOP].append(person.limb(path[:2], np.stack([sleeve[:2]] * 2, axis=1), roundness=0.6))
        slots[SKIN].append(person.limb(path, np.stack([0.8 * sleeve] * 2, axis=1), roundness=0.4))
    else:
        slots[TOP].append(person.limb(path, np.stack([sleeve] * 2, axis=1), roundness=0.5))
    if person.detail < 1:
        return
    hand = wrist + np.outer([0.0, 0.03, 0.055], unit(wrist - elbow)) * stature
    slots[SKIN].append(person.limb(hand, np.array([[0.013, 0.016], [0.014, 0.022], [0.01, 0.017]]) * stature, 6))


def _trunk_parts(slots: list[list[Part]], person: Person) -> None:
    """Pelvis, torso and bag, with the hip joints at z = 0."""
    stature, build, outfit, bag = person.stature, person.build, person.outfit, person.bag
    pelvis = [(-0.045, 0.06, 0.05), (-0.01, 0.092, 0.064), (0.04, 0.092, 0.064), (0.09, 0.08, 0.056)]
    slots[TROUSERS].append(person.loft(pelvis, build, roundness=0.5))
    wide = 1.06 if outfit == "coat" else 1.0
    torso = np.array(
        [
            *[(0.02, 0.097, 0.07), (0.06, 0.093, 0.066), (0.11, 0.088, 0.06), (0.17, 0.095, 0.064)],
            *[(0.23, 0.107, 0.064), (0.272, 0.114, 0.054), (0.3, 0.09, 0.045), (0.318, 0.05, 0.036)],
        ]
    )
    slots[TOP].append(person.loft(torso * (1, wide, wide), build))
    if bag == "backpack":
        pack = [(0.06, 0.07, 0.035), (0.09, 0.085, 0.05), (0.2, 0.085, 0.048), (0.28, 0.07, 0.03)]
        slots[SHOES].append(person.loft(pack, 1.0, y=0.085 * (0.3 + 0.7 * build), segments=10))
    if bag == "shoulder":
        purse = person.loft([(-0.12, 0.02, 0.07), (-0.1, 0.026, 0.085), (-0.02, 0.024, 0.08), (0.01, 0.015, 0.07)], 1.0, segments=10)
        slots[SHOES].append(purse.moved(0.135 * stature * (0.5 + 0.5 * build), 0.03 * stature, 0))


def _head(slots: list[list[Part]], person: Person) -> None:
    """Neck, face and hair, with the hip joints at z = 0; they stay upright when the trunk leans."""
    stature, hair = person.stature, person.hair
    neck = person.loft([(0.318, 0.031, 0.031), (0.35, 0.028, 0.03)], 1.0, y=0.004, segments=8)
    face = [
        (0.342, 0.022, 0.024),
        (0.36, 0.036, 0.045),
        (0.385, 0.042, 0.053),
        (0.415, 0.044, 0.056),
        (0.44, 0.038, 0.05),
        (0.458, 0.022, 0.03),
    ]
    nose = person.limb(np.array([[0, -0.062, 0.402], [0, -0.072, 0.385]]) * stature, np.full((2, 2), 0.007 * stature), 6)
    slots[SKIN] += [neck, person.loft(face, 1.0, y=-0.01, roundness=0.4)]
    if person.detail > 1:
        slots[SKIN].append(nose)
    cap = np.array([(0.372, 0.034, 0.026), (0.39, 0.046, 0.04), (0.415, 0.0485, 0.053), (0.442, 0.045, 0.056), (0.462, 0.028, 0.036)])
    back = np.array([0.03, 0.02, 0.006, -0.008, -0.014])  # the hair line rises towards the forehead
    path = np.stack([np.zeros(5), back, cap[:, 0]], axis=1) * stature
    slots[HAIRS].append(person.limb(path, cap[:, 1:] * stature, 12, roundness=0.25))
    if hair == "helmet":  # of the shoes' colour, its visor of the hair's
        shell = [(0.355, 0.05, 0.062), (0.385, 0.064, 0.078), (0.42, 0.066, 0.082), (0.45, 0.055, 0.07), (0.47, 0.03, 0.042)]
        slots[SHOES].append(person.loft(shell, 1.0, y=-0.002, roundness=0.4))
        visor = np.array([[0, -0.05, 0.392], [0, -0.05, 0.425]]) * stature
        slots[HAIRS].append(person.limb(visor, np.array([[0.052, 0.042], [0.048, 0.036]]) * stature, 10, roundness=0.2))
    if hair == "long":
        fall = [(0.305, 0.032, 0.014), (0.335, 0.045, 0.024), (0.38, 0.047, 0.032), (0.42, 0.046, 0.04)]
        slots[HAIRS].append(person.loft(fall, 1.0, y=0.03, segments=10))
    if hair == "cap":
        peak = np.array([[0, -0.04, 0.433], [0, -0.085, 0.425]]) * stature
        slots[HAIRS].append(person.limb(peak, np.array([[0.04, 0.006], [0.033, 0.004]]) * stature, 8))


def _hem(pose: Pose, person: Person) -> Part:
    """The lower part of a skirt or coat, from the waist to the knees, wide enough for both legs."""
    stature, build = person.stature, person.build
    middle, spread = pose.knees.mean(axis=0), np.abs(np.diff(pose.knees[:, 1]))[0] / 2
    hip = pose.hips.mean(axis=0)
    t = np.array([-0.25, 0.0, 0.5, 0.95])
    path = hip + t[:, None] * (middle - hip)
    wide = np.array([0.092, 0.117, 0.127, 0.133]) * stature * (0.45 + 0.55 * build)
    deep = np.array([0.068, 0.085, 0.093, 0.098]) * stature * (0.4 + 0.6 * build) + np.maximum(t, 0) * spread
    return person.limb(path, np.stack([wide, deep], axis=1), 12, roundness=0.1)


@made_of("skin", "hair", "top", "trousers", "shoes")
def pedestrian(
    width: float = 0.52,
    depth: float = 0.75,
    height: float = 1.73,
    stride: float = 0.65,
    arm_swing: float = 22.0,
    build: float = 1.0,
    phase: float = 0.25,
    outfit: str = "trousers",
    hair: str = "short",
    bag: str = "none",
    head: float = 1.0,
    detail: int = 2,
) -> Mesh:
    """A person walking towards -y, or with no `stride` standing. `extent` tells the width and depth that leave the body in proportion.

    stride: length of a step in metres. arm_swing: degrees to either side. build: 1 is average, 1.3 stout. phase: of the walking
    cycle, in [0, 1). outfit: "trousers", "shorts", "skirt" or "coat". hair: "short", "long", or under a "cap" or "helmet". bag: "none",
    "backpack" or "shoulder". head: its size relative to an adult's of that height (1.25 for a child). detail: see `Person`.
    """
    person = Person(height, build, outfit, hair, bag, head, int(detail))
    return standing((width, depth, height), *_figure(walking(height, stride, arm_swing, build, phase), person))


def extent(person: Person, stride: float, arm_swing: float, phase: float) -> tuple[float, float]:
    """Width and depth in metres of a pedestrian in proportion."""
    slots = _figure(walking(person.stature, stride, arm_swing, person.build, phase), person)
    size = np.ptp(join(part for slot in slots for part in slot).vertices, axis=0)
    return float(size[0]), float(size[1])


@made_of("skin", "hair", "top", "trousers", "shoes")
def rider(
    saddle: tuple[float, ...] = (0.22, 0.93),
    grips: tuple[float, ...] = (0.26, -0.32, 1.02),
    pedals: tuple[float, ...] = (0.11, -0.12, 0.3, 0.22, 0.3),
    stature: float = 1.75,
    build: float = 1.0,
    lean: float = 28.0,
    hair: str = "cap",
    outfit: str = "trousers",
    bag: str = "none",
    detail: int = 2,
) -> Mesh:
    """A person on a cycle, **in the cycle's frame** (z = 0 is the road, nothing of the rider is there): give both the same poses.

    saddle: (y, z). grips: (x, y, z) of the right one. pedals: (x, left y, left z, right y, right z). lean: of the trunk, degrees.
    """
    seat, hold = (saddle[0], saddle[1] + 0.05 * stature), np.array([[s * grips[0], grips[1] + 0.02, grips[2] + 0.02] for s in _SIDES])
    hips = np.array([[s * 0.05 * stature, *seat] for s in _SIDES])
    sole = np.array([0.0, 0.07, 0.04]) * stature
    foot = np.array([[-pedals[0], pedals[1], pedals[2]], [pedals[0], pedals[3], pedals[4]]]) + sole
    knees, ankles = _bent(hips, foot, THIGH * stature, SHIN * stature, (0.0, -1.0, 0.3))
    shoulders = _trunk(stature, build, np.radians(lean), seat)
    elbows, wrists = _bent(shoulders, hold, UPPER_ARM * stature, FOREARM * stature, (0.0, 0.5, -1.0))
    pose = Pose(hips, knees, ankles, np.full(2, -0.15), shoulders, elbows, wrists, np.radians(lean))
    return assemble(*_figure(pose, Person(stature, build, outfit, hair, bag, detail=int(detail))))
