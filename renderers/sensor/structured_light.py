"""A structured-light depth camera: what is matched, how finely, and where nothing is.

Depth is camera z in metres, float32 [H, W], +inf where nothing is hit. The projector stands `baseline` to the right of the camera
(camera x), its rows aligned with the camera's; a surface at depth z appears f * baseline / z pixels further left to it.
"""

from __future__ import annotations

import math

import torch

from scenes.camera import Camera


def shifted_lookup(depth: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """The depth found at each pixel plus a shift (du, dv) [H, W, 2], nearest pixel: a surface's own depth, never a blend of two."""
    height, width = depth.shape
    columns = torch.arange(width, device=depth.device) + torch.round(shift[..., 0]).long()
    rows = torch.arange(height, device=depth.device)[:, None] + torch.round(shift[..., 1]).long()
    return depth[rows.clamp(0, height - 1), columns.clamp(0, width - 1)]


def measured_depth(depth: torch.Tensor, focal_times_baseline: float, step_px: float, noise_px: torch.Tensor | float) -> torch.Tensor:
    """Depth from a noisy disparity rounded to whole steps (0: not rounded); +inf where the disparity is not positive.

    Neighbouring values are about depth^2 * step / (f * baseline) apart (Khoshelham and Oude Elberink 2012).
    """
    disparity = focal_times_baseline / depth + noise_px
    if step_px > 0:
        disparity = torch.round(disparity / step_px) * step_px
    return torch.where(disparity > 0, focal_times_baseline / disparity, math.inf)


def projector_shadow(depth: torch.Tensor, focal_times_baseline: float) -> torch.Tensor:
    """bool [H, W]: another surface of the same row stands between the point and the projector.

    In the projector's row the pixel u lands at w = u - f * baseline / z. A pixel is hidden where the strip of a nearer pixel covers its w;
    the strip of a pixel reaches half-way to its neighbours on the same surface. Only surfaces in the image cast shadows.
    """
    disparity = focal_times_baseline / depth
    width = depth.shape[1]
    landing = torch.arange(width, device=depth.device) + 0.5 - disparity
    left, right = landing - 0.5, landing + 0.5
    if width > 1:
        joined = (disparity[:, 1:] - disparity[:, :-1]).abs() < 1.0
        middle = (landing[:, 1:] + landing[:, :-1]) / 2
        right[:, :-1] = torch.where(joined, middle, right[:, :-1])
        left[:, 1:] = torch.where(joined, middle, left[:, 1:])
    hidden = torch.zeros_like(depth, dtype=torch.bool)
    furthest = math.ceil(float(disparity.max() - disparity.min())) + 1
    for offset in range(1, min(furthest, width - 1) + 1):
        point, nearer = landing[:, :-offset], disparity[:, offset:] > disparity[:, :-offset]
        hidden[:, :-offset] |= nearer & (left[:, offset:] <= point) & (point < right[:, offset:])
    return hidden


def incidence_cosine(depth: torch.Tensor, camera: Camera) -> torch.Tensor:
    """Cosine of the angle between each ray and the surface's normal, float32 [H, W], exact on planes.

    Inverse depth is linear in the ray coordinates (x, y) over a plane m . X = 1, and its gradient is (m_x, m_y); of the two one-sided
    differences the smaller is taken, which stays on the surface.
    """
    inverse = 1.0 / depth
    x = (torch.arange(depth.shape[1], device=depth.device) + 0.5 - camera.cx) / camera.fx
    y = ((torch.arange(depth.shape[0], device=depth.device) + 0.5 - camera.cy) / camera.fy)[:, None]
    mx, my = _smaller_difference(inverse, 1) * camera.fx, _smaller_difference(inverse, 0) * camera.fy
    mz = inverse - mx * x - my * y
    length = torch.sqrt((mx * mx + my * my + mz * mz) * (x * x + y * y + 1.0))
    return inverse / length.clamp_min(torch.finfo(depth.dtype).tiny)


def _smaller_difference(values: torch.Tensor, axis: int) -> torch.Tensor:
    """Difference to the neighbour on one side of each pixel along an axis, the smaller one in magnitude; 0 in an image one pixel wide."""
    if values.shape[axis] == 1:
        return torch.zeros_like(values)
    step = values.diff(dim=axis)
    ends = [step.narrow(axis, 0, 1), step.narrow(axis, step.shape[axis] - 1, 1)]
    before, after = torch.cat([ends[0], step], dim=axis), torch.cat([step, ends[1]], dim=axis)
    return torch.where(before.abs() < after.abs(), before, after)
