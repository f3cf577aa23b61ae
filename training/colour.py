"""Between sRGB and CIE Lab (D65 white, 2 degree observer), and a quantisation of the ab plane.

Everything is elementwise in the images' own precision: a matrix product would fall to 8 bits of mantissa under mixed precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
"""Linear sRGB to XYZ: the primaries of IEC 61966-2-1."""
WHITE = tuple(sum(row) for row in TO_XYZ)
"""XYZ of R = G = B = 1, so that greys have a = b = 0 exactly."""
TO_LINEAR = torch.tensor(TO_XYZ, dtype=torch.float64).inverse().tolist()
DELTA = 6 / 29
"""Below the cube of this, CIE's cube root gives way to a straight line."""
GRID = 10
"""Distance of two neighbouring bins of the ab plane."""


def rgb_to_lab(images: Tensor) -> Tensor:
    """sRGB float [..., 3, H, W] in [0, 1] -> L in [0, 100], a and b in about [-110, 110]."""
    linear = torch.where(images <= 0.04045, images / 12.92, ((images.clamp(min=0) + 0.055) / 1.055) ** 2.4)
    x, y, z = (_root(v / w) for v, w in zip(_mix(linear, TO_XYZ), WHITE, strict=True))
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -3)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """The inverse of `rgb_to_lab`; what sRGB can't show is clipped channel by channel."""
    lightness, a, b = lab.unbind(-3)
    y = (lightness + 16) / 116
    xyz = [_unroot(v) * w for v, w in zip((y + a / 500, y, y - b / 200), WHITE, strict=True)]
    return _companded(torch.stack(_mix(torch.stack(xyz, -3), TO_LINEAR), -3))


def grey_of(lightness: Tensor) -> Tensor:
    """The sRGB value in [0, 1] that R = G = B have in the grey of this lightness L (any shape)."""
    return _companded(_unroot((lightness + 16) / 116))


@cache
def ab_bins() -> Tensor:
    """float32 [313, 2]: the bins (a, b) of Zhang et al. 2016, in ascending order of a, then b.

    They are the points of a grid of 10 in [-110, 110] that lie less than its diagonal, 14.14, from a colour of sRGB (the last is 13.7 away,
    the next would be 14.17). Some 260 are the nearest one to a colour; the others take their part in soft encodings.
    """
    steps = torch.linspace(0, 1, 32, dtype=torch.float64)
    cube = torch.cartesian_prod(steps, steps, steps)
    surface = cube[(cube.amin(1) == 0) | (cube.amax(1) == 1)]  # its shadow in the ab plane is the whole gamut's
    shadow = rgb_to_lab(surface.T[:, :, None])[1:, :, 0].T
    axis = torch.arange(-110, 111, GRID, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    return grid[torch.cdist(grid, shadow).amin(1) < GRID * 2**0.5].float()


def _mix(channels: Tensor, matrix: Sequence[Sequence[float]]) -> list[Tensor]:
    r, g, b = channels.unbind(-3)
    return [row[0] * r + row[1] * g + row[2] * b for row in matrix]


def _root(value: Tensor) -> Tensor:
    return torch.where(value > DELTA**3, value.clamp(min=DELTA**3) ** (1 / 3), value / (3 * DELTA**2) + 4 / 29)


def _unroot(value: Tensor) -> Tensor:
    return torch.where(value > DELTA, value**3, 3 * DELTA**2 * (value - 4 / 29))


def _companded(linear: Tensor) -> Tensor:
    curve = 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, curve).clamp(0, 1)
