"""Results computed by worker processes before they are asked for, and handed out in order whichever worker made them."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

from scenes.errors import UserError
from simlearn.workers import Worker, WorkerDied, WorkerError

Result = TypeVar("Result")

TASKS_PER_WORKER = 2  # one under way and one waiting, so that a worker is busy while nobody asks
REMEDY = "run again, with fewer workers if memory is short"


class Ahead(Generic[Result]):
    """function(number) for consecutive numbers. At most `depth` of them are under way or kept, the lowest being the first still wanted.

    `function` must be importable by name, or an instance of such a class that can be pickled. Processes start with the first question
    and end with `close`, with this object, or with the parent however that ends; after `close` a question starts new ones.
    """

    def __init__(self, function: Callable[[int], Result], *, workers: int, depth: int) -> None:
        self._function, self._count, self._depth = function, workers, depth
        self._workers: dict[Worker, list[int]] = {}  # with the numbers each still owes an answer to
        self._results: dict[int, Result | UserError | WorkerError] = {}
        self._first = self._next = 0
        self._process = os.getpid()
        weakref.finalize(self, _end, self._workers, self._process)

    def get(self, number: int, first: int) -> Result:
        """The result for a number; those below `first` (number - depth < first <= number) are wanted no more.

        Raises what the function raised for this very number (a UserError as it is, else WorkerError), and WorkerDied.
        """
        assert first <= number < first + self._depth
        if os.getpid() != self._process:
            raise UserError("a stream's workers belong to the process that started them: make a stream of its own in each process")
        try:
            self._go_to(first)
            self._exchange(timeout=0)
            while number not in self._results:
                self._exchange(timeout=None)
        except WorkerDied:
            self.close()
            raise
        result = self._results[number]
        if isinstance(result, UserError | WorkerError):
            raise result
        return result

    def close(self) -> None:
        """Ends the worker processes."""
        _end(self._workers, self._process)
        self._results.clear()
        self._next = self._first

    def _go_to(self, first: int) -> None:
        jumps = not self._first <= first <= self._next
        while any(jumps or number < first for owed in self._workers.values() for number in owed):
            self._receive(timeout=None)  # a result nobody wants any more; what it uses (memory) is its own until then
        if jumps:
            self._results.clear()
            self._next = first
        self._first = first
        for number in [n for n in self._results if n < first]:
            del self._results[number]

    def _exchange(self, timeout: float | None) -> None:
        self._send()
        self._receive(timeout)
        self._send()

    def _send(self) -> None:
        while len(self._workers) < self._count:
            self._workers[Worker(self._function)] = []
        while self._next < self._first + self._depth:
            worker, owed = min(self._workers.items(), key=lambda item: len(item[1]))
            if len(owed) == TASKS_PER_WORKER:
                return
            worker.send(self._next)
            owed.append(self._next)
            self._next += 1

    def _receive(self, timeout: float | None) -> None:
        busy = {worker.connection: worker for worker, owed in self._workers.items() if owed}
        for connection in wait(list(busy), timeout):
            worker: Any = busy[connection]  # type: ignore[index]
            number = self._workers[worker][0]
            try:
                self._results[number] = worker.receive(f"scene {number} of the stream", REMEDY)
            except WorkerDied:
                raise
            except (UserError, WorkerError) as error:
                self._results[number] = error
            del self._workers[worker][0]


def _end(workers: dict[Worker, list[int]], process: int) -> None:
    if os.getpid() == process:
        Worker.stop(workers)
    workers.clear()
