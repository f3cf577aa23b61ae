"""The command that compares two checkpoints item by item."""

from __future__ import annotations

from pathlib import Path

from tyro.conf import Positional

from simlearn.commands.app import app


@app.command
def compare_results(first: Positional[str], second: Positional[str], /, *, results: Path = Path("results.jsonl")) -> None:
    """Tell whether two measured checkpoints differ: paired tests over the same test items, and over seeds where there are several.

    Example: simlearn compare-results game_engine random --results out/results.jsonl

    Args:
        first: Method as in the results, or the run's folder that was measured.
        second: What it is compared with.
        results: Results file of `simlearn evaluate` or `compare`; the values of single items lie in the folder `items` beside it.
    """
    from simlearn.report.pairs import compare_files
    from simlearn.tables import print_pairs

    rows, problems = compare_files(results.parent, first, second)
    print_pairs(rows, problems)
