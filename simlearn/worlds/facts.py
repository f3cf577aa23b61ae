"""What is measured of one scene: histograms of its labels, and whether it is sound."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderers.open3d_import import open3d
from renderers.renderer import RENDERERS
from scenes import shapes
from scenes.geometry import transform
from scenes.scene import Instance, Scene
from scenes.semantics import class_names

# Edges of the histograms; the outermost bins take what lies beyond.
DEPTH_M = np.geomspace(0.25, 160.0, 57)
DISPLACEMENT_PX = np.geomspace(0.05, 400.0, 53)
BRIGHTNESS = np.linspace(0, 256, 33)
LABELS = ("rgb", "depth", "flow_forward", "instance", "semantic", "valid")
NEAR_BLACK, BLOWN_OUT = 12, 250  # sRGB values; a pixel is blown out when all channels are
SEEN_PIXELS = 1e-4  # share of the image from which an instance counts as visible


@dataclass(frozen=True, kw_only=True)
class SceneFacts:
    """Facts of one scene, over the frames looked at (first, middle, last); lists are histograms over the edges above.

    clearance_m: least distance of the camera to any surface, over all frames. visible: fewest instances in a frame. brightness: mean sRGB
    value 0 ... 255 of each frame. dark, blown: largest share of near-black and of blown-out pixels in a frame. sampling_s, set_up_s,
    rendering_s: CPU seconds to sample the scene, to make a renderer ready for it, and for a frame with all default labels.
    """

    index: int
    objects: int
    triangles: int
    moving: int
    visible: int
    clearance_m: float
    brightness: list[float]
    dark: float
    blown: float
    median_displacement_px: float
    depth: list[int]
    displacement: list[int]
    luminance: list[int]
    classes: dict[str, int]
    rejected: dict[str, int]
    sampling_s: float
    set_up_s: float
    rendering_s: float
    layout: str
    steps_m: list[float]
    yaw_deg: list[float]


def observe(scene: Scene, renderer: str, sampling_s: float, picture: Path | None) -> SceneFacts:
    """Render the first, middle and last frame and measure; the middle one is saved as `picture`."""
    before = time.process_time()
    backend = RENDERERS[renderer](scene)
    times = sorted({0, scene.frames // 2, scene.frames - 1})
    backend.render(times[0])
    started = time.process_time()
    frames = [backend.render(moment) for moment in times]
    rendering_s = (time.process_time() - started) / len(frames)
    if picture is not None:
        picture.parent.mkdir(exist_ok=True)
        Image.fromarray(np.asarray(frames[len(frames) // 2]["rgb"])).save(picture)
    arrays = [{name: np.asarray(frame[name]) for name in LABELS} for frame in frames]
    lengths = [np.linalg.norm(a["flow_forward"][a["valid"]], axis=-1) for a in arrays]
    grey = [a["rgb"].mean(axis=-1) for a in arrays]
    steps, yaw = motion(scene.camera_motion.poses)
    return SceneFacts(
        index=scene.index,
        objects=len(scene.instances),
        triangles=sum(len(shapes.build(i.shape).faces) for i in scene.instances),
        moving=sum(i.motion.moves for i in scene.instances),
        visible=min(_visible(a["instance"]) for a in arrays),
        clearance_m=round(clearance(scene), 4),
        brightness=[round(float(g.mean()), 1) for g in grey],
        dark=round(max(float(np.mean(g < NEAR_BLACK)) for g in grey), 4),
        blown=round(max(float(np.mean(a["rgb"].min(axis=-1) >= BLOWN_OUT)) for a in arrays), 4),
        median_displacement_px=round(float(np.median(np.concatenate(lengths))), 3) if any(len(v) for v in lengths) else 0.0,
        depth=histogram(np.concatenate([a["depth"][a["valid"]] for a in arrays]), DEPTH_M),
        displacement=histogram(np.concatenate(lengths), DISPLACEMENT_PX),
        luminance=histogram(np.concatenate([g.ravel() for g in grey]), BRIGHTNESS),
        classes=_class_pixels(scene, arrays),
        rejected={str(k): int(v) for k, v in scene.metadata.get("rejected", {}).items()},
        sampling_s=round(sampling_s, 4),
        set_up_s=round(max(started - before - rendering_s, 0.0), 4),
        rendering_s=round(rendering_s, 4),
        layout=_layout(scene),
        steps_m=steps,
        yaw_deg=yaw,
    )


def histogram(values: NDArray[Any], edges: NDArray[np.float64]) -> list[int]:
    """Counts [len(edges) - 1]; values beyond the edges fall into the outermost bins."""
    inside = np.clip(values, edges[0], np.nextafter(edges[-1], -np.inf))
    return [int(n) for n in np.histogram(inside, edges)[0]]


QUANTILES = (5, 25, 50, 75, 95)  # percent


def quantiles(values: Sequence[float]) -> list[float]:
    """The `QUANTILES` of values; empty without any."""
    return [round(float(v), 4) for v in np.percentile(values, QUANTILES)] if len(values) else []


def _visible(instance: NDArray[Any]) -> int:
    """How many instances cover at least `SEEN_PIXELS` of the image."""
    counts = np.bincount(instance.ravel())[1:]
    return int(np.sum(counts >= max(1.0, SEEN_PIXELS * instance.size)))


def _class_pixels(scene: Scene, arrays: list[dict[str, NDArray[Any]]]) -> dict[str, int]:
    names = class_names(scene.label_space)
    counts = sum(np.bincount(a["semantic"].ravel(), minlength=len(names)) for a in arrays)
    return {names[k]: int(n) for k, n in enumerate(np.asarray(counts)) if n}


def motion(poses: NDArray[np.float64]) -> tuple[list[float], list[float]]:
    """Distance in metres, and yaw in degrees about the camera's own vertical axis, between consecutive poses [N, 4, 4]."""
    relative = np.linalg.inv(poses[:-1]) @ poses[1:]
    steps = np.linalg.norm(relative[:, :3, 3], axis=1)
    yaw = np.degrees(np.arctan2(relative[:, 0, 2], relative[:, 2, 2]))
    return [round(float(v), 4) for v in steps], [round(float(v), 4) for v in yaw]


def _layout(scene: Scene) -> str:
    """What tells one layout from another: every instance's category and place to the decimetre."""
    places = sorted(f"{i.category}:{' '.join(f'{v:.1f}' for v in i.motion.poses[0, :3, 3])}" for i in scene.instances)
    return hashlib.sha256("\n".join(places).encode()).hexdigest()[:16]


def clearance(scene: Scene) -> float:
    """Least distance in metres of the camera to any triangle, over the poses at all frames 0 ... T-1, by Open3D's distance queries."""
    times = range(scene.frames)
    eyes = np.array([scene.camera_motion.at(time)[:3, 3] for time in times])
    still = _distances([i for i in scene.instances if not i.motion.moves], 0, eyes)
    moving = [i for i in scene.instances if i.motion.moves]
    if not moving:
        return float(still.min())
    along = [_distances(moving, time, eyes[time : time + 1])[0] for time in times]
    return float(min(still.min(), *along))


def _distances(instances: list[Instance], time: int, points: NDArray[np.float64]) -> NDArray[np.float32]:
    if not instances:
        return np.full(len(points), np.inf, dtype=np.float32)
    o3d = open3d()
    tracer = o3d.t.geometry.RaycastingScene(nthreads=1)
    vertices, faces, offset = [], [], 0
    for instance in instances:
        mesh = shapes.build(instance.shape)
        vertices.append(transform(instance.motion.at(time), mesh.vertices).astype(np.float32))
        faces.append(mesh.faces.astype(np.uint32) + np.uint32(offset))
        offset += len(mesh.vertices)
    tracer.add_triangles(o3d.core.Tensor(np.concatenate(vertices)), o3d.core.Tensor(np.concatenate(faces)))
    distances: NDArray[np.float32] = tracer.compute_distance(o3d.core.Tensor(points.astype(np.float32)), nthreads=1).numpy()
    return distances
