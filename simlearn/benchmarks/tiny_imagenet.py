"""Tiny ImageNet classification: a linear probe and nearest neighbours on every stage of the backbone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.features import as_tensor, device, pooled_stages
from simlearn.benchmarks.metrics import top_k
from simlearn.benchmarks.probes import Scaler, fit_logistic, held_out, knn_scores, logits
from simlearn.benchmarks.source import SUPERVISED, Source
from simlearn.benchmarks.supervised import Classifier, Training, train_supervised
from simlearn.datasets.tiny_imagenet import TinyImageNet
from training.backbones import Backbone
from training.images import to_input

DATA_SET = "tiny_imagenet"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`penalties`: candidates for the L2 weight of the linear probe. `folds` of the training images choose among them and among stages."""

    grid: int = 2
    penalties: tuple[float, ...] = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
    folds: int = 5
    neighbours: int = 20
    temperature: float = 0.07
    supervised_epochs: int = 30


SETTINGS = Settings()
QUICK = Settings(penalties=(1e-2, 1e-1, 1.0), supervised_epochs=8)
PROTOCOL = (
    "Tiny ImageNet, {classes} classes, {train} training and {test} validation images of 64x64; frozen features of each stage averaged "
    "over a 2x2 grid. Linear: standardised by training statistics, multinomial logistic regression with L2, its weight chosen on every "
    "5th training image of a class, then refitted on all. kNN: k = 20, T = 0.07, cosine. Stage 'best' is chosen by 5-fold "
    "cross-validation on the training images, never on validation. 'supervised': the same backbone trained from scratch on the training "
    "labels, with random shifts and flips."
)
Scores = dict[str, float]


def evaluate(source: Source, request: Request) -> Evaluation:
    settings = QUICK if request.quick else SETTINGS
    train, test = TinyImageNet(request.root, "train"), TinyImageNet(request.root, "val")
    protocol = PROTOCOL.format(classes=len(train.wnids), train=len(train), test=len(test))
    fingerprint = train.fingerprint() + test.fingerprint()
    backbone, classifier = source.load(), None
    if source.method == SUPERVISED:
        images = torch.from_numpy(np.stack([train[i]["rgb"] for i in range(len(train))])).permute(0, 3, 1, 2).contiguous()
        learner = Classifier(source.fresh_backbone(num_classes=len(train.wnids)))
        data = [{"rgb": image, "class": torch.tensor(label)} for image, label in zip(images, train.classes, strict=True)]
        training = Training(samples=settings.supervised_epochs * len(data), batch_size=64, seed=source.seed)
        source = source.cost(training.samples, train_supervised(learner, data, training, request))
        backbone = classifier = learner.backbone
    result = Evaluation(
        benchmark="tiny_imagenet",
        protocol=protocol,
        source=source,
        settings=settings,
        quick=request.quick,
        data={"name": "tiny_imagenet", "fingerprint": fingerprint},
    )
    measure(result, backbone, train, test, settings, request.say)
    if classifier is not None:
        scores = classifier_scores(classifier, [test[i]["rgb"] for i in range(len(test))])
        result.add({"classifier_top1": 100 * top_k(scores, test.classes)}, stage="fc", n=len(test))
    return result


def measure(
    result: Evaluation, backbone: Backbone, train: TinyImageNet, test: TinyImageNet, settings: Settings, say: Callable[[str], None]
) -> None:
    """Adds the rows of every stage and of the one that held-out training images choose."""
    images = [sample["rgb"] for part in (train, test) for sample in (part[i] for i in range(len(part)))]
    features = pooled_stages(backbone, images, grid=settings.grid, say=say)
    classes = np.array(train.classes)
    outcomes: dict[str, dict[str, tuple[float, float]]] = {"linear_top1": {}, "knn_top1": {}}
    for stage, both in features.items():
        x, y = both[: len(train)], both[len(train) :]
        penalty, found, value = linear(x, classes, y, np.array(test.classes), len(train.wnids), settings)
        outcomes["linear_top1"][stage] = (found, value)
        outcomes["knn_top1"][stage] = neighbours(x, classes, y, np.array(test.classes), len(train.wnids), settings)
        values = {metric: 100 * outcomes[metric][stage][1] for metric in outcomes}
        for metric, notes in (("linear_top1", {"penalty": penalty}), ("knn_top1", {})):
            result.add({metric: values[metric]}, stage=stage, n=len(test), chosen=notes)
        say(f"{stage}: linear {values['linear_top1']:.1f} %, kNN {values['knn_top1']:.1f} %")
    for metric, by_stage in outcomes.items():
        stage = best_stage({name: found for name, (found, _) in by_stage.items()})
        result.add({metric: 100 * by_stage[stage][1]}, stage="best", n=len(test), chosen={"stage": stage})


def best_stage(found: Mapping[str, float]) -> str:
    """The stage with the highest held-out accuracy, the earlier of equals."""
    return max(found, key=lambda stage: found[stage])


def linear(
    x: Tensor, classes: NDArray[np.int64], y: Tensor, test_classes: NDArray[np.int64], count: int, settings: Settings
) -> tuple[float, float, float]:
    """(penalty, chosen on the first fold; its cross-validated accuracy; the test accuracy of the probe refitted on all features)."""
    targets = torch.from_numpy(classes)

    def accuracy(penalty: float, fold: int) -> float:
        held = torch.from_numpy(held_out(classes, settings.folds, fold))
        scale = Scaler.of(x[~held])
        return top_k(logits(fit_logistic(scale(x[~held]), targets[~held], count, penalty), scale(x[held])), classes[held.numpy()])

    found = {penalty: accuracy(penalty, 0) for penalty in settings.penalties}
    best = max(found, key=lambda penalty: (found[penalty], penalty))
    validated = float(np.mean([found[best], *(accuracy(best, fold) for fold in range(1, settings.folds))]))
    scale = Scaler.of(x)
    return best, validated, top_k(logits(fit_logistic(scale(x), targets, count, best), scale(y)), test_classes)


def neighbours(
    x: Tensor, classes: NDArray[np.int64], y: Tensor, test_classes: NDArray[np.int64], count: int, settings: Settings
) -> tuple[float, float]:
    """(cross-validated accuracy on the training features, accuracy on the test features) of the nearest neighbours."""
    targets = torch.from_numpy(classes)
    options = {"k": settings.neighbours, "temperature": settings.temperature}
    found = []
    for fold in range(settings.folds):
        held = torch.from_numpy(held_out(classes, settings.folds, fold))
        found.append(top_k(knn_scores(x[~held], targets[~held], x[held], count, **options), classes[held.numpy()]))  # type: ignore[arg-type]
    return float(np.mean(found)), top_k(knn_scores(x, targets, y, count, **options), test_classes)  # type: ignore[arg-type]


@torch.inference_mode()
def classifier_scores(backbone: Backbone, images: list[NDArray[np.uint8]], batch: int = 100) -> NDArray[np.float32]:
    """Logits float32 [N, classes] of the supervised network's own classifier."""
    backbone = backbone.eval().to(device())
    parts = [
        backbone.classify(to_input(torch.stack([as_tensor(image) for image in images[i : i + batch]]).to(device())))  # type: ignore[operator]
        for i in range(0, len(images), batch)
    ]
    return torch.cat(parts).cpu().numpy()
