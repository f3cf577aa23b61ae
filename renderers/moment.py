"""When and from where an image is taken."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Moment:
    """An eye at one time of a clip, which may lie between frames. pose: camera-to-world float64 [4, 4]."""

    time: float
    pose: NDArray[np.float64]

    def key(self) -> Hashable:
        """Equal for equal moments."""
        return (float(self.time), self.pose.tobytes())
