"""Threads that share the work of a kernel on the CPU, where a launch uses one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import warp as wp

from renderers.device import is_cpu
from scenes.errors import UserError

_PIECES_PER_THREAD = 2  # rows differ in cost, so pieces are handed out as threads become free
Task = Callable[[int, int, int], None]  # piece, first row, number of rows


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="renderers")


class Team:
    """`threads` threads of one device. A GPU needs one, for a launch there uses all of it."""

    def __init__(self, device: str, threads: int = 1) -> None:
        if threads < 1:
            raise UserError(f"a renderer needs at least 1 thread, not {threads}")
        self.device = device
        self._postponed: list[Task] | None = None
        self.threads = threads if is_cpu(device) else 1

    def share(self, count: int, task: Task, *, pieces: int | None = None) -> None:
        """Calls task(piece, first, size) for pieces that cover range(count), by several threads; returns when all are done."""
        pieces = min(pieces or self.threads * _PIECES_PER_THREAD, count) if self.threads > 1 else 1
        if count == 0:
            return
        if pieces == 1:
            task(0, 0, count)
            return
        bounds = [count * k // pieces for k in range(pieces + 1)]
        running = [_pool(self.threads).submit(task, k, bounds[k], bounds[k + 1] - bounds[k]) for k in range(pieces)]
        for future in running:
            future.result()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Kernels given to `launch_rows_later` inside run when this ends, all of them on some rows and then on others.

        So threads meet once instead of after each kernel. It is for kernels that read of each other's results only their own rows.
        """
        postponed: list[Task] = []
        self._postponed = postponed
        self._rows = 0
        try:
            yield
        finally:  # after an error, too: what comes next must not wait for an end that has passed
            self._postponed = None

        def all_tasks(piece: int, first: int, size: int) -> None:
            for task in postponed:
                task(piece, first, size)

        self.share(self._rows, all_tasks)

    def launch_rows(self, kernel: Any, eye: Any, batch: int, inputs: Sequence[Any]) -> None:
        """Launches kernel(eye, first row, *inputs) over (batch, rows, parts of a row)."""
        self.share(int(eye.height), self._rows_of(kernel, eye, batch, inputs))

    def launch_rows_later(self, kernel: Any, eye: Any, batch: int, inputs: Sequence[Any]) -> None:
        """The same, at the end of `together` where inside of that."""
        self.later(int(eye.height), self._rows_of(kernel, eye, batch, inputs))

    def later(self, rows: int, task: Task) -> None:
        """Shares a task over image rows, at the end of `together` where inside of that."""
        if self._postponed is None:
            self.share(rows, task)
        else:
            self._rows = rows
            self._postponed.append(task)

    def _rows_of(self, kernel: Any, eye: Any, batch: int, inputs: Sequence[Any]) -> Task:
        parts = -(-int(eye.width) // int(eye.run))

        def rows(_piece: int, first: int, size: int) -> None:
            wp.launch(kernel, dim=(batch, size, parts), inputs=[eye, first, *inputs], device=self.device)

        return rows
