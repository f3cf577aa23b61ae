"""The files of a training run: `last.ckpt` to continue from, `metrics.csv`, `probe.csv`, `run.json`."""

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
from training.distributed import mean

CHECKPOINT_FILE = "last.ckpt"
METRICS_FILE = "metrics.csv"
PROBE_FILE = "probe.csv"
EVENTS_FOLDER = "tensorboard"
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


class Table:
    """A CSV file that grows row by row, each with "step" and "samples"; rows of a lost future are dropped on resuming.

    `folder`: where TensorBoard finds the same values, as the run "<file's name>"; None for none.
    """

    def __init__(self, path: Path, folder: Path | None = None) -> None:
        self.path, self._folder = path, folder
        self.rows: list[dict[str, float]] = []
        self._writer: Any = None

    def append(self, row: Mapping[str, float]) -> None:
        new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row)
            if new:
                writer.writeheader()
            writer.writerow(row)
        self.rows.append(dict(row))
        self._mirror(row)

    def rewind(self, step: int) -> None:
        """Drops the rows after `step`."""
        if not self.path.exists():
            return
        with self.path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["step"] and int(row["step"]) <= step]
        self.rows = [{name: float(value) for name, value in row.items()} for row in rows]
        if not rows:  # the first row to come writes the header
            self.path.unlink()
            return
        with self.path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    def _mirror(self, row: Mapping[str, float]) -> None:
        if self._folder is None:
            return
        if self._writer is None:
            self._writer = event_writer(self._folder / self.path.stem, int(row["step"]))
        for name, value in row.items():
            if name not in ("step", "samples"):
                self._writer.add_scalar(name, value, int(row["step"]))
        self._writer.flush()


def event_writer(folder: Path, step: int) -> Any:
    """TensorBoard's writer; events of an earlier process at or after `step` are no longer shown. UserError where it isn't installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UserError('tensorboard isn\'t installed: pip install "simlearn[tensorboard]"') from error
    return SummaryWriter(str(folder), purge_step=step)  # type: ignore[no-untyped-call]


class Metrics:
    """Means of the logged scalars over each `interval` steps and all ranks, one row of `table` an interval.

    Sums stay on the device until a row is written. `state` and `restore` carry a started interval over an interruption, so that the file
    of a resumed run equals that of one never stopped. Without a table (on all ranks but the first) only the means are exchanged.
    """

    def __init__(self, table: Table | None, interval: int, batch_size: int) -> None:
        self.table, self.interval, self.batch_size = table, interval, batch_size
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    @property
    def history(self) -> list[dict[str, float]]:
        return self.table.rows if self.table else []

    def add(self, parts: Mapping[str, Tensor]) -> None:
        """Of one batch, or of a part of one."""
        for name, value in parts.items():
            value = value.detach().float()
            self._sums[name] = self._sums[name].to(value.device) + value if name in self._sums else value
        self._count += 1

    def step(self, step: int, lr: float) -> None:
        """After a step's last part; `step` counts finished steps, from 1."""
        if step % self.interval == 0:
            self.close(step, lr)

    def close(self, step: int, lr: float) -> None:
        """Writes what there is of an interval."""
        if not self._count:
            return
        means = (mean(torch.stack(list(self._sums.values()))).cpu() / self._count).tolist()
        if self.table:
            self.table.append({"step": step, "samples": step * self.batch_size, "lr": lr, **dict(zip(self._sums, means, strict=True))})
        self._sums, self._count = {}, 0

    def state(self) -> dict[str, Any]:
        return {"sums": dict(self._sums), "count": self._count}

    def restore(self, state: Mapping[str, Any], step: int) -> None:
        self._sums = dict(state["sums"])
        self._count = state["count"]
        if self.table:
            self.table.rewind(step)

    def summary(self) -> dict[str, dict[str, float]]:
        """First, lowest and last logged value of every scalar."""
        names = [name for name in (self.history[0] if self.history else {}) if name not in ("step", "samples", "lr")]
        columns = {name: [row[name] for row in self.history] for name in names}
        return {name: {"first": values[0], "lowest": min(values), "last": values[-1]} for name, values in columns.items()}
