"""One self-contained page of everything found under a folder."""

from __future__ import annotations

import contextlib
import importlib.resources
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from scenes.errors import UserError
from simlearn import provenance, results
from simlearn.report import plots, summary
from simlearn.report.commands import commands
from simlearn.report.images import Picture, from_file
from simlearn.report.measurements import CONTEXT, Table, Variant, tables
from simlearn.report.runs import DataSet, Prediction, Run, find_data_sets, find_predictions, find_runs
from simlearn.report.synthetic import LabelledFrame, data_set_facts, labelled_frames
from simlearn.report.tables import DisplayRow, Heading, compact, display_rows, headings, interval_note, label, notes, variant_names
from simlearn.results import Result

DEFAULT_TITLE = "Features learnt from rendered worlds, measured"
PICTURES_PER_BENCHMARK = 4
BAR_CHARTS = 4
STAGE_CHARTS = 2
PICTURE_WIDTH = 1000


@dataclass(frozen=True)
class TableView:
    """One protocol of a benchmark: headline rows, every stage's rows, and what has to be said about them."""

    protocol: str
    data: str
    headings: Sequence[Heading]
    rows: Sequence[DisplayRow]
    all_rows: Sequence[DisplayRow]
    notes: Sequence[str]
    charts: Sequence[Picture]


@dataclass(frozen=True)
class BenchmarkView:
    name: str
    anchor: str
    real: bool
    tables: Sequence[TableView]


@dataclass(frozen=True)
class SyntheticView:
    name: str
    facts: Mapping[str, str]
    frames: Sequence[LabelledFrame]
    problem: str


@dataclass(frozen=True)
class ItemView:
    """One test item: a picture for each method."""

    index: int
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class PredictionsView:
    """Pictures of one benchmark; `left_out` counts those not shown."""

    benchmark: str
    items: Sequence[ItemView]
    left_out: int


def write_report(run_root: Path, out: Path, *, title: str = DEFAULT_TITLE) -> Path:
    """Write the page of what is under `run_root` to the file `out` and return it.

    Read are `results.jsonl`, `runs/*/metrics.csv` and `run.json`, `pictures/*` and the folders with a `manifest.json`; whatever is
    missing is said on the page. Raises UserError when there is nothing at all, for a line that is not a result and for a place
    that cannot be written. A page that was there stays until the new one is whole.
    """
    if not run_root.is_dir():
        raise UserError(f"{run_root} is not a folder: give the folder in which simlearn demo, compare or evaluate left results.jsonl")
    found = _collect(run_root)
    if not (found.rows or found.runs or found.data_sets or found.predictions):
        raise UserError(
            f"{run_root} holds nothing to report: run `simlearn demo`, or `simlearn evaluate --benchmark NAME --checkpoint random "
            f"--out {run_root / 'results.jsonl'}`, first"
        )
    text = _template().render(_context(title, run_root, found))
    _write(out, text)
    return out


@dataclass(frozen=True)
class Inputs:
    """Everything found under a folder; `problems` is a sentence for each part that could not be read."""

    rows: Sequence[Result]
    runs: Sequence[Run]
    data_sets: Sequence[DataSet]
    predictions: Sequence[Prediction]
    problems: Sequence[str]


def _collect(root: Path) -> Inputs:
    rows = results.read(root / "results.jsonl") if (root / "results.jsonl").exists() else []
    runs, problems = find_runs(root)
    data_sets, more = find_data_sets(root)
    return Inputs(rows, runs, data_sets, find_predictions(root), problems + more)


def _template() -> jinja2.Template:
    # Whatever is read from files may hold markup: everything is escaped.
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(importlib.resources.files(__package__).joinpath("template.html.j2").read_text(encoding="utf-8"))


def _write(out: Path, text: str) -> None:
    temporary = out.with_name(f".{out.name}.tmp-{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, out)
    except OSError as error:
        with contextlib.suppress(OSError):  # its folder may be what is missing
            temporary.unlink()
        raise UserError(f"{out} cannot be written ({error.strerror}): give --out a file in a folder that you can write to") from error


def _context(title: str, root: Path, found: Inputs) -> dict[str, Any]:
    measured = tables(found.rows)
    shown, picture_problems = _prediction_views(found.predictions)
    return {
        "title": title,
        "summary": summary.summarise(measured),
        "nothing_real": bool(measured) and not any(table.real for table in measured),
        "nothing_real_text": summary.NOTHING_REAL,
        "benchmarks": _benchmark_views(measured),
        "has_context": any(variant.method in CONTEXT for table in measured for variant in table.variants),
        "curves": _curves(found.runs),
        "synthetic": [_synthetic_view(data_set) for data_set in found.data_sets],
        "predictions": shown,
        "problems": [*found.problems, *picture_problems],
        "facts": _facts(found.rows, found.runs),
        "runs": [(run.name, _pretty(run.facts)) for run in found.runs if run.facts],
        "configs": _evaluation_configs(found.rows),
        "commands": commands(root, found.rows, found.runs, found.data_sets),
    }


def _benchmark_views(measured: Sequence[Table]) -> list[BenchmarkView]:
    """Real benchmarks first, else in order of first appearance."""
    by_name: dict[str, list[Table]] = {}
    for table in measured:
        by_name.setdefault(table.benchmark, []).append(table)
    return [
        BenchmarkView(name, f"benchmark-{i}", group[0].real, [_table_view(table, group) for table in group])
        for i, (name, group) in enumerate(sorted(by_name.items(), key=lambda item: not item[1][0].real))
    ]


def _settings_note(table: Table, group: Sequence[Table]) -> list[str]:
    """What sets a table apart from others of the same protocol and data."""
    same = [other for other in group if (other.protocol, other.data_name) == (table.protocol, table.data_name)]
    differing = {
        name
        for other in same
        for name in other.settings.keys() | table.settings.keys()
        if other.settings.get(name) != table.settings.get(name)
    }
    parts = [f"{name} = {json.dumps(table.settings.get(name), default=str)}" for name in sorted(differing)]
    return [f"Settings in which tables of this protocol differ: {'; '.join(parts)}."] if parts else []


def _table_view(table: Table, group: Sequence[Table]) -> TableView:
    names = variant_names(table.variants)
    charts = [
        *(plots.bar_chart(table, metric, names) for metric in table.metrics[:BAR_CHARTS]),
        *(plots.stage_chart(table, metric, names) for metric in table.metrics[:STAGE_CHARTS]),
    ]
    return TableView(
        protocol=table.protocol,
        data=", fingerprint ".join(text for text in (table.data_name, table.fingerprint) if text),
        headings=headings(table),
        rows=display_rows(table, table.headline),
        all_rows=display_rows(table, table.lines) if len(table.lines) > len(table.headline) else [],
        notes=[interval_note(table.headline), *notes(table), *_settings_note(table, group)],
        charts=[chart for chart in charts if chart],
    )


def _curves(runs: Sequence[Run]) -> list[Picture]:
    by_method: dict[str, list[Run]] = {}
    for run in runs:
        by_method.setdefault(run.method, []).append(run)
    charts = (plots.curve_chart(method, group) for method, group in by_method.items())
    return [chart for chart in charts if chart]


def _synthetic_view(data_set: DataSet) -> SyntheticView:
    facts = data_set_facts(data_set)
    try:
        frames = labelled_frames(data_set)
    except UserError as error:
        return SyntheticView(data_set.name, facts, (), f"No frames can be shown: {error}.")
    return SyntheticView(data_set.name, facts, frames, "" if frames else "No scene is finished yet, so no frames can be shown.")


def _prediction_views(predictions: Sequence[Prediction]) -> tuple[list[PredictionsView], list[str]]:
    """The first test items of each benchmark, the first seed of each method."""
    views, problems = [], []
    for benchmark in dict.fromkeys(p.benchmark for p in predictions):
        mine = [p for p in predictions if p.benchmark == benchmark]
        first_seed = {method: min(p.seed for p in mine if p.method == method) for method in {p.method for p in mine}}
        items: list[ItemView] = []
        for index in sorted({p.index for p in mine})[:PICTURES_PER_BENCHMARK]:
            pictures = []
            chosen = [p for p in mine if p.index == index and p.seed == first_seed[p.method]]
            for prediction in sorted(chosen, key=lambda p: Variant(p.method).rank):
                try:
                    pictures.append(_prediction_picture(prediction))
                except UserError as error:
                    problems.append(f"{error}.")
            items.append(ItemView(index, pictures))
        shown = sum(len(item.pictures) for item in items)
        views.append(PredictionsView(benchmark, [item for item in items if item.pictures], len(mine) - shown))
    return views, problems


def _prediction_picture(p: Prediction) -> Picture:
    alt = f"Test item {p.index} of {p.benchmark}: prediction of {p.method}, seed {p.seed}, beside the truth."
    return from_file(p.path, alt=alt, caption=f"{label(Variant(p.method))}, seed {p.seed}", max_width=PICTURE_WIDTH)


def _facts(rows: Sequence[Result], runs: Sequence[Run]) -> dict[str, str]:
    """Commits, seeds, versions and costs behind the page."""
    commits = sorted({row.commit for row in rows})
    seeds = sorted({row.seed for row in rows})
    trained = {row.checkpoint: row for row in rows if row.checkpoint and row.samples_seen}
    facts = {
        "Measurements": f"{compact(len(rows))} rows",
        "Commit of the measurements": ", ".join(commits) or "none",
        "Commit that wrote this page": provenance.commit(),
        "Seeds": ", ".join(map(str, seeds)) or "none",
        "Training runs": str(len(runs)),
    }
    for checkpoint, row in sorted(trained.items()):
        facts[f"Cost of {checkpoint}"] = f"{compact(row.samples_seen)} samples seen, {compact(row.train_seconds)} s"
    return {**facts, "Versions (when this page was written)": ", ".join(f"{k} {v}" for k, v in provenance.versions().items())}


def _pretty(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)


def _evaluation_configs(rows: Sequence[Result]) -> list[tuple[str, str]]:
    """The distinct evaluation settings of each benchmark."""
    distinct: dict[str, list[str]] = {}
    for row in rows:
        texts = distinct.setdefault(row.benchmark, [])
        text = _pretty(row.config)
        if row.config and text not in texts:
            texts.append(text)
    return [(benchmark, "\n\n".join(texts)) for benchmark, texts in distinct.items() if texts]
