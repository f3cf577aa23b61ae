"""Name the class of a picture by labels of which some are wrong, as those of pictures found by their captions or hashtags are.

Cross-entropy learns wrong labels by heart: where the network is right and the label wrong, its gradient is the largest. Two losses do so
less: the generalised cross-entropy (1 - p^q) / q of the label's probability p, between cross-entropy (q to 0) and the mean absolute error
(q = 1), whose gradient is that of cross-entropy times p^q ("gce"; Zhang & Sabuncu, NeurIPS 2018); and bootstrapping, the cross-entropy of
a target of which a part is what the network itself says ("bootstrap"; Reed et al. 2015, hard). With `kept` < 1 only the samples with the
smallest losses of a batch count, because wrong labels are learnt last (Han et al., Co-teaching, NeurIPS 2018; there two networks choose
for each other, here one for itself, at half the cost).

For experiments `noise` makes that part of the labels wrong, each of the other classes alike often ("symmetric"). Which pictures get which
label is theirs for good, in every pass and every run. The truth goes along for the metrics only: no loss reads it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from training.labels import draw
from training.learner import Batch, Config, Sample
from training.losses import masked_mean
from training.pretexts.supervised import Supervised, SupervisedConfig
from training.views import picture_id


@dataclass(frozen=True, kw_only=True)
class WeaklySupervisedConfig(SupervisedConfig):
    """`noise`: part of the labels that is made wrong (0: the data set's own). `q` is of "gce"; `trust` of "bootstrap", the given label's
    part of the target. `kept`: the part of a batch that counts; of several processes each chooses among its own.
    """

    objective: Literal["gce", "bootstrap", "ce"] = "gce"
    noise: float = 0.0
    q: float = 0.7
    trust: float = 0.8
    kept: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.objective not in ("gce", "bootstrap", "ce"):
            raise UserError(f"objective must be gce, bootstrap or ce, not {self.objective!r}")
        if self.objective == "gce" and self.smoothing:
            raise UserError("smoothing is of cross-entropy: drop it, or choose the objective bootstrap or ce")
        if not 0 <= self.noise < 1:
            raise UserError(f"noise must lie in [0, 1), not {self.noise}")
        for name in ("q", "trust", "kept"):
            if not 0 < getattr(self, name) <= 1:
                raise UserError(f"{name} must lie in (0, 1], not {getattr(self, name)}")


class WeaklySupervised(Supervised):
    """ "accuracy" is that of the data set's own labels, "agreement" that of the labels it is told; by chance both are 1 / `classes`.

    "wrong" is the part of labels made wrong, "memorised" the part of those that the network repeats: by chance 1 / `classes`, 0 of one
    that isn't misled (and in a batch without any).
    """

    Config: ClassVar[type[Config]] = WeaklySupervisedConfig
    config: WeaklySupervisedConfig

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        batch = super().views(sample, generator)
        told = noisy(batch["label"], picture_id(sample["rgb"]), self.config.classes, self.config.noise)
        return {**batch, "label": told, "truth": batch["label"]}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        scores = self.scores(batch["view"])
        losses = self._losses(scores, batch["label"])
        said, wrong = scores.argmax(1), batch["label"] != batch["truth"]
        repeated = (said == batch["label"]).float()
        return {
            "loss": losses.topk(math.ceil(self.config.kept * len(losses)), largest=False).values.mean(),
            "accuracy": (said == batch["truth"]).float().mean(),
            "agreement": repeated.mean(),
            "wrong": wrong.float().mean(),
            "memorised": masked_mean(repeated, wrong),
        }

    def _losses(self, scores: Tensor, labels: Tensor) -> Tensor:
        if self.config.objective == "gce":
            return generalised_cross_entropy(scores, labels, self.config.q)
        told = F.cross_entropy(scores, labels, reduction="none", label_smoothing=self.config.smoothing)
        if self.config.objective == "ce":
            return told
        own = F.cross_entropy(scores, scores.argmax(1), reduction="none")
        return self.config.trust * told + (1 - self.config.trust) * own

    def caption(self, batch: Batch, i: int) -> str:
        told, truth = int(batch["label"][i]), int(batch["truth"][i])
        return f"class {truth}" + ("" if told == truth else f", told {told}")


def noisy(label: Tensor, picture: Tensor, classes: int, noise: float) -> Tensor:
    """The label, or with probability `noise` one of the others; the same for the same picture. picture: its `picture_id`."""
    if draw(picture, "wrong label") >= noise:
        return label
    return (label + 1 + int(draw(picture, "which label") * (classes - 1))) % classes


def generalised_cross_entropy(scores: Tensor, labels: Tensor, q: float) -> Tensor:
    """(1 - p^q) / q of the label's probability p: logits [B, K], labels int64 [B] -> [B]."""
    log_p = F.log_softmax(scores, 1).gather(1, labels[:, None])[:, 0]
    return -torch.expm1(q * log_p) / q
