"""KITTI object frames: the left colour camera, calibration and the Velodyne scan, projected to sparse depth.

Where to get it: https://www.cvlibs.net/datasets/kitti/eval_object.php (left colour images, Velodyne point clouds, calibration).
Licence: CC BY-NC-SA 3.0. Expected under `$SIMLEARN_DATA` (any subset of the frames will do):

    kitti/object/training/image_2/%06d.png      colour
    kitti/object/training/velodyne/%06d.bin     float32 x y z reflectance; Velodyne frame: x forward, y left, z up, metres
    kitti/object/training/velodyne_reduced/%06d.bin   the same cut to the view; read where the full scan is missing
    kitti/object/training/calib/%06d.txt        P0..P3 (3x4), R0_rect (3x3), Tr_velo_to_cam (3x4), Tr_imu_to_velo, row by row

Projection: x = P2 · R0_rect · Tr_velo_to_cam · X. KITTI's calibration puts the centre of the top-left pixel at (0, 0), so a point
belongs to the pixel (round(u), round(v)). Depth is the camera's z, the third coordinate of x. Where several points fall on a pixel
the nearest wins. The evaluation known as "Eigen" differs in several ways: see `simlearn.datasets.kitti_raw.eigen_depth`.
Nothing removes points that the camera cannot see past a nearer object (the scanner stands higher than the camera).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_rgb

FOLDER = "kitti/object/training"
SCANS = ("velodyne", "velodyne_reduced")
SHAPES = {"P2": (3, 4), "R0_rect": (3, 3), "Tr_velo_to_cam": (3, 4)}


def read_calibration(path: Path) -> dict[str, NDArray[np.float64]]:
    """P2, R0_rect and Tr_velo_to_cam of a calibration file; UserError when one is missing or has the wrong count of numbers."""
    if not path.exists():
        raise UserError(f"{path} does not exist: restore the calibration of this frame")
    entries = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
    matrices = {}
    for name, shape in SHAPES.items():
        numbers = np.array(entries.get(name, "").split(), dtype=np.float64)
        if numbers.size != shape[0] * shape[1]:
            raise UserError(f"{path} has {numbers.size} numbers for {name} instead of {shape[0] * shape[1]}: restore the file")
        matrices[name] = numbers.reshape(shape)
    return matrices


def read_scan(path: Path) -> NDArray[np.float32]:
    """Velodyne points float32 [N, 4]: x forward, y left, z up in metres, reflectance. UserError for a file cut short."""
    values = np.fromfile(path, dtype="<f4")
    if values.size == 0 or values.size % 4:
        raise UserError(f"{path} has {values.size} numbers, not a multiple of four: the scan is cut short, restore the file")
    return values.reshape(-1, 4)


def project_scan(scan: ArrayLike, calibration: dict[str, NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(u, v) in KITTI's pixels (integers at pixel centres) float64 [N, 2], and camera z in metres [N], of Velodyne points [N, >=3].

    Meaningful only where z > 0.
    """
    points = np.asarray(scan, dtype=np.float64)[:, :3]
    velo_to_cam = np.vstack([calibration["Tr_velo_to_cam"], [0, 0, 0, 1]])
    rectify = np.eye(4)
    rectify[:3, :3] = calibration["R0_rect"]
    matrix = calibration["P2"] @ rectify @ velo_to_cam
    projected = points @ matrix[:, :3].T + matrix[:, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        return projected[:, :2] / projected[:, 2:], projected[:, 2]


def sparse_depth(scan: ArrayLike, calibration: dict[str, NDArray[np.float64]], height: int, width: int) -> NDArray[np.float32]:
    """Depth float32 [H, W] in metres, +inf where no point falls; see the module's text for the conventions."""
    scan = np.asarray(scan)
    pixels, z = project_scan(scan, calibration)
    ahead = (z > 0) & (scan[:, 0] >= 0)
    pixels, z = pixels[ahead], z[ahead]
    columns, rows = np.round(pixels).astype(np.int64).T
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    depth = np.full((height, width), np.inf)
    np.minimum.at(depth, (rows[inside], columns[inside]), z[inside])
    return depth.astype(np.float32)


class KittiObject:
    """Indexable; a sample is {"rgb": uint8 [H, W, 3], "depth": float32 [H, W] (sparse, +inf elsewhere), "valid": bool [H, W], "K": float64
    [3, 3] (pixels, their centres at halves), "name": str}.

    `missing` names frames that lack a scan or a calibration; they are left out.
    """

    def __init__(self, root: Path | None) -> None:
        self.folder = locate(root, "KITTI object", (FOLDER,), ("image_2", "calib"))
        names = sorted(path.stem for path in (self.folder / "image_2").glob("*.png"))
        complete = [name for name in names if self._scan(name) is not None and self._calibration(name).exists()]
        self.missing = [name for name in names if name not in complete]
        self.names = complete
        if not complete:
            raise UserError(f"{self.folder} has no frame with an image, a Velodyne scan and a calibration: unpack the three archives there")

    def _scan(self, name: str) -> Path | None:
        return next((path for scans in SCANS if (path := self.folder / scans / f"{name}.bin").exists()), None)

    def _calibration(self, name: str) -> Path:
        return self.folder / "calib" / f"{name}.txt"

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        name = self.names[index]
        rgb = read_rgb(self.folder / "image_2" / f"{name}.png")
        scan = self._scan(name)
        assert scan is not None
        calibration = read_calibration(self._calibration(name))
        depth = sparse_depth(read_scan(scan), calibration, *rgb.shape[:2])
        K = calibration["P2"][:, :3] + [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]  # KITTI's pixels have whole numbers at their centres
        return {"rgb": rgb, "depth": depth, "valid": np.isfinite(depth), "K": K, "name": name}

    def fingerprint(self) -> str:
        scans = [path for name in self.names if (path := self._scan(name)) is not None]
        images = [self.folder / "image_2" / f"{name}.png" for name in self.names]
        return fingerprint([*images, *scans, *map(self._calibration, self.names)], self.folder)


def found(root: Path | None) -> Finding:
    """What there is of KITTI object under root."""
    try:
        frames = KittiObject(root)
    except UserError as error:
        return Finding(present=False, text=str(error))
    absent = f"; {len(frames.missing)} images lack a scan or a calibration" if frames.missing else ""
    return Finding(present=True, folder=frames.folder, text=f"{len(frames)} frames with Velodyne scans{absent}")
