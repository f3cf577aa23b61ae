"""Intervals and comparisons of measurements: over items (images, pairs, sequences) where there is one run, over seeds where there are
several.

Two questions, two answers. Over items: would these very checkpoints differ on other items of the kind? Over seeds: would the methods differ
if they were trained again?
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

RESAMPLES = 2000
PERMUTATIONS = 10_000
EXACT_ITEMS = 13
"""With at most so many items every one of the 2^n exchanges is tried."""
CONFIDENCE = 0.95
_BLOCK = 4_000_000  # numbers held at a time
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True)
class PerItem:
    """A measure over n items as a ratio of sums: sum(numerator) / sum(denominator), both float64 [n].

    A mean of per-item values has denominators of 1; a measure pooled over pixels has each item's count of pixels. With arrays [n, C] it is
    the mean over C of such ratios, leaving out those whose denominators are all zero (mean IoU: intersections and unions of C classes).
    """

    numerator: Floats
    denominator: Floats

    def __post_init__(self) -> None:
        if self.numerator.shape != self.denominator.shape or self.numerator.ndim not in (1, 2):
            raise ValueError(f"numerators {self.numerator.shape} and denominators {self.denominator.shape} must both be [n] or [n, C]")

    @classmethod
    def mean(cls, values: ArrayLike) -> PerItem:
        """Of one value an item."""
        array = np.asarray(values, dtype=np.float64)
        return cls(array, np.ones_like(array))

    @classmethod
    def pooled(cls, sums: ArrayLike, counts: ArrayLike) -> PerItem:
        """Of a sum and a count an item, or of C of them."""
        return cls(np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64))

    def __len__(self) -> int:
        return len(self.numerator)

    @property
    def value(self) -> float:
        return float(_ratio(self.numerator.sum(0), self.denominator.sum(0)))

    @property
    def of_items(self) -> Floats:
        """Each item's own value, float64 [n]; NaN where it has none."""
        return _ratio(self.numerator, self.denominator, columns=self.numerator.ndim == 2)

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> PerItem:
        """Of some of the items."""
        return PerItem(self.numerator[rows], self.denominator[rows])

    def interval(self, seed: int = 0) -> Interval | None:
        """Percentile bootstrap over items; None for fewer than two of them."""
        if len(self) < 2:
            return None
        return _bootstrap(len(self), lambda draws: _ratio_of(self, draws), seed)


@dataclass(frozen=True)
class Paired:
    """The difference of two measures over the same n items, first minus second.

    `interval`: percentile bootstrap over items, drawn for both alike; None for fewer than two. `p`: two-sided, of the permutation test in
    which the two exchange an item's values; `exact` tells whether all 2^n exchanges were tried, else it is a sample of them.
    """

    difference: float
    interval: Interval | None
    p: float
    n: int
    exact: bool


def paired(first: PerItem, second: PerItem, seed: int = 0) -> Paired:
    """Compares two measures of the same items in the same order; ValueError for different numbers of items.

    Of a mean over items the permutation test is the sign-flip test of the items' differences. With a ratio of sums, an item's numerator and
    denominator are exchanged together.
    """
    if first.numerator.shape != second.numerator.shape or not len(first):
        raise ValueError(f"{len(first)} and {len(second)} items: a paired comparison needs the same items, at least one, in the same order")
    n = len(first)
    interval = _bootstrap(n, lambda draws: _ratio_of(first, draws) - _ratio_of(second, draws), seed) if n > 1 else None
    difference = first.value - second.value
    return Paired(difference, interval, _exchange_p(first, second, difference, seed), n, n <= EXACT_ITEMS)


def seed_average(runs: Sequence[PerItem]) -> PerItem:
    """One measure of several runs over the same items in the same order: sums of numerators and of denominators, item by item."""
    return PerItem(np.sum([run.numerator for run in runs], axis=0), np.sum([run.denominator for run in runs], axis=0))


def half_width(values: Sequence[float]) -> float | None:
    """Of the two-sided 95 % Student t-interval of the mean; None below three values."""
    k = len(values)
    if k < 3:
        return None
    if len(set(values)) == 1:  # rounding in the mean would leave a spread that is not there
        return 0.0
    return float(stats.t.ppf(0.5 + CONFIDENCE / 2, k - 1) * np.std(values, ddof=1) / math.sqrt(k))


def welch_half_width(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Of the 95 % interval of the difference of two means whose spreads differ (Welch 1947); None where one has fewer than three values."""
    if min(len(first), len(second)) < 3:
        return None
    parts = [float(np.var(values, ddof=1)) / len(values) for values in (first, second)]
    if sum(parts) == 0:
        return 0.0
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(first) - 1) + parts[1] ** 2 / (len(second) - 1))
    return float(stats.t.ppf(0.5 + CONFIDENCE / 2, freedom) * math.sqrt(sum(parts)))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of a family of tests adjusted for their number (Holm 1979), in the order given."""
    adjusted, largest, count = [1.0] * len(p_values), 0.0, len(p_values)
    for rank, index in enumerate(sorted(range(count), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _ratio(numerator: Floats, denominator: Floats, *, columns: bool | None = None) -> Floats:
    """Ratios of sums; where there are `columns` (by default: where a sum over items has an axis left) their mean over the last axis."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(denominator != 0, numerator / denominator, np.nan)
        if not (numerator.ndim > 0 if columns is None else columns):
            return ratios
        known = np.isfinite(ratios)
        return np.where(known, ratios, 0.0).sum(-1) / known.sum(-1)


def _ratio_of(measure: PerItem, counts: Floats) -> Floats:
    """The measure when item i is there counts[r, i] times: float64 [R]."""
    return _ratio(counts @ measure.numerator, counts @ measure.denominator, columns=measure.numerator.ndim == 2)


def _blocks(rows: int, n: int) -> Iterator[int]:
    """Sizes that add up to `rows`, each with at most _BLOCK numbers of n a row."""
    size = max(1, _BLOCK // n)
    for start in range(0, rows, size):
        yield min(size, rows - start)


def _bootstrap(n: int, measure: Callable[[Floats], Floats], seed: int) -> Interval:
    rng = np.random.default_rng(seed)
    parts = [measure(rng.multinomial(n, np.full(n, 1 / n), size).astype(np.float64)) for size in _blocks(RESAMPLES, n)]
    low, high = np.nanpercentile(np.concatenate(parts), [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    return Interval(float(low), float(high))


def _exchange_p(first: PerItem, second: PerItem, difference: float, seed: int) -> float:
    """The share of exchanges whose difference is as large as the one found, which counts as one of those drawn (so it is never zero)."""
    n, exact = len(first), len(first) <= EXACT_ITEMS
    rng = np.random.default_rng(seed)
    limit = abs(difference) * (1 - 1e-9)  # equal ones must count although rounding differs
    reached, tried, done = 0, 2**n if exact else PERMUTATIONS, 0
    for size in _blocks(tried, n):
        if exact:
            flips = (np.arange(done, done + size)[:, None] >> np.arange(n) & 1).astype(np.float64)
        else:
            flips = rng.integers(0, 2, (size, n)).astype(np.float64)
        found = _mixed(first, second, flips) - _mixed(second, first, flips)
        reached += int((np.abs(found) >= limit).sum())
        done += size
    return reached / tried if exact else (reached + 1) / (tried + 1)


def _mixed(own: PerItem, other: PerItem, flips: Floats) -> Floats:
    """Of `own`, with the items of `other` where flips [R, n] is 1: float64 [R]."""
    sums = (a.sum(0) + flips @ (b - a) for a, b in ((own.numerator, other.numerator), (own.denominator, other.denominator)))
    return _ratio(*sums, columns=own.numerator.ndim == 2)
