"""The entry point of the command line; the commands are in `simlearn.commands`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import tyro

from simlearn.commands import app
from simlearn.outcomes import guarded, warn_plainly

# OpenMP's idle threads spin for milliseconds. Alone that gains nothing (298 crops/s either way on two cores), but two trainings side by
# side fell to 5/s each; with this count they keep 92/s each.
OPENMP_SPINS = "3000"


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `simlearn` program."""
    os.environ.setdefault("GOMP_SPINCOUNT", OPENMP_SPINS)  # read when torch is first imported, which is later
    warn_plainly()
    description = "Labelled worlds, features learnt from them, judged on real images."
    config = (tyro.conf.FlagCreatePairsOff, tyro.conf.PositionalMetavarFromFieldName)
    sys.exit(guarded(lambda: app.cli(prog="simlearn", args=arguments, description=description, config=config)))


if __name__ == "__main__":
    main()
