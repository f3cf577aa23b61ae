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


def gradient_loss(prediction: Tensor, truth: Tensor, mask: Tensor, scales: int = 4) -> Tensor:
    """Mean over `scales` resolutions of |gradient of the error| (Li & Snavely 2018): edges must lie where they are, and faces be smooth.

    prediction, truth float [B, H, W]; mask bool [B, H, W]. Each resolution has every second pixel of the one before; a difference counts
    where both its pixels do.
    """
    error = torch.where(mask, prediction - torch.where(mask, truth, 0.0), 0.0)
    total = error.new_zeros(())
    for scale in range(scales):
        step = 2**scale
        d, m = error[:, ::step, ::step], mask[:, ::step, ::step]
        across = masked_mean((d[:, :, 1:] - d[:, :, :-1]).abs(), m[:, :, 1:] & m[:, :, :-1])
        down = masked_mean((d[:, 1:] - d[:, :-1]).abs(), m[:, 1:] & m[:, :-1])
        total = total + across + down
    return total / scales


def affine_invariant_loss(prediction: Tensor, inverse_depth: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Of inverse depth up to each picture's own scale and shift (Ranftl et al. 2020): the mean absolute difference, and `gradient_loss`.

    float [B, H, W] both, mask bool [B, H, W]. Both are brought to median 0 and mean distance 1 from it over the picture's valid pixels.
    """
    ours, theirs = _standardised(prediction, mask), _standardised(torch.where(mask, inverse_depth, 0.0), mask)
    return masked_mean((ours - theirs).abs(), mask), gradient_loss(ours, theirs, mask)


def _standardised(values: Tensor, mask: Tensor) -> Tensor:
    median = torch.where(mask, values, torch.nan).flatten(1).nanmedian(1).values.nan_to_num()[:, None, None]
    spread = torch.where(mask, (values - median).abs(), 0.0).sum((1, 2)) / mask.sum((1, 2)).clamp(min=1)
    return (values - median) / spread.clamp(min=1e-6)[:, None, None]


def balanced_bce(logits: Tensor, positive: Tensor, mask: Tensor, *, most: float = 20.0) -> Tensor:
    """Binary cross-entropy with positives weighted by negatives / positives of the batch (at most `most`), normalised by the weights."""
    positives = mean((positive & mask).sum())
    weight = ((mean(mask.sum()) - positives) / positives.clamp(min=1)).clamp(1.0, most)
    weights = torch.where(positive, weight, torch.ones_like(weight)) * mask
    losses = F.binary_cross_entropy_with_logits(logits, positive.to(logits.dtype), reduction="none")
    return (torch.where(mask, losses, torch.zeros_like(losses)) * weights).sum() / mean(weights.sum()).clamp(min=1)
