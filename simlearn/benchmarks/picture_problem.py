"""What benchmarks of classification have in common: pictures with labels, which of them train and test, and their features.

Pictures that cannot be read take no part; they are counted and named, as is what a data set's lists promise and its folder lacks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from numpy.typing import NDArray
from torch import Tensor

from scenes.errors import UserError
from simlearn.benchmarks.evaluation import Request
from simlearn.benchmarks.feature_cache import FeatureCache, Features, Key, names_digest, weights_digest
from simlearn.benchmarks.features import as_tensor, pooled_stages
from training.backbones import Backbone

BATCH = 100
READERS = 4
"""Threads that decode the next pictures while the network is at work on the last ones."""
SHOWN = 5
Rgb = NDArray[np.uint8]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Round:
    """Rows of the pictures that train, and of those that test."""

    train: Rows
    test: Rows


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Labelled pictures. `read(row)` gives one as uint8 [H, W, 3], all of one size, or raises UserError; `prepared` says how it is made so.

    `labels`: int64 [N] of classes, or int8 [N, C] of 1, 0 (difficult) and -1 where a picture has several. `rounds`: how they are split,
    once or several times. `faults`: a sentence for everything that the data set lacks, or has too much.
    """

    name: str
    names: tuple[str, ...]
    labels: NDArray[Any]
    class_names: tuple[str, ...]
    read: Callable[[int], Rgb]
    prepared: str
    rounds: tuple[Round, ...]
    fingerprint: str
    faults: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def facts(self, left_out: Mapping[int, str]) -> dict[str, str]:
        """What a row's `data` says: name, fingerprint and, where there is something amiss, that."""
        facts = {"name": self.name, "fingerprint": self.fingerprint}
        if left_out:
            shown = [f"{self.names[row]} ({why})" for row, why in islice(left_out.items(), SHOWN)]
            more = f" and {len(left_out) - SHOWN} more" if len(left_out) > SHOWN else ""
            facts["left_out"] = f"{len(left_out)} of {len(self)} pictures: {', '.join(shown)}{more}"
            facts["scored"] = f"{len(self) - len(left_out)} of {len(self)}"
        return facts | ({"faults": "; ".join(self.faults)} if self.faults else {})

    def without(self, rows: Iterable[int]) -> Problem:
        """The same without these rows in any round. UserError for a round with nothing to train or to test on."""
        gone = np.array(sorted(rows), dtype=np.int64)
        rounds = tuple(Round(np.setdiff1d(r.train, gone), np.setdiff1d(r.test, gone)) if len(gone) else r for r in self.rounds)
        if not rounds or any(not len(r.train) or not len(r.test) for r in rounds):
            raise UserError(f"{self.name} has no picture that can be read to train or to test on: restore the data set")
        return replace(self, rounds=rounds)

    def compact(self) -> Problem:
        """The same with no other pictures than those that take part in a round."""
        rows = np.unique(np.concatenate([np.concatenate([r.train, r.test]) for r in self.rounds]))
        if len(rows) == len(self):
            return self
        rounds = tuple(Round(np.searchsorted(rows, r.train), np.searchsorted(rows, r.test)) for r in self.rounds)
        names, read = tuple(self.names[row] for row in rows), self.read
        return replace(self, names=names, labels=self.labels[rows], rounds=rounds, read=lambda row: read(int(rows[row])))


def parts(*readers: Any, size: int | None) -> dict[str, Any]:
    """The `names`, `read`, `prepared` and `fingerprint` of a Problem over all pictures of several readers, one after the other.

    `size`: pictures are resized to it on their shorter side and cut to their middle square; None: they are as stored.
    """
    starts = np.cumsum([0, *map(len, readers)])

    def read(row: int) -> Rgb:
        part = int(np.searchsorted(starts, row, side="right")) - 1
        rgb: Rgb = readers[part][row - int(starts[part])]["rgb"]
        return rgb if size is None else middle(rgb, size)

    return {
        "names": tuple(name for reader in readers for name in _names(reader)),
        "read": read,
        "prepared": "as stored" if size is None else f"shorter side {size}, bilinear without aliasing, middle {size}x{size}",
        "fingerprint": "".join(reader.fingerprint() for reader in readers),
    }


def _names(reader: Any) -> list[str]:
    """What pictures are called: their path in the data set's folder, their name in its lists, or split and number."""
    if hasattr(reader, "paths"):
        return [Path(path).relative_to(reader.folder).as_posix() for path in reader.paths]
    if hasattr(reader, "names"):
        return list(reader.names)
    return [f"{reader.split}/{number}" for number in range(len(reader))]


def middle(rgb: Rgb, size: int) -> Rgb:
    """The middle size x size of a picture whose shorter side was made `size` pixels."""
    height, width = rgb.shape[:2]
    scale = size / min(height, width)
    across, down = max(size, round(width * scale)), max(size, round(height * scale))
    left, top = (across - size) // 2, (down - size) // 2
    return as_tensor(rgb, (across, down)).permute(1, 2, 0).numpy()[top : top + size, left : left + size]


def few_of_each(classes: NDArray[np.int64], rows: Rows, most: int | None, seed: int = 0) -> Rows:
    """At most `most` of the rows of each class, drawn by `seed`, in their old order; the same whatever other classes there are."""
    if most is None:
        return rows
    kept = [
        np.random.default_rng([seed, int(value)]).permutation(rows[classes[rows] == value])[:most] for value in np.unique(classes[rows])
    ]
    return np.sort(np.concatenate(kept))


def faults_of(*readers: Any) -> tuple[str, ...]:
    """A sentence for what is listed and not there (`missing`), and for class folders that no list knows (`unlisted`)."""
    sentences = []
    for title, attribute in (("listed and not there", "missing"), ("class folders that are in no list", "unlisted")):
        found = sorted({name for reader in readers for name in getattr(reader, attribute, ())})
        if found:
            more = ", ..." if len(found) > SHOWN else ""
            sentences.append(f"{len(found)} {title}: {', '.join(found[:SHOWN])}{more}")
    return tuple(sentences)


def features_of(problem: Problem, backbone: Backbone, grid: int, request: Request) -> Features:
    """Every stage of every picture, averaged over a grid x grid partition; from the cache where they are there.

    With `request.strict`, UserError for pictures that cannot be read and for other faults of the data set.
    """
    if request.strict and problem.faults:
        raise UserError(f"{problem.name}: {'; '.join(problem.faults)}; without --strict the rest would be measured")
    facts = {
        "weights": weights_digest(backbone),
        "backbone": f"{backbone.name} {backbone.width}",
        "stages": list(backbone.stages),
        "data": problem.fingerprint,
        "pictures": names_digest(problem.names),
        "prepared": problem.prepared,
        "grid": grid,
        "versions": f"torch {torch.__version__}, pillow {PIL.__version__}",
    }
    cache = FeatureCache(request.cache, say=request.say)
    found = cache.get(Key(facts), len(problem), lambda: _extract(problem, backbone, grid, request.say))
    if found.left_out:
        account = problem.facts(found.left_out)["left_out"]
        if request.strict:
            raise UserError(f"{account} cannot be read; without --strict the rest would be measured")
        request.say(f"left out: {account}")
    return found


def unreadable(problem: Problem, request: Request) -> dict[int, str]:
    """{row: why} of the pictures that cannot be read, each being read once. With `request.strict`, UserError for them and other faults."""
    if request.strict and problem.faults:
        raise UserError(f"{problem.name}: {'; '.join(problem.faults)}; without --strict the rest would be measured")
    left_out = {row: picture for row, picture in enumerate(_read_ahead(problem.read, len(problem))) if isinstance(picture, str)}
    if left_out and request.strict:
        raise UserError(f"{problem.facts(left_out)['left_out']} cannot be read; without --strict the rest would be measured")
    return left_out


def _extract(problem: Problem, backbone: Backbone, grid: int, say: Callable[[str], None]) -> Features:
    stages: dict[str, list[Tensor]] = {stage: [] for stage in backbone.stages}
    whole, left_out, batch = list[int](), dict[int, str](), list[Rgb]()
    for row, picture in enumerate(_read_ahead(problem.read, len(problem))):
        if isinstance(picture, str):
            left_out[row] = picture
        else:
            whole.append(row)
            batch.append(picture)
        if batch and (len(batch) == BATCH or row == len(problem) - 1):
            for stage, values in pooled_stages(backbone, batch, grid=grid, batch=BATCH, say=lambda _: None).items():
                stages[stage].append(values)
            batch.clear()
            say(f"features of {row + 1}/{len(problem)} pictures")
    if not whole:
        raise UserError(f"none of {len(problem)} pictures of {problem.name} can be read ({left_out[0]}): restore the data set")
    return Features({stage: _spread(torch.cat(values), whole, len(problem)) for stage, values in stages.items()}, left_out)


def _spread(values: Tensor, rows: Sequence[int], count: int) -> Tensor:
    """The values at their rows of `count`, zero elsewhere."""
    if len(rows) == count:
        return values
    spread = values.new_zeros(count, values.shape[1])
    spread[torch.tensor(rows)] = values
    return spread


def _read_ahead(read: Callable[[int], Rgb], count: int) -> Iterator[Rgb | str]:
    """Pictures in order, or why one cannot be read; the next ones are decoded meanwhile."""

    def attempt(row: int) -> Rgb | str:
        try:
            return read(row)
        except UserError as error:
            return str(error)

    coming = iter(range(count))
    with ThreadPoolExecutor(READERS) as pool:
        waiting = deque(pool.submit(attempt, row) for row in islice(coming, 2 * BATCH))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(attempt, row) for row in islice(coming, 1))
