"""Where does a patch lie beside another? Context prediction (Doersch et al., ICCV 2015).

Known shortcuts and what closes them, as in the paper: lines that run on from patch to patch (half a patch of gap, 7/96 of jitter); the
lens's chromatic aberration, which tells where in the picture a patch lies (of each patch one random channel is kept, the others are
replaced by noise); sharpness (a third of the patches are shrunk and enlarged again); brightness and contrast (mean 0 and deviation 1
in every patch). All patches of a batch pass through the network together, so none tells its place by the statistics it is normalised
with.

What differs from the paper, and why:
- Patches are half as wide as a crop of the other methods (see `training.patches`), not 96 px.
- A picture gives one middle patch and several neighbours: n + 1 passes through the network make n questions instead of (n + 1) / 2.
- The towers end in the averaged last stage and meet in one hidden layer, for any backbone; the paper's meet after its fc6.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.learner import Batch, Config, Picture, Sample
from training.patches import CELLS, CENTRE, GridConfig, PatchCropConfig, average_features, cut_patches, mosaic, standardise
from training.pretexts.base import Pretext

NEIGHBOURS = tuple(cell for cell in range(CELLS) if cell != CENTRE)
NAMES = ("above left", "above", "above right", "left", "right", "below left", "below", "below right")
CHANNEL_NOISE = 0.01
"""Standard deviation of the noise in place of the dropped channels; the kept one has 1."""
COARSEST = 3
"""Patches are shrunk by up to this factor: from 32 px to about the paper's 100 pixels in all."""


@dataclass(frozen=True, kw_only=True)
class RelativePatchGrid(GridConfig):
    """The paper's: 96 px patches, 48 px apart, moved by up to 7 px."""

    gap: float = 48 / 96
    jitter: float = 7 / 96


@dataclass(frozen=True, kw_only=True)
class RelativePatchConfig(Config):
    """`neighbours`: of 8, how many each picture asks for; `pixelate`: the part of the patches that are made coarser."""

    crop: PatchCropConfig = field(default_factory=PatchCropConfig)
    grid: RelativePatchGrid = field(default_factory=RelativePatchGrid)
    neighbours: int = 4
    pixelate: float = 1 / 3

    def __post_init__(self) -> None:
        if not 1 <= self.neighbours <= len(NEIGHBOURS):
            raise UserError(f"neighbours must lie between 1 and {len(NEIGHBOURS)}, not {self.neighbours}")
        if not 0 <= self.pixelate <= 1:
            raise UserError(f"pixelate must lie between 0 and 1, not {self.pixelate}")


class RelativePatch(Pretext):
    """Tell on which of eight sides of the middle patch another one lies: chance is an accuracy of 0.125."""

    Config: ClassVar[type[Config]] = RelativePatchConfig
    unit = "image"
    labels = ("rgb",)
    coarser: Tensor

    def __init__(self, backbone: Backbone, config: RelativePatchConfig) -> None:
        super().__init__(backbone, config)
        self.config: RelativePatchConfig = config
        self.size = config.crop.size // 2
        width = backbone.channels[backbone.stages[-1]]
        self.head = nn.Sequential(
            nn.Linear(2 * width, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, len(NEIGHBOURS))
        )
        self.register_buffer("coarser", coarsening(self.size), persistent=False)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        """patches uint8 [1 + N, 3, P, P], the middle one first; side int64 [N]: where the others lie, as in `NAMES`."""
        side = torch.randperm(len(NEIGHBOURS), generator=generator)[: self.config.neighbours]
        cells = [CENTRE, *(NEIGHBOURS[s] for s in side.tolist())]
        return {"patches": cut_patches(sample["rgb"], self.config.crop, self.config.grid, cells, self.size, generator), "side": side}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """image float [B, 1 + N, 3, P, P]: one channel of every patch, standardised, and noise in the others."""
        patches = batch["patches"].flatten(0, 1)
        every = torch.arange(len(patches), device=patches.device)
        channel = torch.randint(3, every.shape, generator=generator, device=patches.device)
        kept = self._pixelate(patches[every, channel].float() / 255, generator)
        image = CHANNEL_NOISE * torch.randn(patches.shape, generator=generator, device=patches.device)
        image[every, channel] = standardise(kept)
        return {"image": image.view(batch["patches"].shape), "side": batch["side"]}

    def _pixelate(self, patches: Tensor, generator: torch.Generator) -> Tensor:
        """float [M, P, P] -> the same, a part of them shrunk and enlarged again."""
        chosen = torch.rand(len(patches), generator=generator, device=patches.device) < self.config.pixelate
        index = torch.randint(len(self.coarser) - 1, chosen.shape, generator=generator, device=patches.device)
        resample = self.coarser[torch.where(chosen, index, len(self.coarser) - 1)]
        return resample @ patches @ resample.mT

    def predict(self, images: Tensor) -> Tensor:
        """float [B, 1 + N, 3, P, P] -> logits [B, N, 8]."""
        features = average_features(self.backbone, images.flatten(0, 1)).unflatten(0, images.shape[:2])
        middle = features[:, :1].expand(-1, images.shape[1] - 1, -1)
        logits: Tensor = self.head(torch.cat([middle, features[:, 1:]], 2).flatten(0, 1))
        return logits.unflatten(0, (len(images), -1))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.predict(batch["image"])
        accuracy = (logits.argmax(2) == batch["side"]).float().mean()
        return {"loss": F.cross_entropy(logits.flatten(0, 1), batch["side"].flatten()), "accuracy": accuracy}

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().predict(batch["image"]).argmax(2).tolist()
        self.train(training)
        pictures: list[Picture] = []
        for image, truth, guess in zip(batch["image"], batch["side"].tolist(), found, strict=True):
            places = {CENTRE: image[0]} | {NEIGHBOURS[side]: image[1 + k] for k, side in enumerate(truth)}
            pictures.append(("in their places", mosaic(places)))
            pictures += [
                (f"{NAMES[side]}, predicted {NAMES[guess[k]]}", mosaic({CENTRE: image[0], NEIGHBOURS[guess[k]]: image[1 + k]}))
                for k, side in enumerate(truth)
            ]
        return pictures


def coarsening(size: int) -> Tensor:
    """float [K, size, size]: matrices that shrink a line of pixels to size // COARSEST, …, size - 1 pixels and enlarge it again; the last
    one leaves it alone."""
    line = torch.eye(size)[None, None]
    matrices = []
    for coarse in range(size // COARSEST, size):
        small = F.interpolate(line, (coarse, size), mode="bilinear", antialias=True)
        matrices.append(F.interpolate(small, (size, size), mode="bilinear")[0, 0])
    return torch.stack([*matrices, torch.eye(size)])
