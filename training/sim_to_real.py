"""Learners from rendered frames that can have real pictures beside them: in their style, with their batch statistics, aligned to theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from scenes.errors import UserError
from training.adaptation import Alignment, tracking
from training.augment import photometric
from training.backbones.base import Backbone
from training.images import normalise
from training.learner import Batch, Learner, Sample
from training.stylise import random_convolution, toward_real
from training.views import random_view, recoloured_input


class SimToReal(Learner):
    """What they share; see `training.adaptation` and `training.stylise`.

    The config has `crop`, `colour`, `style`, `adapt` and `reads_real`. A learner sets `backbone` and `alignment` (`aligned`), calls
    `real_view` and `real_input`, and tells what it learns from the stages of rendered frames (`_learnt`).
    """

    with_real: ClassVar[Mapping[str, Any]] = {"adapt": {"align": 0.05}}
    """Options for samples with `real`, uint8 [3, H, W]: a real picture of any size beside the frame."""

    backbone: Backbone
    alignment: Alignment | None

    def check(self, sample: Sample) -> None:
        super().check(sample)
        if self.config.reads_real and "real" not in sample:
            raise UserError(
                f"{self.name} aligned to real pictures, or with their batch statistics or style, needs some beside the frames: "
                "give --real, or leave those off"
            )

    def aligned(self) -> Alignment | None:
        """The adversary, where the config asks for one; it remembers maps of crops."""
        return Alignment(self.backbone, self.config.adapt, self.config.crop.size) if self.config.adapt.align else None

    def real_view(self, sample: Sample, generator: torch.Generator) -> Batch:
        """A sample's real picture, where it is needed."""
        return {"real": random_view(sample["real"], self.config.crop, generator)} if self.config.reads_real else {}

    def _images(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """What the network sees of the frames, normalised."""
        images = self._stylised(batch["rgb"].float() / 255, batch, generator)
        images = normalise(photometric(images, self.config.colour, generator))
        return random_convolution(images, self.config.style, generator)

    def _stylised(self, images: Tensor, batch: Batch, generator: torch.Generator) -> Tensor:
        style = self.config.style
        return toward_real(images, batch["real"].float() / 255, style, generator) if style.reads_real else images

    def real_input(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Real pictures changed in colour as the frames are, so that no adversary can tell them by that."""
        if not self.config.adapt.reads_real:
            return {}
        real = recoloured_input(batch["real"], self.config.colour, generator)
        return {"real": real, "draws": Alignment.draws(len(real), generator)}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        by_real = self.config.adapt.bn == "real"
        with tracking(self.backbone, not by_real):
            maps = self._maps(batch)
        parts = self._learnt(maps, batch)
        if not self.config.adapt.reads_real:
            return parts
        with torch.no_grad(), tracking(self.backbone, by_real):
            real = self._real_maps(batch)
        if self.alignment is not None:
            game = self.alignment(maps, real, batch["draws"])
            parts |= {"loss": parts["loss"] + game["adversary"] + self.config.adapt.align * game["deceive"], **game}
        return parts

    def _maps(self, batch: Batch) -> dict[str, Tensor]:
        """Stages of the frames."""
        return self.backbone.forward_stages(batch["image"])

    def _real_maps(self, batch: Batch) -> dict[str, Tensor]:
        """Stages of the real pictures."""
        return self.backbone.forward_stages(batch["real"])

    def _learnt(self, maps: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """The losses of all labels: "loss", their sum, and each."""
        raise NotImplementedError
