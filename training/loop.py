"""The loop's settings, and its steps as a Lightning module: what happens before, in and after each."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning
import torch
from torch import Tensor, nn

from scenes.errors import UserError
from training.budget import Budget, learning_rate_factor
from training.checkpoint import save_tensors
from training.interrupt import Interrupt
from training.optimiser import build_optimiser
from training.pretexts.base import Config
from training.progress import TrainingProgress
from training.runs import CHECKPOINT_FILE, METRICS_FILE, Metrics, load_state, save_state
from training.seeds import generator, seed_global, seed_of

CULPRIT_FILE = "culprit.safetensors"
PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}
FREE_TO_CHANGE = ("workers", "checkpoint_seconds", "progress")
"""Fields of FitConfig that may differ when a run is resumed, because the result doesn't depend on them."""


@dataclass(frozen=True, kw_only=True)
class FitConfig(Config):
    """`lr` is the peak, reached after the part `warmup` of the budget; `clip` bounds the gradient's norm (0: no bound).

    `workers` 0 loads in this process. `log_every` is in steps, `checkpoint_seconds` the time between writings of last.ckpt.
    """

    budget: Budget
    batch_size: int = 32
    optimiser: Literal["adamw", "sgd"] = "adamw"
    lr: float = 1e-2
    weight_decay: float = 0.05
    momentum: float = 0.9
    warmup: float = 0.05
    clip: float = 1.0
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    seed: int = 0
    workers: int = 0
    log_every: int = 10
    checkpoint_seconds: float = 60.0
    progress: bool = True

    def __post_init__(self) -> None:
        for name, least in (("batch_size", 1), ("log_every", 1), ("workers", 0), ("seed", 0), ("weight_decay", 0), ("clip", 0)):
            if getattr(self, name) < least:
                raise UserError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if not (self.lr > 0 and math.isfinite(self.lr)):
            raise UserError(f"the learning rate must be a positive number, not {self.lr}")
        if not 0 <= self.warmup < 1:
            raise UserError(f"warmup is a part of the budget in [0, 1), not {self.warmup}")
        if self.precision not in PRECISIONS:
            raise UserError(f"precision must be one of {', '.join(PRECISIONS)}, not {self.precision!r}")


class Loop(lightning.LightningModule):
    """One run: the learner, how far it is, and its files in `out`."""

    def __init__(self, learner: nn.Module, config: FitConfig, out: Path, progress: TrainingProgress, interrupt: Interrupt) -> None:
        super().__init__()
        self.learner: Any = learner
        self.config, self.out, self.progress, self.interrupt = config, out, progress, interrupt
        self.metrics = Metrics(out / METRICS_FILE, config.log_every, config.batch_size)
        self.step, self.wait = 0, 0.0
        self._seconds_before, self._started = 0.0, math.nan
        self._saved = self._idle_since = math.nan
        self._pending: dict[str, Any] = {}
        self._parts: dict[str, Tensor] = {}

    @property
    def samples(self) -> int:
        return self.step * self.config.batch_size

    @property
    def seconds(self) -> float:
        """Wall clock of training, over all resumptions."""
        return self._seconds_before + (0.0 if math.isnan(self._started) else time.monotonic() - self._started)

    @property
    def fraction(self) -> float:
        return self.config.budget.fraction(self.step, self.config.batch_size, self.seconds)

    @property
    def lr(self) -> float:
        return self.config.lr * learning_rate_factor(self.fraction, self.config.warmup)

    def restore(self) -> None:
        """Takes up the state of last.ckpt if there is one; without one, a metrics file left behind is dropped."""
        path = self.out / CHECKPOINT_FILE
        if not path.exists():
            self.metrics.path.unlink(missing_ok=True)
            return
        state = load_state(path)
        _check_same_run(self._facts(), state["config"], self.out)
        try:
            self.learner.load_state_dict(state["learner"])
        except RuntimeError as error:
            raise UserError(f"{self.out} holds a run of another model: choose another folder or delete it") from error
        self.step, self.wait, self._seconds_before = state["step"], state["wait"], state["seconds"]
        self.metrics.restore(state["metrics"], self.step)
        self._pending = state

    def save(self) -> None:
        """Writes last.ckpt: all that the next step depends on."""
        state = {
            "config": self._facts(),
            "step": self.step,
            "seconds": self.seconds,
            "wait": self.wait,
            "learner": self.learner.state_dict(),
            "optimiser": self.trainer.optimizers[0].state_dict(),
            "scaler": self.trainer.precision_plugin.state_dict(),
            "metrics": self.metrics.state(),
        }
        save_state(self.out / CHECKPOINT_FILE, state)
        self._saved = time.monotonic()

    def _facts(self) -> dict[str, Any]:
        """All settings that the result depends on, the learner's own included."""
        own = getattr(self.learner, "config", None)
        return {**self.config.to_dict(), "method": own.to_dict() if isinstance(own, Config) else {}}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        c = self.config
        return build_optimiser(c.optimiser, self.learner, lr=c.lr, weight_decay=c.weight_decay, momentum=c.momentum)

    def on_train_start(self) -> None:
        if self._pending:
            self.trainer.optimizers[0].load_state_dict(self._pending["optimiser"])
            if self._pending["scaler"]:
                self.trainer.precision_plugin.load_state_dict(self._pending["scaler"])
            self._pending = {}
        self.learner.train()
        self.interrupt.install()
        self._started = self._saved = self._idle_since = time.monotonic()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        del batch, batch_idx
        self.wait += time.monotonic() - self._idle_since
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.lr
        seed_global(seed_of(self.config.seed, "step", self.step), self.device)

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> Tensor:
        del batch_idx
        if hasattr(self.learner, "augment"):
            batch = self.learner.augment(batch, generator(self.config.seed, "augment", self.step, self.device))
        parts = self.learner.loss(batch)
        if not torch.isfinite(parts["loss"]):
            self._stop_at(batch, parts["loss"])
        self._parts = {name: value.detach() for name, value in parts.items()}
        return parts["loss"]

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        del outputs, batch, batch_idx
        lr = self.trainer.optimizers[0].param_groups[0]["lr"]
        self.step += 1
        self.metrics.add(self.step, self._parts, lr)
        done = self.fraction >= 1
        if done:
            self.metrics.close(self.step, lr)
        self.progress.update(self.samples, self._parts["loss"], self.fraction)
        if done or self.interrupt.reason or time.monotonic() - self._saved >= self.config.checkpoint_seconds:
            self.save()
        self.trainer.should_stop = self.trainer.should_stop or done or bool(self.interrupt.reason)
        self._idle_since = time.monotonic()

    def _stop_at(self, batch: Mapping[str, Any], loss: Tensor) -> None:
        tensors = {name: value for name, value in batch.items() if isinstance(value, Tensor)}
        save_tensors(self.out / CULPRIT_FILE, tensors, {"step": self.step, "samples": self.samples})
        raise UserError(
            f"the loss became {loss.item()} at step {self.step} ({self.samples} samples): the batch is saved in {self.out / CULPRIT_FILE}; "
            f"a lower learning rate (now {self.lr:.2g}) or clip (now {self.config.clip:g}) is the usual remedy"
        )


def _check_same_run(config: Mapping[str, Any], earlier: Mapping[str, Any], out: Path) -> None:
    changed = [name for name in config if name not in FREE_TO_CHANGE and config[name] != earlier.get(name)]
    if changed:
        was = ", ".join(f"{name} {earlier.get(name)} (now {config[name]})" for name in changed)
        raise UserError(
            f"{out} holds a run with another configuration, {was}: choose another folder, or the same configuration to continue it"
        )
