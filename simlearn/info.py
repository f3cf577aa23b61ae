"""What can be named on the command line, which real data is found, and what a data set is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from renderers.frame import LABELS
from renderers.renderer import RENDERERS
from scenes.errors import UserError
from scenes.families import FAMILIES
from scenes.registry import Registry
from simlearn.benchmarks import BENCHMARKS
from simlearn.datasets import DATASETS
from simlearn.datasets.root import data_root
from simlearn.exporters import EXPORTERS
from simlearn.manifest import Manifest, ShardRecord
from simlearn.progress import human_bytes
from simlearn.shards import ShardReader
from simlearn.submission import SUBMISSIONS
from training.backbones import BACKBONES
from training.dense import DENSE
from training.pretexts import PRETEXTS

LISTS: dict[str, Registry] = {
    "families": FAMILIES,
    "renderers": RENDERERS,
    "pretexts": PRETEXTS,
    "tasks": DENSE,
    "backbones": BACKBONES,
    "datasets": DATASETS,
    "benchmarks": BENCHMARKS,
    "export_formats": EXPORTERS,
    "submissions": SUBMISSIONS,
}
MEASURED_SHARDS = 32  # of larger data sets, the sizes of labels are those of so many scenes


def _first_sentence(target: Any) -> str:
    return (target.__doc__ or "").strip().split("\n")[0]


def collect() -> dict[str, Any]:
    """{"version", each list as {name: one line}, "data_root", "found": {data set: {present, text, folder}}}."""
    root = data_root()
    lists = {title: {name: _first_sentence(registry[name]) for name in registry} for title, registry in LISTS.items()}
    found = {name: asdict(DATASETS[name].found(root)) for name in DATASETS}
    lists["labels"] = {name: f"{label.meaning} [{label.unit}]" if label.unit else label.meaning for name, label in LABELS.items()}
    return {"version": version("simlearn"), **lists, "data_root": str(root) if root else None, "found": found}


def describe(root: str | Path) -> dict[str, Any]:
    """Facts about a data set, complete or not; JSON-able.

    bytes_per_frame of `labels` are measured on at most `MEASURED_SHARDS` scenes; `ratio` is that of the array in memory to them. A shard
    that cannot be read is one of the `problems`, which `simlearn verify` looks for in earnest.
    """
    root = Path(root)
    manifest = Manifest.load(root)
    config, there = manifest.config, {record.scene: record for record in manifest.shards if record.is_whole(root)}
    labels, problems = _labels(root, manifest, list(there.values()))
    absent = [record.name for record in manifest.shards if record.scene not in there]
    if absent:
        problems.insert(0, f"{len(absent)} shards are missing or truncated, the first is {absent[0]}")
    done = {record.scene for record in manifest.shards}
    return {
        "path": str(root),
        "format_version": manifest.format_version,
        "complete": manifest.complete and not absent,
        "problems": problems,
        "family": config["family"],
        "renderer": config["renderer"],
        "seed": config["seed"],
        "settings": dict(config["settings"]),
        "size": f"{config['width']}x{config['height']}",
        "scenes": config["scenes"],
        "finished_scenes": len(done),
        "missing_scenes": _ranges(done, config["scenes"]),
        "frames": manifest.frames,
        "bytes": manifest.bytes,
        "bytes_per_frame": round(manifest.bytes / manifest.frames) if manifest.frames else 0,
        "labels": labels,
        "objects": bool(config.get("objects", False)),
        "rejected": manifest.rejected,
        "commit": manifest.commit,
        "versions": dict(manifest.versions),
    }


def _ranges(done: set[int], count: int, most: int = 8) -> str:
    """The scenes of 0 ... count - 1 that are not done, such as "3, 7-9", cut short with dots."""
    edges = [-1, *sorted(done), count]
    gaps = [(a + 1, b - 1) for a, b in pairwise(edges) if b - a > 1]
    return ", ".join([f"{a}" if a == b else f"{a}-{b}" for a, b in gaps[:most]] + ["..."] * (len(gaps) > most))


def _labels(root: Path, manifest: Manifest, there: Sequence[ShardRecord]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What each label takes, and the shards that could not be read."""
    labels: dict[str, dict[str, Any]] = {name: {} for name in manifest.labels}
    sizes, frames, problems = dict.fromkeys(manifest.labels, 0), 0, list[str]()
    for position in np.unique(np.linspace(0, len(there) - 1, min(len(there), MEASURED_SHARDS)).round().astype(int)):
        try:
            with ShardReader(root / there[position].name) as reader:
                found = {name: reader.stored_bytes(name) for name in manifest.labels}
                labels = {name: {"codec": reader.codec(name).name, "max_error": reader.codec(name).max_error} for name in manifest.labels}
                frames += reader.frames
        except UserError as error:
            problems.append(str(error))
            continue
        sizes = {name: sizes[name] + size for name, size in found.items()}
    if not frames:
        return labels, problems
    height, width = manifest.config["height"], manifest.config["width"]
    for name, facts in labels.items():
        raw = prod(LABELS[name].shape(height, width)) * np.dtype(LABELS[name].dtype).itemsize
        facts |= {"bytes_per_frame": round(sizes[name] / frames), "ratio": round(raw * frames / max(sizes[name], 1), 1)}
    return labels, problems


def _found_line(finding: Mapping[str, Any]) -> str:
    return f"{'yes' if finding['present'] else 'no '}  {finding['text']}"


def show(data: Path | None, *, as_json: bool) -> None:
    """Print `collect()`, or the description of the data set at `data`, as text or JSON."""
    facts = describe(data) if data is not None else collect()
    if as_json:
        print(json.dumps(facts, indent=2, default=str))
    elif data is not None:
        print(_sheet(facts))
    else:
        _print_lists(facts)


def _print_lists(facts: Mapping[str, Any]) -> None:
    for title, value in facts.items():
        if isinstance(value, dict):
            print(f"{title}:")
            for name, line in value.items():
                print(f"  {name:30} {_found_line(line) if title == 'found' else line}")
        else:
            print(f"{title}: {value}")


def _sheet(facts: Mapping[str, Any]) -> str:
    """The description of a data set as text."""
    state = "complete" if facts["complete"] else "NOT complete"
    settings = "".join(f" {name}={value}" for name, value in facts["settings"].items())
    lines = [
        f"{facts['path']}: {state}, {facts['finished_scenes']} of {facts['scenes']} scenes, {facts['frames']} frames of {facts['size']}, "
        f"{human_bytes(facts['bytes'])} ({human_bytes(facts['bytes_per_frame'])} a frame)",
        *(f"  problem: {problem}" for problem in facts["problems"]),
    ]
    if facts["missing_scenes"]:
        lines.append(
            f"  missing: scenes {facts['missing_scenes']}; finish it by running its `simlearn generate` command again with --resume"
        )
    lines += [
        f"  made of: {facts['family']}{settings}, seed {facts['seed']}, renderer {facts['renderer']}, "
        f"{'with' if facts['objects'] else 'without'} objects",
        f"  {'label':24} {'KB a frame':>10} {'ratio':>8}  {'codec':14} largest error",
    ]
    for name, label in facts["labels"].items():
        size = f"{label['bytes_per_frame'] / 1e3:10.1f} {label['ratio']:8.1f}" if "ratio" in label else f"{'?':>10} {'?':>8}"
        lines.append(f"  {name:24} {size}  {label.get('codec', '?'):14} {_error(name, label.get('max_error', '?'))}")
    if facts["rejected"]:
        lines.append("  left out: " + ", ".join(f"{cause} {count}" for cause, count in facts["rejected"].items()))
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    return "\n".join([*lines, f"  made by: format {facts['format_version']}, commit {facts['commit']}, {versions}"])


def _error(name: str, max_error: str) -> str:
    """The error with its unit; 0 as "exact"."""
    number, _, condition = max_error.partition(" ")
    if number == "0":
        return "exact"
    unit = LABELS[name].unit if LABELS[name].unit in ("px", "m") and not condition.startswith("of ") else ""
    return " ".join(filter(None, (number, unit, condition)))
