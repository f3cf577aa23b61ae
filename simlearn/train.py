"""Training a pretext on a data set: names and folders in, a run folder out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from renderers.frame import LABELS
from scenes.errors import UserError
from simlearn import provenance
from simlearn.datasets.stream import Stream
from simlearn.sources import NAMES, REMEDIES, Rendered, Supply, clip_of, rendered_labels, supply
from training.backbones import build_backbone
from training.budget import Budget
from training.fit import FitConfig, FitResult, fit
from training.labels import told_by
from training.pretexts import PRETEXTS, Pretext, build_pretext
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
    pretext: str,
    data: str | Path | OnTheFly,
    out: Path,
    budget: Budget,
    backbone: str = "resnet18",
    width: int = 32,
    batch_size: int | None = None,
    lr: float | None = None,
    seed: int = 0,
    workers: int = 0,
) -> FitResult:
    """Train `pretext` around a new backbone on `data` (see `simlearn.sources`), into the run folder `out`; continues an interrupted run.

    `batch_size` and `lr` None take the loop's own. With `workers` 0 a data set of less than 2 GiB is read once and kept in memory; of data
    rendered on the fly, `workers` processes render ahead. Raises UserError for unknown names, a data set that is incomplete or lacks
    what the pretext needs, and a run folder of another configuration.
    """
    config = FitConfig(budget=budget, seed=seed, workers=0 if isinstance(data, OnTheFly) else workers)
    config = replace(config, batch_size=config.batch_size if batch_size is None else batch_size, lr=config.lr if lr is None else lr)
    about = {"commit": provenance.commit()}
    if isinstance(data, OnTheFly):
        learner = new_learner(pretext, None, backbone=backbone, width=width, seed=seed)
        if learner.unit not in Rendered.units:
            raise UserError(f"pretext {pretext!r} needs {NAMES[learner.unit]}, which rendered worlds lack: {REMEDIES[learner.unit]}")
        labels, clip = rendered_labels(learner, tuple(LABELS)), clip_of(learner)
        with Stream(**asdict(data), labels=labels, clip=clip, shuffle_window=MIXED_SCENES, workers=workers) as stream:
            rendered = {"path": "rendered on the fly", **asdict(data)}
            return fit(learner, stream, config, out, metadata={**about, "data": rendered}, title=pretext)
    source = supply(data)
    learner = new_learner(pretext, source, backbone=backbone, width=width, seed=seed)
    dataset, facts = source.open(learner, keep=workers == 0)
    return fit(learner, dataset, config, out, metadata={**about, "data": facts}, title=pretext)


def new_learner(pretext: str, source: Supply | None, *, backbone: str, width: int, seed: int) -> Pretext:
    """The named pretext around a new backbone, both with initial weights of `seed`; the number of classes is what the data says."""
    with seeded(seed, "initialisation"):
        return build_pretext(pretext, build_backbone(backbone, width=width), told_by(source, PRETEXTS[pretext]))
