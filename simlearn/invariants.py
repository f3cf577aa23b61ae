"""What must hold between the labels of one frame, its camera and its scene, whoever rendered it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderers.frame import LABELS, Frame
from scenes import geometry
from scenes.camera import Camera
from scenes.scene import Scene
from scenes.semantics import background_id, semantic_id

DEPTH_ERROR = 8e-6  # of a distance: the default codec's 3.8e-6, twice where two depths meet, and float32
FLOW_TOLERANCE_PX = 1e-2  # the default codec's 1/512 px in both directions is 2.8e-3
FLOW_TOLERANCE_RELATIVE = 1e-4
POINT_TOLERANCE_M = 1e-4  # the default codec of points has 3.1e-5 along each axis
NEAREST_PROJECTED_M = 1e-2  # nearer than this to the camera plane of the other time, a float32 depth leaves flow undetermined
LEAST_COSINE = 0.05  # rays of wide cameras that lean further from the axis need `distance`: depth divides its rounding by the cosine
DISTANCE_TOLERANCE = 1e-5  # relative; the default codec has 3.8e-6, of the depth and of the distance
UNIT_TOLERANCE = 1e-3  # the default codec has 1.5e-5 along each axis

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
    for name in (n for n in LABELS if n in names and n not in ("rgb", "rgb_right", "semantic", "valid", "contour")):
        yield from _count(name, ~valid & _differs(frame[name], LABELS[name].invalid), "pixels without a surface hold a value")
    yield from _count("valid", valid & np.isnan(unit_rays(frame.camera)[..., 2]), "pixels that the lens does not expose hold a surface")
    checks = {
        "depth": _check_depth,
        "distance": _check_distance,
        "normal": _check_normal,
        "shading_normal": _check_shading_normal,
        "albedo": _check_albedo,
        "instance": _check_instance,
        "disparity": _check_disparity,
    }
    for name, check in checks.items():
        if name in names:
            yield from check(frame, scene, valid)
    if "semantic" in names:
        yield from _check_semantic(frame, scene, valid, names)
    if {"instance", "contour"} <= names:
        yield from _count("contour", frame["contour"] != contour_of(frame["instance"]), "pixels disagree with the instance ids")
    if "instance" in names and {"depth", "distance"} & names:
        points = surface_points(frame)
        yield from _check_points(frame, scene, points, names)
        for direction, step in (("forward", 1), ("backward", -1)):
            yield from _check_motion(frame, scene, points, names, direction, step)
    for direction in ("forward", "backward", "right"):
        pair = f"occluded_{direction}", f"out_of_frame_{direction}"
        if {*pair} <= names:
            yield from _count(pair[0], frame[pair[0]] & frame[pair[1]], "pixels are both occluded and out of frame")


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
    if not frame.camera.is_wide:
        yield from _count("depth", valid & ~(depth > 0), "surfaces lie behind the camera")


def _check_distance(frame: Frame, scene: Scene, valid: Mask) -> Iterator[Violation]:  # noqa: ARG001
    distance = frame["distance"]
    yield from _count("distance", np.isfinite(distance) != valid, "pixels are finite but not valid, or valid but not finite")
    yield from _count("distance", valid & ~(distance > 0), "surfaces are not before the camera")
    if "depth" in frame.labels:
        expected = _where_finite(distance) * unit_rays(frame.camera)[..., 2]
        wrong = valid & ~(np.abs(_where_finite(frame["depth"]) - expected) <= DISTANCE_TOLERANCE * distance)
        yield from _count("distance", wrong, "distances disagree with the depth")


def _where_finite(array: NDArray[Any]) -> NDArray[np.float64]:
    return np.where(np.isfinite(array), array, 1.0).astype(np.float64)


def unit_rays(camera: Camera) -> NDArray[np.float64]:
    """Unit directions float64 [H, W, 3] through the pixel centres, NaN where the lens sees nothing."""
    rays = camera.rays(camera.pixel_centres())
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def _check_normal(frame: Frame, scene: Scene, valid: Mask) -> Iterator[Violation]:  # noqa: ARG001
    yield from _check_length("normal", frame, valid)
    facing = (frame["normal"].astype(np.float64) * unit_rays(frame.camera)).sum(axis=-1)
    yield from _count("normal", valid & ~(facing < UNIT_TOLERANCE), "normals face away from the camera")


def _check_shading_normal(frame: Frame, scene: Scene, valid: Mask) -> Iterator[Violation]:  # noqa: ARG001
    yield from _check_length("shading_normal", frame, valid)


def _check_length(name: str, frame: Frame, valid: Mask) -> Iterator[Violation]:
    length = np.linalg.norm(frame[name].astype(np.float64), axis=-1)
    yield from _count(name, valid & ~(np.abs(length - 1) < UNIT_TOLERANCE), "normals are not of unit length")


def _check_albedo(frame: Frame, scene: Scene, valid: Mask) -> Iterator[Violation]:  # noqa: ARG001
    within = np.abs(frame["albedo"] - 0.5) <= 0.5 + UNIT_TOLERANCE
    yield from _count("albedo", valid & ~within.all(axis=-1), "colours are not between 0 and 1")


def _check_disparity(frame: Frame, scene: Scene, valid: Mask) -> Iterator[Violation]:
    disparity, camera = frame["disparity"].astype(np.float64), frame.camera
    yield from _count("disparity", ~(disparity >= 0), "values are not positive")
    if "depth" in frame.labels and camera.is_pinhole:
        depth = _where_finite(frame["depth"])
        expected = camera.fx * scene.stereo_baseline_m / depth
        wrong = ~(np.abs(disparity - expected) <= FLOW_TOLERANCE_PX + FLOW_TOLERANCE_RELATIVE * expected)
        yield from _count("disparity", valid & (depth > NEAREST_PROJECTED_M) & wrong, "values disagree with the depth and the baseline")


def _check_instance(frame: Frame, scene: Scene, valid: Mask) -> Iterator[Violation]:
    instance = frame["instance"]
    yield from _count("instance", valid & (instance == 0), "surfaces belong to no instance")
    yield from _count("instance", instance > len(scene.instances), f"ids exceed the scene's {len(scene.instances)} instances")


def _check_semantic(frame: Frame, scene: Scene, valid: Mask, names: set[str]) -> Iterator[Violation]:
    unexposed = np.isnan(unit_rays(frame.camera)[..., 2])
    nothing = np.where(unexposed, 0, background_id(scene.label_space))
    yield from _count("semantic", ~valid & (frame["semantic"] != nothing), "pixels without a surface are not of the background's class")
    if "instance" in names:
        classes = np.array([0, *(semantic_id(i.category, scene.label_space) for i in scene.instances)], dtype=np.uint8)
        instance = np.minimum(frame["instance"], len(scene.instances))
        yield from _count("semantic", valid & (classes[instance] != frame["semantic"]), "pixels are not of their instance's class")


def contour_of(instance: NDArray[Any]) -> Mask:
    """Pixels one of whose 4 neighbours inside the image has another id, bool [H, W]."""
    edge = np.zeros(instance.shape, dtype=bool)
    vertical, horizontal = instance[1:] != instance[:-1], instance[:, 1:] != instance[:, :-1]
    edge[1:] |= vertical
    edge[:-1] |= vertical
    edge[:, 1:] |= horizontal
    edge[:, :-1] |= horizontal
    return edge


def surface_points(frame: Frame) -> NDArray[np.float64]:
    """Camera-frame points float64 [H, W, 3] of what is seen, from `distance` or else `depth` and the camera alone.

    NaN where the labels say nothing: where the frame is not valid, or a wide camera looks across its axis and there is no `distance`.
    """
    rays, valid = unit_rays(frame.camera), frame["valid"]
    if "distance" in frame.labels:
        reach = np.where(valid & np.isfinite(frame["distance"]), frame["distance"], np.nan)
    else:
        across = np.abs(rays[..., 2]) < LEAST_COSINE
        reach = np.where(valid & ~across & np.isfinite(frame["depth"]), frame["depth"], np.nan) / np.where(across, 1.0, rays[..., 2])
    return rays * reach[..., None]


def reproject(frame: Frame, scene: Scene, step: int) -> NDArray[np.float64]:
    """Camera-frame points float64 [H, W, 3] at time + step of what is seen, from a frame's `surface_points`, instance ids and the poses."""
    points, instance = surface_points(frame), frame["instance"]
    to_world = scene.camera_motion.at(frame.time)
    to_camera = geometry.invert(scene.camera_motion.at(frame.time + step))
    moved = geometry.transform(to_camera @ to_world, points)
    for number, thing in enumerate(scene.instances, start=1):
        if thing.motion.moves and (mine := instance == number).any():
            carried = thing.motion.at(frame.time + step) @ geometry.invert(thing.motion.at(frame.time))
            moved[mine] = geometry.transform(to_camera @ carried @ to_world, points[mine])
    return moved


def in_objects(frame: Frame, scene: Scene, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points float64 [H, W, 3], each in the frame of the instance that is seen; NaN where there is none."""
    to_world = scene.camera_motion.at(frame.time)
    local = np.full(points.shape, np.nan)
    for number in np.unique(frame["instance"]):
        if 1 <= number <= len(scene.instances):
            mine = frame["instance"] == number
            pose = scene.instances[number - 1].motion.at(frame.time)
            local[mine] = geometry.transform(geometry.invert(pose) @ to_world, points[mine])
    return local


def _check_points(frame: Frame, scene: Scene, points: NDArray[np.float64], names: set[str]) -> Iterator[Violation]:
    allowed = POINT_TOLERANCE_M + DEPTH_ERROR * np.linalg.norm(points, axis=-1)
    if "object_point" in names:
        error = np.linalg.norm(frame["object_point"] - in_objects(frame, scene, points), axis=-1)
        yield from _count("object_point", error > allowed, "points disagree with the depth and the object's pose")
    if "scene_flow" in names:
        there = scene.camera_motion.at(frame.time + 1)
        moved = geometry.transform(geometry.invert(scene.camera_motion.at(frame.time)) @ there, reproject(frame, scene, 1))
        error = np.linalg.norm(frame["scene_flow"] - (moved - points), axis=-1)
        yield from _count("scene_flow", error > allowed, "vectors disagree with the depth and the poses")


def _check_motion(
    frame: Frame, scene: Scene, points: NDArray[np.float64], names: set[str], direction: str, step: int
) -> Iterator[Violation]:
    flow_name, outside = f"flow_{direction}", f"out_of_frame_{direction}"
    if not {flow_name, outside} & names:
        return
    moved = reproject(frame, scene, step)
    known = np.isfinite(moved[..., 2]) & (frame["instance"] > 0)
    unsure = np.where(known, DEPTH_ERROR * np.linalg.norm(points, axis=-1), 0.0)
    target = _Target(frame.camera, np.where(known[..., None], moved, (0.0, 0.0, 1.0)), unit_rays(frame.camera), unsure)
    if flow_name in names:
        yield from _check_flow(frame, flow_name, target, known)
    if outside in names:
        wrong = known & target.clear & (frame[outside] == target.inside)
        yield from _count(outside, wrong, "pixels disagree with the reprojection of depth and poses")


class _Target:
    """Where a camera has the images of points [H, W, 3] in its frame, `unsure` [H, W] metres of them, and how surely.

    pixels: float64 [H, W, 2], NaN where there is no image. stretch: pixels of image error for what is one pixel of error on the axis.
    blur: pixels, float64 [H, W], by which the image moves when its point does by what is unsure.
    determined: bool, not so near to the camera that a float32 label leaves the image open. inside: bool, in the image; clear: surely so.
    """

    def __init__(self, camera: Camera, points: NDArray[np.float64], rays: NDArray[np.float64], unsure: NDArray[np.float64]) -> None:
        self._camera = camera
        self.pixels, imaged = self._image(points)
        self.stretch = np.maximum(_stretch(camera, points), _stretch(camera, np.nan_to_num(rays, nan=1.0)))
        near = np.linalg.norm(points, axis=-1) if camera.is_wide else np.abs(points[..., 2])
        self.determined = imaged & (near > NEAREST_PROJECTED_M)
        off_axis = 0.0 if camera.is_wide else np.linalg.norm(np.nan_to_num(self.pixels) - (camera.cx, camera.cy), axis=-1)
        self.blur = unsure / np.maximum(near, NEAREST_PROJECTED_M) * (max(camera.fx, camera.fy) + off_axis) * self.stretch
        border = np.array([camera.width, camera.height])
        sides = np.minimum(self.pixels, border - self.pixels)
        if self.turn_px and camera.width > self.turn_px * (1 - 1e-6):  # every longitude is in the image
            sides[..., 0] = np.inf
        margin = np.where(imaged, np.nan_to_num(sides, nan=-np.inf).min(axis=-1), -np.inf)  # pixels inside the border; negative outside
        shift = points * (0, 0, 1) * 1e-4
        steady = (self._image(points + shift)[1] == imaged) & (self._image(points - shift)[1] == imaged)
        self.inside = margin >= 0
        self.clear = steady & (near > NEAREST_PROJECTED_M) & (np.abs(margin) > 2 * FLOW_TOLERANCE_PX * self.stretch + self.blur)

    @property
    def turn_px(self) -> float:
        """Width of a full turn in a panorama, 0 for other cameras."""
        return 2 * np.pi * self._camera.fx if self._camera.model == "equirectangular" else 0.0

    def _image(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], Mask]:
        """Pixels, and where there is an image at all."""
        pixels = self._camera.project(points)
        return pixels, np.isfinite(pixels).all(axis=-1) & (self._camera.is_wide | (points[..., 2] > 0))


def _stretch(camera: Camera, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Image pixels across for a pixel's angle on the axis: grows without bound towards a panorama's poles and straight behind a fisheye."""
    x, y, z = np.moveaxis(points, -1, 0)
    length = np.maximum(np.linalg.norm(points, axis=-1), 1e-12)
    if camera.model == "equirectangular":
        return length / np.maximum(np.hypot(x, z), 1e-9 * length)
    if camera.model == "fisheye":
        angle = np.arctan2(np.hypot(x, y), z)
        return np.maximum(angle / np.maximum(np.sin(angle), 1e-9), 1.0)
    return np.ones(points.shape[:-1])


def _check_flow(frame: Frame, name: str, target: _Target, known: Mask) -> Iterator[Violation]:
    flow = frame[name].astype(np.float64)
    yield from _count(name, ~np.isfinite(flow).all(axis=-1), "vectors are not finite")
    expected = target.pixels - frame.camera.pixel_centres()
    difference = flow - expected
    if target.turn_px:
        yield from _count(name, np.abs(flow[..., 0]) > 0.5001 * target.turn_px, "vectors go the long way round the panorama")
        difference[..., 0] -= target.turn_px * np.rint(difference[..., 0] / target.turn_px)
        expected = flow
    error = np.linalg.norm(difference, axis=-1)
    allowed = FLOW_TOLERANCE_PX * target.stretch + target.blur + FLOW_TOLERANCE_RELATIVE * np.linalg.norm(expected, axis=-1)
    wrong = known & target.determined & (error > allowed)
    if wrong.any():
        worst = float(error[wrong].max())
        yield from _count(name, wrong, f"vectors differ from the reprojection of depth and poses by up to {worst:.3g} px")
