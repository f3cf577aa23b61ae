"""A function applied to tasks in worker processes, results as they come.

`concurrent.futures` leaves its workers behind, blocked for ever, when the parent is killed; these end with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from scenes.errors import UserError

Task = TypeVar("Task")
Result = TypeVar("Result")

SINGLE_THREADED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "BLOSC_NTHREADS")
# With fixed thresholds glibc gives large arrays back at once; by itself it would raise them to the size of what was freed.
MEMORY_GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": str(2 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}
TRIM_EVERY = 8  # tasks; each time costs 20 to 120 ms, most of it to have the memory back


class WorkerError(RuntimeError):
    """A task raised something that is a bug; the message holds the worker's traceback."""


class WorkerDied(UserError):
    """A worker process ended without an answer."""


class Worker:
    """A spawned process that applies a function to the tasks it is sent, one after the other; it ends with its parent at the latest.

    `function` must be importable by name, or an instance of such a class that can be pickled. `connection` is readable when a result
    has come. Send few tasks ahead: they wait in a pipe.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        resource_tracker.ensure_running()  # else the first start does it, and unblocks the interrupts that are blocked below
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, function), daemon=True)
        with _single_threaded(), _without_interrupts():
            self._process.start()
        theirs.close()

    def send(self, task: Any) -> None:
        with contextlib.suppress(BrokenPipeError):  # a dead worker is reported by `receive`
            self.connection.send(task)

    def receive(self, task: Any, remedy: str) -> Any:
        """The result of the oldest task that was sent, `task`. A UserError in it is raised as it is, anything else as WorkerError;
        WorkerDied, which names the task and the remedy, if there is no result."""
        try:
            kind, value = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            code = self._process.exitcode or 0
            cause = f"killed by {signal.Signals(-code).name}, often for lack of memory" if code < 0 else f"exit status {code}"
            raise WorkerDied(f"a worker process died ({cause}) at {task}: {remedy}") from None
        return value_of((kind, value), task)

    def finish(self) -> None:
        """Lets the worker end by itself: it reads the end of its pipe."""
        self.connection.close()
        self._process.join()

    @staticmethod
    def stop(workers: Iterable[Worker]) -> None:
        """Ends workers whatever they are doing."""
        workers = list(workers)
        for worker in workers:
            worker._process.terminate()
        for worker in workers:
            worker._process.join()
            worker.connection.close()


def run_tasks(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    workers: int,
    address: str = "",  # noqa: ARG001
) -> Generator[Result, None, None]:
    """Yield `function(task)` in order of completion, from at most `workers` spawned processes that each do one task at a time.

    `function` must be importable by name. A UserError in a task is raised here as it is, any other exception as WorkerError; a worker
    that dies raises UserError. However the iteration ends (close the generator), no process is left behind.
    """
    queue = iter(tasks)
    pool: dict[Connection, tuple[Worker, Any]] = {}
    try:
        for task in itertools.islice(queue, workers):
            worker = Worker(function)
            worker.send(task)
            pool[worker.connection] = (worker, task)
        while pool:
            ready = wait(list(pool))
            for connection in [c for c in pool if c in ready]:
                worker, task = pool[connection]
                result = worker.receive(task, "run again with --resume, with fewer workers if memory is short")
                following = next(queue, None)
                if following is None:
                    worker.finish()
                    del pool[connection]
                else:
                    worker.send(following)
                    pool[connection] = (worker, following)
                yield result
    finally:
        Worker.stop(worker for worker, _ in pool.values())


def _serve(connection: Connection, function: Callable[[Any], Any]) -> None:
    """Body of a worker: answer tasks until the pipe ends."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    with contextlib.suppress(EOFError, ConnectionError):  # the pipe's end, or the parent's
        while True:
            connection.send(answer(function, connection.recv()))


def answer(function: Callable[[Any], Any], task: Any) -> tuple[str, Any]:
    """What `function(task)` returns or raises, in a form that travels to another process, for `value_of`."""
    try:
        return "done", function(task)
    except UserError as error:
        return "user error", error
    except Exception:  # carried to the parent with its traceback
        return "error", traceback.format_exc()
    finally:
        _now_and_then_trim()


_answered = itertools.count(1)


def _now_and_then_trim() -> None:
    """Gives the memory back that the C library (glibc) keeps of what was freed.

    Scenes differ in size, and what outlives them in caches lies between what does not, so the gaps would add up to hundreds of megabytes.
    """
    library = ctypes.CDLL(None)
    if next(_answered) % TRIM_EVERY == 0 and hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def value_of(answered: tuple[str, Any], task: Any) -> Any:
    """The result in an `answer`; a UserError in it is raised as it is, anything else as WorkerError."""
    kind, value = answered
    if kind == "user error":
        raise value
    if kind == "error":
        raise WorkerError(f"{task} failed in a worker:\n{value}")
    return value


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Children started inside use one thread each for BLAS, OpenMP and compression, and keep little of what is freed.

    The libraries read this when they load.
    """
    wanted = {**dict.fromkeys(SINGLE_THREADED, "1"), **MEMORY_GIVEN_BACK}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Children started inside never see Ctrl-C (a blocked signal stays blocked across exec): ending them is the parent's business."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
