"""Predictions beside the truth, as images for a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import grey_dilation

Image8 = NDArray[np.uint8]


def thicken(depth: NDArray[np.float32], size: int = 3) -> NDArray[np.float32]:
    """Sparse depth (+inf where unknown) with every point grown to size x size pixels, the nearest on top: for the eye only."""
    inverse = np.where(np.isfinite(depth), 1.0 / np.maximum(depth, 1e-6), 0.0)
    grown = grey_dilation(inverse, size=(size, size))
    return np.where(grown > 0, 1.0 / np.maximum(grown, 1e-12), np.inf).astype(np.float32)


def class_picture(classes: NDArray[np.integer], colours: NDArray[np.uint8]) -> Image8:
    """Class ids [H, W] as colours uint8 [C, 3]."""
    return colours[classes]


def side_by_side(images: Sequence[Image8], width: int = 480) -> Image8:
    """Images beside each other, all `width` pixels wide, with a thin white line between."""
    scaled = [np.asarray(Image.fromarray(image).resize((width, round(image.shape[0] * width / image.shape[1])))) for image in images]
    height = max(image.shape[0] for image in scaled)
    canvas = np.full((height, len(scaled) * (width + 4) - 4, 3), 255, dtype=np.uint8)
    for k, image in enumerate(scaled):
        canvas[: image.shape[0], k * (width + 4) : k * (width + 4) + width] = image
    return canvas
