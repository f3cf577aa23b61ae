"""What a camera in a house sees, by rays against boxes, and how much that tells of the place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.furnishing.space import Boxes, Ground
from scenes.houses.plan import Rect

Float = NDArray[np.float64]
COLUMNS, ROWS = 12, 9
_FEWEST_SEEN = 6
_REACH_M = 12.0
_MINOR = frozenset(
    "rug picture curtain radiator books mug bowl vase clock ball box lamp plate glass bottle candle photo_frame tissue_box paper towel toy "
    "pen_holder telephone computer_mouse keyboard cushion package shoes bag".split()
)
_CENTRAL = frozenset(
    "bed sofa table desk stove sink refrigerator counter toilet bathtub shower television".split()
)  # what tells the kind of room


@dataclass(frozen=True)
class Surroundings:
    """What a walker meets. boxes: all things first (as many as `categories`), then what the building is made of."""

    boxes: Boxes
    categories: Sequence[str]
    ground: Ground
    rooms: tuple[Rect, ...]
    doorways: tuple[tuple[int, int, float, float], ...]  # rooms and middle (x, y) of each way that is open

    def room_at(self, x: float, y: float) -> int:
        """The room that holds a place, or the nearest."""
        away = [max(r.x0 - x, x - r.x1, 0.0) + max(r.y0 - y, y - r.y1, 0.0) for r in self.rooms]
        return int(np.argmin(away))


def view_rays(camera: Camera, pose: Float, columns: int = COLUMNS, rows: int = ROWS) -> Float:
    """Unit directions [rows * columns, 3] in the world of a coarse grid of a camera's pixels."""
    u, v = np.meshgrid((np.arange(columns) + 0.5) * camera.width / columns, (np.arange(rows) + 0.5) * camera.height / rows)
    rays = camera.unproject(np.stack([u, v], axis=-1).reshape(-1, 2), np.ones(u.size)) @ pose[:3, :3].T
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def view_score(place: Surroundings, camera: Camera, pose: Float) -> float:
    """How much there is to see; -inf when something fills the picture from close by or next to nothing is in it."""
    eye, rays = pose[:3, 3], view_rays(camera, pose)
    near, numbers = place.boxes.within(eye, _REACH_M)
    boxes, among_near = near.before(eye, rays)
    distance, index, normal = boxes.hits(eye, rays)
    index = np.where(index >= 0, numbers[among_near][index], -1)
    distance = np.minimum(distance, 20.0)
    if np.median(distance) < 0.95 or np.mean(distance < 0.6) > 0.1 or len(np.unique(index)) < _FEWEST_SEEN:
        return -np.inf
    things = np.where(index < len(place.categories), index, -1)
    return _interest(things, place.categories) + _depth(distance) - _plainness(eye + distance[:, None] * rays, normal, index)


def _interest(index: NDArray[np.int64], categories: Sequence[str]) -> float:
    """What things are worth that rays hit, by their numbers `index` [R] in `categories` (negative: none)."""
    seen, counts = np.unique(index[index >= 0], return_counts=True)
    kinds = {categories[k] for k in seen}
    furniture = [k for k in seen if categories[k] not in _MINOR]
    covered = sum(int(n) for k, n in zip(seen, counts, strict=True) if categories[k] not in _MINOR) / len(index)
    central = len(kinds & _CENTRAL)
    emptiness = 4.0 if len(furniture) < 2 or covered < 0.1 else 0.0
    return 0.5 * min(len(furniture), 6) + 0.5 * min(len(kinds), 10) + 1.3 * min(central, 3) + 6.0 * min(covered, 0.4) - emptiness


def _depth(distance: Float) -> float:
    """Near and far at once is best; little of what is within reach of the hand."""
    spread = float(np.std(np.log(distance)))
    return 2.5 * min(spread, 0.7) + 0.5 * min(float(np.median(distance)), 3.5) - 8.0 * float(np.mean(distance < 1.0))


def _plainness(points: Float, normals: Float, index: NDArray[np.int64]) -> float:
    """What is taken off for one upright plane, or one thing, that fills much of the picture."""
    upright = np.abs(normals[:, 2]) < 0.5
    offset = np.round(np.einsum("ij,ij->i", points, normals) / 0.15)
    keys = np.column_stack([np.round(normals[:, :2] * 4), offset])[upright]
    plane = np.unique(keys, axis=0, return_counts=True)[1].max(initial=0) / len(index)
    thing = np.unique(index[upright], return_counts=True)[1].max(initial=0) / len(index)
    return 14.0 * max(float(plane) - 0.27, 0.0) + 8.0 * max(float(thing) - 0.25, 0.0)
