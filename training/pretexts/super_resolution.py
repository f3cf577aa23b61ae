"""Enlarge a small picture (after SRGAN, Ledig et al., CVPR 2017).

What differs from the paper, and why:
- Its content loss compares features of a network trained on ImageNet's labels; labels are what a pretext does without, so pixels are
  compared (Charbonnier's loss, as in LapSRN), with an optional adversarial part.
- The small picture is enlarged again by bicubic interpolation before the network reads it (SRCNN), so that any backbone sees the picture
  size it is made for; the decoder adds what that lacks. Stages finer than half a pixel of the small picture don't enter the decoder:
  they see nothing but the interpolation.

What would give the details away is closed: the reduction filters before it samples, and the small picture has 8 bits a colour.
Windows are never enlarged where the picture is large enough, because an enlarged one has no details to find.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.crops import CropConfig
from training.discriminator import PatchDiscriminator, adversarial_losses
from training.images import normalise, to_picture
from training.learner import Batch, Config, Picture, Sample
from training.pretexts.base import Pretext
from training.reconstruction import picture_decoder, psnr
from training.views import random_view

DETAIL = 0.1
"""Scale of the decoder's output: at first it is noise, which at scale 1 is cheaper to silence for good than to turn into details."""


def _square_crop() -> CropConfig:
    return CropConfig(aspect=(1.0, 1.0))


@dataclass(frozen=True, kw_only=True)
class SuperResolutionConfig(Config):
    """`factor`: how many times smaller the picture is made. `charbonnier`: errors below it (in standard deviations of pixels) count
    squared, larger ones linearly. `adversarial`: weight of the generator's part of a patch discriminator's game (the paper's: 0.001); 0
    builds none."""

    crop: CropConfig = field(default_factory=_square_crop)
    factor: int = 4
    charbonnier: float = 0.1
    adversarial: float = 0.0

    def __post_init__(self) -> None:
        if self.factor < 2 or self.crop.size % self.factor or self.crop.size // self.factor < 4:
            raise UserError(f"factor must be at least 2 and divide the crop size {self.crop.size} into 4 or more, not {self.factor}")
        if self.charbonnier <= 0 or self.adversarial < 0:
            raise UserError(f"charbonnier must be positive and adversarial not negative, not {self.charbonnier}, {self.adversarial}")


class SuperResolution(Pretext):
    """`psnr` in dB and `gain`, how many dB that is above bicubic interpolation (`psnr_bicubic`). Chance: a gain of 0."""

    Config: ClassVar[type[Config]] = SuperResolutionConfig
    unit = "image"
    labels = ("rgb",)

    def __init__(self, backbone: Backbone, config: SuperResolutionConfig) -> None:
        super().__init__(backbone, config)
        self.config: SuperResolutionConfig = config
        self.decoder = picture_decoder(backbone, 3, finest=config.factor // 2)
        self.discriminator = PatchDiscriminator(backbone.width) if config.adversarial else None

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        return {"rgb": random_view(sample["rgb"], unenlarged(self.config.crop, sample["rgb"]), generator)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        del generator
        pictures = batch["rgb"].float() / 255
        return {"image": normalise(enlarge(reduce(pictures, self.config.factor), self.config.factor)), "target": normalise(pictures)}

    def sharpen(self, images: Tensor) -> Tensor:
        """Normalised pictures [B, 3, H, W], enlarged by `enlarge` -> the same with details."""
        return images + DETAIL * self.decoder(self.backbone.forward_stages(images)).float()

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        image, target = batch["image"], batch["target"]
        found = self.sharpen(image)
        loss = charbonnier(found - target, self.config.charbonnier)
        found_psnr, bicubic_psnr = psnr(found, target), psnr(image, target)
        parts = {"pixel": loss, "psnr": found_psnr, "psnr_bicubic": bicubic_psnr, "gain": found_psnr - bicubic_psnr}
        if self.discriminator is not None:
            judge, deceive = adversarial_losses(self.discriminator, target, found)
            loss = loss + judge + self.config.adversarial * deceive
            parts |= {"discriminator": judge, "adversarial": deceive}
        return {"loss": loss, **parts}

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().sharpen(batch["image"])
        self.train(training)
        columns = [to_picture(column).permute(0, 2, 3, 1).cpu().numpy() for column in (batch["image"], batch["target"], found)]
        titles = ("input", "picture", "enlarged")
        return [(title, pixels) for row in zip(*columns, strict=True) for title, pixels in zip(titles, row, strict=True)]


def unenlarged(crop: CropConfig, rgb: Tensor) -> CropConfig:
    """`crop` with windows of at least its size, or of all the largest square of a picture [3, H, W] that is smaller than that."""
    least = min(1.0, (crop.size / min(rgb.shape[-2:])) ** 2)
    return replace(crop, area=(max(least, crop.area[0]), max(least, crop.area[1])))


def reduce(pictures: Tensor, factor: int) -> Tensor:
    """float [B, 3, H, W] in [0, 1] -> [B, 3, H / factor, W / factor], filtered (bicubic) and rounded to 8 bits."""
    small = F.interpolate(pictures, scale_factor=1 / factor, mode="bicubic", antialias=True)
    return (small.clamp(0, 1) * 255).round() / 255


def enlarge(small: Tensor, factor: int) -> Tensor:
    """float [B, 3, h, w] in [0, 1] -> [B, 3, h * factor, w * factor] by bicubic interpolation, every pixel at its own place."""
    return F.interpolate(small, scale_factor=factor, mode="bicubic").clamp(0, 1)


def charbonnier(error: Tensor, width: float) -> Tensor:
    """Mean of sqrt(error^2 + width^2) - width: a smooth absolute value (Charbonnier et al. 1994)."""
    return ((error.square() + width**2).sqrt() - width).mean()
