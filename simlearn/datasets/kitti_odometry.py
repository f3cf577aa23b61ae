"""KITTI odometry: drives as sequences of rectified frames, with the camera's pose for each.

Where to get it: https://www.cvlibs.net/datasets/kitti/eval_odometry.php (grey or colour images, calibration, ground truth poses). Licence:
CC BY-NC-SA 3.0. Expected under `$SIMLEARN_DATA` (any subset of sequences and frames will do):

    kitti/odometry/sequences/<NN>/image_2/%06d.png     left colour camera; else image_0, the left grey one
    kitti/odometry/sequences/<NN>/calib.txt            P0..P3, projection matrices 3x4 row by row
    kitti/odometry/poses/<NN>.txt                      camera 0 to the first frame's camera 0, 3x4 row by row, a line a frame

(`dataset/` in place of `kitti/odometry/` too, as the archives unpack.) The split is by sequence: 00 to 08 train, 09 and 10 test, as in the
monocular odometry literature. Axes are ours (x right, y down, z forward). KITTI's pixels have their centres at integers, so half a pixel is
added to its principal point. Camera 2 stands beside camera 0; its poses are moved accordingly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_rgb
from simlearn.datasets.videos import SHORT_PX
from training.learner import Footage

FOLDERS = ("kitti/odometry", "dataset", "kitti/odometry/dataset")
CAMERAS = {"image_2": "P2", "image_0": "P0"}
SPLITS = {"train": tuple(f"{n:02d}" for n in range(9)), "test": ("09", "10")}


@dataclass(frozen=True, kw_only=True)
class Drive:
    """One sequence: `frames` (numbers, ascending) have an image and a pose. K float64 [3, 3]; poses float64 [N, 4, 4], camera to world."""

    name: str
    images: Path
    frames: NDArray[np.int64]
    K: NDArray[np.float64]
    poses: NDArray[np.float64]

    @classmethod
    def read(cls, folder: Path, name: str) -> Drive:
        """UserError when a part is missing or damaged."""
        sequence = folder / "sequences" / name
        camera = next((camera for camera in CAMERAS if (sequence / camera).is_dir()), None)
        if camera is None:
            raise UserError(f"{sequence} has neither image_2 nor image_0: unpack the images there")
        projection = _projection(sequence / "calib.txt", CAMERAS[camera])
        offset = np.linalg.inv(projection[:, :3]) @ projection[:, 3]  # where camera 0's origin is in this camera
        poses = read_poses(folder / "poses" / f"{name}.txt")
        poses[:, :3, 3] -= poses[:, :3, :3] @ offset
        frames = np.array(sorted(int(path.stem) for path in (sequence / camera).glob("*.png") if path.stem.isdigit()), dtype=np.int64)
        K = projection[:, :3].copy()
        K[:2, 2] += 0.5
        return cls(name=name, images=sequence / camera, frames=frames[frames < len(poses)], K=K, poses=poses)

    def image(self, number: int) -> Path:
        return self.images / f"{number:06d}.png"


def read_poses(path: Path) -> NDArray[np.float64]:
    """float64 [N, 4, 4] of a pose file; UserError when it is missing or a line has not twelve numbers."""
    if not path.exists():
        raise UserError(f"{path} does not exist: unpack data_odometry_poses.zip there")
    try:
        rows = np.array([[float(number) for number in line.split()] for line in path.read_text().splitlines() if line.strip()])
    except ValueError as error:
        raise UserError(f"{path} is damaged ({error}): restore the file") from error
    if rows.ndim != 2 or rows.shape[1] != 12 or not np.isfinite(rows).all():
        raise UserError(f"{path} has lines without twelve finite numbers: restore the file")
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3] = rows.reshape(-1, 3, 4)
    return poses


def _projection(path: Path, name: str) -> NDArray[np.float64]:
    if not path.exists():
        raise UserError(f"{path} does not exist: unpack data_odometry_calib.zip there")
    entries = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
    numbers = np.array(entries.get(name, "").split(), dtype=np.float64)
    if numbers.size != 12:
        raise UserError(f"{path} has {numbers.size} numbers for {name} instead of 12: restore the file")
    return numbers.reshape(3, 4)


class KittiOdometry(Dataset[dict[str, Tensor]]):
    """Stretches of `footage` of all drives of a split, one beginning at every frame.

    An item is {"rgb": uint8 [T, 3, h, w], "pose": float32 [T, 4, 4], camera to world, the world being the first frame's camera, in metres,
    "K": float32 [3, 3], pixels}; images are reduced to a shorter side of `short_px`. `missing` says which sequences are left out, and why.
    """

    def __init__(self, root: Path | None, split: str = "train", footage: Footage | None = None, short_px: int = SHORT_PX) -> None:
        if split not in SPLITS:
            raise UserError(f"KITTI odometry has no split {split!r}: known are {', '.join(SPLITS)}")
        self.folder = locate(root, "KITTI odometry", FOLDERS, ("sequences", "poses"))
        self.split, self.footage, self.short_px = split, footage or Footage(), short_px
        self.drives: list[Drive] = []
        self.missing: list[str] = []
        for name in SPLITS[split]:
            if (self.folder / "sequences" / name).is_dir():
                self._add(name)
        steps = np.arange(self.footage.length) * self.footage.stride
        self._starts = [
            (drive, int(first)) for drive in self.drives for first in drive.frames if np.isin(first + steps, drive.frames).all()
        ]
        self._steps = steps
        if not self._starts:
            reasons = f" ({'; '.join(self.missing)})" if self.missing else ""
            raise UserError(
                f"{self.folder} has no {self.footage.length} frames, each {self.footage.stride} after the one before, in the sequences "
                f"{', '.join(SPLITS[split])} of the split {split!r}{reasons}: unpack more of them"
            )

    def _add(self, name: str) -> None:
        try:
            self.drives.append(Drive.read(self.folder, name))
        except UserError as error:
            self.missing.append(str(error))

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        drive, first = self._starts[index]
        numbers = first + self._steps
        pictures = [read_rgb(drive.image(int(number))) for number in numbers]
        height, width = pictures[0].shape[:2]
        scale = min(1.0, self.short_px / min(height, width))
        size = (round(height * scale), round(width * scale))
        rgb = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
        K = np.diag([size[1] / width, size[0] / height, 1.0]) @ drive.K
        poses = np.linalg.inv(drive.poses[first]) @ drive.poses[numbers]
        return {
            "rgb": F.interpolate(rgb, size, mode="bilinear", antialias=True).contiguous(),
            "pose": torch.from_numpy(poses.astype(np.float32)),
            "K": torch.from_numpy(K.astype(np.float32)),
        }

    def fingerprint(self) -> str:
        images = [drive.image(int(number)) for drive in self.drives for number in drive.frames]
        texts = [path for drive in self.drives for path in (drive.images.parent / "calib.txt", self.folder / "poses" / f"{drive.name}.txt")]
        return fingerprint([*images, *texts], self.folder)


def found(root: Path | None) -> Finding:
    """What there is of KITTI odometry under root."""
    parts: list[str] = []
    folder: Path | None = None
    for split, wording in (("train", "training"), ("test", "test")):
        try:
            drives = KittiOdometry(root, split)
        except UserError as error:
            if split == "train":
                return Finding(present=False, text=str(error))
            parts.append("no test sequences")
            continue
        folder, frames = drives.folder, sum(len(drive.frames) for drive in drives.drives)
        parts.append(f"{frames} {wording} frames with poses of sequences {', '.join(drive.name for drive in drives.drives)}")
        parts += drives.missing
    return Finding(present=True, folder=folder, text="; ".join(parts))
