"""Places365: 1.8 million pictures of 365 kinds of places.

Where to get it: http://places2.csail.mit.edu/download.html (small images, "Places365-Standard"). Licence: non-commercial research and
education only; cite Zhou et al. 2017. Expected under `$SIMLEARN_DATA` (any subset of the images will do):

    places365/categories_places365.txt         name <space> class: /a/airfield 0
    places365/places365_train_standard.txt     path <space> class: /a/airfield/00000001.jpg 0
    places365/places365_val.txt                the same: Places365_val_00000001.jpg 165
    places365/data_256/a/airfield/00000001.jpg
    places365/val_256/Places365_val_00000001.jpg

(The lists may lie in a folder `filelist_places365-standard`; `data_256_standard`, `data_large`, `data_large_standard` and `val_large` are
read where the small images are not there.)
"""

from __future__ import annotations

from pathlib import Path

from scenes.errors import UserError
from simlearn.datasets.places import ListedPictures, read_list
from simlearn.datasets.root import Finding, locate

FOLDERS = ("places365", "Places365", "places365_standard")
ASIDE = "filelist_places365-standard"
LISTS = {"train": "places365_train_standard.txt", "val": "places365_val.txt"}
IMAGES = {"train": ("data_256", "data_256_standard", "data_large", "data_large_standard"), "val": ("val_256", "val_large")}


class Places365(ListedPictures):
    """See `ListedPictures`."""

    def __init__(self, root: Path | None, split: str) -> None:
        if split not in LISTS:
            raise UserError(f"Places365 has no split {split!r} with labels: known are {', '.join(LISTS)}")
        self.folder = locate(root, "Places365", FOLDERS, ())
        images = next((self.folder / name for name in IMAGES[split] if (self.folder / name).is_dir()), None)
        if images is None:
            raise UserError(f"{self.folder} has none of the folders {', '.join(IMAGES[split])}: unpack the images there")
        self.class_names = self._names()
        path = self._list(LISTS[split])
        super().__init__(images, read_list(path, len(self.class_names)), path)

    def _list(self, name: str) -> Path:
        path = next((folder / name for folder in (self.folder, self.folder / ASIDE) if (folder / name).exists()), None)
        if path is None:
            raise UserError(f"{self.folder} lacks {name}: unpack filelist_places365-standard.tar there")
        return path

    def _names(self) -> list[str]:
        path = self._list("categories_places365.txt")
        names = {number: name.partition("/")[2] for name, number in read_list(path)}
        if sorted(names) != list(range(len(names))):
            raise UserError(f"{path} has {len(names)} categories that are not numbered 0, 1, ...: restore the file")
        return [names[number] for number in range(len(names))]


def found(root: Path | None) -> Finding:
    """What there is of Places365 under root."""
    there, complaints = dict[str, Places365](), []
    for split in LISTS:
        try:
            there[split] = Places365(root, split)
        except UserError as error:
            complaints.append(str(error))
    if not there:
        return Finding(present=False, text=complaints[0])
    counts = "; ".join(f"{len(data)} {split} images of {len(data.class_names)} classes{data.absent()}" for split, data in there.items())
    return Finding(present=True, folder=next(iter(there.values())).folder, text="; ".join([counts, *complaints]))
