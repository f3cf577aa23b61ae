"""Classification by frozen features: a linear probe and nearest neighbours on every stage of the backbone, for pictures of any data set.

What is chosen (the probe's L2 weight, the best stage) is chosen by cross-validation on the training pictures, never on the test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor
from torch.utils.data import Dataset

from scenes.errors import UserError
from simlearn.benchmarks.evaluation import Evaluation, Picture, Request
from simlearn.benchmarks.features import as_tensor, device
from simlearn.benchmarks.metrics import top_k
from simlearn.benchmarks.picture_problem import Problem, Rgb, Rows, features_of
from simlearn.benchmarks.probes import Scaler, fit_logistic, held_out, knn_scores, logits
from simlearn.benchmarks.source import SUPERVISED, Source
from simlearn.benchmarks.supervised import Classifier, Training, train_supervised
from simlearn.datasets.pictures import Whole
from simlearn.datasets.root import Finding
from simlearn.sources import kept
from simlearn.statistics import Interval
from training.backbones import Backbone
from training.images import to_input

CONFIDENCE = 0.95
SIMILARITIES = 20_000_000
"""Numbers that nearest neighbours hold at a time."""
Classes = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`penalties`: candidates for the L2 weight of the linear probe. `folds` of the training images choose among them and among stages."""

    grid: int = 2
    penalties: tuple[float, ...] = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
    folds: int = 5
    neighbours: int = 20
    temperature: float = 0.07
    supervised_epochs: int = 30


@dataclass(frozen=True, kw_only=True)
class DrawnSettings(Settings):
    """`size`: pictures are made so large (None: as stored). At most so many of a class train and test (None: all); there are `rounds` of
    such splits, each drawn by its number."""

    size: int | None = None
    train_per_class: int | None = None
    test_per_class: int | None = None
    rounds: int = 1


PROTOCOL = (
    "{what}; frozen features of each stage averaged over a {grid}x{grid} grid. Linear: standardised by training statistics, multinomial "
    "logistic regression with L2, its weight chosen on every {folds}th training image of a class, then refitted on all. kNN: k = {k}, "
    "T = {t:g}, cosine. {rounds}Stage 'best' is chosen by {folds}-fold cross-validation on the training images, never on {test}. "
    "'supervised': the same backbone trained from scratch on the training labels, with random {views}."
)


@dataclass(frozen=True, kw_only=True)
class Classification:
    """A benchmark of classification. `load` reads its pictures; `what` words them, with {classes}, {train} and {test} (counts of a round)
    and {rounds}; `test` is what the test is called.

    `class_mean` adds the mean over classes of the part recognised. `flip`: whether a mirrored picture is of the same class. `show` draws
    pictures for the report from the network and what is known of the problem.
    """

    name: str
    title: str
    settings: Settings
    quick: Settings
    load: Callable[[Path | None, Any], Problem]
    what: str
    test: str = "the test"
    class_mean: bool = False
    flip: bool = True
    ON_REQUEST: bool = False
    show: Callable[[Backbone, Problem, Mapping[str, Tensor], str], Sequence[Picture]] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.title)

    @property
    def DATA_SET(self) -> str:
        return self.name

    @property
    def SETTINGS(self) -> Settings:
        return self.settings

    @property
    def QUICK(self) -> Settings:
        return self.quick

    def found(self, root: Path | None) -> Finding:
        """Whether the pictures that train and test are there."""
        try:
            problem = self.load(root, self.settings)
        except UserError as error:
            return Finding(present=False, text=str(error))
        return Finding(present=True, text=f"{len(problem.class_names)} classes, {len(problem)} images")

    def evaluate(self, source: Source, request: Request) -> Evaluation:
        settings = self.quick if request.quick else self.settings
        problem = self.load(request.root, settings).compact()
        backbone, supervised = source.load(), source.method == SUPERVISED
        if supervised:
            # In another round its training pictures would be among the tested ones.
            problem = replace(problem, rounds=problem.rounds[:1]).compact()
            backbone, source = train_reference(problem, source, settings.supervised_epochs, request, flip=self.flip)
        features = features_of(problem, backbone, settings.grid, request)
        problem = problem.without(features.left_out)
        result = Evaluation(
            benchmark=self.name,
            protocol=self.protocol(problem, settings),
            source=source,
            settings=settings,
            quick=request.quick,
            data=problem.facts(features.left_out),
        )
        best = measure(result, problem, features.stages, settings, request.say, class_mean=self.class_mean)
        if supervised:
            tested = problem.rounds[0].test
            scores = classifier_scores(backbone, [problem.read(row) for row in tested.tolist()])
            result.add({"classifier_top1": 100 * top_k(scores, problem.labels[tested])}, stage="fc", n=len(tested))
        if self.show is not None:
            result.pictures += self.show(backbone, problem, features.stages, best)
        return result

    def protocol(self, problem: Problem, settings: Settings) -> str:
        rounds, first = len(problem.rounds), problem.rounds[0]
        what = self.what.format(classes=len(problem.class_names), train=len(first.train), test=len(first.test), rounds=rounds)
        return PROTOCOL.format(
            what=what,
            grid=settings.grid,
            folds=settings.folds,
            k=settings.neighbours,
            t=settings.temperature,
            rounds=f"Means over {rounds} splits, with the 95 % interval of Student's t. " if rounds > 1 else "",
            test=self.test,
            views="shifts and flips" if self.flip else "shifts",
        )


class Prepared(Dataset[dict[str, Tensor]]):
    """Rows of a problem as a learner reads them: {"rgb": uint8 [3, H, W], "class": int64 []}."""

    def __init__(self, problem: Problem, rows: Rows) -> None:
        self._problem, self._rows = problem, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        row = int(self._rows[index])
        return {"rgb": as_tensor(self._problem.read(row)), "class": torch.tensor(int(self._problem.labels[row]))}


def prepared(problem: Problem, rows: Rows) -> Dataset[Any]:
    """The same in memory where it fits, damaged pictures replaced by the next."""
    return kept(Whole(Prepared(problem, rows), problem.name), True)


def train_reference(problem: Problem, source: Source, epochs: int, request: Request, *, flip: bool) -> tuple[Backbone, Source]:
    """The supervised reference of the first round, and the source with what it cost."""
    learner = Classifier(source.fresh_backbone(num_classes=len(problem.class_names)), flip=flip)
    data: Any = prepared(problem, problem.rounds[0].train)
    training = Training(samples=epochs * len(data), batch_size=64, seed=source.seed)
    source = source.cost(training.samples, train_supervised(learner, data, training, request))
    return learner.backbone, source


def measure(
    result: Evaluation,
    problem: Problem,
    stages: Mapping[str, Tensor],
    settings: Settings,
    say: Callable[[str], None],
    *,
    class_mean: bool = False,
) -> str:
    """Adds the rows of every stage and of the ones that held-out training images choose; the best stage of the linear probe."""
    chosen: dict[str, dict[str, float]] = {"linear": {}, "knn": {}}
    values: dict[str, dict[str, Outcome]] = {"linear": {}, "knn": {}}
    for stage, features in stages.items():
        tried = [_round(features, problem, number, settings) for number in range(len(problem.rounds))]
        for kind in chosen:
            chosen[kind][stage] = float(np.mean([found[kind].validated for found in tried]))
            values[kind][stage] = Outcome.of(kind, [found[kind] for found in tried], problem, class_mean=class_mean)
            values[kind][stage].add_to(result, stage, values[kind][stage].notes)
        say(f"{stage}: linear {values['linear'][stage].value:.1f} %, kNN {values['knn'][stage].value:.1f} %")
    best = {kind: best_stage(found) for kind, found in chosen.items()}
    for kind, stage in best.items():
        values[kind][stage].add_to(result, "best", {"stage": stage})
        if len(problem.rounds) == 1:
            tested = [problem.names[row] for row in problem.rounds[0].test]
            values[kind][stage].keep_items(result, tested)
    return best["linear"]


@dataclass(frozen=True)
class Tried:
    """One probe on one round: its accuracy on held-out training pictures, which test pictures it recognises, and what was chosen."""

    validated: float
    hits: NDArray[np.bool_]
    notes: Mapping[str, Any]


def _round(features: Tensor, problem: Problem, number: int, settings: Settings) -> dict[str, Tried]:
    split, count = problem.rounds[number], len(problem.class_names)
    x, y = features[torch.from_numpy(split.train)], features[torch.from_numpy(split.test)]
    classes, truth = problem.labels[split.train], problem.labels[split.test]
    if np.bincount(classes).max() < settings.folds:
        raise UserError(f"{problem.name} has fewer than {settings.folds} training pictures of every class: add more to choose a probe on")
    penalty, validated, scores = linear_scores(x, classes, y, count, settings)
    near, votes = neighbour_scores(x, classes, y, count, settings)
    return {
        "linear": Tried(validated, _hits(scores, truth), {"penalty": penalty}),
        "knn": Tried(near, _hits(votes, truth), {}),
    }


def _hits(scores: NDArray[np.float32], truth: Classes) -> NDArray[np.bool_]:
    """Which rows `top_k` counts."""
    return np.asarray((scores >= scores[np.arange(len(truth)), truth][:, None]).sum(axis=1) <= 1)


@dataclass(frozen=True)
class Outcome:
    """What one probe of one stage comes to, over the rounds, in %."""

    metrics: Mapping[str, tuple[float, Interval | None]]
    n: int
    notes: Mapping[str, Any]
    hits: NDArray[np.bool_]

    @classmethod
    def of(cls, kind: str, tried: Sequence[Tried], problem: Problem, *, class_mean: bool) -> Outcome:
        rates = [100 * float(np.mean(one.hits)) for one in tried]
        within = binomial_interval(int(tried[0].hits.sum()), len(tried[0].hits)) if len(tried) == 1 else mean_interval(rates)
        metrics = {f"{kind}_top1": (float(np.mean(rates)), within)}
        if class_mean:
            each = [_class_mean(one.hits, problem.labels[split.test]) for one, split in zip(tried, problem.rounds, strict=True)]
            metrics[f"{kind}_class_mean"] = (float(np.mean(each)), mean_interval(each))
        notes = {name: [one.notes[name] for one in tried] if len(tried) > 1 else value for name, value in tried[0].notes.items()}
        return cls(metrics, len(tried[0].hits), notes, tried[0].hits)

    @property
    def value(self) -> float:
        return next(iter(self.metrics.values()))[0]

    def add_to(self, result: Evaluation, stage: str, notes: Mapping[str, Any]) -> None:
        for metric, (value, interval) in self.metrics.items():
            result.add({metric: value}, stage=stage, n=self.n, chosen=notes, interval=interval)

    def keep_items(self, result: Evaluation, names: Sequence[str]) -> None:
        """For paired tests of two networks: which pictures are recognised, in %."""
        metric = next(iter(self.metrics))
        result.per_item[metric] = {"items": list(names), "numerator": (100.0 * self.hits).tolist(), "denominator": [1.0] * len(names)}


def _class_mean(hits: NDArray[np.bool_], truth: Classes) -> float:
    """Mean over the classes that are tested of the part of each that is recognised, in %."""
    return 100 * float(np.mean([hits[truth == value].mean() for value in np.unique(truth)]))


def binomial_interval(hits: int, count: int) -> Interval:
    """In %: what a bootstrap over the pictures tends to, whose hits are binomially distributed."""
    low, high = stats.binom.ppf([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], count, hits / count) / count
    return Interval(100 * float(low), 100 * float(high))


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Of the mean of repetitions, by Student's t; None for a single one."""
    if len(values) < 2:
        return None
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return Interval(float(np.mean(values)) - half, float(np.mean(values)) + half)


def best_stage(found: Mapping[str, float]) -> str:
    """The stage with the highest held-out accuracy, the earlier of equals."""
    return max(found, key=lambda stage: found[stage])


def linear_scores(x: Tensor, classes: Classes, y: Tensor, count: int, settings: Settings) -> tuple[float, float, NDArray[np.float32]]:
    """(penalty, chosen on the first fold; its cross-validated accuracy; the scores [N, count] of y by the probe refitted on all of x)."""
    targets = torch.from_numpy(classes)

    def accuracy(penalty: float, fold: int) -> float:
        held = torch.from_numpy(held_out(classes, settings.folds, fold))
        scale = Scaler.of(x[~held])
        return top_k(logits(fit_logistic(scale(x[~held]), targets[~held], count, penalty), scale(x[held])), classes[held.numpy()])

    found = {penalty: accuracy(penalty, 0) for penalty in settings.penalties}
    best = max(found, key=lambda penalty: (found[penalty], penalty))
    validated = float(np.mean([found[best], *(accuracy(best, fold) for fold in range(1, settings.folds))]))
    scale = Scaler.of(x)
    return best, validated, logits(fit_logistic(scale(x), targets, count, best), scale(y)).numpy()


def linear(x: Tensor, classes: Classes, y: Tensor, test_classes: Classes, count: int, settings: Settings) -> tuple[float, float, float]:
    """(penalty, its cross-validated accuracy, the test accuracy) of `linear_scores`."""
    penalty, validated, scores = linear_scores(x, classes, y, count, settings)
    return penalty, validated, top_k(scores, test_classes)


def neighbour_scores(x: Tensor, classes: Classes, y: Tensor, count: int, settings: Settings) -> tuple[float, NDArray[np.float32]]:
    """(cross-validated accuracy on the training features, the votes [N, count] for y) of the nearest neighbours."""
    targets = torch.from_numpy(classes)
    found = []
    for fold in range(settings.folds):
        held = torch.from_numpy(held_out(classes, settings.folds, fold))
        found.append(top_k(_votes(x[~held], targets[~held], x[held], count, settings), classes[held.numpy()]))
    return float(np.mean(found)), _votes(x, targets, y, count, settings).numpy()


def neighbours(x: Tensor, classes: Classes, y: Tensor, test_classes: Classes, count: int, settings: Settings) -> tuple[float, float]:
    """(cross-validated accuracy on the training features, accuracy on the test features) of the nearest neighbours."""
    validated, votes = neighbour_scores(x, classes, y, count, settings)
    return validated, top_k(votes, test_classes)


def _votes(x: Tensor, targets: Tensor, y: Tensor, count: int, settings: Settings) -> Tensor:
    some = max(1, SIMILARITIES // len(x))
    options: dict[str, Any] = {"k": settings.neighbours, "temperature": settings.temperature}
    return torch.cat([knn_scores(x, targets, part, count, **options) for part in y.split(some)])


@torch.inference_mode()
def classifier_scores(backbone: Backbone, images: Sequence[Rgb], batch: int = 100) -> NDArray[np.float32]:
    """Logits float32 [N, classes] of the supervised network's own classifier."""
    backbone = backbone.eval().to(device())
    parts = [
        backbone.classify(to_input(torch.stack([as_tensor(image) for image in images[i : i + batch]]).to(device())))
        for i in range(0, len(images), batch)
    ]
    scores: NDArray[np.float32] = torch.cat(parts).cpu().numpy()
    return scores
