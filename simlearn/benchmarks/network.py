"""A trained network as the maker of predictions for scored benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from simlearn.benchmarks.dense_probe import log_depth_to_size
from simlearn.benchmarks.predictions import Item, Predictor
from simlearn.benchmarks.source import Source
from simlearn.benchmarks.zero_shot import frame_maps, load_heads, normals_to_size

SHORT_PX = 128
"""Shorter side of the input of heads that were trained on crops; the picture's shape is kept, to a multiple of 32 pixels."""


def network_predictor(source: Source, task: str) -> Predictor:
    """Of a run whose pretext has a head for the task; UserError for others."""
    makers: dict[str, Callable[[Any, Item], Any]] = {"depth": _depth, "normal": _normal}
    if task not in makers:
        raise UserError(f"{source.method} does not predict {task}: measure its files with --predictions, or a baseline")
    pretext = load_heads(source)
    return Predictor(source=source, predict=lambda item: makers[task](pretext, item))


def _size(rgb: NDArray[np.uint8]) -> tuple[int, int]:
    """(width, height) of a picture's input."""
    height, width = rgb.shape[:2]
    scale = SHORT_PX / min(height, width)
    return max(32, round(width * scale / 32) * 32), max(32, round(height * scale / 32) * 32)


def _depth(pretext: Any, item: Item) -> Any:
    rgb = item.inputs()["rgb"]
    return log_depth_to_size(frame_maps(pretext, rgb, _size(rgb))["depth"].clamp(min=1e-6).log(), *rgb.shape[:2])


def _normal(pretext: Any, item: Item) -> Any:
    rgb = item.inputs()["rgb"]
    return normals_to_size(frame_maps(pretext, rgb, _size(rgb))["normal"], *rgb.shape[:2])
