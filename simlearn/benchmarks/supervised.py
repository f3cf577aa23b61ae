"""The supervised references: the same backbone trained from scratch on a benchmark's own labels, through the one training loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from simlearn.benchmarks.evaluation import Request
from simlearn.benchmarks.features import GRID_STRIDE, as_tensor, coordinate_grid, device, hypercolumn, hypercolumn_width
from training.backbones import Backbone
from training.budget import Budget
from training.fit import FitConfig, fit
from training.images import to_input

UNKNOWN_CLASS = 255
Objective = Callable[[Tensor, dict[str, Tensor]], Tensor]
"""(output float [B, K, h, w], batch) -> scalar."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long a reference trains: samples seen in all, and how many at a time."""

    samples: int
    batch_size: int
    seed: int


def train_supervised(
    learner: nn.Module, data: Sequence[dict[str, Tensor]], training: Training, request: Request, tag: str = "all"
) -> float:
    """Trains the learner in place and puts it in eval mode on the device; seconds of wall clock."""
    config = FitConfig(
        budget=Budget(samples=training.samples), batch_size=training.batch_size, seed=training.seed, lr=2e-3, checkpoint_seconds=1e9
    )
    out: Path = request.work / f"supervised-{tag}"
    done = fit(learner, data, config, out, title="supervised reference")  # type: ignore[arg-type]
    learner.eval().to(device())
    return done.seconds


class Classifier(nn.Module):
    """Cross entropy of `backbone.classify`, with random shifts of up to an eighth of the image and, where they change no class, flips."""

    def __init__(self, backbone: Backbone, *, flip: bool = True) -> None:
        super().__init__()
        self.backbone, self.flip = backbone, flip

    def views(self, sample: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """One sample {"rgb": uint8 [3, H, W], "class": int64 []}."""
        rgb, margin = sample["rgb"], sample["rgb"].shape[1] // 8
        top, left, flip = (int(torch.randint(n, (), generator=generator)) for n in (2 * margin + 1, 2 * margin + 1, 2))
        padded = F.pad(rgb[None].float(), (margin,) * 4, mode="reflect")[0].to(torch.uint8)
        window = padded[:, top : top + rgb.shape[1], left : left + rgb.shape[2]]
        return {"rgb": window.flip(-1) if flip and self.flip else window, "class": sample["class"]}

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        scores = self.backbone.classify(to_input(batch["rgb"]))  # type: ignore[operator]
        return {"loss": F.cross_entropy(scores, batch["class"])}


class DenseLearner(nn.Module):
    """The probe's hypercolumn and linear layer, trained together with the trunk, on random windows and flips.

    A sample is {"rgb": uint8 [3, H, W], "coordinates": float32 [2, H/4, W/4]} and targets [..., H/4, W/4]; H and W are multiples of 4.
    `crop` is the window's (width, height) in input pixels, multiples of 4.
    """

    def __init__(self, backbone: Backbone, outputs: int, *, coordinates: bool, objective: Objective, crop: tuple[int, int]) -> None:
        super().__init__()
        self.backbone, self.objective, self.coordinates, self.crop = backbone, objective, coordinates, crop
        width = hypercolumn_width(backbone, coordinates=coordinates)
        self.head = nn.Conv2d(width, outputs, 1)
        nn.init.zeros_(self.head.weight)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)

    def views(self, sample: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        height, width = (size // GRID_STRIDE for size in sample["rgb"].shape[1:])
        w, h = (min(size // GRID_STRIDE, whole) for size, whole in zip(self.crop, (width, height), strict=True))
        top, left, flip = (int(torch.randint(n, (), generator=generator)) for n in (height - h + 1, width - w + 1, 2))
        return {name: _window(name, value, (top, left, h, w), flip=bool(flip)) for name, value in sample.items()}

    def forward(self, images: Tensor, coordinates: Tensor | None = None) -> Tensor:
        """images float32 [B, 3, H, W] normalised -> [B, outputs, H/4, W/4]; coordinates default to those of whole images."""
        if not self.coordinates:
            coordinates = None
        elif coordinates is None:
            coordinates = coordinate_grid(*(-(-n // GRID_STRIDE) for n in images.shape[2:])).to(images.device)
        return self.head(hypercolumn(self.backbone, images, coordinates))

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"loss": self.objective(self(to_input(batch["rgb"]), batch["coordinates"]), batch)}

    def predictor(self, size: tuple[int, int]) -> Callable[[NDArray[np.uint8]], Tensor]:
        """rgb uint8 [H, W, 3] -> output float32 [K, h, w] for the image resized to size (width, height)."""

        @torch.inference_mode()
        def predict(rgb: NDArray[np.uint8]) -> Tensor:
            return self(to_input(as_tensor(rgb, size)[None].to(next(self.parameters()).device)))[0]

        return predict


def _window(name: str, value: Tensor, cells: tuple[int, int, int, int], *, flip: bool) -> Tensor:
    """A window of top, left, height, width in cells; rgb has 4x4 pixels a cell. Flipping mirrors x: column coordinate and normal x."""
    top, left, height, width = (n * (GRID_STRIDE if name == "rgb" else 1) for n in cells)
    part = value[..., top : top + height, left : left + width]
    if not flip:
        return part.contiguous()
    part = part.flip(-1)
    if name in ("coordinates", "normal"):
        sign = torch.tensor([1.0, -1.0] if name == "coordinates" else [-1.0, 1.0, 1.0])
        part = part * sign[:, None, None]
    return part.contiguous()


def class_loss(output: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """Cross entropy with "class" uint8 [B, h, w], where UNKNOWN_CLASS is left out."""
    return F.cross_entropy(output, batch["class"].long(), ignore_index=UNKNOWN_CLASS)


def depth_loss(output: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """Mean absolute error of "log_depth" [B, h, w] where known (not NaN); plus 1 - cosine of "normal" [B, 3, h, w] where there is one."""
    known = torch.isfinite(batch["log_depth"])
    loss = (output[:, 0] - batch["log_depth"])[known].abs().sum() / known.sum().clamp(min=1)
    if "normal" in batch:
        there = batch["normal"].square().sum(1) > 0.5
        cosine = F.cosine_similarity(output[:, 1:4], batch["normal"], dim=1)
        loss = loss + (1 - cosine)[there].sum() / there.sum().clamp(min=1)
    return loss


def dense_sample(rgb: NDArray[np.uint8], size: tuple[int, int], **targets: NDArray[Any]) -> dict[str, Tensor]:
    """A DenseLearner's sample: the image resized to size (width, height) and targets on its stride-4 grid."""
    grid = coordinate_grid(size[1] // GRID_STRIDE, size[0] // GRID_STRIDE)
    arrays = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in targets.items()}
    return {"rgb": as_tensor(rgb, size), "coordinates": grid, **arrays}
