"""What must hold between the descriptions of a frame's objects, its labels and its scene, whoever rendered it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderers.frame import Frame
from renderers.object_labels import OBJECT_LABELS, Objects
from scenes import geometry
from scenes.scene import Scene
from scenes.semantics import semantic_id
from simlearn.invariants import DEPTH_ERROR, POINT_TOLERANCE_M, in_objects, surface_points

POSE_TOLERANCE = 1e-6  # metres and cosines, at a kilometre from the origin; poses are stored exactly, in the world's frame
RATIO_TOLERANCE = 1e-6  # float32
HALF_PIXEL = 0.5 + 1e-3  # visible boxes surround whole pixels, amodal ones the projection

Violation = tuple[str, str]


def check_objects(objects: Objects, frame: Frame, scene: Scene) -> Iterator[Violation]:
    """Yield (label, what is wrong) for every violated fact about the objects; of labels the frame's `instance` and depths are used."""
    count = len(scene.instances)
    malformed = [name for name, label in OBJECT_LABELS.items() if getattr(objects, name).shape != (count, *label.shape)]
    if malformed:
        yield malformed[0], f"is {getattr(objects, malformed[0]).shape} for the scene's {count} instances"
        return
    classes = np.array([semantic_id(thing.category, scene.label_space) for thing in scene.instances], dtype=np.uint8)
    yield from _count("semantic", objects.semantic != classes, "objects are not of their category's class")
    to_camera = geometry.invert(scene.camera_motion.at(frame.time))
    poses = np.stack([to_camera @ thing.motion.at(frame.time) for thing in scene.instances]) if count else np.empty((0, 4, 4))
    wrong: NDArray[np.bool_] = np.any(~(np.abs(objects.pose - poses) <= POSE_TOLERANCE), axis=(1, 2))
    yield from _count("pose", wrong, "objects are not where the scene has them")
    yield from _check_ratios(objects, frame)
    if "instance" in frame.labels and frame["instance"].max(initial=0) <= count:
        yield from _check_visible(objects, frame["instance"])
        if "valid" in frame.labels and {"depth", "distance"} & frame.labels.keys():
            yield from _check_extent(objects, frame, scene)


def _count(label: str, wrong: NDArray[Any], message: str) -> Iterator[Violation]:
    if wrong.any():
        yield label, f"{int(wrong.sum())} {message}, the first is number {1 + int(np.argmax(wrong))}"


def _check_ratios(objects: Objects, frame: Frame) -> Iterator[Violation]:
    visible, amodal = objects.visible_pixels.astype(np.float64), objects.amodal_pixels.astype(np.float64)
    yield from _count("amodal_pixels", ~((amodal >= visible) & (amodal <= objects.width * objects.height)), "counts are out of range")
    wrong = ~(np.abs(objects.visibility - visible / np.maximum(amodal, 1)) <= RATIO_TOLERANCE)
    yield from _count("visibility", wrong, "shares are not visible by amodal pixels")
    if frame.camera.is_pinhole:
        outside = objects.truncation
        yield from _count("truncation", ~((outside >= 0) & (outside <= 1)), "shares are not between 0 and 1")


def _check_visible(objects: Objects, instance: NDArray[Any]) -> Iterator[Violation]:
    """The counts and boxes of the instance ids themselves."""
    pixels = np.bincount(instance.ravel(), minlength=len(objects) + 1)[1:]
    yield from _count("visible_pixels", objects.visible_pixels != pixels, "counts are not those of the instance ids")
    found = visible_boxes(instance, len(objects))
    same = (objects.box_2d_visible == found) | (np.isnan(found) & np.isnan(objects.box_2d_visible))
    yield from _count("box_2d_visible", ~same.all(axis=1), "boxes do not surround their instance's pixels")
    beyond = np.concatenate([objects.box_2d_amodal[:, :2] - found[:, :2], found[:, 2:] - objects.box_2d_amodal[:, 2:]], axis=1)
    wrong = (pixels > 0) & ~(beyond <= HALF_PIXEL).all(axis=1)
    yield from _count("box_2d_amodal", wrong, "boxes do not hold what is visible")


def visible_boxes(instance: NDArray[Any], count: int) -> NDArray[np.float32]:
    """float32 [count, 4]: left, top, right, bottom around the pixels of each id 1 ... count in uint16 [H, W]; NaN where there are none."""
    rows, columns = np.nonzero(instance)
    ids = instance[rows, columns].astype(np.int64) - 1
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    for axis, places in enumerate((columns, rows)):
        np.minimum.at(low[:, axis], ids, places)
        np.maximum.at(high[:, axis], ids, places + 1)
    boxes = np.concatenate([low, high], axis=1)
    return np.where(np.isfinite(boxes), boxes, np.nan).astype(np.float32)


def _check_extent(objects: Objects, frame: Frame, scene: Scene) -> Iterator[Violation]:
    """What is seen of an object lies in its box."""
    points = surface_points(frame)
    local = in_objects(frame, scene, points)
    known = np.isfinite(local[..., 2])
    row = frame["instance"][known].astype(np.int64) - 1
    box = objects.box_3d[row]
    allowed = POINT_TOLERANCE_M + DEPTH_ERROR * np.linalg.norm(points[known], axis=-1)
    outside = ~((np.abs(local[known] - box[:, :3]) - box[:, 3:] / 2).max(axis=1) <= allowed)
    yield from _count("box_3d", np.bincount(row[outside], minlength=len(objects)) > 0, "boxes do not hold what is seen of their object")
