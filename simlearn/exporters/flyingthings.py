"""The layout of FlyingThings3D; frames count from 6, as there.

    frames_cleanpass/TRAIN/A/0000/left/0006.png       8-bit colour, right/ of the second eye; frames_finalpass holds the same (hard links)
    optical_flow/TRAIN/A/0000/into_future/left/OpticalFlowIntoFuture_0006_L.pfm    flow to the next frame
    optical_flow/TRAIN/A/0000/into_past/left/OpticalFlowIntoPast_0006_L.pfm        flow to the previous frame
    disparity/TRAIN/A/0000/left/0006.pfm              pixels, positive, 0 where there is no surface
    disparity_change/TRAIN/A/0000/into_future/left/0006.pfm, into_past   disparity of the point one frame later (earlier) minus that now
    object_index/TRAIN/A/0000/left/0006.pfm           instance id, 0 where there is no surface
    camera_data/TRAIN/A/0000/camera_data.txt          "Frame 6", then "L" and "R" with the 16 numbers of camera-to-world, rows first
    camera_data/TRAIN/A/0000/intrinsics.txt           3 x 3, the centre of the top-left pixel being (0, 0); theirs is in their documentation

Encoding: `simlearn.formats.pfm`; flow and disparity change that are not known are 1e10. Both ends of a clip have flow to frames that are
not there, as theirs have. Their cameras look along -z with y up (ours along z with y down): poses are turned accordingly.
Scenes 0 ... 9999 are A/0000 ... A/9999, the next 10000 are in B, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np

from scenes import geometry
from scenes.scene import Scene
from simlearn.exporters.motion import COMPANIONS, disparity_then, indexed_intrinsics, known_flow, knows_disparity_then
from simlearn.exporters.target import Export, check_count, exporting
from simlearn.formats import pfm
from simlearn.formats.flo import UNKNOWN, with_unknown
from simlearn.formats.image import encode_png
from simlearn.shards import ShardReader

FIRST_FRAME = 6
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SCENES_PER_LETTER = 10_000
PARTS = {"forward": ("into_future", "OpticalFlowIntoFuture"), "backward": ("into_past", "OpticalFlowIntoPast")}
USES = ("instance", "flow_forward", "flow_backward", "valid", "rgb_right", "disparity")
EYES = {"rgb": "left", "rgb_right": "right"}
Y_UP = np.diag([1.0, -1.0, -1.0, 1.0])


def export(data: str | Path, out: str | Path, *, labels: Iterable[str] = (), progress: bool = True) -> Path:
    """FlyingThings3D's folders: pictures, flow both ways, disparity and its change, object ids and cameras of every scene.

    Interrupted exports continue when run again; `out` appears when all is there. Raises UserError for a data set that is incomplete,
    damaged, without rgb, or seen through a lens that is no pinhole.
    """
    with exporting(
        data, out, "flyingthings", needs=("rgb",), uses=USES, labels=labels, companions=COMPANIONS, pinhole=True, progress=progress
    ) as job:
        check_count(len(job.manifest.shards), SCENES_PER_LETTER * len(LETTERS), "scenes", "flyingthings")
        for scene, reader in job.scenes():
            letter, number = divmod(scene, SCENES_PER_LETTER)
            folder, world = f"TRAIN/{LETTERS[letter]}/{number:04d}", reader.scene()
            _write_cameras(job, reader, world, folder)
            for frame in job.frames(reader):
                _write_view(job, reader, frame, folder)
                for direction in PARTS:
                    _write_motion(job, reader, world, frame, folder, direction)
    return Path(out)


def _write_view(job: Export, reader: ShardReader, frame: int, folder: str) -> None:
    """What is known of one frame alone."""
    number = f"{frame + FIRST_FRAME:04d}"
    for label in filter(job.has, EYES):
        place = f"{folder}/{EYES[label]}/{number}.png"
        job.write(f"frames_cleanpass/{place}", partial(_picture, reader, label, frame), f"frames_finalpass/{place}")
    if job.has("disparity"):
        job.write(f"disparity/{folder}/left/{number}.pfm", lambda: pfm.encode(reader.read("disparity", frame)))
    if job.has("instance"):
        job.write(f"object_index/{folder}/left/{number}.pfm", lambda: pfm.encode(reader.read("instance", frame).astype(np.float32)))


def _picture(reader: ShardReader, label: str, frame: int) -> bytes:
    return encode_png(reader.read(label, frame))


def _write_motion(job: Export, reader: ShardReader, world: Scene, frame: int, folder: str, direction: str) -> None:
    """Flow and disparity change to the next or the previous frame."""
    part, name = PARTS[direction]
    number = f"{frame + FIRST_FRAME:04d}"
    if job.has(f"flow_{direction}"):
        flow = lambda: pfm.encode(with_unknown(*known_flow(reader, frame, direction)))  # noqa: E731
        job.write(f"optical_flow/{folder}/{part}/left/{name}_{number}_L.pfm", flow)
    if job.has("disparity") and knows_disparity_then(reader, world):
        job.write(f"disparity_change/{folder}/{part}/left/{number}.pfm", lambda: _disparity_change(reader, world, frame, direction))


def _disparity_change(reader: ShardReader, world: Scene, frame: int, direction: str) -> bytes:
    then, known = disparity_then(reader, world, frame, direction)
    return pfm.encode(np.where(known, then - reader.read("disparity", frame), np.float32(UNKNOWN)))


def _write_cameras(job: Export, reader: ShardReader, world: Scene, folder: str) -> None:
    """Poses of both eyes and the intrinsics they share."""
    right = geometry.compose(np.eye(3), [world.stereo_baseline_m, 0, 0])
    blocks = []
    for frame, pose in enumerate(reader.poses):
        eyes = {"L": pose @ Y_UP, "R": pose @ right @ Y_UP}
        lines = [f"{eye} " + " ".join(f"{number:.9f}" for number in matrix.ravel()) for eye, matrix in eyes.items()]
        blocks.append("\n".join([f"Frame {frame + FIRST_FRAME}", *lines, "", ""]))
    job.write(f"camera_data/{folder}/camera_data.txt", "".join(blocks).encode())
    rows = indexed_intrinsics(reader.K)
    job.write(f"camera_data/{folder}/intrinsics.txt", "".join(" ".join(f"{n:.9f}" for n in row) + "\n" for row in rows).encode())
