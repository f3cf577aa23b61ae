"""Training runs, rendered data sets and pictures found under a folder."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

AXES = ("step", "samples")
NOT_CURVES = (*AXES, "epoch", "seconds", "time", "lr", "learning_rate", "samples_per_s", "samples_per_second")
PICTURE = re.compile(r"(?P<benchmark>.+?)__(?P<method>.+?)__seed(?P<seed>\d+)__(?P<index>\d+)\.(png|jpe?g)")

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Run:
    """One training run: `curves` maps a logged quantity to (samples seen, value), float64 [N] each; `facts` is its run.json."""

    name: str
    method: str
    curves: Mapping[str, Curve]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class DataSet:
    """A rendered data set: folder name, path and manifest."""

    name: str
    path: Path
    manifest: Mapping[str, Any]


@dataclass(frozen=True)
class Prediction:
    """A picture file of a prediction beside the truth."""

    path: Path
    benchmark: str
    method: str
    seed: int
    index: int


def find_runs(root: Path) -> tuple[list[Run], list[str]]:
    """Runs in `root/runs`, sorted by name, and a sentence for each that could not be read."""
    runs, problems = [], []
    for folder in sorted(path for path in (root / "runs").glob("*") if path.is_dir()):
        try:
            facts = _json(folder / "run.json") if (folder / "run.json").exists() else {}
            curves = _curves(folder / "metrics.csv") if (folder / "metrics.csv").exists() else {}
        except ValueError as error:
            problems.append(f"The run {folder.name} could not be read in full ({error}).")
            continue
        if facts or curves:
            runs.append(Run(folder.name, _method(facts, folder.name), curves, facts))
    return runs, problems


def _json(path: Path) -> Mapping[str, Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, Mapping):
        raise ValueError(f"{path.name} holds no object")
    return document


def lookup(facts: Mapping[str, Any], *names: str) -> Any:
    """The first of the names found in a document or in its `config`; None if there is none."""
    config = facts.get("config")
    places = [facts, config if isinstance(config, Mapping) else {}]
    return next((place[name] for name in names for place in places if name in place), None)


def _method(facts: Mapping[str, Any], folder: str) -> str:
    named = lookup(facts, "pretext", "method")
    return named if isinstance(named, str) else re.sub(r"[-_]*(seed)?[-_]*\d+$", "", folder) or folder


def _curves(path: Path) -> dict[str, Curve]:
    """Columns of a metrics file against samples seen (steps where there are none); empty and non-finite entries are gaps."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return {}
    axis = next((name for name in reversed(AXES) if rows[0].get(name)), None)
    if axis is None:
        raise ValueError(f"{path.name} has neither a step nor a samples column")
    curves = {}
    for name in [name for name in rows[0] if name and name not in NOT_CURVES]:
        points = [(_number(row[axis]), _number(row[name])) for row in rows]
        finite = np.array([point for point in points if all(math.isfinite(x) for x in point)], dtype=np.float64)
        if len(finite) > 1:
            curves[name] = (finite[:, 0], finite[:, 1])
    return curves


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def find_data_sets(root: Path) -> tuple[list[DataSet], list[str]]:
    """Folders in `root` (one level down, or two) with a manifest.json, and a sentence for each manifest that could not be read."""
    found, problems = [], []
    for path in sorted({*root.glob("*/manifest.json"), *root.glob("*/*/manifest.json")}):
        name = path.parent.relative_to(root).as_posix()
        try:
            found.append(DataSet(name, path.parent, _json(path)))
        except ValueError as error:
            problems.append(f"The manifest of the data set {name} could not be read ({error}).")
    return found, problems


def find_predictions(root: Path) -> list[Prediction]:
    """Pictures in `root/pictures` named benchmark__method__seedK__I.png, sorted by benchmark, index, method and seed."""
    found = []
    for path in (root / "pictures").glob("*"):
        match = PICTURE.fullmatch(path.name)
        if match:
            found.append(Prediction(path, match["benchmark"], match["method"], int(match["seed"]), int(match["index"])))
    return sorted(found, key=lambda p: (p.benchmark, p.index, p.method, p.seed))
