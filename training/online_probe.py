"""Watching the features while a method trains, from outside of it: the method doesn't know, and its weights don't depend on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import nn

from training.backbones.base import Backbone
from training.runs import Table


class OnlineProbe:
    """`measure_backbone` gives named numbers for a backbone in eval mode; each measurement is a row of `table`."""

    def __init__(self, path: Path, measure_backbone: Callable[[Backbone], Mapping[str, float]], events: Path | None = None) -> None:
        self.table = Table(path, events)
        self._measure_backbone = measure_backbone

    def measure(self, learner: nn.Module, step: int, samples: int) -> None:
        """Leaves modes and torch's generators as they were."""
        backbone = learner.backbone
        if not isinstance(backbone, Backbone):
            raise TypeError("only a learner with a backbone can be probed")
        modes = {module: module.training for module in backbone.modules()}
        states = torch.get_rng_state(), (torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [])
        try:
            with torch.no_grad():
                found = self._measure_backbone(backbone.eval())
        finally:
            for module, training in modes.items():
                module.training = training
            torch.set_rng_state(states[0])
            if states[1]:
                torch.cuda.set_rng_state_all(states[1])
        self.table.append({"step": step, "samples": samples, **found})
