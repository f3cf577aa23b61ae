"""Name the class of a picture when few pictures have a label: a teacher names the others, and what it is sure of is learnt.

FixMatch (Sohn et al., NeurIPS 2020): of a picture without label a weak view (a large crop, mirrored or not) is classified, and where the
most probable class has at least `threshold`, it is the pseudo label that the network must give a strong view (any crop, jittered colours,
a square cut out). The classifier of weak views is a mean teacher (Tarvainen & Valpola, NeurIPS 2017): the running mean of the network's
weights, without gradient, which is steadier than the network of the moment; FixMatch keeps that mean for its tests only.

Which pictures keep their label is decided by a hash of each, the same in every pass and every run; a data set may also have pictures
without label of its own (label -1). The labels that are hidden go along for the metrics alone: no loss reads them.

What differs from the papers, and why:
- Batches come from one stream, in which pictures with label are repeated until about `share` is theirs (FixMatch: one for seven without),
  because runs of thousands of steps would otherwise see each of a few labels a few times.
- Every other picture with label is learnt in its strong view (FixMatch gives such views of all pictures pseudo labels, labelled or not).
- The teacher's momentum is 0.99, not 0.999, and lower at first: for runs of thousands of steps, not of a million.
- The strong view's changes are SimCLR's colours and a square cut out (DeVries & Taylor 2017), not RandAugment.
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones.base import Backbone
from training.crops import CropConfig
from training.distributed import gather
from training.frozen import follow, frozen_copy
from training.images import normalise
from training.labels import UNLABELLED, WithMore, check_classes, draw, label_of
from training.learner import Batch, Config, Picture, Sample
from training.losses import masked_mean
from training.pretexts.base import Pretext
from training.pretexts.supervised import class_scores, pixels
from training.views import picture_id, random_view, recolour


def _colours() -> PhotometricConfig:
    """As strong as SimCLR's: what a picture shows must not be told by its colours alone."""
    return PhotometricConfig(brightness=0.8, contrast=0.8, saturation=0.8, hue=0.4, grey=0.2, channel=0.0, noise=0.0)


@dataclass(frozen=True, kw_only=True)
class SemiSupervisedConfig(Config):
    """`labelled`: part of the pictures that keeps its label, about that of each class; another `split` keeps others.

    `crop` and `colour` are of strong views, `cutout` is the side of the square cut out of them, as a part of theirs; `weak_area` is the
    range of weak views' crops. `classes` 0: as many as the data set says. `share`: part of what is seen that is labelled pictures again.
    `momentum`: of the teacher's weights, beside (1 + step) / (10 + step) in the first steps.
    """

    crop: CropConfig = field(default_factory=CropConfig)
    colour: PhotometricConfig = field(default_factory=_colours)
    cutout: float = 0.5
    weak_area: tuple[float, float] = (0.7, 1.0)
    classes: int = 0
    labelled: float = 0.1
    split: int = 0
    share: float = 0.5
    threshold: float = 0.95
    weight: float = 1.0
    momentum: float = 0.99

    def __post_init__(self) -> None:
        if not 0 < self.labelled <= 1:
            raise UserError(f"labelled is a part of the pictures in (0, 1], not {self.labelled}")
        for name in ("share", "cutout", "threshold", "momentum"):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(f"{name} must lie in [0, 1), not {getattr(self, name)}")
        if self.weight < 0:
            raise UserError(f"weight must not be negative, not {self.weight}")
        replace(self.crop, area=self.weak_area)  # refuses what is no range


class SemiSupervised(Pretext):
    """ "accuracy" is the teacher's on the pictures whose label is hidden; by chance 1 / `classes` where all are alike frequent.

    "labelled_accuracy" is the network's on those whose label it is told; "confident" the part of the others that gets a pseudo label, and
    "confident_accuracy" the part of these pseudo labels that is true. Each is 0 in a batch without such a picture.
    """

    Config: ClassVar[type[Config]] = SemiSupervisedConfig
    unit = "image"
    labels = ("rgb", "label")
    steps: Tensor

    def __init__(self, backbone: Backbone, config: SemiSupervisedConfig) -> None:
        super().__init__(backbone, config)
        check_classes("a classifier", config.classes)
        self.config: SemiSupervisedConfig = config
        self.head = nn.Linear(backbone.channels[backbone.stages[-1]], config.classes)
        self.teacher_backbone, self.teacher_head = frozen_copy(backbone), frozen_copy(self.head)
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def keeps_label(self, sample: Sample) -> bool:
        """Whether a picture is one of those whose label is told."""
        lot = draw(picture_id(sample["rgb"]), f"labelled {self.config.split}")
        return lot < self.config.labelled and int(sample["label"]) != UNLABELLED

    def arranged(self, data: Dataset[Any]) -> Dataset[Any]:
        """With repetitions of pictures that keep their label, which are `share` of a pass; streams without end stay as they are."""
        if not isinstance(data, Sized):
            return data
        return WithMore(data, round(len(data) * self.config.share / (1 - self.config.share)), self.keeps_label)

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        """weak, strong uint8 [3, S, S]; label int64, UNLABELLED where it is hidden; truth: the data set's."""
        crop, truth = self.config.crop, label_of(sample, self.config.classes)
        return {
            "weak": random_view(sample["rgb"], replace(crop, area=self.config.weak_area), generator),
            "strong": random_view(sample["rgb"], crop, generator),
            "label": truth if self.keeps_label(sample) else torch.tensor(UNLABELLED),
            "truth": truth,
        }

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """weak, view float [B, 3, S, S], normalised. The network learns `view`: the strong one, of half of the labels the weak one."""
        strong = cut_out(recolour(batch["strong"], self.config.colour, generator), self.config.cutout, generator)
        weak = batch["weak"].float() / 255
        plain = (batch["label"] != UNLABELLED) & (torch.rand(len(weak), generator=generator, device=weak.device) < 0.5)
        view = torch.where(plain[:, None, None, None], weak, strong)
        return {"weak": normalise(weak), "view": normalise(view), "label": batch["label"], "truth": batch["truth"]}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        if self.training:
            self._follow()
        sure, pseudo = self.teach(batch["weak"])
        told = batch["label"] != UNLABELLED
        confident = ~told & (sure >= self.config.threshold)
        scores = class_scores(self.backbone, self.head, batch["view"])
        losses = F.cross_entropy(scores, torch.where(told, batch["label"], pseudo), reduction="none")
        supervised = (losses * share(told)).mean()
        consistency = (losses * confident * share(~told)).mean()
        hidden, taught = ~told & (batch["truth"] != UNLABELLED), (pseudo == batch["truth"]).float()
        return {
            "loss": supervised + self.config.weight * consistency,
            "supervised": supervised,
            "consistency": consistency,
            "accuracy": masked_mean(taught, hidden),
            "labelled_accuracy": masked_mean((scores.argmax(1) == batch["label"]).float(), told),
            "confident": masked_mean(confident.float(), ~told),
            "confident_accuracy": masked_mean(taught, confident & hidden),
        }

    @torch.no_grad()
    def teach(self, weak: Tensor) -> tuple[Tensor, Tensor]:
        """(probability float [B], class int64 [B]): what the teacher finds most probable."""
        sure, pseudo = class_scores(self.teacher_backbone, self.teacher_head, weak).softmax(1).max(1)
        return sure, pseudo

    def _follow(self) -> None:
        """The teacher forgets the first steps, of a network that knew nothing, faster than later ones."""
        step = int(self.steps)
        momentum = min(self.config.momentum, (1 + step) / (10 + step))
        follow(self.teacher_backbone, self.backbone, momentum)
        follow(self.teacher_head, self.head, momentum)
        self.steps += 1

    def preview(self, batch: Batch) -> list[Picture]:
        """Each picture as the teacher sees it, with what is known, and as the network does, with what is learnt or, of labels, said."""
        training = self.training
        with torch.no_grad():
            sure, pseudo = self.eval().teach(batch["weak"])
            said = class_scores(self.backbone, self.head, batch["view"]).argmax(1).tolist()
        self.train(training)
        pictures: list[Picture] = []
        for i, label in enumerate(batch["label"].tolist()):
            found = f"{int(pseudo[i])} ({100 * float(sure[i]):.0f} %)"
            if label != UNLABELLED:
                titles = (f"class {label}", f"said {said[i]}")
            else:
                certain = float(sure[i]) >= self.config.threshold
                titles = (f"no label (is {int(batch['truth'][i])})", f"pseudo label {found}" if certain else f"unsure: {found}")
            pictures += [(title, pixels(view[i])) for title, view in zip(titles, (batch["weak"], batch["view"]), strict=True)]
        return pictures


def share(chosen: Tensor) -> Tensor:
    """float [B]: weights with which a mean over the batch, and then over ranks, is the mean over all ranks' chosen (bool [B]) samples."""
    weights = chosen.float()
    return weights / gather(weights).mean().clamp(min=1e-6)


def cut_out(pictures: Tensor, side: float, generator: torch.Generator) -> Tensor:
    """float [B, 3, S, S] in [0, 1] -> the same with a square of side * S pixels, centred anywhere in the picture, made mid-grey."""
    count, size = len(pictures), pictures.shape[-1]
    centre = size * torch.rand(count, 2, 1, generator=generator, device=pictures.device)
    inside = (torch.arange(size, device=pictures.device) + 0.5 - centre).abs() < side * size / 2  # [B, (rows, columns), S]
    return torch.where((inside[:, 0, :, None] & inside[:, 1, None, :])[:, None], 0.5, pictures)
