"""Recognition and retrieval of actions in videos, by frozen features of short clips: shared by the benchmarks of several data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from simlearn.benchmarks.clip_features import ClipFeatures, Cut, video_features
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.features import device
from simlearn.benchmarks.metrics import top_k
from simlearn.benchmarks.probes import Scaler, fit_logistic, knn_scores, logits
from simlearn.benchmarks.source import SUPERVISED, Source
from simlearn.benchmarks.supervised import Training, train_supervised
from simlearn.benchmarks.tiny_imagenet import best_stage
from simlearn.datasets.actions import ActionVideo, ActionVideos
from simlearn.datasets.root import Finding
from simlearn.datasets.video_file import VideoError
from simlearn.sources import IN_MEMORY_BYTES
from training.backbones import Backbone
from training.clips import clip_maps, clip_view
from training.crops import CropConfig
from training.images import to_input
from training.pretexts.base import Footage

INPUTS = ("image", "clip")
RANKS = (1, 5, 10)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`size`: side of the square input in pixels. A clip has `length` frames, `stride` apart; `clips` of each video test and `train_clips`
    train. `penalties`: candidates for the L2 weight. `held_out_every`: one group of training videos in so many is held out to choose among
    them, and so in turn with `folds` different ones."""

    size: int = 64
    length: int = 16
    stride: int = 2
    clips: int = 10
    train_clips: int = 10
    grid: int = 2
    penalties: tuple[float, ...] = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
    held_out_every: int = 3
    folds: int = 3
    neighbours: int = 20
    temperature: float = 0.07
    supervised_samples: int = 1200
    supervised_batch: int = 16

    @property
    def cut(self) -> Cut:
        return Cut(size=self.size, length=self.length, stride=self.stride)


PROTOCOL = (
    "{name}, {split}: {classes} classes, {train} training and {test} test videos (of the most frequent training class: {chance:.1f} % of "
    "the test); clips of {length} frames, {stride} apart, shorter side resized to {size}, middle {size}x{size}; {train_clips} clips spread "
    "evenly over each training video, {clips} over each test video; frozen features of each stage averaged over time and a "
    "{grid}x{grid} grid (of a network of pictures: the mean over frames). Linear: standardised by training statistics, multinomial "
    "logistic regression with L2 on clips, its weight chosen on one in {held} groups of training videos ({folds} times, with other groups "
    "held out), then refitted on all; a test video's logits are the mean of its clips'. kNN: k = {k}, T = {t}, cosine, votes of a video's "
    "clips summed. Retrieval: mean of a video's clips, cosine, hit if one of the k nearest training videos is of its class. Stage 'best' "
    "is chosen on those held-out groups, "
    "never on the test. 'supervised': the same backbone and a linear layer trained from scratch on the training videos, with random crops "
    "and flips."
)
Read = Callable[[Path | None, str], ActionVideos]
Outcome = dict[str, float]


def evaluate_on(name: str, split: str, read: Read, settings: Settings, source: Source, request: Request) -> Evaluation:
    """Rows of a data set's benchmark. `read` gives its videos of "train" and of "test"; `split` says how they are told apart."""
    train, test = read(request.root, "train"), read(request.root, "test")
    backbone, classifier = source.load(), None
    if source.method == SUPERVISED:
        classifier, source = _supervised(train, settings, source, request)
        backbone = classifier.backbone
    cut, grid = settings.cut, settings.grid
    known = video_features(train.videos, backbone, cut, clips=settings.train_clips, grid=grid, say=request.say)
    asked = video_features(test.videos, backbone, cut, clips=settings.clips, grid=grid, say=request.say)
    data = {"name": name, "fingerprint": train.fingerprint() + test.fingerprint()}
    left_out = (*known.left_out, *asked.left_out)
    if left_out:
        data["left_out"] = f"{len(left_out)} of {len(train) + len(test)} videos cannot be read: {', '.join(left_out)}"
        request.say(data["left_out"])
    result = Evaluation(
        benchmark=name,
        protocol=_protocol(train, split, known, asked, settings),
        source=source,
        settings=settings,
        quick=request.quick,
        data=data,
    )
    measure(result, known, asked, len(train.class_names), settings, request.say)
    if classifier is not None:
        scores, classes = classifier_scores(classifier, test.videos, settings)
        result.add({"classifier_top1": 100 * top_k(scores, classes)}, stage="fc", n=len(classes))
    return result


def found_on(read: Read, root: Path | None) -> Finding:
    """Whether both splits are there."""
    try:
        train, test = read(root, "train"), read(root, "test")
    except UserError as error:
        return Finding(present=False, text=str(error))
    return Finding(present=True, folder=train.folder, text=f"{len(train)} training and {len(test)} test videos")


def _protocol(train: ActionVideos, split: str, known: ClipFeatures, asked: ClipFeatures, settings: Settings) -> str:
    common = torch.bincount(known.classes, minlength=len(train.class_names)).argmax()
    return PROTOCOL.format(
        name=train.NAME,
        split=split,
        classes=len(train.class_names),
        train=len(known),
        test=len(asked),
        chance=100 * (asked.classes == common).double().mean().item(),
        length=settings.length,
        stride=settings.stride,
        size=settings.size,
        train_clips=settings.train_clips,
        clips=settings.clips,
        grid=settings.grid,
        held=settings.held_out_every,
        folds=settings.folds,
        k=settings.neighbours,
        t=settings.temperature,
    )


def measure(
    result: Evaluation, known: ClipFeatures, asked: ClipFeatures, count: int, settings: Settings, say: Callable[[str], None]
) -> None:
    """Adds the rows of every stage and of those that held-out training videos choose."""
    held = [held_out_groups(known.groups, settings.held_out_every, fold) for fold in range(settings.folds)]
    choices: dict[str, dict[str, float]] = {"linear": {}, "knn": {}, "retrieval": {}}
    outcomes: dict[str, dict[str, Outcome]] = {"linear": {}, "knn": {}, "retrieval": {}}
    for stage in known.stages:
        x, y = known.stages[stage].to(device()), known.classes.to(device())
        tested, truth = asked.stages[stage].to(device()), asked.classes.to(device())
        folds = [(x[~mask], y[~mask], x[mask], y[mask]) for mask in held]
        checked = {p: _mean(linear(*fold, count, p) for fold in folds) for p in settings.penalties}
        penalty = max(checked, key=lambda p: (checked[p], p))
        choices["linear"][stage] = checked[penalty]
        outcomes["linear"][stage] = {"linear_top1": linear(x, y, tested, truth, count, penalty)}
        choices["knn"][stage] = _mean(neighbours(*fold, count, settings) for fold in folds)
        outcomes["knn"][stage] = {"knn_top1": neighbours(x, y, tested, truth, count, settings)}
        choices["retrieval"][stage] = _mean(retrieval(*fold)["retrieval_top1"] for fold in folds)
        outcomes["retrieval"][stage] = retrieval(x, y, tested, truth)
        for kind, by_stage in outcomes.items():
            result.add(_percent(by_stage[stage]), stage=stage, n=len(asked), chosen={"penalty": penalty} if kind == "linear" else {})
        say(f"{stage}: linear {100 * outcomes['linear'][stage]['linear_top1']:.1f} %")
    for kind, by_stage in outcomes.items():
        stage = best_stage(choices[kind])
        result.add(_percent(by_stage[stage]), stage="best", n=len(asked), chosen={"stage": stage})


def _percent(values: Mapping[str, float]) -> dict[str, float]:
    return {name: 100 * value for name, value in values.items()}


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def held_out_groups(groups: Sequence[str], every: int, fold: int) -> Tensor:
    """A mask bool [V] of the videos of one group in `every`, in the order of names; each fold below `every` has other groups.

    UserError for fewer groups than `every`.
    """
    names = sorted(set(groups))
    if len(names) < every:
        raise UserError(f"the training videos are of {len(names)} groups, at least {every} are needed to choose a probe: add more")
    chosen = set(names[every - 1 - fold :: every])
    return torch.tensor([group in chosen for group in groups], device=device())


def linear(x: Tensor, classes: Tensor, y: Tensor, truth: Tensor, count: int, penalty: float) -> float:
    """Accuracy on videos y [V', K', D] of a classifier of the clips of x [V, K, D], by the mean of the clips' logits."""
    clips = x.flatten(0, 1)
    scale = Scaler.of(clips)
    model = fit_logistic(scale(clips), classes.repeat_interleave(x.shape[1]), count, penalty)
    scores = logits(model, scale(y.flatten(0, 1))).unflatten(0, y.shape[:2]).mean(1)
    return top_k(scores.cpu(), truth.cpu())


def neighbours(x: Tensor, classes: Tensor, y: Tensor, truth: Tensor, count: int, settings: Settings) -> float:
    """Accuracy on videos y [V', K', D] by the votes of their clips' nearest clips in x [V, K, D]."""
    known = classes.repeat_interleave(x.shape[1])
    votes = knn_scores(x.flatten(0, 1), known, y.flatten(0, 1), count, k=settings.neighbours, temperature=settings.temperature)
    return top_k(votes.unflatten(0, y.shape[:2]).mean(1).cpu(), truth.cpu())


def retrieval(x: Tensor, classes: Tensor, y: Tensor, truth: Tensor) -> Outcome:
    """{"retrieval_top1", ...}: the part of the videos y [V', K', D] with one of their class among the k most similar of x [V, K, D]."""
    similarity = F.normalize(y.mean(1)) @ F.normalize(x.mean(1)).T
    ranked = classes[similarity.argsort(dim=1, descending=True, stable=True)] == truth[:, None]
    return {f"retrieval_top{k}": ranked[:, :k].any(1).double().mean().item() for k in RANKS}


class ClipClassifier(nn.Module):
    """Cross entropy of a linear layer on the averaged last stage of clips, with random crops and flips."""

    def __init__(self, backbone: Backbone, classes: int, size: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.channels[backbone.stages[-1]], classes)
        self.crop = CropConfig(size=size, area=(0.5, 1.0))

    def views(self, sample: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """One sample {"rgb": uint8 [T, 3, H, W], "label": int64 []}."""
        return {"rgb": clip_view(sample["rgb"], self.crop, generator), "label": sample["label"]}

    def forward(self, clips: Tensor) -> Tensor:
        """uint8 [B, T, 3, size, size] -> logits [B, classes]."""
        scores: Tensor = self.head(clip_maps(self.backbone, to_input(clips)).mean((2, 3, 4)))
        return scores

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(self(batch["rgb"]), batch["label"])}


def _supervised(train: ActionVideos, settings: Settings, source: Source, request: Request) -> tuple[ClipClassifier, Source]:
    """The reference, trained, and the source with what it cost."""
    learner = ClipClassifier(source.fresh_backbone(), len(train.class_names), settings.size)
    footage = Footage(length=settings.length, stride=settings.stride)
    data: Any = train.stretches(footage, classes=train.classes, short_px=settings.size, keep_below=IN_MEMORY_BYTES)
    training = Training(samples=settings.supervised_samples, batch_size=settings.supervised_batch, seed=source.seed)
    seconds = train_supervised(learner, data, training, request)
    return learner, source.cost(training.samples, seconds)


@torch.inference_mode()
def classifier_scores(learner: ClipClassifier, videos: Sequence[ActionVideo], settings: Settings) -> tuple[Tensor, Tensor]:
    """(mean logits of each video's clips, its class) of the videos that can be read."""
    learner = learner.eval().to(device())
    scores, classes = [], []
    for video in videos:
        try:
            frames, numbers = settings.cut.read(video.path, settings.clips)
        except (VideoError, OSError):
            continue  # counted and named where features were made
        scores.append(learner(frames[numbers].to(device())).mean(0).cpu())
        classes.append(video.label)
    return torch.stack(scores), torch.tensor(classes)
