"""Name the class of a picture, by the data set's own labels: what every method without labels is measured against.

Cross-entropy of a linear layer on the averaged last stage, of random resized crops, mirrored or not, in jittered colours (the augmentation
of AlexNet, Krizhevsky et al. 2012, and of ResNets, He et al. 2016), with label smoothing (Szegedy et al. 2016) as an option.

What differs from the papers, and why:
- Crops cover at least a quarter of the picture (8 % there), as of all methods here: pictures of 64 pixels have less to spare.
- The layer is the method's own, not the network's `fc`, so that a run leaves the same kind of backbone behind as any other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones.base import Backbone
from training.crops import CropConfig
from training.images import to_picture
from training.labels import UNLABELLED, check_classes, label_of
from training.learner import Batch, Config, Picture, Sample
from training.pretexts.base import Pretext
from training.views import random_view, recoloured_input


def _colours() -> PhotometricConfig:
    return PhotometricConfig(grey=0, channel=0, blur=0, noise=0)


@dataclass(frozen=True, kw_only=True)
class SupervisedConfig(Config):
    """`classes` 0: as many as the data set says. `smoothing`: the part of the target that all classes share."""

    crop: CropConfig = field(default_factory=CropConfig)
    colour: PhotometricConfig = field(default_factory=_colours)
    classes: int = 0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing < 1:
            raise UserError(f"smoothing must lie in [0, 1), not {self.smoothing}")


class Supervised(Pretext):
    """ "accuracy" is that of the labels, on the crops it learns from; by chance it is 1 / `classes` where all are alike frequent."""

    Config: ClassVar[type[Config]] = SupervisedConfig
    unit = "image"
    labels = ("rgb", "label")

    def __init__(self, backbone: Backbone, config: SupervisedConfig) -> None:
        super().__init__(backbone, config)
        check_classes("a classifier", config.classes)
        self.config: SupervisedConfig = config
        self.head = nn.Linear(backbone.channels[backbone.stages[-1]], config.classes)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        label = label_of(sample, self.config.classes)
        if label == UNLABELLED:
            raise UserError("a picture has no label: train on those that have one, or use semi_supervised")
        return {"view": random_view(sample["rgb"], self.config.crop, generator), "label": label}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        return {**batch, "view": recoloured_input(batch["view"], self.config.colour, generator)}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        scores = self.scores(batch["view"])
        return {
            "loss": F.cross_entropy(scores, batch["label"], label_smoothing=self.config.smoothing),
            "accuracy": (scores.argmax(1) == batch["label"]).float().mean(),
        }

    def scores(self, images: Tensor) -> Tensor:
        """Logits float32 [B, classes] of normalised images."""
        return class_scores(self.backbone, self.head, images)

    def preview(self, batch: Batch) -> list[Picture]:
        """What the network sees, its label and what the network says."""
        said, sure = self.say(batch["view"])
        titles = [self.caption(batch, i) + f", said {said[i]} ({100 * sure[i]:.0f} %)" for i in range(len(said))]
        return [(title, pixels(view)) for title, view in zip(titles, batch["view"], strict=True)]

    def caption(self, batch: Batch, i: int) -> str:
        """What is known of a picture."""
        return f"class {int(batch['label'][i])}"

    @torch.no_grad()
    def say(self, images: Tensor) -> tuple[list[int], list[float]]:
        """The class that the network gives each image, and how probable it finds it."""
        training = self.training
        probability, said = self.eval().scores(images).softmax(1).max(1)
        self.train(training)
        return said.tolist(), probability.tolist()


def class_scores(backbone: nn.Module, head: nn.Module, images: Tensor) -> Tensor:
    """Logits float32 [B, classes] of normalised images, from the mean over the last stage's cells."""
    # In one layout whatever the weights have, so that a network gives the same bits after it was saved and loaded.
    scores: Tensor = head(backbone(images.contiguous(memory_format=torch.channels_last)).mean((2, 3)))
    return scores.float()


def pixels(image: Tensor) -> NDArray[np.uint8]:
    """A normalised image float [3, H, W] as a picture uint8 [H, W, 3]."""
    picture: NDArray[np.uint8] = to_picture(image).permute(1, 2, 0).cpu().numpy()
    return picture
