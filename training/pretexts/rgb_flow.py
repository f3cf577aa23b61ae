"""Which motion belongs to which pictures (after Cross and Learn, Sayed et al. 2018, and the first stage of CoCLR, Han et al. 2020).

The backbone reads frames, a second network their optical flow, and both say a vector: those of the same moment of the same clip must be
nearest to one another (InfoNCE, in both directions), among all moments of all clips of the batch. Other moments of the same clip are the
hard negatives: they share its place, people and colours, and differ in what happens.

Flow is the label `flow_forward` where samples have it (exact, in rendered worlds; it leads to the very next frame, so with a `stride` of 1
only), and otherwise that of a program (`training.programs.flow`), never that of a network that was trained with labels.
What differs from the papers, and why:
- A moment is four frames and the three flows between them, stacked as channels; Sayed et al. have one frame and ten flows.
- The flow's network is a ResNet-18 of the backbone's width, whatever the backbone is: it is dropped afterwards.
- Negatives come from the batch, not from a queue, and the loss is InfoNCE for both (Sayed et al. push apart by cosines).

Known shortcuts: colours differ between videos, so a moment's frames are recoloured together; flow has no colours. How strong flow is
tells videos apart and goes with brightness and blur: every clip's is divided by its own strength. In a clip without motion nothing can be
found, so moments below `still` pixels per frame ask no question. The same video twice in a batch is not its own negative.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import ClassVar

import torch
from torch import Tensor, nn

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones import build_backbone
from training.backbones.base import Backbone, Input
from training.clips import clip_maps, crop_clip, recolour_clips
from training.contrast import Contrast, contrast, first_of_rank
from training.crops import CropConfig, draw_window
from training.distributed import gather
from training.flow_maps import crop_flow, found_flow, normalise_flow
from training.images import normalise, to_picture
from training.learner import Batch, Config, Footage, Picture, Sample
from training.losses import masked_mean
from training.pictures import paint_flow
from training.pretexts.base import Pretext
from training.views import picture_id


def _colours() -> PhotometricConfig:
    return PhotometricConfig(brightness=0.6, contrast=0.6, saturation=0.8, hue=0.4, grey=0.2, channel=0.0)


@dataclass(frozen=True, kw_only=True)
class RgbFlowConfig(Config):
    """A sample has `moments` one after the other, each of `frames` frames, and each frame is `stride` after the one before.

    `still`: pixels per frame of the crop (root mean square) below which a moment has no motion to ask for.
    """

    crop: CropConfig = field(default_factory=CropConfig)
    colour: PhotometricConfig = field(default_factory=_colours)
    moments: int = 3
    frames: int = 4
    stride: int = 2
    still: float = 0.05
    hidden: int = 256
    dimensions: int = 64
    temperature: float = 0.1

    def __post_init__(self) -> None:
        if self.frames < 2:
            raise UserError(f"frames must be at least 2, which flow is between, not {self.frames}")
        if min(self.moments, self.stride, self.hidden, self.dimensions) < 1:
            raise UserError(
                f"moments, stride, hidden and dimensions must be at least 1, not {self.moments}, {self.stride}, {self.hidden}, "
                f"{self.dimensions}"
            )
        if not (self.temperature > 0 and self.still >= 0):
            raise UserError(f"temperature must be positive and still not negative, not {self.temperature}, {self.still}")


class RgbFlow(Pretext):
    """`accuracy`: how often the right moment is the nearest, mean of both directions; by chance 1 / (1 + `negatives`). `accuracy_time`:
    among the moments of the right clip alone, by chance 1 / `moments`. All of moments with motion; `moving` is their part."""

    Config: ClassVar[type[Config]] = RgbFlowConfig
    unit = "clip"
    labels = ("rgb",)
    optional = ("flow_forward",)
    inputs: ClassVar[tuple[Input, ...]] = ("image", "clip")

    def __init__(self, backbone: Backbone, config: RgbFlowConfig) -> None:
        super().__init__(backbone, config)
        self.config: RgbFlowConfig = config
        last = backbone.stages[-1]
        steps = ceil(config.frames / backbone.time_strides[last]) if backbone.input == "clip" else config.frames
        self.flow_network = build_backbone("resnet18", width=backbone.width, in_channels=2 * (config.frames - 1))
        self.project_rgb = _projection(steps * backbone.channels[last], config)
        self.project_flow = _projection(self.flow_network.channels[self.flow_network.stages[-1]], config)

    @property
    def footage(self) -> Footage:
        return Footage(length=self.config.moments * self.config.frames, stride=self.config.stride)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        rgb, sizes = sample["rgb"], (self.config.moments, self.config.frames)
        window = draw_window(rgb.shape[-2], rgb.shape[-1], self.config.crop, generator)
        frames = crop_clip(rgb, window).unflatten(0, sizes)
        if "flow_forward" in sample:
            flow = crop_flow(sample["flow_forward"], window).unflatten(0, sizes)[:, :-1]
        else:
            flow = torch.stack([found_flow(moment) for moment in frames])
        return {"rgb": frames, "flow": flow, "id": picture_id(rgb)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        clips = recolour_clips(batch["rgb"].flatten(1, 2), self.config.colour, generator)
        strength = batch["flow"].square().sum(3).mean((2, 3, 4)).sqrt()
        return {
            "clip": normalise(clips).unflatten(1, batch["rgb"].shape[1:3]),
            "flow": normalise_flow(batch["flow"]),
            "moving": strength >= self.config.still,
            "id": batch["id"],
        }

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        rgb, flow = self.encode(batch)
        moving = batch["moving"].flatten()
        ways = [self._way(rgb, flow, batch["id"]), self._way(flow, rgb, batch["id"])]
        # The mean is over all moments, so that it is the same when a batch is split among processes.
        loss = torch.stack([way.loss * moving for way, _ in ways]).mean()
        found = torch.stack([way.found() for way, _ in ways]).float().mean(0)
        in_time = torch.stack([way.found(mine) for way, mine in ways]).float().mean(0)
        return {
            "loss": loss,
            "accuracy": masked_mean(found, moving),
            "accuracy_time": masked_mean(in_time, moving),
            "negatives": ways[0][0].negative.sum(1).float().mean(),
            "moving": moving.float().mean(),
        }

    def encode(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Vectors of the frames and of the flow of every moment, each [B * moments, dimensions], in the order of clips."""
        maps = clip_maps(self.backbone, batch["clip"].flatten(0, 1)).mean((3, 4))
        motion = self.flow_network(batch["flow"].flatten(0, 1).flatten(1, 2)).mean((2, 3))
        return self.project_rgb(maps.flatten(1)), self.project_flow(motion)

    def _way(self, queries: Tensor, candidates: Tensor, ids: Tensor) -> tuple[Contrast, Tensor]:
        """Every query's own moment among those of all ranks; and which candidates are of its clip."""
        everything, all_ids = gather(candidates), gather(ids).repeat_interleave(self.config.moments)
        place = first_of_rank(queries) + torch.arange(len(queries), device=queries.device)
        clips = torch.arange(len(everything), device=place.device) // self.config.moments
        mine = clips[place][:, None] == clips
        return contrast(queries, everything, place, mine | (all_ids[place][:, None] != all_ids), self.config.temperature), mine

    def preview(self, batch: Batch) -> list[Picture]:
        """Each moment's first and last frame, its flow, and the moment whose flow is nearest to its frames."""
        training = self.training
        with torch.no_grad():
            self.eval()
            rgb, flow = (nn.functional.normalize(v.float(), dim=1) for v in self.encode(batch))
        self.train(training)
        nearest = (rgb @ flow.T).argmax(1).tolist()
        frames = to_picture(batch["clip"].flatten(0, 1)[:, [0, -1]]).permute(0, 1, 3, 4, 2).cpu().numpy()
        flows = [paint_flow(moment[0], 2.0) for moment in batch["flow"].flatten(0, 1)]
        pictures: list[Picture] = []
        for i, other in enumerate(nearest):
            verdict = "right" if other == i else "right clip" if other // self.config.moments == i // self.config.moments else "wrong"
            pictures += [("first frame", frames[i][0]), ("last frame", frames[i][1])]
            pictures += [("flow", flows[i]), (f"nearest flow: {verdict}", flows[other])]
        return pictures


def _projection(inputs: int, config: RgbFlowConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, config.hidden, bias=False),
        nn.BatchNorm1d(config.hidden),
        nn.ReLU(),
        nn.Linear(config.hidden, config.dimensions),
    )
