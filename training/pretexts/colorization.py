"""Tell colours from lightness (Colorful Image Colorization, Zhang et al., ECCV 2016).

The network reads the picture's lightness L as a grey picture: R = G = B of the same L, normalised like any colour picture, so that a
backbone trained here goes on with colour pictures as it is (the paper's has a one-channel first layer, which must be replaced). It is
rounded to 8 bits: the last digits of L would tell which mixture of three 8-bit colours it came from.

Colours are learnt as classes, because a mean of possible colours is grey: the bins of the ab plane (`training.colour.ab_bins`), softly
encoded, rare ones weighted more, at a quarter of the resolution. What differs from the paper, and why:
- The prior of the bins is that of the pictures seen so far, counted while training, so no pass over the data set comes first.
- The quarter resolution is a mean of 4 x 4 pixels, not every fourth pixel, whose colour is noisier.
- Five neighbours encode a colour, as in the paper; its released code takes ten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.colour import ab_bins, grey_of, lab_to_rgb, rgb_to_lab
from training.crops import CropConfig
from training.distributed import gather
from training.images import normalise, to_picture
from training.learner import Batch, Config, Picture, Sample
from training.losses import masked_mean
from training.pretexts.base import Pretext
from training.reconstruction import picture_decoder
from training.views import random_view

STRIDE = 4
"""Pixels between two predicted colours."""


@dataclass(frozen=True, kw_only=True)
class ColorizationConfig(Config):
    """`neighbours` bins share a colour by a Gaussian of `sigma` units of ab, which also smooths the prior. `uniform`: the part of a uniform
    distribution that is mixed into the prior (the paper's lambda); 1 weighs all bins alike. Pictures without a colour whose a or b
    exceeds `grey` are not learnt from. `temperature` sharpens the distribution whose mean is shown: 1 its mean, 0 (not allowed) its mode.
    """

    crop: CropConfig = field(default_factory=CropConfig)
    neighbours: int = 5
    sigma: float = 5.0
    uniform: float = 0.5
    grey: float = 5.0
    temperature: float = 0.38

    def __post_init__(self) -> None:
        if not 1 <= self.neighbours <= 25:
            raise UserError(f"neighbours must lie between 1 and 25, not {self.neighbours}")
        if not 0 < self.uniform <= 1:
            raise UserError(f"uniform must lie within (0, 1], not {self.uniform}")
        if self.sigma <= 0 or self.grey < 0 or self.temperature <= 0:
            raise UserError(
                f"sigma and temperature must be positive and grey not negative, not {self.sigma}, {self.temperature}, {self.grey}"
            )


class Colorization(Pretext):
    """`accuracy`: how often the likeliest bin is the true one. Chance: `accuracy_constant`, always naming the bin most frequent so far.

    `rmse`: error in ab of the shown colour (annealed mean). Chance: `rmse_grey`, of a grey picture. `colourful`: the part of the
    pictures that is learnt from; the other figures are theirs alone.
    """

    Config: ClassVar[type[Config]] = ColorizationConfig
    unit = "image"
    labels = ("rgb",)
    bins: Tensor
    seen: Tensor

    def __init__(self, backbone: Backbone, config: ColorizationConfig) -> None:
        super().__init__(backbone, config)
        self.config: ColorizationConfig = config
        bins = ab_bins()
        self.register_buffer("bins", bins, persistent=False)
        self.register_buffer("seen", torch.zeros(len(bins), dtype=torch.int64))
        self.decoder = picture_decoder(backbone, len(bins), finest=STRIDE, stride=STRIDE)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        return {"rgb": random_view(sample["rgb"], self.config.crop, generator)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        del generator
        lab = rgb_to_lab(batch["rgb"].float() / 255)
        return {"image": grey_input(lab[:, 0]), "ab": F.avg_pool2d(lab[:, 1:], STRIDE)}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        config, ab = self.config, batch["ab"]
        logits = self.decoder(self.backbone.forward_stages(batch["image"])).float()
        bins, shares = soft_encode(ab, self.bins, config.neighbours, config.sigma)
        nearest = bins[:, 0]
        colourful = ab.abs().amax((1, 2, 3)) > config.grey
        if self.training:
            self.seen += gather(torch.bincount(nearest[colourful].flatten(), minlength=len(self.bins))[None]).sum(0)
        weights = rebalancing(self.seen, self.bins, config.sigma, config.uniform)[nearest] * colourful[:, None, None]
        # The mean is over all pixels, those of weight 0 included, so that it is the same when a batch is split among processes.
        loss = (weights * soft_cross_entropy(logits, bins, shares)).mean()
        return {"loss": loss, **self._metrics(logits.detach(), nearest, ab, colourful)}

    @torch.no_grad()
    def _metrics(self, logits: Tensor, nearest: Tensor, ab: Tensor, colourful: Tensor) -> dict[str, Tensor]:
        mask = colourful[:, None, None].expand_as(nearest)
        error = (annealed_mean(logits, self.bins, self.config.temperature) - ab).square().mean(1)
        return {
            "accuracy": masked_mean((logits.argmax(1) == nearest).float(), mask),
            "accuracy_constant": masked_mean((nearest == self.seen.argmax()).float(), mask),
            "rmse": masked_mean(error, mask).sqrt(),
            "rmse_grey": masked_mean(ab.square().mean(1), mask).sqrt(),
            "colourful": colourful.float().mean(),
        }

    def predict(self, images: Tensor) -> Tensor:
        """Normalised grey pictures [B, 3, H, W] -> ab [B, 2, H / 4, W / 4]; H and W multiples of the largest stride."""
        return annealed_mean(self.decoder(self.backbone.forward_stages(images)).float(), self.bins, self.config.temperature)

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().predict(batch["image"])
        self.train(training)
        bins, _ = soft_encode(batch["ab"], self.bins, 1, self.config.sigma)
        colours = {"colour": batch["ab"], "nearest bin": self.bins[bins[:, 0]].permute(0, 3, 1, 2), "predicted": found}
        grey = to_picture(batch["image"])
        columns = [grey, *(paint_colour(grey, ab) for ab in colours.values())]
        rows = zip(*(column.permute(0, 2, 3, 1).cpu().numpy() for column in columns), strict=True)
        return [(title, pixels) for row in rows for title, pixels in zip(("input", *colours), row, strict=True)]


def grey_input(lightness: Tensor) -> Tensor:
    """L [B, H, W] -> normalised [B, 3, H, W]: the grey picture of this lightness, of 8 bits."""
    grey = (grey_of(lightness) * 255).round() / 255
    return normalise(grey[:, None].expand(-1, 3, -1, -1))


def soft_encode(ab: Tensor, bins: Tensor, neighbours: int, sigma: float) -> tuple[Tensor, Tensor]:
    """Colours [B, 2, h, w] -> (int64 [B, neighbours, h, w], float of the same shape): the nearest bins, nearest first, and their shares.

    A share is a Gaussian of the distance between colour and bin, over the sum of those of all neighbours.
    """
    exact = "donot_use_mm_for_euclid_dist"
    distance, index = torch.cdist(ab.permute(0, 2, 3, 1).flatten(1, 2), bins, compute_mode=exact).topk(neighbours, largest=False)
    shares = torch.softmax(-distance.square() / (2 * sigma**2), -1)
    size = (neighbours, *ab.shape[-2:])
    return index.transpose(1, 2).unflatten(2, size[1:]), shares.transpose(1, 2).unflatten(2, size[1:])


def soft_cross_entropy(logits: Tensor, bins: Tensor, shares: Tensor) -> Tensor:
    """float [B, h, w]: cross-entropy of logits [B, 313, h, w] against the shares of the bins of each pixel."""
    return -(F.log_softmax(logits, 1).gather(1, bins) * shares).sum(1)


def rebalancing(seen: Tensor, bins: Tensor, sigma: float, uniform: float) -> Tensor:
    """float32 [313]: the weight of a pixel whose nearest bin this is; of the mean 1 over the smoothed prior.

    1 / ((1 - uniform) * prior + uniform / 313), the prior being the frequencies of `seen` (int64 [313]) smoothed by a Gaussian of
    `sigma` over ab; before any is seen all weights are 1.
    """
    counts = seen.double() + (seen.sum() == 0)
    closeness = torch.exp(-torch.cdist(bins, bins).square() / (2 * sigma**2)).double()
    prior = (closeness / closeness.sum(0)) @ (counts / counts.sum())
    weights = 1 / ((1 - uniform) * prior + uniform / len(bins))
    return (weights / (prior * weights).sum()).float()


def annealed_mean(logits: Tensor, bins: Tensor, temperature: float) -> Tensor:
    """Logits [B, 313, h, w] -> ab [B, 2, h, w]: the mean over bins of the distribution sharpened by `temperature`."""
    return (torch.softmax(logits.permute(0, 2, 3, 1) / temperature, -1) @ bins).permute(0, 3, 1, 2)


def paint_colour(grey: Tensor, ab: Tensor) -> Tensor:
    """Grey pictures uint8 [B, 3, H, W] in the colours ab [B, 2, h, w], enlarged smoothly -> uint8 [B, 3, H, W]."""
    lightness = rgb_to_lab(grey.float() / 255)[:, :1]
    colour = F.interpolate(ab, grey.shape[-2:], mode="bilinear")
    return (lab_to_rgb(torch.cat([lightness, colour], 1)) * 255).round().to(torch.uint8)
