"""Classification by the whole network, trained further on the training pictures; the learning rate is chosen on a held-out part of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from simlearn.benchmarks import tiny_imagenet
from simlearn.benchmarks.classification import binomial_interval, classifier_scores, prepared
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.features import device
from simlearn.benchmarks.metrics import top_k
from simlearn.benchmarks.picture_problem import Problem, Rows, unreadable
from simlearn.benchmarks.probes import held_out
from simlearn.benchmarks.source import Source
from simlearn.benchmarks.supervised import Classifier
from training.backbones import Backbone
from training.budget import Budget
from training.fit import FitConfig, fit


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`rates`: candidates for the peak learning rate of AdamW; one training picture of a class in `held_out_every` chooses among them."""

    rates: tuple[float, ...] = (3e-4, 1e-3, 3e-3)
    held_out_every: int = 5
    epochs: int = 30
    batch_size: int = 64


PROTOCOL = (
    "{name}, {classes} classes, fine-tuned: the whole network and a new classifier trained on {train} pictures for {epochs} epochs with "
    "random shifts and flips (AdamW, batches of {batch}), peak learning rate of {rates} chosen on every {every}th training picture of a "
    "class, then trained again on all; {test} test pictures. 'random' and 'supervised' are the network trained from scratch in the same "
    "way."
)


@dataclass(frozen=True, kw_only=True)
class FineTune:
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
        left_out = unreadable(problem, request)
        problem = problem.without(left_out)
        train, test = problem.rounds[0].train, problem.rounds[0].test
        held = held_out(problem.labels[train], settings.held_out_every)
        found = {}
        for rate in settings.rates:
            tuned = _tune(problem, train[~held], source, settings, request, rate, f"chosen-{rate:g}")
            found[rate] = _accuracy(tuned, problem, train[held])
            request.say(f"learning rate {rate:g}: {100 * found[rate]:.1f} % of held-out training pictures")
        best = max(found, key=lambda rate: found[rate])
        value = _accuracy(_tune(problem, train, source, settings, request, best, "all"), problem, test)
        protocol = PROTOCOL.format(
            name=problem.name,
            classes=len(problem.class_names),
            train=len(train),
            test=len(test),
            epochs=settings.epochs,
            batch=settings.batch_size,
            rates=", ".join(f"{rate:g}" for rate in settings.rates),
            every=settings.held_out_every,
        )
        data = problem.facts(left_out)
        result = Evaluation(benchmark=self.name, protocol=protocol, source=source, settings=settings, quick=request.quick, data=data)
        interval = binomial_interval(round(value * len(test)), len(test))
        result.add({"finetune_top1": 100 * value}, stage="fc", n=len(test), chosen={"lr": best}, interval=interval)
        return result


def _tune(problem: Problem, rows: Rows, source: Source, settings: Settings, request: Request, rate: float, tag: str) -> Backbone:
    """The source's network with a new classifier, trained on the rows."""
    backbone = source.fresh_backbone(num_classes=len(problem.class_names))
    own = backbone.state_dict()
    with torch.no_grad():
        for name, values in source.load().state_dict().items():
            own[name].copy_(values)
    learner, data = Classifier(backbone), prepared(problem, rows)
    config = FitConfig(
        budget=Budget(samples=settings.epochs * len(rows)),
        batch_size=settings.batch_size,
        seed=source.seed,
        lr=rate,
        checkpoint_seconds=1e9,
    )
    any_data: Any = data
    fit(learner, any_data, config, request.work / f"finetune-{tag}", title=f"fine-tuning, learning rate {rate:g}")
    return learner.eval().to(device()).backbone


def _accuracy(backbone: Backbone, problem: Problem, rows: Rows) -> float:
    return top_k(classifier_scores(backbone, [problem.read(row) for row in rows.tolist()]), problem.labels[rows])


TINY_IMAGENET = FineTune(
    name="tiny_imagenet_finetune",
    title="Tiny ImageNet by fine-tuning the whole network; the learning rate is chosen on held-out training pictures.",
    DATA_SET="tiny_imagenet",
    SETTINGS=Settings(),
    QUICK=Settings(rates=(1e-3, 3e-3), epochs=5),
    load=tiny_imagenet.load,
)
