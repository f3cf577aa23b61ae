"""Predictions as the archive that a benchmark's evaluation server takes.

Owns: which files an archive has, their names and bytes, and that it is complete. Does not own: reading predictions
(`simlearn.benchmarks.predictions`) and the files' formats (`simlearn.formats`).

A submission is an object `Submission`; to add one, write it beside its benchmark and add its line to `SUBMISSIONS`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenes.errors import UserError
from scenes.registry import Registry
from simlearn.benchmarks.predictions import SHOWN, Item, Predictor, Readers, Unusable

SUBMISSIONS = Registry(
    "submission",
    {
        "kitti_flow_2012": "simlearn.benchmarks.kitti_flow_submission:YEAR_2012",
        "kitti_flow_2015": "simlearn.benchmarks.kitti_flow_submission:YEAR_2015",
        "kitti_depth_prediction": "simlearn.benchmarks.kitti_depth_prediction:SUBMISSION",
    },
)
_DATE = (1980, 1, 1, 0, 0, 0)  # of every file, the earliest that the format knows: the same predictions give the same archive


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a server takes.

    `title` says it in a sentence. `entries`: for each file of the archive its path there and the name of the prediction that it is made of.
    `readers`: as of a scored benchmark. `encode(prediction, scale)`: the bytes of a file; Unusable for a prediction that the server would
    refuse; `scale` is what predictions are multiplied by to be in the server's unit.
    """

    title: str
    entries: Mapping[str, str]
    readers: Readers
    encode: Callable[[Any, float], bytes]

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.title)


def write_submission(benchmark: str, predictions: Path, out: Path, *, scale: float = 1.0, say: Callable[[str], None] = print) -> int:
    """Write the archive `out` of a folder (or a file) of predictions; how many files it holds.

    UserError, and no archive, when a prediction is missing or cannot be used: a server refuses an incomplete archive.
    """
    submission: Submission = SUBMISSIONS[benchmark]
    if out.suffix != ".zip":
        raise UserError(f"{out} is not named as an archive: give --out a name that ends in .zip")
    predictor = Predictor.of_files(predictions, submission.readers)
    partial, problems = out.with_name(out.name + ".partial"), dict[str, str]()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
            for i, (path, item) in enumerate(items(submission).items()):
                try:
                    data = submission.encode(predictor.predict(item), scale)
                except Unusable as problem:
                    problems[item.name] = str(problem)
                    continue
                archive.writestr(zipfile.ZipInfo(path, date_time=_DATE), data)
                say(f"{i + 1}/{len(submission.entries)} files")
        if problems:
            raise UserError(_sentence(problems, len(submission.entries)))
        partial.replace(out)
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}): give --out a place that you can write to") from error
    finally:
        partial.unlink(missing_ok=True)
    return len(submission.entries)


def items(submission: Submission) -> dict[str, Item]:
    """What is to be predicted, by path in the archive; they have neither input nor truth here."""

    def unknown() -> Any:
        raise UserError("the images and the truth of a server's test set are not part of a submission: give files of predictions")

    names, count = submission.entries.items(), len(submission.entries)
    return {path: Item(name=name, inputs=unknown, truth=unknown, rows={count: row}) for row, (path, name) in enumerate(names)}


def _sentence(problems: Mapping[str, str], total: int) -> str:
    shown = ", ".join(f"{name} ({why})" for name, why in list(problems.items())[:SHOWN])
    more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return f"{len(problems)} of {total} predictions cannot be submitted: {shown}{more}; a server refuses an archive without them"
