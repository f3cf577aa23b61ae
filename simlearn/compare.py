"""Every pretext under one budget, beside random weights and the supervised reference, on the same benchmarks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from scenes.errors import UserError
from simlearn import results
from simlearn.assignment import assign
from simlearn.benchmarks import BENCHMARKS, inputs_of
from simlearn.benchmarks.evaluation import evaluation_config
from simlearn.benchmarks.source import RANDOM, SUPERVISED
from simlearn.benchmarks.zero_shot import predicts_depth
from simlearn.datasets import DATASETS
from simlearn.datasets.root import data_root
from simlearn.evaluate import evaluate
from simlearn.report.measurements import tables
from simlearn.results import Result
from simlearn.train import train
from training.backbones import build_backbone
from training.budget import Budget
from training.pretexts import PRETEXTS
from training.runs import RUN_FILE

ALL = "all"
RESULTS = "results.jsonl"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One evaluation of the comparison. `checkpoint` is a run's folder, "random" or "supervised"."""

    benchmark: str
    method: str
    checkpoint: str
    seed: int


def compare(
    *,
    data: str | Path | Sequence[str | Path],
    out: Path,
    pretexts: Sequence[str] = (ALL,),
    benchmarks: Sequence[str] = (ALL,),
    budget: str | Budget = "samples=100000",
    seeds: Iterable[int] = range(3),
    backbone: str = "resnet18",
    width: int = 32,
    heldout: Path | None = None,
    quick: bool = False,
) -> list[Result]:
    """Train what is missing, measure what is missing, print the table; all rows of `out`/results.jsonl.

    Each pretext is trained on the first of `data` that can give what it needs; `pretexts` are names and groups (see
    `simlearn.assignment`). Runs land in `out`/runs/<pretext>-seed<k>. `heldout` is a rendered data set never trained on, for the benchmark
    "rendered". Started again it continues: finished runs and rows with the same benchmark, method, seed and settings are kept. Raises
    UserError for unknown names, for no benchmark whose data is found, and for a run folder that was trained otherwise.
    """
    if isinstance(budget, str):
        budget = Budget.parse(budget)
    sources = [data] if isinstance(data, str | Path) else list(data)
    chosen = choose_benchmarks(benchmarks, heldout, backbone)
    assignment = assign(pretexts, sources, backbone=backbone, width=width)
    assignment.show()
    names, seeds = tuple(assignment.data), tuple(seeds)
    for name, source in assignment.data.items():
        for seed in seeds:
            _train_missing(name, seed, source, out, budget, backbone=backbone, width=width)
    done = results.read(out / RESULTS) if (out / RESULTS).exists() else []
    for entry in plan(names, chosen, seeds, out):
        if not is_done(entry, done, backbone=backbone, width=width, quick=quick):
            evaluate(
                entry.benchmark,
                entry.checkpoint,
                out / RESULTS,
                data=heldout if BENCHMARKS[entry.benchmark].DATA_SET == "synthetic" else None,
                backbone=backbone,
                width=width,
                seed=entry.seed,
                quick=quick,
            )
    rows = results.read(out / RESULTS)
    print_tables(rows)
    return rows


def choose_benchmarks(names: Sequence[str], heldout: Path | None, backbone: str) -> list[str]:
    """The named benchmarks; with "all", those that can measure the backbone and whose data is there, the others being named."""
    reads = build_backbone(backbone, width=1).input
    if ALL not in names:
        for name in names:
            if reads not in inputs_of(BENCHMARKS[name]):
                raise UserError(f"the benchmark {name} {_unfit(name, backbone, reads)}: leave it out, or choose another backbone")
        return list(names)
    root, console = data_root(), Console(stderr=True, highlight=False)
    chosen = []
    for name in BENCHMARKS:
        lacking = _unfit(name, backbone, reads) if reads not in inputs_of(BENCHMARKS[name]) else _lacking(name, root, heldout)
        if lacking:
            console.print(f"{name} is left out: {lacking}", markup=False, soft_wrap=True)
        else:
            chosen.append(name)
    if not chosen:
        raise UserError("there is nothing to measure on: set SIMLEARN_DATA to a folder of real data, or give --heldout DIR")
    return chosen


def _unfit(benchmark: str, backbone: str, reads: str) -> str:
    return f"measures networks that read {' or '.join(inputs_of(BENCHMARKS[benchmark]))}s, {backbone} reads {reads}s"


def _lacking(benchmark: str, root: Path | None, heldout: Path | None) -> str:
    """What the benchmark's data lacks; "" for nothing."""
    module = BENCHMARKS[benchmark]
    if module.DATA_SET == "synthetic":
        return "" if heldout is not None else "no --heldout data set was given"
    finding = getattr(module, "found", DATASETS[module.DATA_SET].found)(root)
    return "" if finding.present else finding.text


def run_folder(out: Path, pretext: str, seed: int) -> Path:
    return out / "runs" / f"{pretext}-seed{seed}"


def plan(pretexts: Sequence[str], benchmarks: Sequence[str], seeds: Sequence[int], out: Path) -> list[Entry]:
    """Every evaluation there is to do, benchmark by benchmark; zero-shot ones only for methods that have a depth head."""
    entries = []
    for benchmark in benchmarks:
        zero_shot = getattr(BENCHMARKS[benchmark], "ZERO_SHOT", False)
        for seed in seeds:
            entries.append(Entry(benchmark=benchmark, method=RANDOM, checkpoint=RANDOM, seed=seed))
            for name in pretexts:
                if not zero_shot or predicts_depth(PRETEXTS[name]):
                    entries.append(Entry(benchmark=benchmark, method=name, checkpoint=str(run_folder(out, name, seed)), seed=seed))
            if not zero_shot:
                entries.append(Entry(benchmark=benchmark, method=SUPERVISED, checkpoint=SUPERVISED, seed=seed))
    return entries


def is_done(entry: Entry, rows: Iterable[Result], *, backbone: str, width: int, quick: bool) -> bool:
    """Whether the rows hold this evaluation already, made with the same settings."""
    module = BENCHMARKS[entry.benchmark]
    wanted = evaluation_config(module.QUICK if quick else module.SETTINGS, quick)
    checkpoint = "" if entry.checkpoint in (RANDOM, SUPERVISED) else entry.checkpoint
    return any(
        (row.benchmark, row.method, row.seed, row.checkpoint) == (entry.benchmark, entry.method, entry.seed, checkpoint)
        and (row.backbone, row.width) == (backbone, width)
        and {name: row.config.get(name) for name in wanted} == wanted
        for row in rows
    )


def _train_missing(pretext: str, seed: int, data: str, out: Path, budget: Budget, *, backbone: str, width: int) -> None:
    """Trains a pretext unless its finished run is there; UserError when that one was trained otherwise."""
    run = run_folder(out, pretext, seed)
    if not (run / RUN_FILE).exists():
        train(pretext=pretext, data=data, out=run, budget=budget, backbone=backbone, width=width, seed=seed)
        return
    facts: dict[str, Any] = json.loads((run / RUN_FILE).read_text())
    found = {"budget": facts["config"]["budget"], **{name: facts[name] for name in ("backbone", "width", "seed")}, "data": _path(facts)}
    wanted = {"budget": budget.to_dict(), "backbone": backbone, "width": width, "seed": seed, "data": data}
    if found != wanted:
        raise UserError(f"{run} was trained with {found}, now {wanted} is asked for: give another --out, or delete that folder")


def _path(facts: dict[str, Any]) -> str:
    """The data that a run says it was trained on."""
    return str(facts.get("data", {}).get("path", ""))


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


def _number(mean: float, half_width: float | None) -> str:
    digits = 1 if abs(mean) >= 10 else 3
    return f"{mean:.{digits}f}" + ("" if half_width is None else f" ± {half_width:.{digits}f}")
