"""Optical flow, learnt from pairs of rendered frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.clips import recolour_clips
from training.crops import CropConfig, crop_frame, crop_rgb, draw_window
from training.dense.base import Dense
from training.dense.flow_network import SIZES, FlowNetwork, Guess
from training.dense.mixture import mixture_loss
from training.images import normalise, to_picture
from training.learner import Batch, Config, Footage, Picture, Sample
from training.losses import masked_mean
from training.pictures import paint_flow

FASTEST = 400.0
"""Pixels of flow beyond which a label is not learnt (as RAFT has it): a division by almost nothing."""


@dataclass(frozen=True, kw_only=True)
class FlowCropConfig(CropConfig):
    """Larger than pretexts' crops: motion must fit in."""

    size: int = 160
    area: tuple[float, float] = (0.15, 1.0)


@dataclass(frozen=True, kw_only=True)
class FlowConfig(Config):
    """`decay`: weight of each guess over that of the next one (RAFT: 0.8, SEA-RAFT: 0.85)."""

    size: Literal["tiny", "small", "base"] = "small"
    crop: FlowCropConfig = field(default_factory=FlowCropConfig)
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    decay: float = 0.8

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise UserError(f"size must be one of {', '.join(SIZES)}, not {self.size!r}")
        if not 0 < self.decay <= 1:
            raise UserError(f"decay must lie in (0, 1], not {self.decay}")


class Flow(Dense):
    """Where every pixel of the first frame is in the second one.

    "epe" is the mean end-point error of the last guess in pixels of the crop, "epe_first" that of the first one, "epe_still", which is
    chance, that of no motion at all; "outliers" the part of pixels that are wrong by more than 3.
    """

    Config: ClassVar[type[Config]] = FlowConfig
    unit = "pair"
    labels = ("rgb", "flow_forward", "valid")
    pair_maps = ("flow", "sure")

    def __init__(self, config: FlowConfig) -> None:
        super().__init__(config)
        self.config: FlowConfig
        self.network = FlowNetwork(SIZES[config.size])

    @property
    def footage(self) -> Footage:
        return Footage(length=2)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        rgb = sample["rgb"]
        window = draw_window(rgb.shape[-2], rgb.shape[-1], self.config.crop, generator)
        first = crop_frame({name: sample[name][0] for name in self.labels}, window)
        return {**first, "next": crop_rgb(rgb[1], window)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        frames = recolour_clips(torch.stack([batch["rgb"], batch["next"]], 1), self.config.colour, generator)
        first, second = normalise(frames).unbind(1)
        flow = batch["flow_forward"]
        known = batch["valid"] & torch.isfinite(flow).all(1) & (flow.abs().amax(1) < FASTEST)
        return {"image": first, "next": second, "flow": torch.where(known[:, None], flow, 0.0), "known": known}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        guesses = self.network.guesses(batch["image"], batch["next"])
        truth, known = batch["flow"], batch["known"]
        loss = truth.new_zeros(())
        for i, guess in enumerate(reversed(guesses)):
            loss = loss + self.config.decay**i * masked_mean(mixture_loss(guess.flow.float(), guess.doubt.float(), truth), known)
        return {"loss": loss, **_errors(guesses, truth, known)}

    def predict_pair(self, first: Tensor, second: Tensor) -> dict[str, Tensor]:
        flow, sure = self.network(first, second)
        return {"flow": flow, "sure": sure}

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found, sure = self.eval().network(batch["image"], batch["next"])
        self.train(training)
        pictures: list[Picture] = []
        for i, truth in enumerate(batch["flow"]):
            largest = float(truth.norm(dim=0).max())
            pictures += [
                ("first", to_picture(batch["image"][i]).permute(1, 2, 0).cpu().numpy()),
                ("second", to_picture(batch["next"][i]).permute(1, 2, 0).cpu().numpy()),
                ("flow", paint_flow(truth, largest)),
                ("predicted", paint_flow(found[i], largest)),
                ("how sure", (sure[i, ..., None] * 255).to(torch.uint8).expand(-1, -1, 3).cpu().numpy()),
            ]
        return pictures


@torch.no_grad()
def _errors(guesses: list[Guess], truth: Tensor, known: Tensor) -> dict[str, Tensor]:
    last = _length(guesses[-1].flow - truth)
    return {
        "epe": masked_mean(last, known),
        "epe_first": masked_mean(_length(guesses[0].flow - truth), known),
        "epe_still": masked_mean(_length(truth), known),
        "outliers": masked_mean((last > 3).float(), known),
    }


def _length(flow: Tensor) -> Tensor:
    """[B, H, W] of vectors [B, 2, H, W]; a norm over so few channels takes several times as long."""
    return flow.square().sum(1).sqrt()
