"""Classification from few examples: a linear probe on 1, 2, 4, ... training pictures of a class, drawn several times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scenes.errors import UserError
from simlearn.benchmarks import tiny_imagenet
from simlearn.benchmarks.classification import Classes, best_stage, mean_interval, train_reference
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.metrics import top_k
from simlearn.benchmarks.picture_problem import Problem, Rows, features_of, few_of_each
from simlearn.benchmarks.probes import Scaler, fit_logistic, logits
from simlearn.benchmarks.source import SUPERVISED, Source


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`shots` of each class train, `draws` times. `penalties` and stages are chosen on `judged` other training pictures of each class."""

    grid: int = 2
    shots: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    draws: int = 5
    penalties: tuple[float, ...] = (1e-2, 1e-1, 1.0, 10.0)
    judged: int = 20
    supervised_epochs: int = 30


PROTOCOL = (
    "{name}, {classes} classes, low-shot: {shots} training pictures of each class, {draws} draws, within a draw the fewer among the more; "
    "{test} test pictures. Frozen features of each stage averaged over a {grid}x{grid} grid, standardised by the pictures that train, "
    "multinomial logistic regression with L2. Its weight and the stage 'best' are chosen, for each number of pictures, on at most {judged} "
    "training pictures of each class that no draw has (more labels than the probe is trained on), never on the test. Means over the draws "
    "with the 95 % interval of Student's t. 'supervised': features of the same backbone trained from scratch on all training labels."
)


@dataclass(frozen=True, kw_only=True)
class LowShot:
    """A benchmark of the first round of a problem. `load` reads its pictures."""

    name: str
    title: str
    DATA_SET: str
    SETTINGS: Settings
    QUICK: Settings
    load: Callable[[Path | None], Problem]
    ON_REQUEST: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.title)

    def evaluate(self, source: Source, request: Request) -> Evaluation:
        settings = self.QUICK if request.quick else self.SETTINGS
        problem = self.load(request.root).compact()
        backbone = source.load()
        if source.method == SUPERVISED:
            backbone, source = train_reference(problem, source, settings.supervised_epochs, request, flip=True)
        features = features_of(problem, backbone, settings.grid, request)
        problem = problem.without(features.left_out)
        draws, judged, shots = draw(problem.labels, problem.rounds[0].train, settings)
        protocol = PROTOCOL.format(
            name=problem.name,
            classes=len(problem.class_names),
            shots=", ".join(map(str, shots)),
            draws=settings.draws,
            test=len(problem.rounds[0].test),
            grid=settings.grid,
            judged=settings.judged,
        )
        result = Evaluation(
            benchmark=self.name,
            protocol=protocol,
            source=source,
            settings=settings,
            quick=request.quick,
            data=problem.facts(features.left_out),
        )
        for count in shots:
            _measure(result, problem, features.stages, {k: rows[count] for k, rows in enumerate(draws)}, judged, count, settings)
            request.say(f"{count} pictures a class: {result.rows[-1].value:.1f} %")
        return result


def draw(labels: Classes, train: Rows, settings: Settings) -> tuple[list[dict[int, Rows]], Rows, list[int]]:
    """({pictures of a class: rows} of each draw, rows that choose, the numbers of pictures that all classes have enough of).

    Within a draw the rows of a smaller number are among those of a larger one; the rows that choose are in no draw. UserError where a
    class has too few pictures for any number.
    """
    classes = np.unique(labels[train])
    judged = few_of_each(labels, train, min(settings.judged, int(np.bincount(labels[train])[classes].min()) // 3))
    left = np.setdiff1d(train, judged)
    enough = int(np.bincount(labels[left], minlength=len(classes))[classes].min())
    shots = [count for count in settings.shots if count <= enough]
    if not shots or not len(judged):
        raise UserError(f"a class has only {enough} training pictures beside those that choose a probe: add more")
    draws = []
    for number in range(settings.draws):
        orders = [np.random.default_rng([number + 1, int(value)]).permutation(left[labels[left] == value]) for value in classes]
        draws.append({count: np.sort(np.concatenate([order[:count] for order in orders])) for count in shots})
    return draws, judged, shots


def _measure(
    result: Evaluation,
    problem: Problem,
    stages: Mapping[str, Tensor],
    draws: Mapping[int, Rows],
    judged: Rows,
    count: int,
    settings: Settings,
) -> None:
    """Rows of one number of pictures: of every stage, and of the one that does best on the pictures that choose."""
    metric, test = f"low_shot_{count}", problem.rounds[0].test
    found, values = dict[str, float](), dict[str, NDArray[np.float64]]()
    for stage, features in stages.items():
        tried = {penalty: _accuracies(features, problem, draws, (judged, test), penalty) for penalty in settings.penalties}
        penalty = max(tried, key=lambda p: (tried[p][:, 0].mean(), p))
        found[stage], values[stage] = float(tried[penalty][:, 0].mean()), 100 * tried[penalty][:, 1]
        _add(result, metric, stage, values[stage], len(test), {"penalty": penalty})
    best = best_stage(found)
    _add(result, metric, "best", values[best], len(test), {"stage": best})


def _add(result: Evaluation, metric: str, stage: str, values: NDArray[np.float64], n: int, chosen: Mapping[str, Any]) -> None:
    result.add({metric: float(values.mean())}, stage=stage, n=n, chosen=chosen, interval=mean_interval(values.tolist()))


def _accuracies(
    features: Tensor, problem: Problem, draws: Mapping[int, Rows], tested: tuple[Rows, Rows], penalty: float
) -> NDArray[np.float64]:
    """Of the probe of each draw on each set of rows: float64 [draws, 2]."""
    values = []
    for rows in draws.values():
        x, classes = features[torch.from_numpy(rows)], torch.from_numpy(problem.labels[rows])
        scale = Scaler.of(x)
        model = fit_logistic(scale(x), classes, len(problem.class_names), penalty)
        values.append([top_k(logits(model, scale(features[torch.from_numpy(part)])), problem.labels[part]) for part in tested])
    return np.array(values)


TINY_IMAGENET = LowShot(
    name="tiny_imagenet_low_shot",
    title="Tiny ImageNet from 1 to 32 training pictures of a class, five draws: a linear probe on every stage.",
    DATA_SET="tiny_imagenet",
    SETTINGS=Settings(),
    QUICK=Settings(shots=(1, 8), draws=3, penalties=(1e-1, 1.0), supervised_epochs=8),
    load=tiny_imagenet.load,
)
