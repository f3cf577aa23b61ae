"""What a person sees while training: a bar on a terminal, a plain line now and then elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import Tensor

LINE_INTERVAL_S = 15.0


class TrainingProgress:
    """Shows samples/s, loss and time left; `fraction` is the part of the budget that is used up."""

    def __init__(self, title: str, *, enabled: bool = True) -> None:
        self.title = title
        self._console = Console(stderr=True)
        self._lines = enabled and not self._console.is_terminal
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[status]}"), TimeElapsedColumn())
        self._bar = Progress(*columns, console=self._console, disable=not enabled or self._lines)
        self._task = self._bar.add_task(title, total=1.0, status="")
        self._started = self._said = time.monotonic()
        self._first: tuple[int, float] | None = None
        self._status = ""

    def update(self, samples: int, loss: Tensor, fraction: float) -> None:
        """After a step: `samples` seen in all, `fraction` of the budget."""
        now = time.monotonic()
        if self._first is None:  # a resumed run starts part of the way, and the first step also waits for the loader
            self._first, self._started = (samples, fraction), now
        rate = (samples - self._first[0]) / max(now - self._started, 1e-9)
        self._status = f"{samples} samples, {rate:.0f}/s, loss {loss:.4f}{self._left(now, fraction)}"
        self._bar.update(self._task, completed=fraction, status=self._status)
        if self._lines and now - self._said >= LINE_INTERVAL_S:
            self._say(now)

    def _left(self, now: float, fraction: float) -> str:
        done = fraction - self._first[1] if self._first else 0.0
        if done <= 0 or fraction >= 1:
            return ""
        minutes, seconds = divmod(round((now - self._started) / done * (1 - fraction)), 60)
        return f", {minutes}:{seconds:02d} left"

    def _say(self, now: float) -> None:
        self._said = now
        print(f"{self.title}: {self._status}", file=sys.stderr, flush=True)

    def __enter__(self) -> TrainingProgress:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()
        if self._lines and self._status:
            self._say(time.monotonic())
