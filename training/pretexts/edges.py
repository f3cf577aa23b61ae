"""Find the edges of a picture in a spoilt copy of it: the labels come from a program that sees the picture itself.

Of the pretexts whose labels are computed, edges are the oldest (after Canny's detector; Li et al., CVPR 2016, learn from edges of motion).
Computed from what the network sees they would teach it one small filter. So the network gets less: the picture is blurred, its contrast
is lowered, noise is added and often its colour is gone, while the program reads the clean one, at several scales. Which of the weak
changes are edges must then be told from what goes on around them. Stages of a stride below 4 don't enter the decoder, because what is
local suffices there.
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
from training.crops import CropConfig
from training.images import to_picture
from training.learner import Batch, Config, Picture, Sample
from training.losses import balanced_bce
from training.pictures import Pixels, paint_mask
from training.pretexts.base import Pretext
from training.programs.edges import edges, gradient, smoothed, strongest_change
from training.reconstruction import picture_decoder
from training.views import random_view, recoloured_input

FINEST = 4
CELL = 2
"""Pixels along each axis that share one label, "an edge runs through": so an edge may be found a pixel beside its place."""


def _spoilt() -> PhotometricConfig:
    return PhotometricConfig(contrast=0.7, grey=0.4, channel=0.2, blur=0.8, blur_sigma=2.0, noise=1.0, noise_sigma=0.12)


@dataclass(frozen=True, kw_only=True)
class EdgesConfig(Config):
    """`scales`: the program's smoothing in pixels, one map of edges each. `strong`: the height of a step at which an edge begins,
    1 = from 0 to 1 in one channel. `spoil`: what is done to the picture that the network sees."""

    crop: CropConfig = field(default_factory=CropConfig)
    spoil: PhotometricConfig = field(default_factory=_spoilt)
    scales: tuple[float, ...] = (1.0, 2.0)
    strong: float = 0.25

    def __post_init__(self) -> None:
        if not self.scales or min(self.scales) < 0.5:
            raise UserError(f"scales must name at least one smoothing of 0.5 pixels or more, not {self.scales}")
        if self.strong <= 0:
            raise UserError(f"strong must be positive, not {self.strong}")


class Edges(Pretext):
    """`average_precision` of the cells with an edge at the first scale. Chance: `edge_share`, the part of the cells that have one;
    `average_precision_sobel` is what the gradient of the spoilt picture reaches, smoothed at the best of the scales."""

    Config: ClassVar[type[Config]] = EdgesConfig
    unit = "image"
    labels = ("rgb",)

    def __init__(self, backbone: Backbone, config: EdgesConfig) -> None:
        super().__init__(backbone, config)
        self.config: EdgesConfig = config
        self.decoder = picture_decoder(backbone, len(config.scales), finest=FINEST, stride=CELL)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        return {"rgb": random_view(sample["rgb"], self.config.crop, generator)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        clean = batch["rgb"].float() / 255
        maps = [edges(clean, sigma=scale, strong=self.config.strong) for scale in self.config.scales]
        return {
            "image": recoloured_input(batch["rgb"], self.config.spoil, generator),
            "rgb": batch["rgb"],
            "edges": any_in_cells(torch.stack(maps, 1)),
        }

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        truth = batch["edges"]
        logits = self.decoder(self.backbone.forward_stages(batch["image"])).float()
        everywhere = torch.ones_like(truth[:, 0])
        losses = [balanced_bce(logits[:, i], truth[:, i], everywhere) for i in range(truth.shape[1])]
        with torch.no_grad():
            guesses = [F.max_pool2d(local_contrast(batch["image"], scale), CELL) for scale in self.config.scales]
            sobel = torch.stack([average_precision(guess, truth[:, 0]) for guess in guesses]).amax()
        return {
            "loss": torch.stack(losses).mean(),
            "average_precision": average_precision(logits[:, 0].detach(), truth[:, 0]),
            "average_precision_sobel": sobel,
            "edge_share": truth[:, 0].float().mean(),
        }

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().decoder(self.backbone.forward_stages(batch["image"])).float().sigmoid()
        self.train(training)
        pictures: list[Picture] = []
        inputs, clean = (x.permute(0, 2, 3, 1).cpu().numpy() for x in (to_picture(batch["image"]), batch["rgb"]))
        for i in range(len(inputs)):
            pictures += [("input", inputs[i]), ("picture", clean[i])]
            pictures += [(f"edges at {scale:g} px", _enlarged(batch["edges"][i, j])) for j, scale in enumerate(self.config.scales)]
            pictures.append(("predicted", _enlarged(found[i, 0])))
        return pictures


def any_in_cells(maps: Tensor) -> Tensor:
    """bool [B, C, H, W] -> [B, C, H / CELL, W / CELL]: true where any pixel of the cell is."""
    return F.max_pool2d(maps.float(), CELL) > 0


def _enlarged(cells: Tensor) -> Pixels:
    return paint_mask(cells.repeat_interleave(CELL, 0).repeat_interleave(CELL, 1))


def local_contrast(images: Tensor, sigma: float) -> Tensor:
    """float [B, H, W]: how fast the colour of normalised pictures [B, 3, H, W] changes at every pixel."""
    return strongest_change(*gradient(smoothed(images.float(), sigma)))[0]


def average_precision(scores: Tensor, truth: Tensor) -> Tensor:
    """Mean over the true elements (bool, any shape) of the precision of everything that scores at least as high; 0 if none is true.

    Elements of one score count together, so that a constant has the share of the true ones.
    """
    ordered, order = scores.flatten().sort(descending=True)
    hits = truth.flatten()[order]
    precision = hits.cumsum(0) / torch.arange(1, len(hits) + 1, device=hits.device)
    last = torch.searchsorted(-ordered, -ordered, right=True) - 1
    return (precision[last] * hits).sum() / hits.sum().clamp(min=1)
