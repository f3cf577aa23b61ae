"""Losses of dense predictions against exact labels. Pixels outside their mask have neither value nor gradient.

Where several processes train together, counts are those of all of them: the mean of their losses is then the loss of the whole batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.distributed import mean


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask` (bool, same shape) holds; 0 when it holds nowhere. Values elsewhere may be inf or nan."""
    kept = torch.where(mask, values, torch.zeros((), dtype=values.dtype, device=values.device))
    return kept.sum() / mean(mask.sum()).clamp(min=1)


def cosine_loss(prediction: Tensor, normal: Tensor, mask: Tensor) -> Tensor:
    """Mean of 1 - cos(angle). prediction float [B, 3, H, W] of any length, normal unit [B, 3, H, W], mask bool [B, H, W]."""
    safe = torch.where(mask[:, None], normal, torch.zeros((), dtype=normal.dtype, device=normal.device))  # 0 * inf has gradient nan
    return masked_mean(1 - cosine(prediction, safe), mask)


def cosine(prediction: Tensor, normal: Tensor) -> Tensor:
    """float [B, H, W]: the cosine of the angle between the prediction and the unit normal."""
    return (F.normalize(prediction, dim=1, eps=1e-6) * normal).sum(1)


def angle_degrees(prediction: Tensor, normal: Tensor, mask: Tensor) -> Tensor:
    """Mean angle between prediction and normal in degrees (a metric, without gradient)."""
    with torch.no_grad():
        return masked_mean(torch.rad2deg(torch.arccos(cosine(prediction, normal).clamp(-1, 1))), mask)


def log_depth_loss(log_prediction: Tensor, depth: Tensor, mask: Tensor, invariance: float) -> Tensor:
    """Eigen et al. 2014: per image mean(d^2) - invariance * mean(d)^2 of d = log_prediction - log(depth), averaged over images.

    log_prediction and depth float [B, H, W]; mask bool [B, H, W] (depth elsewhere may be +inf). invariance 0 is the mean squared error,
    1 ignores each image's overall scale. Images without a valid pixel don't count.
    """
    safe = torch.where(mask, depth, torch.ones((), device=depth.device))
    error = torch.where(mask, log_prediction - safe.log(), torch.zeros((), device=depth.device))
    count = mask.sum((1, 2))
    pixels = count.clamp(min=1)
    per_image = error.square().sum((1, 2)) / pixels - invariance * (error.sum((1, 2)) / pixels).square()
    return masked_mean(per_image, count > 0)


def balanced_bce(logits: Tensor, positive: Tensor, mask: Tensor, *, most: float = 20.0) -> Tensor:
    """Binary cross-entropy with positives weighted by negatives / positives of the batch (at most `most`), normalised by the weights."""
    positives = mean((positive & mask).sum())
    weight = ((mean(mask.sum()) - positives) / positives.clamp(min=1)).clamp(1.0, most)
    weights = torch.where(positive, weight, torch.ones_like(weight)) * mask
    losses = F.binary_cross_entropy_with_logits(logits, positive.to(logits.dtype), reduction="none")
    return (torch.where(mask, losses, torch.zeros_like(losses)) * weights).sum() / mean(weights.sum()).clamp(min=1)
