"""Random choices as printable, comparable values that an explicit generator evaluates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scenes.errors import UserError


@dataclass(frozen=True)
class Uniform:
    """Uniform on [low, high)."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise UserError(f"Uniform needs low <= high, not {self.low} > {self.high}")

    def sample(self, rng: np.random.Generator) -> float:
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class LogUniform:
    """Uniform in the logarithm on [low, high); both positive."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high:
            raise UserError(f"LogUniform needs 0 < low <= high, not ({self.low}, {self.high})")

    def sample(self, rng: np.random.Generator) -> float:
        return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))


@dataclass(frozen=True)
class Normal:
    """Normal with mean and standard deviation, cut off by redrawing to [low, high]."""

    mean: float
    std: float
    low: float = -np.inf
    high: float = np.inf

    def __post_init__(self) -> None:
        if self.std < 0 or not self.low <= self.mean <= self.high:
            raise UserError(f"Normal needs std >= 0 and low <= mean <= high, not {self}")

    def sample(self, rng: np.random.Generator) -> float:
        while True:  # the mean is inside, so at least every second draw is too unless the interval is far narrower than std
            value = float(rng.normal(self.mean, self.std))
            if self.low <= value <= self.high:
                return value


@dataclass(frozen=True)
class Integers:
    """Integers low, ..., high, both ends included, equally likely."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise UserError(f"Integers needs low <= high, not {self.low} > {self.high}")

    def sample(self, rng: np.random.Generator) -> int:
        return int(rng.integers(self.low, self.high + 1))


@dataclass(frozen=True)
class Choice:
    """One of `options`; `weights` need not sum to one, equal when empty."""

    options: tuple[Any, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.options or (self.weights and len(self.weights) != len(self.options)):
            raise UserError(f"Choice needs options and as many weights (or none), not {self}")

    def sample(self, rng: np.random.Generator) -> Any:
        if not self.weights:
            return self.options[int(rng.integers(len(self.options)))]
        weights = np.asarray(self.weights, dtype=np.float64)
        return self.options[int(rng.choice(len(self.options), p=weights / weights.sum()))]


Distribution = Uniform | LogUniform | Normal | Integers | Choice
