"""How a command ends: exit statuses, and mistakes and warnings as one sentence on stderr."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from scenes.errors import UserError
from simlearn.provenance import ROOT

EXIT_FINDINGS, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
OURS = ("scenes", "renderers", "training", "simlearn")
_formatted = warnings.formatwarning


def _explain(error: OSError) -> str:
    where = f" {error.filename}" if error.filename else ""
    return f"{error.strerror or error}:{where} (check that the place exists, is writable and has free space, then run the command again)"


def guarded(command: Callable[[], object]) -> int:
    """Run a command; what the user can mend becomes one sentence on stderr and exit status 2, Ctrl-C status 130."""
    try:
        command()
    except UserError as error:
        print(f"simlearn: {error}", file=sys.stderr)
        return EXIT_USAGE
    except OSError as error:
        if os.environ.get("SIMLEARN_DEBUG"):
            raise
        print(f"simlearn: {_explain(error)}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        print("simlearn: interrupted; run the same command again (generate: with --resume) to continue", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def _plain(message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None) -> str:
    """A warning of this program to its user as one sentence, others as Python writes them."""
    if issubclass(category, UserWarning) and any(Path(filename).is_relative_to(ROOT / package) for package in OURS):
        return f"simlearn: warning: {message}\n"
    return _formatted(message, category, filename, lineno, line)


def warn_plainly() -> None:
    """From now on warnings about a user's files are one sentence."""
    warnings.formatwarning = _plain
