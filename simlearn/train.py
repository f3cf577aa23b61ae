"""Training a pretext on a data set: names and folders in, a run folder out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from renderers.frame import LABELS
from simlearn import provenance
from simlearn.datasets.stream import Stream
from simlearn.sources import training_data
from training.backbones import build_backbone
from training.budget import Budget
from training.fit import FitConfig, FitResult, fit
from training.pretexts import PRETEXTS, build_pretext
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
    labels, and a run folder of another configuration.
    """
    config = FitConfig(budget=budget, seed=seed, workers=0 if isinstance(data, OnTheFly) else workers)
    config = replace(config, batch_size=config.batch_size if batch_size is None else batch_size, lr=config.lr if lr is None else lr)
    with seeded(seed, "initialisation"):
        learner = build_pretext(pretext, build_backbone(backbone, width=width))
    about = {"commit": provenance.commit()}
    if isinstance(data, OnTheFly):
        labels = [name for name in PRETEXTS[pretext].labels if name in LABELS]
        with Stream(**asdict(data), labels=labels, shuffle_window=MIXED_SCENES, workers=workers) as stream:
            rendered = {"path": "rendered on the fly", **asdict(data)}
            return fit(learner, stream, config, out, metadata={**about, "data": rendered}, title=pretext)
    dataset, source = training_data(data, pretext, keep=workers == 0)
    return fit(learner, dataset, config, out, metadata={**about, "data": source}, title=pretext)
