"""Several contenders measured in turn, so that a change of the machine's mood meets all of them alike; the median counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.crew import Crew, Window

_MOST_FRAMES = 64
_SLOW = 4  # who needs more than so many windows for a frame is asked in every so-many-th round only


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Frames per second: the median of `windows` measurements and their quartiles.

    `cores` is processor time by wall-clock time, `cpu_ms` the processor time of a frame: both show when other programs took the cores.
    """

    frames_per_second: float
    lower_quartile: float
    upper_quartile: float
    cores: float
    cpu_ms: float
    windows: int

    @classmethod
    def of(cls, windows: list[Window]) -> Rate:
        low, middle, high = np.percentile([w.frames / w.seconds for w in windows], (25, 50, 75))
        cpu_seconds = sum(w.cpu_seconds for w in windows)
        return cls(
            frames_per_second=float(middle),
            lower_quartile=float(low),
            upper_quartile=float(high),
            cores=round(cpu_seconds / sum(w.seconds for w in windows), 2),
            cpu_ms=round(1e3 * cpu_seconds / sum(w.frames for w in windows), 2),
            windows=len(windows),
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(crews: Mapping[str, Crew], *, rounds: int, window_seconds: float) -> dict[str, Rate]:
    """Rates of all crews from `rounds` rounds of windows of about `window_seconds` (one frame at least), in rotating order."""
    seconds = {name: crew.render(1).seconds for name, crew in crews.items()}
    counts = {name: int(np.clip(round(window_seconds / s), 1, _MOST_FRAMES)) for name, s in seconds.items()}
    windows: dict[str, list[Window]] = {name: [] for name in crews}
    names = list(crews)
    for step in range(rounds):
        for name in np.roll(names, step).tolist():  # some leave threads spinning behind them, so no one always follows the same
            if step % _SLOW == 0 or seconds[name] <= _SLOW * window_seconds:
                windows[name].append(crews[name].render(counts[name]))
    return {name: Rate.of(found) for name, found in windows.items()}
