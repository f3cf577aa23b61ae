"""What was made of shapes, kept up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from scenes.scene import Shape

Made = TypeVar("Made")
_OVERHEAD = 200  # bytes that Python needs for an array
_RECENT = 1 / 6  # of the bytes
_REMEMBERED = 1000  # shapes whose results had to go


class Kept(Generic[Made]):
    """A function of shapes that remembers results, dataclasses of arrays, as long as their arrays have no more than `megabytes`.

    A result is kept briefly at first. One that is asked for again after it had to go is made once more and kept for long, so that shapes of
    one scene alone do not drive out those that scenes share (2Q: Johnson and Shasha, VLDB 1994).
    """

    def __init__(self, make: Callable[[Shape], Made], megabytes: float) -> None:
        self._make, self._most = make, megabytes * 1e6
        self.cache_clear()

    def cache_clear(self) -> None:
        """Forget all results (files may have changed)."""
        self._recent, self._lasting = _Results[Made](_RECENT * self._most), _Results[Made]((1 - _RECENT) * self._most)
        self._gone = OrderedDict[Shape, None]()

    def __call__(self, shape: Shape) -> Made:
        for results in (self._lasting, self._recent):
            if shape in results:
                results.move_to_end(shape)
                return results[shape]
        result = self._make(shape)
        if shape in self._gone:
            del self._gone[shape]
            self._lasting.add(shape, result)
        else:
            self._gone.update(dict.fromkeys(self._recent.add(shape, result)))
            while len(self._gone) > _REMEMBERED:
                self._gone.popitem(last=False)
        return result


class _Results(OrderedDict[Shape, Made]):
    """Results, the least recently used first."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self.most, self.held = most, 0

    def add(self, shape: Shape, result: Made) -> list[Shape]:
        """Adds a result and returns which had to go until no more than `most` bytes are held, or one result."""
        self[shape] = result
        self.held += _bytes(result)
        gone = []
        while self.held > self.most and len(self) > 1:
            oldest, its = self.popitem(last=False)
            self.held -= _bytes(its)
            gone.append(oldest)
        return gone


def _bytes(result: object) -> int:
    """Of the result's arrays, with what Python needs for each of them."""
    return sum(array.nbytes + _OVERHEAD for array in vars(result).values() if isinstance(array, np.ndarray))
