"""What must hold between the labels of one frame, its camera and its scene, whoever rendered it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderers.frame import LABELS, Frame
from scenes import geometry
from scenes.scene import Scene
from scenes.semantics import semantic_id

FLOW_TOLERANCE_PX = 1e-2
FLOW_TOLERANCE_RELATIVE = 1e-4
NEAREST_PROJECTED_M = 1e-2  # nearer than this to the camera plane of the other time, a float32 depth leaves flow undetermined
UNIT_TOLERANCE = 1e-3

Violation = tuple[str, str]
Mask = NDArray[np.bool_]


def check_frame(frame: Frame, scene: Scene) -> Iterator[Violation]:
    """Yield (label, what is wrong) for every violated fact about the labels that the frame has; nothing for a sound frame."""
    malformed = list(_check_table(frame))
    yield from malformed
    names = frame.labels.keys() - {label for label, _ in malformed}
    if "valid" not in names:
        return
    valid: Mask = frame["valid"]
    for name in (n for n in LABELS if n in names and n not in ("rgb", "valid", "contour")):
        yield from _count(name, ~valid & _differs(frame[name], LABELS[name].invalid), "pixels without a surface hold a value")
    checks = {"depth": _check_depth, "normal": _check_normal, "instance": _check_instance}
    for name, check in checks.items():
        if name in names:
            yield from check(frame, scene, valid)
    if {"instance", "semantic"} <= names:
        yield from _check_semantic(frame, scene)
    if {"instance", "contour"} <= names:
        wrong = (frame["contour"] != contour_of(frame["instance"])) & (valid | frame["contour"])  # the sky's side of an edge is free
        yield from _count("contour", wrong, "pixels disagree with the instance ids")
    for direction, step in (("forward", 1), ("backward", -1)):
        yield from _check_motion(frame, scene, names, direction, step)


def _check_table(frame: Frame) -> Iterator[Violation]:
    for name, array in frame.labels.items():
        label = LABELS[name]
        shape = label.shape(frame.camera.height, frame.camera.width)
        if array.shape != shape or array.dtype != label.dtype:
            yield name, f"is {array.dtype} {array.shape} instead of {label.dtype} {shape}"


def _count(label: str, wrong: NDArray[Any], message: str) -> Iterator[Violation]:
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        yield label, f"{int(wrong.sum())} {message}, the first at row {row}, column {column}"


def _differs(array: NDArray[Any], value: float) -> Mask:
    different: Mask = array != np.asarray(value, dtype=array.dtype)
    return np.any(different.reshape(*array.shape[:2], -1), axis=-1)


def _check_depth(frame: Frame, scene: Scene, valid: Mask) -> Iterator[Violation]:  # noqa: ARG001
    depth = frame["depth"]
    yield from _count("depth", np.isfinite(depth) != valid, "pixels are finite but not valid, or valid but not finite")
    yield from _count("depth", valid & ~(depth > 0), "surfaces lie behind the camera")


def _check_normal(frame: Frame, scene: Scene, valid: Mask) -> Iterator[Violation]:  # noqa: ARG001
    normal = frame["normal"].astype(np.float64)
    rays = frame.camera.unproject(frame.camera.pixel_centres(), np.ones(valid.shape))
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    length = np.linalg.norm(normal, axis=-1)
    yield from _count("normal", valid & ~(np.abs(length - 1) < UNIT_TOLERANCE), "normals are not of unit length")
    yield from _count("normal", valid & ~((normal * rays).sum(axis=-1) < UNIT_TOLERANCE), "normals face away from the camera")


def _check_instance(frame: Frame, scene: Scene, valid: Mask) -> Iterator[Violation]:
    instance = frame["instance"]
    yield from _count("instance", valid & (instance == 0), "surfaces belong to no instance")
    yield from _count("instance", instance > len(scene.instances), f"ids exceed the scene's {len(scene.instances)} instances")


def _check_semantic(frame: Frame, scene: Scene) -> Iterator[Violation]:
    classes = np.array([0, *(semantic_id(i.category, scene.label_space) for i in scene.instances)], dtype=np.uint8)
    instance = np.minimum(frame["instance"], len(scene.instances))
    yield from _count("semantic", classes[instance] != frame["semantic"], "pixels are not of their instance's class")


def contour_of(instance: NDArray[Any]) -> Mask:
    """Pixels one of whose 4 neighbours inside the image has another id, bool [H, W]."""
    edge = np.zeros(instance.shape, dtype=bool)
    vertical, horizontal = instance[1:] != instance[:-1], instance[:, 1:] != instance[:, :-1]
    edge[1:] |= vertical
    edge[:-1] |= vertical
    edge[:, 1:] |= horizontal
    edge[:, :-1] |= horizontal
    return edge


def reproject(frame: Frame, scene: Scene, step: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the surface points of a frame lie at time + step, from depth, instance ids and the scene's poses alone, in float64.

    Returns pixels [H, W, 2] and camera z [H, W], metres; meaningless where the frame is not valid.
    """
    camera, instance = frame.camera, frame["instance"]
    depth = np.where(np.isfinite(frame["depth"]), frame["depth"], 1.0)
    to_world = scene.camera_motion.at(frame.time)
    to_camera = geometry.invert(scene.camera_motion.at(frame.time + step))
    points = geometry.transform(to_camera @ to_world, camera.unproject(camera.pixel_centres(), depth))
    for number, thing in enumerate(scene.instances, start=1):
        if thing.motion.moves and (mine := instance == number).any():
            carried = thing.motion.at(frame.time + step) @ geometry.invert(thing.motion.at(frame.time))
            still = camera.unproject(camera.pixel_centres()[mine], depth[mine])
            points[mine] = geometry.transform(to_camera @ carried @ to_world, still)
    return camera.project(points), points[..., 2]


def _check_motion(frame: Frame, scene: Scene, names: set[str], direction: str, step: int) -> Iterator[Violation]:
    flow_name, occluded, outside = (f"{kind}_{direction}" for kind in ("flow", "occluded", "out_of_frame"))
    if {occluded, outside} <= names:
        yield from _count(occluded, frame[occluded] & frame[outside], "pixels are both occluded and out of frame")
    if not {"depth", "instance"} <= names:
        return
    target, z = reproject(frame, scene, step)
    seen = frame["valid"] & (frame["instance"] > 0) & np.isfinite(frame["depth"])
    if flow_name in names:
        yield from _check_flow(frame, flow_name, target, seen & (z > NEAREST_PROJECTED_M))
    if outside in names:
        border = np.array([frame.camera.width, frame.camera.height])
        margin = np.minimum(target, border - target).min(axis=-1)  # pixels inside the border; negative outside
        clear = seen & (np.abs(z) > NEAREST_PROJECTED_M) & ((np.abs(margin) > 2 * FLOW_TOLERANCE_PX) | (z < 0))
        wrong = clear & (frame[outside] != ((margin < 0) | (z < 0)))
        yield from _count(outside, wrong, "pixels disagree with the reprojection of depth and poses")


def _check_flow(frame: Frame, name: str, target: NDArray[np.float64], seen: Mask) -> Iterator[Violation]:
    flow = frame[name].astype(np.float64)
    yield from _count(name, ~np.isfinite(flow).all(axis=-1), "vectors are not finite")
    expected = target - frame.camera.pixel_centres()
    error = np.linalg.norm(flow - expected, axis=-1)
    allowed = FLOW_TOLERANCE_PX + FLOW_TOLERANCE_RELATIVE * np.linalg.norm(expected, axis=-1)
    wrong = seen & (error > allowed)
    if wrong.any():
        worst = float(error[wrong].max())
        yield from _count(name, wrong, f"vectors differ from the reprojection of depth and poses by up to {worst:.3g} px")
