"""Tell what comes next in a video: its features (DPC, Han, Xie & Zisserman 2019) or its pixels (Mathieu, Couprie & LeCun 2016).

"dpc": blocks of frames become maps of features, a ConvGRU reads the observed ones and foretells the next ones' maps, cell by cell, the
second from what it said of the first. Each foretold cell must be nearest to the cell that really came, among the cells of other videos
(easy), of other places at its time (spatial) and of its place at other times (temporal, the hardest). "pixels": the next frames are
decoded from maps of the last ones, with an L1 loss and the gradient difference, which keeps them from blurring.

What differs from the papers, and why:
- Four blocks of three frames are observed and two foretold (five of five, and three), at half the frame rate: 18 frames in place of 40.
- The observed blocks are negatives too. To take the last one for the next is the cheapest half of an answer.
- Features are compared by cosine over a temperature, and are a projection of the last stage's: any width of network, and short trainings.
- Pixels are painted over the last frame through a mask, so that what stays need not be drawn anew; there is no adversarial loss.

Known shortcuts of "dpc": batch normalisation can carry news of the future to the past. The paper's code keeps no running statistics; here
the observed blocks and those to come go through the network as two batches, so nothing of the future takes part in what is foretold.
A video's colours are told from others' without any prediction, so every frame's are changed on their own, which also keeps
plain differences of frames from being what is learnt. Of "pixels": a blurred frame has up to 3 dB over a copy where the
future is noise, so only a gain beyond that, or on clean videos, is foresight.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones.base import Backbone, Input
from training.clips import clip_view, recolour_clips
from training.crops import CropConfig
from training.dense_future import DenseFuture
from training.images import normalise, to_picture
from training.learner import Batch, Config, Footage, Picture, Sample
from training.pixel_future import PixelFuture
from training.pretexts.base import Pretext
from training.views import picture_id, recolour


def _colours() -> PhotometricConfig:
    return PhotometricConfig(brightness=0.5, contrast=0.5, saturation=0.8, hue=0.4, grey=0.3, channel=0.0)


@dataclass(frozen=True, kw_only=True)
class VideoPredictionConfig(Config):
    """`observed` and `predicted` count blocks of `block` frames ("dpc") or frames ("pixels"), each `stride` after the one before.

    `dimensions` of the compared features and `temperature` are of "dpc", `gradient`, the weight of the gradient difference, of "pixels".
    """

    method: Literal["dpc", "pixels"] = "dpc"
    crop: CropConfig = field(default_factory=CropConfig)
    colour: PhotometricConfig = field(default_factory=_colours)
    observed: int = 4
    predicted: int = 2
    block: int = 3
    stride: int = 2
    dimensions: int = 128
    temperature: float = 0.1
    gradient: float = 1.0

    def __post_init__(self) -> None:
        if self.method not in ("dpc", "pixels"):
            raise UserError(f"method must be dpc or pixels, not {self.method!r}")
        counts = {name: getattr(self, name) for name in ("observed", "predicted", "block", "stride", "dimensions")}
        if min(counts.values()) < 1:
            raise UserError(f"each of {', '.join(counts)} must be at least 1, not {', '.join(map(str, counts.values()))}")
        if not (self.temperature > 0 and self.gradient >= 0):
            raise UserError(f"temperature must be positive and gradient not negative, not {self.temperature}, {self.gradient}")


class VideoPrediction(Pretext):
    """ "dpc": `accuracy` is how often the cell that came is the nearest of all; by chance 1 / (1 + `negatives`). `accuracy_time`: of the
    cells of the same place and clip only, by chance 1 / (observed + predicted).

    "pixels": `psnr` of the foretold frames in dB, `psnr_copy` that of the last observed one, and the `gain` over that (chance: 0).
    """

    Config: ClassVar[type[Config]] = VideoPredictionConfig
    unit = "clip"
    labels = ("rgb",)
    inputs: ClassVar[tuple[Input, ...]] = ("image", "clip")

    def __init__(self, backbone: Backbone, config: VideoPredictionConfig) -> None:
        super().__init__(backbone, config)
        self.config: VideoPredictionConfig = config
        self.future: DenseFuture | PixelFuture
        if config.method == "dpc":
            self.future = DenseFuture(
                backbone,
                block=config.block,
                predicted=config.predicted,
                dimensions=config.dimensions,
                temperature=config.temperature,
            )
        else:
            self.future = PixelFuture(backbone, observed=config.observed, predicted=config.predicted, gradient=config.gradient)

    @property
    def footage(self) -> Footage:
        frames = self.config.block if self.config.method == "dpc" else 1
        return Footage(length=frames * (self.config.observed + self.config.predicted), stride=self.config.stride)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        return {"rgb": clip_view(sample["rgb"], self.config.crop, generator), "id": picture_id(sample["rgb"])}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        colour = self.config.colour
        if self.config.method == "dpc":
            clips = recolour(batch["rgb"], colour, generator)
        else:
            clips = recolour_clips(batch["rgb"], replace(colour, noise=0.0), generator)  # noise that differs can't be foretold
        return {"clip": normalise(clips), "id": batch["id"]}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        if isinstance(self.future, DenseFuture):
            return self.future.loss(self.backbone, batch["clip"], batch["id"])
        return self.future.loss(self.backbone, batch["clip"])

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            self.eval()
            pictures = self._blocks(batch["clip"]) if isinstance(self.future, DenseFuture) else self._frames(batch["clip"])
        self.train(training)
        return pictures

    def _frames(self, clips: Tensor) -> list[Picture]:
        """The last observed frame, the true next ones and the foretold ones."""
        assert isinstance(self.future, PixelFuture)
        seen = self.config.observed
        told = self.future.foretell(self.backbone, clips[:, :seen])
        rows = torch.cat([clips[:, seen - 1 :], told], 1)
        coming = [f"frame +{i + 1}" for i in range(self.config.predicted)]
        titles = ["last observed", *coming, *(f"{title}, foretold" for title in coming)]
        return [picture for row in rows for picture in zip(titles, _pixels(row), strict=True)]

    def _blocks(self, clips: Tensor) -> list[Picture]:
        """Each block's middle frame, and the block of the batch whose mean features are nearest to what is foretold next."""
        assert isinstance(self.future, DenseFuture)
        told, there = (maps.mean((3, 4)) for maps in self.future.both(self.backbone, clips))
        blocks, seen = there.shape[1], self.config.observed
        cosines = torch.nn.functional.normalize(told[:, 0], dim=1) @ torch.nn.functional.normalize(there.flatten(0, 1), dim=1).T
        middles = clips[:, self.config.block // 2 :: self.config.block].flatten(0, 1)
        pixels, pictures = _pixels(middles), []
        for i, nearest in enumerate(cosines.argmax(1).tolist()):
            titles = [f"block {n + 1}, {'observed' if n < seen else 'to come'}" for n in range(blocks)]
            pictures += list(zip(titles, pixels[i * blocks : (i + 1) * blocks], strict=True))
            verdict = "right" if nearest == i * blocks + seen else "wrong"
            pictures.append((f"nearest to what is foretold: {verdict}", pixels[nearest]))
        return pictures


def _pixels(frames: Tensor) -> list[np.ndarray]:
    """Normalised [N, 3, H, W] -> N pictures."""
    return list(to_picture(frames).permute(0, 2, 3, 1).cpu().numpy())
