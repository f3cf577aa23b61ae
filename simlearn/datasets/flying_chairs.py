"""Flying Chairs: pairs of photographs with rendered chairs moving over them, and their dense flow.

Where to get it: https://lmb.informatik.uni-freiburg.de/resources/datasets/FlyingChairs.en.html. Licence: research only; cite Dosovitskiy
et al. 2015. Expected under `$SIMLEARN_DATA`:

    FlyingChairs_release/data/%05d_img1.ppm, %05d_img2.ppm, %05d_flow.flo
    FlyingChairs_release/FlyingChairs_train_val.txt        a line for each pair in order: 1 for training, 2 for validation
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_rgb
from simlearn.formats import flo

FOLDERS = ("FlyingChairs_release", "flying_chairs", "FlyingChairs")
LISTS = ("FlyingChairs_train_val.txt", "chairs_split.txt")
TRAINING, VALIDATION = "1", "2"


class FlyingChairs:
    """Pairs of a part ("1" or "2", of the split file). `pictures(i)`: {"rgb", "rgb_next"} uint8 [H, W, 3]; `labels(i)`: {"flow_forward"
    float32 [H, W, 2], "known" bool [H, W]}. `missing` names files of listed pairs that are not there; those pairs are left out."""

    def __init__(self, root: Path | None, part: str = VALIDATION) -> None:
        self.folder = locate(root, "Flying Chairs", FOLDERS, ("data",))
        split = next((self.folder / name for name in LISTS if (self.folder / name).is_file()), None)
        if split is None:
            raise UserError(f"{self.folder} lacks {LISTS[0]}: fetch it from the data set's page, it says which pairs are for validation")
        parts = split.read_text().split()
        strange = next((word for word in parts if word not in (TRAINING, VALIDATION)), None)
        if strange is not None:
            raise UserError(f"{split} holds {strange!r} where only 1 (training) and 2 (validation) may stand: restore the file")
        listed = [f"{number:05d}" for number, word in enumerate(parts, 1) if word == part]
        self.missing = [str(path.relative_to(self.folder)) for name in listed for path in self._files(name) if not path.exists()]
        self.names = [name for name in listed if all(path.exists() for path in self._files(name))]
        if not self.names:
            raise UserError(f"{self.folder} has none of the {len(listed)} pairs that {split.name} lists: unpack the archive there")

    def _files(self, name: str) -> list[Path]:
        return [self.folder / "data" / f"{name}_{part}" for part in ("img1.ppm", "img2.ppm", "flow.flo")]

    def __len__(self) -> int:
        return len(self.names)

    def pictures(self, index: int) -> dict[str, NDArray[np.uint8]]:
        first, second = self._files(self.names[index])[:2]
        return {"rgb": read_rgb(first), "rgb_next": read_rgb(second)}

    def labels(self, index: int) -> dict[str, Any]:
        flow, known = flo.decode(self._files(self.names[index])[2].read_bytes())
        return {"flow_forward": flow, "known": known}

    def fingerprint(self) -> str:
        return fingerprint([path for name in self.names for path in self._files(name)], self.folder)


def found(root: Path | None) -> Finding:
    """What there is of the validation part under root."""
    try:
        data = FlyingChairs(root)
    except UserError as error:
        return Finding(present=False, text=str(error))
    absent = f"; {len(data.missing)} files are missing" if data.missing else ""
    return Finding(present=True, folder=data.folder, text=f"{len(data)} pairs for validation{absent}")
