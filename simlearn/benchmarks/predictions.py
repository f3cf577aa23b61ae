"""Predictions to be scored, whoever made them: files of a folder, a network, a baseline; and what is said of those that cannot be.

A *scored* benchmark compares predictions of items with their truth. It is a module or an object with `DATA_SET`, `TASK` (of `TASKS`),
`READERS` (endings of prediction files, each with the function that reads one, and under `STACK` the one that opens a file of all
predictions, where there is such a thing), `BASELINES` (predictors by name; at least "truth"), `SETTINGS`, `QUICK` and
`score(predictor: Predictor, request: Request) -> Evaluation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scenes.errors import UserError
from simlearn.benchmarks.source import Source

TASKS = {
    "flow": "motion in pixels, float32 [H, W, 2], (du, dv), target minus source",
    "depth": "depth along camera z in metres (or to scale), float32 [H, W]",
    "normal": "unit normals towards the camera, camera frame, float32 [H, W, 3]",
    "semantic": "class ids, integers [H, W]",
    "boxes": "detections: a list of (class name, score, left, top, right, bottom) in pixels",
    "trajectory": "camera-to-world poses of a sequence, a `simlearn.benchmarks.odometry.Trajectory`",
}
"""What a benchmark may ask for; every task has one form of prediction."""
SHOWN = 5
STACK = "stack"
Readers = Mapping[str, Callable[[Path], Any]]


class Unusable(Exception):
    """Why one prediction (or item) cannot be scored, in a few words."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something to be predicted. `name` names its prediction's file, without the ending, and may hold folders ("scene/000010").

    `inputs` reads what a predictor may look at, under the keys of the label table where there is one ("rgb" uint8 [H, W, 3], "rgb_next",
    "K" float64 [3, 3], ...); `truth` reads the answer in the form of a prediction, complete where the benchmark asks for it. `rows`: where
    it is in a file of all predictions, by how many the file has.
    """

    name: str
    inputs: Callable[[], Mapping[str, Any]]
    truth: Callable[[], Any]
    rows: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """`predict` gives an item's prediction, or raises Unusable. `source` says whose it is."""

    source: Source
    predict: Callable[[Item], Any]

    @classmethod
    def of_files(cls, folder: Path, readers: Readers, method: str | None = None) -> Predictor:
        """The files `<folder>/<item name><ending>` of the first ending of `readers` that is there. UserError when the folder is not.

        Where `readers` has a `STACK`, `folder` may also be one file of all predictions.
        """
        if folder.is_file() and STACK in readers:
            return cls(
                source=Source(method=method or folder.stem, backbone="", width=0, checkpoint=folder), predict=_of_stack(folder, readers)
            )
        if not folder.is_dir():
            raise UserError(f"{folder} is not a folder: give --predictions the folder that holds the prediction files")
        endings = {ending: read for ending, read in readers.items() if ending != STACK}

        def predict(item: Item) -> Any:
            for ending, read in endings.items():
                path = folder / f"{item.name}{ending}"
                if path.is_file():
                    try:
                        return read(path)
                    except (UserError, OSError, ValueError) as error:
                        raise Unusable(f"cannot be read ({error})") from error
            raise Unusable(f"no file {item.name}{' or '.join(endings)}")

        return cls(source=Source(method=method or folder.name, backbone="", width=0, checkpoint=folder), predict=predict)

    @classmethod
    def of_baseline(cls, name: str, baselines: Mapping[str, Callable[[Item], Any]]) -> Predictor:
        return cls(source=Source(method=name, backbone="", width=0), predict=baselines[name])


def _of_stack(path: Path, readers: Readers) -> Callable[[Item], Any]:
    stack: Sequence[Any] = readers[STACK](path)

    def predict(item: Item) -> Any:
        if len(stack) not in item.rows:
            expected = " or ".join(map(str, sorted(item.rows))) or "none"
            raise UserError(f"{path} holds {len(stack)} predictions, the list has {expected}: predict all of its images, in its order")
        return stack[item.rows[len(stack)]]

    return predict


class Scored:
    """The items that could be scored, and those that could not, counted and named: `strict` refuses the first one.

    Iterate over `pairs`; afterwards `facts` goes into the rows' `data`.
    """

    def __init__(self, items: Sequence[Item], predictor: Predictor, *, strict: bool, say: Callable[[str], None]) -> None:
        self.items, self.predictor, self.strict, self.say = items, predictor, strict, say
        self.left_out: dict[str, str] = {}

    def pairs(self, score: Callable[[Item, Any], Any]) -> Iterator[tuple[Item, Any]]:
        """(item, what `score` makes of its prediction) of every item whose prediction is there and for which `score` raises no Unusable.

        UserError when none is left.
        """
        count = 0
        for i, item in enumerate(self.items):
            try:
                found = score(item, self.predictor.predict(item))
            except Unusable as problem:
                if self.strict:
                    raise UserError(f"{item.name}: {problem}; without --strict it would be left out, counted and named") from problem
                self.left_out[item.name] = str(problem)
                continue
            count += 1
            self.say(f"scored {i + 1}/{len(self.items)}")
            yield item, found
        if not count:
            raise UserError(f"none of {len(self.items)} predictions can be scored: {self._names()}")
        if self.left_out:
            self.say(f"{len(self.left_out)} of {len(self.items)} are left out: {self._names()}")

    @property
    def facts(self) -> dict[str, str]:
        """{"scored": "5 of 6"} and, where some are missing, {"left_out": names and reasons}."""
        done = {"scored": f"{len(self.items) - len(self.left_out)} of {len(self.items)}"}
        return done | ({"left_out": self._names()} if self.left_out else {})

    def _names(self) -> str:
        named = [f"{name} ({why})" for name, why in list(self.left_out.items())[:SHOWN]]
        return ", ".join(named) + (f" and {len(self.left_out) - SHOWN} more" if len(self.left_out) > SHOWN else "")


def checked(value: Any, shape: tuple[int, ...]) -> Any:
    """A predicted array of the expected shape with finite numbers only; Unusable otherwise."""
    array = np.asarray(value)
    if array.shape != shape:
        raise Unusable(f"has shape {'x'.join(map(str, array.shape))}, {'x'.join(map(str, shape))} was expected")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Unusable(f"has {int((~np.isfinite(array)).sum())} values that are not finite")
    return array
