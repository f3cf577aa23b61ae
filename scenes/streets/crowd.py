"""Boxes by the hundred that grow in number, and whether one of them is in the way of another."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scenes.furnishing.layout import Box


class Crowd:
    """Upright boxes with the circles around their footprints, which tell at once of most that they are too far away."""

    def __init__(self) -> None:
        self._boxes: list[Box] = []
        self._circles = np.empty((256, 3))

    def add(self, boxes: Iterable[Box]) -> None:
        for box in boxes:
            if len(self._boxes) == len(self._circles):
                self._circles = np.concatenate([self._circles, np.empty_like(self._circles)])
            self._circles[len(self._boxes)] = box.x, box.y, box.radius
            self._boxes.append(box)

    def meets(self, box: Box) -> bool:
        """Whether a box shares volume with one of these."""
        x, y, radius = self._circles[: len(self._boxes)].T
        near = (x - box.x) ** 2 + (y - box.y) ** 2 < (radius + box.radius) ** 2
        return any(box.overlaps(self._boxes[k]) for k in near.nonzero()[0])
