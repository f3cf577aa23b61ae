"""The layouts of KITTI: flow, stereo and scene flow 2015 (2012's too), segmentation, raw drives with depth, odometry.

    training/image_2/000000_10.png, 000000_11.png     frames t and t + 1 of a scene; image_3 the right eye's
    training/flow_occ/000000_10.png, flow_noc         flow of all pixels; without those that are not seen at t + 1
    training/disp_occ_0/000000_10.png, disp_noc_0     disparity of all pixels; without those that the right eye does not see
    training/disp_occ_1/000000_10.png                 disparity at t + 1 of the points seen at t
    training/obj_map/000000_10.png                    8-bit: 0 what stands still between t and t + 1, else the number of a moving object
    training/semantic/000000_10.png, instance         8-bit class id; 16-bit 256 x class id + number of the thing within its class
    training/calib_cam_to_cam/000000.txt, calib       K, D, S, R, T and P_rect of the four cameras; P0 ... P3 as of 2012
    2000_01_01/2000_01_01_drive_0000_sync/image_02/data/0000000000.png     the same frames as raw drives, a date a scene
    2000_01_01/calib_cam_to_cam.txt
    data_depth_annotated/train/2000_01_01_drive_0000_sync/proj_depth/groundtruth/image_02/0000000000.png
    sequences/00/image_2/000000.png, calib.txt, times.txt                  the same frames as odometry; image_3
    poses/00.txt                                      camera-to-world relative to the first frame, 12 numbers a line

Encodings of the PNG images: `simlearn.formats.kitti`. Flow beyond -512 ... 511.98 px has no code: such pixels are invalid. A scene of T
frames gives T - 1 pairs, numbered through. A picture is one file with up to four names (hard links). Cameras 0 and 1 stand for the grey
ones, which KITTI has at the place of 2 and 3. Frames are 0.1 s apart, KITTI's rate. Numbers of objects beyond 255 are 255.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes import geometry
from scenes.scene import Scene
from scenes.semantics import semantic_id
from simlearn.exporters.motion import COMPANIONS, disparity_then, hidden, indexed_intrinsics, known_flow, knows_disparity_then
from simlearn.exporters.target import Export, check_count, exporting
from simlearn.exporters.things import are_things
from simlearn.formats import kitti
from simlearn.formats.image import encode_png
from simlearn.shards import ShardReader

UNSEEN = ("occluded_forward", "out_of_frame_forward")
UNSEEN_RIGHT = ("occluded_right", "out_of_frame_right")
USES = ("depth", "instance", "semantic", "flow_forward", *UNSEEN, "valid", "rgb_right", "disparity", *UNSEEN_RIGHT)
MOST_FRAMES, HIGHEST_NUMBER = 1_000_000, 255
FRAMES_PER_SECOND = 10
FIRST_DAY = datetime.date(2000, 1, 1)


def export(data: str | Path, out: str | Path, *, labels: Iterable[str] = (), progress: bool = True) -> Path:
    """KITTI's layouts: pairs with flow, disparity and objects, raw drives with depth, odometry sequences with poses.

    Interrupted exports continue when run again; `out` appears when all is there. Raises UserError for a data set that is incomplete,
    damaged, without rgb, or seen through a lens that is no pinhole.
    """
    with exporting(
        data, out, "kitti", needs=("rgb",), uses=USES, labels=labels, companions=COMPANIONS, pinhole=True, progress=progress
    ) as job:
        check_count(sum(record.frames for record in job.manifest.shards), MOST_FRAMES, "frames", "kitti")
        first = 0
        for scene, reader in job.scenes():
            drive = _Drive(job, reader, scene, first)
            drive.write_texts()
            for frame in job.frames(reader):
                drive.write_pictures(frame)
                drive.write_depth(frame)
                if frame + 1 < reader.frames:
                    drive.write_motion(frame)
                    drive.write_objects(frame)
            first += max(reader.frames - 1, 0)
    return Path(out)


class _Drive:
    """One scene's files. `first` is the number of its first pair."""

    def __init__(self, job: Export, reader: ShardReader, scene: int, first: int) -> None:
        self._job, self._reader, self._first = job, reader, first
        self._world: Scene = reader.scene()
        date = (FIRST_DAY + datetime.timedelta(days=scene)).strftime("%Y_%m_%d")
        self._date, self._drive, self._sequence = date, f"{date}_drive_{scene:04d}_sync", f"{scene:02d}"

    def write_texts(self) -> None:
        """Calibration of every pair, drive and sequence, poses and times."""
        world, poses = self._world, self._reader.poses
        projections = _projections(world)
        modern = kitti.encode_calibration(_calibration(world, projections))
        plain = kitti.encode_calibration({f"P{camera}": matrix for camera, matrix in enumerate(projections)})
        pairs = range(self._first, self._first + max(self._reader.frames - 1, 0))
        self._job.write(f"{self._date}/calib_cam_to_cam.txt", modern, *(f"training/calib_cam_to_cam/{pair:06d}.txt" for pair in pairs))
        self._job.write(f"sequences/{self._sequence}/calib.txt", plain, *(f"training/calib/{pair:06d}.txt" for pair in pairs))
        times = "".join(f"{frame / FRAMES_PER_SECOND:.6e}\n" for frame in range(len(poses)))
        self._job.write(f"sequences/{self._sequence}/times.txt", times.encode())
        self._job.write(f"poses/{self._sequence}.txt", kitti.encode_poses(geometry.invert(poses[0]) @ poses))

    def write_pictures(self, frame: int) -> None:
        """The picture of each eye under its names in all layouts."""
        eyes = {"rgb": 2, "rgb_right": 3}
        for label in filter(self._job.has, eyes):
            camera, pair = eyes[label], self._first + frame
            names = [f"training/image_{camera}/{pair:06d}_10.png"] if frame + 1 < self._reader.frames else []
            names += [f"training/image_{camera}/{pair - 1:06d}_11.png"] if frame else []
            raw = f"{self._date}/{self._drive}/image_{camera:02d}/data/{frame:010d}.png"
            self._write_image(f"sequences/{self._sequence}/image_{camera}/{frame:06d}.png", label, frame, raw, *names)

    def _write_image(self, name: str, label: str, frame: int, *also: str) -> None:
        self._job.write(name, lambda: encode_png(self._reader.read(label, frame)), *also)

    def write_depth(self, frame: int) -> None:
        """Depth of every pixel in place of the scanner's."""
        if self._job.has("depth"):
            name = f"data_depth_annotated/train/{self._drive}/proj_depth/groundtruth/image_02/{frame:010d}.png"
            self._job.write(name, lambda: kitti.encode_depth(self._reader.read("depth", frame)))

    def write_motion(self, frame: int) -> None:
        """Flow and disparity of the pair that begins with a frame."""
        job, reader, pair = self._job, self._reader, f"{self._first + frame:06d}_10.png"
        if job.has("flow_forward"):
            job.write(f"training/flow_occ/{pair}", lambda: self._flow(frame, seen_only=False))
        if job.has("flow_forward", *UNSEEN):
            job.write(f"training/flow_noc/{pair}", lambda: self._flow(frame, seen_only=True))
        if job.has("disparity"):
            job.write(f"training/disp_occ_0/{pair}", lambda: kitti.encode_depth(reader.read("disparity", frame)))
        if job.has("disparity", *UNSEEN_RIGHT):
            seen = lambda: kitti.encode_depth(reader.read("disparity", frame), ~hidden(reader, frame, "right"))  # noqa: E731
            job.write(f"training/disp_noc_0/{pair}", seen)
        if job.has("disparity") and knows_disparity_then(reader, self._world):
            job.write(f"training/disp_occ_1/{pair}", lambda: kitti.encode_depth(*disparity_then(reader, self._world, frame, "forward")))

    def _flow(self, frame: int, *, seen_only: bool) -> bytes:
        flow, known = known_flow(self._reader, frame, "forward")
        known &= kitti.representable(flow)
        return kitti.encode_flow(flow, known & ~hidden(self._reader, frame, "forward") if seen_only else known)

    def write_objects(self, frame: int) -> None:
        """Moving objects, classes and instances of the first frame of a pair."""
        job, pair = self._job, f"{self._first + frame:06d}_10.png"
        if job.has("instance"):
            job.write(f"training/obj_map/{pair}", lambda: encode_png(self._numbered(self._moving(frame), frame).astype(np.uint8)))
        if job.has("semantic"):
            self._write_image(f"training/semantic/{pair}", "semantic", frame)
        if job.has("semantic", "instance"):
            job.write(f"training/instance/{pair}", lambda: encode_png(self._instances(frame)))

    def _moving(self, frame: int) -> NDArray[np.int64]:
        """For each instance its number among those that move in this clip, 0 for one that rests until the next frame."""
        motions = [thing.motion for thing in self._world.instances]
        movers = np.cumsum([motion.moves for motion in motions])
        moves = np.array([m.moves and not np.array_equal(m.at(frame), m.at(frame + 1)) for m in motions], dtype=bool)
        return np.where(moves, movers, 0)

    def _numbered(self, numbers: NDArray[np.int64], frame: int) -> NDArray[np.int64]:
        """The numbers of the instances seen, [H, W], at most 255; 0 where there is none."""
        table = np.concatenate([[0], np.minimum(numbers, HIGHEST_NUMBER)])
        return table[np.minimum(self._reader.read("instance", frame), len(numbers))]

    def _instances(self, frame: int) -> NDArray[np.uint16]:
        numbers = self._numbered(_number_within_class(self._world), frame)
        return (256 * self._reader.read("semantic", frame).astype(np.int64) + numbers).astype(np.uint16)


def _number_within_class(world: Scene) -> NDArray[np.int64]:
    """For each instance its number, from 1, among the things of its class; 0 for stuff."""
    things, counts, numbers = are_things(world.label_space), [0] * 256, []
    for instance in world.instances:
        kind = semantic_id(instance.category, world.label_space)
        counts[kind] += things[kind]
        numbers.append(counts[kind] if things[kind] else 0)
    return np.array(numbers, dtype=np.int64)


def _projections(world: Scene) -> list[NDArray[np.float64]]:
    """P0 ... P3 float64 [3, 4]: left, right, left, right eye, in the left one's frame; without a second eye all are the first."""
    K = indexed_intrinsics(world.camera.K)
    return [K @ np.eye(3, 4) - np.outer(K[:, 0], [0, 0, 0, baseline]) for baseline in (0, world.stereo_baseline_m) * 2]


def _calibration(world: Scene, projections: list[NDArray[np.float64]]) -> dict[str, NDArray[Any]]:
    entries: dict[str, NDArray[Any]] = {"corner_dist": np.zeros(1)}
    size = np.array([world.camera.width, world.camera.height], dtype=np.float64)
    for camera, projection in enumerate(projections):
        shift = np.linalg.solve(projection[:, :3], projection[:, 3])
        own: dict[str, NDArray[Any]] = {"S": size, "K": projection[:, :3], "D": np.zeros(5), "R": np.eye(3), "T": shift}
        rectified: dict[str, NDArray[Any]] = {"S_rect": size, "R_rect": np.eye(3), "P_rect": projection}
        entries |= {f"{name}_{camera:02d}": value for name, value in (own | rectified).items()}
    return entries
