"""Miniatures of NYU Depth V2 and 7-Scenes in their official layouts, byte formats included."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from PIL import Image
from scipy.io import savemat

MATLAB_HEADER = (
    b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Thu Feb 28 16:48:40 2013 HDF5 schema 1.00 .".ljust(116) + b"\0" * 8 + b"\0\2IM"
)


def write_nyu(root: Path, raw: np.ndarray, *, tests: tuple[int, ...] = (2, 3), trains: tuple[int, ...] = (1,)) -> Path:
    """`raw`: metres float [N, 480, 640], 0 for holes; the filled depth is 1 m more. Lists count from 1.

    Pictures: red by number, a green row, a white frame.
    """
    folder = root / "nyu_depth_v2"
    folder.mkdir(parents=True)
    path = folder / "nyu_depth_v2_labeled.mat"
    pictures = np.zeros((len(raw), 480, 640, 3), np.uint8)
    pictures[..., 0] = 10 * np.arange(len(raw))[:, None, None]
    pictures[:, 5, :, 1] = 200
    pictures[:, :2] = 255
    with h5py.File(path, "w", userblock_size=512) as file:
        options = {"compression": "gzip", "compression_opts": 1}
        file.create_dataset("images", data=pictures.transpose(0, 3, 2, 1), chunks=(1, 3, 640, 480), **options)
        file.create_dataset("rawDepths", data=raw.transpose(0, 2, 1).astype(np.float32), chunks=(1, 640, 480), **options)
        file.create_dataset("depths", data=raw.transpose(0, 2, 1).astype(np.float32) + 1, chunks=(1, 640, 480), **options)
    with path.open("r+b") as file:
        file.write(MATLAB_HEADER)
    lists = {"trainNdxs": np.array(trains, np.uint16)[:, None], "testNdxs": np.array(tests, np.uint16)[:, None]}
    savemat(folder / "splits.mat", lists)
    return folder


def write_seven_scenes(root: Path, depths: list[np.ndarray], focal_px: float | None = None) -> Path:
    """`depths`: metres float [H, W], 0 where nothing was measured; stored in millimetres, holes as 0 and 65535 in turn."""
    folder = root / "7scenes" / "redkitchen" / "seq-01"
    folder.mkdir(parents=True)
    for number, depth in enumerate(depths):
        stored = np.round(1000 * depth).astype(np.uint16)
        holes = np.flatnonzero(stored == 0)
        stored.ravel()[holes[1::2]] = 65535
        Image.fromarray(stored).save(folder / f"frame-{number:06d}.depth.png")
        Image.new("RGB", depth.shape[::-1], (90, 120, 150)).save(folder / f"frame-{number:06d}.color.png")
        np.savetxt(folder / f"frame-{number:06d}.pose.txt", np.eye(4))
    if focal_px is not None:
        height, width = depths[0].shape
        np.savetxt(folder / "camera-intrinsics.txt", [[focal_px, 0, width / 2], [0, focal_px, height / 2], [0, 0, 1]])
    return folder
