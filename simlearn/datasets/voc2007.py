"""PASCAL VOC 2007: 9,963 photographs with the objects of twenty classes in boxes, for classification and detection.

Where to get it: http://host.robots.ox.ac.uk/pascal/VOC/voc2007 (VOCtrainval_06-Nov-2007.tar, VOCtest_06-Nov-2007.tar). Licence: images of
Flickr under its terms, for research; cite Everingham et al. 2010. Expected under `$SIMLEARN_DATA`, as the archives unpack:

    VOCdevkit/VOC2007/ImageSets/Main/{train,val,trainval,test}.txt    a name a line
    VOCdevkit/VOC2007/JPEGImages/000005.jpg
    VOCdevkit/VOC2007/Annotations/000005.xml                          objects: name, difficult, truncated, bndbox

An image's label of a class is 1 where it shows an object of it, 0 where all of these are difficult (such images take no part in measuring
that class), -1 where there is none, as in the official lists <class>_<split>.txt. Boxes are given in our pixels, as x0, y0, x1, y1 between
the pixels' borders: VOC counts pixels from 1 and includes the last.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_rgb

FOLDERS = ("VOCdevkit/VOC2007", "voc2007/VOCdevkit/VOC2007", "VOC2007", "voc2007")
SPLITS = ("train", "val", "trainval", "test")
CLASSES = tuple(
    "aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa train "
    "tvmonitor".split()
)


class VOC2007:
    """Indexable; a sample is {"rgb": uint8 [H, W, 3], "labels": int8 [20] of 1, 0, -1, "boxes": float64 [K, 4] in pixels,
    "box_classes": int64 [K], "difficult": bool [K], "truncated": bool [K], "name": str}.

    `missing` names what is listed without an image or annotations; it is left out.
    """

    class_names = CLASSES

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in SPLITS:
            raise UserError(f"VOC 2007 has no split {split!r}: known are {', '.join(SPLITS)}")
        self.folder = locate(root, "PASCAL VOC 2007", FOLDERS, ("JPEGImages", "Annotations", f"ImageSets/Main/{split}.txt"))
        listed = (self.folder / f"ImageSets/Main/{split}.txt").read_text().split()
        self.names = [name for name in listed if self.image(name).exists() and self.annotation(name).exists()]
        self.missing = sorted(set(listed) - set(self.names))
        if not self.names:
            raise UserError(f"{self.folder} holds none of the {len(listed)} images of {split} with annotations: unpack both archives again")

    def image(self, name: str) -> Path:
        return self.folder / "JPEGImages" / f"{name}.jpg"

    def annotation(self, name: str) -> Path:
        return self.folder / "Annotations" / f"{name}.xml"

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        name = self.names[index]
        return {"rgb": read_rgb(self.image(name)), **read_annotation(self.annotation(name)), "name": name}

    def labels(self) -> NDArray[np.int8]:
        """The labels of all images, int8 [N, 20]; no image is read."""
        return np.stack([read_annotation(self.annotation(name))["labels"] for name in self.names])

    def fingerprint(self) -> str:
        return fingerprint([*map(self.image, self.names), *map(self.annotation, self.names)], self.folder)


def read_annotation(path: Path) -> dict[str, NDArray[Any]]:
    """The labels, boxes, box_classes, difficult and truncated of a sample; UserError for a file that is broken."""
    try:
        objects = ET.parse(path).getroot().findall("object")
        kinds = [_text(thing, "name") for thing in objects]
        corners = [[float(_text(thing, f"bndbox/{corner}")) for corner in ("xmin", "ymin", "xmax", "ymax")] for thing in objects]
        difficult = np.array([(thing.findtext("difficult") or "0").strip() == "1" for thing in objects], dtype=bool)
        truncated = np.array([(thing.findtext("truncated") or "0").strip() == "1" for thing in objects], dtype=bool)
    except (ET.ParseError, ValueError) as error:
        raise UserError(f"{path} is no VOC annotation ({error}): unpack it again") from error
    unknown = set(kinds) - set(CLASSES)
    if unknown:
        raise UserError(f"{path} has an object of class {min(unknown)!r}, which is none of the twenty: unpack it again")
    classes = np.array([CLASSES.index(kind) for kind in kinds], dtype=np.int64)
    labels = np.full(len(CLASSES), -1, dtype=np.int8)
    labels[classes] = 0
    labels[classes[~difficult]] = 1
    boxes = np.array(corners, dtype=np.float64).reshape(-1, 4) - (1, 1, 0, 0)
    return {"labels": labels, "boxes": boxes, "box_classes": classes, "difficult": difficult, "truncated": truncated}


def _text(element: ET.Element, path: str) -> str:
    text = element.findtext(path)
    if text is None:
        raise ValueError(f"an object without {path}")
    return text.strip()


def training(root: Path | None, split: str) -> VOC2007:
    """The 5,011 images that methods are trained on: trainval."""
    return VOC2007(root, "trainval" if split == "train" else split)


def found(root: Path | None) -> Finding:
    """What there is of VOC 2007 under root."""
    there, complaints = dict[str, VOC2007](), []
    for split in ("trainval", "test"):
        try:
            there[split] = VOC2007(root, split)
        except UserError as error:
            complaints.append(str(error))
    if not there:
        return Finding(present=False, text=complaints[0])
    texts = []
    for split, data in there.items():
        absent = f", {len(data.missing)} listed are missing, the first is {data.missing[0]}" if data.missing else ""
        texts.append(f"{len(data)} {split} images{absent}")
    return Finding(present=True, folder=next(iter(there.values())).folder, text="; ".join([*texts, *complaints]))
