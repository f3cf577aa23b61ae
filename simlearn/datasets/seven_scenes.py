"""7-Scenes: indoor Kinect sequences with depth and camera poses.

Where to get it: https://www.microsoft.com/en-us/research/project/rgb-d-dataset-7-scenes. Licence: Microsoft Research licence,
non-commercial use only. Expected under `$SIMLEARN_DATA`: one sequence's folder, `7scenes/redkitchen/seq-01` (or `redkitchen/seq-01`,
or `rgbd/redkitchen`), with

    frame-%06d.color.png (or .jpg)   640x480 colour
    frame-%06d.depth.png             640x480 uint16, millimetres along z; 0 and 65535 mean no measurement
    frame-%06d.pose.txt              4x4, camera to world, metres
    camera-intrinsics.txt            3x3, optional; without it f = 585 px, principal point (320, 240), as the data set's page says

Colour and depth are not registered to each other in this data set: edges of the two lie a few pixels apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.camera import Camera
from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_grey, read_rgb

FOLDERS = ("7scenes/redkitchen/seq-01", "redkitchen/seq-01", "rgbd/redkitchen")
NO_DEPTH_MM = (0, 65535)


class SevenScenes:
    """Indexable, in time order; `depth` is +inf where nothing was measured, `pose` is camera-to-world float64 [4, 4].

    A sample is {"rgb": uint8 [480, 640, 3], "depth": float32 [480, 640] in metres, "valid": bool [480, 640], "pose", "K", "name": str}.
    `missing` names frames that lack depth or pose; they are left out.
    """

    def __init__(self, root: Path | None, folders: tuple[str, ...] = FOLDERS) -> None:
        self.folder = locate(root, "7-Scenes", folders, ())
        colours = sorted([*self.folder.glob("frame-*.color.png"), *self.folder.glob("frame-*.color.jpg")])
        complete = [path for path in colours if all(self._beside(path, part).exists() for part in ("depth.png", "pose.txt"))]
        self.missing = [path.name for path in colours if path not in complete]
        self.paths = complete
        if not complete:
            raise UserError(f"{self.folder} has no frame with colour, depth and pose: unpack the sequence's archive there")

    @staticmethod
    def _beside(colour: Path, part: str) -> Path:
        return colour.with_name(f"{colour.name.split('.')[0]}.{part}")

    def __len__(self) -> int:
        return len(self.paths)

    def camera(self) -> Camera:
        path = self.folder / "camera-intrinsics.txt"
        K = np.loadtxt(path) if path.exists() else np.array([[585.0, 0, 320], [0, 585, 240], [0, 0, 1]])
        height, width = read_grey(self._beside(self.paths[0], "depth.png")).shape
        return Camera(width=width, height=height, fx=K[0, 0], fy=K[1, 1], cx=K[0, 2], cy=K[1, 2])

    def __getitem__(self, index: int) -> dict[str, Any]:
        path = self.paths[index]
        depth = metres(read_grey(self._beside(path, "depth.png")))
        pose = np.loadtxt(self._beside(path, "pose.txt"))
        if pose.shape != (4, 4) or not np.isfinite(pose).all():
            raise UserError(f"{self._beside(path, 'pose.txt')} is not a 4x4 matrix of finite numbers: restore the file")
        name = path.name.split(".")[0]
        return {"rgb": read_rgb(path), "depth": depth, "valid": np.isfinite(depth), "pose": pose, "K": self.camera().K, "name": name}

    def fingerprint(self) -> str:
        depths = [self._beside(path, "depth.png") for path in self.paths]
        return fingerprint([*self.paths, *depths, *(self._beside(path, "pose.txt") for path in self.paths)], self.folder)


def metres(stored: NDArray[Any]) -> NDArray[np.float32]:
    """Depth float32 in metres, +inf where nothing was measured, of the stored millimetres."""
    return np.where(np.isin(stored, NO_DEPTH_MM), np.inf, stored / 1000.0).astype(np.float32)


def found(root: Path | None) -> Finding:
    """What there is of 7-Scenes under root."""
    try:
        frames = SevenScenes(root)
    except UserError as error:
        return Finding(present=False, text=str(error))
    absent = f"; {len(frames.missing)} lack depth or pose" if frames.missing else ""
    return Finding(present=True, folder=frames.folder, text=f"{len(frames)} frames of one sequence with depth and poses{absent}")
