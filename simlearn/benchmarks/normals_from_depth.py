"""Surface normals derived from measured depth: a plane fitted by least squares to each pixel's surroundings, where there is one plane.

On a plane the inverse depth 1/z is linear in the pixel's coordinates, 1/z = a x + b y + c with (x, y, 1) = K^-1 (u, v, 1), and (a, b, c)
points along its normal, away from the camera. So the fit is a linear one, in a quantity of which a Kinect's error is the same near and far.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from scenes.errors import UserError

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PlaneFit:
    """How normals are derived. `window_px`: side of the square of pixels, odd.

    A pixel has a normal where its own depth is known and at most `maximum_m`, at least `least_known` of the square's pixels are so, and the
    plane leaves an error of inverse depth (root mean square) of at most `largest_error` times the mean one: not at outlines and steps.
    """

    window_px: int
    maximum_m: float
    least_known: float = 0.75
    largest_error: float = 0.01

    def __post_init__(self) -> None:
        if self.window_px < 3 or self.window_px % 2 == 0:
            raise UserError(f"a window of {self.window_px} pixels has no centre or no plane: give an odd number from 3 on")

    def wording(self) -> str:
        side = self.window_px
        return (
            f"Truth DERIVED from depth: least-squares plane to the inverse depth of {side}x{side} pixels, where at least "
            f"{self.least_known:.0%} of them are known and within {self.maximum_m:g} m and the plane's error is at most "
            f"{self.largest_error:.1%} of the inverse depth (edges have no normal, creases are rounded)"
        )


def normals_from_depth(depth: NDArray[np.float32], K: Float, fit: PlaneFit) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(normals float32 [H, W, 3], unit, camera frame, towards the camera; known bool [H, W]) of a depth [H, W] in metres along z.

    `depth`: +inf, NaN or 0 where unknown. `K` has our pixel centres. Normals are (0, 0, -1) where they are not known.
    """
    height, width = depth.shape
    v, u = np.mgrid[:height, :width] + 0.5
    x, y = (u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1]
    with np.errstate(invalid="ignore"):
        counted = np.isfinite(depth) & (depth > 0) & (depth <= fit.maximum_m)
    q = np.where(counted, 1 / np.where(counted, depth, 1).astype(np.float64), 0.0)
    share = _mean(counted.astype(np.float64), fit.window_px)
    safe = np.maximum(share, 1e-9)

    def mean(values: Float) -> Float:
        return _mean(np.where(counted, values, 0.0), fit.window_px) / safe

    mx, my, mq = mean(x), mean(y), mean(q)
    xx, xy, yy = mean(x * x) - mx * mx, mean(x * y) - mx * my, mean(y * y) - my * my
    xq, yq, qq = mean(x * q) - mx * mq, mean(y * q) - my * mq, mean(q * q) - mq * mq
    determinant = xx * yy - xy * xy
    solvable = determinant > 1e-6 * (K[0, 0] * K[1, 1]) ** -2  # pixels that lie on a line have no plane; a 3x3 square has 0.4 of that unit
    divisor = np.where(solvable, determinant, 1.0)
    a, b = (yy * xq - xy * yq) / divisor, (xx * yq - xy * xq) / divisor
    error = np.sqrt(np.maximum(qq - a * xq - b * yq, 0.0))
    known = counted & solvable & (share >= fit.least_known) & (error <= fit.largest_error * mq)
    away = np.stack([a, b, mq - a * mx - b * my], axis=-1)
    length = np.linalg.norm(away, axis=-1, keepdims=True)
    facing = np.where(known[..., None], -away / np.where(length > 0, length, 1.0), (0.0, 0.0, -1.0))
    return facing.astype(np.float32), known


def _mean(values: Float, side: int) -> Float:
    """Over the square around each pixel, with zeros outside."""
    return np.asarray(uniform_filter(values, side, mode="constant"))
