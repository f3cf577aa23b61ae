"""Caltech-101: pictures of 101 kinds of objects, about 300x200 pixels each.

Where to get it: https://data.caltech.edu/records/mzrjq-6wc02 (caltech-101.zip, 101_ObjectCategories.tar.gz in it). Licence: CC BY 4.0; cite
Li, Fergus and Perona 2004. Expected under `$SIMLEARN_DATA` (any subset of the classes will do):

    caltech101/101_ObjectCategories/<class>/image_%04d.jpg

There is no official split. Papers draw 30 images of each class to train on and test on the rest; here these are the 30 whose SHA-256 of
"<draw>/<class>/<file>" is smallest, so that a class is split the same way whatever other classes there are. BACKGROUND_Google is no class.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_rgb

FOLDERS = ("caltech101/101_ObjectCategories", "caltech-101/101_ObjectCategories", "101_ObjectCategories")
BACKGROUND = "BACKGROUND_Google"
CLASSES = """
accordion airplanes anchor ant barrel bass beaver binocular bonsai brain brontosaurus buddha butterfly camera cannon car_side
ceiling_fan cellphone chair chandelier cougar_body cougar_face crab crayfish crocodile crocodile_head cup dalmatian dollar_bill dolphin
dragonfly electric_guitar elephant emu euphonium ewer Faces Faces_easy ferry flamingo flamingo_head garfield gerenuk gramophone
grand_piano hawksbill headphone hedgehog helicopter ibis inline_skate joshua_tree kangaroo ketch lamp laptop Leopards llama lobster
lotus mandolin mayfly menorah metronome minaret Motorbikes nautilus octopus okapi pagoda panda pigeon pizza platypus pyramid revolver
rhino rooster saxophone schooner scissors scorpion sea_horse snoopy soccer_ball stapler starfish stegosaurus stop_sign strawberry
sunflower tick trilobite umbrella watch water_lilly wheelchair wild_cat windsor_chair wrench yin_yang
""".split()
SPLITS = ("train", "test")
TRAIN_PER_CLASS = 30


class Caltech101:
    """Indexable; a sample is {"rgb": uint8 [H, W, 3], "class": int, "name": str}. `draw`: which of the random splits.

    `short` names classes with no more images than are drawn for training: nothing is left of them for testing. `missing` names classes of
    the data set without images, `unlisted` folders that are no class of it; both are left out.
    """

    def __init__(self, root: Path | None, split: str, draw: int = 0) -> None:
        if split not in SPLITS:
            raise UserError(f"Caltech-101 has no split {split!r}: known are {', '.join(SPLITS)}")
        self.folder, self.split = locate(root, "Caltech-101", FOLDERS, ()), split
        self.class_names, self.short = list[str](), list[str]()
        self.paths, self.classes = list[Path](), list[int]()
        there = {path.name for path in self.folder.iterdir() if path.is_dir()}
        self.unlisted = tuple(sorted(there - {*CLASSES, BACKGROUND}))
        for folder in sorted(self.folder / name for name in there & set(CLASSES)):
            images = sorted(
                folder.glob("*.jpg"), key=lambda path: hashlib.sha256(f"{draw}/{path.parent.name}/{path.name}".encode()).digest()
            )
            if not images:
                continue
            chosen = sorted(images[:TRAIN_PER_CLASS] if split == "train" else images[TRAIN_PER_CLASS:])
            self.short += [folder.name] if len(images) <= TRAIN_PER_CLASS else []
            self.classes += [len(self.class_names)] * len(chosen)
            self.class_names.append(folder.name)
            self.paths += chosen
        self.missing = tuple(name for name in CLASSES if name not in self.class_names)
        if not self.paths:
            raise UserError(f"{self.folder} holds no image <class>/image_0001.jpg to {split} on: unpack the archive again")

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        path = self.paths[index]
        return {"rgb": read_rgb(path), "class": self.classes[index], "name": f"{path.parent.name}/{path.name}"}

    def fingerprint(self) -> str:
        return fingerprint(self.paths, self.folder)


def found(root: Path | None) -> Finding:
    """What there is of Caltech-101 under root."""
    try:
        train, test = Caltech101(root, "train"), Caltech101(root, "test")
    except UserError as error:
        return Finding(present=False, text=str(error))
    text = f"{len(train.class_names)} of {len(CLASSES)} classes, {len(train)} training and {len(test)} test images"
    short = f"; {len(train.short)} classes have no test images: {', '.join(train.short[:5])}" if train.short else ""
    strange = f"; {len(train.unlisted)} folders are no class: {', '.join(train.unlisted[:5])}" if train.unlisted else ""
    return Finding(present=True, folder=train.folder, text=text + short + strange)
