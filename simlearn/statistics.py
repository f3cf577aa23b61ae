"""Intervals and comparisons of measurements over items (images, pairs, sequences), where there is one run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True)
class PerItem:
    """A measure over n items as a ratio of sums: sum(numerator) / sum(denominator), both float64 [n].

    A mean of per-item values has denominators of 1; a measure pooled over pixels has each item's count of pixels.
    """

    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]

    @classmethod
    def mean(cls, values: ArrayLike) -> PerItem:
        """Of one value an item."""
        array = np.asarray(values, dtype=np.float64)
        return cls(array, np.ones_like(array))

    @classmethod
    def pooled(cls, sums: ArrayLike, counts: ArrayLike) -> PerItem:
        """Of a sum and a count an item."""
        return cls(np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64))

    def __len__(self) -> int:
        return len(self.numerator)

    @property
    def value(self) -> float:
        return float(self.numerator.sum() / self.denominator.sum())

    def interval(self, seed: int = 0) -> Interval | None:
        """Percentile bootstrap over items; None for fewer than two of them."""
        if len(self) < 2:
            return None
        draws = np.random.default_rng(seed).integers(0, len(self), (RESAMPLES, len(self)))
        with np.errstate(invalid="ignore", divide="ignore"):
            values = self.numerator[draws].sum(1) / self.denominator[draws].sum(1)
        low, high = np.nanpercentile(values, [2.5, 97.5])
        return Interval(float(low), float(high))
