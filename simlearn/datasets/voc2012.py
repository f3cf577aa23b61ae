"""PASCAL VOC 2012, segmentation: photographs with one of twenty classes, or background, for every pixel.

Where to get it: http://host.robots.ox.ac.uk/pascal/VOC/voc2012 (VOCtrainval_11-May-2012.tar). Licence: images of Flickr under its terms,
for research; cite Everingham et al. 2010. Expected under `$SIMLEARN_DATA`, as the archive unpacks:

    VOCdevkit/VOC2012/ImageSets/Segmentation/{train,val,trainval}.txt   a name a line; 1,464 + 1,449
    VOCdevkit/VOC2012/JPEGImages/2007_000032.jpg
    VOCdevkit/VOC2012/SegmentationClass/2007_000032.png                 with a palette: its indices are the classes

Class ids are 0 (background) and 1..20 in the order of `CLASSES`; 255 (borders, difficult) is void and takes part in no measurement.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.datasets import voc2007
from simlearn.datasets.root import Finding, fingerprint, locate, read_grey, read_rgb

FOLDERS = ("VOCdevkit/VOC2012", "voc2012/VOCdevkit/VOC2012", "VOC2012", "voc2012")
SPLITS = ("train", "val", "trainval")
CLASSES = ("background", *voc2007.CLASSES)
VOID = 255


def _palette() -> NDArray[np.uint8]:
    """VOC's colours uint8 [256, 3]: the bits of an index are dealt out in turn to red, green and blue, highest bits first."""
    index = np.arange(256)
    channels = [sum(((index >> 3 * k + channel) & 1) << 7 - k for k in range(8)) for channel in range(3)]
    return np.stack(channels, axis=1).astype(np.uint8)


COLOURS = _palette()


class VOC2012Segmentation:
    """Indexable; a sample is {"rgb": uint8 [H, W, 3], "semantic": uint8 [H, W], "name": str}.

    `missing` names what is listed without an image or classes; it is left out.
    """

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"VOC 2012 segmentation has no split {split!r}: known are {', '.join(SPLITS)}")
        listing = f"ImageSets/Segmentation/{split}.txt"
        self.folder = locate(root, "PASCAL VOC 2012", FOLDERS, ("JPEGImages", "SegmentationClass", listing))
        listed = (self.folder / listing).read_text().split()
        self.names = [name for name in listed if self._image(name).exists() and self._annotation(name).exists()]
        self.missing = sorted(set(listed) - set(self.names))
        if not self.names:
            raise UserError(f"{self.folder} holds none of the {len(listed)} images of {split} with classes: unpack the archive again")

    def _image(self, name: str) -> Path:
        return self.folder / "JPEGImages" / f"{name}.jpg"

    def _annotation(self, name: str) -> Path:
        return self.folder / "SegmentationClass" / f"{name}.png"

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        name = self.names[index]
        rgb, semantic = read_rgb(self._image(name)), read_grey(self._annotation(name))
        if semantic.shape != rgb.shape[:2]:
            raise UserError(f"{self._annotation(name)} is {semantic.shape}, its image {rgb.shape[:2]}: restore the original files")
        strange = semantic[(semantic >= len(CLASSES)) & (semantic != VOID)]
        if strange.size:
            raise UserError(f"{self._annotation(name)} has class id {strange[0]}: ids are 0..20 and 255, restore the original file")
        return {"rgb": rgb, "semantic": semantic.astype(np.uint8), "name": name}

    def fingerprint(self) -> str:
        return fingerprint([*map(self._image, self.names), *map(self._annotation, self.names)], self.folder)


def found(root: Path | None) -> Finding:
    """What there is of VOC 2012's segmentation under root."""
    there, complaints = dict[str, VOC2012Segmentation](), []
    for split in ("train", "val"):
        try:
            there[split] = VOC2012Segmentation(root, split)
        except UserError as error:
            complaints.append(str(error))
    if not there:
        return Finding(present=False, text=complaints[0])
    texts = []
    for split, data in there.items():
        absent = f", {len(data.missing)} listed are missing, the first is {data.missing[0]}" if data.missing else ""
        texts.append(f"{len(data)} {split} images with classes{absent}")
    return Finding(present=True, folder=next(iter(there.values())).folder, text="; ".join([*texts, *complaints]))
