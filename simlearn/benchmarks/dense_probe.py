"""Ridge regression from frozen hypercolumns to log depth (and normals), and its scoring: shared by the depth benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from simlearn.benchmarks.depth_protocols import DepthErrors, DepthProtocol, depth_errors, mean_depth_errors
from simlearn.benchmarks.evaluation import Picture
from simlearn.benchmarks.features import GRID_STRIDE, frozen_hypercolumn
from simlearn.benchmarks.pictures import side_by_side, thicken
from simlearn.benchmarks.probes import Linear, Moments
from simlearn.benchmarks.source import Source
from simlearn.benchmarks.supervised import DenseLearner, dense_sample, depth_loss
from simlearn.colorize import colorize, scale_of
from training.backbones import Backbone

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0)
COORDINATES = 2
"""Row and column come last in a hypercolumn; every method is given them, so the ridge does not penalise them."""
PredictDepth = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""rgb uint8 [H, W, 3] -> depth float32 [H, W], metres or to scale."""


@dataclass(frozen=True, kw_only=True)
class DepthFrame:
    """rgb uint8 [H, W, 3]; depth float32 [H, W] in metres, +inf where unknown; K float64 [3, 3], pixels, None where it is not known."""

    name: str
    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    K: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, sample: dict[str, Any]) -> DepthFrame:
        """Of a real reader's sample."""
        return cls(name=sample["name"], rgb=sample["rgb"], depth=sample["depth"], K=sample.get("K"))


def cell_log_depth(depth: NDArray[np.float32], height: int, width: int, protocol: DepthProtocol) -> NDArray[np.float32]:
    """Mean log depth of the pixels within the protocol's range in each cell of a height x width grid; NaN in cells without any.

    The crop is not applied: a probe may learn from every measured pixel of its training frames.
    """
    known = (depth > protocol.minimum_m) & (depth < protocol.maximum_m)
    rows, columns = np.nonzero(known)
    cells = (rows * height // depth.shape[0]) * width + columns * width // depth.shape[1]
    sums = np.bincount(cells, np.log(depth[known].astype(np.float64)), minlength=height * width)
    counts = np.bincount(cells, minlength=height * width)
    with np.errstate(invalid="ignore"):
        return (sums / counts).reshape(height, width).astype(np.float32)


def columns_of(backbone: Backbone, frame: DepthFrame, size: tuple[int, int]) -> Tensor:
    """The frozen hypercolumn with coordinates, float32 [D, h, w]."""
    return frozen_hypercolumn(backbone, frame.rgb, size, coordinates=True)


def depth_moments(columns: Tensor, frame: DepthFrame, protocol: DepthProtocol) -> Moments:
    """The frame's contribution to a ridge regression of log depth."""
    height, width = columns.shape[1:]
    target = cell_log_depth(frame.depth, height, width, protocol)
    known = np.isfinite(target)
    x = columns.permute(1, 2, 0).cpu().numpy()[known]
    return Moments.of(x, target[known][:, None])


def depth_learner(source: Source, crop: tuple[int, int], samples: Sequence[dict[str, Tensor]], outputs: int = 1) -> DenseLearner:
    """The supervised reference of depth: the probe's form, trained end to end from the source's initial weights.

    It starts by predicting the mean log depth of its training samples everywhere.
    """
    learner = DenseLearner(source.fresh_backbone(), outputs=outputs, coordinates=True, objective=depth_loss, crop=crop)
    assert learner.head.bias is not None
    with torch.no_grad():
        learner.head.bias[0] = torch.stack([sample["log_depth"].nanmean() for sample in samples]).nanmean()
    return learner


def depth_samples(frames: Sequence[DepthFrame], size: tuple[int, int], protocol: DepthProtocol) -> list[dict[str, Tensor]]:
    """What it is trained on: the same targets as the probe's."""
    height, width = size[1] // GRID_STRIDE, size[0] // GRID_STRIDE
    return [dense_sample(frame.rgb, size, log_depth=cell_log_depth(frame.depth, height, width, protocol)) for frame in frames]


def apply(model: Linear, columns: Tensor) -> Tensor:
    """float32 [K, h, w] of a hypercolumn [D, h, w], kept within what the training targets spanned."""
    weight = torch.as_tensor(model.weight, dtype=torch.float32, device=columns.device)
    bias = torch.as_tensor(model.bias, dtype=torch.float32, device=columns.device)
    low, high = (torch.as_tensor(bound, dtype=torch.float32, device=columns.device)[:, None, None] for bound in (model.low, model.high))
    return torch.minimum(torch.maximum(torch.einsum("dk,dhw->khw", weight, columns) + bias[:, None, None], low), high)


def log_depth_to_size(log_depth: Tensor, height: int, width: int) -> NDArray[np.float32]:
    """float [h, w] -> depth float32 [H, W]: resized bilinearly as log depth, then exponentiated."""
    resized = F.interpolate(log_depth.float()[None, None], (height, width), mode="bilinear", align_corners=False)[0, 0]
    # exp(+-12) is far outside every range that is measured, and keeps a wild extrapolation finite.
    return resized.clamp(-12, 12).exp().cpu().numpy()


def score_depth(
    predicted: Sequence[NDArray[np.float32]], frames: Sequence[DepthFrame], protocol: DepthProtocol
) -> tuple[dict[str, float], int]:
    """Mean errors over the frames that have counted pixels, and how many those are."""
    errors = [depth_errors(p, frame.depth, protocol) for p, frame in zip(predicted, frames, strict=True)]
    counted: list[DepthErrors] = [e for e in errors if e is not None]
    return mean_depth_errors(counted), len(counted)


def depth_pictures(
    predicted: Sequence[NDArray[np.float32]], frames: Sequence[DepthFrame], protocol: DepthProtocol, count: int, *, sparse: bool
) -> list[Picture]:
    """A few frames spread over the list: image, truth, prediction at the scale that was scored."""
    pictures: list[Picture] = []
    for i in np.unique(np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int)):
        frame, guess = frames[i], predicted[i]
        errors = depth_errors(guess, frame.depth, protocol)
        truth = np.where(protocol_range(frame.depth, protocol), frame.depth, np.inf).astype(np.float32)
        low, high = scale_of("depth", [truth])
        images = (
            frame.rgb,
            colorize("depth", thicken(truth) if sparse else truth, (low, high)),
            colorize("depth", guess * (errors.scale if errors else 1.0), (low, high)),
        )
        pictures.append((f"{frame.name}: image, truth, prediction ({low:.1f} to {high:.1f} m)", side_by_side(images)))
    return pictures


def protocol_range(depth: NDArray[np.float32], protocol: DepthProtocol) -> NDArray[np.bool_]:
    return (depth > protocol.minimum_m) & (depth < protocol.maximum_m)


def row_prior(frames: Sequence[DepthFrame], protocol: DepthProtocol, height: int) -> NDArray[np.float64]:
    """Depth [height] of each row: exp of the mean log depth of the frames' rows (linearly filled where no frame has a point)."""
    rows = np.stack([cell_log_depth(frame.depth, height, 1, protocol)[:, 0] for frame in frames])
    counts = np.isfinite(rows).sum(0)
    mean = np.where(counts > 0, np.nansum(rows, 0) / np.maximum(counts, 1), np.nan)
    known = np.flatnonzero(np.isfinite(mean))
    return np.exp(np.interp(np.arange(height), known, mean[known]))


def baseline_predictions(
    tested: Sequence[DepthFrame], trained: Sequence[Sequence[DepthFrame]], protocol: DepthProtocol
) -> dict[str, list[NDArray[np.float32]]]:
    """Predictors that look at no image: one constant depth, and the training frames' depth by row. trained[i] are those of tested[i]."""
    known: dict[tuple[int, int], NDArray[np.float64]] = {}  # frames tested one after the other mostly share their training frames
    priors = []
    for frame, others in zip(tested, trained, strict=True):
        key = (id(others), frame.depth.shape[0])
        if key not in known:
            known[key] = row_prior(others, protocol, key[1])
        priors.append(known[key])
    return {
        "constant": [np.ones_like(frame.depth) for frame in tested],
        "row_prior": [
            np.broadcast_to(prior[:, None], frame.depth.shape).astype(np.float32) for prior, frame in zip(priors, tested, strict=True)
        ],
    }
