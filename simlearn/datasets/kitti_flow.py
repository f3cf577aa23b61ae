"""KITTI flow 2012 and 2015: pairs of street scenes with sparse optical flow from laser scans and, of cars in 2015, fitted models.

Where to get them: https://www.cvlibs.net/datasets/kitti/eval_flow.php (data_stereo_flow.zip: 2012) and eval_scene_flow.php?benchmark=flow
(data_scene_flow.zip: 2015). Licence: CC BY-NC-SA 3.0. Expected under `$SIMLEARN_DATA`, `kitti/` being optional:

    kitti/flow2012/training/{colored_0,flow_occ,flow_noc}/%06d_10.png, and colored_0/%06d_11.png (or image_0, grey)
    kitti/flow2015/training/{image_2,flow_occ,flow_noc,obj_map}/%06d_10.png, and image_2/%06d_11.png

flow_occ has all known pixels, flow_noc those that are not hidden in the second picture; obj_map is 0 for the background.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_grey, read_rgb
from simlearn.formats import kitti

FOLDERS = {
    2012: ("kitti/flow2012", "flow2012", "kitti/data_stereo_flow", "data_stereo_flow", "kitti2012"),
    2015: ("kitti/flow2015", "flow2015", "kitti/data_scene_flow", "data_scene_flow", "kitti2015"),
}
IMAGES = {2012: ("colored_0", "image_0"), 2015: ("image_2",)}
PAIRS = {2012: 194, 2015: 200}
"""Of the training part, which has the truth."""


class KittiFlow:
    """Training pairs of a year. `pictures(i)`: {"rgb", "rgb_next"} uint8 [H, W, 3]; `labels(i)`: {"flow_forward" float32 [H, W, 2], "known"
    and "seen" bool [H, W] (all, and those not hidden), and of 2015 "object" bool [H, W]}. `missing` names files that a pair lacks."""

    def __init__(self, root: Path | None, year: int) -> None:
        self.year = year
        self.folder = locate(root, f"KITTI flow {year}", FOLDERS[year], ("training/flow_occ",)) / "training"
        self.images = next((name for name in IMAGES[year] if (self.folder / name).is_dir()), IMAGES[year][0])
        listed = sorted(path.stem for path in self.folder.glob("flow_occ/*_10.png"))
        self.missing = [str(path.relative_to(self.folder)) for name in listed for path in self._files(name) if not path.exists()]
        self.names = [name for name in listed if all(path.exists() for path in self._files(name))]
        if not self.names:
            raise UserError(f"{self.folder} has no pair with pictures, flow_occ and flow_noc: unpack the archive there")

    def _files(self, name: str) -> list[Path]:
        pictures = [self.folder / self.images / f"{name}.png", self.folder / self.images / f"{name[:-3]}_11.png"]
        maps = ("flow_occ", "flow_noc", *(("obj_map",) if self.year == 2015 else ()))
        return [*pictures, *(self.folder / part / f"{name}.png" for part in maps)]

    def __len__(self) -> int:
        return len(self.names)

    def pictures(self, index: int) -> dict[str, NDArray[np.uint8]]:
        first, second = self._files(self.names[index])[:2]
        return {"rgb": read_rgb(first), "rgb_next": read_rgb(second)}

    def labels(self, index: int) -> dict[str, Any]:
        _, _, occ, noc, *objects = self._files(self.names[index])
        flow, known = kitti.decode_flow(occ.read_bytes())
        found = {"flow_forward": flow, "known": known, "seen": kitti.decode_flow(noc.read_bytes())[1]}
        return found | ({"object": read_grey(objects[0]) > 0} if objects else {})

    def fingerprint(self) -> str:
        return fingerprint([path for name in self.names for path in self._files(name)], self.folder)


def found(root: Path | None) -> Finding:
    """What there is of either year under root."""
    texts, folder = list[str](), None
    for year, pairs in PAIRS.items():
        try:
            data = KittiFlow(root, year)
        except UserError as error:
            texts.append(str(error))
            continue
        folder = folder or data.folder
        texts.append(f"{year}: {len(data)} of {pairs} pairs" + (f"; {len(data.missing)} files are missing" if data.missing else ""))
    return Finding(present=folder is not None, folder=folder, text="; ".join(texts))
