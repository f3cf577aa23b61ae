"""What can be named on the command line, and which real data is found."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from renderers.frame import LABELS
from renderers.renderer import RENDERERS
from scenes.families import FAMILIES
from scenes.registry import Registry
from simlearn.benchmarks import BENCHMARKS
from simlearn.datasets import DATASETS
from simlearn.datasets.root import data_root
from simlearn.exporters import EXPORTERS
from training.backbones import BACKBONES
from training.pretexts import PRETEXTS

LISTS: dict[str, Registry] = {
    "families": FAMILIES,
    "renderers": RENDERERS,
    "pretexts": PRETEXTS,
    "backbones": BACKBONES,
    "datasets": DATASETS,
    "benchmarks": BENCHMARKS,
    "export_formats": EXPORTERS,
}


def _first_sentence(target: Any) -> str:
    return (target.__doc__ or "").strip().split("\n")[0]


def collect() -> dict[str, Any]:
    """{"version", each list as {name: one line}, "data_root", "found": {data set: {present, text, folder}}}."""
    root = data_root()
    lists = {title: {name: _first_sentence(registry[name]) for name in registry} for title, registry in LISTS.items()}
    found = {name: asdict(DATASETS[name].found(root)) for name in DATASETS}
    lists["labels"] = {name: f"{label.meaning} [{label.unit}]" if label.unit else label.meaning for name, label in LABELS.items()}
    return {"version": version("simlearn"), **lists, "data_root": str(root) if root else None, "found": found}


def _found_line(finding: dict[str, Any]) -> str:
    return f"{'yes' if finding['present'] else 'no '}  {finding['text']}"


def show(data: Path | None, *, as_json: bool) -> None:
    """Print `collect()`, or the description of the data set at `data`, as text or JSON."""
    from simlearn.datasets.synthetic import describe

    facts = describe(data) if data is not None else collect()
    if as_json:
        print(json.dumps(facts, indent=2, default=str))
        return
    for title, value in facts.items():
        if isinstance(value, dict):
            print(f"{title}:")
            for name, line in value.items():
                print(f"  {name:30} {_found_line(line) if title == 'found' else line}")
        else:
            print(f"{title}: {value}")
