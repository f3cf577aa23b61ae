"""Predicted depth as people save it: files of metres, of disparity, or one file of all images; and how it is brought to the truth's size.

<item>.png         uint16, 256 x metres; 0: nothing predicted
<item>.npy         float [H, W], metres (or depth to scale)
<item>_disp.npy    float [H, W], disparity: 1/depth, to scale
one .npy file      float [N, H, W], in the order of the benchmark's list; disparity where its name holds "disp", depth where "depth"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.benchmarks.depth_protocols import inverted
from simlearn.benchmarks.predictions import STACK, Readers, Unusable
from simlearn.formats import kitti

Depth = NDArray[np.float32]
RESIZES = {
    "disparity": "resized bilinearly as disparity (pixels at their centres)",
    "depth": "resized bilinearly as depth (pixels at their centres)",
    "depth_corners": "resized bilinearly as depth (corners aligned)",
    "exact": "of the truth's size",
}


@dataclass(frozen=True)
class Disparity:
    """A prediction that is 1/depth, to scale: `values` float32 [H, W]."""

    values: Depth


def read_png(path: Path) -> Depth:
    """Metres of a KITTI file, NaN where nothing is predicted."""
    depth, known = kitti.decode_depth(path.read_bytes())
    return np.where(known, depth, np.float32(np.nan))


def read_npy(path: Path) -> Depth:
    """A map float32 [H, W] of a file that may have further axes of length 1."""
    return _map(np.load(path, allow_pickle=False))


def read_disparity(path: Path) -> Disparity:
    return Disparity(read_npy(path))


def _map(array: NDArray[Any]) -> Depth:
    array = array.reshape(array.shape[-2:]) if array.ndim > 2 and array.size == np.prod(array.shape[-2:]) else array
    if array.dtype.kind not in "fiu" or array.ndim != 2 or not array.size:
        raise UserError(f"holds {array.dtype} {list(array.shape)} instead of float [H, W]")
    return array.astype(np.float32)


class Stack(Sequence[Any]):
    """All predictions in one .npy file, read as they are asked for."""

    def __init__(self, path: Path) -> None:
        kinds = [kind for kind in ("disp", "depth") if kind in path.stem.lower()]
        if len(kinds) != 1:
            raise UserError(f"{path.name} does not say what it holds: name it disps.npy (1/depth, to scale) or depths.npy")
        try:
            self._array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise UserError(f"{path} cannot be read ({error}): save float arrays of one size, as np.save(path, stack)") from error
        if self._array.ndim not in (3, 4):
            raise UserError(f"{path} has shape {list(self._array.shape)} instead of [N, H, W]: save one map for each image of the list")
        self._disparity = kinds == ["disp"]

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, index: Any) -> Any:
        try:
            values = _map(np.asarray(self._array[index]))
        except UserError as error:
            raise Unusable(f"in the file {error}") from error
        return Disparity(values) if self._disparity else values


READERS: Readers = {".png": read_png, ".npy": read_npy, "_disp.npy": read_disparity, STACK: Stack}


def resized(values: Depth, height: int, width: int, *, corners: bool = False) -> Depth:
    """A map [h, w] at another size: bilinear between pixel centres, the border repeated, without smoothing (OpenCV's INTER_LINEAR); or with
    the corner pixels on each other."""
    if values.shape == (height, width):
        return values
    tensor = torch.from_numpy(np.array(values, dtype=np.float32))[None, None]
    return F.interpolate(tensor, (height, width), mode="bilinear", align_corners=corners)[0, 0].numpy()


def fitted(prediction: Any, shapes: Sequence[tuple[int, ...]], resize: str) -> tuple[Depth, bool]:
    """(map of one of the `shapes`, whether it is disparity) of a depth [h, w] or a `Disparity`.

    One of another size is brought to the first shape by the rule `resize` of `RESIZES`, or is Unusable.
    """
    disparity = isinstance(prediction, Disparity)
    values = np.asarray(prediction.values if isinstance(prediction, Disparity) else prediction)
    if values.ndim != 2 or not values.size:
        raise Unusable(f"has shape {list(values.shape)}, a map [H, W] was expected")
    if values.shape in shapes:
        return values, disparity
    height, width = shapes[0]
    if resize == "exact":
        wanted = " or ".join("x".join(map(str, shape)) for shape in shapes)
        raise Unusable(f"is {values.shape[0]}x{values.shape[1]}, {wanted} was expected")
    as_disparity = resize == "disparity"
    if as_disparity != disparity:
        values = _inverse(values, disparity=disparity)
    return resized(values, height, width, corners=resize == "depth_corners"), as_disparity


def _inverse(values: Depth, *, disparity: bool) -> Depth:
    known = np.isfinite(values)
    if disparity:
        return np.where(known, inverted(np.where(known, values, 1.0).astype(np.float64)), np.nan).astype(np.float32)
    if (values[known] <= 0).any():
        raise Unusable(f"has {int((values[known] <= 0).sum())} depths that are not positive, so it cannot be resized as disparity")
    return np.where(values > 0, 1 / np.where(known, values, np.inf), np.float32(np.nan)).astype(np.float32)
