"""Tasks for the Ray engine, in a module that its workers import quickly."""

import os
import signal
import time

from scenes.errors import UserError
from simlearn.workers import SINGLE_THREADED


def slow(task):
    folder, number = task
    (folder / f"{number}.begun").write_text(str(os.getpid()))
    time.sleep(60 if number else 0)
    return number


def quick(number):
    if number == 3:
        raise UserError("three is refused: choose another")
    return {name: os.environ.get(name) for name in (*SINGLE_THREADED, "CUDA_VISIBLE_DEVICES")}


def broken(number):
    return 1 // number


def deadly(task):
    folder, number = task
    if number == 2:
        with (folder / "attempts").open("a") as file:
            file.write("x")
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def importing(number):  # noqa: ARG001
    import plugin_that_is_only_on_the_laptop  # noqa: F401


def one(number):
    return number
