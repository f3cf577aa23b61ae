"""Every pretext under one budget, beside random weights and the supervised reference, on the same benchmarks."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from scenes.errors import UserError
from simlearn import results
from simlearn.assignment import assign
from simlearn.benchmarks import BENCHMARKS, inputs_of, is_scored
from simlearn.benchmarks.evaluation import evaluation_config
from simlearn.benchmarks.source import RANDOM, SUPERVISED
from simlearn.benchmarks.zero_shot import predicts_depth
from simlearn.datasets import DATASETS
from simlearn.datasets.root import data_root
from simlearn.evaluate import evaluate
from simlearn.results import Result
from simlearn.tables import print_tables
from simlearn.train import train
from training.backbones import build_backbone
from training.budget import Budget
from training.pretexts import parts_of, unit_of
from training.runs import RUN_FILE

ALL = "all"
RESULTS = "results.jsonl"
SMALL_BUDGETS = {"pictures": Budget(samples=8000), "clips": Budget(samples=2500)}
"""Of a comparison where none is asked for: a minute or two a method on one CPU core, with networks and pictures of the default size."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What all entries of a comparison have in common."""

    out: Path
    budget: Budget
    backbone: str
    width: int
    heldout: Path | None
    quick: bool


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One method with one seed: trained on `data` if its run is missing, then measured on `benchmarks`.

    `checkpoint` is the run's folder, or "random" or "supervised", which have no `data`.
    """

    method: str
    checkpoint: str
    seed: int
    data: str = ""
    benchmarks: tuple[str, ...]


def compare(
    *,
    data: str | Path | Sequence[str | Path],
    out: Path,
    pretexts: Sequence[str] = (ALL,),
    benchmarks: Sequence[str] = (ALL,),
    budget: str | Budget | None = None,
    seeds: Iterable[int] = range(3),
    backbone: str = "resnet18",
    width: int = 32,
    heldout: Path | None = None,
    quick: bool = False,
    jobs: int = 1,
) -> list[Result]:
    """Train what is missing, measure what is missing, print the table; all rows of `out`/results.jsonl.

    Each pretext is trained on the first of `data` that can give what it needs; `pretexts` are names, combinations ("a+b") and groups (see
    `simlearn.assignment`). Runs land in `out`/runs/<pretext>-seed<k>. `heldout` is a rendered data set never trained on, for the benchmark
    "rendered". `budget` None is a small one, smaller where clips are trained on. `jobs` methods are worked on at a time, each in a process
    of its own with its share of the cores (1: all in this one).

    Started again it continues: finished runs and rows with the same benchmark, method, seed and settings are kept. Raises UserError for
    unknown names, for no benchmark whose data is found, and for a run folder that was trained otherwise.
    """
    sources = [data] if isinstance(data, str | Path) else list(data)
    chosen = choose_benchmarks(benchmarks, heldout, backbone)
    assignment = assign(pretexts, sources, backbone=backbone, width=width)
    assignment.show()
    if isinstance(budget, str):
        budget = Budget.parse(budget)
    if budget is None:
        single = all(unit_of(name) in ("image", "labelled_frame") for name in assignment.data)
        budget = SMALL_BUDGETS["pictures" if single else "clips"]
    setup = Setup(out=out, budget=budget, backbone=backbone, width=width, heldout=heldout, quick=quick)
    done = results.read(out / RESULTS) if (out / RESULTS).exists() else []
    missing = [entry for planned in plan(assignment.data, chosen, tuple(seeds), out) if (entry := left(planned, done, setup))]
    for count, seconds in _work(missing, setup, jobs):
        if count < len(missing):
            remaining = seconds / count * (len(missing) - count) / 60
            print(f"compare: {count} of {len(missing)} methods and seeds, {remaining:.0f} minutes left", file=sys.stderr, flush=True)
    rows = results.read(out / RESULTS)
    print_tables(rows)
    return rows


def _work(entries: Sequence[Entry], setup: Setup, jobs: int) -> Iterator[tuple[int, float]]:
    """(entries done, seconds) after each."""
    started = time.monotonic()
    if jobs == 1:
        for count, entry in enumerate(entries, 1):
            carry_out(entry, setup)
            yield count, time.monotonic() - started
        return
    # A fresh process for each: what it needs of memory is its own, and no library's threads are inherited.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_settle, initargs=(jobs,), max_tasks_per_child=1)
    with pool:
        try:
            for count, future in enumerate(as_completed([pool.submit(carry_out, entry, setup) for entry in entries]), 1):
                future.result()
                yield count, time.monotonic() - started
        finally:
            pool.shutdown(cancel_futures=True)


def _settle(jobs: int) -> None:
    """In a process of several: a share of the cores, and no progress bars, which would overwrite each other."""
    os.environ["TTY_COMPATIBLE"] = "0"
    torch.set_num_threads(max(1, torch.get_num_threads() // jobs))


def carry_out(entry: Entry, setup: Setup) -> None:
    """Trains and measures one entry."""
    if entry.data:
        _train_missing(entry, setup)
    for benchmark in entry.benchmarks:
        evaluate(
            benchmark,
            entry.checkpoint,
            setup.out / RESULTS,
            data=setup.heldout if BENCHMARKS[benchmark].DATA_SET == "synthetic" else None,
            backbone=setup.backbone,
            width=setup.width,
            seed=entry.seed,
            quick=setup.quick,
        )


def choose_benchmarks(names: Sequence[str], heldout: Path | None, backbone: str) -> list[str]:
    """The named benchmarks; with "all", those that can measure the backbone and whose data is there, the others being named."""
    reads = build_backbone(backbone, width=1).input
    if ALL not in names:
        for name in names:
            if is_scored(BENCHMARKS[name]):
                raise UserError(f"the benchmark {name} scores predictions, not features: use `simlearn evaluate --benchmark {name}`")
            if reads not in inputs_of(BENCHMARKS[name]):
                raise UserError(f"the benchmark {name} {_unfit(name, backbone, reads)}: leave it out, or choose another backbone")
        return list(names)
    root, console = data_root(), Console(stderr=True, highlight=False)
    chosen, on_request = [], []
    for name in (name for name in BENCHMARKS if not is_scored(BENCHMARKS[name])):
        lacking = _unfit(name, backbone, reads) if reads not in inputs_of(BENCHMARKS[name]) else _lacking(name, root, heldout)
        if getattr(BENCHMARKS[name], "ON_REQUEST", False):
            on_request += [] if lacking else [name]
        elif lacking:
            console.print(f"{name} is left out: {lacking}", markup=False, soft_wrap=True)
        else:
            chosen.append(name)
    if on_request:
        console.print(f"only on request, by --benchmarks: {', '.join(on_request)}", markup=False, soft_wrap=True)
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


def plan(data: Mapping[str, str], benchmarks: Sequence[str], seeds: Sequence[int], out: Path) -> list[Entry]:
    """All there is to do, seed by seed. `data` of each pretext. Zero-shot benchmarks are for methods that have a depth head."""
    measured = {
        zero_shot: tuple(b for b in benchmarks if getattr(BENCHMARKS[b], "ZERO_SHOT", False) == zero_shot) for zero_shot in (False, True)
    }
    entries = []
    for seed in seeds:
        entries.append(Entry(method=RANDOM, checkpoint=RANDOM, seed=seed, benchmarks=tuple(benchmarks)))
        for name, source in data.items():
            own = tuple(benchmarks) if any(map(predicts_depth, parts_of(name).values())) and "+" not in name else measured[False]
            entries.append(Entry(method=name, checkpoint=str(run_folder(out, name, seed)), seed=seed, data=source, benchmarks=own))
        entries.append(Entry(method=SUPERVISED, checkpoint=SUPERVISED, seed=seed, benchmarks=measured[False]))
    return [entry for entry in entries if entry.benchmarks]


def left(entry: Entry, rows: Iterable[Result], setup: Setup) -> Entry | None:
    """What of an entry is still to be done, None for nothing; a finished run of another configuration is noticed all the same."""
    missing = tuple(benchmark for benchmark in entry.benchmarks if not is_done(entry, benchmark, rows, setup))
    if not missing and entry.data:
        _check_run(entry, setup)
    return replace(entry, benchmarks=missing) if missing else None


def is_done(entry: Entry, benchmark: str, rows: Iterable[Result], setup: Setup) -> bool:
    """Whether the rows hold this measurement already, made with the same settings."""
    module = BENCHMARKS[benchmark]
    wanted = evaluation_config(module.QUICK if setup.quick else module.SETTINGS, setup.quick)
    checkpoint = "" if entry.checkpoint in (RANDOM, SUPERVISED) else entry.checkpoint
    return any(
        (row.benchmark, row.method, row.seed, row.checkpoint) == (benchmark, entry.method, entry.seed, checkpoint)
        and (row.backbone, row.width) == (setup.backbone, setup.width)
        and {name: row.config.get(name) for name in wanted} == wanted
        for row in rows
    )


def _train_missing(entry: Entry, setup: Setup) -> None:
    """Trains a pretext unless its finished run is there; UserError when that one was trained otherwise."""
    run = Path(entry.checkpoint)
    if (run / RUN_FILE).exists():
        _check_run(entry, setup)
        return
    train(
        pretext=entry.method,
        data=entry.data,
        out=run,
        budget=setup.budget,
        backbone=setup.backbone,
        width=setup.width,
        seed=entry.seed,
    )


def _check_run(entry: Entry, setup: Setup) -> None:
    run = Path(entry.checkpoint)
    facts: dict[str, Any] = json.loads((run / RUN_FILE).read_text())
    found = {"budget": facts["config"]["budget"], **{name: facts[name] for name in ("backbone", "width", "seed")}, "data": _path(facts)}
    wanted = {
        "budget": setup.budget.to_dict(),
        "backbone": setup.backbone,
        "width": setup.width,
        "seed": entry.seed,
        "data": entry.data,
    }
    if found != wanted:
        raise UserError(f"{run} was trained with {found}, now {wanted} is asked for: give another --out, or delete that folder")


def _path(facts: dict[str, Any]) -> str:
    """The data that a run says it was trained on."""
    return str(facts.get("data", {}).get("path", ""))
