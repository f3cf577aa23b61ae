"""The command lines that make again what a page shows, as far as it is recorded."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simlearn.report.measurements import CONTEXT
from simlearn.report.runs import DataSet, Run, lookup
from simlearn.results import Result


def commands(root: Path, rows: Sequence[Result], runs: Sequence[Run], data_sets: Sequence[DataSet]) -> list[str]:
    """Command lines in the order in which they have to run, each once."""
    lines = [_generate(data_set) for data_set in data_sets]
    lines += [_train(root, run) for run in runs if lookup(run.facts, "pretext")]
    lines += [_evaluate(root, row, _unseen(row, runs, data_sets)) for row in rows if row.method not in CONTEXT]
    return [*dict.fromkeys(lines), f"simlearn report {shlex.quote(str(root))}"]


def _command(program: str, options: Mapping[str, Any], *flags: str) -> str:
    words = [f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in options.items() if value not in (None, "")]
    return " ".join([program, *words, *flags])


def _generate(data_set: DataSet) -> str:
    manifest = data_set.manifest
    options = {name: lookup(manifest, name) for name in ("family", "scenes", "frames")}
    width, height = lookup(manifest, "width"), lookup(manifest, "height")
    options |= {"size": f"{width}x{height}" if width and height else None, "seed": lookup(manifest, "seed")}
    options |= {"renderer": lookup(manifest, "renderer"), "out": data_set.path}
    settings = lookup(manifest, "settings")
    given = [shlex.quote(f"{name}={value}") for name, value in settings.items()] if isinstance(settings, Mapping) else []
    return _command("simlearn generate", options, *(["--set", *given] if given else []))


def _train(root: Path, run: Run) -> str:
    budget = lookup(run.facts, "budget")
    options = {
        "pretext": run.method,
        "data": _data_path(run),
        **{name: lookup(run.facts, name) for name in ("backbone", "width")},
        "budget": _budget(budget) if isinstance(budget, Mapping) else budget,
        **{name: lookup(run.facts, name) for name in ("batch_size", "lr", "seed")},
        "out": root / "runs" / run.name,
    }
    return _command("simlearn train", options)


def _budget(budget: Mapping[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in budget.items() if value is not None)


def _evaluate(root: Path, row: Result, data: Path | None) -> str:
    """A run knows its own backbone, width and seed; random and supervised weights are told."""
    network = {} if row.checkpoint else {"backbone": row.backbone, "width": row.width, "seed": row.seed}
    options = {
        "benchmark": row.benchmark,
        "checkpoint": row.checkpoint or row.method,
        "data": data,
        **network,
        "out": root / "results.jsonl",
    }
    return _command("simlearn evaluate", options, *(["--quick"] if row.config.get("quick") else []))


def _unseen(row: Result, runs: Sequence[Run], data_sets: Sequence[DataSet]) -> Path | None:
    """The rendered data set that a result was measured on: the one of its family that no run has seen, else None."""
    trained = {Path(str(_data_path(run))).name for run in runs}
    family = str(row.data.get("name", "")).removeprefix("rendered ")
    unseen = [one.path for one in data_sets if lookup(one.manifest, "family") == family and one.path.name not in trained]
    return unseen[0] if len(unseen) == 1 else None


def _data_path(run: Run) -> Any:
    data = run.facts.get("data")
    return data.get("path") if isinstance(data, Mapping) else data
