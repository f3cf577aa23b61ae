"""In which order are these clips? (Xu et al., CVPR 2019, "VCOP".)

Three clips of a video with gaps between them are shuffled; features of every pair of them meet, and all pairs together tell the order.

Known shortcuts and what closes them: one crop for all frames (where each had its own, order would show in no way, or by the window);
gaps, so that the end of one clip doesn't run on into the next; mean 0 and deviation 1 in every channel of every frame (slow changes of
light); colours of each clip changed on their own (slow changes of colour); all orders of the same clips are asked (no order is likelier).

What differs from the paper, and why:
- Clips of 6 frames with gaps of 3 instead of 16 and 8: three of them fit into a second of video. `frames` and `gap` set the paper's.
- A clip's features don't depend on its place, so those of one pass are laid in all six orders: more questions for a sample, at next to
  no cost.
- The crop is drawn in proportion to the motion in it: order doesn't show where nothing moves.
- Batch normalisation stands in the head where the paper has dropout, which would need larger budgets.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones.base import Backbone
from training.clips import crop_clip, recolour_clips
from training.crops import CropConfig
from training.filmstrip import filmstrip
from training.learner import Batch, Config, Footage, Picture, Sample
from training.motion import draw_moving_window, motion
from training.ordering import PairwiseOrder, clip_features
from training.patches import standardise
from training.pretexts.base import Pretext


@dataclass(frozen=True, kw_only=True)
class ClipOrderCrop(CropConfig):
    """Large, or what moves would often be outside."""

    area: tuple[float, float] = (0.5, 1.0)


@dataclass(frozen=True, kw_only=True)
class ClipOrderConfig(Config):
    """`clips` of `frames` frames with `gap` frames between two clips; each frame is `stride` after the one before. `hidden`: width of the
    layer in which pairs meet."""

    crop: ClipOrderCrop = field(default_factory=ClipOrderCrop)
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    clips: int = 3
    frames: int = 6
    gap: int = 3
    stride: int = 1
    hidden: int = 128

    def __post_init__(self) -> None:
        if not 2 <= self.clips <= 4:
            raise UserError(f"clips must be 2, 3 or 4, not {self.clips}: 5 have 120 orders, most of which differ too little")
        if min(self.frames, self.gap, self.stride, self.hidden) < 1:
            raise UserError(
                f"frames, gap, stride and hidden must be at least 1, not {self.frames}, {self.gap}, {self.stride}, {self.hidden}: "
                "without a gap, one clip would run on into the next"
            )


class ClipOrder(Pretext):
    """Tell in which of all orders clips are shown: of three clips chance is an accuracy of 1 / 6."""

    Config: ClassVar[type[Config]] = ClipOrderConfig
    unit = "clip"
    labels = ("rgb",)
    inputs = ("image", "clip")
    orders: Tensor

    def __init__(self, backbone: Backbone, config: ClipOrderConfig) -> None:
        super().__init__(backbone, config)
        self.config: ClipOrderConfig = config
        orders = list(itertools.permutations(range(config.clips)))
        # Kept with the weights, which are worth nothing with another list of orders.
        self.register_buffer("orders", torch.tensor(orders))
        self.head = PairwiseOrder(backbone.channels[backbone.stages[-1]], config.clips, len(orders), hidden=config.hidden)

    @property
    def footage(self) -> Footage:
        config = self.config
        return Footage(length=config.clips * config.frames + (config.clips - 1) * config.gap, stride=config.stride)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        """clips uint8 [N, T, 3, S, S], in order."""
        config, rgb = self.config, sample["rgb"]
        height, width = rgb.shape[-2:]
        window = draw_moving_window(motion(rgb), height, width, config.crop, generator)
        times = torch.arange(config.clips)[:, None] * (config.frames + config.gap) + torch.arange(config.frames)
        return {"clips": crop_clip(rgb[times.flatten()], window).unflatten(0, times.shape)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """image float [B, N, T, 3, S, S], standardised, in order."""
        clips = recolour_clips(batch["clips"].flatten(0, 1), self.config.colour, generator)
        return {"image": self.even(clips).view(batch["clips"].shape)}

    def even(self, clips: Tensor) -> Tensor:
        """float [N, T, 3, S, S] in [0, 1] -> without each frame's brightness, contrast and cast of colour."""
        return standardise(clips)

    def predict(self, image: Tensor) -> Tensor:
        """[B, N, T, 3, S, S], in order -> logits [B, K, K]: of each order in which the clips are shown, which one it is."""
        features = clip_features(self.backbone, image.flatten(0, 1)).unflatten(0, image.shape[:2])
        logits: Tensor = self.head(features[:, self.orders].flatten(0, 1))
        return logits.unflatten(0, (len(image), -1))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.predict(batch["image"])
        truth = torch.arange(len(self.orders), device=logits.device).expand(logits.shape[:2])
        accuracy = (logits.argmax(2) == truth).float().mean()
        return {"loss": F.cross_entropy(logits.flatten(0, 1), truth.flatten()), "accuracy": accuracy}

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().predict(batch["image"]).argmax(2)
        self.train(training)
        pictures: list[Picture] = []
        for i, clips in enumerate(batch["image"]):
            k = i % len(self.orders)
            title = f"order {self._name(k)}; predicted: {self._name(int(found[i, k]))}"
            pictures.append((title, filmstrip(clips[self.orders[k]])))
        return pictures

    def _name(self, order: int) -> str:
        return " ".join(str(place + 1) for place in self.orders[order].tolist())
