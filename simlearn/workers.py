"""A function applied to tasks in worker processes, results as they come.

`concurrent.futures` leaves its workers behind, blocked for ever, when the parent is killed; these end with it.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from scenes.errors import UserError

Task = TypeVar("Task")
Result = TypeVar("Result")

SINGLE_THREADED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "BLOSC_NTHREADS")


class WorkerError(RuntimeError):
    """A task raised something that is a bug; the message holds the worker's traceback."""


def run_tasks(function: Callable[[Task], Result], tasks: Iterable[Task], workers: int) -> Generator[Result, None, None]:
    """Yield `function(task)` in order of completion, from at most `workers` spawned processes that each do one task at a time.

    `function` must be importable by name. A UserError in a task is raised here as it is, any other exception as WorkerError; a worker
    that dies raises UserError. However the iteration ends (close the generator), no process is left behind.
    """
    queue = iter(tasks)
    pool: dict[Connection, tuple[SpawnProcess, Any]] = {}
    try:
        for task in itertools.islice(queue, workers):
            connection, process = _start(function)
            connection.send(task)
            pool[connection] = (process, task)
        while pool:
            ready = wait(list(pool))
            for connection in [c for c in pool if c in ready]:
                process, task = pool[connection]
                result = _receive(connection, process, task)
                following = next(queue, None)
                if following is None:
                    connection.close()  # the worker reads the end of its pipe and exits
                    process.join()
                    del pool[connection]
                else:
                    connection.send(following)
                    pool[connection] = (process, following)
                yield result
    finally:
        for process, _ in pool.values():
            process.terminate()
        for process, _ in pool.values():
            process.join()


def _start(function: Callable[[Any], Any]) -> tuple[Connection, SpawnProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, function), daemon=True)
    with _single_threaded(), _without_interrupts():
        process.start()
    theirs.close()
    return ours, process


def _receive(connection: Connection, process: SpawnProcess, task: Any) -> Any:
    try:
        kind, value = connection.recv()
    except (EOFError, ConnectionResetError):
        process.join()
        code = process.exitcode or 0
        cause = f"killed by {signal.Signals(-code).name}, often for lack of memory" if code < 0 else f"exit status {code}"
        raise UserError(
            f"a worker process died ({cause}) at {task}: run again with --resume, with fewer workers if memory is short"
        ) from None
    if kind == "user error":
        raise value
    if kind == "error":
        raise WorkerError(f"{task} failed in a worker:\n{value}")
    return value


def _serve(connection: Connection, function: Callable[[Any], Any]) -> None:
    """Body of a worker: answer tasks until the pipe ends."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        try:
            answer = ("done", function(task))
        except UserError as error:
            answer = ("user error", error)
        except Exception:  # carried to the parent with its traceback
            answer = ("error", traceback.format_exc())
        connection.send(answer)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Children started inside use one thread each for BLAS, OpenMP and compression; the libraries read this when they load."""
    before = {name: os.environ.get(name) for name in SINGLE_THREADED}
    os.environ.update(dict.fromkeys(SINGLE_THREADED, "1"))
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
