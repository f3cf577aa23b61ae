"""A frame synthesised from another one by depth and motion, and how far it is from the truth (Zhou et al. 2017; Godard et al. 2019).

Pixels: the centre of the top-left one is (0.5, 0.5). All of this is arithmetic in float32, never in a reduced precision.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.relative_pose import invert

SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
SSIM_PART = 0.85
"""Of the photometric error; the rest is the absolute difference. All three are monodepth2's."""


def synthesise(source: Tensor, depth: Tensor, motion: Tensor, K: Tensor) -> tuple[Tensor, Tensor]:
    """(what the target camera would see [B, C, H, W], inside bool [B, H, W]) by looking up the source frame.

    source float [B, C, H, W]; depth [B, H, W]: the target's, metres; motion [B, 4, 4]: the source camera in the target camera's frame;
    K [B, 3, 3] of both. `inside`: the point lies before the source camera and within its picture.
    """
    height, width = depth.shape[-2:]
    rows, columns = (torch.arange(n, device=depth.device, dtype=depth.dtype) + 0.5 for n in (height, width))
    v, u = torch.meshgrid(rows, columns, indexing="ij")
    fx, fy, cx, cy = (K[:, i, j, None, None] for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    point = (depth * (u - cx) / fx, depth * (v - cy) / fy, depth)
    to_source = invert(motion)[..., None, None]
    x, y, z = (sum(to_source[:, i, j] * point[j] for j in range(3)) + to_source[:, i, 3] for i in range(3))
    ahead = z > 1e-3
    safe = torch.where(ahead, z, 1.0)
    place = torch.stack([(fx * x / safe + cx) / width, (fy * y / safe + cy) / height], -1) * 2 - 1
    seen = F.grid_sample(source, place, mode="bilinear", padding_mode="border", align_corners=False)
    return seen, ahead & (place.detach().abs() <= 1).all(-1)


def explain(picture: Tensor, depth: Tensor, motion: Tensor, K: Tensor) -> dict[str, Tensor]:
    """Both frames of pairs, each from the other one: seen [B, 2, C, H, W], its photometric error [B, 2, H, W] (inf where the point lies
    outside the other frame) and that of no motion, `still`.

    picture float [B, 2, C, H, W]; depth [B, 2, H, W]; motion [B, 4, 4]: the second camera in the first one's frame; K [B, 3, 3].
    """
    target, source = picture.flatten(0, 1), picture.flip(1).flatten(0, 1)
    both = torch.stack([motion, invert(motion)], 1).flatten(0, 1)
    seen, inside = synthesise(source, depth.flatten(0, 1), both, K.repeat_interleave(2, 0))
    error = torch.where(inside, photometric_error(seen, target), torch.inf)
    found = {"seen": seen, "error": error, "still": photometric_error(source, target)}
    return {name: value.unflatten(0, (-1, 2)) for name, value in found.items()}


def explained(found: dict[str, Tensor]) -> Tensor:
    """The part of the difference between frames that `explain` accounts for: 1 for all, 0 for what no motion leaves, below for worse."""
    left = _error(found).mean()
    return (found["still"].mean() - left) / found["still"].mean().clamp(min=1e-3)


def unexplained(found: dict[str, Tensor], masked: Tensor) -> Tensor:
    """Mean error. Where `masked` (bool scalar), pixels that no motion explains better have the error of that, and so no gradient."""
    error = _error(found)
    return torch.where(masked, torch.minimum(error, found["still"]), error).mean()


def _error(found: dict[str, Tensor]) -> Tensor:
    return torch.where(found["error"].isinf(), found["still"], found["error"])


def halve(picture: Tensor, depth: Tensor, K: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures [B, 2, C, H, W], depth [B, 2, H, W] and K of half the size."""
    return (
        F.avg_pool2d(picture.flatten(0, 2), 2).unflatten(0, picture.shape[:3]),
        F.avg_pool2d(depth, 2),
        K * K.new_tensor([[0.5], [0.5], [1]]),
    )


def photometric_error(first: Tensor, second: Tensor) -> Tensor:
    """Pictures float [B, C, H, W] in [0, 1] -> [B, H, W]: 0.85 (1 - SSIM) / 2 + 0.15 |difference|, averaged over the channels."""
    difference = (first - second).abs()
    return (SSIM_PART * dissimilarity(first, second) + (1 - SSIM_PART) * difference).mean(1)


def dissimilarity(first: Tensor, second: Tensor) -> Tensor:
    """float [B, C, H, W] -> the same shape in [0, 1]: (1 - SSIM) / 2 over windows of 3 x 3 pixels (Wang et al. 2004), edges reflected."""
    a, b = (F.pad(x, (1, 1, 1, 1), mode="reflect") for x in (first, second))
    mean_a, mean_b = _box(a), _box(b)
    variances = _box(a * a) - mean_a**2 + _box(b * b) - mean_b**2
    covariance = _box(a * b) - mean_a * mean_b
    above = (2 * mean_a * mean_b + SSIM_C1) * (2 * covariance + SSIM_C2)
    below = (mean_a**2 + mean_b**2 + SSIM_C1) * (variances + SSIM_C2)
    return ((1 - above / below) / 2).clamp(0, 1)


def _box(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, 1)


def roughness(disparity: Tensor, picture: Tensor) -> Tensor:
    """Scalar: mean gradient of disparity [B, H, W] over its own mean, forgiven where the picture [B, C, H, W] has an edge."""
    even = (disparity / (disparity.mean((1, 2), keepdim=True) + 1e-7))[:, None]
    return sum(((even.diff(dim=d)).abs() * torch.exp(-picture.diff(dim=d).abs().mean(1, keepdim=True))).mean() for d in (2, 3))  # type: ignore[return-value]
