"""Networks that answer for every pixel, from scratch: optical flow, depth and its kin, the camera's motion.

Owns: their architectures, sizes, losses and views. Does not own: the fit loop, benchmarks, files of predictions. To add one: write the
file and add its line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenes.errors import UserError
from scenes.registry import Registry
from training.dense.base import Dense

DENSE = Registry(
    "task",
    {
        "flow": "training.dense.flow:Flow",
        "dense": "training.dense.maps:Maps",
    },
)


def build_dense(name: str, config: Mapping[str, Any] | object | None = None) -> Dense:
    """The network of a task. `config`: its Config, a (nested) mapping of its fields, or None for its defaults.

    Weights are drawn from torch's global generator (wrap the call in `training.seeds.seeded`).
    """
    learner: type[Dense] = DENSE[name]
    if config is None or isinstance(config, Mapping):
        config = learner.Config.from_dict(config or {})
    if not isinstance(config, learner.Config):
        raise UserError(f"task {name!r} takes a {learner.Config.__qualname__}, not a {type(config).__qualname__}")
    dense = learner(config)
    dense.name = name
    return dense
