"""How the camera moves through a room: along free floor at eye height, looking from one piece of furniture to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.furnishing.layout import Item, Layout
from scenes.trajectories import along_curve, catmull_rom, looking, sway

Float = NDArray[np.float64]
CLEARANCE_M = 0.25
_MARGIN_M = 0.06  # kept beyond the clearance, because only the frames' own poses are tested
_ATTEMPTS, _WANTED = 80, 8
_MINOR = frozenset(("rug", "picture", "curtain", "radiator", "books", "mug", "bowl", "vase", "clock", "ball", "box", "lamp"))
_CENTRAL = frozenset(
    ("bed", "sofa", "table", "desk", "stove", "sink", "refrigerator", "counter", "toilet", "bathtub", "shower")
)  # what tells the kind of room
_GAZE_FRAMES = 10  # between two directions of gaze


@dataclass(frozen=True)
class Walk:
    """Camera poses float64 [T + 2, 4, 4], how good the views are, and how many attempts it took."""

    poses: Float
    score: float
    attempts: int


def clearance(layout: Layout, eye: Float) -> float:
    """Distance from a point to the nearest thing, wall, floor or ceiling, metres."""
    x, y, z = (float(k) for k in eye)
    walls = min(layout.length / 2 - abs(x), layout.breadth / 2 - abs(y), z, layout.height - z)
    return min([walls, *(item.box.distance(x, y, z) for item in layout.items)])


def _walkable(layout: Layout, eye: Float) -> bool:
    """A place where a person can stand: clear, and not above furniture."""
    if clearance(layout, eye) < CLEARANCE_M + _MARGIN_M:
        return False
    boxes = (item.box for item in layout.items if item.category != "rug")
    return not any(box.z0 < 1.0 and box.distance(float(eye[0]), float(eye[1]), box.z0) < 0.12 for box in boxes)


def ray_hits(layout: Layout, origin: Float, directions: Float) -> tuple[Float, NDArray[np.int64]]:
    """Distance [R] along unit rays to the first item's box or the room's inside, and which item (-1: the room) [R]."""
    half = np.array([layout.length / 2, layout.breadth / 2, layout.height / 2])
    with np.errstate(divide="ignore"):
        exits = (np.sign(directions) * half - (origin - (0, 0, half[2]))) / directions
    best, index = np.where(np.isfinite(exits), exits, np.inf).min(axis=1), np.full(len(directions), -1)
    for k, item in enumerate(layout.items):
        box = item.box
        c, s = cos(box.yaw), sin(box.yaw)
        turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]])
        place = turn @ (origin - (box.x, box.y, (box.z0 + box.z1) / 2))
        ray = directions @ turn.T
        ray = np.where(np.abs(ray) < 1e-9, 1e-9, ray)
        reach = np.array([box.half_x, box.half_y, (box.z1 - box.z0) / 2])
        first, second = (-reach - place) / ray, (reach - place) / ray
        enter, leave = np.minimum(first, second).max(axis=1), np.maximum(first, second).min(axis=1)
        hit = (enter < leave) & (enter > 0) & (enter < best)
        best, index = np.where(hit, enter, best), np.where(hit, k, index)
    return best, index


def view_rays(camera: Camera, pose: Float, columns: int, rows: int) -> Float:
    """Unit directions [rows * columns, 3] in the world of a coarse grid of a camera's pixels."""
    u, v = np.meshgrid((np.arange(columns) + 0.5) * camera.width / columns, (np.arange(rows) + 0.5) * camera.height / rows)
    rays = camera.unproject(np.stack([u, v], axis=-1).reshape(-1, 2), np.ones(u.size)) @ pose[:3, :3].T
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def _view_score(layout: Layout, camera: Camera, pose: Float) -> float:
    """How much there is to see; -inf when something fills the picture from close by."""
    distance, index = ray_hits(layout, pose[:3, 3], view_rays(camera, pose, 8, 6))
    if np.median(distance) < 1.2 or np.mean(distance < 0.7) > 0.12:
        return -np.inf
    return interest(distance, index, [item.category for item in layout.items])


def interest(distance: Float, index: NDArray[np.int64], categories: Sequence[str]) -> float:
    """What a view is worth whose rays hit things at `distance` [R] with numbers `index` [R] in `categories` (negative: the building)."""
    seen, counts = np.unique(index[index >= 0], return_counts=True)
    furniture = [k for k in seen if categories[k] not in _MINOR]
    covered = sum(int(n) for k, n in zip(seen, counts, strict=True) if k in furniture) / len(index)
    central = sum(categories[k] in _CENTRAL for k in furniture)
    filled = 4.0 if counts.max(initial=0) > 0.4 * len(index) else 0.0  # one thing from close by tells nothing of the room
    emptiness = 4.0 if len(furniture) < 2 or covered < 0.12 else 0.0
    interest = len(furniture) + 1.5 * min(central, 2) + 0.4 * len(seen) + 6.0 * min(covered, 0.5)
    return float(interest + 0.6 * min(float(np.median(distance)), 3.0) - emptiness - filled)


def _path(layout: Layout, rng: np.random.Generator, start: Float, length: float) -> Float | None:
    """Way points [K, 3] over free floor, at least `length` metres long in all, or None."""
    points, heading, total = [start], float(rng.uniform(-pi, pi)), 0.0
    while total < length + 0.2:
        for _ in range(12):
            angle = heading + float(rng.normal(0, 0.7))
            stride = float(rng.uniform(0.35, 0.8))
            step = points[-1] + stride * np.array([cos(angle), sin(angle), 0.0])
            if _walkable(layout, step) and _walkable(layout, (step + points[-1]) / 2):
                break
            heading += float(rng.choice([-0.6, 0.6]))
        else:
            return None
        points.append(step)
        heading, total = angle, total + stride
    return np.array(points)


def _gaze(layout: Layout, rng: np.random.Generator, eyes: Float, turn_rad: float) -> Float:
    """Viewing directions [N, 3]: from thing to thing, turning by about `turn_rad` a frame."""
    things = [item for item in layout.items if item.category != "rug"]
    centres = np.array([(item.box.x, item.box.y, (item.box.z0 + item.box.z1) / 2) for item in things])
    bulk = np.array([item.box.half_x * item.box.half_y * (item.box.z1 - item.box.z0) for item in things]) ** 0.4
    keys: list[Float] = []
    sense = float(rng.choice([-1.0, 1.0]))
    for frame in range(0, len(eyes) + _GAZE_FRAMES, _GAZE_FRAMES):
        eye = eyes[min(frame, len(eyes) - 1)]
        offset = centres - eye
        distance = np.linalg.norm(offset, axis=1)
        yaw, weight = np.arctan2(offset[:, 1], offset[:, 0]), bulk * (distance > 1.2)
        pitch = np.clip(np.arctan2(offset[:, 2], np.linalg.norm(offset[:, :2], axis=1)), -0.42, 0.2)
        if keys:
            wanted = keys[-1][0] + sense * turn_rad * _GAZE_FRAMES * float(rng.uniform(0.6, 1.4))
            error = (yaw - wanted + pi) % (2 * pi) - pi
            weight = weight * np.exp(-((error / 0.2) ** 2))
        if weight.sum() > 1e-6:
            k = int(rng.choice(len(things), p=weight / weight.sum()))
            target = (wanted + error[k] if keys else yaw[k], pitch[k])
        else:
            target = (wanted, keys[-1][1]) if keys else (float(rng.uniform(-pi, pi)), -0.15)
        keys.append(np.array(target))
        sense = -sense if rng.uniform() < 0.3 else sense
    angles = catmull_rom(np.array(keys), np.arange(len(eyes)) / _GAZE_FRAMES)
    flat = np.cos(angles[:, 1])
    return np.stack([flat * np.cos(angles[:, 0]), flat * np.sin(angles[:, 0]), np.sin(angles[:, 1])], axis=1)


def _attempt(
    layout: Layout, camera: Camera, rng: np.random.Generator, frames: int, eye_height: float, speed: float, turn_rad: float
) -> tuple[Float, float] | None:
    """One random walk with its score, or None when it comes too near to something or sees too little."""
    count = frames + 2
    a, b = layout.length / 2 - 0.35, layout.breadth / 2 - 0.35
    start = np.array([rng.uniform(-a, a), rng.uniform(-b, b), eye_height])
    if not _walkable(layout, start):
        return None
    points = _path(layout, rng, start, speed * (count - 1))
    if points is None:
        return None
    pace = speed * (1 + 0.25 * np.tanh(sway(rng, count, amplitude=1.0, period_frames=20.0)))
    eyes = along_curve(points, np.concatenate([[0.0], np.cumsum(pace[1:])]))
    for axis, amplitude in enumerate((0.006, 0.006, 0.01)):
        eyes[:, axis] += sway(rng, count, amplitude=amplitude, period_frames=14.0)
    if min(clearance(layout, eye) for eye in eyes) < CLEARANCE_M + 0.02:
        return None
    directions = _gaze(layout, rng, eyes, turn_rad)
    directions[:, 2] += sway(rng, count, amplitude=0.012, period_frames=11.0)
    rolls = sway(rng, count, amplitude=0.018, period_frames=16.0) + rng.normal(0, 0.012)
    poses = looking(eyes, directions, rolls)
    scores = [_view_score(layout, camera, poses[k]) for k in np.unique(np.linspace(0, count - 1, 3 + count // 12).astype(int))]
    return (poses, float(np.mean(scores))) if np.isfinite(scores).all() else None


def walk(
    layout: Layout, camera: Camera, rng: np.random.Generator, *, frames: int, eye_height: float, speed: float, turn_rad: float
) -> Walk:
    """The best of a few random walks; slower and slower ones are tried when the room is too full, a turn on the spot at last."""
    found: list[tuple[Float, float]] = []
    for attempt in range(_ATTEMPTS):
        slower = 0.8 ** max(0, attempt // 10 - 1)
        result = _attempt(layout, camera, rng, frames, eye_height, speed * slower, turn_rad)
        if result is not None:
            found.append(result)
        if len(found) == _WANTED or (found and attempt > _ATTEMPTS // 2):
            break
    if found:
        poses, score = max(found, key=lambda entry: entry[1])
        return Walk(poses, score, attempt + 1)
    return Walk(_turn_on_the_spot(layout, rng, frames, eye_height, turn_rad), 0.0, _ATTEMPTS)


def _turn_on_the_spot(layout: Layout, rng: np.random.Generator, frames: int, eye_height: float, turn_rad: float) -> Float:
    """A turn about the clearest place of a coarse grid, at the clearest of a few heights."""
    a, b = layout.length / 2, layout.breadth / 2
    heights = (eye_height, 1.6, 1.8)
    places = [np.array([x * a, y * b, z]) for x in np.linspace(-0.8, 0.8, 9) for y in np.linspace(-0.8, 0.8, 9) for z in heights]
    eye = max(places, key=lambda place: clearance(layout, place))
    eyes = np.repeat(eye[None], frames + 2, axis=0)
    eyes[:, 2] += np.clip(sway(rng, frames + 2, amplitude=0.008, period_frames=14.0), -0.02, 0.02)
    return looking(eyes, _gaze(layout, rng, eyes, turn_rad), np.zeros(frames + 2))


def seen_items(layout: Layout, camera: Camera, pose: Float) -> list[Item]:
    """Things whose box is hit first by a coarse grid of rays, for tests and statistics."""
    _, index = ray_hits(layout, pose[:3, 3], view_rays(camera, pose, 16, 12))
    return [layout.items[k] for k in np.unique(index[index >= 0])]
