"""How predicted depth is compared with measured depth: one description that every depth benchmark is an instance of, and the errors.

The steps, in this order: cut truth and prediction to the window; count the pixels whose true depth is within the range and inside the crop;
align the prediction over the counted pixels; clip it; measure each image; average over images.

Windows and crops, in rows and columns of H x W, each bound cut off to an integer:

    kitti_benchmark   the bottom 352 rows and the central 1216 columns, from column floor((W - 1216) / 2) on: a window, cut first
    garg              rows 0.40810811 H .. 0.99189189 H, columns 0.03594771 W .. 0.96405229 W (Garg et al. 2016)
    eigen             rows 0.3324324 H .. 0.91351351 H, columns 0.0359477 W .. 0.96405229 W (Eigen et al. 2014, as in BTS)
    nyu               rows 45 .. 471, columns 41 .. 601 of NYU's 480x640 frames (Eigen et al. 2014)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import UserError

Bool = NDArray[np.bool_]
Float = NDArray[np.float64]
Bounds = tuple[int, int, int, int]
"""First and last row, first and last column; the last ones are excluded."""

WINDOW_HEIGHT, WINDOW_WIDTH = 352, 1216
NYU_FRAME = (480, 640)
SCALINGS = {
    "none": "no scaling",
    "median": "scaled per image by median(truth)/median(prediction)",
    "least_squares": "scaled and shifted per image by least squares to the true depth",
    "least_squares_disparity": "as disparity scaled and shifted per image by least squares to the true disparity 1/depth, then inverted",
}
LEAST_DISPARITY = 1e-3
"""Of an aligned disparity, in 1/m: what is below stands for 1 km."""
FARTHEST = 1e12
"""The depth of a disparity of 0, finite so that it can be scaled."""
UNCLIPPED = (-np.inf, np.inf)


def garg_bounds(height: int, width: int) -> Bounds:
    """Of the crop "garg"."""
    return _whole(0.40810811 * height, 0.99189189 * height, 0.03594771 * width, 0.96405229 * width)


def eigen_bounds(height: int, width: int) -> Bounds:
    """Of the crop "eigen"."""
    return _whole(0.3324324 * height, 0.91351351 * height, 0.0359477 * width, 0.96405229 * width)


def nyu_bounds(height: int, width: int) -> Bounds:
    """Of the crop "nyu"; UserError for frames that are not 480 x 640."""
    if (height, width) != NYU_FRAME:
        raise UserError(f"the crop of NYU is for frames of 480x640, these are {height}x{width}: give frames as the data set has them")
    return 45, 471, 41, 601


def _whole(*values: float) -> Bounds:
    top, bottom, left, right = (int(value) for value in values)
    return top, bottom, left, right


CROPS = {
    "garg": ("Garg crop", garg_bounds),
    "eigen": ("Eigen crop", eigen_bounds),
    "nyu": ("crop to rows 45..471, columns 41..601", nyu_bounds),
}


def window_bounds(height: int, width: int) -> Bounds:
    """Of the window "kitti_benchmark"; UserError for images smaller than it."""
    if height < WINDOW_HEIGHT or width < WINDOW_WIDTH:
        raise UserError(f"an image of {height}x{width} is smaller than the window of 352x1216: give KITTI's own images")
    top, left = height - WINDOW_HEIGHT, (width - WINDOW_WIDTH) // 2
    return top, top + WINDOW_HEIGHT, left, left + WINDOW_WIDTH


@dataclass(frozen=True, kw_only=True)
class DepthProtocol:
    """How predicted depth is compared; see the module's text.

    minimum_m, maximum_m: true depths between them count, in metres; `maximum_m` infinite: no cap. closed: the ends count too.
    clip_m: what the aligned prediction is clipped to; by default the range of true depths that count; `UNCLIPPED` for none.
    window: None or "kitti_benchmark". crop: None or one of `CROPS`, of the window where there is one. scaling: one of `SCALINGS`.
    least_pixels: an image with fewer counted pixels has no errors.
    """

    minimum_m: float = 1e-3
    maximum_m: float = 80.0
    closed: bool = False
    clip_m: tuple[float, float] | None = None
    window: str | None = None
    crop: str | None = None
    scaling: str = "median"
    least_pixels: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.minimum_m < self.maximum_m:
            raise UserError(f"a depth range of {self.minimum_m}..{self.maximum_m} m is empty: give 0 <= minimum < maximum")
        if self.window not in (None, "kitti_benchmark"):
            raise UserError(f"unknown depth window {self.window!r}: known are None, 'kitti_benchmark'")
        if self.crop is not None and self.crop not in CROPS:
            raise UserError(f"unknown depth crop {self.crop!r}: known are None, {', '.join(map(repr, CROPS))}")
        if self.scaling not in SCALINGS:
            raise UserError(f"unknown depth scaling {self.scaling!r}: known are {', '.join(map(repr, SCALINGS))}")

    @property
    def clip(self) -> tuple[float, float]:
        return (self.minimum_m, self.maximum_m) if self.clip_m is None else self.clip_m

    def wording(self) -> str:
        """The protocol in words, without the data."""
        ends = "both ends counted, " if self.closed else ""
        span = (
            f"{self.minimum_m:g}..{self.maximum_m:g} m" if np.isfinite(self.maximum_m) else f"true depth > {self.minimum_m:g} m, uncapped"
        )
        if self.clip == UNCLIPPED:
            clipped = "not clipped"
        else:
            clipped = f"then clipped to {'the range' if self.clip_m is None else f'{self.clip[0]:g}..{self.clip[1]:g} m'}"
        few = f"; images with fewer than {self.least_pixels} such pixels left out" if self.least_pixels > 1 else ""
        return (
            f"{'cut to the bottom 352 rows and central 1216 columns, then ' if self.window else ''}"
            f"{CROPS[self.crop][0] if self.crop else 'no crop'}, {span}, {ends}{SCALINGS[self.scaling]}, {clipped}; "
            f"mean over images of per-image values{few}"
        )

    def cut(self, image: NDArray) -> NDArray:
        """The image [H, W], or what the window leaves of it; an image of the window's size is taken as cut already."""
        if self.window is None or image.shape == (WINDOW_HEIGHT, WINDOW_WIDTH):
            return image
        top, bottom, left, right = window_bounds(*image.shape)
        return image[top:bottom, left:right]

    def mask(self, truth: NDArray[np.float32]) -> Bool:
        """Pixels of a cut truth that count: within the range, inside the crop."""
        above, below = (np.greater_equal, np.less_equal) if self.closed else (np.greater, np.less)
        mask: Bool = above(truth, np.float32(self.minimum_m)) & below(truth, np.float32(self.maximum_m)) & np.isfinite(truth)
        return mask & crop_mask(self.crop, *truth.shape) if self.crop else mask


def crop_mask(name: str, height: int, width: int) -> Bool:
    """Pixels inside one of `CROPS`."""
    top, bottom, left, right = CROPS[name][1](height, width)
    crop = np.zeros((height, width), dtype=bool)
    crop[top:bottom, left:right] = True
    return crop


@dataclass(frozen=True, kw_only=True)
class DepthErrors:
    """Of one image, over its counted pixels, with prediction p, truth t and e = ln p - ln t.

    abs_rel: mean |p - t| / t. sq_rel: mean (p - t)^2 / t, metres. rmse: sqrt(mean (p - t)^2), metres. rmse_log: sqrt(mean e^2).
    log10: mean |log10 p - log10 t|. delta1, delta2, delta3: share of max(p/t, t/p) < 1.25, 1.25^2, 1.25^3. silog: 100 sqrt(mean e^2 -
    (mean e)^2), as BTS and KITTI have it. silog_half: sqrt(mean e^2 - 0.5 (mean e)^2), as Depth-Anything-V2 has it.
    pixels: how many counted. scale, shift: what the prediction (or its disparity) was multiplied by, and what was then added.
    """

    abs_rel: float
    sq_rel: float
    rmse: float
    rmse_log: float
    log10: float
    delta1: float
    delta2: float
    delta3: float
    silog: float
    silog_half: float
    pixels: int
    scale: float
    shift: float = 0.0


DEPTH_METRICS = ("abs_rel", "sq_rel", "rmse", "rmse_log", "log10", "delta1", "delta2", "delta3", "silog", "silog_half")


def depth_errors(prediction: ArrayLike, truth: ArrayLike, protocol: DepthProtocol, *, disparity: bool = False) -> DepthErrors | None:
    """Errors of a predicted depth [H, W] in metres (or to scale) against the truth [H, W], +inf or 0 where unknown.

    `disparity`: the prediction is 1/depth, to scale. None when too few pixels count. What is predicted for other pixels has no influence.
    Raises UserError when shapes differ or a counted pixel has a prediction that is not finite, or not positive where it has to be.
    """
    prediction, truth = protocol.cut(np.asarray(prediction)), protocol.cut(np.asarray(truth, dtype=np.float32))
    if prediction.shape != truth.shape:
        raise UserError(f"the prediction is {prediction.shape}, the truth {truth.shape}: resize the prediction to the truth's size")
    mask = protocol.mask(truth)
    if np.count_nonzero(mask) < max(protocol.least_pixels, 1):
        return None
    p, t = prediction[mask].astype(np.float64), truth[mask].astype(np.float64)
    if not np.isfinite(p).all():
        raise UserError(
            f"{int((~np.isfinite(p)).sum())} of {p.size} predicted depths are not finite: the network or file that made them is broken"
        )
    p, scale, shift = _aligned(p, t, protocol.scaling, disparity)
    p = np.clip(p, *protocol.clip)
    if p.min() <= 0:
        raise UserError(f"{int((p <= 0).sum())} of {p.size} predicted depths are not positive: predictions must be positive metres")
    return _measured(p, t, scale, shift)


def _aligned(p: Float, t: Float, scaling: str, disparity: bool) -> tuple[Float, float, float]:
    """(depth to compare with t, scale, shift) of a prediction that is 1/depth where `disparity`."""
    if scaling == "least_squares_disparity":
        if not disparity and p.min() <= 0:
            raise UserError(f"{int((p <= 0).sum())} of {p.size} predicted depths are not positive: they have no disparity")
        q = p if disparity else 1 / p
        positive = q > 0  # the published evaluation fits to these only
        if not positive.any():
            raise UserError("no predicted disparity is positive: the network or file that made them is broken")
        scale, shift = _least_squares(q[positive], 1 / t[positive])
        return 1 / np.maximum(scale * q + shift, LEAST_DISPARITY), scale, shift
    depth = inverted(p) if disparity else p
    if scaling == "least_squares":
        scale, shift = _least_squares(depth, t)
        return scale * depth + shift, scale, shift
    if scaling == "none":
        return depth, 1.0, 0.0
    median = float(np.median(depth))
    if median <= 0:
        raise UserError(f"the predicted depth has median {median:g}, it cannot be scaled: predictions must be positive metres")
    scale = float(np.median(t)) / median
    return depth * scale, scale, 0.0


def inverted(disparity: Float) -> Float:
    """Depth of disparities; that of 0 is `FARTHEST`. UserError for negative ones."""
    if disparity.min() < 0:
        raise UserError(f"{int((disparity < 0).sum())} of {disparity.size} predicted disparities are negative: they must not be")
    return 1 / np.maximum(disparity, 1 / FARTHEST)


def _least_squares(x: Float, y: Float) -> tuple[float, float]:
    """(a, b) that minimise sum (a x + b - y)^2, the shortest such vector where x is constant."""
    scale, shift = np.linalg.lstsq(np.stack([x, np.ones_like(x)], axis=1), y, rcond=None)[0]
    return float(scale), float(shift)


def _measured(p: Float, t: Float, scale: float, shift: float) -> DepthErrors:
    error, logs = p - t, np.log(p) - np.log(t)
    ratio = np.maximum(p / t, t / p)
    squares, mean = float(np.mean(logs**2)), float(np.mean(logs))
    return DepthErrors(
        abs_rel=float(np.mean(np.abs(error) / t)),
        sq_rel=float(np.mean(error**2 / t)),
        rmse=float(np.sqrt(np.mean(error**2))),
        rmse_log=float(np.sqrt(squares)),
        log10=float(np.mean(np.abs(logs)) / np.log(10)),
        delta1=float(np.mean(ratio < 1.25)),
        delta2=float(np.mean(ratio < 1.25**2)),
        delta3=float(np.mean(ratio < 1.25**3)),
        silog=100 * float(np.sqrt(max(squares - mean**2, 0.0))),  # rounding may take it below 0
        silog_half=float(np.sqrt(max(squares - 0.5 * mean**2, 0.0))),
        pixels=int(p.size),
        scale=scale,
        shift=shift,
    )


def mean_depth_errors(errors: Sequence[DepthErrors], names: Sequence[str] = ("abs_rel", "rmse", "delta1")) -> dict[str, float]:
    """Plain means over images of the named errors."""
    if not errors:
        raise UserError("no image has a pixel of known depth within the protocol's range and crop: check the data set")
    return {name: float(np.mean([getattr(e, name) for e in errors])) for name in names}
