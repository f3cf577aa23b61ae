"""PASCAL VOC 2007 classification: a linear SVM for each class on frozen features, by average precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from scenes.errors import UserError
from simlearn.benchmarks.classification import Prepared, best_stage
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.features import as_tensor
from simlearn.benchmarks.linear_svm import average_precision, average_precision_11, choose_costs, fit_chosen, with_bias
from simlearn.benchmarks.picture_problem import Problem, Round, faults_of, features_of, parts
from simlearn.benchmarks.source import SUPERVISED, Source
from simlearn.benchmarks.supervised import Classifier, Training, train_supervised
from simlearn.datasets.pictures import Whole
from simlearn.datasets.voc2007 import CLASSES, VOC2007, read_annotation
from simlearn.sources import kept
from training.images import to_input

DATA_SET = "voc2007"
ON_REQUEST = True
PUBLISHED_COSTS = tuple(sorted({*(2.0**k for k in range(-19, -3)), *(10.0**k for k in range(-7, 3))}))
"""2^-19 ... 2^-4 and 10^-7 ... 10^2 (Goyal et al. 2019)."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`size`: side of the input. `costs`: candidates of the SVM's C; `folds` of trainval choose among them, for each class."""

    size: int = 224
    grid: int = 2
    costs: tuple[float, ...] = PUBLISHED_COSTS
    folds: int = 3
    supervised_epochs: int = 30


SETTINGS = Settings()
QUICK = Settings(size=112, costs=(0.01, 0.1), supervised_epochs=8)
PROTOCOL = (
    "PASCAL VOC 2007 classification, {train} trainval and {test} test pictures of 20 classes, {prepared}; frozen features of each stage "
    "averaged over a {grid}x{grid} grid, of unit length. A linear SVM for each class against the rest (squared hinge, positives weigh "
    "2, bias regularised), C of {costs} values from {low:.2g} to {high:g} by {folds}-fold cross-validated average precision on "
    "trainval; a picture whose objects of a class are all difficult is a negative in training and takes no part in the test of that "
    "class, as in the published code. svm_map: mean over classes of the 11-point average precision of the VOC 2007 devkit; "
    "svm_map_area: of the area under the interpolated curve. Stage 'best' has the highest cross-validated mean, never that of the test. "
    "'supervised': the same backbone trained from scratch on trainval's labels, with random shifts and flips."
)


def load(root: Path | None, settings: Settings) -> Problem:
    """Trainval trains, test tests. A picture with a broken annotation takes no part and is one of the faults."""
    readers = [VOC2007(root, "trainval"), VOC2007(root, "test")]
    labels, broken = list[NDArray[np.int8]](), dict[int, str]()
    for path in (reader.annotation(name) for reader in readers for name in reader.names):
        try:
            labels.append(read_annotation(path)["labels"])
        except UserError as error:
            broken[len(labels)] = str(error)
            labels.append(np.zeros(len(CLASSES), dtype=np.int8))
    train = np.arange(len(readers[0]))
    problem = Problem(
        name=DATA_SET,
        labels=np.stack(labels),
        class_names=CLASSES,
        rounds=(Round(train, len(train) + np.arange(len(readers[1]))),),
        faults=(*faults_of(*readers), *broken.values()),
        **parts(*readers, size=settings.size),
    )
    return problem.without(broken).compact()


def evaluate(source: Source, request: Request) -> Evaluation:
    settings = QUICK if request.quick else SETTINGS
    problem = load(request.root, settings)
    backbone = source.load()
    if source.method == SUPERVISED:
        learner = ManyLabels(source.fresh_backbone(num_classes=len(CLASSES)))
        data: Any = kept(Whole(Labelled(problem, problem.rounds[0].train), problem.name), True)
        training = Training(samples=settings.supervised_epochs * len(data), batch_size=64, seed=source.seed)
        source = source.cost(training.samples, train_supervised(learner, data, training, request))
        backbone = learner.backbone
    features = features_of(problem, backbone, settings.grid, request)
    problem = problem.without(features.left_out)
    split = problem.rounds[0]
    protocol = PROTOCOL.format(
        train=len(split.train),
        test=len(split.test),
        prepared=problem.prepared,
        grid=settings.grid,
        costs=len(settings.costs),
        low=min(settings.costs),
        high=max(settings.costs),
        folds=settings.folds,
    )
    data_facts = problem.facts(features.left_out)
    result = Evaluation(benchmark="voc2007_svm", protocol=protocol, source=source, settings=settings, quick=request.quick, data=data_facts)
    measure(result, problem, features.stages, settings, request.say)
    return result


def measure(result: Evaluation, problem: Problem, stages: Mapping[str, Tensor], settings: Settings, say: Callable[[str], None]) -> None:
    """Adds the rows of every stage and of the one that cross-validation chooses. A class without a positive in either part is left out."""
    split = problem.rounds[0]
    known, truth = problem.labels[split.train], problem.labels[split.test]
    counted = np.flatnonzero(((known == 1).sum(0) >= settings.folds) & ((truth == 1).sum(0) > 0))
    if not len(counted):
        raise UserError(
            f"no class of {problem.name} has {settings.folds} pictures to train on and one to test on: unpack both archives again"
        )
    signs = torch.from_numpy(np.where(known[:, counted] == 1, 1.0, -1.0))
    validated, values = dict[str, float](), dict[str, dict[str, float]]()
    for stage, features in stages.items():
        x, y = with_bias(features[torch.from_numpy(split.train)]), with_bias(features[torch.from_numpy(split.test)])
        costs, found = choose_costs(x, signs, settings.costs, settings.folds)
        scores = (y @ fit_chosen(x, signs, costs)).numpy()
        validated[stage], values[stage] = float(found.mean()), mean_precisions(scores, truth[:, counted])
        chosen = {"cost": dict(zip((CLASSES[k] for k in counted), costs.tolist(), strict=True))}
        result.add(values[stage], stage=stage, n=len(split.test), chosen=chosen)
        say(f"{stage}: mAP {values[stage]['svm_map']:.1f} %")
    best = best_stage(validated)
    result.add(values[best], stage="best", n=len(split.test), chosen={"stage": best, "classes": len(counted)})


def mean_precisions(scores: NDArray[np.float64], labels: NDArray[np.int8]) -> dict[str, float]:
    """{"svm_map", "svm_map_area"} in % of scores [N, K] and labels [N, K] of 1, 0 (takes no part) and -1."""
    columns = [(scores[labels[:, k] != 0, k], labels[labels[:, k] != 0, k] == 1) for k in range(labels.shape[1])]
    measures = {"svm_map": average_precision_11, "svm_map_area": average_precision}
    return {name: 100 * float(np.mean([measure(*column) for column in columns])) for name, measure in measures.items()}


class Labelled(Prepared):
    """Rows as a learner reads them, with "class" int8 [20]."""

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        row = int(self._rows[index])
        return {"rgb": as_tensor(self._problem.read(row)), "class": torch.from_numpy(self._problem.labels[row])}


class ManyLabels(Classifier):
    """Binary cross entropy of every class by itself; difficult ones are left out."""

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        scores = self.backbone.classify(to_input(batch["rgb"]))
        known = batch["class"] != 0
        return {"loss": F.binary_cross_entropy_with_logits(scores[known], (batch["class"][known] > 0).float())}
