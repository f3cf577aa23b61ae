"""The lens: light of the pinhole image that goes elsewhere or is lost. Linear radiance in, linear radiance out, float32 [H, W, 3]."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch.nn import functional as F

from scenes.camera import Camera

_LAYER_SPACING = 0.2  # neighbouring layers' circles differ by this share, by at least a pixel; a mixed disc is then 0.5 % too wide at most
_BEHIND = 0.05  # layers; closer surfaces count as one
_COVERED = 1e-4  # coverage below this is the Fourier transform's rounding


def vignetting_gain(camera: Camera, strength: float, device: torch.device | str) -> torch.Tensor:
    """Share of light that arrives, float32 [H, W, 1]: 1 - strength * (1 - cos^4) of the angle between ray and optical axis.

    The cosine counts as 0 where the lens sees nothing, and beyond 90 degrees.
    """
    rays = camera.rays(camera.pixel_centres())
    cosine = np.nan_to_num(rays[..., 2:] / np.linalg.norm(rays, axis=-1, keepdims=True)).clip(0.0)
    return torch.from_numpy((1.0 - strength * (1.0 - cosine**4)).astype(np.float32)).to(device)


def lateral_chromatic_aberration(radiance: torch.Tensor, centre: tuple[float, float], shift_px: tuple[float, float]) -> torch.Tensor:
    """Red and blue magnified about `centre` (u, v) so that half an image diagonal away they lie `shift_px` further out than green."""
    if shift_px == (0.0, 0.0):
        return radiance
    height, width = radiance.shape[:2]
    half_diagonal = math.hypot(width, height) / 2
    u = torch.arange(width, device=radiance.device) + 0.5 - centre[0]
    v = torch.arange(height, device=radiance.device) + 0.5 - centre[1]
    planes = list(radiance.unbind(-1))
    for channel, shift in zip((0, 2), shift_px, strict=True):
        scale = 1 + shift / half_diagonal
        x = ((u / scale + centre[0]) * (2 / width) - 1).expand(height, width)
        y = ((v / scale + centre[1]) * (2 / height) - 1)[:, None].expand(height, width)
        grid = torch.stack([x, y], dim=-1)[None]
        planes[channel] = F.grid_sample(planes[channel][None, None], grid, padding_mode="border", align_corners=False)[0, 0]
    return torch.stack(planes, dim=-1)


def circle_of_confusion(depth: torch.Tensor, focal_length_px: float, aperture_m: float, focus_distance_m: float) -> torch.Tensor:
    """Signed diameter in pixels of the disc that a point at `depth` becomes: f A (1 / focus - 1 / depth), negative in front of the focus.

    Of similar triangles behind a thin lens (Potmesil and Chakravarty 1981), where f is the distance of lens and image, as calibrated.
    """
    return focal_length_px * aperture_m * (1.0 / focus_distance_m - 1.0 / depth)


def defocus(radiance: torch.Tensor, circle: torch.Tensor) -> torch.Tensor:
    """Spreads every pixel's light over its disc; nearer surfaces cover what is behind them.

    circle: signed diameters, float32 [H, W], pixels; at most 1 is sharp, more than half the shorter image side is cut to that.
    The image is cut into layers of similar circles, each blurred as a whole. From the nearest on, each takes what it covers of the
    light that is not yet taken. What no layer covers is hidden in the pinhole image and made up, see `_light_behind`.
    """
    height, width = circle.shape
    nodes = _layer_diameters(min(height, width) / 2)
    position = _layer_position(circle, nodes)
    first, last = int(torch.floor(position.min())), int(torch.ceil(position.max()))
    if first == last == 0:
        return radiance
    image = torch.cat([radiance, torch.ones_like(circle)[..., None]], dim=-1).permute(2, 0, 1)
    light, free = torch.zeros_like(image), torch.ones_like(circle)
    for layer in range(first, last + 1):
        share = (1.0 - (position - layer).abs()).clamp_min(0.0)
        spread = _blur(image * share, nodes[abs(layer)])
        cover = spread[3].clamp(0.0, 1.0)
        taken = torch.minimum(cover, free)
        light += torch.where(cover > _COVERED, spread * (taken / cover.clamp_min(_COVERED)), 0.0)
        free = free - taken
    if first < 0:
        light += free * _light_behind(image, position - first, nodes[-first])
    return (light[:3] / light[3]).permute(1, 2, 0).contiguous()


def _light_behind(image: torch.Tensor, layer: torch.Tensor, reach: float) -> torch.Tensor:
    """Guess of what a blurred silhouette lets through: the far surfaces within a disc of diameter `reach`, [4, H, W].

    Each neighbour weighs as much as its `layer` (>= 0) lies behind the nearest one around, so the mean splits into two blurs; 0 where
    all lie in one layer.
    """
    size = 2 * math.ceil((reach - 1.0) / 2) + 1
    nearest = -F.max_pool2d(-layer[None], (1, size), stride=1, padding=(0, size // 2))
    nearest = -F.max_pool2d(-nearest, (size, 1), stride=1, padding=(size // 2, 0))[0]
    mean = _blur(image * layer, reach) - nearest * _blur(image, reach)
    behind = mean[3].clamp_min(0.0)
    return torch.where(behind > _BEHIND, mean.clamp_min(0.0) / behind.clamp_min(_BEHIND), 0.0)


def disc(diameter: float) -> torch.Tensor:
    """Share of a disc's area in each pixel around its centre, float64 [N, N], N odd; sums to 1."""
    half = math.ceil(max(diameter - 1.0, 0.0) / 2)
    fine = 16
    places = (np.arange((2 * half + 1) * fine) + 0.5) / fine - half - 0.5
    inside = places[:, None] ** 2 + places**2 <= (diameter / 2) ** 2
    areas = inside.reshape(2 * half + 1, fine, 2 * half + 1, fine).mean((1, 3))
    return torch.from_numpy(areas / areas.sum())


def _layer_diameters(largest: float) -> list[float]:
    """Diameters of the layers from sharp (1) upwards; a pixel between two is shared by both."""
    nodes = [1.0]
    while nodes[-1] < largest:
        nodes.append(nodes[-1] + max(1.0, _LAYER_SPACING * nodes[-1]))
    return nodes


def _layer_position(circle: torch.Tensor, nodes: list[float]) -> torch.Tensor:
    """Fractional index of each pixel's layer, with the sign of its circle: float32 [H, W]."""
    diameters = torch.tensor(nodes, device=circle.device)
    wanted = circle.abs().clamp(1.0, nodes[-1])
    upper = torch.searchsorted(diameters, wanted.contiguous()).clamp(1, max(len(nodes) - 1, 1))
    if len(nodes) == 1:
        return torch.zeros_like(circle)
    low, high = diameters[upper - 1], diameters[upper]
    return (upper - 1 + (wanted - low) / (high - low)) * circle.sign()


def _blur(planes: torch.Tensor, diameter: float) -> torch.Tensor:
    """Planes float32 [C, H, W] convolved with a disc; the image goes on beyond its border as its mirror image."""
    kernel = disc(diameter).to(planes)
    half = kernel.shape[0] // 2
    if half == 0:
        return planes
    height, width = planes.shape[1:]
    padded = F.pad(planes[None], (half,) * 4, mode="reflect")[0]
    size = [next_fast_len(length, real=True) for length in padded.shape[1:]]
    spectrum = torch.fft.rfft2(padded, s=size) * torch.fft.rfft2(kernel, s=size)
    blurred = torch.fft.irfft2(spectrum, s=size)[:, 2 * half :, 2 * half :]
    return blurred[:, :height, :width].clamp_min(0.0)
