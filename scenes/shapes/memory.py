"""What was made of shapes, the most recently used kept up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from scenes.scene import Shape

Made = TypeVar("Made")
_OVERHEAD = 200  # bytes


class Kept(Generic[Made]):
    """A function of shapes that remembers: results, dataclasses of arrays, are kept while their arrays have no more than `megabytes`.

    A bound on bytes rather than on results, whose sizes differ by a factor of a thousand.
    """

    def __init__(self, make: Callable[[Shape], Made], megabytes: float) -> None:
        self._make, self._most = make, round(megabytes * 1e6)
        self._results: OrderedDict[Shape, Made] = OrderedDict()
        self._held = 0

    def __call__(self, shape: Shape) -> Made:
        result = self._results.get(shape)
        if result is None:
            result = self._results[shape] = self._make(shape)
            self._held += _bytes(result)
            while self._held > self._most and len(self._results) > 1:
                self._held -= _bytes(self._results.popitem(last=False)[1])
        else:
            self._results.move_to_end(shape)
        return result

    def cache_clear(self) -> None:
        """Forget all results (files may have changed)."""
        self._results.clear()
        self._held = 0


def _bytes(result: object) -> int:
    """Of the result's arrays, with what Python needs for each of them."""
    return sum(array.nbytes + _OVERHEAD for array in vars(result).values() if isinstance(array, np.ndarray))
