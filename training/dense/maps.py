"""Depth, normals, contours and classes of single pictures, from one trunk; learnt from rendered frames.

What a pixel's direction is in the camera's frame (its ray) enters the decoder beside the trunk's maps, so that a road far below the
horizon is known to be near (after CAM-Convs, Facil et al. 2019); depth is learnt for a canonical camera besides, as in `game_engine`. The
trunk sees pictures alone: it can be judged, aligned and exported like any backbone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.adaptation import AdaptationConfig
from training.augment import PhotometricConfig
from training.backbones import build_backbone
from training.crops import CropConfig, crop_frame, draw_window
from training.dense.base import Dense
from training.heads import PyramidDecoder, pad_to_multiple
from training.images import to_picture
from training.learner import Batch, Config, Picture, Sample
from training.losses import affine_invariant_loss, angle_degrees, balanced_bce, cosine_loss, gradient_loss, log_depth_loss, masked_mean
from training.pictures import paint_depth, paint_mask, paint_normal
from training.rendered_targets import real_depth, targets
from training.sim_to_real import SimToReal
from training.stylise import StyleConfig

SIZES = {"tiny": ("resnet18", 32), "small": ("resnet18", 64), "base": ("resnet50", 64)}
"""Backbone and width."""
STAGES = ("layer1", "layer2", "layer3", "layer4")
RAYS = 2
COMMON_FOV = 1.0
"""Focal length over the longer side of a picture whose camera is unknown: 53 degrees of view."""
UNLABELLED = 0


@dataclass(frozen=True, kw_only=True)
class MapsCropConfig(CropConfig):
    """Whole frames or nearly so: the horizon tells depth."""

    size: int = 128
    area: tuple[float, float] = (0.35, 1.0)


@dataclass(frozen=True, kw_only=True)
class MapsConfig(Config):
    """`space`: "metric" learns log depth, of which `invariance` forgives as much of an image's overall scale (Eigen et al. 2014); "affine"
    learns inverse depth up to an unknown scale and shift (Ranftl et al. 2020). Numbers are weights of the losses; `gradient` is that of
    depth's edges. Classes are those of one label space: `semantic` of data with several teaches nonsense, so it is 0 unless asked for.
    """

    size: Literal["tiny", "small", "base"] = "small"
    crop: MapsCropConfig = field(default_factory=MapsCropConfig)
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    style: StyleConfig = field(default_factory=StyleConfig)
    adapt: AdaptationConfig = field(default_factory=AdaptationConfig)
    space: Literal["metric", "affine"] = "metric"
    invariance: float = 0.5
    depth: float = 1.0
    gradient: float = 0.5
    normal: float = 0.5
    contour: float = 0.1
    semantic: float = 0.0
    semantic_classes: int = 41

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise UserError(f"size must be one of {', '.join(SIZES)}, not {self.size!r}")
        if self.space not in ("metric", "affine"):
            raise UserError(f"space must be metric or affine, not {self.space!r}")
        if not 0 <= self.invariance <= 1:
            raise UserError(f"invariance must lie between 0 and 1, not {self.invariance}")
        if min(self.depth, self.gradient, self.normal, self.contour, self.semantic) < 0 or self.depth == 0:
            raise UserError("weights of losses must not be negative, and that of depth must be positive")

    @property
    def reads_real(self) -> bool:
        """Whether every sample must have a real picture."""
        return self.adapt.reads_real or self.style.reads_real


class Maps(SimToReal, Dense):
    """How far away, turned which way, and what everything in a picture is.

    "abs_rel" is the mean relative error of depth at each picture's best scale (its median), "angle" that of normals in degrees.
    """

    Config: ClassVar[type[Config]] = MapsConfig
    unit = "labelled_frame"
    labels = ("rgb", "depth", "normal", "instance", "semantic", "valid", "K")

    def __init__(self, config: MapsConfig) -> None:
        super().__init__(config)
        self.config: MapsConfig
        name, width = SIZES[config.size]
        self.backbone = build_backbone(name, width=width)
        self.decoder = PyramidDecoder(self.backbone, 5, width=width, stages=STAGES, beside=RAYS)
        self.classes = nn.Conv2d(width, config.semantic_classes, 1) if config.semantic else None
        self.maps = ("depth", "normal", "contour", *(("semantic",) if self.classes is not None else ()))
        self.alignment = self.aligned()

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        height, width = sample["rgb"].shape[-2:]
        window = draw_window(height, width, self.config.crop, generator)
        return {**crop_frame({name: sample[name] for name in self.labels}, window), **self.real_view(sample, generator)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        images = self._images(batch, generator)
        return {
            "image": images,
            "K": batch["K"],
            **targets(batch, self.config.crop.size),
            **self.real_input(batch, generator),
        }

    def _learnt(self, maps: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        features = self.decoder.features(with_rays(maps, batch["K"], batch["image"].shape[-2:]))
        output, valid, config = self.decoder.readout(features).float(), batch["valid"], self.config
        if config.space == "metric":
            depth = log_depth_loss(output[:, 3], batch["depth"], valid, config.invariance)
            edges = gradient_loss(output[:, 3], batch["depth"].log(), valid)
        else:
            depth, edges = affine_invariant_loss(output[:, 3], 1 / batch["depth"], valid)
        parts = {
            "depth": depth,
            "gradient": edges,
            "normal": cosine_loss(output[:, :3], batch["normal"], valid),
            "contour": balanced_bce(output[:, 4], batch["contour"], torch.ones_like(batch["contour"])),
        }
        if self.classes is not None:
            parts["semantic"] = self._class_loss(self.classes(features).float(), batch["semantic"])
        loss = torch.stack([getattr(config, name) * part for name, part in parts.items()]).sum()
        guess = self._depth(output[:, 3])
        return {
            "loss": loss,
            **parts,
            "abs_rel": _relative_error(guess, batch["depth"], valid),
            "angle": angle_degrees(output[:, :3], batch["normal"], valid),
        }

    def _class_loss(self, logits: Tensor, truth: Tensor) -> Tensor:
        logits = F.interpolate(logits, truth.shape[-2:], mode="bilinear", align_corners=False)
        labelled = (truth != UNLABELLED) & (truth < self.config.semantic_classes)
        return masked_mean(F.cross_entropy(logits, torch.where(labelled, truth, 0), reduction="none"), labelled)

    def _depth(self, output: Tensor) -> Tensor:
        """Of the canonical camera: metres, or to scale and with an unknown shift of its inverse."""
        return output.exp() if self.config.space == "metric" else 1 / F.softplus(output).clamp(min=1e-3)

    @property
    def short_px(self) -> int:
        return self.config.crop.size

    def predict_maps(self, images: Tensor, K: Tensor | None = None) -> dict[str, Tensor]:
        height, width = images.shape[-2:]
        padded = pad_to_multiple(images, max(self.backbone.strides.values()))
        cameras = common_camera(len(images), height, width, images) if K is None else K.to(images)
        features = self.decoder.features(with_rays(self.backbone.forward_stages(padded), cameras, padded.shape[-2:]))
        output = self.decoder.readout(features)[..., :height, :width].float()
        depth = self._depth(output[:, 3])
        found = {
            "depth": real_depth(depth, self.config.crop.size, K if self.config.space == "metric" else None),
            "normal": F.normalize(output[:, :3], dim=1, eps=1e-6),
            "contour": output[:, 4].sigmoid(),
        }
        if self.classes is not None:
            logits = F.interpolate(self.classes(features).float(), padded.shape[-2:], mode="bilinear", align_corners=False)
            found["semantic"] = logits[..., :height, :width]
        return found

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            found = self.eval().predict_maps(batch["image"], batch["K"])
        self.train(training)
        pictures: list[Picture] = []
        for i, valid in enumerate(batch["valid"]):
            metres = real_depth(batch["depth"], self.config.crop.size, batch["K"])
            pictures += [
                ("input", to_picture(batch["image"][i]).permute(1, 2, 0).cpu().numpy()),
                ("depth", paint_depth(metres[i], valid)),
                ("depth, predicted", paint_depth(found["depth"][i])),
                ("normal", paint_normal(batch["normal"][i], valid)),
                ("normal, predicted", paint_normal(found["normal"][i])),
                ("contour", paint_mask(batch["contour"][i])),
                ("contour, predicted", paint_mask(found["contour"][i])),
            ]
            if "real" in batch:
                pictures.append(("real picture", to_picture(batch["real"][i]).permute(1, 2, 0).cpu().numpy()))
        return pictures


def rays(K: Tensor, picture: Sequence[int], grid: Sequence[int]) -> Tensor:
    """(x / z, y / z) of what is seen at the centres of a grid's cells, float [B, 2, h, w], of pictures [H, W] with cameras K [B, 3, 3]."""
    down, across = ((torch.arange(n, device=K.device, dtype=K.dtype) + 0.5) * (size / n) for n, size in zip(grid, picture, strict=True))
    x = (across[None] - K[:, 0, 2, None]) / K[:, 0, 0, None]
    y = (down[None] - K[:, 1, 2, None]) / K[:, 1, 1, None]
    return torch.stack([x[:, None].expand(-1, grid[0], -1), y[:, :, None].expand(-1, -1, grid[1])], 1)


def with_rays(maps: Mapping[str, Tensor], K: Tensor, picture: Sequence[int]) -> dict[str, Tensor]:
    """Every stage's map [B, C, h, w] with the rays of its cells: [B, C + 2, h, w]."""
    return {name: torch.cat([m, rays(K, picture, m.shape[-2:]).to(m)], 1) for name, m in maps.items()}


def common_camera(count: int, height: int, width: int, like: Tensor) -> Tensor:
    """K [count, 3, 3] for pictures of which nothing is known: principal point in the middle, 53 degrees across the longer side."""
    focal = COMMON_FOV * max(height, width)
    K = torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], dtype=like.dtype, device=like.device)
    return K.expand(count, 3, 3)


@torch.no_grad()
def _relative_error(guess: Tensor, depth: Tensor, valid: Tensor) -> Tensor:
    """Mean of |guess - depth| / depth, each picture's guesses multiplied by the median of depth / guess."""
    ratio = torch.where(valid, depth / guess.clamp(min=1e-6), torch.nan)
    scale = ratio.flatten(1).nanmedian(1).values[:, None, None]
    return masked_mean((guess * scale - depth).abs() / depth, valid & torch.isfinite(scale))
