"""The layout of Virtual KITTI 2, every scene one world in the variation "clone"; frames count from 0.

    Scene00/clone/frames/rgb/Camera_0/rgb_00000.jpg                        JPEG of quality 95; Camera_1 is the second eye
    Scene00/clone/frames/depth/Camera_0/depth_00000.png                    16-bit centimetres
    Scene00/clone/frames/forwardFlow/Camera_0/flow_00000.png               flow to the next frame; none for the last
    Scene00/clone/frames/backwardFlow/Camera_0/backwardFlow_00001.png      flow to the previous frame; none for the first
    Scene00/clone/frames/classSegmentation/Camera_0/classgt_00000.png      the colours of colors.txt
    Scene00/clone/frames/instanceSegmentation/Camera_0/instancegt_00000.png   trackID + 1, 0 for what is no thing; 8-bit with a palette,
                                                                           16-bit in scenes of more than 255 things
    Scene00/clone/colors.txt       Category r g b: theirs where they have the class, else our own
    Scene00/clone/intrinsic.txt    frame cameraID K[0,0] K[1,1] K[0,2] K[1,2], the centre of the top-left pixel being (0, 0)
    Scene00/clone/extrinsic.txt    frame cameraID and the 16 numbers of world-to-camera
    Scene00/clone/info.txt         trackID label model color (#rrggbb), all things of the scene
    Scene00/clone/bbox.txt         a line for each thing that is seen in a frame, see `_box_line`
    Scene00/clone/pose.txt         a line for each line of bbox.txt, see `_pose_line`

Encodings of the PNG images: `simlearn.formats.vkitti`. Theirs is a world with y down: (x, y, z) of ours is (x, -z, y) there. bbox.txt and
pose.txt need what a data set says of its objects; one made without has neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from renderers.object_labels import Objects
from renderers.sensor import linear_to_srgb
from scenes import geometry
from scenes.scene import Instance, Scene
from scenes.semantics import class_names, semantic_id
from simlearn.colorize import colorize
from simlearn.exporters.motion import COMPANIONS, indexed_intrinsics, known_flow, world_to_camera
from simlearn.exporters.target import Export, exporting
from simlearn.exporters.things import are_things
from simlearn.formats import vkitti
from simlearn.formats.image import encode_jpeg, encode_png
from simlearn.shards import ShardReader

USES = ("depth", "instance", "semantic", "flow_forward", "flow_backward", "valid", "rgb_right")
EYES = {"rgb": 0, "rgb_right": 1}
FLOWS = {"forward": ("forwardFlow", "flow"), "backward": ("backwardFlow", "backwardFlow")}

# Their colors.txt.
COLORS = {
    "Terrain": (210, 0, 200),
    "Sky": (90, 200, 255),
    "Tree": (0, 199, 0),
    "Vegetation": (90, 240, 0),
    "Building": (140, 140, 140),
    "Road": (100, 60, 100),
    "GuardRail": (250, 100, 255),
    "TrafficSign": (255, 255, 0),
    "TrafficLight": (200, 200, 0),
    "Pole": (255, 130, 0),
    "Misc": (80, 80, 80),
    "Truck": (160, 60, 60),
    "Car": (255, 127, 80),
    "Van": (0, 139, 139),
    "Undefined": (0, 0, 0),
}

Y_DOWN = geometry.compose([[1, 0, 0], [0, 0, -1], [0, 1, 0]], [0, 0, 0])
# Columns are the axes of their objects in ours: x forward (ours face -y), y down, z to the left.
THEIR_OBJECT = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])

HEADERS = {
    "colors": "Category r g b",
    "intrinsic": "frame cameraID K[0,0] K[1,1] K[0,2] K[1,2]",
    "extrinsic": "frame cameraID r1,1 r1,2 r1,3 t1 r2,1 r2,2 r2,3 t2 r3,1 r3,2 r3,3 t3 0 0 0 1",
    "info": "trackID label model color",
    "bbox": "frame cameraID trackID left right top bottom number_pixels truncation_ratio occupancy_ratio isMoving",
    "pose": "frame cameraID trackID alpha width height length world_space_X world_space_Y world_space_Z "
    "rotation_world_space_y rotation_world_space_x rotation_world_space_z camera_space_X camera_space_Y camera_space_Z "
    "rotation_camera_space_y rotation_camera_space_x rotation_camera_space_z",
}


def export(data: str | Path, out: str | Path, *, labels: Iterable[str] = (), progress: bool = True) -> Path:
    """Virtual KITTI 2's folders: pictures, depth, flow both ways, classes, instances, cameras, boxes and poses of every scene.

    Interrupted exports continue when run again; `out` appears when all is there. Raises UserError for a data set that is incomplete,
    damaged, without rgb, or seen through a lens that is no pinhole.
    """
    with exporting(
        data, out, "vkitti", needs=("rgb",), uses=USES, labels=labels, companions=COMPANIONS, pinhole=True, progress=progress
    ) as job:
        for scene, reader in job.scenes():
            folder, world = f"Scene{scene:02d}/clone", reader.scene()
            for name, lines in _texts(job, reader, world).items():
                text = "".join(f"{line}\n" for line in (HEADERS[name], *lines))
                job.write(f"{folder}/{name}.txt", text.encode())
            for frame in job.frames(reader):
                _write_view(job, reader, world, frame, f"{folder}/frames")
                for direction, last in (("forward", reader.frames - 1), ("backward", 0)):
                    if frame != last and job.has(f"flow_{direction}"):
                        kind, name = FLOWS[direction]
                        place = f"{folder}/frames/{kind}/Camera_0/{name}_{frame:05d}.png"
                        job.write(place, partial(_flow, reader, frame, direction))
    return Path(out)


def _write_view(job: Export, reader: ShardReader, world: Scene, frame: int, folder: str) -> None:
    """What is known of one frame alone."""
    for label in filter(job.has, EYES):
        job.write(f"{folder}/rgb/Camera_{EYES[label]}/rgb_{frame:05d}.jpg", partial(_picture, reader, label, frame))
    if job.has("depth"):
        job.write(f"{folder}/depth/Camera_0/depth_{frame:05d}.png", lambda: vkitti.encode_depth(reader.read("depth", frame)))
    if job.has("semantic"):
        colors = class_colors(world.label_space)
        classes = f"{folder}/classSegmentation/Camera_0/classgt_{frame:05d}.png"
        job.write(classes, lambda: encode_png(colors[np.minimum(reader.read("semantic", frame), len(colors) - 1)]))
    if job.has("instance"):
        job.write(f"{folder}/instanceSegmentation/Camera_0/instancegt_{frame:05d}.png", lambda: _instances(reader, world, frame))


def _picture(reader: ShardReader, label: str, frame: int) -> bytes:
    return encode_jpeg(reader.read(label, frame))


def _flow(reader: ShardReader, frame: int, direction: str) -> bytes:
    return vkitti.encode_flow(*known_flow(reader, frame, direction))


def _instances(reader: ShardReader, world: Scene, frame: int) -> bytes:
    tracks = tracks_of(world)
    codes = np.concatenate([[0], tracks + 1])[np.minimum(reader.read("instance", frame), len(tracks))]
    if tracks.max(initial=-1) >= 255:
        return encode_png(codes.astype(np.uint16))
    palette = colorize("instance", np.arange(256)[None])[0]
    return encode_png(codes.astype(np.uint8), palette)


def tracks_of(world: Scene) -> NDArray[np.int64]:
    """The trackID of each instance: things count from 0, what is no thing has -1."""
    countable = are_things(world.label_space)
    things = np.array([countable[semantic_id(thing.category, world.label_space)] for thing in world.instances], dtype=bool)
    return np.where(things, np.cumsum(things) - 1, -1)


def _word(name: str) -> str:
    """A name as one word: "traffic light" is TrafficLight. Names come with the data, so nothing else than letters and digits stays."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^0-9A-Za-z]+", name)) or "Undefined"


def _categories(label_space: str) -> list[str]:
    return ["Undefined", *(_word(name) for name in class_names(label_space)[1:])]


def class_colors(label_space: str) -> NDArray[np.uint8]:
    """The colour of each class id, uint8 [N, 3], no two the same."""
    own = colorize("semantic", np.arange(256, dtype=np.uint8)[None])[0]
    return np.array([COLORS.get(name, tuple(own[k])) for k, name in enumerate(_categories(label_space))], dtype=np.uint8)


def _texts(job: Export, reader: ShardReader, world: Scene) -> dict[str, list[str]]:
    """The lines of each text file."""
    K, eyes = indexed_intrinsics(reader.K), [EYES[label] for label in filter(job.has, EYES)]
    views = [(frame, eye) for frame in range(reader.frames) for eye in eyes]
    colors = zip(_categories(world.label_space), class_colors(world.label_space), strict=True)
    texts = {
        "colors": [f"{name} {_numbers(color)}" for name, color in colors],
        "intrinsic": [f"{frame} {eye} {_numbers((K[0, 0], K[1, 1], K[0, 2], K[1, 2]))}" for frame, eye in views],
        "extrinsic": [f"{frame} {eye} {_numbers(_extrinsics(reader, world, frame, eye).ravel())}" for frame, eye in views],
        "info": [_info_line(world, thing, track) for thing, track in zip(world.instances, tracks_of(world), strict=True) if track >= 0],
    }
    if reader.has_objects:
        rows = [row for frame in range(reader.frames) for row in _object_lines(reader, world, frame)]
        texts |= {"bbox": [box for box, _ in rows], "pose": [pose for _, pose in rows]}
    return texts


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:.10g}" for value in values)


def _extrinsics(reader: ShardReader, world: Scene, frame: int, eye: int) -> NDArray[np.float64]:
    """World-to-camera [4, 4] from a world with y down."""
    aside = geometry.compose(np.eye(3), [-world.stereo_baseline_m * eye, 0, 0])
    return aside @ world_to_camera(reader.poses[frame]) @ Y_DOWN.T


def _info_line(world: Scene, thing: Instance, track: int) -> str:
    color = world.materials[thing.materials[0]].color if thing.materials else (0.0, 0.0, 0.0)
    levels = np.rint(255 * linear_to_srgb(np.clip(color, 0, 1))).astype(int)
    return f"{track} {_word(thing.category)} {_word(thing.shape.kind)} #{''.join(f'{level:02x}' for level in levels)}"


def _object_lines(reader: ShardReader, world: Scene, frame: int) -> Iterator[tuple[str, str]]:
    """The lines of bbox.txt and pose.txt for every thing of which a frame shows a pixel."""
    objects = reader.objects(frame)
    for row, track in enumerate(tracks_of(world)):
        if track >= 0 and objects.visible_pixels[row] > 0:
            motion, start = world.instances[row].motion, f"{frame} 0 {track}"
            moving = motion.moves and not np.array_equal(motion.at(frame), motion.at(frame + 1))
            yield f"{start} {_box_line(objects, row)} {moving}", f"{start} {_pose_line(objects, row, reader.poses[frame])}"


def _box_line(objects: Objects, row: int) -> str:
    """left right top bottom (pixel indices, both ends inside, of the whole object as if nothing hid it, cut at the image's border),
    number_pixels, truncation_ratio (share of the uncut box outside the image), occupancy_ratio (number_pixels / pixels of the box).
    """
    whole, seen = objects.box_2d_amodal_in_image[row], objects.box_2d_visible[row]
    left, top = (int(edge) for edge in np.floor(np.fmin(whole[:2], seen[:2])))
    right, bottom = (int(edge) for edge in np.ceil(np.fmax(whole[2:], seen[2:])) - 1)
    pixels = int(objects.visible_pixels[row])
    share = pixels / ((right - left + 1) * (bottom - top + 1))
    return f"{left} {right} {top} {bottom} {pixels} {_numbers((objects.truncation[row], share))}"


def _pose_line(objects: Objects, row: int, pose: NDArray[np.float64]) -> str:
    """alpha, width height length (metres), then in the world and in the camera the centre of the box's bottom face and the angles about
    y, x and z (R = Ry Rx Rz) of an object whose own axes are x forward, y down, z left; alpha is the angle about y seen along the ray.
    """
    centre, size = objects.box_3d[row, :3], objects.box_3d[row, 3:]
    to_camera = objects.pose[row]
    bottom = geometry.transform(to_camera, centre - (0, 0, size[2] / 2))
    turned = to_camera[:3, :3] @ THEIR_OBJECT
    to_world = Y_DOWN @ pose
    spots = [(geometry.transform(to_world, bottom), to_world[:3, :3] @ turned), (bottom, turned)]
    angles = [_angles(rotation) for _, rotation in spots]
    alpha = angles[1][0] - np.arctan2(bottom[0], bottom[2])
    alpha = (alpha + np.pi) % (2 * np.pi) - np.pi
    numbers = [alpha, size[0], size[2], size[1]]
    for (place, _), turn in zip(spots, angles, strict=True):
        numbers += [*place, *turn]
    return _numbers(numbers)


def _angles(rotation: NDArray[np.float64]) -> tuple[float, float, float]:
    """(about y, about x, about z) of R = Ry Rx Rz; upright objects have only the first. Looking straight up or down, the last is 0."""
    x = float(np.arcsin(np.clip(-rotation[1, 2], -1, 1)))
    if np.hypot(rotation[0, 2], rotation[2, 2]) < 1e-9:
        return float(np.arctan2(-rotation[2, 0], rotation[0, 0])), x, 0.0
    return float(np.arctan2(rotation[0, 2], rotation[2, 2])), x, float(np.arctan2(rotation[1, 0], rotation[1, 1]))
