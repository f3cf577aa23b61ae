"""How did the camera move? Its motion between two frames in bins (Agrawal et al., ICCV 2015: "bins"), or as what explains how one frame
became the other (Zhou et al., CVPR 2017, with monodepth2's losses, Godard et al., ICCV 2019: "photometric").

Known shortcuts and what closes them: most driving is straight on, so a constant guess is often right (balanced softmax, Ren et al. 2020,
and balanced accuracy); crops or colours that differ between the frames (one window, flip and change of colour for both; a flip mirrors
the motion); the place of the window, which is drawn by itself and says nothing about the motion. A street can be known again, so pairs of
one sequence must not be both trained on and tested on: that split is the data set's matter.

A window of a frame is the picture of a camera with another K, and the same motion moves its pixels otherwise. So the head that compares
the frames is told the window's K: its bins are metres and degrees whatever the window.

What differs from the papers, and why:
- Bins have fixed edges, and few of them, since pairs of 64 pixels don't resolve Agrawal's twenty of each.
- Both frames pass through the backbone that is trained, and what compares them is small: one convolution for each of the deeper stages.
  Agrawal et al. compare the last maps alone, which of 64 pixels are 2 x 2; monodepth2 has a pose network of its own.
- A pair offers one source for each target, so monodepth2's minimum over sources is over that one and the motionless source
  (auto-masking). Points that lie outside the source count as motionless: monodepth2 finds them in its other source.
- Auto-masking begins late. From the first step on it lets any motion pass that is better by chance where it is better, and pairs that
  only turn stayed unexplained (100 steps on drawn ones: -22 % of the difference between unseen frames, without masks 67 %, one seed).
- One disparity, compared at three scales of the pictures as in Zhou et al., not four disparities at full scale: after 150 masked steps on
  drawn drives it explained 30 % of the difference between unseen frames, at full scale alone 10 % (one seed each).
- Depth is that of a camera whose focal length is the picture's side, times what the window's has (see game_engine).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones.base import Backbone
from training.clips import crop_clip, recolour_clips
from training.crops import CropConfig, crop_intrinsics, draw_window
from training.distributed import gather, world
from training.images import normalise, to_picture
from training.learner import Batch, Config, Footage, Picture, Sample
from training.motion_bins import PairHead, balanced_accuracy, balanced_softmax, interval
from training.pictures import Pixels, paint_depth, paint_mask
from training.pretexts.base import Pretext
from training.reconstruction import picture_decoder
from training.relative_pose import QUANTITIES, UNITS, mirror, motion_of, planar, relative_pose
from training.view_synthesis import explain, explained, halve, roughness, unexplained

POSE_SCALE = 0.1
"""Of the pose head's numbers, so that motion begins near zero (Zhou et al.: 0.01, for steps of one frame)."""
COMPARED = 8
"""Stride of the finest stage at which frames are compared."""
SCALES = 4
"""Half of a half of a half of 32 pixels is as small as a window of SSIM makes sense in."""
FINEST = 4
"""Stride of the finest stage that depth is decoded from."""


@dataclass(frozen=True, kw_only=True)
class PairCropConfig(CropConfig):
    """Larger and not stretched: small windows see little of the motion."""

    area: tuple[float, float] = (0.5, 1.0)
    aspect: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class EgoMotionConfig(Config):
    """`stride`: frames from the first to the second. `forward`, `sideways` (right is positive) in metres and `yaw` (to the right is
    positive) in degrees: ascending edges between bins, one fewer than bins; the outer ones are open.

    The default edges are for cars at 10 frames a second: quantiles of two frames' motion in KITTI's odometry sequences, 20, 40, 60 and 80 %
    of `forward` and about 5, 20, 80 and 95 % of the others. Method "photometric": `scales` of the pictures (full, half, …) are compared,
    auto-masking begins after `masked_after` samples of training, `smoothness` weighs the depth's against the photometric error, and
    disparity is learnt between 1 / `farthest` and 1 / `nearest`.
    """

    method: Literal["bins", "photometric"] = "bins"
    crop: PairCropConfig = field(default_factory=PairCropConfig)
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    stride: int = 2
    forward: tuple[float, ...] = (1.25, 1.7, 2.0, 2.4)
    sideways: tuple[float, ...] = (-0.1, -0.025, 0.025, 0.1)
    yaw: tuple[float, ...] = (-3.5, -0.5, 0.5, 3.5)
    scales: int = 3
    masked_after: int = 20_000
    smoothness: float = 1e-3
    nearest: float = 0.1
    farthest: float = 100.0

    def __post_init__(self) -> None:
        if self.method not in ("bins", "photometric"):
            raise UserError(f"method must be bins or photometric, not {self.method!r}")
        if self.stride < 1:
            raise UserError(f"stride must be at least 1, not {self.stride}")
        for name in QUANTITIES:
            edges = getattr(self, name)
            if not edges or any(a >= b for a, b in pairwise(edges)):
                raise UserError(f"{name} must be ascending edges between bins, at least one, not {edges}")
        if not 1 <= self.scales <= SCALES:
            raise UserError(f"scales must lie between 1 and {SCALES}, not {self.scales}")
        if self.smoothness < 0 or not 0 < self.nearest < self.farthest:
            raise UserError(f"smoothness must not be negative, and 0 < nearest < farthest, not {self.nearest}, {self.farthest}")

    @property
    def edges(self) -> tuple[tuple[float, ...], ...]:
        return tuple(getattr(self, name) for name in QUANTITIES)


class EgoMotion(Pretext):
    """Tell the camera's motion between two frames.

    Method "bins": `accuracy` is the mean over forward, sideways and yaw of balanced accuracies, each the mean recall of the bins that the
    batch holds; `chance`, 1 / bins when it holds all, is the best that a guess without looking can reach. Method "photometric":
    `explained` is the part of the difference between frames that depth and motion explain: at best 1, chance is 0 (no motion; always
    driving straight on explains some of a drive). `moving` is the part of the pixels that they explain better than no motion does.
    """

    Config: ClassVar[type[Config]] = EgoMotionConfig
    unit = "pair"
    labels = ("rgb", "pose", "K")
    counts: Tensor
    seen: Tensor

    def __init__(self, backbone: Backbone, config: EgoMotionConfig) -> None:
        super().__init__(backbone, config)
        self.config: EgoMotionConfig = config
        self.bins = [len(edges) + 1 for edges in config.edges]
        bins = config.method == "bins"
        self.compare = PairHead(backbone, sum(self.bins) if bins else 6, [s for s in backbone.stages if backbone.strides[s] >= COMPARED])
        self.decoder = None if bins else picture_decoder(backbone, 1, finest=FINEST)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("counts", torch.ones(sum(self.bins), dtype=torch.int64))

    @property
    def footage(self) -> Footage:
        return Footage(length=2, stride=self.config.stride)

    def check(self, sample: Sample) -> None:
        super().check(sample)
        shapes = {name: list(sample[name].shape) for name in self.labels}
        if shapes != {"rgb": [2, 3, *shapes["rgb"][-2:]], "pose": [2, 4, 4], "K": [3, 3]}:
            raise UserError(
                f"pretext {self.name!r} needs pairs of frames (rgb [2, 3, H, W], pose [2, 4, 4] and K [3, 3]), the data set has "
                f"{', '.join(f'{name} {shape}' for name, shape in shapes.items())}: train it on a data set of clips with the camera's poses"
            )

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        """pair uint8 [2, 3, S, S]; K float32 [3, 3] of the window; motion float32 [3]: forward, sideways (m), yaw (°)."""
        height, width = sample["rgb"].shape[-2:]
        window = draw_window(height, width, self.config.crop, generator)
        motion = relative_pose(sample["pose"])
        return {
            "pair": crop_clip(sample["rgb"], window),
            "K": crop_intrinsics(sample["K"], window),
            "motion": planar(mirror(motion) if window.flip else motion).float(),
        }

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """image float [B, 2, 3, S, S], normalised; picture, the same without a change of colour, in [0, 1]; bin int64 [B, 3]."""
        motion = batch["motion"]
        edges = (motion.new_tensor(edges) for edges in self.config.edges)
        return {
            "image": normalise(recolour_clips(batch["pair"], self.config.colour, generator)),
            "picture": batch["pair"].float() / 255,
            "K": batch["K"],
            "motion": motion,
            "bin": torch.stack([torch.bucketize(motion[:, k].contiguous(), e) for k, e in enumerate(edges)], 1),
        }

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return self._binned(batch) if self.decoder is None else self._photometric(batch)

    def predict(self, batch: Batch) -> list[Tensor]:
        """Method "bins": logits [B, bins] of forward, sideways and yaw, as if all bins were equally frequent."""
        maps = self.backbone.forward_stages(batch["image"].flatten(0, 1).contiguous(memory_format=torch.channels_last))
        return list(self.compare(maps, batch["K"], batch["image"].shape[-1]).float().split(self.bins, 1))

    def _binned(self, batch: Batch) -> dict[str, Tensor]:
        if self.training:
            offsets = torch.tensor([0, *self.bins[:-1]], device=self.counts.device).cumsum(0)
            self.counts += torch.bincount((gather(batch["bin"]) + offsets).flatten(), minlength=len(self.counts))
        losses, recalls, chances = [], [], []
        for logits, truth, counts in zip(self.predict(batch), batch["bin"].unbind(1), self.counts.split(self.bins), strict=True):
            losses.append(balanced_softmax(logits, truth, counts))
            recall, chance = balanced_accuracy(logits.argmax(1), truth, len(counts))
            recalls.append(recall)
            chances.append(chance)
        parts = {f"accuracy_{name}": recall for name, recall in zip(QUANTITIES, recalls, strict=True)}
        return {"loss": torch.stack(losses).mean(), "accuracy": torch.stack(recalls).mean(), "chance": torch.stack(chances).mean(), **parts}

    def geometry(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Method "photometric": disparity [B, 2, S, S] of a camera whose focal length is S pixels, the depth that the window's K makes of
        it, and motion [B, 4, 4], the second camera in the first one's frame. Lengths of both have one scale, which is open.
        """
        assert self.decoder is not None
        maps = self.backbone.forward_stages(batch["image"].flatten(0, 1).contiguous(memory_format=torch.channels_last))
        size, K = batch["image"].shape[-1], batch["K"]
        near, far = 1 / self.config.nearest, 1 / self.config.farthest
        disparity = far + (near - far) * self.decoder(maps)[:, 0].float().sigmoid().unflatten(0, (-1, 2))
        focal = (K[:, 0, 0] * K[:, 1, 1]).sqrt()[:, None, None, None]
        return disparity, focal / size / disparity, motion_of(self.compare(maps, K, size).float() * POSE_SCALE)

    def _photometric(self, batch: Batch) -> dict[str, Tensor]:
        disparity, depth, motion = self.geometry(batch)
        if self.training:
            self.seen += world()[1] * len(motion)
        masked = self.seen > self.config.masked_after
        with torch.autocast(motion.device.type, enabled=False):
            scales, level = [], (batch["picture"], depth, batch["K"])
            for _ in range(self.config.scales):
                scales.append(explain(level[0], level[1], motion, level[2]))
                level = halve(*level)
            photometric = torch.stack([unexplained(found, masked) for found in scales]).mean()
            smooth = roughness(disparity.flatten(0, 1), batch["picture"].flatten(0, 1))
        return {
            "loss": photometric + self.config.smoothness * smooth,
            "photometric": photometric,
            "smoothness": smooth,
            "explained": explained(scales[0]),
            "moving": (scales[0]["error"] < scales[0]["still"]).float().mean(),
        }

    def preview(self, batch: Batch) -> list[Picture]:
        training = self.training
        with torch.no_grad():
            pictures = self.eval()._preview_bins(batch) if self.decoder is None else self.eval()._preview_depth(batch)
        self.train(training)
        return pictures

    def _preview_bins(self, batch: Batch) -> list[Picture]:
        found = torch.stack([logits.argmax(1) for logits in self.predict(batch)], 1).tolist()
        pictures: list[Picture] = []
        for frames, motion, guess in zip(batch["picture"], batch["motion"].tolist(), found, strict=True):
            guesses = [interval(edges, k) for edges, k in zip(self.config.edges, guess, strict=True)]
            told = [f"{name} {x:.2f}{unit} ({g})" for name, x, unit, g in zip(QUANTITIES, motion, UNITS, guesses, strict=True)]
            pictures += [("first frame", _pixels(frames[0])), ("then (predicted) " + ", ".join(told), _pixels(frames[1]))]
        return pictures

    def _preview_depth(self, batch: Batch) -> list[Picture]:
        _, depth, motion = self.geometry(batch)
        found = explain(batch["picture"], depth, motion, batch["K"])
        pictures: list[Picture] = []
        for i, frames in enumerate(batch["picture"]):
            pictures += [
                ("first frame", _pixels(frames[0])),
                ("second frame", _pixels(frames[1])),
                ("first, from the second", _pixels(found["seen"][i, 0])),
                ("depth, predicted", paint_depth(depth[i, 0])),
                ("better than no motion", paint_mask(found["error"][i, 0] < found["still"][i, 0])),
            ]
        return pictures


def _pixels(picture: Tensor) -> Pixels:
    """float [3, H, W] in [0, 1] -> uint8 [H, W, 3]."""
    return to_picture(normalise(picture)).permute(1, 2, 0).cpu().numpy()
