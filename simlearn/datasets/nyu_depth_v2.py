"""NYU Depth V2, the labelled part: 1,449 indoor Kinect pictures with depth, 795 to train and 654 to test on.

Where to get it: https://cs.nyu.edu/~fergus/datasets/nyu_depth_v2.html (labelled dataset, 2.8 GB) and
http://horatio.cs.nyu.edu/mit/silberman/indoor_seg_sup/splits.mat (the official lists). No licence is stated: research, cite Silberman et
al. 2012. Expected under `$SIMLEARN_DATA`:

    nyu_depth_v2/nyu_depth_v2_labeled.mat    MATLAB 7.3, which is HDF5; arrays as h5py sees them, axes in MATLAB's order reversed:
        images      uint8 [N, 3, 640, 480]   pictures, columns before rows, with a white frame of some pixels
        rawDepths   float32 [N, 640, 480]    metres along z in the picture's camera, 0 where nothing was measured
        depths      float32 [N, 640, 480]    the same with holes filled by colorisation (Levin et al. 2004)
    nyu_depth_v2/splits.mat                  MATLAB 5: trainNdxs, testNdxs, pictures counted from 1

(The folder may also be called nyuv2 or nyu.) Evaluations since BTS (Lee et al. 2019) measure against rawDepths, older ones against depths.
K is the toolbox's camera_params.m, which counts pixels from 1: half a pixel less is our principal point.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from scenes.errors import UserError
from simlearn.datasets.root import Finding, locate

FOLDERS = ("nyu_depth_v2", "nyuv2", "nyu")
PICTURES, LISTS = "nyu_depth_v2_labeled.mat", "splits.mat"
SPLITS = {"train": "trainNdxs", "test": "testNdxs"}
FOCAL_PX, CENTRE_PX = (518.85790117450188, 519.46961112127485), (325.58244941119034, 253.73616633400465)
K: NDArray[np.float64] = np.array([[FOCAL_PX[0], 0, CENTRE_PX[0] - 0.5], [0, FOCAL_PX[1], CENTRE_PX[1] - 0.5], [0, 0, 1]])


class NYUDepthV2:
    """Indexable over the pictures of "train" or "test", in the list's order.

    A sample is {"rgb": uint8 [480, 640, 3], "depth": float32 [480, 640] in metres as measured, +inf where nothing was, "valid": bool
    [480, 640], "depth_filled": float32 [480, 640], "K": float64 [3, 3], "name": str}. Names are the pictures' numbers from 0, five digits,
    as in the files that BTS makes of them (rgb_00045, sync_depth_00045).
    """

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"NYU Depth V2 has no split {split!r}: known are {', '.join(SPLITS)}")
        self.folder, self.split = locate(root, "NYU Depth V2", FOLDERS, (PICTURES, LISTS)), split
        self.numbers = read_list(self.folder / LISTS, split)
        with self._file() as file:
            total = len(file["images"])
        if self.numbers.size == 0 or self.numbers.min() < 0 or self.numbers.max() >= total:
            raise UserError(f"{self.folder / LISTS} names pictures that {PICTURES} lacks, which has {total}: get both files again")
        self.names = [f"{number:05d}" for number in self.numbers]

    @contextmanager
    def _file(self) -> Iterator[Any]:
        path = self.folder / PICTURES
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error}): it is cut short or not the labelled data set, get it again") from error
        with file:
            lacking = [name for name in ("images", "rawDepths", "depths") if name not in file]
            if lacking:
                raise UserError(f"{path} lacks {', '.join(lacking)}: get the labelled data set again")
            yield file

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        number = int(self.numbers[index])
        with self._file() as file:
            try:
                picture, raw, filled = (np.asarray(file[name][number]) for name in ("images", "rawDepths", "depths"))
            except OSError as error:
                raise UserError(f"picture {number} of {self.folder / PICTURES} cannot be read ({error}): get the file again") from error
        measured = raw.T.astype(np.float32)
        depth = np.where(measured > 0, measured, np.float32(np.inf))
        return {
            "rgb": np.ascontiguousarray(picture.transpose(2, 1, 0)),
            "depth": depth,
            "valid": np.isfinite(depth),
            "depth_filled": np.ascontiguousarray(filled.T.astype(np.float32)),
            "K": K.copy(),
            "name": self.names[index],
        }

    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 of both files (some seconds for the large one)."""
        digest = hashlib.sha256()
        for name in (LISTS, PICTURES):
            with (self.folder / name).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()[:16]


def read_list(path: Path, split: str) -> NDArray[np.int64]:
    """Numbers of a split's pictures, from 0."""
    try:
        numbers = loadmat(path)[SPLITS[split]]
    except (KeyError, ValueError, TypeError, OSError, NotImplementedError, MatReadError) as error:
        raise UserError(f"{path} cannot be read as the official lists ({error}): get splits.mat again") from error
    return np.asarray(numbers, dtype=np.int64).ravel() - 1


def found(root: Path | None) -> Finding:
    """What there is of NYU Depth V2 under root."""
    try:
        counts = {split: len(NYUDepthV2(root, split)) for split in SPLITS}
        folder = NYUDepthV2(root, "test").folder
    except UserError as error:
        return Finding(present=False, text=str(error))
    return Finding(present=True, folder=folder, text=", ".join(f"{count} pictures of {split}" for split, count in counts.items()))
