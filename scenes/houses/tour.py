"""The camera's way through the house: from room to room through open doors, at eye height, looking ahead and at furniture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.furnishing.space import Ground, Ways
from scenes.houses.views import Surroundings, view_score
from scenes.trajectories import along_curve, catmull_rom, looking, sway

Float = NDArray[np.float64]
CLEARANCE_M = 0.2  # of every frame's eye from all boxes
RADIUS_M = 0.25  # of the walker on the grid
_TOURS, _STRETCHES, _WANTED = 4, 5, 10  # routes, stretches tried of each, and usable ones to choose from
_GOOD = 8.0  # score of a stretch that shows a room, from when on it is enough to look at a few
_GAZE_FRAMES = 10  # between two directions of gaze


@dataclass(frozen=True)
class Tour:
    """Camera poses float64 [T + 2, 4, 4], how good the views are, and how many attempts it took."""

    poses: Float
    score: float
    attempts: int


Stretch = tuple[Float, Float, Float]  # eyes [N, 3], directions [N, 3] and rolls [N] of a clip's cameras


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How the walker goes: frames of the clip, eye height in metres, metres and radians a frame, whether through a door."""

    frames: int
    eye_height: float
    speed: float
    turn_rad: float
    through_door: bool


def _route(place: Surroundings, rng: np.random.Generator, room: int, length: float, ways: Ways) -> Float | None:
    """A smooth way [K, 2] at least `length` metres long from a room through one open door after the other, or None."""
    points: list[Float] = []
    node = _node(place, ways, room, rng)
    total, previous = 0.0, -1
    for _ in range(12):
        doors = [(a, b) for a, b, _, _ in place.doorways if room in (a, b)]
        onward = [b if a == room else a for a, b in doors]
        choices = [k for k in onward if k != previous] or onward
        target = choices[int(rng.integers(len(choices)))] if choices else room
        goal = _node(place, ways, target, rng)
        if node is None or goal is None:
            return None
        leg = ways.way(ways.from_node(node), goal)
        if len(leg) < 2:
            return None
        points.append(leg if not points else leg[1:])
        total += float(np.linalg.norm(np.diff(leg, axis=0), axis=1).sum())
        room, previous, node = target, room, goal
        if total > length + 1.0:
            return _smooth(place.ground, np.concatenate(points))
    return None


def _node(place: Surroundings, ways: Ways, room: int, rng: np.random.Generator) -> int | None:
    """A point of the grid somewhere in a room."""
    inside = place.rooms[room].grown(-0.2)
    nodes = ways.nodes(inside.x0, inside.y0, inside.x1, inside.y1)
    return int(nodes[int(rng.integers(len(nodes)))]) if len(nodes) else None


def _smooth(ground: Ground, path: Float) -> Float:
    """A way over the grid with its corners rounded as far as the furniture lets it, one point every quarter of a metre."""
    for reach in (9, 5, 2):
        count = len(path)
        index = np.clip(np.arange(-reach, count + reach), 0, count - 1)
        window = np.ones(2 * reach + 1) / (2 * reach + 1)
        smooth = np.stack([np.convolve(path[index, k], window, mode="valid") for k in (0, 1)], axis=1)
        cells = ((smooth - ground.corner) / 0.05).astype(int)
        if ground.clearance[tuple(cells.T)].min() >= RADIUS_M:
            break
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(smooth, axis=0), axis=1))])
    marks = np.linspace(0.0, arc[-1], max(2, round(arc[-1] / 0.25)))
    return np.stack([np.interp(marks, arc, smooth[:, k]) for k in (0, 1)], axis=1)


def _start(place: Surroundings, route: Float, length: float, reach: float, manner: Manner, rng: np.random.Generator) -> float:
    """Where on a route (`reach` metres long) a clip of `length` metres begins: anywhere, or so that a doorway is on its way."""
    slack = max(reach - length, 0.0)
    if manner.through_door and place.doorways:
        arc = np.linspace(0, reach, len(route))
        middles = np.array([(x, y) for _, _, x, y in place.doorways])
        passing = arc[np.linalg.norm(route[:, None] - middles, axis=2).min(axis=1) < 0.35]
        if len(passing):
            at = float(passing[int(rng.integers(len(passing)))])
            return float(np.clip(at - length * float(rng.uniform(0.15, 0.85)), 0.0, slack))
    return float(rng.uniform(0.0, min(slack, 2.0)))


def _visible(place: Surroundings, eye: Float) -> tuple[Float, Float, Float]:
    """Yaw, pitch and weight [N] of the things an eye could look at."""
    count = len(place.categories)
    centre, half = place.boxes.centre[:count], place.boxes.half[:count]
    offset = centre - eye
    distance = np.linalg.norm(offset, axis=1)
    near = np.flatnonzero((distance > 1.0) & (distance < 7.0))
    if not len(near):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    hit, _, _ = place.boxes.within(eye, 8.0)[0].hits(eye, offset[near] / distance[near, None])
    near = near[hit > distance[near] - np.linalg.norm(half[near], axis=1) - 0.1]
    offset = offset[near]
    flat = np.hypot(offset[:, 0], offset[:, 1])
    bulk = np.prod(2 * half[near], axis=1) ** 0.4
    return np.arctan2(offset[:, 1], offset[:, 0]), np.clip(np.arctan2(offset[:, 2], flat), -0.42, 0.15), bulk


def _gaze(place: Surroundings, rng: np.random.Generator, eyes: Float, headings: Float, turn_rad: float) -> Float:
    """Viewing directions [N, 3]: at things in sight, mostly those ahead, or straight on, turning by at most about `turn_rad` a frame."""
    keys: list[Float] = []
    for frame in range(0, len(eyes) + _GAZE_FRAMES, _GAZE_FRAMES):
        k = min(frame, len(eyes) - 1)
        yaw, pitch, weight = _visible(place, eyes[k])
        ahead = float(headings[k])
        weight = weight * (0.25 + np.exp(-(((yaw - ahead + pi) % (2 * pi) - pi) ** 2)))
        yaw, pitch = np.append(yaw, ahead), np.append(pitch, float(rng.uniform(-0.25, -0.05)))
        weight = np.append(weight, 0.35 * weight.sum() + 1e-6)
        if keys:
            change = (yaw - keys[-1][0] + pi) % (2 * pi) - pi
            reach = turn_rad * _GAZE_FRAMES
            weight = weight * np.exp(-((change / (1.5 * reach + 0.1)) ** 2)) + 1e-12
            pick = int(rng.choice(len(yaw), p=weight / weight.sum()))
            turn = float(np.clip(change[pick], -1.4 * reach, 1.4 * reach))
            keys.append(np.array([keys[-1][0] + turn, pitch[pick]]))
        else:
            pick = int(rng.choice(len(yaw), p=weight / weight.sum()))
            keys.append(np.array([yaw[pick], pitch[pick]]))
    angles = catmull_rom(np.array(keys), np.arange(len(eyes)) / _GAZE_FRAMES)
    flat = np.cos(angles[:, 1])
    return np.stack([flat * np.cos(angles[:, 0]), flat * np.sin(angles[:, 0]), np.sin(angles[:, 1])], axis=1)


def _attempt(place: Surroundings, camera: Camera, rng: np.random.Generator, route: Float, manner: Manner) -> tuple[Stretch, float] | None:
    """One stretch of a route and its score, or None when it comes too near to something or sees too little."""
    count = manner.frames + 2
    length = manner.speed * (count - 1)
    arc = np.linalg.norm(np.diff(route, axis=0), axis=1).sum()
    start = _start(place, route, 1.1 * length, float(arc), manner, rng)
    pace = manner.speed * (1 + 0.25 * np.tanh(sway(rng, count, amplitude=1.0, period_frames=20.0)))
    distances = start + np.concatenate([[0.0], np.cumsum(pace[1:])])
    points = np.column_stack([route, np.full(len(route), manner.eye_height)])
    if rng.uniform() < 0.5:
        points = points[::-1]
        distances = float(arc) - (start + length) + (distances - start)
    eyes = along_curve(points, np.maximum(distances, 0.0))
    headings = _headings(points, distances)
    for axis, amplitude in enumerate((0.006, 0.006, 0.01)):
        eyes[:, axis] += sway(rng, count, amplitude=amplitude, period_frames=14.0)
    if place.boxes.distances(eyes).min() < CLEARANCE_M:
        return None
    directions = _gaze(place, rng, eyes, headings, manner.turn_rad)
    directions[:, 2] += sway(rng, count, amplitude=0.012, period_frames=11.0)
    rolls = sway(rng, count, amplitude=0.018, period_frames=16.0) + rng.normal(0, 0.012)
    marks = np.unique(np.linspace(0, count - 1, 3 + count // 12).astype(int))
    scores: list[float] = []
    for pose in looking(eyes[marks], directions[marks], rolls[marks]):
        scores.append(view_score(place, camera, pose))
        if not np.isfinite(scores[-1]):
            return None
    return (eyes, directions, rolls), 0.6 * float(np.mean(scores)) + 0.4 * min(scores)


def _headings(points: Float, distances: Float) -> Float:
    """Direction of walking [N], radians: towards where the walker will be a metre later."""
    here, later = along_curve(points, np.maximum(distances, 0.0)), along_curve(points, np.maximum(distances, 0.0) + 1.0)
    step = later - here
    last = points[-1] - points[-2]
    step = np.where(np.linalg.norm(step[:, :2], axis=1)[:, None] > 0.05, step, last)
    return np.asarray(np.unwrap(np.arctan2(step[:, 1], step[:, 0])))


def tour(place: Surroundings, camera: Camera, rng: np.random.Generator, weights: Float, manner: Manner) -> Tour:
    """The best of a few stretches of a few routes; slower ones when nothing is found, a turn on the clearest spot at last."""
    ways = Ways(place.ground, RADIUS_M)
    room = int(rng.choice(len(place.rooms), p=weights))
    found: list[tuple[Stretch, float]] = []
    attempts = 0
    for k in range(3 * _TOURS):
        slower = manner if found else replace(manner, speed=manner.speed * 0.7 ** (k // _TOURS))
        room = room if k < _TOURS else int(rng.integers(len(place.rooms)))
        route = _route(place, rng, room, slower.speed * (manner.frames + 1), ways)
        attempts += 1 if route is None else _STRETCHES
        results = [_attempt(place, camera, rng, route, slower) for _ in range(_STRETCHES)] if route is not None else []
        found += [result for result in results if result is not None]
        best = max((score for _, score in found), default=-np.inf)
        if (best > _GOOD and (len(found) >= _WANTED or k + 1 >= _TOURS)) or (found and k + 1 >= 2 * _TOURS):
            break
    if found:
        stretch, score = max(found, key=lambda entry: entry[1])
        return Tour(looking(*stretch), score, attempts)
    return Tour(_turn_on_the_spot(place, camera, rng, manner), 0.0, attempts)


def _turn_on_the_spot(place: Surroundings, camera: Camera, rng: np.random.Generator, manner: Manner) -> Float:
    """A slow turn about the clearest place of the house, at first in the direction with the best view."""
    cell = np.array([np.unravel_index(int(place.ground.clearance.argmax()), place.ground.free.shape)])
    count = manner.frames + 2
    eye = np.append(place.ground.places(cell)[0], manner.eye_height)
    eyes = np.repeat(eye[None], count, axis=0)
    eyes[:, 2] += np.clip(sway(rng, count, amplitude=0.008, period_frames=14.0), -0.02, 0.02)
    best, views = -np.inf, np.linspace(-pi, pi, 16, endpoint=False)
    for yaw in views:
        turn = yaw + manner.turn_rad * np.arange(count)
        poses = looking(eyes, np.stack([np.cos(turn), np.sin(turn), np.full(count, -0.15)], axis=1), np.zeros(count))
        score = view_score(place, camera, poses[count // 2])
        if score > best or yaw == views[0]:
            best, chosen = score, poses
    return chosen
