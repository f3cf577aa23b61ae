"""MPI Sintel: scenes of an animated film with dense optical flow, rendered plainly (clean) and with blur, fog and light effects (final).

Where to get it: http://sintel.is.tue.mpg.de/downloads (MPI-Sintel-complete.zip). Licence: the film is CC BY 3.0 (Blender Foundation);
cite Butler et al. 2012. Expected under `$SIMLEARN_DATA`:

    sintel/training/{clean,final}/<scene>/frame_%04d.png
    sintel/training/flow/<scene>/frame_%04d.flo                       to the next frame; the last frame of a scene has none
    sintel/training/{occlusions,invalid}/<scene>/frame_%04d.png       255: hidden in the next frame; without a true flow
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.datasets.root import Finding, fingerprint, locate, read_grey, read_rgb
from simlearn.formats import flo

FOLDERS = ("sintel", "MPI-Sintel", "MPI-Sintel-complete", "Sintel")
PASSES = ("clean", "final")
PAIRS = 1041
"""Of the training part, which has the truth."""


class Sintel:
    """Training pairs of one pass, named "<scene>/frame_0001". `pictures(i)`: {"rgb", "rgb_next"} uint8 [H, W, 3]; `labels(i)`:
    {"flow_forward" float32 [H, W, 2], "known", "valid" and "seen" bool [H, W]: all, those not marked as invalid, those not hidden in the
    next frame}. `missing` names files that a pair lacks; it is left out."""

    def __init__(self, root: Path | None, rendered: str) -> None:
        self.rendered = rendered
        self.folder = locate(root, "MPI Sintel", FOLDERS, (f"training/{rendered}", "training/flow")) / "training"
        listed = sorted(f"{path.parent.name}/{path.stem}" for path in self.folder.glob("flow/*/frame_*.flo"))
        self.missing = [str(path.relative_to(self.folder)) for name in listed for path in self._files(name) if not path.exists()]
        self.names = [name for name in listed if all(path.exists() for path in self._files(name))]
        if not self.names:
            raise UserError(f"{self.folder} has no pair with pictures, flow, occlusions and invalid: unpack the archive there")

    def _files(self, name: str) -> list[Path]:
        scene, frame = name.split("/")
        following = f"{scene}/frame_{int(frame.removeprefix('frame_')) + 1:04d}"
        pictures = [self.folder / self.rendered / f"{one}.png" for one in (name, following)]
        return [
            *pictures,
            self.folder / "flow" / f"{name}.flo",
            *(self.folder / part / f"{name}.png" for part in ("occlusions", "invalid")),
        ]

    def __len__(self) -> int:
        return len(self.names)

    def pictures(self, index: int) -> dict[str, NDArray[np.uint8]]:
        first, second = self._files(self.names[index])[:2]
        return {"rgb": read_rgb(first), "rgb_next": read_rgb(second)}

    def labels(self, index: int) -> dict[str, Any]:
        truth, hidden, invalid = self._files(self.names[index])[2:]
        flow, known = flo.decode(truth.read_bytes())
        return {"flow_forward": flow, "known": known, "valid": read_grey(invalid) == 0, "seen": read_grey(hidden) == 0}

    def fingerprint(self) -> str:
        return fingerprint([path for name in self.names for path in self._files(name)], self.folder)


def found(root: Path | None) -> Finding:
    """What there is of either pass under root."""
    texts, folder = list[str](), None
    for rendered in PASSES:
        try:
            data = Sintel(root, rendered)
        except UserError as error:
            texts.append(str(error))
            continue
        folder = folder or data.folder
        texts.append(f"{rendered}: {len(data)} of {PAIRS} pairs" + (f"; {len(data.missing)} files are missing" if data.missing else ""))
    return Finding(present=folder is not None, folder=folder, text="; ".join(texts))
