"""Are these frames in order, or in which order are they? (Misra et al., ECCV 2016, "Shuffle and Learn"; Lee et al., ICCV 2017, "OPN".)

Verification: of five frames a < b < c < d < e of a stretch in which much moves, (b, c, d) is in order; (b, a, d) or (b, e, d), with the
same first and last frame, is not. Sorting: in which of n! / 2 orders are n frames shown? Played backwards is the same order in both, since
one often cannot tell.

Known shortcuts and what closes them: one crop for all frames, so that windows tell nothing, which moves by some pixels from frame to
frame, so that a drift of the camera can't be read off single edges; one random channel of every frame (colours, chromatic aberration);
mean 0 and deviation 1 in every frame (slow changes of brightness and contrast); blur and noise of each frame's own (the quality of a
compressed video, which changes with the distance from its last key frame); every order of the same frames is asked (no order is likelier).

What differs from the papers, and why:
- Motion is measured by differences between frames of equal brightness, not by optical flow, and weighs the choice of stretch and of crop.
- A frame's features don't depend on its place, so those of one pass are laid in all orders: more questions for a sample, at next to no
  cost. Right and wrong tuples are therefore equally many, where Misra et al. had three wrong ones to a right one: chance is 0.5.
- Both kinds use the pairwise head of OPN, on the averaged last stage of any backbone.
- A network of clips sees every frame as a clip of one, so what it computes from differences between frames is not trained.
- Frames outside may look like the one in the middle where a motion is periodic; Misra et al. drop tuples whose pixels are too similar.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.augment import photometric
from training.backbones.base import Backbone
from training.clips import crop_clip
from training.crops import CropConfig
from training.filmstrip import filmstrip
from training.learner import Batch, Config, Footage, Picture, Sample
from training.motion import draw_interval, draw_moving_window, motion
from training.ordering import OneChannelConfig, PairwiseOrder, clip_features
from training.patches import standardise
from training.pretexts.base import Pretext

IN_ORDER, OUT_OF_ORDER = (0, 1, 2), (0, 3, 2)
"""Tuples of verification among frames b, c, d and one from outside."""


@dataclass(frozen=True, kw_only=True)
class FrameColour(OneChannelConfig):
    """And blur and noise, stronger than elsewhere, in half of the frames."""

    blur: float = 0.5
    noise: float = 0.5


@dataclass(frozen=True, kw_only=True)
class FrameOrderCrop(CropConfig):
    """Large, or what moves would often be outside."""

    area: tuple[float, float] = (0.5, 1.0)


@dataclass(frozen=True, kw_only=True)
class FrameOrderConfig(Config):
    """`frames`, each `stride` after the one before, are a sample; of its `window` consecutive ones with much motion a tuple is drawn, any
    two of which are at least `gap` apart. `items`: frames to be sorted (verification has 3). `jitter`: the part of the crop's size by which
    it moves from frame to frame at most. `hidden`: width of the layer in which pairs meet."""

    method: Literal["verification", "sorting"] = "verification"
    crop: FrameOrderCrop = field(default_factory=FrameOrderCrop)
    colour: FrameColour = field(default_factory=FrameColour)
    frames: int = 24
    stride: int = 1
    window: int = 20
    gap: int = 3
    items: int = 4
    jitter: float = 1 / 16
    hidden: int = 128

    def __post_init__(self) -> None:
        if self.method not in ("verification", "sorting"):
            raise UserError(f"method must be verification or sorting, not {self.method!r}")
        if self.items not in (3, 4):
            raise UserError(f"items must be 3 or 4, not {self.items}: 5 frames have 60 orders that differ too little")
        if min(self.stride, self.gap, self.hidden) < 1:
            raise UserError(f"stride, gap and hidden must be at least 1, not {self.stride}, {self.gap}, {self.hidden}")
        if not (self.drawn - 1) * self.gap < self.window <= self.frames:
            raise UserError(
                f"{self.drawn} frames that are {self.gap} apart need a window of more than {(self.drawn - 1) * self.gap} frames and at "
                f"most all {self.frames}, not {self.window}"
            )
        if not 0 <= self.jitter <= 0.5:
            raise UserError(f"jitter must lie between 0 and 0.5, not {self.jitter}")

    @property
    def drawn(self) -> int:
        """Frames of a sample that are drawn: all five of Misra et al., or those to be sorted."""
        return 5 if self.method == "verification" else self.items

    @property
    def margin(self) -> int:
        """Pixels by which the crop moves at most."""
        return round(self.jitter * self.crop.size)


class FrameOrder(Pretext):
    """Tell whether three frames are in order (chance is an accuracy of 0.5), or in which of 12 orders four are (chance 1 / 12; of three
    frames 1 / 3)."""

    Config: ClassVar[type[Config]] = FrameOrderConfig
    unit = "clip"
    labels = ("rgb",)
    inputs = ("image", "clip")
    orders: Tensor

    def __init__(self, backbone: Backbone, config: FrameOrderConfig) -> None:
        super().__init__(backbone, config)
        self.config: FrameOrderConfig = config
        orders = (IN_ORDER, OUT_OF_ORDER) if config.method == "verification" else orders_up_to_reversal(config.items)
        # Kept with the weights, which are worth nothing with another list of orders.
        self.register_buffer("orders", torch.tensor(orders))
        self.head = PairwiseOrder(backbone.channels[backbone.stages[-1]], len(orders[0]), len(orders), hidden=config.hidden)

    @property
    def footage(self) -> Footage:
        return Footage(length=self.config.frames, stride=self.config.stride)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        """frames uint8 [n, 3, S + 2 m, S + 2 m], with a margin to move the crop by m: in order, or of verification b, c, d and one of a and
        e."""
        config, rgb = self.config, sample["rgb"]
        moved = motion(rgb)
        height, width = rgb.shape[-2:]
        window = draw_moving_window(moved, height, width, config.crop, generator)
        times = draw_interval(moved, config.window, generator) + apart(config.drawn, config.window, config.gap, generator)
        if config.method == "verification":
            outside = 4 * int(torch.randint(2, (), generator=generator))
            times = times[[1, 2, 3, outside]]
        return {"frames": crop_clip(rgb[times], replace(window, size=config.crop.size + 2 * config.margin))}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """image float [B, n, 3, S, S], standardised; backwards bool [B, K]: which of the K orders are shown from their end."""
        frames = shift(batch["frames"].flatten(0, 1), self.config.margin, generator)
        image = self.even(photometric(frames.float() / 255, self.config.colour, generator))
        count = len(batch["frames"])
        backwards = torch.rand(count, len(self.orders), generator=generator, device=image.device) < 0.5
        return {"image": image.unflatten(0, (count, -1)), "backwards": backwards}

    def even(self, frames: Tensor) -> Tensor:
        """float [N, 3, S, S] in [0, 1] -> without each frame's brightness and contrast."""
        return standardise(frames)

    def predict(self, image: Tensor, backwards: Tensor) -> Tensor:
        """[B, n, 3, S, S] and [B, K] -> logits [B, K, K]: of each order in which the frames are shown, which one it is."""
        features = clip_features(self.backbone, image.flatten(0, 1)[:, None]).unflatten(0, image.shape[:2])
        shown = features[:, self.orders]
        shown = torch.where(backwards[..., None, None], shown.flip(2), shown)
        logits: Tensor = self.head(shown.flatten(0, 1))
        return logits.unflatten(0, backwards.shape)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.predict(batch["image"], batch["backwards"])
        truth = torch.arange(len(self.orders), device=logits.device).expand(logits.shape[:2])
        accuracy = (logits.argmax(2) == truth).float().mean()
        return {"loss": F.cross_entropy(logits.flatten(0, 1), truth.flatten()), "accuracy": accuracy}

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().predict(batch["image"], batch["backwards"]).argmax(2)
        self.train(training)
        pictures: list[Picture] = []
        for i, image in enumerate(batch["image"]):
            k = i % len(self.orders)
            order = self.orders[k].flip(0) if batch["backwards"][i, k] else self.orders[k]
            pictures.append((f"{self._title(k)}; predicted: {self._title(int(found[i, k]))}", filmstrip(image[order][None])))
        return pictures

    def _title(self, order: int) -> str:
        if self.config.method == "verification":
            return ("in order", "out of order")[order]
        return "order " + " ".join(str(place + 1) for place in self.orders[order].tolist())


def orders_up_to_reversal(items: int) -> tuple[tuple[int, ...], ...]:
    """The items! / 2 orders of which none is another one backwards."""
    return tuple(order for order in itertools.permutations(range(items)) if order[0] < order[-1])


def apart(items: int, length: int, gap: int, generator: torch.Generator) -> Tensor:
    """int64 [items], ascending, of [0, length): any such places that are at least `gap` apart, all equally likely."""
    free = length - (items - 1) * (gap - 1)
    places = torch.randperm(free, generator=generator)[:items].sort().values
    return places + (gap - 1) * torch.arange(items)


def shift(frames: Tensor, margin: int, generator: torch.Generator) -> Tensor:
    """[N, 3, S + 2 margin, S + 2 margin] -> [N, 3, S, S]: every frame at a place of its own."""
    size = frames.shape[-1] - 2 * margin
    windows = frames.unfold(2, size, 1).unfold(3, size, 1)
    row, column = torch.randint(2 * margin + 1, (2, len(frames)), generator=generator, device=frames.device)
    return windows[torch.arange(len(frames), device=frames.device), :, row, column]
