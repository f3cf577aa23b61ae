"""A data set as a recording for Rerun, an interactive viewer in three dimensions (`pip install simlearn[view]`).

The clips follow one another on the time line `frame`; `scene` and `time` say which frame of which scene it is. Entities:

    world                     z up, metres; names and colours of the classes
    world/camera              pose and lens; below it what the camera sees: rgb, semantic, boxes, arrows of flow
    world/path                where the camera is at all times of the clip
    world/points              the surfaces seen, in their colours, from depth (or distance) and the camera
    world/objects             boxes of the things seen, each in its own frame, with their categories
    labels/<label>            the other labels: depth in metres, instances with their names, the rest in the colours of `simlearn.colorize`
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from renderers.frame import Frame
from scenes import geometry
from scenes.errors import UserError
from scenes.scene import Scene
from scenes.semantics import class_names
from simlearn.colorize import colorize
from simlearn.invariants import surface_points
from simlearn.shards import ShardReader
from simlearn.view import chosen, save, things_seen, times

MOST_POINTS = 40_000  # of a frame
ARROWS_ACROSS = 32
SEMANTIC_OPACITY = 0.4  # the colour image lies below
DEPTHS, SEEN = ("depth", "distance"), ("rgb", "semantic")


def record(
    data: str | Path,
    out: Path | None,
    *,
    show: bool = False,
    labels: Sequence[str] = (),
    scenes: int | Sequence[int] = 4,
    frames: Sequence[int] = (),
) -> Path | None:
    """Write a recording of scenes (how many from the first, or which) to `out`, or open the viewer with it; returns what was written."""
    rerun = _rerun()
    root = Path(data)
    names, shards = chosen(root, labels, scenes)
    stream = rerun.RecordingStream("simlearn", recording_id=root.absolute().name, send_properties=False)
    stream.set_log_time_enabled(False)
    stream.set_log_tick_enabled(False)

    def fill(place: Path | None) -> None:
        layout = _layout(names)
        if place is None:
            stream.spawn(default_blueprint=layout)
        else:
            stream.save(place, default_blueprint=layout)
        number = 0
        for shard in shards:
            with ShardReader(shard) as reader:
                number = _Clip(rerun, stream, reader, names).log(times(reader, frames), number)
        stream.flush()
        stream.disconnect()

    if show:
        with _viewer():
            fill(None)
        return None
    assert out is not None
    save(out, fill)
    return out


def _rerun() -> ModuleType:
    try:
        import rerun
    except ImportError as error:
        raise UserError("the 3D viewer is not installed: run `pip install simlearn[view]`, or ask for a .png or .mp4") from error
    return rerun


@contextlib.contextmanager
def _viewer() -> Iterator[None]:
    """The viewer is a program beside the Python interpreter, also where that is not on the search path; UserError if it does not start."""
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])
    try:
        yield
    except RuntimeError as error:
        cause = str(error).splitlines()[0]
        raise UserError(
            f"the 3D viewer does not start ({cause}): write a file with --out NAME.rrd and open it with `rerun NAME.rrd`"
        ) from error
    finally:
        os.environ["PATH"] = path


def _layout(names: Sequence[str]) -> Any:
    """Three dimensions on the left, the camera's picture and the other labels on the right."""
    from rerun import blueprint

    pictures = [blueprint.Spatial2DView(origin=f"labels/{name}", name=name) for name in names if name not in SEEN]
    right: list[Any] = [blueprint.Spatial2DView(origin="world/camera", name="camera"), *([blueprint.Tabs(*pictures)] if pictures else [])]
    left = blueprint.Spatial3DView(origin="world", name="world")
    return blueprint.Blueprint(blueprint.Horizontal(left, blueprint.Vertical(*right), column_shares=[3, 2]))


def _named(label: str, names: Sequence[str], first: int) -> list[tuple[int, str, list[int]]]:
    """(id, name, colour) of the ids from `first` on, coloured as `colorize` does."""
    colors = colorize(label, np.arange(first, first + len(names))[None])[0].tolist()
    return [(first + k, name, color) for k, (name, color) in enumerate(zip(names, colors, strict=True))]


class _Clip:
    """One scene of a recording."""

    def __init__(self, rerun: ModuleType, stream: Any, reader: ShardReader, names: Sequence[str]) -> None:
        self._rerun, self._stream, self._reader, self._names = rerun, stream, reader, names
        self._scene: Scene = reader.scene()

    def log(self, frames: Sequence[int], number: int) -> int:
        """Record frames, the first as that `number` of the time line; returns the number that follows."""
        rerun, scene = self._rerun, self._scene
        context = rerun.AnnotationContext(_named("semantic", class_names(scene.label_space), 0))
        self._stream.log("world", rerun.ViewCoordinates.RIGHT_HAND_Z_UP, context, static=True)
        for position, frame in enumerate(frames):
            self._stream.set_time("frame", sequence=number + position)
            self._stream.set_time("scene", sequence=scene.index)
            self._stream.set_time("time", sequence=frame)
            if position == 0:
                path = np.stack([scene.camera_motion.at(t)[:3, 3] for t in range(-1, scene.frames + 1)])
                self._stream.log("world/path", rerun.LineStrips3D([path], colors=(255, 160, 0)))
                if "instance" in self._names:
                    things = [instance.name for instance in scene.instances]
                    self._stream.log("labels/instance", rerun.AnnotationContext(_named("instance", things, 1)))
            self._log_frame(frame)
        return number + len(frames)

    def _log_frame(self, time: int) -> None:
        seen = {"depth", "distance", "valid", "rgb"} | set(self._names)
        frame = self._reader.frame(time, [name for name in self._reader.labels if name in seen])
        self._log_camera(frame)
        for name in self._names:
            if name not in SEEN:
                self._stream.log(f"labels/{name}", self._picture(name, frame[name]))
            if name.startswith("flow"):
                self._stream.log(f"world/camera/{name}", self._arrows(frame[name]))
        if {"valid", "rgb"} <= frame.labels.keys() and {*DEPTHS} & frame.labels.keys():
            self._log_points(frame)
        if self._reader.has_objects:
            self._log_objects(frame)

    def _log_camera(self, frame: Frame) -> None:
        rerun, camera = self._rerun, frame.camera
        pose = rerun.Transform3D(translation=frame.pose[:3, 3], mat3x3=frame.pose[:3, :3])
        self._stream.log("world/camera", pose)
        if camera.is_pinhole:
            size, axes = [camera.width, camera.height], rerun.ViewCoordinates.RDF
            self._stream.log("world/camera", rerun.Pinhole(image_from_camera=camera.K, resolution=size, camera_xyz=axes))
        if "rgb" in self._names:
            self._stream.log("world/camera/rgb", rerun.Image(frame["rgb"]))
        if "semantic" in self._names:
            self._stream.log("world/camera/semantic", rerun.SegmentationImage(frame["semantic"], opacity=SEMANTIC_OPACITY))

    def _picture(self, name: str, array: Any) -> Any:
        """Depths and ids as such, 0 where there is none; the rest as colours."""
        if name == "instance":
            return self._rerun.SegmentationImage(array)
        if name in DEPTHS:
            return self._rerun.DepthImage(np.where(np.isfinite(array), array, 0), meter=1.0)
        return self._rerun.Image(colorize(name, array))

    def _arrows(self, flow: Any) -> Any:
        """Arrows of flow from pixels on a grid to where they go."""
        step = max(1, flow.shape[1] // ARROWS_ACROSS)
        rows, columns = (axis.ravel() for axis in np.mgrid[step // 2 : flow.shape[0] : step, step // 2 : flow.shape[1] : step])
        return self._rerun.Arrows2D(origins=np.stack([columns, rows], axis=1) + 0.5, vectors=flow[rows, columns])

    def _log_points(self, frame: Frame) -> None:
        points = surface_points(frame)
        step = max(1, round((points.shape[0] * points.shape[1] / MOST_POINTS) ** 0.5))
        points, colors = points[::step, ::step].reshape(-1, 3), frame["rgb"][::step, ::step].reshape(-1, 3)
        known = np.isfinite(points[:, 2])
        world = geometry.transform(frame.pose, points[known]).astype(np.float32)
        self._stream.log("world/points", self._rerun.Points3D(world, colors=colors[known]))

    def _log_objects(self, frame: Frame) -> None:
        objects = self._reader.objects(frame.time)
        rows = things_seen(self._reader, objects)
        poses, boxes = frame.pose @ objects.pose[rows], objects.box_3d[rows]
        centres = np.einsum("nij,nj->ni", poses[:, :3, :3], boxes[:, :3]) + poses[:, :3, 3]
        turns = [np.roll(geometry.quaternion_from_rotation(pose[:3, :3]), -1) for pose in poses]  # x, y, z, w
        look = {"labels": [self._scene.instances[row].category for row in rows], "class_ids": objects.semantic[rows], "show_labels": False}
        boxes_3d = self._rerun.Boxes3D(centers=centres, half_sizes=boxes[:, 3:] / 2, quaternions=np.reshape(turns, (-1, 4)), **look)
        self._stream.log("world/objects", boxes_3d)
        flat = self._rerun.Boxes2D(array=objects.box_2d_visible[rows], array_format=self._rerun.Box2DFormat.XYXY, **look)
        self._stream.log("world/camera/boxes", flat)
