"""A function applied to tasks by the workers of a Ray cluster, results as they come.

Owns: which task is in flight, and that a task whose worker or machine died is done again. Does not own: what a task does, or where its
output goes; only small results travel through Ray.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import os
import platform
import socket
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, TypeVar

from scenes.errors import UserError
from simlearn import provenance
from simlearn.workers import SINGLE_THREADED, answer, value_of

Task = TypeVar("Task")
Result = TypeVar("Result")

ATTEMPTS = 4
LOCAL = {
    "include_dashboard": False,
    "object_store_memory": 80 * 2**20,  # nearly Ray's minimum: tasks and results are small, and so may /dev/shm be
    "_skip_env_hook": True,  # under `uv run` each worker would resolve its packages anew, over the network
}
STOPPING_S = CONNECTING_S = 20.0


def run_tasks(function: Callable[[Task], Result], tasks: Iterable[Task], workers: int, address: str = "") -> Generator[Result, None, None]:
    """Yield `function(task)` in order of completion, from at most `workers` tasks at a time, each on one CPU of the cluster.

    The cluster is the one this program is connected to; else the one at `address` (or RAY_ADDRESS), which is left running; else one on
    this machine with `workers` CPUs, which ends with the iteration. `function` must be importable there by name. A UserError in a task is
    raised here as it is, any other exception as WorkerError. A task whose worker or machine dies is done again; when that has happened
    `ATTEMPTS` times, UserError names it. However the iteration ends (close the generator), no task is left running.
    """
    ray = _import_ray()
    with _connected(ray, workers, address) as stays:
        yield from _run(ray, function, tasks, workers, cancels=stays)


def _run(ray: ModuleType, function: Callable[[Any], Any], tasks: Iterable[Any], workers: int, *, cancels: bool) -> Iterator[Any]:
    died = ray.exceptions
    lost = (died.WorkerCrashedError, died.NodeDiedError, died.LocalRayletDiedError, died.OutOfMemoryError, died.ObjectLostError)
    remote = ray.remote(_serve).options(num_cpus=1, max_retries=0, runtime_env={"env_vars": _environment()})
    versions = _versions()
    queue: Iterator[tuple[Any, int]] = ((task, 1) for task in tasks)
    running: dict[Any, tuple[Any, int]] = {}
    try:
        for task, attempt in itertools.islice(queue, workers):
            running[remote.remote(function, task, versions)] = task, attempt
        while running:
            (ready,), _ = ray.wait(list(running))
            task, attempt = running.pop(ready)
            try:
                answered = ray.get(ready)
            except lost as error:
                _may_go_on(task, attempt, error)
                queue = itertools.chain([(task, attempt + 1)], queue)
                answered = None
            except died.RayTaskError as error:  # Ray could not even load the function or the task there
                raise UserError(
                    f"a machine of the Ray cluster cannot load {task} ({_last_line(error)}): "
                    "install the same simlearn there, and what you added to it"
                ) from None
            except died.RayError as error:
                raise UserError(
                    f"the Ray cluster gave up at {task} ({_last_line(error)}): look after it, then run again with --resume"
                ) from error
            for following, number in itertools.islice(queue, 1):
                running[remote.remote(function, following, versions)] = following, number
            if answered is not None:
                yield value_of(answered, task)
    finally:
        if cancels:
            _cancel(ray, list(running))


def _may_go_on(task: Any, attempt: int, error: Exception) -> None:
    """Says that a task is done again, or raises UserError when that has been tried often enough."""
    if attempt == ATTEMPTS:
        raise UserError(
            f"workers died {ATTEMPTS} times at {task} ({type(error).__name__}), often for lack of memory: "
            "run again with --resume, with fewer workers or more memory for each"
        ) from error
    print(f"simlearn: a worker died at {task}, which is done again", file=sys.stderr, flush=True)


def _cancel(ray: ModuleType, running: list[Any]) -> None:
    """Ends the workers of unfinished tasks, whatever they are doing."""
    for reference in running:
        ray.cancel(reference, force=True)
    if running:
        ray.wait(running, num_returns=len(running), timeout=STOPPING_S)


def _serve(function: Callable[[Any], Any], task: Any, versions: Mapping[str, str]) -> tuple[str, Any]:
    """Body of a Ray task."""
    return answer(functools.partial(_apply, function, versions), task)


def _apply(function: Callable[[Any], Any], versions: Mapping[str, str], task: Any) -> Any:
    _check_versions(versions)
    try:
        return function(task)
    except ModuleNotFoundError as error:
        raise UserError(f"{platform.node()} has no module {error.name}: install it there, or ship it as docs/scaling.md says") from error


def _versions() -> dict[str, str]:
    """Packages that decide the bytes; Ray itself checks Python."""
    return {name: version for name, version in provenance.versions().items() if name != "python"}


def _check_versions(wanted: Mapping[str, str]) -> None:
    here = _versions()
    for name in sorted({*wanted, *here}):
        if here.get(name) != wanted.get(name):
            raise UserError(
                f"{platform.node()} has {name} {here.get(name, 'not')} installed, the machine that generates {wanted.get(name, 'not')}: "
                "install the same versions on all machines, or the data set would depend on which of them rendered a scene"
            )


def _environment() -> dict[str, str]:
    """Environment of the workers: one thread each, and modules found in the folders that this program has added to its path."""
    return {
        **dict.fromkeys(SINGLE_THREADED, "1"),
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # tasks that reserve no GPU still see those there are
        "PYTHONPATH": os.pathsep.join([*_own_folders(), "${PYTHONPATH}"]),
    }


def _own_folders() -> list[str]:
    """Absolute folders of sys.path that do not belong to the Python installation."""
    installed = tuple({os.path.realpath(prefix) + os.sep for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)})
    folders = [os.path.abspath(folder) for folder in sys.path]
    return [folder for folder in folders if os.path.isdir(folder) and not (os.path.realpath(folder) + os.sep).startswith(installed)]


@contextlib.contextmanager
def _connected(ray: ModuleType, workers: int, address: str) -> Iterator[bool]:
    """Holds a connection to a cluster and yields whether it stays in the end; if not, Ray ends the tasks of this program with it."""
    place = address or os.environ.get("RAY_ADDRESS", "")
    if ray.is_initialized():
        found = ray.get_runtime_context().gcs_address
        if address not in ("", "auto", found):
            raise UserError(f"this program is already connected to the Ray cluster at {found}: use that, or call ray.shutdown() first")
        yield True
        return
    start = functools.partial(ray.init, log_to_driver=False, logging_level=logging.ERROR)
    with contextlib.ExitStack() as stack:
        if place in ("", "local"):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ray-", dir=_short_folder(), ignore_cleanup_errors=True))
            start = functools.partial(start, address="local", num_cpus=workers, _temp_dir=folder, **LOCAL)
        else:
            start = functools.partial(start, address=place)
        stack.callback(ray.shutdown)
        try:
            _knock(place)
            start()
        except (OSError, ValueError, RuntimeError, ImportError, ray.exceptions.RayError) as error:
            where = f"at {place}: check --address, and `ray status` there" if place else "on this machine: see docs/scaling.md"
            raise UserError(f"cannot use a Ray cluster ({_last_line(error)}) {where}") from error
        yield False


def _short_folder() -> str:
    """For Ray's files. A socket's path has at most 103 characters (macOS; Linux 107), of which Ray takes 78 for itself."""
    folder = tempfile.gettempdir()
    return folder if len(folder) < 25 or not os.path.isdir("/tmp") else "/tmp"


def _knock(address: str) -> None:
    """ConnectionError where nobody listens at host:port: Ray would wait for ever."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=CONNECTING_S).close()


def _import_ray() -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when Ray starts
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise UserError(f"the engine ray needs a package that is missing ({error}): pip install simlearn[ray]") from error
    return ray


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
