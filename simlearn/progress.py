"""A progress bar on a terminal, a plain line now and then elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

LINE_INTERVAL_S = 15.0


def human_bytes(count: float) -> str:
    """1.5 GB, 320 MB, 12 KB (powers of 1000)."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.0f} KB"


def human_time(seconds: float) -> str:
    """1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class FrameProgress:
    """Counts frames and bytes of a job of `total` frames, of which `done` were there before; shows rate, volume and time left."""

    def __init__(self, title: str, total: int, *, done: int = 0, enabled: bool = True) -> None:
        self.title, self.total, self.frames, self.bytes = title, total, done, 0
        self.remark = ""
        self._before = done
        self._started = self._said = time.monotonic()
        self._console = Console(stderr=True)
        self._lines = enabled and not self._console.is_terminal
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[status]}"), TimeElapsedColumn())
        self._bar = Progress(*columns, console=self._console, disable=not enabled or self._lines)
        self._task = self._bar.add_task(title, total=total, completed=done, status="")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def rendered(self) -> int:
        """Frames counted since the start, without those that were there before."""
        return self.frames - self._before

    def status(self) -> str:
        """For example "120/400 frames, 41.2 frames/s, 12.3 MB, 0:07 left", and the remark if there is one."""
        new = self.rendered
        rate = new / max(self.seconds, 1e-9)
        left = f", {human_time((self.total - self.frames) / rate)} left" if new and self.frames < self.total else ""
        volume = f", {human_bytes(self.bytes)}" if self.bytes else ""
        remark = f", {self.remark}" if self.remark else ""
        return f"{self.frames}/{self.total} frames, {rate:.1f} frames/s{volume}{left}{remark}"

    def advance(self, frames: int, size: int = 0) -> None:
        """Count `frames` more frames that took `size` bytes."""
        self.frames += frames
        self.bytes += size
        self._bar.update(self._task, completed=self.frames, status=self.status())
        now = time.monotonic()
        if self._lines and now - self._said >= LINE_INTERVAL_S and self.frames < self.total:
            self._said = now
            print(f"{self.title}: {self.status()}", file=sys.stderr, flush=True)

    def __enter__(self) -> FrameProgress:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()
        if self._lines:
            print(f"{self.title}: {self.status()}", file=sys.stderr, flush=True)
