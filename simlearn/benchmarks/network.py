"""A trained network as the maker of predictions for scored benchmarks."""

from __future__ import annotations

from pathlib import Path

from simlearn.benchmarks.predictions import Item, Predictor
from simlearn.benchmarks.source import Source
from simlearn.trained import Map, Trained


def network_predictor(run: Path, task: str) -> Predictor:
    """Of a run whose network predicts the task; UserError for others.

    Depth is in metres where the item's "K" is known and the network tells metres, else to scale.
    """
    network = Trained.open(run)
    network.needs(task)

    def predict(item: Item) -> Map:
        seen = item.inputs()
        if task in network.learner.pair_maps:
            return network.pair(seen["rgb"], seen["rgb_next"])[task]
        return network.maps(seen["rgb"], K=seen.get("K"))[task]

    return Predictor(source=Source.parse(run), predict=predict)
