"""Cubes of a clip, shuffled in space or in time: in which order are they, and of which kind? (Kim et al., AAAI 2019, "3D ST-puzzle".)

The grid has 2 x 2 x 4 cells (across, down, in time). A puzzle's four cubes come from the four cells of one time, or from one cell at four
times; all have the same shape, so they don't show which. The network tells their order, and a further bit the kind.

Known shortcuts and what closes them: content that continues in the next cube (gaps in space and time that jitter can't close, and cubes
are resampled one by one, so no pixel of one has a share of another); one channel of every cube in place of all three (chromatic aberration,
colours); mean 0 and deviation 1 in every frame (shading over the picture, slow changes of light); noise of each cube's own; all 24 orders
of the same cubes are asked (no order is likelier).

What differs from the paper, and why:
- Cubes of 4 frames in cells of 6 instead of 16 in cells of 32: 24 frames make a sample. Cubes have half the side of other methods' crops,
  so four of them cost as much as one crop of these frames.
- Half of what a cube leaves free in its cell always stays free; the paper's cubes could touch.
- The cell of a puzzle in time is drawn in proportion to the motion in it: order doesn't show where nothing moves.
- A cube's features don't depend on its place, so those of one pass are laid in all orders: more questions for a sample, at next to no cost.
- The paper also turns cubes and asks for the turn; that is `video_rotation`, which can be trained along.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.clips import recolour_clips
from training.crops import draw_window
from training.filmstrip import filmstrip
from training.learner import Batch, Config, Footage, Picture, Sample
from training.motion import CELLS, draw, motion
from training.ordering import OneChannelConfig, clip_features
from training.patches import PatchCropConfig, standardise
from training.pretexts.base import Pretext

ACROSS, TIMES, CUBES = 2, 4, 4
"""Cells along each side of the picture and in time; cubes of a puzzle."""
LEAST_SIDE = 4
"""Pixels on a side below which a cube shows nothing."""


@dataclass(frozen=True, kw_only=True)
class CubicPuzzleConfig(Config):
    """`frames` of a sample, each `stride` after the one before, in four cells; `part`: of a cell's length that a cube has along each axis
    (80 of 112 px in the paper). `embedding`: features of a cube in the puzzle."""

    crop: PatchCropConfig = field(default_factory=PatchCropConfig)
    colour: OneChannelConfig = field(default_factory=OneChannelConfig)
    frames: int = 24
    stride: int = 1
    part: float = 5 / 7
    embedding: int = 128

    def __post_init__(self) -> None:
        if self.stride < 1 or self.embedding < 1:
            raise UserError(f"stride and embedding must be at least 1, not {self.stride}, {self.embedding}")
        if not 0 < self.part < 1:
            raise UserError(f"part must lie between 0 and 1, not {self.part}: cubes as long as their cells would touch")
        if self.cube_frames < 1:
            raise UserError(f"four cells of {self.frames // TIMES} frames have no room for cubes and gaps: choose more frames")

    @property
    def cube_frames(self) -> int:
        return cube_length(self.frames // TIMES, self.part)


class CubicPuzzle(Pretext):
    """Tell in which of 24 orders four cubes are shown (chance is an accuracy of 1 / 24), and whether they come from four places or from
    four times (kind_accuracy, chance 0.5)."""

    Config: ClassVar[type[Config]] = CubicPuzzleConfig
    unit = "clip"
    labels = ("rgb",)
    inputs = ("image", "clip")
    orders: Tensor

    def __init__(self, backbone: Backbone, config: CubicPuzzleConfig) -> None:
        super().__init__(backbone, config)
        self.config: CubicPuzzleConfig = config
        width, hidden = backbone.channels[backbone.stages[-1]], 2 * config.embedding
        orders = list(itertools.permutations(range(CUBES)))
        # Kept with the weights, which are worth nothing with another list of orders.
        self.register_buffer("orders", torch.tensor(orders))
        self.embed = nn.Sequential(nn.Linear(width, config.embedding, bias=False), nn.BatchNorm1d(config.embedding), nn.ReLU())
        self.head = nn.Sequential(
            nn.Linear(CUBES * config.embedding, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, len(orders) + 1)
        )

    @property
    def footage(self) -> Footage:
        return Footage(length=self.config.frames, stride=self.config.stride)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        """cubes uint8 [4, T, 3, P, P], P half the crop's size: in reading order, or in order of time where `temporal` (bool) is true."""
        height, width = sample["rgb"].shape[-2:]
        window = draw_window(height, width, self.config.crop, generator)
        square = sample["rgb"][..., window.top : window.top + window.height, window.left : window.left + window.width]
        square = square.flip(-1) if window.flip else square
        temporal = bool(torch.rand((), generator=generator) < 0.5)
        if temporal:
            place = draw(motion(square).sum(0).view(ACROSS, CELLS // ACROSS, ACROSS, CELLS // ACROSS).sum((1, 3)).flatten(), generator)
            cells = [(time, *divmod(place, ACROSS)) for time in range(TIMES)]
        else:
            time = int(torch.randint(TIMES, (), generator=generator))
            cells = [(time, row, column) for row in range(ACROSS) for column in range(ACROSS)]
        return {"cubes": self.cut(square, cells, generator), "temporal": torch.tensor(temporal)}

    def cut(self, square: Tensor, cells: list[tuple[int, int, int]], generator: torch.Generator) -> Tensor:
        """The cubes of these cells (in time, row, column), each at a random place of its own: [T, 3, H, W] -> [4, t, 3, P, P]."""
        side = min(square.shape[-2:]) // ACROSS
        lengths = (self.config.frames // TIMES, side, side)
        t, across, _ = sizes = [cube_length(length, self.config.part) for length in lengths]
        if across < LEAST_SIDE:
            raise UserError(f"cubes of {LEAST_SIDE} px and gaps don't fit in cells of {side} px: leave out such small clips")
        cubes = []
        for cell in cells:
            places = [k * length + offset(length, size, generator) for k, length, size in zip(cell, lengths, sizes, strict=True)]
            first, top, left = places
            cubes.append(square[first : first + t, :, top : top + across, left : left + across])
        size = self.config.crop.size // 2
        return F.interpolate(torch.cat(cubes), (size, size), mode="bilinear", antialias=True).unflatten(0, (CUBES, t))

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """image float [B, 4, T, 3, P, P], standardised, not shuffled; temporal bool [B]."""
        cubes = recolour_clips(batch["cubes"].flatten(0, 1), self.config.colour, generator)
        return {"image": self.even(cubes).view(batch["cubes"].shape), "temporal": batch["temporal"]}

    def even(self, cubes: Tensor) -> Tensor:
        """float [N, T, 3, P, P] in [0, 1] -> without each frame's brightness and contrast."""
        return standardise(cubes)

    def predict(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 4, T, 3, P, P], not shuffled -> logits [B, 24, 24], of each order in which cubes are shown which one it is, and [B, 24], that
        the cubes are of four times."""
        features = self.embed(clip_features(self.backbone, image.flatten(0, 1))).unflatten(0, image.shape[:2])
        logits: Tensor = self.head(features[:, self.orders].flatten(0, 1).flatten(1)).unflatten(0, (len(image), -1))
        return logits[..., :-1], logits[..., -1]

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits, kind = self.predict(batch["image"])
        truth = torch.arange(len(self.orders), device=logits.device).expand(logits.shape[:2])
        temporal = batch["temporal"][:, None].expand(kind.shape)
        order_loss = F.cross_entropy(logits.flatten(0, 1), truth.flatten())
        kind_loss = F.binary_cross_entropy_with_logits(kind, temporal.to(kind.dtype))
        return {
            "loss": order_loss + kind_loss,
            "order": order_loss,
            "kind": kind_loss,
            "accuracy": (logits.argmax(2) == truth).float().mean(),
            "kind_accuracy": ((kind > 0) == temporal).float().mean(),
        }

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            logits, kind = self.eval().predict(batch["image"])
        self.train(training)
        pictures: list[Picture] = []
        for i, cubes in enumerate(batch["image"]):
            k = (i + 1) * 5 % len(self.orders)
            truth, found = _name(self.orders[k], bool(batch["temporal"][i])), self.orders[logits[i, k].argmax()]
            title = f"{truth}; predicted: {_name(found, bool(kind[i, k] > 0))}"
            pictures.append((title, filmstrip(cubes[self.orders[k]])))
        return pictures


def cube_length(cell: int, part: float) -> int:
    """Of a cell of this length (frames or pixels); at least one is left for a gap."""
    return min(int(cell * part), cell - 1)


def offset(cell: int, cube: int, generator: torch.Generator) -> int:
    """Where in its cell a cube begins; half of what the cube leaves free, rounded up, stays free behind it."""
    return int(torch.randint((cell - cube) // 2 + 1, (), generator=generator))


def _name(order: Tensor, temporal: bool) -> str:
    return f"{'times' if temporal else 'places'} {' '.join(str(place + 1) for place in order.tolist())}"
