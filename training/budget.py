"""How long a run lasts, and the learning rate along the way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from scenes.errors import UserError
from training.learner import Config


@dataclass(frozen=True, kw_only=True)
class Budget(Config):
    """Samples seen, minutes of wall clock, or both (whichever ends first). Samples are rounded up to whole batches.

    A run bounded by minutes alone depends on the machine's speed: only a budget of samples repeats bit for bit.
    """

    samples: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.samples, self.minutes) if value is not None]
        if not given or not all(value > 0 and math.isfinite(value) for value in given):
            raise UserError(
                f"a budget is samples=N or minutes=M (positive numbers) or both, not samples={self.samples}, minutes={self.minutes}"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "samples=100000", "minutes=5" or "samples=100000,minutes=5"."""
        values: dict[str, float] = {}
        for part in text.split(","):
            name, _, number = part.strip().partition("=")
            try:
                values[name] = int(number.replace("_", "")) if name == "samples" else float(number)
            except ValueError:
                name = ""
            if name not in ("samples", "minutes"):
                raise UserError(f"budget {text!r} isn't understood: write samples=100000, minutes=5 or samples=100000,minutes=5")
        return cls.from_dict(values)

    def steps(self, batch_size: int) -> int | None:
        """Whole batches, rounded up; None when only minutes bound the run."""
        return None if self.samples is None else math.ceil(self.samples / batch_size)

    def fraction(self, step: int, batch_size: int, seconds: float) -> float:
        """The part of the budget that is used up, 0..1."""
        steps = self.steps(batch_size)
        parts = [step / steps if steps else 0.0, seconds / (60 * self.minutes) if self.minutes else 0.0]
        return min(1.0, max(parts))


def learning_rate_factor(fraction: float, warmup: float) -> float:
    """Linear warm-up over the first `warmup` of the budget, then half a cosine down to zero at its end."""
    if fraction < warmup:
        # Starts a little above zero, so that the very first step isn't wasted.
        return max(fraction, 0.01 * warmup) / warmup
    return 0.5 * (1 + math.cos(math.pi * (fraction - warmup) / (1 - warmup)))
