"""The loop's steps as a Lightning module: what happens before, in and after each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from scenes.errors import UserError
from training.budget import learning_rate_factor
from training.checkpoint import save_tensors
from training.distributed import agreed, any_rank
from training.fit_config import FREE_TO_CHANGE, FitConfig
from training.interrupt import Interrupt
from training.learner import Config
from training.online_probe import OnlineProbe
from training.optimiser import build_optimiser
from training.progress import TrainingProgress
from training.runs import CHECKPOINT_FILE, EVENTS_FOLDER, METRICS_FILE, Metrics, Table, load_state, save_state
from training.seeds import generator, seed_global, seed_of
from training.stream import SampleStream, StepBatches, step_loader

CULPRIT_FILE = "culprit.safetensors"
ENDLESS = 10**12
"""Steps of a run that only the clock ends."""


class Loop(lightning.LightningModule):
    """One run: the learner, how far it is, and its files in `out`, which the first rank alone writes."""

    def __init__(
        self,
        learner: nn.Module,
        config: FitConfig,
        out: Path,
        *,
        progress: TrainingProgress,
        interrupt: Interrupt,
        rank: int = 0,
        probe: OnlineProbe | None = None,
    ) -> None:
        super().__init__()
        self.learner: Any = learner
        self.config, self.out, self.progress, self.interrupt = config, out, progress, interrupt
        self.probe = probe if rank == 0 else None
        events = out / EVENTS_FOLDER if config.tensorboard else None
        self.metrics = Metrics(Table(out / METRICS_FILE, events) if rank == 0 else None, config.log_every, config.batch_size)
        self.average: Any = None
        if config.ema:
            self.average = AveragedModel(learner, multi_avg_fn=get_ema_multi_avg_fn(config.ema)).requires_grad_(False)
        loss: Any = learner.loss
        self._compute: Callable[[Any], dict[str, Tensor]] = torch.compile(loss) if config.compile else loss
        self.first = rank == 0
        self.step, self.wait, self.seconds = 0, 0.0, 0.0
        self._part = 0  # of the step's batch
        self._resumed = self._paused = 0.0  # seconds trained earlier, and spent on probing
        self._started = self._saved = self._idle_since = math.nan
        self._pending: dict[str, Any] = {}
        self._parts: dict[str, Tensor] = {}

    @property
    def samples(self) -> int:
        return self.step * self.config.batch_size

    @property
    def fraction(self) -> float:
        """The part of the budget that is used up, after the last step; equal on all ranks. `seconds` count all resumptions."""
        return self.config.budget.fraction(self.step, self.config.batch_size, self.seconds)

    @property
    def lr(self) -> float:
        return self.config.lr * learning_rate_factor(self.fraction, self.config.warmup)

    @property
    def result(self) -> nn.Module:
        """The learner that is probed and saved: the averaged one where there is one."""
        learner: nn.Module = self.learner if self.average is None else self.average.module
        return learner

    def restore(self) -> None:
        """Takes up the state of last.ckpt if there is one; without one, tables left behind are dropped."""
        path = self.out / CHECKPOINT_FILE
        if not path.exists():
            for table in self._tables():
                table.path.unlink(missing_ok=True)
            return
        state = load_state(path)
        _check_same_run(self._facts(), state["config"], self.out)
        try:
            self.learner.load_state_dict(state["learner"])
            if self.average is not None:
                self.average.load_state_dict(state["average"])
        except RuntimeError as error:
            raise UserError(f"{self.out} holds a run of another model: choose another folder or delete it") from error
        self.step, self.wait, self.seconds = state["step"], state["wait"], state["seconds"]
        self._resumed = self.seconds
        self.metrics.restore(state["metrics"], self.step)
        if self.probe:
            self.probe.table.rewind(self.step)
        self._pending = state

    def _tables(self) -> list[Table]:
        return [*([self.metrics.table] if self.metrics.table else []), *([self.probe.table] if self.probe else [])]

    def save(self) -> None:
        """Writes last.ckpt: all that the next step depends on."""
        state = {
            "config": self._facts(),
            "step": self.step,
            "seconds": self.seconds,
            "wait": self.wait,
            "learner": self.learner.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "optimiser": self.trainer.optimizers[0].state_dict(),
            "scaler": self.trainer.precision_plugin.state_dict(),
            "metrics": self.metrics.state(),
        }
        if self.first:
            save_state(self.out / CHECKPOINT_FILE, state)
        self._saved = time.monotonic()

    def _facts(self) -> dict[str, Any]:
        """All settings that the result depends on, the learner's own included."""
        own = getattr(self.learner, "config", None)
        return {**self.config.to_dict(), "method": own.to_dict() if isinstance(own, Config) else {}}

    def loader(self, stream: SampleStream) -> DataLoader[dict[str, Any]]:
        """This rank's parts of the steps that are left."""
        c = self.config
        batches = StepBatches(
            self.step,
            c.budget.steps(c.batch_size) or ENDLESS,
            c.batch_size,
            parts=c.accumulate,
            rank=self.trainer.global_rank,
            ranks=self.trainer.world_size,
        )
        return step_loader(stream, batches, c.workers, pin=self.trainer.strategy.root_device.type == "cuda")

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
        seed_global(seed_of(self.config.seed, "step", self._draw), self.device)

    @property
    def _draw(self) -> int:
        """Number of the random stream of this rank's part of the step."""
        return (self.step * self.config.accumulate + self._part) * self.trainer.world_size + self.trainer.global_rank

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> Tensor:
        del batch_idx
        if hasattr(self.learner, "augment"):
            batch = self.learner.augment(batch, generator(self.config.seed, "augment", self._draw, self.device))
        parts = self._compute(batch)
        if not torch.isfinite(parts["loss"]):
            self._stop_at(batch, parts["loss"])
        self._parts = {name: value.detach() for name, value in parts.items()}
        return parts["loss"]

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        del outputs, batch, batch_idx
        self.metrics.add(self._parts)
        self._part = (self._part + 1) % self.config.accumulate
        if self._part == 0:
            self._end_step()
        self._idle_since = time.monotonic()

    def _end_step(self) -> None:
        before = self.fraction
        self.step += 1
        if self.average is not None:
            self.average.update_parameters(self.learner)
        now = self._resumed + time.monotonic() - self._started - self._paused
        self.seconds = now if self.trainer.world_size == 1 else float(agreed(torch.tensor(now, dtype=torch.float64, device=self.device)))
        done, lr = self.fraction >= 1, self.trainer.optimizers[0].param_groups[0]["lr"]
        self.metrics.step(self.step, lr)
        if done:
            self.metrics.close(self.step, lr)
        self.progress.update(self.samples, self._parts["loss"], self.fraction)
        self._probe(before)
        stop = done or any_rank(bool(self.interrupt.reason), self.device)
        if stop or time.monotonic() - self._saved >= self.config.checkpoint_seconds:
            self.save()
        self.trainer.should_stop = self.trainer.should_stop or stop

    def _probe(self, before: float) -> None:
        """Measures where a multiple of `probe_every` lies between `before` and now, parts of the budget. Its time does not count."""
        every = self.config.probe_every
        if self.probe is None or not (self.fraction >= 1 or math.floor(before / every) < math.floor(self.fraction / every)):
            return
        started = time.monotonic()
        self.probe.measure(self.result, self.step, self.samples)
        self._paused += time.monotonic() - started

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
