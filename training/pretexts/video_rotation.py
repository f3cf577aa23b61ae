"""Which way is up in a clip? All its frames turned by the same multiple of 90 degrees (Jing & Tian 2018, "3DRotNet").

As in `training.pretexts.rotation`, only turns that move pixels without resampling them are used, of square crops, and a turn is applied
last, after all that changes colours. One crop and one change of colour serve all frames, so that only what moves changes in a clip.

What differs from the paper, and why:
- 8 frames, every other one, instead of 16: two thirds of a second at 25 frames a second, at half the cost.
- Every clip enters a batch in one random turn; `all_turns` puts all four in, as the paper does, at four times the cost.
- Colours are jittered, and the head is one linear layer on the averaged last stage, for any backbone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.clips import clip_view, recolour_clips
from training.filmstrip import filmstrip
from training.images import normalise
from training.learner import Batch, Config, Footage, Picture, Sample
from training.ordering import clip_features
from training.pretexts.base import Pretext
from training.pretexts.rotation import TURNS, RotationConfig


@dataclass(frozen=True, kw_only=True)
class VideoRotationConfig(RotationConfig):
    """`frames`, each `stride` after the one before. `all_turns`: every clip enters a batch in all four turns."""

    frames: int = 8
    stride: int = 2
    all_turns: bool = False

    def __post_init__(self) -> None:
        if min(self.frames, self.stride) < 1:
            raise UserError(f"frames and stride must be at least 1, not {self.frames}, {self.stride}")


class VideoRotation(Pretext):
    """Tell by how many quarter turns (counter-clockwise) a clip was turned: four classes, so chance is an accuracy of 0.25."""

    Config: ClassVar[type[Config]] = VideoRotationConfig
    unit = "clip"
    labels = ("rgb",)
    inputs = ("image", "clip")

    def __init__(self, backbone: Backbone, config: VideoRotationConfig) -> None:
        super().__init__(backbone, config)
        self.config: VideoRotationConfig = config
        self.head = nn.Linear(backbone.channels[backbone.stages[-1]], TURNS)

    @property
    def footage(self) -> Footage:
        return Footage(length=self.config.frames, stride=self.config.stride)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        """rgb uint8 [T, 3, S, S]."""
        return {"rgb": clip_view(sample["rgb"], self.config.crop, generator)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """image float [B or 4 B, T, 3, S, S], normalised; turn int64 [B or 4 B]. The four turns of a clip follow each other."""
        clips = normalise(recolour_clips(batch["rgb"], self.config.colour, generator))
        turn = torch.arange(TURNS, device=clips.device).repeat(len(clips))
        if self.config.all_turns:
            clips = clips.repeat_interleave(TURNS, 0)
        else:
            turn = torch.randint(TURNS, (len(clips),), generator=generator, device=clips.device)
        turned = [torch.rot90(clip, k, (-2, -1)) for clip, k in zip(clips, turn.tolist(), strict=True)]
        return {"image": torch.stack(turned), "turn": turn}

    def predict(self, images: Tensor) -> Tensor:
        """float [B, T, 3, S, S], normalised -> logits [B, 4]."""
        logits: Tensor = self.head(clip_features(self.backbone, images))
        return logits

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.predict(batch["image"])
        accuracy = (logits.argmax(1) == batch["turn"]).float().mean()
        return {"loss": F.cross_entropy(logits, batch["turn"]), "accuracy": accuracy}

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().predict(batch["image"]).argmax(1).tolist()
        self.train(training)
        pictures: list[Picture] = []
        for clip, truth, guess in zip(batch["image"], batch["turn"].tolist(), found, strict=True):
            pictures.append((f"turned by {90 * truth}°; predicted: {90 * guess}°", filmstrip(clip[None])))
        return pictures
