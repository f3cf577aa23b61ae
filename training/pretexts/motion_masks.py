"""Tell from a single picture what in it moves (after Pathak et al., "Learning features by watching objects move", CVPR 2017).

The labels come from a program that watches the clip (`training.programs.motion`), the network sees one frame. As the paper finds, such
masks are noisy and a network learns from them if it can't follow the noise: the target is coarse, and cells near the threshold, or of
frames in which the camera's motion can't be told, don't count. What differs from the paper: its program is uNLC; the mask is of the
whole crop, not of the middle of a box around a thing, so that no box gives away that there is one.

What gives the answer away without knowing things: the masks are those of the middle frame alone, and crops and flips are drawn, so that
"the middle moves" is no rule; `prior` says how far a guess by place gets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones.base import Backbone
from training.crops import CropConfig, crop_frame, draw_window
from training.images import to_picture
from training.learner import Batch, Config, Footage, Picture, Sample
from training.losses import balanced_bce
from training.pictures import Pixels, paint_mask
from training.pretexts.base import Pretext
from training.programs.flow import reduced
from training.programs.memory import Remembered
from training.programs.motion import UNKNOWN, moving
from training.reconstruction import picture_decoder
from training.views import recoloured_input

CELL = 4
"""Pixels of the crop along each axis that share one label."""


@dataclass(frozen=True, kw_only=True)
class MotionMasksConfig(Config):
    """`stride`: frames between those that are compared. `program_size`: the program works on frames whose shorter side has at most so
    many pixels. `ignore`: cells whose mean score lies between these two don't count."""

    crop: CropConfig = field(default_factory=CropConfig)
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    stride: int = 2
    program_size: int = 96
    ignore: tuple[float, float] = (0.4, 0.6)

    def __post_init__(self) -> None:
        if self.stride < 1 or self.program_size < 32:
            raise UserError(f"stride must be at least 1 and program_size at least 32, not {self.stride} and {self.program_size}")
        if not 0 < self.ignore[0] <= UNKNOWN <= self.ignore[1] < 1:
            raise UserError(f"ignore must be a range around {UNKNOWN} within (0, 1), not {self.ignore}")


class MotionMasks(Pretext):
    """`iou` of the moving cells and `balanced_accuracy`, the mean of the shares of moving and of resting cells that are found.

    Chance: a balanced accuracy of 0.5; `prior` is that of the best guess by height alone. Both are 0.5 for batches in which everything
    rests, or moves. `moving`: share of the counted cells that move.
    """

    Config: ClassVar[type[Config]] = MotionMasksConfig
    unit = "clip"
    labels = ("rgb",)

    def __init__(self, backbone: Backbone, config: MotionMasksConfig) -> None:
        super().__init__(backbone, config)
        self.config: MotionMasksConfig = config
        self.decoder = picture_decoder(backbone, 1, finest=CELL, stride=CELL)
        self.program = Remembered(moving)

    @property
    def footage(self) -> Footage:
        return Footage(length=3, stride=self.config.stride)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        frames = reduced(sample["rgb"], self.config.program_size)
        view = {"rgb": frames[1], "score": self.program(frames)}
        return crop_frame(view, draw_window(frames.shape[-2], frames.shape[-1], self.config.crop, generator))

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        cells = F.avg_pool2d(batch["score"][:, None], CELL)[:, 0]
        low, high = self.config.ignore
        return {
            "image": recoloured_input(batch["rgb"], self.config.colour, generator),
            "rgb": batch["rgb"],
            "moving": cells > high,
            "counts": (cells > high) | (cells < low),
        }

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.decoder(self.backbone.forward_stages(batch["image"]))[:, 0].float()
        truth, counts = batch["moving"], batch["counts"]
        found = logits.detach() > 0
        return {
            "loss": balanced_bce(logits, truth, counts),
            "balanced_accuracy": balanced_accuracy(found, truth, counts),
            "iou": iou(found, truth, counts),
            "prior": balanced_accuracy(row_prior(truth, counts), truth, counts),
            "moving": truth.sum() / counts.sum().clamp(min=1),
        }

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().decoder(self.backbone.forward_stages(batch["image"]))[:, 0].float().sigmoid()
        self.train(training)
        label = torch.where(batch["counts"], batch["moving"].float(), UNKNOWN)
        pictures: list[Picture] = []
        for i, pixels in enumerate(to_picture(batch["image"]).permute(0, 2, 3, 1).cpu().numpy()):
            pictures += [("input", pixels), ("moves (grey: not said)", _enlarged(label[i])), ("predicted", _enlarged(found[i]))]
        return pictures


def _enlarged(cells: Tensor) -> Pixels:
    return paint_mask(cells.repeat_interleave(CELL, 0).repeat_interleave(CELL, 1))


def balanced_accuracy(found: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
    """Mean of the shares of true and of false cells (bool, any shape) that are found, among those that count; 0.5 if one kind lacks."""
    positive, negative = truth & counts, ~truth & counts
    if not (positive.any() and negative.any()):
        return torch.full((), 0.5, device=truth.device)
    return ((found & positive).sum() / positive.sum() + (~found & negative).sum() / negative.sum()) / 2


def iou(found: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
    """Cells that are true and found over those that are either, among those that count; 0 if there are none."""
    return (found & truth & counts).sum() / ((found | truth) & counts).sum().clamp(min=1)


def row_prior(truth: Tensor, counts: Tensor) -> Tensor:
    """bool [B, h, w]: cells in rows where moving ones are more frequent than in the whole batch."""
    rows = (truth & counts).sum((0, 2)) / counts.sum((0, 2)).clamp(min=1)
    return (rows > (truth & counts).sum() / counts.sum().clamp(min=1))[None, :, None].expand_as(truth)
