"""The layout of TartanAir: an environment is a data set, a trajectory is a scene.

    rooms/Easy/P017/image_left/000003_left.png            8-bit colour; image_right of data sets with a second eye
    rooms/Easy/P017/depth_left/000003_left_depth.npy      float32 [H, W], camera z in metres; 10000 where nothing is
    rooms/Easy/P017/seg_left/000003_left_seg.npy          uint8 [H, W], class ids of the data set's label space
    rooms/Easy/P017/flow/000003_000004_flow.npy           float32 [H, W, 2], (du, dv) in pixels
    rooms/Easy/P017/flow/000003_000004_mask.npy           uint8 [H, W], see `flow_mask`
    rooms/Easy/P017/pose_left.txt                         `tx ty tz qx qy qz qw` of each frame; pose_right.txt with a second eye
    rooms/Easy/P017/calibration.txt                       `fx fy cx cy` in pixels, the centre of the top-left pixel being (0, 0)

Poses are camera-to-world between NED axes: the camera's x is forward, y right, z down; the world's x is our y, its y our x, its z down.
Flow includes the motion of objects, which TartanAir's does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenes import geometry
from scenes.errors import UserError
from simlearn.exporters.arrays import npy
from simlearn.exporters.target import Export, exporting
from simlearn.exporters.trajectories import NED_CAMERA, NED_WORLD, calibration_line, in_axes, pose_line
from simlearn.formats.image import encode_png
from simlearn.shards import ShardReader

NOTHING_M = 10_000.0  # TartanAir's sky is a far sphere
VISIBLE, HIDDEN_BY_NEW, HIDDEN_BY_SEEN, OUT_OF_VIEW = 0, 1, 10, 100
MOTION = ("flow_forward", "occluded_forward", "out_of_frame_forward", "valid")
RETURN = ("occluded_backward", "out_of_frame_backward")


def export(
    data: str | Path, out: str | Path, *, labels: Iterable[str] = (), difficulty: str = "Easy", progress: bool = True
) -> Path:  # fmt: skip
    """Pictures, depth, classes, flow with masks and NED poses of every scene, under the folder of a difficulty, "Easy" or "Hard".

    What the data set was made without is left out; flow needs its masks too. Interrupted exports continue when run again; `out` appears
    when all is there. Raises UserError for a data set that is incomplete, damaged, without rgb, or seen through a lens that is no pinhole.
    """
    if difficulty not in ("Easy", "Hard"):
        raise UserError(f"TartanAir's difficulties are Easy and Hard, not {difficulty!r}")
    chosen = set(labels)
    if "flow_forward" in chosen:  # asked for by name: then with all that its mask is made of
        chosen.update(MOTION)
    uses = ("depth", "semantic", *MOTION, *RETURN, "rgb_right")
    options = {"difficulty": difficulty}
    with exporting(
        data, out, "tartanair", needs=("rgb",), uses=uses, labels=chosen, pinhole=True, options=options, progress=progress
    ) as job:  # fmt: skip
        environment = folder_name(job.manifest.config["family"])
        for scene, reader in job.scenes():
            folder = f"{environment}/{difficulty}/P{scene:03d}"
            for frame in job.frames(reader):
                _write_frame(job, folder, reader, frame)
            _write_texts(job, folder, reader)
    return Path(out)


def folder_name(family: object) -> str:
    """The environment's name: that of the family where it is a plain word, since text that comes with data must not name folders."""
    return family if isinstance(family, str) and re.fullmatch(r"[A-Za-z0-9_]{1,64}", family) else "environment"


def _write_frame(job: Export, folder: str, reader: ShardReader, frame: int) -> None:
    for label, side in (("rgb", "left"), ("rgb_right", "right")):
        if job.has(label):
            job.write(f"{folder}/image_{side}/{frame:06d}_{side}.png", partial(_picture, reader, label, frame))
    if job.has("depth"):
        job.write(f"{folder}/depth_left/{frame:06d}_left_depth.npy", partial(_depth, reader, frame))
    if job.has("semantic"):
        job.write(f"{folder}/seg_left/{frame:06d}_left_seg.npy", partial(_array, reader, "semantic", frame))
    if job.has(*MOTION) and frame + 1 < reader.frames:
        pair = f"{folder}/flow/{frame:06d}_{frame + 1:06d}"
        job.write(f"{pair}_flow.npy", partial(_array, reader, "flow_forward", frame))
        job.write(f"{pair}_mask.npy", partial(_mask, reader, frame, tell_apart=job.has(*RETURN)))


def _picture(reader: ShardReader, label: str, frame: int) -> bytes:
    return encode_png(reader.read(label, frame))


def _array(reader: ShardReader, label: str, frame: int) -> bytes:
    return npy(reader.read(label, frame))


def _depth(reader: ShardReader, frame: int) -> bytes:
    depth = reader.read("depth", frame)
    return npy(np.where(np.isfinite(depth), depth, np.float32(NOTHING_M)))


def _mask(reader: ShardReader, frame: int, *, tell_apart: bool) -> bytes:
    flow, occluded, outside, valid = (reader.read(name, frame) for name in MOTION)
    if not tell_apart:
        return npy(flow_mask(flow, occluded, outside | ~valid))
    hidden_back = reader.read("occluded_backward", frame + 1) | reader.read("out_of_frame_backward", frame + 1)
    return npy(flow_mask(flow, occluded, outside | ~valid, hidden_back))


def flow_mask(
    flow: NDArray[np.float32], occluded: NDArray[np.bool_], outside: NDArray[np.bool_], hidden_back: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """TartanAir's mask of a flow [H, W, 2], uint8 [H, W].

    0: visible in the next frame. 100: outside of it, or nothing is seen here. 1 and 10: hidden there, 10 by something that this frame
    shows too, 1 by something that it does not show. The two are told apart by `hidden_back`, bool [H, W]: which pixels of the next frame
    show what this one does not; without it all are 1.
    """
    mask = np.where(occluded, HIDDEN_BY_NEW, VISIBLE).astype(np.uint8)
    if hidden_back is not None:
        v, u = np.nonzero(occluded)
        height, width = occluded.shape
        column = np.clip(np.floor(u + 0.5 + flow[v, u, 0]).astype(int), 0, width - 1)
        row = np.clip(np.floor(v + 0.5 + flow[v, u, 1]).astype(int), 0, height - 1)
        mask[v, u] = np.where(hidden_back[row, column], HIDDEN_BY_NEW, HIDDEN_BY_SEEN)
    mask[outside] = OUT_OF_VIEW
    return mask


def ned(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """A camera-to-world pose [4, 4] of ours between NED axes."""
    return in_axes(pose, NED_WORLD, NED_CAMERA)


def _write_texts(job: Export, folder: str, reader: ShardReader) -> None:
    eyes = {"left": 0.0}
    if job.has("rgb_right"):
        eyes["right"] = reader.scene().stereo_baseline_m
    for side, along_x in eyes.items():
        shift = geometry.compose(np.eye(3), (along_x, 0.0, 0.0))
        lines = [pose_line(ned(pose @ shift)) for pose in reader.poses]
        job.write(f"{folder}/pose_{side}.txt", "".join(f"{line}\n" for line in lines).encode())
    job.write(f"{folder}/calibration.txt", f"{calibration_line(reader.K)}\n".encode())
