"""What moves by itself in a clip: flow that the camera's own motion doesn't explain.

This stands in for uNLC (Faktor & Irani 2014 without its trained edge detector), whose masks Pathak et al. (CVPR 2017) learn from. As
there, saliency is deviation from the dominant motion, and neighbours that look alike must agree. What differs: the dominant motion is a
robust fit of eight parameters (uNLC takes the median of flow and direction statistics), flows to both neighbouring frames must deviate,
and agreement is sought by a guided filter within a frame instead of votes between superpixels of the whole video, which needs seconds a
frame; so a thing that pauses is lost while it does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from training.augment import LUMA
from training.programs.flow import dense_flow

ROUNDS = 10
"""Of re-weighting; the weights' scale halves until it meets the usual deviation, so that the fit settles on the most common motion."""
FIT_POINTS = 1500
"""About as many pixels of a grid are fitted to: neighbours share their flow anyway."""
NOISE_FLOOR = 0.05
"""Pixels: flow is never better than this."""
MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True, kw_only=True)
class CameraMotion:
    """`flow` float32 [2, H, W]: the motion that most pixels share. `spread`: how far a usual pixel deviates from it, in pixels (a robust
    standard deviation): the noise of the flow if the model is right, and more if the scene is deep or nothing is shared."""

    flow: Tensor
    spread: float


def camera_motion(flow: Tensor) -> CameraMotion:
    """The dominant motion in a dense flow, float32 [2, H, W] in pixels, as eight numbers.

    They are those of a plane seen by a camera that moves a little in any way (Longuet-Higgins & Prazdny 1980), which covers any scene
    if the camera only turns or zooms. Geman & McClure's weights, from the median of the flow on.
    """
    basis, step = _plane_basis(flow.shape[1], flow.shape[2]), max(1, math.isqrt(flow[0].numel() // FIT_POINTS))
    rows, target = basis[::step, ::step].reshape(-1, 8), flow[:, ::step, ::step].flatten(1).T.double()
    deviation = (target - target.median(0).values).norm(dim=1)
    scale = NOISE_FLOOR + MAD * float(deviation.median())
    parameters = torch.zeros(8, dtype=torch.float64)
    for _ in range(ROUNDS):
        weighted = rows * (1 + (deviation / scale).square()).pow(-2).repeat_interleave(2)[:, None]
        normal = weighted.T @ rows
        parameters = torch.linalg.solve(normal + 1e-9 * normal.trace() * torch.eye(8), weighted.T @ target.flatten())
        deviation = (target - (rows @ parameters).view(-1, 2)).norm(dim=1)
        scale = max(NOISE_FLOOR + float(deviation.median()), scale / 2)
    return CameraMotion(flow=(basis @ parameters).permute(2, 0, 1).float(), spread=MAD * float(deviation.median()))


@lru_cache(maxsize=8)
def _plane_basis(height: int, width: int) -> Tensor:
    """float64 [H, W, 2, 8]: du and dv of each of the eight motions, at pixel centres."""
    half = max(height, width) / 2
    y = ((torch.arange(height, dtype=torch.float64) + 0.5 - height / 2) / half)[:, None].expand(height, width)
    x = ((torch.arange(width, dtype=torch.float64) + 0.5 - width / 2) / half)[None].expand(height, width)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    across = torch.stack([one, x, y, zero, zero, zero, x * x, x * y], -1)
    down = torch.stack([zero, zero, zero, one, x, y, x * y, y * y], -1)
    return torch.stack([across, down], 2)


@dataclass(frozen=True, kw_only=True)
class MotionRules:
    """A pixel moves if it deviates from the camera's motion by more than the largest of `least` pixels, `noises` times the usual
    deviation, and `share` of the frame's strongest. Where the usual deviation is more than `lost` of the frame's shorter side,
    the camera's motion is unknown (a cut, a deep scene). `smoothing`: radius of the consensus, likewise a part of that side."""

    least: float = 0.5
    noises: float = 4.0
    share: float = 0.25
    lost: float = 0.02
    smoothing: float = 0.04


UNKNOWN = 0.5
"""Score of a pixel of which the program can't say whether it moves."""


def moving(frames: Tensor, rules: MotionRules | None = None) -> Tensor:
    """How surely each pixel of the middle one of three frames moves by itself: float32 [H, W] in [0, 1], 0.5 at the threshold.

    frames: uint8 [3, 3, H, W], at least 32 x 32 pixels. A frame whose camera motion can't be told is 0.5 everywhere.
    """
    rules = rules or MotionRules()
    deviations = []
    for other in (frames[0], frames[2]):
        flow = dense_flow(frames[1], other)
        camera = camera_motion(flow)
        if camera.spread > rules.lost * min(flow.shape[1:]):
            return torch.full(flow.shape[1:], UNKNOWN)
        strength = (flow - camera.flow).norm(dim=0)
        threshold = max(
            rules.least,
            rules.noises * camera.spread,
            rules.share * float(strength.flatten().kthvalue(round(0.995 * strength.numel())).values),
        )
        deviations.append(strength / threshold)
    # What is covered in one of the neighbouring frames is seen in the other, so ground beside a thing deviates in one flow only.
    weaker = torch.minimum(*deviations)
    return consensus(weaker / (1 + weaker), frames[1], max(1, round(rules.smoothing * min(weaker.shape)))).clamp(0, 1)


def consensus(score: Tensor, rgb: Tensor, radius: int, contrast: float = 0.05) -> Tensor:
    """float [H, W], smoothed within what looks alike: a guided filter (He et al., ECCV 2010) led by the brightness of rgb uint8 [3, H, W].

    Every window of 2 radius + 1 pixels explains the score as an affine function of brightness; `contrast` (1 = white) is the
    difference from which on brightness separates things.
    """
    guide = torch.einsum("c,chw->hw", torch.tensor(LUMA), rgb.float()) / 255
    mean_guide, mean_score, product, square = (_box(x, radius) for x in (guide, score, guide * score, guide * guide))
    slope = (product - mean_guide * mean_score) / (square - mean_guide.square() + contrast**2)
    offset = mean_score - slope * mean_guide
    return _box(slope, radius) * guide + _box(offset, radius)


def _box(image: Tensor, radius: int) -> Tensor:
    """The mean of every square of 2 radius + 1 pixels, of the part of it that lies within the image."""
    down = F.avg_pool2d(image[None], (2 * radius + 1, 1), 1, (radius, 0), count_include_pad=False)
    return F.avg_pool2d(down, (1, 2 * radius + 1), 1, (0, radius), count_include_pad=False)[0]
