"""A process that renders the standard room when told to: `python -m bench.worker ORDER` with the order as JSON.

It answers on standard output: a JSON line for the start, {"version": ...} or {"skipped": reason}, and an empty object for each line of
work, which is a JSON list of times. Whatever libraries print goes to standard error.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import sys
from typing import TextIO


def _own_stdout() -> TextIO:
    """Standard output for us alone; file descriptor 1 is standard error from now on."""
    ours = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return ours


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def main(order: str) -> None:
    answers, asked = _own_stdout(), json.loads(order)
    from bench.standard_room import standard_room
    from scenes.errors import UserError

    module, function = asked["make"].split(":")
    try:
        scene = standard_room(asked["frames"], asked["width"], asked["height"])
        render = getattr(importlib.import_module(module), function)(scene, threads=asked["threads"], **asked["options"])
        render(0)
    except (ImportError, UserError) as error:
        print(json.dumps({"skipped": str(error).splitlines()[0]}), file=answers)
        return
    print(json.dumps({"version": _version(asked["package"])}), file=answers)
    for line in sys.stdin:
        for time in json.loads(line):
            render(time)
        print(json.dumps({}), file=answers)


if __name__ == "__main__":
    main(sys.argv[1])
