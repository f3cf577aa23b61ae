"""Exposure time: which instants a frame consists of, and how much each row has of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenes.sensor import Sensor


def exposure_plan(sensor: Sensor, time: float, height: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """(times float64 [K], row weights float32 [K, H]): row r records the sum over k of weights[k, r] * radiance(times[k])[r].

    Row r is exposed for `shutter` around time + readout * ((r + 0.5) / H - 0.5), so the middle of the image has its mid-exposure at
    `time`, and labels belong there. The span of all rows is cut into `temporal_samples` equal parts, each seen at its middle; a row's
    weights are the shares of its exposure in the parts (one part alone when the shutter is 0). Weights of a row sum to 1.
    """
    span = sensor.shutter + sensor.readout
    if span == 0:
        return np.array([float(time)]), np.ones((1, height), np.float32)
    count = sensor.temporal_samples
    starts = span * (np.arange(count) / count - 0.5)
    mid = sensor.readout * ((np.arange(height) + 0.5) / height - 0.5)
    if sensor.shutter > 0:
        part = span / count
        begin = np.maximum(starts[:, None], mid - sensor.shutter / 2)
        end = np.minimum(starts[:, None] + part, mid + sensor.shutter / 2)
        weights = np.maximum(end - begin, 0.0)
    else:
        weights = (np.floor((mid / span + 0.5) * count) == np.arange(count)[:, None]).astype(np.float64)
    weights /= weights.sum(axis=0)
    used = weights.any(axis=1)
    times = time + span * ((np.arange(count) + 0.5) / count - 0.5)
    return times[used], weights[used].astype(np.float32)
