"""Results on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from simlearn.report.measurements import tables
from simlearn.report.pair_texts import PAIR_COLUMNS, PAIR_NOTE, pair_cells
from simlearn.report.pairs import PairRow
from simlearn.results import Result


def print_tables(rows: Iterable[Result]) -> None:
    """One table for each benchmark and protocol: mean over seeds, and the half-width of its 95 % interval from three seeds on."""
    console = Console()
    for measured in tables(rows):
        table = RichTable(title=measured.benchmark, caption=measured.protocol, title_justify="left", caption_justify="left")
        for heading in ("method", "stage", "seeds"):
            table.add_column(heading, no_wrap=True)
        for metric in measured.metrics:
            table.add_column(
                f"{metric.name}{' ' + metric.unit if metric.unit else ''} {'↑' if metric.higher_is_better else '↓'}",
                justify="right",
                overflow="fold",
            )
        for line in measured.headline:
            cells = [line.cells.get(metric) for metric in measured.metrics]
            count = str(max(len(cell.seeds) for cell in cells if cell is not None))
            table.add_row(
                line.variant.method, line.stage, count, *("" if cell is None else _number(cell.mean, cell.half_width) for cell in cells)
            )
        console.print(table)


def print_summary(rows: Iterable[Result]) -> None:
    """One line for each benchmark and metric, one column for each method; values as in the first line of that method's table."""
    measured = tables(rows)
    methods = list(dict.fromkeys(line.variant.method for table in measured for line in table.headline if line.role != "last"))
    summary = RichTable(
        title="mean over seeds ± 95 % interval (from three seeds on)",
        title_justify="left",
        box=box.SIMPLE,
        padding=(0, 0, 0, 1),
        pad_edge=False,
    )
    summary.add_column("", no_wrap=True)
    for method in methods:
        summary.add_column(method, justify="right", no_wrap=True)
    for table in measured:
        summary.add_row(f"[bold]{table.benchmark}[/bold]{'' if table.real else ' (not real)'}")
        for metric in table.metrics:
            cells = [next((x.cells[metric] for x in table.headline if x.variant.method == m and metric in x.cells), None) for m in methods]
            name = f" {metric.name}{' ' + metric.unit if metric.unit else ''} {'↑' if metric.higher_is_better else '↓'}"
            summary.add_row(name, *("" if c is None else _number(c.mean, c.half_width or None).replace(" ", "") for c in cells))
    Console(width=max(Console().width, 100)).print(summary)  # on a narrow terminal lines wrap, but no number is cut off


def print_pairs(rows: Sequence[PairRow], problems: Sequence[str] = ()) -> None:
    """One table for each benchmark: differences with their intervals over items and over seeds."""
    console = Console(width=max(Console().width, 120))
    for benchmark in dict.fromkeys(row.benchmark for row in rows):
        mine = [row for row in rows if row.benchmark == benchmark]
        title = f"{benchmark}: {mine[0].first} minus {mine[0].second}"
        table = RichTable(title=title, title_justify="left", box=box.SIMPLE)
        for heading in PAIR_COLUMNS:
            table.add_column(heading, justify="left" if heading in ("metric", "these checkpoints") else "right")
        for row in mine:
            table.add_row(*pair_cells(row))
        console.print(table)
    console.print(PAIR_NOTE, markup=False)
    for problem in problems:
        console.print(problem, markup=False)


def _number(mean: float, half_width: float | None) -> str:
    digits = 1 if abs(mean) >= 10 else 3
    return f"{mean:.{digits}f}" + ("" if half_width is None else f" ± {half_width:.{digits}f}")
