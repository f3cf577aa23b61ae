"""Tell from one picture which of two points is nearer (Chen et al., NeurIPS 2016; Jiang et al., ECCV 2018).

As Jiang et al. do, the labels come from how a moving camera sees a scene pass (`training.programs.depth_order`), which is no more than an
order: so the loss is Chen et al.'s ranking of pairs. Clips without parallax, as of a camera at rest, have no labels and don't count;
`labelled` says how many do. Rendered worlds know their depth, and its order is used where a data set has it.

What gives the answer away without knowing things, and how it is kept out: what lies lower in a picture is usually nearer, and what lies
at its sides in a tunnel or a street. Half the pairs are mirror images of one another about the middle column, about which no rule of
height or distance from the middle says anything, and flips are drawn; of the others as many have the upper point nearer as the lower
one. So "the lower one" is right for exactly half of the pairs of every picture. A rule that knows more of height (a ceiling is near at
the top) may still win some of these others; `accuracy_level`, of the mirrored pairs alone, is free of that, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones.base import Backbone
from training.crops import CropConfig, crop_frame, draw_window
from training.images import to_picture
from training.learner import Batch, Config, Footage, Picture, Sample
from training.losses import masked_mean
from training.pictures import Pixels, paint_depth
from training.pretexts.base import Pretext
from training.programs.depth_order import nearness, spread_of
from training.programs.flow import reduced
from training.programs.memory import Remembered
from training.reconstruction import picture_decoder
from training.views import recoloured_input

FINEST = 4
TRIES = 6
"""Points are drawn for so many times as many pairs as are kept."""


@dataclass(frozen=True, kw_only=True)
class RelativeDepthConfig(Config):
    """`source`: "program", "depth" (exact, of rendered worlds), or "auto": depth where samples have it. `stride`: frames between the two
    that the program compares, on frames whose shorter side has at most `program_size` pixels. `pairs` a picture.

    `margin`: points whose inverse depths differ by less, as a part of its spread in the picture, are equally near. A difference that
    the program isn't sure of (two standard deviations) isn't used.
    """

    crop: CropConfig = field(default_factory=CropConfig)
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    source: Literal["auto", "program", "depth"] = "auto"
    stride: int = 4
    program_size: int = 96
    pairs: int = 96
    margin: float = 0.1

    def __post_init__(self) -> None:
        if self.source not in ("auto", "program", "depth"):
            raise UserError(f"source must be auto, program or depth, not {self.source!r}")
        if self.stride < 1 or self.program_size < 32 or self.pairs < 8:
            raise UserError(
                f"stride must be at least 1, program_size 32 and pairs 8, not {self.stride}, {self.program_size} and {self.pairs}"
            )
        if self.margin <= 0:
            raise UserError(f"margin must be positive, not {self.margin}")


class RelativeDepth(Pretext):
    """`accuracy`: the part of the pairs that aren't equally near of which the nearer point is found; `accuracy_level`, that of those on
    one level. Chance: 1/2, also for `lower_is_nearer`, the accuracy of that rule on the same pairs. `labelled`: part of the pictures
    with pairs to learn from."""

    Config: ClassVar[type[Config]] = RelativeDepthConfig
    unit = "clip"
    labels = ("rgb",)
    optional = ("depth",)

    def __init__(self, backbone: Backbone, config: RelativeDepthConfig) -> None:
        super().__init__(backbone, config)
        self.config: RelativeDepthConfig = config
        self.decoder = picture_decoder(backbone, 1, finest=FINEST)
        self.program = Remembered(nearness)

    @property
    def footage(self) -> Footage:
        return Footage(length=2, stride=self.config.stride)

    def check(self, sample: Sample) -> None:
        super().check(sample)
        if self.config.source == "depth" and "depth" not in sample:
            raise UserError('the data set has no depth: take the option source "program", or rendered worlds')

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        if self.config.source == "depth" or (self.config.source == "auto" and "depth" in sample):
            rgb, (near, error) = sample["rgb"][0], exact_nearness(sample["depth"][0])
        else:
            frames = reduced(sample["rgb"], self.config.program_size)
            rgb, (near, error) = frames[0], self.program(frames)
        window = draw_window(rgb.shape[-2], rgb.shape[-1], self.config.crop, generator)
        view = crop_frame({"rgb": rgb, "near": near, "error": error}, window)
        return {**view, **draw_pairs(view["near"], view["error"], self.config, generator)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        return {**batch, "image": recoloured_input(batch["rgb"], self.config.colour, generator)}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        height = self.decoder(self.backbone.forward_stages(batch["image"])).float().flatten(1)
        points, order, kept = batch["points"], batch["order"], batch["kept"]
        difference = height.gather(1, points[:, 0]) - height.gather(1, points[:, 1])
        unequal = kept & (order != 0)
        with torch.no_grad():
            right = ((difference > 0) == (order > 0)).float()
            row = points.div(self.config.crop.size, rounding_mode="floor")
            level = row[:, 0] == row[:, 1]
            rule = torch.where(level, 0.5, ((row[:, 0] > row[:, 1]) == (order > 0)).float())
        return {
            "loss": masked_mean(ranking_losses(difference, order), kept),
            "accuracy": _mean_or_chance(right, unequal),
            "accuracy_level": _mean_or_chance(right, unequal & level),
            "lower_is_nearer": _mean_or_chance(rule, unequal),
            "labelled": kept.any(1).float().mean(),
        }

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().decoder(self.backbone.forward_stages(batch["image"]))[:, 0].float()
        self.train(training)
        pictures: list[Picture] = []
        for i, pixels in enumerate(to_picture(batch["image"]).permute(0, 2, 3, 1).cpu().numpy()):
            known = batch["error"][i].isfinite()
            pictures += [("input", pixels), ("near is bright (black: not said)", _paint(batch["near"][i], known))]
            pictures += [("nearer (red) of two", self._marked(pixels, batch, i)), ("predicted", _paint(found[i], torch.ones_like(known)))]
        return pictures

    def _marked(self, pixels: Pixels, batch: Batch, i: int) -> Pixels:
        """The picture with the nearer points of its unequal pairs in red, the others in blue."""
        marked = pixels.copy()
        for (a, b), order in zip(batch["points"][i].T.tolist(), (batch["order"] * batch["kept"])[i].tolist(), strict=True):
            for place, colour in ((a, (255, 0, 0)), (b, (0, 80, 255))) if order > 0 else ((b, (255, 0, 0)), (a, (0, 80, 255))):
                if order:
                    marked[divmod(place, self.config.crop.size)] = colour
        return marked


def exact_nearness(depth: Tensor) -> tuple[Tensor, Tensor]:
    """As `training.programs.depth_order.nearness`, of true depth float32 [H, W] in metres: its deviation is 0, where finite."""
    known = depth.isfinite() & (depth > 0)
    inverse = torch.where(known, 1 / depth, 0.0)
    return inverse / spread_of(inverse, known), torch.where(known, 0.0, math.inf)


def draw_pairs(near: Tensor, error: Tensor, config: RelativeDepthConfig, generator: torch.Generator) -> Batch:
    """points int64 [2, P] (places in the flattened picture), order int64 [P] (1: the first is nearer, -1: the second, 0: equal) and kept
    bool [P]: pairs that count. near and error: [size, size], see `nearness`.

    Up to half are mirrored pairs, up to a quarter free ones, half of them with the lower point nearer, up to a quarter equally near.
    """
    size, drawn = config.crop.size, TRIES * config.pairs
    rows, columns = torch.randint(size, (2, drawn, 2), generator=generator)
    level = torch.arange(drawn) < drawn // 2
    rows = torch.where(level[:, None], rows[:, :1], rows)
    columns[:, 1] = torch.where(level, size - 1 - columns[:, 0], columns[:, 1])
    points = (rows * size + columns).T
    order, sure = pair_order(near.flatten()[points], error.flatten()[points], config.margin)
    lower = (rows[:, 0] - rows[:, 1]) * order
    quarter = config.pairs // 4
    nearer_below, nearer_above = (_first(sure & ~level & (sign * lower > 0), quarter // 2) for sign in (1, -1))
    free = min(len(nearer_below), len(nearer_above))
    mirrored, equal = _first(sure & level & (order != 0), 2 * quarter), _first(sure & (order == 0), quarter)
    chosen = torch.cat([mirrored, nearer_below[:free], nearer_above[:free], equal if len(mirrored) + free else equal[:0]])
    kept = torch.arange(config.pairs) < len(chosen)
    chosen = F.pad(chosen, (0, config.pairs - len(chosen)))
    return {"points": points[:, chosen], "order": order[chosen], "kept": kept}


def pair_order(near: Tensor, error: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """(order int64 [P], sure bool [P]) of pairs [2, P]: whether the first is nearer (1), the second (-1) or neither (0) by `margin`; sure
    where twice the standard deviation of the difference doesn't reach across that."""
    difference, doubt = near[0] - near[1], 2 * error.norm(dim=0)
    order = difference.sign().long() * (difference.abs() > margin)
    return order, (difference.abs() - margin).abs() > doubt


def ranking_losses(difference: Tensor, order: Tensor) -> Tensor:
    """Chen et al. 2016, eq. 2: log(1 + exp(-order * difference)) of pairs that are ordered, difference^2 of equal ones."""
    return torch.where(order == 0, difference.square(), F.softplus(-order * difference))


def _first(mask: Tensor, count: int) -> Tensor:
    return mask.nonzero()[:count, 0]


def _mean_or_chance(values: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask.any(), masked_mean(values, mask), 0.5)


def _paint(near: Tensor, known: Tensor) -> Pixels:
    """Ranks, so that the picture's order shows whatever its scale: the farthest is dark, the nearest bright."""
    rank = torch.zeros_like(near)
    rank[known] = near[known].argsort().argsort().float() / max(1, int(known.sum()) - 1)
    return paint_depth(1 / (rank + 0.1), known)
