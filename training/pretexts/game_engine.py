"""Labels from rendered worlds: normals, depth, instance contours and classes at once (after Ren & Lee, CVPR 2018).

What differs from the paper, and why:
- Depth is learnt for a canonical camera whose focal length is `crop.size` pixels (z * size / focal), because an enlarged crop looks
  nearer than it is; the loss also forgives most of an image's overall scale (Eigen et al. 2014), which no picture shows.
- Stages are supervised one by one, not only where a decoder finds it convenient: a linear head predicts all labels of each cell.
- Their heads also name the class of what is seen, which a rendered world knows as exactly as its depth: in short trials (one seed,
  25,600 crops) that lifted a linear probe of the last stage on real images from 22 to 29 %, geometry alone left it at its random start.
- Colour jitter, grey and single-channel pictures, blur and noise stand between the renderer and real photographs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.augment import PhotometricConfig, photometric
from training.backbones.base import Backbone
from training.crops import CropConfig, contours, crop_frame, draw_window
from training.heads import PyramidDecoder, ShuffleHead, pad_to_multiple
from training.images import normalise, to_picture
from training.losses import angle_degrees, balanced_bce, cosine_loss, log_depth_loss, masked_mean
from training.pictures import paint_depth, paint_mask, paint_normal
from training.pretexts.base import Batch, Config, Picture, Pretext, Sample

SIDE_STRIDE, SEMANTIC_STRIDE = 4, 8
"""Pixels between the labels that the stages' own heads predict (or the stage's stride where that is less fine)."""
LEAST_SIDE_STRIDE, LEAST_DECODER_STRIDE = 8, 4
"""Finer stages have no heads of their own, or don't enter the decoder, unless they are named."""
UNLABELLED = 0
"""Semantic id without a class, in every label space."""


@dataclass(frozen=True, kw_only=True)
class GameEngineConfig(Config):
    """Weights of the losses. `side` weighs the geometry of heads on single stages against the decoder's; `semantic` their classes.

    Semantic ids of `semantic_classes` and above are not learnt (NYU40 has 41 ids with 0, "unlabelled"). `decoder_width` 0 means the
    backbone's width. Stages None are all of the backbone's with a stride of at least `LEAST_SIDE_STRIDE` (`side_stages`) and
    `LEAST_DECODER_STRIDE` (`decoder_stages`); a learner's own config names them.
    """

    crop: CropConfig = field(default_factory=CropConfig)
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    normal: float = 1.0
    depth: float = 1.0
    contour: float = 0.3
    semantic: float = 0.5
    semantic_classes: int = 41
    scale_invariance: float = 0.85
    side: float = 1.0
    side_stages: tuple[str, ...] | None = None
    decoder_stages: tuple[str, ...] | None = None
    decoder_width: int = 0

    def __post_init__(self) -> None:
        if min(self.normal, self.depth, self.contour, self.semantic, self.side) < 0 or self.normal + self.depth + self.contour == 0:
            raise UserError("weights of losses must not be negative, and one of normal, depth and contour must be positive")
        if self.semantic_classes < 2:
            raise UserError(f"semantic_classes must be at least 2, not {self.semantic_classes}")
        if not 0 <= self.scale_invariance <= 1:
            raise UserError(f"scale_invariance must lie between 0 and 1, not {self.scale_invariance}")


class GameEngine(Pretext):
    """Normals, depth, instance contours and classes of rendered frames, all at once.

    The decoder has five channels: normal x, y, z, log depth, contour logit; classes are predicted by the heads on single stages.
    """

    Config: ClassVar[type[Config]] = GameEngineConfig
    unit = "labelled_frame"
    labels = ("rgb", "depth", "normal", "instance", "semantic", "valid", "K")

    def __init__(self, backbone: Backbone, config: GameEngineConfig) -> None:
        sides = _chosen(backbone, config.side_stages, LEAST_SIDE_STRIDE)
        decoder_stages = _chosen(backbone, config.decoder_stages, LEAST_DECODER_STRIDE)
        if not decoder_stages:
            raise UserError(f"decoder_stages must name at least one stage of the backbone: it has {', '.join(backbone.stages)}")
        config = replace(config, side_stages=sides, decoder_stages=decoder_stages)
        super().__init__(backbone, config)
        self.config: GameEngineConfig = config
        self.decoder = PyramidDecoder(backbone, 5, width=config.decoder_width or backbone.width, stages=decoder_stages)
        self.sides = _stage_heads(backbone, sides if config.side else [], 5, SIDE_STRIDE)
        self.classes = _stage_heads(backbone, sides if config.semantic else [], config.semantic_classes, SEMANTIC_STRIDE)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        height, width = sample["rgb"].shape[-2:]
        return crop_frame({name: sample[name] for name in self.labels}, draw_window(height, width, self.config.crop, generator))

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        images = photometric(batch["rgb"].float() / 255, self.config.colour, generator)
        return {"image": normalise(images), **targets(batch, self.config.crop.size)}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        maps = self.backbone.forward_stages(batch["image"])
        output = self.decoder(maps)
        parts = self._losses(output, batch)
        loss = self._weigh(parts)
        if self.sides:
            sides = {f"side_{stage}": self._side_loss(stage, maps[stage], batch) for stage in self.sides}
            loss = loss + self.config.side * torch.stack(list(sides.values())).mean()
            parts |= sides
        if self.classes:
            losses = [self._semantic_loss(stage, maps[stage], batch) for stage in self.classes]
            parts["semantic"] = torch.stack(losses).mean()
            loss = loss + self.config.semantic * parts["semantic"]
        return {"loss": loss, **parts, "angle": angle_degrees(output[:, :3], batch["normal"], batch["valid"])}

    def _side_loss(self, stage: str, features: Tensor, batch: Batch) -> Tensor:
        output = self.sides[stage](features)
        return self._weigh(self._losses(output, coarse_targets(batch, batch["valid"].shape[-1] // output.shape[-1])))

    def _semantic_loss(self, stage: str, features: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy over the labelled cells; zero where there are none."""
        logits = self.classes[stage](features)
        truth = _middles(batch["semantic"], batch["semantic"].shape[-1] // logits.shape[-1])
        labelled = (truth != UNLABELLED) & (truth < self.config.semantic_classes)
        return masked_mean(F.cross_entropy(logits, torch.where(labelled, truth, 0), reduction="none"), labelled)

    def _losses(self, output: Tensor, truth: Mapping[str, Tensor]) -> dict[str, Tensor]:
        valid = truth["valid"]
        return {
            "normal": cosine_loss(output[:, :3], truth["normal"], valid),
            "depth": log_depth_loss(output[:, 3], truth["depth"], valid, self.config.scale_invariance),
            "contour": balanced_bce(output[:, 4], truth["contour"], torch.ones_like(valid)),
        }

    def _weigh(self, parts: Mapping[str, Tensor]) -> Tensor:
        return self.config.normal * parts["normal"] + self.config.depth * parts["depth"] + self.config.contour * parts["contour"]

    def predict(self, images: Tensor) -> dict[str, Tensor]:
        """Dense predictions at the resolution of `images` (float32 [B, 3, H, W], normalised; any H and W).

        depth float32 [B, H, W]: metres as seen by a camera whose focal length is `config.crop.size` pixels; multiply by
        focal_length_px / config.crop.size for another camera. normal [B, 3, H, W]: unit, camera frame. contour [B, H, W]: probability.
        """
        height, width = images.shape[-2:]
        padded = pad_to_multiple(images, max(self.backbone.strides.values()))
        output = self.decoder(self.backbone.forward_stages(padded))[..., :height, :width].float()
        return {"depth": output[:, 3].exp(), "normal": F.normalize(output[:, :3], dim=1, eps=1e-6), "contour": output[:, 4].sigmoid()}

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().predict(batch["image"])
        self.train(training)
        pictures: list[Picture] = []
        for i in range(len(batch["image"])):
            valid = batch["valid"][i]
            pictures += [
                ("input", to_picture(batch["image"][i]).permute(1, 2, 0).cpu().numpy()),
                ("normal", paint_normal(batch["normal"][i], valid)),
                ("normal, predicted", paint_normal(found["normal"][i])),
                ("depth", paint_depth(batch["depth"][i], valid)),
                ("depth, predicted", paint_depth(found["depth"][i])),
                ("contour", paint_mask(batch["contour"][i])),
                ("contour, predicted", paint_mask(found["contour"][i])),
            ]
        return pictures


def targets(labels: Mapping[str, Tensor], canonical_focal: float) -> Batch:
    """What is learnt from the labels of crops: depth for the canonical camera, contours from instances, `valid` where all are usable.

    depth [B, H, W] is 1 and normal [B, 3, H, W] 0 where not valid.
    """
    depth, normal, K = labels["depth"], labels["normal"], labels["K"]
    valid = labels["valid"] & torch.isfinite(depth) & (depth > 0) & (normal.square().sum(1) > 0.5)
    focal = (K[:, 0, 0] * K[:, 1, 1]).sqrt()[:, None, None]
    return {
        "depth": torch.where(valid, depth * (canonical_focal / focal), torch.ones_like(depth)),
        "normal": torch.where(valid[:, None], normal, torch.zeros_like(normal)),
        "contour": contours(labels["instance"]),
        "semantic": labels["semantic"].long(),
        "valid": valid,
    }


def coarse_targets(batch: Mapping[str, Tensor], stride: int) -> Batch:
    """Targets on a grid of cells of stride x stride pixels: labels of the pixel at the middle, contours if any pixel has one."""
    contour = F.max_pool2d(batch["contour"][:, None].float(), stride)[:, 0] > 0.5
    return {name: _middles(batch[name], stride) for name in ("depth", "normal", "valid")} | {"contour": contour}


def _middles(label: Tensor, stride: int) -> Tensor:
    return label[..., stride // 2 :: stride, stride // 2 :: stride]


def _chosen(backbone: Backbone, names: Sequence[str] | None, least: int) -> tuple[str, ...]:
    """The named stages from shallow to deep, or those with a stride of at least `least`."""
    if names is None:
        return tuple(stage for stage in backbone.stages if backbone.strides[stage] >= least)
    unknown = sorted(set(names) - set(backbone.stages))
    if unknown:
        raise UserError(f"the backbone has no stage {', '.join(unknown)}: it has {', '.join(backbone.stages)}")
    return tuple(stage for stage in backbone.stages if stage in names)


def _stage_heads(backbone: Backbone, stages: Sequence[str], outputs: int, stride: int) -> nn.ModuleDict:
    """A head for each stage that predicts labels `stride` pixels apart, or as fine as the stage itself is."""
    return nn.ModuleDict(
        {stage: ShuffleHead(backbone.channels[stage], outputs, max(1, backbone.strides[stage] // stride)) for stage in stages}
    )
