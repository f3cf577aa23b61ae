"""Pinhole camera intrinsics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A pinhole camera without distortion. Focal lengths and principal point in pixels; pixel centres at half-integers."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise UserError(f"an image of {self.width}x{self.height} pixels is empty: give a size of at least 1x1, for example 320x240")
        if not (self.fx > 0 and self.fy > 0):
            raise UserError(f"focal lengths must be positive, not fx={self.fx}, fy={self.fy}")

    @classmethod
    def from_fov(cls, *, width: int, height: int, horizontal_fov_deg: float) -> Camera:
        """Square pixels and a centred principal point; the field of view is that between the left and right image borders."""
        focal = 0.5 * width / np.tan(np.radians(horizontal_fov_deg) / 2)
        return cls(width=width, height=height, fx=float(focal), fy=float(focal), cx=width / 2, cy=height / 2)

    @property
    def K(self) -> NDArray[np.float64]:
        """Intrinsic matrix float64 [3, 3]."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Pixels (u, v) float64 [..., 2] of camera-frame points [..., 3]; meaningful only where z > 0."""
        points = np.asarray(points, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = points[..., :2] / points[..., 2:3]
        return scaled * (self.fx, self.fy) + (self.cx, self.cy)

    def unproject(self, pixels: ArrayLike, depth: ArrayLike) -> NDArray[np.float64]:
        """Camera-frame points float64 [..., 3] of pixels (u, v) [..., 2] at depth (camera z, metres) [...]."""
        depth = np.asarray(depth, dtype=np.float64)[..., None]
        rays = (np.asarray(pixels, dtype=np.float64) - (self.cx, self.cy)) / (self.fx, self.fy)
        return np.concatenate([rays * depth, depth], axis=-1)

    def pixel_centres(self) -> NDArray[np.float64]:
        """(u, v) of every pixel centre, float64 [H, W, 2]."""
        u, v = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        return np.stack([u, v], axis=-1)
