"""A trained network as something to ask: pictures in, depth, normals, flow out, at the pictures' own size.

network = Trained.open("runs/streets")
depth = network.maps(rgb)["depth"]                # float32 [H, W]
flow = network.pair(rgb, next_rgb)["flow"]        # float32 [H, W, 2], pixels
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from scenes.errors import UserError
from simlearn.benchmarks.features import as_tensor, device
from training.checkpoint import load_learner
from training.images import to_input
from training.learner import Learner

Map = NDArray[np.float32]
LONGEST_PX = 2048
"""Larger pairs are read at this size, and their flow enlarged: memory grows with the area."""
STEP_PX = 32
"""Sizes that pictures are resized to are multiples of this."""


class Trained:
    """A learner in eval mode, on the GPU where there is one. `maps` and `pairs` name what it tells of a picture and of two."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner.eval().to(device())
        self.tasks = (*learner.maps, *learner.pair_maps)

    @classmethod
    def open(cls, run: Path | str) -> Trained:
        """Of a run's folder; UserError when there is none, or when its learner predicts nothing."""
        trained = cls(load_learner(run))
        if not trained.tasks:
            raise UserError(f"{run} holds {trained.learner.name}, which predicts nothing of a picture: measure its features instead")
        return trained

    def needs(self, task: str) -> None:
        """UserError unless the network predicts the task."""
        if task not in self.tasks:
            raise UserError(f"{self.learner.name} predicts {', '.join(self.tasks)}, not {task}: train a network for it")

    @torch.inference_mode()
    def maps(self, rgb: NDArray[np.uint8], *, size: tuple[int, int] | None = None, K: NDArray[Any] | None = None) -> dict[str, Map]:
        """What it tells of a picture uint8 [H, W, 3]: depth and contour float32 [H, W], normal [H, W, 3].

        Depth is in metres when K, the camera's matrix [3, 3] in pixels of the picture, is given and the network knows metres, else to
        scale. `size` (width, height) is what the network reads, by default what suits it.
        """
        height, width = rgb.shape[:2]
        size = size or self._size(height, width)
        camera = None
        if K is not None:
            scaled = np.diag([size[0] / width, size[1] / height, 1.0]) @ np.asarray(K, dtype=np.float64)
            camera = torch.as_tensor(scaled, dtype=torch.float32, device=device())[None]
        found = self.learner.predict_maps(to_input(as_tensor(rgb, size)[None].to(device())), camera)
        return {name: to_size(name, value[0].float(), height, width) for name, value in found.items()}

    @torch.inference_mode()
    def pair(self, first: NDArray[np.uint8], second: NDArray[np.uint8], *, longest_px: int = LONGEST_PX) -> dict[str, Map]:
        """What it tells of two pictures of one size, uint8 [H, W, 3]: flow float32 [H, W, 2], pixels from the first to the second.

        A longer side than `longest_px` is reduced to it, and what is found enlarged.
        """
        if first.shape != second.shape:
            raise UserError(f"the two pictures differ in size ({_shape(first)} and {_shape(second)}): flow needs both alike")
        height, width = first.shape[:2]
        ratio = min(1.0, longest_px / max(height, width))
        size = (max(1, round(width * ratio)), max(1, round(height * ratio))) if ratio < 1 else (width, height)
        found = self.learner.predict_pair(*(to_input(as_tensor(rgb, size)[None].to(device())) for rgb in (first, second)))
        maps = {name: to_size(name, value[0].float(), height, width) for name, value in found.items()}
        if "flow" in maps and ratio < 1:
            maps["flow"] *= np.array([width / size[0], height / size[1]], dtype=np.float32)
        return maps

    def _size(self, height: int, width: int) -> tuple[int, int]:
        """(width, height) of what the network reads of a picture."""
        if self.learner.short_px is None:
            return width, height
        scale = self.learner.short_px / min(height, width)
        return max(STEP_PX, round(width * scale / STEP_PX) * STEP_PX), max(STEP_PX, round(height * scale / STEP_PX) * STEP_PX)


def to_size(name: str, value: Tensor, height: int, width: int) -> Map:
    """A map [h, w] or [C, h, w] at another size, bilinearly; depth as its logarithm. Channels come last."""
    value = value.clamp(min=1e-6).log() if name == "depth" else value
    planes = value[None] if value.ndim == 2 else value
    resized = F.interpolate(planes[None], (height, width), mode="bilinear", align_corners=False)[0]
    # exp(+-12) is far outside every range that is measured, and keeps a wild extrapolation finite.
    resized = resized.clamp(-12, 12).exp() if name == "depth" else resized
    return _channels_last(resized[0] if value.ndim == 2 else resized)


def _channels_last(value: Tensor) -> Map:
    found: Any = (value.permute(1, 2, 0) if value.ndim == 3 else value).cpu().numpy()
    return np.ascontiguousarray(found, dtype=np.float32)


def _shape(rgb: NDArray[np.uint8]) -> str:
    return f"{rgb.shape[1]}x{rgb.shape[0]}"
