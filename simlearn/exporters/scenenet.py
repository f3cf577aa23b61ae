"""The layout of SceneNet RGB-D: a folder a scene, and one protobuf file that describes all of them.

    train/0/17/photo/75.jpg          8-bit colour; frame t is number 25 t, one second after its predecessor
    train/0/17/depth/75.png          16-bit distance along the ray in millimetres, 0 for none and for what is farther than 65.535 m
    train/0/17/instance/75.png       16-bit instance ids, 0 for none
    train/0/17/poses.txt             exact camera-to-world of each frame, the first three rows of the matrix as 12 numbers
    train/0/17/intrinsics.txt        fx fy cx cy in pixels, the centre of the top-left pixel being (0.5, 0.5)
    scenenet_rgbd_train.pb           `scenenet.Trajectories`; a trajectory's render_path is 0/17

The world's y points up: it is our z, x is our x and z is our -y. Camera axes are ours: x right, y down, z forward.

A view has no orientation but two points, the camera and what it looks at, when the shutter opens and when it closes 1/60 s later. Half-way
between them lies the pose of the frame, and they move as the camera does between the frames before and after. The points tell nothing of a
camera that is tilted sideways: its picture is turned about the line of sight by the tilt, poses.txt has it exactly, and a warning says so.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes import geometry
from scenes.camera import Camera
from scenes.errors import UserError
from scenes.scene import Instance, Scene
from scenes.semantics import semantic_id
from simlearn.exporters.arrays import quantised
from simlearn.exporters.scenenet_messages import messages
from simlearn.exporters.target import Export, exporting
from simlearn.exporters.things import are_things
from simlearn.exporters.trajectories import in_axes, numbers
from simlearn.exporters.wordnet import wordnet_id
from simlearn.formats.image import encode_jpeg, encode_png
from simlearn.shards import ShardReader

SPLITS = ("train", "val")
STEP, SHUTTER_S, SCENES_PER_FOLDER = 25, 1 / 60, 1000
UNITS_PER_METRE = 1000.0
LOOKAT_M = 5.0  # far enough that float32 positions fix the direction to a millionth, near enough to lie in a room
TILT_DEG = 0.05  # half a pixel at the border of a picture 1000 pixels wide
Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # rows are SceneNet's axes in ours
ROOMS = {"bathroom": 1, "bedroom": 2, "kitchen": 3, "living": 4, "living_room": 4, "office": 5}  # SceneLayout.LayoutType
BACKGROUND, LAYOUT_OBJECT, RANDOM_OBJECT = 1, 2, 4  # Instance.InstanceType
BUILT_IN = ("door", "window")  # things, but parts of the layout
PIECES = ".pieces"


def export(data: str | Path, out: str | Path, *, labels: Iterable[str] = (), split: str = "train", progress: bool = True) -> Path:
    """Photos, distances, instance ids and trajectories of every scene, in the folder of a split, "train" or "val".

    Distances come from `distance`, or else from `depth` and the camera's rays. Interrupted exports continue when run again; `out` appears
    when all is there. Raises UserError for a data set that is incomplete, damaged, without rgb, instance and one of distance and depth, or
    seen through a lens that is no pinhole, and when protobuf is not installed. Warns of cameras that are tilted sideways.
    """
    if split not in SPLITS:
        raise UserError(f"the splits of SceneNet RGB-D are {' and '.join(SPLITS)}, not {split!r}")
    messages()
    with exporting(
        data, out, "scenenet", needs=("rgb", "instance"), uses=("depth", "distance"), labels=labels, pinhole=True,
        options={"split": split}, progress=progress,
    ) as job:  # fmt: skip
        if not job.has("distance") and not job.has("depth"):
            raise UserError(f"{data} was made without depth and distance, one of which the scenenet format needs: generate it with one")
        most = max((_write_scene(job, scene, reader, split) for scene, reader in job.scenes()), default=0.0)
        _join(job, f"scenenet_rgbd_{split}.pb")
    if most > TILT_DEG:
        warnings.warn(
            f"cameras are tilted sideways by up to {most:.2g} degrees, which a view of SceneNet RGB-D has no field for: "
            "take the exact poses from poses.txt",
            stacklevel=2,
        )
    return Path(out)


def _write_scene(job: Export, scene: int, reader: ShardReader, split: str) -> float:
    """Write a scene's folder and its message; returns by how many degrees its camera is tilted sideways at most."""
    render_path = f"{scene // SCENES_PER_FOLDER}/{scene % SCENES_PER_FOLDER}"
    folder, world = f"{split}/{render_path}", reader.scene()
    for frame in job.frames(reader):
        job.write(f"{folder}/photo/{STEP * frame}.jpg", partial(_photo, reader, frame))
        job.write(f"{folder}/depth/{STEP * frame}.png", partial(_distance, reader, frame, job.has("distance")))
        job.write(f"{folder}/instance/{STEP * frame}.png", partial(_instance, reader, frame))
    poses = [y_up(pose) for pose in reader.poses]
    job.write(f"{folder}/poses.txt", "".join(f"{numbers(pose[:3].ravel())}\n" for pose in poses).encode())
    camera = reader.camera
    job.write(f"{folder}/intrinsics.txt", f"{numbers((camera.fx, camera.fy, camera.cx, camera.cy))}\n".encode())
    boxes = reader.objects(0).box_3d if reader.has_objects else None
    job.write(_piece(scene), partial(_message, world, render_path, boxes))
    return max(tilt_deg(pose) for pose in poses)


def _photo(reader: ShardReader, frame: int) -> bytes:
    return encode_jpeg(reader.read("rgb", frame))


def _instance(reader: ShardReader, frame: int) -> bytes:
    return encode_png(reader.read("instance", frame))


def _distance(reader: ShardReader, frame: int, exact: bool) -> bytes:
    lengths = reader.read("distance", frame) if exact else along_rays(reader.read("depth", frame), reader.camera)
    return encode_png(quantised(lengths, UNITS_PER_METRE))


def along_rays(depth: NDArray[np.float32], camera: Camera) -> NDArray[np.float64]:
    """Distances from the centre of a pinhole camera, float64 [H, W], of what has camera z `depth` [H, W]."""
    return depth * np.linalg.norm(camera.rays(camera.pixel_centres()), axis=-1)


def y_up(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """A camera-to-world pose [4, 4] in SceneNet's world."""
    return in_axes(pose, Y_UP, np.eye(3))


def tilt_deg(pose: NDArray[np.float64]) -> float:
    """By how many degrees the picture of a pose in SceneNet's world is turned from upright; 90 for a camera that looks straight up or down,
    since two points and the world's up direction then leave it open."""
    right, up = pose[1, 0], -pose[1, 1]
    return float(abs(np.degrees(np.arctan2(right, up)))) if np.hypot(right, up) > 1e-6 else 90.0


def _message(world: Scene, render_path: str, boxes: NDArray[np.float64] | None) -> bytes:
    """A `Trajectories` of one trajectory; the bytes of several, one after the other, are the message of all.

    boxes: float64 [I, 6], centre and size of each object's box in its own frame.
    """
    whole = messages().Trajectories()
    trajectory = whole.trajectories.add(render_path=render_path)
    room = world.metadata.get("room_type")
    if isinstance(room, str) and room in ROOMS:
        trajectory.layout.layout_type = ROOMS[room]
    trajectory.instances.add(instance_id=0, instance_type=BACKGROUND)
    for number, thing in enumerate(world.instances, start=1):
        message = trajectory.instances.add(instance_id=number)
        _describe(message, thing, world.label_space)
        if boxes is not None and message.instance_type == RANDOM_OBJECT:
            _place(message.object_info, thing.motion.at(0), boxes[number - 1])
    for frame in range(world.frames):
        _add_view(trajectory.views.add(frame_num=STEP * frame), world, frame)
    return bytes(whole.SerializeToString(deterministic=True))


def _describe(message: Any, thing: Instance, label_space: str) -> None:
    class_id = semantic_id(thing.category, label_space)
    message.semantic_wordnet_id = wordnet_id(thing.category, class_id, label_space)
    message.semantic_english = thing.category
    free = are_things(label_space)[class_id] and thing.category not in BUILT_IN
    message.instance_type = RANDOM_OBJECT if free else LAYOUT_OBJECT


def _place(info: Any, pose: NDArray[np.float64], box: NDArray[np.float64]) -> None:
    """Height and pose of an object whose box [6] stands at a pose [4, 4]: of the centre of the box's base, y being up here and there."""
    centre, size = box[:3], box[3:]
    turned = in_axes(pose @ geometry.compose(np.eye(3), centre - (0, 0, size[2] / 2)), Y_UP, Y_UP)
    info.height_meters = size[2]
    for axis, value in zip("xyz", turned[:3, 3].tolist(), strict=True):
        setattr(info.object_pose, f"translation_{axis}", value)
    for row, column in np.ndindex(3, 3):
        setattr(info.object_pose, f"rotation_mat{row + 1}{column + 1}", float(turned[row, column]))


def _add_view(view: Any, world: Scene, frame: int) -> None:
    before, now, after = (_points(world, frame + step) for step in (-1, 0, 1))
    half = SHUTTER_S / 2 * (after - before) / 2  # what the points move by in half an exposure, a frame being a second
    for pose, points, time in ((view.shutter_open, now - half, 0.0), (view.shutter_close, now + half, SHUTTER_S)):
        pose.timestamp = frame + time
        for message, point in zip((pose.camera, pose.lookat), points.tolist(), strict=True):
            message.x, message.y, message.z = point


def _points(world: Scene, time: int) -> NDArray[np.float64]:
    """Where the camera is and what it looks at, float64 [2, 3], in SceneNet's world."""
    pose = y_up(world.camera_motion.at(time))
    return np.stack([pose[:3, 3], pose[:3, 3] + LOOKAT_M * pose[:3, 2]])


def _piece(scene: int) -> str:
    return f"{PIECES}/scene_{scene:06d}.pb"


def _join(job: Export, name: str) -> None:
    """Write the messages of all scenes to one file and remove them."""
    if job.missing(name):
        with job.create(name) as path, path.open("wb") as file:
            for record in job.manifest.shards:
                file.write((job.folder / _piece(record.scene)).read_bytes())
    shutil.rmtree(job.folder / PIECES, ignore_errors=True)
