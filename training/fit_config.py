"""The training loop's settings, equal for all methods."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scenes.errors import UserError
from training.budget import Budget
from training.learner import Config
from training.optimiser import OPTIMISERS

PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}
FREE_TO_CHANGE = ("workers", "checkpoint_seconds", "progress", "tensorboard", "probe_every")
"""Fields that may differ when a run is resumed, because the weights don't depend on them."""


@dataclass(frozen=True, kw_only=True)
class FitConfig(Config):
    """`lr` is the peak, reached after the part `warmup` of the budget; `clip` bounds the gradient's norm (0: no bound).

    A step sees `batch_size` samples, split evenly among `devices` processes, each of which passes its own in `accumulate` parts. `ema` > 0
    keeps an exponential moving average of the weights with this decay, which is what is saved and probed in the end. `compile` has
    torch.compile translate the losses (needs a C++ compiler, or a GPU with Triton).

    `workers` 0 loads in this process. `log_every` is in steps, `checkpoint_seconds` the time between writings of last.ckpt; `tensorboard`
    writes the logged values for TensorBoard too; `probe_every` is the part of the budget between two online probes, where one is given.
    """

    budget: Budget
    batch_size: int = 32
    accumulate: int = 1
    devices: int = 1
    optimiser: Literal["adamw", "sgd", "lars"] = "adamw"
    lr: float = 3e-3
    weight_decay: float = 0.05
    momentum: float = 0.9
    warmup: float = 0.05
    clip: float = 1.0
    ema: float = 0.0
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    compile: bool = False
    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    seed: int = 0
    workers: int = 0
    log_every: int = 10
    checkpoint_seconds: float = 60.0
    progress: bool = True
    tensorboard: bool = False
    probe_every: float = 0.1

    def __post_init__(self) -> None:
        least = {"batch_size": 1, "accumulate": 1, "devices": 1, "log_every": 1, "workers": 0, "seed": 0, "weight_decay": 0, "clip": 0}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise UserError(f"{name} must be at least {bound}, not {getattr(self, name)}")
        if not (self.lr > 0 and math.isfinite(self.lr)):
            raise UserError(f"the learning rate must be a positive number, not {self.lr}")
        if not 0 <= self.warmup < 1:
            raise UserError(f"warmup is a part of the budget in [0, 1), not {self.warmup}")
        if not 0 <= self.ema < 1:
            raise UserError(f"ema is a decay in [0, 1), with 0 for none, not {self.ema}")
        if not 0 < self.probe_every <= 1:
            raise UserError(f"probe_every is a part of the budget in (0, 1], not {self.probe_every}")
        if self.batch_size % (self.devices * self.accumulate):
            raise UserError(
                f"a batch of {self.batch_size} can't be split evenly among {self.devices} devices in {self.accumulate} parts each: "
                f"choose a multiple of {self.devices * self.accumulate}"
            )
        for name, known in (("precision", tuple(PRECISIONS)), ("optimiser", OPTIMISERS)):
            if getattr(self, name) not in known:
                raise UserError(f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}")
