"""One measurement, one JSON line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from scenes.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Result:
    """One number with all that is needed to say what it means.

    `protocol` is the exact wording of how it was measured. `method` is "random", "supervised", a pretext's name or a baseline's.
    `checkpoint` is the run's folder ("" where there is none). `stage` names the features probed ("best": chosen on held-out training
    data; "head": the network's own prediction). `n` counts test items. `samples_seen`, `train_seconds` and `peak_memory_mb` (0: unknown)
    tell what the weights cost. `data` is {"name", "fingerprint"}; `config` holds every setting of the evaluation. `low` and `high`
    bound the 95 % interval over the items of this one run (bootstrap), where it was computed.
    """

    benchmark: str
    protocol: str
    method: str
    checkpoint: str
    backbone: str
    width: int
    stage: str
    metric: str
    unit: str
    value: float
    higher_is_better: bool
    n: int
    seed: int
    samples_seen: int
    train_seconds: float
    commit: str
    data: Mapping[str, str]
    config: Mapping[str, Any] = field(default_factory=dict)
    peak_memory_mb: float = 0.0
    low: float | None = None
    high: float | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=False, allow_nan=False)


LATER_FIELDS = {"peak_memory_mb", "low", "high"}
"""Rows of earlier versions have none."""
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "float | None": (float, int, type(None)),
    "bool": (bool,),
    "Mapping[str, str]": (dict,),
    "Mapping[str, Any]": (dict,),
}


def from_json(line: str) -> Result:
    """The result of a line; ValueError saying what is wrong with it."""
    entry = json.loads(line)
    if not isinstance(entry, dict):
        raise ValueError("it is not a JSON object")
    wanted = {f.name: _TYPES[str(f.type)] for f in fields(Result)}
    if missing := sorted(wanted.keys() - entry.keys() - LATER_FIELDS):
        raise ValueError(f"it lacks {', '.join(missing)}")
    if unknown := sorted(entry.keys() - wanted.keys()):
        raise ValueError(f"it has unknown {', '.join(unknown)}")
    for name, types in wanted.items():
        if name in entry and (not isinstance(entry[name], types) or (bool not in types and isinstance(entry[name], bool))):
            raise ValueError(f"{name} is {entry[name]!r}")
    return Result(**entry)


def append(path: Path, rows: Iterable[Result]) -> None:
    """Append rows as lines, all in one write: a reader, or a crash, sees all of them or none. Creates the folder."""
    text = "".join(row.to_json() + "\n" for row in rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab", buffering=0) as stream:
            stream.write(text.encode())
            os.fsync(stream.fileno())
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): give --out a place that you can write to") from error


def read(path: Path) -> list[Result]:
    """The rows of a file; UserError naming the first line that is not one."""
    if not path.is_file():
        raise UserError(f"{path} does not exist: run `simlearn evaluate` or `simlearn compare` first")
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            rows.append(from_json(line))
        except ValueError as error:
            raise UserError(f"{path} line {number} is not a result ({error}): delete the line and measure it again") from error
    return rows
