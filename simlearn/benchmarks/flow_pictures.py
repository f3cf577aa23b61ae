"""What flow benchmarks show: the pairs that went best and worst, with maps of the error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlearn.benchmarks.flow_metrics import end_point_errors
from simlearn.benchmarks.pictures import side_by_side
from simlearn.colorize import colorize, scale_of

WORST_PX = 10.0
"""Errors from this on are white; KITTI's 3 px lie at about a third."""


def error_map(errors: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """uint8 [H, W, 3]: black is right, through red and yellow to white at 10 px and more; dark blue where nothing is known."""
    share = np.clip(errors / WORST_PX, 0, 1)
    red, green, blue = (np.clip(3 * share - k, 0, 1) for k in range(3))
    return np.where(known[..., None], np.rint(255 * np.stack([red, green, blue], -1)), (20, 24, 60)).astype(np.uint8)


def flow_picture(rgb: NDArray[np.uint8], labels: Mapping[str, Any], flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """First picture, true flow, predicted flow and its error side by side, the flows in one scale of colours."""
    truth, known = np.where(labels["known"][..., None], labels["flow_forward"], 0).astype(np.float32), labels["known"]
    scale = scale_of("flow_forward", [truth])
    errors = end_point_errors(flow, truth)
    return side_by_side([rgb, colorize("flow_forward", truth, scale), colorize("flow_forward", flow, scale), error_map(errors, known)])
