"""KITTI depth: LiDAR of several scans gathered and cleaned (Uhrig et al. 2017), for drives of KITTI raw; and the server's pictures.

Where to get it: https://www.cvlibs.net/datasets/kitti/eval_depth.php (annotated depth maps; validation and test sets selection). Licence:
CC BY-NC-SA 3.0. Expected under `$SIMLEARN_DATA`, any part of it:

    kitti/data_depth_annotated/{train,val}/<drive>/proj_depth/groundtruth/image_02/%010d.png       uint16, 256 x metres, 0: unknown
    kitti/depth_selection/val_selection_cropped/image/<drive>_image_%010d_image_02.png             1216x352
    kitti/depth_selection/val_selection_cropped/groundtruth_depth/<drive>_groundtruth_depth_%010d_image_02.png
    kitti/depth_selection/val_selection_cropped/intrinsics/<drive>_image_%010d_image_02.txt        nine numbers
    kitti/depth_selection/test_depth_prediction_anonymous/{image/%010d.png,intrinsics/%010d.txt}   500 pictures without truth

(kitti/depth/... and kitti_depth/... in place of kitti/... too; train and val may lie there directly, as the archive unpacks.) Pictures of
train and val are those of KITTI raw (`simlearn.datasets.kitti_raw`). K has our pixel centres: half a pixel is added to the principal point.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.datasets.kitti_raw import Frame, KittiRaw
from simlearn.datasets.root import Finding, fingerprint, locate, read_grey, read_rgb
from simlearn.formats.kitti import DEPTH_STEPS_PER_M

BASES = ("kitti", "kitti/depth", "kitti_depth")
ANNOTATED = tuple(f"{base}{inner}" for base in BASES for inner in ("/data_depth_annotated", ""))
SELECTION = tuple(f"{base}/depth_selection" for base in BASES)
SPLITS = ("train", "val", "selection", "test")


def read_depth(path: Path) -> NDArray[np.float32]:
    """Depth float32 [H, W] in metres, +inf where unknown; UserError when the file is missing, broken or not of 16 bits."""
    stored = read_grey(path)
    if stored.dtype != np.uint16:
        raise UserError(f"{path} holds {stored.dtype}, depth of 16 bits was expected: restore the file from the data set")
    return np.where(stored > 0, stored.astype(np.float32) / np.float32(DEPTH_STEPS_PER_M), np.float32(np.inf))


def annotated(root: Path | None) -> Path:
    """The folder that holds train and val; UserError when there is none."""
    for candidate in ANNOTATED:
        if root is not None and any(next((root / candidate / split).glob("*_sync/proj_depth"), None) for split in ("train", "val")):
            return root / candidate
    return locate(root, "KITTI annotated depth", ANNOTATED[:1], ("train", "val"))


def truth_file(folder: Path, frame: Frame) -> Path:
    """Where the depth of a picture is, in train or in val."""
    inner = Path(frame.drive) / "proj_depth" / "groundtruth" / frame.camera / f"{frame.number:010d}.png"
    return next((path for split in ("val", "train") if (path := folder / split / inner).exists()), folder / "val" / inner)


class KittiDepthAnnotated:
    """Indexable. Splits: train, val (left and right camera, by drive), selection (1,000 pictures of val, cut) and test (500, no depth).

    A sample is {"name": str, "depth": float32 [H, W], +inf where unknown, "valid": bool [H, W], "rgb": uint8 [H, W, 3], "K": float64
    [3, 3]}, without depth and valid for test, and without rgb and K for pictures of train and val that KITTI raw lacks under root.
    `missing` names pictures of selection without depth; they are left out.
    """

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"KITTI depth has no split {split!r}: known are {', '.join(SPLITS)}")
        self.split, self.missing = split, list[str]()
        self._raw: KittiRaw | None = None
        self.paths: list[Path]
        if split in ("train", "val"):
            self.folder = annotated(root)
            self.paths = sorted((self.folder / split).glob("*_sync/proj_depth/groundtruth/image_0[23]/*.png"))
            self._raw = _raw(root)
        else:
            inner = "val_selection_cropped" if split == "selection" else "test_depth_prediction_anonymous"
            self.folder = locate(root, "KITTI depth selection", SELECTION, (inner,)) / inner
            pictures = sorted((self.folder / "image").glob("*.png"))
            self.paths = pictures if split == "test" else [path for path in pictures if self._truth(path).exists()]
            self.missing = [path.name for path in pictures if path not in set(self.paths)]
        if not self.paths:
            raise UserError(f"{self.folder} holds nothing of {split}: unpack the archive of https://www.cvlibs.net/datasets/kitti there")

    def _truth(self, picture: Path) -> Path:
        return self.folder / "groundtruth_depth" / picture.name.replace("_image_", "_groundtruth_depth_", 1)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        path = self.paths[index]
        if self.split in ("train", "val"):
            frame = frame_of(path)
            return {"name": frame.name, **_truth_sample(path), **self._picture(frame)}
        sample = {"name": path.stem, "rgb": read_rgb(path), "K": _intrinsics(self.folder / "intrinsics" / f"{path.stem}.txt")}
        return sample if self.split == "test" else sample | _truth_sample(self._truth(path))

    def _picture(self, frame: Frame) -> dict[str, Any]:
        if self._raw is None or not self._raw.picture(frame).exists():
            return {}
        return {"rgb": read_rgb(self._raw.picture(frame)), "K": self._raw.calibration(frame).K}

    def fingerprint(self) -> str:
        truths = [self._truth(path) for path in self.paths] if self.split == "selection" else []
        return fingerprint([*self.paths, *truths], self.folder)


def _truth_sample(path: Path) -> dict[str, Any]:
    depth = read_depth(path)
    return {"depth": depth, "valid": np.isfinite(depth)}


def frame_of(path: Path) -> Frame:
    """The picture that a file of annotated depth belongs to; UserError for a file whose name is no number."""
    if not path.stem.isdigit():
        raise UserError(f"{path} is not named by a number: remove it or restore its name")
    return Frame(path.parents[3].name, path.parent.name, int(path.stem))


def _raw(root: Path | None) -> KittiRaw | None:
    try:
        return KittiRaw(root)
    except UserError:  # depth is of use without its pictures
        return None


def _intrinsics(path: Path) -> NDArray[np.float64]:
    if not path.exists():
        raise UserError(f"{path} does not exist: restore the file from the data set")
    try:
        K = np.array(path.read_text().split(), dtype=np.float64).reshape(3, 3)
    except ValueError as error:
        raise UserError(f"{path} does not hold nine numbers: restore the file") from error
    K[:2, 2] += 0.5
    return K


def found(root: Path | None) -> Finding:
    """What there is of KITTI depth under root."""
    texts, complaints, folder = list[str](), list[str](), None
    for split in SPLITS:
        try:
            data = KittiDepthAnnotated(root, split)
        except UserError as error:
            complaints.append(str(error))
            continue
        folder = folder or data.folder
        texts.append(f"{len(data)} pictures of {split}" + (f" ({len(data.missing)} lack depth)" if data.missing else ""))
    return Finding(present=bool(texts), folder=folder, text="; ".join(texts or complaints[:1]))
