"""Middlebury: image pairs with dense optical flow, and stereo pairs whose disparity is horizontal motion.

Where to get them: https://vision.middlebury.edu/flow/data (other-color-allframes or -twoframes, other-gt-flow) and
https://vision.middlebury.edu/stereo/data/scenes2003 (cones, teddy at quarter size). Free for research; cite Baker et al. 2011, Scharstein &
Szeliski 2003. Expected under `$SIMLEARN_DATA`:

    middlebury/flow/other-data/<scene>/frame10.png, frame11.png
    middlebury/flow/other-gt-flow/<scene>/flow10.flo       (du, dv) in pixels from frame 10 to frame 11; unknown ones above 1e9
    middlebury/stereo/<scene>/im2.png, im6.png, disp2.png  left, right, disparity of the left one in quarters of a pixel, 0 = unknown
    middlebury/stereo/<scene>_left.png, _right.png, _gt.png     or so, with disparity in whole pixels
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_grey, read_rgb
from simlearn.formats import flo

FLOW_FOLDERS = ("middlebury/flow", "middlebury-flow", "middlebury")
STEREO_FOLDERS = ("middlebury/stereo", "middlebury-stereo", "middlebury")


class MiddleburyFlow:
    """Pairs with known flow. `pictures(i)`: {"rgb", "rgb_next"} uint8 [H, W, 3]; `labels(i)`: {"flow_forward" float32 [H, W, 2], "known"
    bool [H, W]}. `missing` names what a listed scene lacks; it is left out."""

    def __init__(self, root: Path | None) -> None:
        self.folder = locate(root, "Middlebury flow", FLOW_FOLDERS, ("other-data", "other-gt-flow"))
        listed = sorted(path.parent.name for path in self.folder.glob("other-gt-flow/*/flow10.flo"))
        self.missing = [str(path.relative_to(self.folder)) for name in listed for path in self._frames(name) if not path.exists()]
        self.names = [name for name in listed if all(path.exists() for path in self._frames(name))]
        if not self.names:
            raise UserError(f"{self.folder} has no scene with frame10.png, frame11.png and flow10.flo: unpack the archives there")

    def _frames(self, name: str) -> tuple[Path, Path]:
        return self.folder / "other-data" / name / "frame10.png", self.folder / "other-data" / name / "frame11.png"

    def _truth(self, name: str) -> Path:
        return self.folder / "other-gt-flow" / name / "flow10.flo"

    def __len__(self) -> int:
        return len(self.names)

    def pictures(self, index: int) -> dict[str, NDArray[np.uint8]]:
        first, second = self._frames(self.names[index])
        return {"rgb": read_rgb(first), "rgb_next": read_rgb(second)}

    def labels(self, index: int) -> dict[str, Any]:
        flow, known = flo.decode(self._truth(self.names[index]).read_bytes())
        return {"flow_forward": flow, "known": known}

    def fingerprint(self) -> str:
        return fingerprint([path for name in self.names for path in (*self._frames(name), self._truth(name))], self.folder)


class MiddleburyStereo:
    """The same of stereo pairs: the flow from the left to the right picture is (-disparity, 0)."""

    def __init__(self, root: Path | None) -> None:
        self.folder = locate(root, "Middlebury stereo", STEREO_FOLDERS, ())
        official = {
            path.parent.name: (path, path.with_name("im6.png"), path.with_name("disp2.png")) for path in self.folder.glob("*/im2.png")
        }
        flat = {name: self._beside(name) for name in (path.name[: -len("_left.png")] for path in self.folder.glob("*_left.png"))}
        self._steps = {name: 4.0 if name in official else 1.0 for name in (*official, *flat)}
        files = {**flat, **official}
        self.missing = sorted(str(path.relative_to(self.folder)) for three in files.values() for path in three if not path.exists())
        self._files = {name: three for name, three in sorted(files.items()) if all(path.exists() for path in three)}
        self.names = list(self._files)
        if not self.names:
            raise UserError(f"{self.folder} has no <scene>/im2.png with im6.png and disp2.png: put Middlebury's stereo pairs there")

    def _beside(self, name: str) -> tuple[Path, Path, Path]:
        return self.folder / f"{name}_left.png", self.folder / f"{name}_right.png", self.folder / f"{name}_gt.png"

    def __len__(self) -> int:
        return len(self.names)

    def pictures(self, index: int) -> dict[str, NDArray[np.uint8]]:
        left, right, _ = self._files[self.names[index]]
        return {"rgb": read_rgb(left), "rgb_next": read_rgb(right)}

    def labels(self, index: int) -> dict[str, Any]:
        name = self.names[index]
        disparity = read_grey(self._files[name][2]).astype(np.float32) / self._steps[name]
        return {"flow_forward": np.stack([-disparity, np.zeros_like(disparity)], -1), "known": disparity > 0}

    def fingerprint(self) -> str:
        return fingerprint([path for three in self._files.values() for path in three], self.folder)


def found(root: Path | None) -> Finding:
    """What there is of either under root."""
    texts, folder = list[str](), None
    for what, reader in (("pairs with flow", MiddleburyFlow), ("stereo pairs", MiddleburyStereo)):
        try:
            data = reader(root)
        except UserError as error:
            texts.append(str(error))
            continue
        folder = folder or data.folder
        texts.append(f"{len(data)} {what}" + (f"; {len(data.missing)} files are missing" if data.missing else ""))
    return Finding(present=folder is not None, folder=folder, text="; ".join(texts))
