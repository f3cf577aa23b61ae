"""KITTI raw: drives as recorded, with colour pictures, Velodyne scans and the poses of the inertial unit.

Where to get it: https://www.cvlibs.net/datasets/kitti/raw_data.php (synced+rectified data and calibration of each drive). Licence: CC
BY-NC-SA 3.0. Expected under `$SIMLEARN_DATA`, any drives and frames, as the archives unpack:

    kitti/raw/<date>/calib_cam_to_cam.txt, calib_velo_to_cam.txt, calib_imu_to_velo.txt
    kitti/raw/<date>/<date>_drive_<NNNN>_sync/image_02/data/%010d.png            left colour camera (or .jpg); image_03: the right one
    kitti/raw/<date>/<date>_drive_<NNNN>_sync/velodyne_points/data/%010d.bin     float32 x y z reflectance
    kitti/raw/<date>/<date>_drive_<NNNN>_sync/oxts/data/%010d.txt                30 numbers: latitude, longitude, altitude, roll, ...

(kitti_raw, kitti/kitti_data and kitti itself in place of kitti/raw too.) Depth is the camera's z, as of KITTI object (see
`simlearn.datasets.kitti`). Poses: camera to a world whose x points east, y north and z up, in metres from where the inertial unit was in
the drive's first frame; positions by the Mercator projection at the latitude of that frame, as KITTI's development kit has it. K has our
pixel centres, so half a pixel is added to the principal point.

`eigen_depth` is the truth of the evaluation known as "Eigen": see there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError
from simlearn.datasets.kitti import project_scan, read_scan, sparse_depth
from simlearn.datasets.root import Finding, fingerprint, locate, read_rgb

FOLDERS = ("kitti/raw", "kitti_raw", "kitti/kitti_data", "kitti_data", "kitti")
CAMERAS = ("image_02", "image_03")
ENDINGS = (".png", ".jpg")
EARTH_RADIUS_M = 6378137.0
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """One picture: `drive` as "2011_09_26_drive_0002_sync", `camera` of `CAMERAS`, `number` of the file."""

    drive: str
    camera: str
    number: int

    @property
    def date(self) -> str:
        return self.drive[:10]

    @property
    def name(self) -> str:
        return f"{self.drive}/{self.camera}/{self.number:010d}"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Of one day and camera. `matrices`: P2, R0_rect and Tr_velo_to_cam under the names of KITTI object; `height`, `width` of pictures."""

    matrices: dict[str, Matrix]
    height: int
    width: int

    @cached_property
    def K(self) -> Matrix:
        K = self.matrices["P2"][:, :3].copy()
        K[:2, 2] += 0.5
        return K

    @cached_property
    def velodyne_to_camera(self) -> Matrix:
        """Of points, float64 [4, 4], into the camera that took the pictures (not camera 0, which the matrices refer to)."""
        P = self.matrices["P2"]
        offset = _rigid(np.eye(3), np.linalg.inv(P[:, :3]) @ P[:, 3])
        return offset @ _rigid(self.matrices["R0_rect"], np.zeros(3)) @ np.vstack([self.matrices["Tr_velo_to_cam"], [0, 0, 0, 1]])


@lru_cache(maxsize=32)
def read_calibration(day: Path, camera: str) -> Calibration:
    """Of a day's folder; UserError when a file is missing or damaged."""
    number = camera[-2:]
    cameras, scanner = read_entries(day / "calib_cam_to_cam.txt"), read_entries(day / "calib_velo_to_cam.txt")
    P, R = _matrix(cameras, f"P_rect_{number}", (3, 4)), _matrix(cameras, "R_rect_00", (3, 3))
    to_camera = np.hstack([_matrix(scanner, "R", (3, 3)), _matrix(scanner, "T", (3, 1))])
    width, height = _matrix(cameras, f"S_rect_{number}", (2,)).astype(int).tolist()
    return Calibration(matrices={"P2": P, "R0_rect": R, "Tr_velo_to_cam": to_camera}, height=height, width=width)


def read_entries(path: Path) -> dict[str, Any]:
    """The lines "name: text" of a calibration file, with the path itself under ""; UserError when it does not exist."""
    if not path.exists():
        raise UserError(f"{path} does not exist: unpack the calibration of {path.parent.name} there")
    return {"": path} | dict(line.split(":", 1) for line in path.read_text(errors="replace").splitlines() if ":" in line)


def _matrix(entries: dict[str, Any], name: str, shape: tuple[int, ...]) -> Matrix:
    try:
        return np.array(entries.get(name, "").split(), dtype=np.float64).reshape(shape)
    except ValueError as error:
        raise UserError(f"{entries['']} lacks the {int(np.prod(shape))} numbers of {name}: restore the file") from error


def _rigid(R: Matrix, t: Matrix) -> Matrix:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = R, t
    return pose


class KittiRaw:
    """Indexable over the left pictures of all drives (or of given `frames`).

    A sample is {"rgb": uint8 [H, W, 3], "depth": float32 [H, W] (sparse, +inf elsewhere), "valid": bool [H, W], "K": float64 [3, 3],
    "name": str} and, where the drive has oxts, "pose": float64 [4, 4], camera to world. `missing` names pictures without a scan.
    """

    def __init__(self, root: Path | None, frames: Sequence[Frame] | None = None) -> None:
        self.folder = find(root)
        self.missing: list[str] = []
        self.frames = self._all() if frames is None else list(frames)
        if not self.frames:
            raise UserError(f"{self.folder} has no picture with a Velodyne scan: unpack synced drives there")

    def _all(self) -> list[Frame]:
        complete = []
        for folder in sorted(self.folder.glob("*/*_sync/image_02/data")):
            drive = folder.parents[1]
            scans = {path.stem for path in (drive / "velodyne_points" / "data").glob("*.bin")}
            numbers = sorted(path.stem for ending in ENDINGS for path in folder.glob(f"*{ending}"))
            complete += [Frame(drive.name, "image_02", int(number)) for number in numbers if number in scans]
            self.missing += [f"{drive.name}/image_02/{number}" for number in numbers if number not in scans]
        return complete

    def __len__(self) -> int:
        return len(self.frames)

    def drive(self, frame: Frame) -> Path:
        return self.folder / frame.date / frame.drive

    def picture(self, frame: Frame) -> Path:
        """The picture's file, .png or .jpg."""
        base = self.drive(frame) / frame.camera / "data" / f"{frame.number:010d}"
        return next((path for ending in ENDINGS if (path := base.with_suffix(ending)).exists()), base.with_suffix(ENDINGS[0]))

    def scan(self, frame: Frame) -> Path:
        return self.drive(frame) / "velodyne_points" / "data" / f"{frame.number:010d}.bin"

    def calibration(self, frame: Frame) -> Calibration:
        return read_calibration(self.folder / frame.date, frame.camera)

    def points(self, frame: Frame) -> NDArray[np.float32]:
        """The scan, float32 [N, 4]; UserError when it is missing or cut short."""
        if not self.scan(frame).exists():
            raise UserError(f"{self.scan(frame)} does not exist: unpack the synced drive there")
        return read_scan(self.scan(frame))

    def __getitem__(self, index: int) -> dict[str, Any]:
        frame = self.frames[index]
        rgb, calibration = read_rgb(self.picture(frame)), self.calibration(frame)
        depth = sparse_depth(self.points(frame), calibration.matrices, *rgb.shape[:2])
        sample = {"rgb": rgb, "depth": depth, "valid": np.isfinite(depth), "K": calibration.K, "name": frame.name}
        return sample | ({"pose": self.pose(frame)} if (self.drive(frame) / "oxts" / "data").is_dir() else {})

    def pose(self, frame: Frame) -> Matrix:
        """Camera to world, float64 [4, 4]; see the module's text. UserError when a file is missing or damaged."""
        oxts = self.drive(frame) / "oxts" / "data"
        first = read_oxts(min(oxts.glob("*.txt"), default=oxts / "0000000000.txt"))
        own = read_oxts(oxts / f"{frame.number:010d}.txt")
        scale = np.cos(np.radians(first[0]))
        world = _rigid(_rotation(*own[3:6]), _mercator(own, scale) - _mercator(first, scale))
        unit = read_entries(self.folder / frame.date / "calib_imu_to_velo.txt")
        to_velodyne = _rigid(_matrix(unit, "R", (3, 3)), _matrix(unit, "T", (3,)))
        return world @ np.linalg.inv(self.calibration(frame).velodyne_to_camera @ to_velodyne)

    def fingerprint(self) -> str:
        days = sorted({frame.date for frame in self.frames})
        texts = [self.folder / day / f"calib_{name}.txt" for day in days for name in ("cam_to_cam", "velo_to_cam")]
        files = [*texts, *(self.picture(frame) for frame in self.frames), *(self.scan(frame) for frame in self.frames)]
        return fingerprint((path for path in files if path.exists()), self.folder)


def find(root: Path | None) -> Path:
    """The folder of the days; UserError when there is none."""
    folder = locate(root, "KITTI raw", FOLDERS, ())
    for candidate in FOLDERS:
        if next((Path(root or "") / candidate).glob("20*_*_*/*_sync"), None) is not None:
            return Path(root or "") / candidate
    raise UserError(f"{folder} has no <date>/<date>_drive_<NNNN>_sync: unpack synced drives into {root}/{FOLDERS[0]}")


def read_oxts(path: Path) -> Matrix:
    """The 30 numbers of a measurement: latitude, longitude (degrees), altitude (m), roll, pitch, yaw (rad; 0 = east), ..."""
    if not path.exists():
        raise UserError(f"{path} does not exist: unpack the synced drive there")
    try:
        numbers = np.array(path.read_text().split(), dtype=np.float64)
    except ValueError as error:
        raise UserError(f"{path} is damaged ({error}): restore the file") from error
    if numbers.size < 6 or not np.isfinite(numbers[:6]).all():
        raise UserError(f"{path} has {numbers.size} numbers, six finite ones at least were expected: restore the file")
    return numbers


def _mercator(oxts: Matrix, scale: float) -> Matrix:
    latitude, longitude, altitude = oxts[:3]
    reach = scale * EARTH_RADIUS_M
    return np.array([reach * np.radians(longitude), reach * np.log(np.tan(np.radians(90 + latitude) / 2)), altitude])


def _rotation(roll: float, pitch: float, yaw: float) -> Matrix:
    (cr, cp, cy), (sr, sp, sy) = np.cos([roll, pitch, yaw]), np.sin([roll, pitch, yaw])
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    return np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]]) @ about_y @ about_x


def eigen_depth(scan: ArrayLike, matrices: dict[str, Matrix], height: int, width: int) -> NDArray[np.float32]:
    """The truth of the "Eigen" evaluation (SfMLearner, monodepth2: vel_depth=True), float32 [H, W] in metres, +inf where there is none.

    It differs from depth as we define it in four ways, all kept here: depth is the Velodyne's forward x (about 0.3 m more than the camera's
    z); the pixel is (round(u) - 1, round(v) - 1), halves to even; points count that lie before the Velodyne, not before the camera; and
    where several fall on a pixel the nearest wins, but pixels are told apart by row (W - 1) + column - 1, the same for the last pixel of a
    row and the first of the next one. Of these two the one with the earlier point gets the nearest of both, the other its last point.
    """
    points = np.asarray(scan)
    points = points[points[:, 0] >= 0]
    pixels = np.round(project_scan(points, matrices)[0]) - 1
    inside = ((pixels >= 0) & (pixels < (width, height))).all(axis=1)
    (columns, rows), forward = pixels[inside].astype(np.int64).T, points[inside, 0].astype(np.float64)
    depth = np.full((height, width), np.inf)
    np.minimum.at(depth, (rows, columns), forward)
    ends, starts = np.flatnonzero(columns == width - 1), np.flatnonzero(columns == 0)
    for row in np.intersect1d(rows[ends], rows[starts] - 1):
        last, first = ends[rows[ends] == row], starts[rows[starts] == row + 1]
        nearest = forward[np.concatenate([last, first])].min()
        depth[row, -1], depth[row + 1, 0] = (nearest, forward[first[-1]]) if last[0] < first[0] else (forward[last[-1]], nearest)
    return np.where(depth > 0, depth, np.inf).astype(np.float32)


def found(root: Path | None) -> Finding:
    """What there is of KITTI raw under root."""
    try:
        frames = KittiRaw(root)
    except UserError as error:
        return Finding(present=False, text=str(error))
    drives = len({frame.drive for frame in frames.frames})
    absent = f"; {len(frames.missing)} pictures lack a scan, the first is {frames.missing[0]}" if frames.missing else ""
    return Finding(present=True, folder=frames.folder, text=f"{len(frames)} left pictures with scans of {drives} drives{absent}")
