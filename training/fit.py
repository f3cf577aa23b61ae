"""The one training loop, for every pretext and for supervised references: what a method can't choose is equal for all of them.

A learner is a torch module with `loss(batch) -> {"loss": scalar, ...}` (the same names at every step) and, if it likes,
`views(sample, generator)` (per sample, in the loader) and `augment(batch, generator)` (per batch, on the device). Its `backbone` is saved
on its own if it has one.

Randomness: every generator handed out is a function of (seed, position in the stream), so a run that was killed and resumed equals
one that never stopped, bit for bit on one machine's CPU. Torch's global generator is seeded anew before each step, for modules such as
dropout that read no other, and has its old state back afterwards.
"""

from __future__ import annotations

import logging
import math
import resource
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities import rank_zero_only
from torch import nn
from torch.utils.data import Dataset

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.batch_norm import synchronise
from training.checkpoint import BACKBONE_FILE, MODEL_FILE, save_backbone, save_learner, save_tensors
from training.fit_config import PRECISIONS, FitConfig
from training.interrupt import Interrupt
from training.layout import channels_last
from training.learner import Learner
from training.loop import Loop
from training.online_probe import OnlineProbe
from training.progress import TrainingProgress
from training.runs import EVENTS_FOLDER, PROBE_FILE, RUN_FILE, write_json
from training.seeds import seeded
from training.stream import SampleStream

__all__ = ["FitConfig", "FitResult", "Interrupted", "fit"]


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """`seconds`: wall clock of training over all resumptions; `wait`: the part spent waiting for data; `last`: the last logged means.
    `first`: whether this process is the first of those that trained together, which has written the files.
    """

    out: Path
    steps: int
    samples: int
    seconds: float
    wait: float
    last: Mapping[str, float]
    first: bool = True

    def __str__(self) -> str:
        speed = self.samples / max(self.seconds, 1e-9)
        return f"{self.samples} samples in {self.seconds:.0f} s ({speed:.0f}/s), loss {self.last.get('loss', math.nan):.4f}, in {self.out}"


class Interrupted(UserError):
    """Training was stopped by a signal, after its state was saved."""


def fit(
    learner: nn.Module,
    dataset: Dataset[Any],
    config: FitConfig,
    out: Path,
    *,
    metadata: Mapping[str, Any] | None = None,
    title: str = "train",
    probe: Callable[[Backbone], Mapping[str, float]] | None = None,
) -> FitResult:
    """Trains `learner` in place and writes the run folder `out`; continues from its last.ckpt if there is one.

    `metadata` (JSON-able: commit, data set, …) goes into every file. `probe` measures the backbone now and then, into probe.csv. With
    several devices every process calls this, the first one writes. Raises UserError for a data set that doesn't fit, a run folder of
    another configuration, or a loss that isn't finite (the batch is saved), and Interrupted after Ctrl-C or SIGTERM.
    """
    arranged = learner.arranged(dataset) if isinstance(learner, Learner) else dataset
    stream = SampleStream(arranged, getattr(learner, "views", None), config.seed)
    if isinstance(learner, Learner):
        learner.check(dataset[0])
    out.mkdir(parents=True, exist_ok=True)
    rank = own_rank()
    with (
        TrainingProgress(title, enabled=config.progress and rank == 0) as progress,
        Interrupt() as interrupt,
        _quiet_lightning(),
        seeded(config.seed, "fit"),
    ):
        events = out / EVENTS_FOLDER if config.tensorboard else None
        watch = OnlineProbe(out / PROBE_FILE, probe, events) if probe else None
        loop = Loop(learner, config, out, progress=progress, interrupt=interrupt, rank=rank, probe=watch)
        _train(loop, stream)
    if interrupt.reason and loop.fraction < 1:
        raise Interrupted(
            f"stopped by {interrupt.reason} after {loop.samples} samples; the same command continues from what is saved in {out}"
        )
    return _finish(loop, dict(metadata or {}))


def own_rank() -> int:
    """This process's rank as the launcher (torchrun, Slurm or Lightning) has written it into the environment; 0 for the one that writes."""
    return int(getattr(rank_zero_only, "rank", None) or 0)


def _train(loop: Loop, stream: SampleStream) -> None:
    config = loop.config
    loop.restore()
    if loop.fraction < 1:
        channels_last(loop.learner)
        if config.devices > 1:
            synchronise(loop.learner)
        trainer = _trainer(config)
        loop.train_dataloader = lambda: loop.loader(stream)  # type: ignore[method-assign]
        try:
            trainer.fit(loop)
        except SystemExit as error:  # what Lightning makes of a KeyboardInterrupt
            raise KeyboardInterrupt from error
        loop.cpu()
    if loop.average is not None:
        loop.learner.load_state_dict(loop.average.module.state_dict())


def _trainer(config: FitConfig) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator="gpu" if config.accelerator == "cuda" else config.accelerator,
        devices=config.devices,
        # Buffers need no broadcast: batch statistics are those of all ranks.
        strategy=DDPStrategy(find_unused_parameters=True, broadcast_buffers=False) if config.devices > 1 else "auto",
        precision=PRECISIONS[config.precision],  # type: ignore[arg-type]
        max_epochs=1,
        accumulate_grad_batches=config.accumulate,
        gradient_clip_val=config.clip or None,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        use_distributed_sampler=False,
    )


def _finish(loop: Loop, metadata: dict[str, Any]) -> FitResult:
    """Writes the weights and run.json, if this is the first rank."""
    last = loop.metrics.history[-1] if loop.metrics.history else {}
    if loop.first:
        _write(loop, metadata)
    return FitResult(out=loop.out, steps=loop.step, samples=loop.samples, seconds=loop.seconds, wait=loop.wait, last=last, first=loop.first)


def _write(loop: Loop, metadata: dict[str, Any]) -> None:
    learner, out = loop.learner, loop.out
    facts = {**metadata, "seed": loop.config.seed, "steps": loop.step, "samples": loop.samples}
    about: dict[str, Any] = {"learner": type(learner).__name__}
    backbone = getattr(learner, "backbone", None)
    if isinstance(learner, Learner):
        about |= learner.description()
        save_learner(out / MODEL_FILE, learner, facts)
    else:
        save_tensors(out / MODEL_FILE, learner.state_dict(), {**facts, **about})
    if isinstance(backbone, Backbone):
        save_backbone(out / BACKBONE_FILE, backbone, {**facts, "pretext": about.get("pretext", "")})
        about |= backbone.description()
    config = loop.config.to_dict()
    timing = {"seconds": round(loop.seconds, 3), "wait_seconds": round(loop.wait, 3), "peak_memory_mb": peak_memory_mb()}
    write_json(out / RUN_FILE, {**about, **facts, **timing, "config": config, "history": loop.metrics.summary()})


def peak_memory_mb() -> float:
    """The most that this process has had so far: of a GPU's memory where one was used, else of main memory."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return round(torch.cuda.max_memory_allocated() / 1e6, 1)
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Keeps Lightning's banners, tips and warnings about its own defaults off the console."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
