"""Jigsaw puzzles: in which order were nine tiles shuffled? (Noroozi & Favaro, ECCV 2016; training details after Goyal et al. 2019.)

Known shortcuts and what closes them: edges that continue in the next tile (a gap that jitter can't close); brightness, contrast and
colour cast of each tile (mean 0 and deviation 1 in every channel); the lens's chromatic aberration, which tells where in the picture
a tile lies (two of three pictures show one of their channels only; in the others the channels of every tile are shifted at random,
which drowns a trace that `grey` 1 wouldn't leave at all); batch statistics (all tiles of a batch pass through the network together).
Orders are far apart (`training.permutations`), so that one tile doesn't decide.

What differs from the papers, and why:
- Tiles are half as wide as a crop of the other methods (see `training.patches`), not 64 px; the gap is at least an eighth of a tile,
  where the papers' may vanish.
- Grey pictures show a single channel: a weighted sum of shifted channels would still be blurred along the direction of the shift.
- The shared network ends in the averaged last stage, and its nine outputs meet in one hidden layer, for any backbone.
- A tile's features don't depend on its place in the puzzle, so those of one pass are laid in several orders: more questions for a
  sample, at next to no cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.learner import Batch, Config, Picture, Sample
from training.patches import CELLS, GridConfig, PatchCropConfig, average_features, cut_patches, mosaic, standardise
from training.permutations import distant_permutations
from training.pretexts.base import Pretext


@dataclass(frozen=True, kw_only=True)
class JigsawGrid(GridConfig):
    """64 px tiles in cells of 85 px (Goyal et al. 2019), moved by less than half the gap."""

    gap: float = 21 / 64
    jitter: float = 0.1


@dataclass(frozen=True, kw_only=True)
class JigsawConfig(Config):
    """`permutations`: classes (more are harder, not better: Goyal et al. found 100 as good as 10,000); `orders`: puzzles a picture;
    `grey`: the part of pictures shown by one channel; `channel_shift`: pixels by which channels of a tile are moved at most;
    `embedding`: features of a tile in the puzzle."""

    crop: PatchCropConfig = field(default_factory=PatchCropConfig)
    grid: JigsawGrid = field(default_factory=JigsawGrid)
    permutations: int = 100
    orders: int = 4
    grey: float = 0.66
    channel_shift: int = 2
    embedding: int = 64

    def __post_init__(self) -> None:
        if not 2 <= self.permutations <= math.factorial(CELLS):
            raise UserError(f"permutations must lie between 2 and {math.factorial(CELLS)}, not {self.permutations}")
        if not 1 <= self.orders <= self.permutations:
            raise UserError(f"orders must lie between 1 and permutations, not {self.orders}")
        if not 0 <= self.grey <= 1:
            raise UserError(f"grey must lie between 0 and 1, not {self.grey}")
        if self.channel_shift < 0 or self.embedding < 1:
            raise UserError(f"channel_shift must be at least 0 and embedding at least 1, not {self.channel_shift}, {self.embedding}")


class Jigsaw(Pretext):
    """Tell in which of `permutations` known orders tiles are shown: chance is an accuracy of 1 / permutations (0.01)."""

    Config: ClassVar[type[Config]] = JigsawConfig
    unit = "image"
    labels = ("rgb",)
    permutations: Tensor

    def __init__(self, backbone: Backbone, config: JigsawConfig) -> None:
        super().__init__(backbone, config)
        self.config: JigsawConfig = config
        width, hidden = backbone.channels[backbone.stages[-1]], 4 * config.embedding
        self.embed = nn.Sequential(nn.Linear(width, config.embedding, bias=False), nn.BatchNorm1d(config.embedding), nn.ReLU())
        self.head = nn.Sequential(
            nn.Linear(CELLS * config.embedding, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, config.permutations),
        )
        # Kept with the weights, which are worth nothing with another set of orders.
        self.register_buffer("permutations", torch.tensor(distant_permutations(config.permutations, CELLS)))

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        """tiles uint8 [9, 3, P + 2 s, P + 2 s] in reading order, with a margin to shift channels by up to s."""
        config = self.config
        size = config.crop.size // 2 + 2 * config.channel_shift
        return {"tiles": cut_patches(sample["rgb"], config.crop, config.grid, range(CELLS), size, generator)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """image float [B, 9, 3, P, P], standardised, in reading order; order int64 [B, K]: the puzzles' permutations, all different."""
        tiles = self._shift_channels(batch["tiles"], generator)
        count, device = len(tiles), tiles.device
        grey = torch.rand(count, generator=generator, device=device) < self.config.grey
        channel = torch.randint(3, (count,), generator=generator, device=device)
        # A picture's channels, by number: all three, or one for all.
        shown = torch.where(grey[:, None], channel[:, None], torch.arange(3, device=device))
        tiles = tiles.gather(2, shown[:, None, :, None, None].expand(tiles.shape))
        scores = torch.rand(count, self.config.permutations, generator=generator, device=device)
        return {"image": standardise(tiles.float() / 255), "order": scores.topk(self.config.orders, 1).indices}

    def _shift_channels(self, tiles: Tensor, generator: torch.Generator) -> Tensor:
        """[B, 9, 3, P + 2 s, P + 2 s] -> [B, 9, 3, P, P]: every channel of every tile at a place of its own."""
        places = 2 * self.config.channel_shift + 1
        size = tiles.shape[-1] - places + 1
        planes = tiles.flatten(0, 2)
        windows = planes.unfold(1, size, 1).unfold(2, size, 1)
        row, column = torch.randint(places, (2, len(planes)), generator=generator, device=tiles.device)
        return windows[torch.arange(len(planes), device=tiles.device), row, column].view(*tiles.shape[:3], size, size)

    def predict(self, images: Tensor, order: Tensor) -> Tensor:
        """Tiles float [B, 9, 3, P, P] in reading order and the orders int64 [B, K] to show them in -> logits [B, K, permutations]."""
        features = self.embed(average_features(self.backbone, images.flatten(0, 1))).unflatten(0, (-1, CELLS))
        puzzles = shuffle(features, self.permutations[order])
        logits: Tensor = self.head(puzzles.flatten(2).flatten(0, 1))
        return logits.unflatten(0, order.shape)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.predict(batch["image"], batch["order"])
        accuracy = (logits.argmax(2) == batch["order"]).float().mean()
        return {"loss": F.cross_entropy(logits.flatten(0, 1), batch["order"].flatten()), "accuracy": accuracy}

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().predict(batch["image"], batch["order"])[:, 0].argmax(1).tolist()
        self.train(training)
        pictures: list[Picture] = []
        for image, truth, guess in zip(batch["image"], batch["order"][:, 0].tolist(), found, strict=True):
            shown = image[self.permutations[truth]]
            solved = {int(cell): tile for cell, tile in zip(self.permutations[guess], shown, strict=True)}
            pictures += [
                (f"order {truth}", mosaic(dict(enumerate(shown)))),
                ("solution", mosaic(dict(enumerate(image)))),
                (f"as predicted, order {guess}", mosaic(solved)),
            ]
        return pictures


def shuffle(tiles: Tensor, permutations: Tensor) -> Tensor:
    """[B, 9, C] and int64 [B, K, 9] -> [B, K, 9, C]: place p of puzzle k shows tile permutations[b, k, p]."""
    return tiles[torch.arange(len(tiles), device=tiles.device)[:, None, None], permutations]
