"""Labels from rendered worlds: normals, depth, instance contours and classes at once (after Ren & Lee, CVPR 2018).

What differs from the paper, and why:
- Depth is learnt for a canonical camera whose focal length is `crop.size` pixels (z * size / focal), because an enlarged crop looks
  nearer than it is; the loss also forgives most of an image's overall scale (Eigen et al. 2014), which no picture shows.
- Stages are supervised one by one, not only where a decoder finds it convenient: a linear head predicts all labels of each cell.
- Their heads also name the class of what is seen, which a rendered world knows as exactly as its depth: in short trials (one seed,
  25,600 crops) that lifted a linear probe of the last stage on real images from 22 to 29 %, geometry alone left it at its random start.
- Colour jitter, grey and single-channel pictures, blur and noise stand between the renderer and real photographs. All pictures have a
  single channel, as in the paper, with `colour.channel` 1.
- With real pictures beside the frames, features can be aligned to theirs as in the paper and batch statistics be theirs (`adapt`), and
  frames take on their style (`style`); without any, random filters stylise. All of it is off unless asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.adaptation import AdaptationConfig
from training.augment import PhotometricConfig
from training.backbones.base import Backbone
from training.crops import CropConfig, Window, crop_frame, draw_window
from training.heads import PyramidDecoder, ShuffleHead, pad_to_multiple
from training.images import to_picture
from training.learner import Batch, Config, Picture, Sample, Unit
from training.losses import angle_degrees, balanced_bce, cosine_loss, log_depth_loss, masked_mean
from training.pictures import paint_depth, paint_mask, paint_normal
from training.pretexts.base import Pretext
from training.rendered_targets import coarse_targets, contour_weight, middles, real_depth, targets, weighted_bce
from training.sim_to_real import SimToReal
from training.stylise import StyleConfig

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
    `LEAST_DECODER_STRIDE` (`decoder_stages`); a learner's own config names them. `scale_invariance` below 0 punishes errors of an image's
    overall scale once more. `contour_balance`: contours are weighted against the rest as they occur in the batch's crops, or in each
    crop's whole frame.
    """

    crop: CropConfig = field(default_factory=CropConfig)
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    normal: float = 1.0
    depth: float = 1.0
    contour: float = 0.3
    semantic: float = 1.0
    semantic_classes: int = 41
    scale_invariance: float = 0.85
    side: float = 1.0
    side_stages: tuple[str, ...] | None = None
    decoder_stages: tuple[str, ...] | None = None
    decoder_width: int = 0
    contour_balance: Literal["batch", "frame"] = "batch"
    style: StyleConfig = field(default_factory=StyleConfig)
    adapt: AdaptationConfig = field(default_factory=AdaptationConfig)

    def __post_init__(self) -> None:
        if min(self.normal, self.depth, self.contour, self.semantic, self.side) < 0 or self.normal + self.depth + self.contour == 0:
            raise UserError("weights of losses must not be negative, and one of normal, depth and contour must be positive")
        if self.semantic_classes < 2:
            raise UserError(f"semantic_classes must be at least 2, not {self.semantic_classes}")
        if not -1 <= self.scale_invariance <= 1:
            raise UserError(f"scale_invariance must lie between -1 and 1, not {self.scale_invariance}")
        if self.contour_balance not in ("batch", "frame"):
            raise UserError(f"contour_balance must be batch or frame, not {self.contour_balance!r}")

    @property
    def reads_real(self) -> bool:
        """Whether every sample must have a real picture."""
        return self.adapt.reads_real or self.style.reads_real

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "ren_lee": {
            "colour": dict.fromkeys(("brightness", "contrast", "saturation", "hue", "grey", "blur", "noise"), 0.0) | {"channel": 1.0},
            **{"normal": 10.0, "depth": 2.5, "scale_invariance": -0.5, "contour": 1.0, "contour_balance": "frame"},
            **{"semantic": 0.0, "side": 0.0, "adapt": {"align": 0.05}},
        }
    }
    """What Ren & Lee published: weights, pictures of one channel, alignment, no classes and no heads on single stages. Their code's depth
    loss is 5 * 0.5 * (mean(d^2) + 0.5 * mean(d)^2): it adds the term that Eigen et al. subtract."""

    @classmethod
    def ren_lee(cls, **changes: Any) -> Self:
        """The preset of that name, with `changes`."""
        return cls.from_dict({**cls.PRESETS["ren_lee"], **changes})


class GameEngine(SimToReal, Pretext):
    """Normals, depth, instance contours and classes of rendered frames, all at once.

    The decoder has five channels: normal x, y, z, log depth, contour logit; classes are predicted by the heads on single stages. "angle" is
    that between normals and the decoder's, in degrees: 90 by chance. "told_apart", with `adapt.align`, is the part of cells that the
    adversary judges right, 0.5 where it cannot tell rendered features from real ones.
    """

    Config: ClassVar[type[Config]] = GameEngineConfig
    unit: ClassVar[Unit] = "labelled_frame"
    labels: ClassVar[tuple[str, ...]] = ("rgb", "depth", "normal", "instance", "semantic", "valid", "K")
    maps = ("depth", "normal", "contour")

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
        self.alignment = self.aligned()

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        height, width = sample["rgb"].shape[-2:]
        view = self._crop(sample, draw_window(height, width, self.config.crop, generator))
        if self.config.contour_balance == "frame":
            view["contour_weight"] = contour_weight(sample["instance"])
        return {**view, **self.real_view(sample, generator)}

    def _crop(self, sample: Sample, window: Window) -> Batch:
        return crop_frame({name: sample[name] for name in self.labels}, window)

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        images = self._images(batch, generator)
        return {"image": images, **targets(batch, self.config.crop.size), **self.real_input(batch, generator)}

    def _learnt(self, maps: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """The losses of all labels, added up."""
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
        truth = middles(batch["semantic"], batch["semantic"].shape[-1] // logits.shape[-1])
        labelled = (truth != UNLABELLED) & (truth < self.config.semantic_classes)
        return masked_mean(F.cross_entropy(logits, torch.where(labelled, truth, 0), reduction="none"), labelled)

    def _losses(self, output: Tensor, truth: Mapping[str, Tensor]) -> dict[str, Tensor]:
        valid = truth["valid"]
        return {
            "normal": cosine_loss(output[:, :3], truth["normal"], valid),
            "depth": log_depth_loss(output[:, 3], truth["depth"], valid, self.config.scale_invariance),
            "contour": self._contour_loss(output[:, 4], truth),
        }

    def _contour_loss(self, logits: Tensor, truth: Mapping[str, Tensor]) -> Tensor:
        """Coarse targets, on whose grid contours are more frequent, are always balanced by themselves."""
        if "contour_weight" in truth:
            return weighted_bce(logits, truth["contour"], truth["contour_weight"])
        return balanced_bce(logits, truth["contour"], torch.ones_like(truth["contour"]))

    def _weigh(self, parts: Mapping[str, Tensor]) -> Tensor:
        return self.config.normal * parts["normal"] + self.config.depth * parts["depth"] + self.config.contour * parts["contour"]

    @property
    def short_px(self) -> int:
        """Twice a crop's side: crops are smaller parts of frames, enlarged."""
        return 2 * self.config.crop.size

    def predict_maps(self, images: Tensor, K: Tensor | None = None) -> dict[str, Tensor]:
        height, width = images.shape[-2:]
        padded = pad_to_multiple(images, max(self.backbone.strides.values()))
        output = self.decoder(self.backbone.forward_stages(padded))[..., :height, :width].float()
        return {
            "depth": real_depth(output[:, 3].exp(), self.config.crop.size, K),
            "normal": F.normalize(output[:, :3], dim=1, eps=1e-6),
            "contour": output[:, 4].sigmoid(),
        }

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().predict_maps(batch["image"])
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
            if "real" in batch:
                pictures.append(("real picture", to_picture(batch["real"][i]).permute(1, 2, 0).cpu().numpy()))
        return pictures


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
