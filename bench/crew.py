"""Processes that render in turn with others, and the time they take."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.contenders import Contender

ROOT = Path(__file__).resolve().parent.parent
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Skipped(Exception):
    """A contender that cannot be measured here, with the reason."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """One measurement: frames finished by all processes in so many seconds of wall clock and of processor time."""

    frames: int
    seconds: float
    cpu_seconds: float


class Crew:
    """The processes of one contender at one image size, started and warm. Use as a context manager; raises Skipped."""

    def __init__(self, contender: Contender, *, width: int, height: int, frames: int) -> None:
        if not contender.python:
            raise Skipped("no interpreter for it is named: see bench/peers")
        self._contender, self._frames, self._next = contender, frames, 0
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open as long as the processes run)
        order: dict[str, Any] = {"width": width, "height": height, "frames": frames, "threads": contender.threads}
        order |= {"make": contender.make, "package": contender.package, "options": dict(contender.options)}
        self._workers = [self._start(json.dumps(order)) for _ in range(contender.processes)]
        try:
            answers = [self._answer(worker) for worker in self._workers]
            if "skipped" in answers[0]:
                raise Skipped(answers[0]["skipped"])
            self.version: str = answers[0]["version"]
        except BaseException:
            self.close()
            raise

    def _start(self, order: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **{name: str(self._contender.threads) for name in _THREAD_VARIABLES}}
        command = [self._contender.python, "-m", "bench.worker", order]
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=self._log, text=True, bufsize=1)
        except OSError as error:
            raise Skipped(f"{self._contender.python} cannot be started: {error.strerror}") from error

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        for worker in self._workers:
            worker.stdin.close()  # type: ignore[union-attr]
        for worker in self._workers:
            worker.wait(timeout=60)
            worker.stdout.close()  # type: ignore[union-attr]
        self._log.close()

    def render(self, count: int) -> Window:
        """Every process renders the next `count` frames of the clip; the clock runs until the last has finished."""
        times = [(self._next + k) % self._frames for k in range(count)]
        self._next += count
        cpu, start = self._cpu_seconds(), time.perf_counter()
        for worker in self._workers:
            worker.stdin.write(json.dumps(times) + "\n")  # type: ignore[union-attr]
        for worker in self._workers:
            self._answer(worker)
        seconds = time.perf_counter() - start
        return Window(frames=count * len(self._workers), seconds=seconds, cpu_seconds=self._cpu_seconds() - cpu)

    def _answer(self, worker: subprocess.Popen[str]) -> dict[str, Any]:
        line = worker.stdout.readline()  # type: ignore[union-attr]
        if not line:
            self._log.seek(0)
            said = self._log.read().strip().splitlines()
            raise Skipped(f"its process ended: {said[-1] if said else 'without a word'}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _cpu_seconds(self) -> float:
        """Processor time of all processes and their threads so far; 0 where /proc does not tell."""
        total = 0
        for worker in self._workers:
            path = Path(f"/proc/{worker.pid}/stat")
            if path.exists():
                total += sum(map(int, path.read_text().rpartition(")")[2].split()[11:13]))
        return total / _TICKS_PER_SECOND
