"""What is learnt from the labels of rendered frames: targets of crops at full resolution or on a stage's grid, and weights of contours."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from training.crops import contours
from training.distributed import mean

FEWEST_CONTOURS = 350 / 256**2
"""Part of a frame's pixels on contours below which Ren & Lee (2018) left frames out; here such frames' contours get no higher a weight."""


def targets(labels: Mapping[str, Tensor], canonical_focal: float) -> dict[str, Tensor]:
    """What is learnt from the labels of crops: depth for the canonical camera, contours from instances, `valid` where all are usable.

    depth [B, H, W] is 1 and normal [B, 3, H, W] 0 where not valid.
    """
    depth, normal, K = labels["depth"], labels["normal"], labels["K"]
    valid = labels["valid"] & torch.isfinite(depth) & (depth > 0) & (normal.square().sum(1) > 0.5)
    found = {
        "depth": torch.where(valid, depth * (canonical_focal / _focal(K)), torch.ones_like(depth)),
        "normal": torch.where(valid[:, None], normal, torch.zeros_like(normal)),
        "contour": contours(labels["instance"]),
        "semantic": labels["semantic"].long(),
        "valid": valid,
    }
    return found | ({"contour_weight": labels["contour_weight"]} if "contour_weight" in labels else {})


def real_depth(depth: Tensor, canonical_focal: float, K: Tensor | None) -> Tensor:
    """Depth [B, H, W] of the canonical camera -> metres of cameras with K [B, 3, 3]; without K as it is, to scale."""
    return depth if K is None else depth * (_focal(K) / canonical_focal)


def _focal(K: Tensor) -> Tensor:
    """Focal lengths in pixels [B, 1, 1], the geometric mean of both directions'."""
    return (K[:, 0, 0] * K[:, 1, 1]).sqrt()[:, None, None]


def coarse_targets(batch: Mapping[str, Tensor], stride: int) -> dict[str, Tensor]:
    """Targets on a grid of cells of stride x stride pixels: labels of the pixel at the middle, contours if any pixel has one."""
    contour = F.max_pool2d(batch["contour"][:, None].float(), stride)[:, 0] > 0.5
    return {name: middles(batch[name], stride) for name in ("depth", "normal", "valid")} | {"contour": contour}


def middles(label: Tensor, stride: int) -> Tensor:
    """A label's values at the middle of each cell of stride x stride pixels."""
    return label[..., stride // 2 :: stride, stride // 2 :: stride]


def contour_weight(instance: Tensor) -> Tensor:
    """float scalar: pixels beside contours over pixels on them, of a whole frame's instance ids [H, W]."""
    part = contours(instance).float().mean().clamp(min=FEWEST_CONTOURS)
    return (1 - part) / part


def weighted_bce(logits: Tensor, positive: Tensor, weight: Tensor) -> Tensor:
    """Binary cross-entropy [B, H, W] with each picture's positives weighted by its `weight` [B], normalised by the weights."""
    weights = torch.where(positive, weight[:, None, None].to(logits.dtype), 1.0)
    total = F.binary_cross_entropy_with_logits(logits, positive.to(logits.dtype), weights, reduction="sum")
    return total / mean(weights.sum())
