"""The contract of a pretext: a learner around a backbone.

A pretext is handed a backbone and owns neither that nor the probe: those are equal for all methods, as are budget and optimiser.
"""

from __future__ import annotations

from typing import Any, ClassVar

from training.backbones.base import Backbone, Input
from training.learner import Learner


class Pretext(Learner):
    """One self-supervised method around a backbone. `name` is its registered name, set by `build_pretext`."""

    kind = "pretext"
    inputs: ClassVar[tuple[Input, ...]] = ("image",)
    """Backbones it can be trained around, by what they read."""

    def __init__(self, backbone: Backbone, config: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.config = config

    def description(self) -> dict[str, Any]:
        return {"pretext": self.name, "pretext_config": self.config.to_dict(), **self.backbone.description()}
