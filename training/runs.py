"""The files of a training run: `last.ckpt` to continue from, `metrics.csv`, `run.json`; each is whole or absent."""

from __future__ import annotations

import csv
import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scenes.errors import UserError

CHECKPOINT_FILE = "last.ckpt"
METRICS_FILE = "metrics.csv"
RUN_FILE = "run.json"


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Writes tensors and plain values such that `path` holds either the old or the whole new state."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        torch.save(dict(state), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def load_state(path: Path) -> dict[str, Any]:
    """What `save_state` wrote; nothing but tensors and plain values is accepted. UserError for a damaged file."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise UserError(
            f"{path} is damaged or no checkpoint of ours, so the run can't go on: delete its folder and start it again"
        ) from error
    return state


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


class Metrics:
    """Means of the logged scalars over each `interval` steps, one row of `metrics.csv` an interval.

    Sums stay on the device until a row is written. `state` and `restore` carry a started interval over an interruption, and rows that
    were written after the checkpoint are dropped, so that the file of a resumed run equals that of one never stopped.
    """

    def __init__(self, path: Path, interval: int, batch_size: int) -> None:
        self.path, self.interval, self.batch_size = path, interval, batch_size
        self.history: list[dict[str, float]] = []
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def add(self, step: int, parts: Mapping[str, Tensor], lr: float) -> None:
        """`step` counts finished steps, from 1."""
        for name, value in parts.items():
            value = value.detach().float()
            self._sums[name] = self._sums[name].to(value.device) + value if name in self._sums else value
        self._count += 1
        if step % self.interval == 0:
            self._write(step, lr)

    def close(self, step: int, lr: float) -> None:
        """Writes the last, unfinished interval."""
        if self._count:
            self._write(step, lr)

    def _write(self, step: int, lr: float) -> None:
        means = (torch.stack(list(self._sums.values())).cpu() / self._count).tolist()
        row = {"step": step, "samples": step * self.batch_size, "lr": lr, **dict(zip(self._sums, means, strict=True))}
        new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row)
            if new:
                writer.writeheader()
            writer.writerow(row)
        self.history.append(row)
        self._sums, self._count = {}, 0

    def state(self) -> dict[str, Any]:
        return {"sums": dict(self._sums), "count": self._count}

    def restore(self, state: Mapping[str, Any], step: int) -> None:
        self._sums = dict(state["sums"])
        self._count = state["count"]
        if not self.path.exists():
            return
        with self.path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["step"] and int(row["step"]) <= step]
        self.history = [{name: float(value) for name, value in row.items()} for row in rows]
        if not rows:  # the first row to come writes the header
            self.path.unlink()
            return
        with self.path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    def summary(self) -> dict[str, dict[str, float]]:
        """First, lowest and last logged value of every scalar."""
        names = [name for name in (self.history[0] if self.history else {}) if name not in ("step", "samples", "lr")]
        columns = {name: [row[name] for row in self.history] for name in names}
        return {name: {"first": values[0], "lowest": min(values), "last": values[-1]} for name, values in columns.items()}
