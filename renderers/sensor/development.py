"""The development of a picture: exposure, tone curve, sRGB encoding."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray

from renderers.device import is_cpu, upload
from renderers.kernels.sensor import develop

KNEE = 0.6
_TABLE_SIZE = 16384


def tone_curve(exposed: NDArray[np.floating]) -> NDArray[np.float64]:
    """Linear display light in [0, 1) of exposed radiance >= 0: unchanged up to KNEE (mid grey 0.18 stays), then rolling off to 1."""
    exposed = np.asarray(exposed, dtype=np.float64)
    rolled = 1.0 - (1.0 - KNEE) * np.exp(-(exposed - KNEE) / (1.0 - KNEE))
    return np.where(exposed <= KNEE, exposed, rolled)


def linear_to_srgb(linear: NDArray[np.floating]) -> NDArray[np.float64]:
    """IEC 61966-2-1: linear [0, 1] to encoded [0, 1]."""
    linear = np.asarray(linear, dtype=np.float64)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0.0) ** (1 / 2.4) - 0.055)


def byte_table() -> NDArray[np.uint8]:
    """sRGB bytes of the linear values k / (size - 1)."""
    return np.rint(255.0 * linear_to_srgb(np.linspace(0.0, 1.0, _TABLE_SIZE))).astype(np.uint8)


class Sensor:
    """A noiseless camera: exposure, tone curve, sRGB encoding."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._table = upload(byte_table(), wp.uint8, device)

    def develop(self, radiance: wp.array, exposure: float, rgb: wp.array) -> None:
        """Writes rgb (uint8 [H, W, 3]) from radiance (vec3 [H, W], linear)."""
        height, width = radiance.shape
        run = width if is_cpu(self._device) else 1
        inputs = [radiance, exposure, KNEE, self._table, run, rgb]
        wp.launch(develop, dim=(height, width // run), inputs=inputs, device=self._device)
