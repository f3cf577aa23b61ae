"""Labels from rendered worlds as in `game_engine`, and the motion between two frames, which takes both to see.

The flow is decoded from how features of the two frames correlate at every stage (FlowNetC, Dosovitskiy et al. 2015): what is asked of the
backbone is to find things again. From features side by side, as in FlowNetS, nothing was learnt within thousands of pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.clips import recolour_clips
from training.crops import Window, crop_frame, crop_rgb
from training.heads import PyramidDecoder, pad_to_multiple
from training.images import normalise, to_picture
from training.learner import Batch, Config, Footage, Picture, Sample
from training.losses import masked_mean
from training.matching import correlation
from training.pictures import paint_flow
from training.pretexts.game_engine import GameEngine, GameEngineConfig
from training.stylise import random_convolution

FLOW_UNIT = 4.0
"""Pixels of flow for 1 in the decoder's output and in the loss."""
FINEST, RADIUS = 2, 3
"""Stride of the finest stage that is correlated, and how many cells far in each direction."""


@dataclass(frozen=True, kw_only=True)
class GameEngineFlowConfig(GameEngineConfig):
    """`flow` weighs the mean endpoint error, in units of 4 pixels of the crop."""

    flow: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.flow <= 0:
            raise UserError(f"flow must be positive, not {self.flow}: without it, train game_engine, which needs single frames only")


class PairDecoder(nn.Module):
    """Maps of two frames -> float [B, outputs, H, W], from the first one's and how it correlates with the second's, stage by stage."""

    def __init__(self, backbone: Backbone, outputs: int, *, width: int) -> None:
        super().__init__()
        stages = [stage for stage in backbone.stages if backbone.strides[stage] >= FINEST]
        self.merge = nn.ModuleDict({stage: _merge(backbone.channels[stage]) for stage in stages})
        self.decoder = PyramidDecoder(backbone, outputs, width=width, stages=stages)

    def forward(self, first: dict[str, Tensor], second: dict[str, Tensor]) -> Tensor:
        merged = {}
        for stage, merge in self.merge.items():
            merged[stage] = merge(torch.cat([first[stage], correlation(first[stage], second[stage], RADIUS)], 1))
        flow: Tensor = self.decoder(merged)
        return flow


def _merge(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels + (2 * RADIUS + 1) ** 2, channels, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU())


class GameEngineFlow(GameEngine):
    """Normals, depth, contours and classes of the first of two frames, and its flow to the second.

    "epe" is the mean endpoint error of the flow in pixels of the crop, "epe_still", which is chance, that of no motion at all. Flow that
    leads out of the crop is not learnt: nothing there shows it.
    """

    Config: ClassVar[type[Config]] = GameEngineFlowConfig
    unit = "pair"
    labels = (*GameEngine.labels, "flow_forward")
    pair_maps = ("flow",)

    def __init__(self, backbone: Backbone, config: GameEngineFlowConfig) -> None:
        super().__init__(backbone, config)
        self.config: GameEngineFlowConfig
        width = config.decoder_width or backbone.width
        self.flow = PairDecoder(backbone, 2, width=width)

    @property
    def footage(self) -> Footage:
        return Footage(length=2)

    def _crop(self, sample: Sample, window: Window) -> Batch:
        first = {name: sample[name] if name == "K" else sample[name][0] for name in self.labels}
        return {**crop_frame(first, window), "next": crop_rgb(sample["rgb"][1], window)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        augmented = super().augment(batch, generator)
        first, second = augmented["image"].unbind(1)
        flow = batch["flow_forward"]
        seen = augmented["valid"] & torch.isfinite(flow).all(1) & lands_inside(flow)
        return {**augmented, "image": first, "next": second, "flow": torch.where(seen[:, None], flow, 0.0), "flow_seen": seen}

    def _images(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """[B, 2, 3, H, W]: both frames in one style and one change of colour; noise differs."""
        frames = torch.stack([batch["rgb"], batch["next"]], 1)
        if self.config.style.reads_real:
            styled = alike(lambda frame: self._stylised(frame, batch, generator), frames.float() / 255, generator)
            frames = (styled * 255).round().to(torch.uint8)
        images = normalise(recolour_clips(frames, self.config.colour, generator))
        return alike(lambda frame: random_convolution(frame, self.config.style, generator), images, generator)

    def _maps(self, batch: Batch) -> dict[str, Tensor]:
        """Of the first frames, then of the second ones."""
        return self.backbone.forward_stages(torch.cat([batch["image"], batch["next"]]))

    def _learnt(self, maps: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        first, second = _halves(maps)
        parts = super()._learnt(first, batch)
        error = (FLOW_UNIT * self.flow(first, second).float() - batch["flow"]).square().sum(1).add(1e-6).sqrt()
        epe = masked_mean(error, batch["flow_seen"])
        still = masked_mean(batch["flow"].norm(dim=1), batch["flow_seen"])
        return {**parts, "loss": parts["loss"] + self.config.flow * epe / FLOW_UNIT, "epe": epe, "epe_still": still}

    def predict_pair(self, first: Tensor, second: Tensor) -> dict[str, Tensor]:
        height, width = first.shape[-2:]
        padded = pad_to_multiple(torch.cat([first, second]), max(self.backbone.strides.values()))
        flow = FLOW_UNIT * self.flow(*_halves(self.backbone.forward_stages(padded))).float()
        return {"flow": flow[..., :height, :width]}

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().predict_pair(batch["image"], batch["next"])["flow"]
        self.train(training)
        own = super().preview(batch)
        columns = len(own) // len(found)
        pictures: list[Picture] = []
        for i in range(len(found)):
            largest = float(batch["flow"][i].norm(dim=0).max())
            pictures += own[i * columns : (i + 1) * columns]
            pictures += [
                ("next frame", to_picture(batch["next"][i]).permute(1, 2, 0).cpu().numpy()),
                ("flow", paint_flow(batch["flow"][i], largest)),
                ("flow, predicted", paint_flow(found[i], largest)),
            ]
        return pictures


def alike(change: Callable[[Tensor], Tensor], frames: Tensor, generator: torch.Generator) -> Tensor:
    """`change` of every frame [B, 3, H, W] of [B, T, 3, H, W], each time with the generator as it is now."""
    state, changed = generator.get_state(), []
    for frame in frames.unbind(1):
        generator.set_state(state)
        changed.append(change(frame))
    return torch.stack(changed, 1)


def lands_inside(flow: Tensor) -> Tensor:
    """bool [B, H, W]: the pixel's centre moved by its flow [B, 2, H, W] still lies in the picture."""
    height, width = flow.shape[-2:]
    across = flow[:, 0] + torch.arange(width, device=flow.device) + 0.5
    down = flow[:, 1] + torch.arange(height, device=flow.device)[:, None] + 0.5
    return (across >= 0) & (across < width) & (down >= 0) & (down < height)


def _halves(maps: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    first, second = {}, {}
    for stage, both in maps.items():
        first[stage], second[stage] = both.chunk(2)
    return first, second
