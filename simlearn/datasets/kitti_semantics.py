"""KITTI semantics 2015: 200 frames of the stereo benchmark with a Cityscapes class, and a number of the thing, for every pixel.

Where to get it: https://www.cvlibs.net/datasets/kitti/eval_semseg.php?benchmark=semantics2015 (data_semantics.zip).
Licence: CC BY-NC-SA 3.0. Expected under `$SIMLEARN_DATA`, as the archive unpacks:

    kitti/semantics/training/image_2/000000_10.png        colour, about 1242x375
    kitti/semantics/training/semantic/000000_10.png       uint8, Cityscapes ids 0..33 (`scenes.semantics.CITYSCAPES`)
    kitti/semantics/training/instance/000000_10.png       uint16, class id * 256 + number of the thing; number 0: none is told apart
    kitti/semantics/training/semantic_rgb/000000_10.png   for the eye, not read
    kitti/semantics/testing/image_2                       without labels, not read

Nineteen of the ids are measured, in the order of Cityscapes' train ids (`CLASSES`); all others are void.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from scenes.semantics import CITYSCAPES
from simlearn.datasets.root import Finding, fingerprint, locate, read_grey, read_rgb

FOLDERS = ("kitti/semantics/training", "kitti/data_semantics/training", "data_semantics/training")
CLASSES = tuple(
    "road,sidewalk,building,wall,fence,pole,traffic light,traffic sign,vegetation,terrain,sky,person,rider,car,truck,bus,train,"
    "motorcycle,bicycle".split(",")
)
VOID = len(CLASSES)
CATEGORIES = {
    "flat": ("road", "sidewalk"),
    "construction": ("building", "wall", "fence"),
    "object": ("pole", "traffic light", "traffic sign"),
    "nature": ("vegetation", "terrain"),
    "sky": ("sky",),
    "human": ("person", "rider"),
    "vehicle": ("car", "truck", "bus", "train", "motorcycle", "bicycle"),
}
COLOURS = np.array(
    [
        *((128, 64, 128), (244, 35, 232), (70, 70, 70), (102, 102, 156), (190, 153, 153), (153, 153, 153), (250, 170, 30)),
        *((220, 220, 0), (107, 142, 35), (152, 251, 152), (70, 130, 180), (220, 20, 60), (255, 0, 0), (0, 0, 142), (0, 0, 70)),
        *((0, 60, 100), (0, 80, 100), (0, 0, 230), (119, 11, 32), (0, 0, 0)),
    ],
    dtype=np.uint8,
)
"""Cityscapes' own, uint8 [20, 3]; the last is void."""


def _class_of_id() -> NDArray[np.uint8]:
    table = np.full(len(CITYSCAPES), VOID, dtype=np.uint8)
    table[[CITYSCAPES.index(name) for name in CLASSES]] = np.arange(len(CLASSES))
    return table


CLASS_OF_ID = _class_of_id()
"""uint8 [34]: the index in `CLASSES` of each Cityscapes id, or `VOID`."""


class KittiSemantics:
    """Indexable; a sample is {"rgb": uint8 [H, W, 3], "semantic": uint8 [H, W] of Cityscapes ids, "instance": uint16 [H, W] as stored
    (only where the folder has it), "name": str}. `missing` lists images without classes.
    """

    def __init__(self, root: Path | None) -> None:
        self.folder = locate(root, "KITTI semantics", FOLDERS, ("image_2", "semantic"))
        names = sorted(path.stem for path in (self.folder / "image_2").glob("*.png"))
        self.names = [name for name in names if self._file("semantic", name).exists()]
        self.missing = [f"semantic/{name}.png" for name in names if name not in set(self.names)]
        if not self.names:
            raise UserError(f"{self.folder} has no image with classes in semantic: unpack data_semantics.zip again")

    def _file(self, kind: str, name: str) -> Path:
        return self.folder / kind / f"{name}.png"

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        name = self.names[index]
        rgb = read_rgb(self._file("image_2", name))
        sample = {"rgb": rgb, "semantic": self._ids("semantic", name, rgb.shape[:2]), "name": name}
        if self._file("instance", name).exists():
            sample["instance"] = self._ids("instance", name, rgb.shape[:2])
        return sample

    def _ids(self, kind: str, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        path, scale = self._file(kind, name), 256 if kind == "instance" else 1
        ids = read_grey(path)
        if ids.shape != shape:
            raise UserError(f"{path} is {ids.shape}, its image {shape}: restore the original files")
        if ids.max() >= len(CITYSCAPES) * scale:
            raise UserError(f"{path} has class id {ids.max() // scale}: ids are 0..{len(CITYSCAPES) - 1}, restore the original file")
        return ids.astype(np.uint16 if kind == "instance" else np.uint8)

    def fingerprint(self) -> str:
        """Of images, classes and, where they are, instances."""
        paths = [self._file(kind, name) for kind in ("image_2", "semantic", "instance") for name in self.names]
        return fingerprint([path for path in paths if path.exists()], self.folder)


def found(root: Path | None) -> Finding:
    """What there is of KITTI semantics under root."""
    try:
        frames = KittiSemantics(root)
    except UserError as error:
        return Finding(present=False, text=str(error))
    instances = sum((frames.folder / "instance" / f"{name}.png").exists() for name in frames.names)
    absent = f"; {len(frames.missing)} images have no classes" if frames.missing else ""
    return Finding(
        present=True, folder=frames.folder, text=f"{len(frames)} frames, {instances} with instances, {len(CLASSES)} classes{absent}"
    )
