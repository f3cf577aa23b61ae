"""What dense networks share."""

from __future__ import annotations

from typing import Any

from training.learner import Learner


class Dense(Learner):
    """A network with an architecture of its own, of one of the sizes "tiny" (CPUs), "small" and "base"."""

    kind = "task"

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    def description(self) -> dict[str, Any]:
        return {"task": self.name, "task_config": self.config.to_dict()}
