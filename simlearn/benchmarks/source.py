"""Where the features come from: random weights, a supervised reference, or the run of a pretext."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scenes.errors import UserError
from training.backbones import Backbone, build_backbone
from training.checkpoint import BACKBONE_FILE, MODEL_FILE, learner_facts, load_backbone, load_learner
from training.learner import Learner
from training.pretexts import build_pretext
from training.runs import RUN_FILE
from training.seeds import seeded

RANDOM, SUPERVISED = "random", "supervised"
INITIALISATION = "initialisation"
"""The stream that `simlearn.train` draws initial weights from: "random" with a seed is what a pretext with that seed starts from."""
UNTRAINED_HEADS = "game_engine"
"""The pretext whose heads an untrained network carries in a zero-shot measurement."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A network to be judged. `method` is "random", "supervised", the pretext's name, or of a dense network its task and size; `backbone`
    is "" and `width` 0 where there is none. `seed` is that of the initial weights.

    `samples_seen`, `train_seconds` and `peak_memory_mb` tell what the weights cost; a benchmark sets the first two for its supervised
    reference.
    """

    method: str
    backbone: str = "resnet18"
    width: int = 32
    seed: int = 0
    checkpoint: Path | None = None
    samples_seen: int = 0
    train_seconds: float = 0.0
    peak_memory_mb: float = 0.0

    @classmethod
    def parse(cls, text: str | Path, *, backbone: str = "resnet18", width: int = 32, seed: int = 0) -> Source:
        """Of "random", "supervised" or a run's folder. A run knows its own backbone, width and seed."""
        if str(text) in (RANDOM, SUPERVISED):
            source = cls(method=str(text), backbone=backbone, width=width, seed=seed)
            source.fresh_backbone()
            return source
        run = Path(text)
        if not run.exists():
            raise UserError(f"{run} is neither a run's folder nor one of random, supervised: train one with `simlearn train --out {run}`")
        facts = _facts(run)
        return cls(
            method=_method(facts, run),
            backbone=facts.get("backbone", ""),
            width=facts.get("width", 0),
            seed=int(facts.get("seed", 0)),
            checkpoint=run,
            samples_seen=int(facts.get("samples", 0)),
            train_seconds=float(facts.get("seconds", 0.0)),
            peak_memory_mb=float(facts.get("peak_memory_mb", 0.0)),
        )

    def fresh_backbone(self, num_classes: int = 0) -> Backbone:
        """A backbone of this kind with initial weights drawn from `seed`."""
        with seeded(self.seed, INITIALISATION):
            return build_backbone(self.backbone, width=self.width, num_classes=num_classes)

    def load(self) -> Backbone:
        """The backbone in eval mode: trained where there is a run, else with initial weights."""
        return load_backbone(self.checkpoint)[0] if self.checkpoint is not None else self.fresh_backbone().eval()

    def load_heads(self) -> Learner:
        """The dense network, or the backbone with its pretext's heads, untrained for "random"; UserError for a supervised reference."""
        if self.method == SUPERVISED:
            raise UserError("a zero-shot measurement has no supervised reference: give a run of a pretext with a depth head, or random")
        if self.checkpoint is not None:
            return load_learner(self.checkpoint)
        with seeded(self.seed, INITIALISATION):
            return build_pretext(UNTRAINED_HEADS, build_backbone(self.backbone, width=self.width)).eval()

    def cost(self, samples_seen: int, train_seconds: float) -> Source:
        """The same source, having seen this many samples in this time."""
        return replace(self, samples_seen=samples_seen, train_seconds=train_seconds)


def _facts(run: Path) -> dict[str, Any]:
    """What the checkpoint says of a backbone, or else of a dense network, and the run's own page."""
    if run.is_dir() and not (run / BACKBONE_FILE).exists() and (run / MODEL_FILE).exists():
        return learner_facts(run) | _run_facts(run)
    return load_backbone(run)[1] | _run_facts(run)


def _run_facts(run: Path) -> dict[str, Any]:
    """What the run's own page says of its cost; nothing when only a checkpoint file was given."""
    page = run / RUN_FILE
    if not page.is_file():
        return {}
    try:
        facts = json.loads(page.read_text())
        return {name: facts[name] for name in ("samples", "seconds", "peak_memory_mb") if name in facts}
    except (ValueError, TypeError) as error:
        raise UserError(f"{page} is damaged ({error}): train the run again") from error


def _method(facts: dict[str, Any], run: Path) -> str:
    if facts.get("task"):
        return f"{facts['task']} ({facts['task_config']['size']})"
    name = facts.get("pretext") or facts.get("learner")
    if not name:
        raise UserError(f"{run} does not say which pretext trained it: train it again with `simlearn train`")
    # A run of the pretext "supervised" isn't the reference of that name, which each benchmark trains on its own labels.
    return f"{name}_run" if name in (RANDOM, SUPERVISED) else str(name)
