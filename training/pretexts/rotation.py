"""Which way is up? Pictures turned by multiples of 90 degrees (Gidaris et al., ICLR 2018).

Only turns that move pixels without resampling them are used, of square crops resampled alike along both axes, so neither borders nor
interpolation tell the turn; a turn is applied last, after all that changes colours.

What differs from the paper, and why:
- Colours are jittered, so that features learnt from rendered pictures meet real ones more easily; all turns of a picture share it.
- The head is one linear layer on the averaged last stage, for any backbone; the paper's is the network's own classifier.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.augment import PhotometricConfig, photometric
from training.backbones.base import Backbone
from training.crops import crop_rgb, draw_window
from training.images import normalise, to_picture
from training.learner import Batch, Config, Picture, Sample
from training.pretexts.base import Pretext
from training.square_crops import SquareCropConfig

TURNS = 4


@dataclass(frozen=True, kw_only=True)
class RotationConfig(Config):
    """`all_turns`: every picture enters a batch in all four turns, as in the paper; otherwise in one random turn, at a quarter of the
    cost."""

    crop: SquareCropConfig = field(default_factory=SquareCropConfig)
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    all_turns: bool = True


class Rotation(Pretext):
    """Tell by how many quarter turns (counter-clockwise) a picture was turned: four classes, so chance is an accuracy of 0.25."""

    Config: ClassVar[type[Config]] = RotationConfig
    unit = "image"
    labels = ("rgb",)

    def __init__(self, backbone: Backbone, config: RotationConfig) -> None:
        super().__init__(backbone, config)
        self.config: RotationConfig = config
        self.head = nn.Linear(backbone.channels[backbone.stages[-1]], TURNS)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        height, width = sample["rgb"].shape[-2:]
        return {"rgb": crop_rgb(sample["rgb"], draw_window(height, width, self.config.crop, generator))}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """image float [B or 4 B, 3, S, S], normalised; turn int64 [B or 4 B]. The four turns of a picture follow each other."""
        images = normalise(photometric(batch["rgb"].float() / 255, self.config.colour, generator))
        count, device = len(images), images.device
        turned = torch.stack([torch.rot90(images, k, (-2, -1)) for k in range(TURNS)], 1)
        if self.config.all_turns:
            return {"image": turned.flatten(0, 1), "turn": torch.arange(TURNS, device=device).repeat(count)}
        turn = torch.randint(TURNS, (count,), generator=generator, device=device)
        return {"image": turned[torch.arange(count, device=device), turn], "turn": turn}

    def predict(self, images: Tensor) -> Tensor:
        """float [B, 3, S, S], normalised -> logits [B, 4]. Channels last, the layout that networks are trained in."""
        logits: Tensor = self.head(self.backbone(images.contiguous(memory_format=torch.channels_last)).mean((2, 3)))
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
        for image, truth, guess in zip(to_picture(batch["image"]).cpu(), batch["turn"].tolist(), found, strict=True):
            back = torch.rot90(image, -guess, (-2, -1))
            pictures += [
                (f"turned by {90 * truth}°", image.permute(1, 2, 0).numpy()),
                (f"turned back by the predicted {90 * guess}°", back.permute(1, 2, 0).contiguous().numpy()),
            ]
        return pictures
