"""What a run can be watched with while it trains: the features' worth on real pictures, from outside of the method."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from scenes.errors import UserError
from simlearn.benchmarks.features import pooled_stages
from simlearn.benchmarks.tiny_imagenet import SETTINGS, best_stage, neighbours
from simlearn.datasets.root import data_root
from simlearn.datasets.tiny_imagenet import TinyImageNet
from training.backbones import Backbone

Measure = Callable[[Backbone], Mapping[str, float]]
PROBES = ("tiny_imagenet",)


def online_probe(name: str) -> Measure:
    """A measurement of a backbone in eval mode, by the name of its data; UserError for an unknown name or data that is not there."""
    if name not in PROBES:
        raise UserError(f"there is no online probe {name!r}: known are {', '.join(PROBES)}")
    return nearest_pictures()


def nearest_pictures() -> Measure:
    """kNN (k 20, T 0.07) of every stage on Tiny ImageNet: "knn_<stage>" and "knn_best" in %, chosen as the benchmark does."""
    root = data_root()
    train, test = TinyImageNet(root, "train"), TinyImageNet(root, "val")
    images = [sample["rgb"] for part in (train, test) for sample in (part[i] for i in range(len(part)))]
    classes, truth, count = np.array(train.classes), np.array(test.classes), len(train.wnids)

    def measure(backbone: Backbone) -> Mapping[str, float]:
        if backbone.input != "image":
            raise UserError(f"the online probe tiny_imagenet measures networks that read images, {backbone.name} reads {backbone.input}s")
        place = next(backbone.parameters()).device
        features = pooled_stages(backbone, images, grid=SETTINGS.grid, say=lambda _: None)
        backbone.to(place)
        found = {s: neighbours(both[: len(train)], classes, both[len(train) :], truth, count, SETTINGS) for s, both in features.items()}
        best = best_stage({stage: held for stage, (held, _) in found.items()})
        return {f"knn_{stage}": 100 * value for stage, (_, value) in found.items()} | {"knn_best": 100 * found[best][1]}

    return measure
