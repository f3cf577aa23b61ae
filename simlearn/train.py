"""Training a pretext or a dense network on a data set: names and folders in, a run folder out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from renderers.frame import LABELS
from scenes.errors import UserError
from simlearn import provenance
from simlearn.datasets.beside import AnyPictures, Beside
from simlearn.datasets.stream import Stream
from simlearn.online import online_probe
from simlearn.options import configure, configure_task, merged
from simlearn.sources import NAMES, REMEDIES, Opened, Rendered, Supply, clip_of, rendered_labels, supply
from training.backbones import build_backbone
from training.budget import Budget
from training.dense import build_dense
from training.fit import FitConfig, FitResult, fit
from training.labels import told_by
from training.learner import Learner
from training.pretexts import Pretext, build_pretext, parts_of
from training.seeds import seeded

MIXED_SCENES = 16


@dataclass(frozen=True, kw_only=True)
class OnTheFly:
    """Training data rendered while it is used: worlds of a family without end, the frames of each 16 of them mixed."""

    family: str
    width: int = 320
    height: int = 240
    frames: int = 4
    seed: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)


def train(
    *,
    pretext: str = "",
    task: str = "",
    data: str | Path | OnTheFly,
    out: Path,
    budget: Budget,
    backbone: str = "resnet18",
    width: int = 32,
    seed: int = 0,
    workers: int = 0,
    real: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    loop: Mapping[str, Any] | None = None,
    probe: str | None = None,
) -> FitResult:
    """Train `pretext` around a new backbone, or the dense network of a `task`, on `data` (see `simlearn.sources`), into the run folder
    `out`; continues an interrupted run.

    `pretext` is a name, or several joined by + (see `training.pretexts.combined`); `task` one of `training.dense.DENSE`, whose networks
    have a size among their options instead of `backbone` and `width`. With `workers` 0 a data set of less than 2 GiB is read once and
    kept in memory; of data rendered on the fly, `workers` processes render ahead. `real` is a source of pictures shown beside the
    data, without labels, to methods that have a use for them; `options` are the learner's own (see `simlearn.options`), by default its
    Config's, `loop` fields of FitConfig (batch_size, lr, ema, devices, ...). `probe` names what measures the features now and then (see
    `simlearn.online`). Raises UserError for unknown names, a data set that is incomplete or lacks what the learner needs, and a run folder
    of another configuration.
    """
    config = FitConfig(**{**(loop or {}), "budget": budget, "seed": seed, "workers": 0 if isinstance(data, OnTheFly) else workers})
    watch = None if probe is None else online_probe(probe)
    title, about = pretext or task, {"commit": provenance.commit()}
    if bool(pretext) == bool(task):
        raise UserError("train one thing: give --pretext NAME or --task NAME")
    if probe and task:
        raise UserError("a probe watches the features of a pretext's backbone: leave --probe off with --task")
    choose = configure_task if task else configure
    chosen = choose(title, options or {}, real=real is not None)

    def learner_for(source: Supply | None) -> Learner:
        if task:
            with seeded(seed, "initialisation"):
                return build_dense(task, chosen)
        return new_learner(pretext, source, backbone=backbone, width=width, seed=seed, options=chosen)

    if isinstance(data, OnTheFly):
        learner = learner_for(None)
        if learner.unit not in Rendered.units:
            raise UserError(f"pretext {pretext!r} needs {NAMES[learner.unit]}, which rendered worlds lack: {REMEDIES[learner.unit]}")
        labels, clip = rendered_labels(learner, tuple(LABELS)), clip_of(learner)
        with Stream(**asdict(data), labels=labels, clip=clip, shuffle_window=MIXED_SCENES, workers=workers) as stream:
            rendered = {"path": "rendered on the fly", **asdict(data)}
            shown, facts = beside(stream, real, seed, keep=True)
            return fit(learner, shown, config, out, metadata={**about, "data": rendered, **facts}, title=title, probe=watch)
    source = supply(data)
    learner = learner_for(source)
    dataset, read = source.open(learner, keep=workers == 0)
    shown, facts = beside(dataset, real, seed, keep=workers == 0)
    return fit(learner, shown, config, out, metadata={**about, "data": read, **facts}, title=title, probe=watch)


def beside(data: Dataset[Any], real: str | Path | None, seed: int, *, keep: bool) -> Opened:
    """The data with pictures of `real` beside them, if there are to be any, and what those are."""
    if real is None:
        return data, {}
    pictures, facts = supply(real).open(AnyPictures(), keep=keep)
    return Beside(data, pictures, seed), {"real": facts}


def new_learner(
    pretext: str, source: Supply | None, *, backbone: str, width: int, seed: int, options: Mapping[str, Any] | None = None
) -> Pretext:
    """The named pretext around a new backbone, both with initial weights of `seed`; the number of classes is what the data says."""
    methods = parts_of(pretext)
    told = {name: told_by(source, method) for name, method in methods.items()}
    with seeded(seed, "initialisation"):
        return build_pretext(
            pretext, build_backbone(backbone, width=width), merged(told if len(methods) > 1 else told[pretext], options or {})
        )
