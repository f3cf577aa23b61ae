"""KITTI's optical flow servers: 200 pairs of 2015, 195 of 2012, without public truth.

Pairs: testing/image_2/%06d_10.png and _11.png of 2015, testing/colored_0 of 2012. 2015's archive holds flow/000000_10.png ...
flow/000199_10.png, 2012's 000000_10.png ... 000194_10.png at its root, 16-bit PNG as `simlearn.formats.kitti` writes them: rounded where
KITTI's own writer cuts off (the error is half as large), clamped, never wrapped. Every pixel must have a flow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simlearn.benchmarks.flow import readers
from simlearn.benchmarks.predictions import Unusable
from simlearn.formats.kitti import encode_flow, representable
from simlearn.submission import Submission


def encode(prediction: Any, scale: float) -> bytes:
    """The file of a flow [H, W, 2], multiplied by `scale`; Unusable when a pixel has none, or one that the format cannot hold."""
    flow = np.asarray(prediction, dtype=np.float32) * np.float32(scale)
    if not np.isfinite(flow).all():
        raise Unusable(f"has {int((~np.isfinite(flow).all(-1)).sum())} pixels without a flow")
    outside = int((~representable(flow)).sum())
    if outside:
        raise Unusable(f"has {outside} pixels that move by more than 511 px, which KITTI's files cannot hold")
    return encode_flow(flow)


def _submission(year: int, pairs: int, folder: str) -> Submission:
    names = [f"{number:06d}_10" for number in range(pairs)]
    return Submission(
        title=f"KITTI flow {year}: {pairs} maps of 16 bits{f' in the folder {folder}' if folder else ''} of the archive.",
        entries={f"{folder}{name}.png": name for name in names},
        readers=readers(fill=False),
        encode=encode,
    )


YEAR_2012, YEAR_2015 = _submission(2012, 195, ""), _submission(2015, 200, "flow/")
