"""The layout of TUM's RGB-D benchmark, a folder a scene, as SLAM systems and their evaluation read it.

    scene_000017/rgb/0.033333.png     8-bit colour
    scene_000017/depth/0.033333.png   16-bit camera z, 5000 units a metre, 0 for none and for what is farther than 13.107 m
    scene_000017/rgb.txt, depth.txt   `timestamp file` of each picture
    scene_000017/associations.txt     `timestamp rgb-file timestamp depth-file`
    scene_000017/groundtruth.txt      `timestamp tx ty tz qx qy qz qw`, camera-to-world, camera axes x right, y down, z forward
    scene_000017/calibration.txt      `fx fy cx cy` in pixels, the centre of the top-left pixel being (0, 0)

The benchmark's axes are ours, so poses are written as they are. Frame t has the timestamp t / fps, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from scenes.errors import UserError
from simlearn.exporters.arrays import quantised
from simlearn.exporters.target import Export, exporting
from simlearn.exporters.trajectories import calibration_line, pose_line
from simlearn.formats.image import encode_png
from simlearn.shards import ShardReader

UNITS_PER_METRE = 5000.0
GREATEST_FPS = 1e5  # timestamps have 6 decimals and must differ


def export(data: str | Path, out: str | Path, *, labels: Iterable[str] = (), fps: float = 30.0, progress: bool = True) -> Path:
    """Colour, 16-bit depth and the true trajectory of every scene, with timestamps `fps` to the second.

    Interrupted exports continue when run again; `out` appears when all is there. Raises UserError for a data set that is incomplete,
    damaged, without rgb or depth, or seen through a lens that is no pinhole.
    """
    if not 0 < fps <= GREATEST_FPS:
        raise UserError(f"fps is a number of frames per second, above 0 and at most {GREATEST_FPS:g}, not {fps}")
    pictures = ("rgb", "depth")
    with exporting(
        data, out, "tum", needs=pictures, uses=(), labels=labels, pinhole=True, options={"fps": fps}, progress=progress
    ) as job:  # fmt: skip
        for scene, reader in job.scenes():
            folder = f"scene_{scene:06d}"
            for frame in job.frames(reader):
                for kind in pictures:
                    job.write(f"{folder}/{kind}/{timestamp(frame, fps)}.png", partial(_picture, reader, kind, frame))
            _write_texts(job, folder, reader, [timestamp(frame, fps) for frame in range(reader.frames)])
    return Path(out)


def timestamp(frame: int, fps: float) -> str:
    """Seconds with six decimals, as in the benchmark's file names."""
    return f"{frame / fps:.6f}"


def _picture(reader: ShardReader, kind: str, frame: int) -> bytes:
    array: Any = reader.read(kind, frame)
    return encode_png(array if kind == "rgb" else quantised(array, UNITS_PER_METRE))


def _write_texts(job: Export, folder: str, reader: ShardReader, stamps: list[str]) -> None:
    texts = {
        "rgb": ["# timestamp filename", *(f"{t} rgb/{t}.png" for t in stamps)],
        "depth": ["# timestamp filename", *(f"{t} depth/{t}.png" for t in stamps)],
        "associations": [f"{t} rgb/{t}.png {t} depth/{t}.png" for t in stamps],
        "groundtruth": [
            "# timestamp tx ty tz qx qy qz qw",
            *(f"{t} {pose_line(pose)}" for t, pose in zip(stamps, reader.poses, strict=True)),
        ],
        "calibration": [calibration_line(reader.K)],
    }
    for name, lines in texts.items():
        job.write(f"{folder}/{name}.txt", "".join(f"{line}\n" for line in lines).encode())
