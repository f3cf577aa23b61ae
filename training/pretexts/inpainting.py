"""Fill in what was cut out of a picture (Context Encoders, Pathak et al., CVPR 2016).

What differs from the paper, and why:
- Holes have random shapes and places, a fifth to a third of the picture: blobs (the paper's "random region"), several blocks, one block
  near the middle. Features learnt from the one fixed hole in the centre know where its border runs.
- The rim, which is weighted more so that the filling joins its surroundings, lies inside of the hole. The paper's rim is visible to the
  network and so could be copied; that costs it the weight 10, where 2 is enough for a hidden one.
- A pyramid of the backbone's stages stands in for the channel-wise fully connected layer, which ties features to one picture size.
- The adversarial loss is off by default: it makes fillings sharp, but the paper, too, learns its features without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.crops import CropConfig
from training.discriminator import PatchDiscriminator, adversarial_losses
from training.images import to_input, to_picture
from training.learner import Batch, Config, Picture, Sample
from training.pretexts.base import Pretext
from training.reconstruction import picture_decoder, psnr
from training.views import random_view

FINEST = 4
"""Stages of a smaller stride don't enter the decoder: their fields are smaller than any hole."""


@dataclass(frozen=True, kw_only=True)
class InpaintingConfig(Config):
    """`area`: range of the hidden part of a picture. `blobs`, `blocks`, `centre`: how often holes are of each kind, relative to each other.

    `rim`: pixels of the hole this close to visible ones weigh `rim_weight` in the loss, its others 1. `adversarial`: weight of the
    generator's part of a patch discriminator's game (the paper's: 0.001); 0 builds none.
    """

    crop: CropConfig = field(default_factory=CropConfig)
    area: tuple[float, float] = (0.2, 0.3)
    blobs: float = 0.5
    blocks: float = 0.25
    centre: float = 0.25
    rim: int = 3
    rim_weight: float = 2.0
    adversarial: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.area[0] <= self.area[1] < 1:
            raise UserError(f"area must be an ascending range within (0, 1), not {self.area}")
        if min(self.blobs, self.blocks, self.centre) < 0 or self.blobs + self.blocks + self.centre == 0:
            raise UserError("blobs, blocks and centre must not be negative, and one of them must be positive")
        if self.rim < 0 or self.rim_weight <= 0 or self.adversarial < 0:
            raise UserError(
                f"rim and adversarial must not be negative and rim_weight must be positive, not {self.rim}, {self.adversarial}, "
                f"{self.rim_weight}"
            )


class Inpainting(Pretext):
    """`psnr` is that of the hole's pixels, in dB. Chance: `psnr_mean`, where the hole has the mean colour of what is visible, and
    `psnr_border`, where the colours of its border run into it smoothly."""

    Config: ClassVar[type[Config]] = InpaintingConfig
    unit = "image"
    labels = ("rgb",)

    def __init__(self, backbone: Backbone, config: InpaintingConfig) -> None:
        super().__init__(backbone, config)
        self.config: InpaintingConfig = config
        self.decoder = picture_decoder(backbone, 3, finest=FINEST)
        self.discriminator = PatchDiscriminator(backbone.width) if config.adversarial else None

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        rgb = random_view(sample["rgb"], self.config.crop, generator)
        return {"rgb": rgb, "hole": draw_hole(self.config, generator)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        del generator
        target = to_input(batch["rgb"])
        # Zero is the mean colour of pictures.
        return {"image": target.masked_fill(batch["hole"][:, None], 0), "target": target, "hole": batch["hole"]}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        target, hole = batch["target"], batch["hole"]
        found = self.decoder(self.backbone.forward_stages(batch["image"]))
        loss = hole_loss(found, target, rim_weights(hole, self.config.rim, self.config.rim_weight))
        parts = {
            "reconstruction": loss,
            "psnr": psnr(found, target, hole),
            "psnr_mean": psnr(visible_mean(target, hole), target, hole),
            "psnr_border": psnr(border_filling(target, hole), target, hole),
        }
        if self.discriminator is not None:
            judge, deceive = adversarial_losses(self.discriminator, target, torch.where(hole[:, None], found.to(target.dtype), target))
            loss = loss + judge + self.config.adversarial * deceive
            parts |= {"discriminator": judge, "adversarial": deceive}
        return {"loss": loss, **parts}

    def fill(self, images: Tensor, hole: Tensor) -> Tensor:
        """Normalised pictures [B, 3, H, W] with their holes (bool [B, H, W]) filled; what is visible is left as it is."""
        found = self.decoder(self.backbone.forward_stages(images.masked_fill(hole[:, None], 0)))
        return torch.where(hole[:, None], found.to(images.dtype), images)

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            filled = self.eval().fill(batch["target"], batch["hole"])
        self.train(training)
        titles = ("input", "picture", "filled", "filled from the border")
        columns = (batch["image"], batch["target"], filled, border_filling(batch["target"], batch["hole"]))
        rows = zip(*(to_picture(column).permute(0, 2, 3, 1).cpu().numpy() for column in columns), strict=True)
        return [(title, pixels) for row in rows for title, pixels in zip(titles, row, strict=True)]


def draw_hole(config: InpaintingConfig, generator: torch.Generator) -> Tensor:
    """bool [size, size]: the pixels of a random landscape's heights that make up the wanted part of the picture."""
    size = config.crop.size
    kinds = torch.tensor([config.blobs, config.blocks, config.centre], dtype=torch.float64)
    kind = int(torch.multinomial(kinds, 1, generator=generator))
    height = (_blobs, _blocks, _centre)[kind](size, generator)
    area = config.area[0] + float(torch.rand(1, generator=generator)) * (config.area[1] - config.area[0])
    return height >= torch.kthvalue(height.flatten(), size * size - round(area * size * size) + 1).values


def _blobs(size: int, generator: torch.Generator) -> Tensor:
    """Smooth noise whose bumps are about a quarter of the picture wide: finer ones would leave nothing to guess."""
    noise = torch.randn(1, 1, 5, 5, generator=generator)
    return F.interpolate(noise, (size, size), mode="bicubic")[0, 0]


def _blocks(size: int, generator: torch.Generator) -> Tensor:
    """The highest of three pyramids: cut at any height they are rectangles."""
    return torch.stack([_pyramid(size, torch.rand(2, generator=generator), generator) for _ in range(3)]).amax(0)


def _centre(size: int, generator: torch.Generator) -> Tensor:
    """One pyramid, its tip within a quarter of the picture's size of the middle."""
    return _pyramid(size, 0.25 + 0.5 * torch.rand(2, generator=generator), generator)


def _pyramid(size: int, tip: Tensor, generator: torch.Generator) -> Tensor:
    """Falls from `tip` (row and column in [0, 1]); up to 1.5 times as wide as high or the reverse."""
    stretch = 1.5 ** (2 * float(torch.rand(1, generator=generator)) - 1)
    place = (torch.arange(size) + 0.5) / size
    return -torch.maximum((place - tip[0]).abs()[:, None] * stretch, (place - tip[1]).abs() / stretch)


def rim_weights(hole: Tensor, rim: int, weight: float) -> Tensor:
    """float [B, H, W]: 0 outside of the hole (bool [B, H, W]), `weight` in it within `rim` pixels of the outside, else 1."""
    near = F.max_pool2d((~hole).float(), 2 * rim + 1, 1, rim) > 0
    return hole * torch.where(near, weight, 1.0)


def hole_loss(found: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Mean over the pictures of each one's weighted mean squared error. [B, 3, H, W] twice, and weights [B, H, W]."""
    error = (found.float() - target).square().mean(1)
    return ((error * weights).sum((1, 2)) / weights.sum((1, 2))).mean()


def visible_mean(images: Tensor, hole: Tensor) -> Tensor:
    """[B, 3, H, W] like the images: everywhere the mean colour of the picture's pixels outside of the hole."""
    seen = ~hole[:, None]
    return ((images * seen).sum((2, 3), keepdim=True) / seen.sum((2, 3), keepdim=True)).expand_as(images)


def border_filling(images: Tensor, hole: Tensor) -> Tensor:
    """Holes filled smoothly from their borders, coarse to fine ("push-pull", Gortler et al. 1996). [B, 3, H, W] like the images."""
    seen = (~hole[:, None]).to(images.dtype)
    return _push_pull(images * seen, seen)


def _push_pull(colour: Tensor, weight: Tensor) -> Tensor:
    """colour [B, 3, H, W] times its weight [B, 1, H, W] in [0, 1] -> colour, where the weight is not full filled up from a coarser grid."""
    own = colour / weight.clamp(min=1e-6)
    if weight.shape[-1] % 2 or bool((weight > 0).all()):
        return own
    coarse = _push_pull(F.avg_pool2d(colour, 2), F.avg_pool2d(weight, 2))
    coarse = F.interpolate(coarse, weight.shape[-2:], mode="bilinear")
    return weight * own + (1 - weight) * coarse
