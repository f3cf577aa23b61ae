"""One benchmark on one checkpoint: rows appended to a results file, pictures beside it."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from rich.console import Console

from scenes.errors import UserError
from simlearn import results
from simlearn.benchmarks import BENCHMARKS, inputs_of, is_scored
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.feature_cache import FOLDER
from simlearn.benchmarks.network import network_predictor
from simlearn.benchmarks.predictions import Predictor
from simlearn.benchmarks.source import SUPERVISED, Source
from simlearn.datasets.root import data_root
from simlearn.results import Result
from training.backbones import build_backbone

QUIET_S = 2.0
PICTURES = "pictures"
ITEMS = "items"


class Narrator:
    """Prints what is under way on stderr, at most every other second, so that nothing is silent for long and nothing floods."""

    def __init__(self, title: str) -> None:
        self.title, self._console, self._said = title, Console(stderr=True, highlight=False), 0.0

    def __call__(self, text: str, *, always: bool = False) -> None:
        now = time.monotonic()
        if always or now - self._said >= QUIET_S:
            self._said = now
            self._console.print(f"{self.title}: {text}", markup=False, soft_wrap=True)


def evaluate(
    benchmark: str,
    checkpoint: str | Path | None,
    out: Path,
    *,
    predictions: Path | None = None,
    name: str | None = None,
    data: Path | None = None,
    backbone: str = "resnet18",
    width: int = 32,
    seed: int = 0,
    quick: bool = False,
    strict: bool = False,
    cache: Path | None = None,
) -> list[Result]:
    """Measure `checkpoint` (a run's folder, "random", "supervised" or a benchmark's baseline), or the files of the folder `predictions`,
    on `benchmark`; the rows, which are appended to `out`.

    Pictures go to a folder `pictures` beside `out`, the values of single items to a folder `items`. `name` is what the predictions are
    called in the rows (the folder's name by default). `data` is the rendered data set of the benchmark "rendered"; real benchmarks read
    theirs from the folder that SIMLEARN_DATA names. `backbone`, `width` and `seed` are those of "random" and "supervised": a run knows
    its own. `strict` refuses data or predictions with something missing. `cache` is the folder where features are
    kept, by default `features` beside `out`. Raises UserError for unknown names, missing or damaged data, and an
    `out` that cannot be written.
    """
    module = BENCHMARKS[benchmark]
    if (checkpoint is None) == (predictions is None):
        raise UserError("measure one thing: give --checkpoint (a run's folder or a name) or --predictions (a folder of files)")
    measure: Callable[[Request], Evaluation]
    if is_scored(module):
        predictor = _predictor(benchmark, module, checkpoint, predictions, name)
        source, measure = predictor.source, partial(module.score, predictor)
    else:
        source = _source(benchmark, module, checkpoint, backbone=backbone, width=width, seed=seed)
        measure = partial(module.evaluate, source)
    say = Narrator(f"{benchmark} {source.method} seed {source.seed}")
    if data is not None and module.DATA_SET != "synthetic":
        say(f"--data {data} is not used: this benchmark reads real data", always=True)
    root = None if module.DATA_SET == "synthetic" else data_root()
    started = time.monotonic()
    with _writable(out), tempfile.TemporaryDirectory(prefix="simlearn-") as work:
        done = measure(
            Request(root=root, rendered=data, work=Path(work), quick=quick, strict=strict, say=say, cache=cache or out.parent / FOLDER)
        )
        save_pictures(done, out.parent / PICTURES)
        save_items(done, out.parent / ITEMS)
        results.append(out, done.rows)
    say(f"{_headline(done.rows)} ({time.monotonic() - started:.0f} s)", always=True)
    return list(done.rows)


def _predictor(benchmark: str, module: Any, checkpoint: str | Path | None, predictions: Path | None, name: str | None) -> Predictor:
    if predictions is not None:
        return Predictor.of_files(predictions, module.READERS, name)
    if str(checkpoint) in module.BASELINES:
        return Predictor.of_baseline(str(checkpoint), module.BASELINES)
    if not Path(str(checkpoint)).exists():
        raise UserError(f"{checkpoint} is neither a run's folder nor a baseline of {benchmark}: those are {', '.join(module.BASELINES)}")
    return network_predictor(Path(str(checkpoint)), module.TASK)


def _source(benchmark: str, module: Any, checkpoint: str | Path | None, **own: Any) -> Source:
    if checkpoint is None:
        raise UserError(f"{benchmark} measures features, not predictions: give --checkpoint")
    source = Source.parse(checkpoint, **own)
    zero_shot = getattr(module, "ZERO_SHOT", False)
    if source.method == SUPERVISED and zero_shot:
        raise UserError(f"{benchmark} measures a network's own predictions, so it has no supervised reference: give a run, or random")
    if not source.width:
        if not zero_shot:
            raise UserError(
                f"{benchmark} measures a backbone's features, {checkpoint} is a network of {source.method}: use benchmarks of that"
            )
        return source
    reads = build_backbone(source.backbone, width=source.width).input
    if reads not in inputs_of(module):
        raise UserError(f"{benchmark} measures networks that read {' or '.join(inputs_of(module))}s, {source.backbone} reads {reads}s")
    return source


@contextmanager
def _writable(out: Path) -> Iterator[None]:
    """Finds out before the work that `out` can be written, and leaves no empty file behind when the work fails."""
    results.append(out, [])
    try:
        yield
    finally:
        if out.stat().st_size == 0:
            out.unlink()


def save_pictures(done: Evaluation, folder: Path) -> None:
    """Write `<benchmark>__<method>__seed<k>__<i>.png` for every picture, its title inside as PNG text."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for i, (title, picture) in enumerate(done.pictures):
            method = _file_name(done.source.method)
            note = PngInfo()
            note.add_text("Title", title)
            Image.fromarray(picture).save(folder / f"{done.benchmark}__{method}__seed{done.source.seed}__{i}.png", pnginfo=note)
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error.strerror}): give --out a place that you can write to") from error


def save_items(done: Evaluation, folder: Path) -> None:
    """Write `<benchmark>__<method>__seed<k>.json`, the values of single items, for paired tests; nothing where there are none."""
    if not done.per_item:
        return
    facts = {
        "benchmark": done.benchmark,
        "protocol": done.protocol,
        "method": done.source.method,
        "seed": done.source.seed,
        "checkpoint": str(done.source.checkpoint or ""),
        "data": dict(done.data),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{done.benchmark}__{_file_name(done.source.method)}__seed{done.source.seed}.json"
        path.write_text(json.dumps(facts | {"metrics": done.per_item}))
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error.strerror}): give --out a place that you can write to") from error


def _file_name(method: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", method)


def _headline(rows: list[Result]) -> str:
    """The method's own numbers at its best stage, over all parts, or at the only stage."""
    own = [row for row in rows if row.method == rows[0].method]
    best = [row for row in own if row.stage in ("best", "all")] or own
    values = [f"{row.metric} {row.value:.3g}{'' if row.unit == '1' else ' ' + row.unit}" for row in best]
    return ", ".join(value if row.stage == best[0].stage else f"{row.stage} {value}" for row, value in zip(best, values, strict=True))
