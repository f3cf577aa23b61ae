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
from simlearn.benchmarks.clip_probes import (
    Hits,
    by_groups,
    held_out_groups,
    hits_of,
    linear,
    linear_hits,
    retrieval,
    retrieval_hits,
    thinned,
)
from simlearn.benchmarks.evaluation import Evaluation, Request
from simlearn.benchmarks.features import device
from simlearn.benchmarks.probes import knn_scores
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
from training.learner import Footage

INPUTS = ("image", "clip")
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`size`: side of the square input in pixels. A clip has `length` frames, `stride` apart; `clips` of each video test and `train_clips`
    train. `penalties`: candidates for the L2 weight. `held_out_every`: one group of training videos in so many is held out to choose among
    them, and so in turn with `folds` different ones. `kinds`: what is measured."""

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
    kinds: tuple[str, ...] = ("linear", "knn", "retrieval")
    supervised_samples: int = 1200
    supervised_batch: int = 16

    @property
    def gallery_clips(self) -> int:
        """Of a training video: as many as of a test video where those are retrieved, else only those that train."""
        return self.clips if "retrieval" in self.kinds else self.train_clips

    @property
    def cut(self) -> Cut:
        return Cut(size=self.size, length=self.length, stride=self.stride)


PROTOCOL = (
    "{name}, {split}: {classes} classes, {train} training and {test} test videos (of the most frequent training class: {chance:.1f} % of "
    "the test); clips of {length} frames, {stride} apart, shorter side resized to {size}, middle {size}x{size}; {train_clips} clips spread "
    "evenly over each training video, {clips} over each test video; frozen features of each stage averaged over time and a "
    "{grid}x{grid} grid (of a network of pictures: the mean over frames). Linear: standardised by training statistics, multinomial "
    "logistic regression with L2 on clips, its weight chosen on one in {held} groups of training videos ({folds} times, with other groups "
    "held out), then refitted on all; a test video's logits are the mean of its clips' ('softmax': the mean of their probabilities). kNN: "
    "k = {k}, T = {t}, cosine, votes of a video's clips summed. Retrieval: mean of a video's clips (of training videos {gallery}), cosine, "
    "hit if one of the k nearest training videos is of its class. Stage 'best' is chosen on those held-out groups, "
    "never on the test. Intervals: bootstrap over groups of test videos, from {least} of them on. 'supervised': the same backbone and a "
    "linear layer trained from scratch on the training videos, with random crops and flips."
)
SPLITS = " Every value is the mean over the {count} splits, each with its own probe and stage; '_split<k>' is that of one."
LEAST_GROUPS = 10  # resampling fewer of what was filmed together says little of how sure a value is
PER_SPLIT = ("linear_top1", "retrieval_top1")
Read = Callable[[Path | None, str], ActionVideos]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What held-out training videos say of a stage and a kind of probe (`held_out`, a share), and what it does on test videos."""

    held_out: float
    hits: Hits
    penalty: float | None = None


@dataclass(frozen=True, kw_only=True)
class Split:
    """One way to divide a data set, its features, and {kind: {stage: Chosen}} of them."""

    known: ClipFeatures
    asked: ClipFeatures
    probes: Mapping[str, Mapping[str, Chosen]]


def evaluate_on(name: str, split: str, read: Read, settings: Settings, source: Source, request: Request) -> Evaluation:
    """Rows of a data set's benchmark. `read` gives its videos of "train" and of "test"; `split` says how they are told apart."""
    return evaluate_splits(name, split, [read], settings, source, request)


def evaluate_splits(name: str, split: str, reads: Sequence[Read], settings: Settings, source: Source, request: Request) -> Evaluation:
    """The same over several official splits, of which each video is decoded once."""
    parts = [(read(request.root, "train"), read(request.root, "test")) for read in reads]
    _refuse_missing(parts, request)
    classifiers, seconds = [], 0.0
    supervised = source.method == SUPERVISED
    shared = _features(_together(parts), source.load(), settings, settings.clips, request) if len(parts) > 1 and not supervised else None
    splits = list[Split]()
    for number, (train, test) in enumerate(parts, start=1):
        if shared is not None:
            known, asked = shared.of(train.paths), shared.of(test.paths)
        else:
            backbone = source.load()
            if supervised:
                classifier, cost = _supervised(train, settings, source, request, f"split{number}")
                classifiers.append(classifier)
                backbone, seconds = classifier.backbone, seconds + cost
            known = _features(train.videos, backbone, settings, settings.gallery_clips, request)
            asked = _features(test.videos, backbone, settings, settings.clips, request)
        splits.append(Split(known=known, asked=asked, probes=probe(known, asked, len(train.class_names), settings, request.say)))
    if classifiers:
        source = source.cost(settings.supervised_samples, seconds)
    result = Evaluation(
        benchmark=name,
        protocol=_protocol(parts, split, splits, settings),
        source=source,
        settings=settings,
        quick=request.quick,
        data=_facts(name, parts, [feature for s in splits for feature in (s.known, s.asked)], request),
    )
    report(result, splits)
    if classifiers:
        scored = [classifier_scores(c, test.videos, settings) for c, (_, test) in zip(classifiers, parts, strict=True)]
        hits = [hits_of(*pair, 1) for pair in scored]
        add_hits(result, {"classifier_top1": hits}, [s.asked.groups for s in splits], stage="fc")
    return result


def _together(parts: Sequence[tuple[ActionVideos, ActionVideos]]) -> list[ActionVideo]:
    return list({video.path: video for pair in parts for side in pair for video in side.videos}.values())


def _features(videos: Sequence[ActionVideo], backbone: Backbone, settings: Settings, clips: int, request: Request) -> ClipFeatures:
    return video_features(videos, backbone, settings.cut, clips=clips, grid=settings.grid, say=request.say)


def _refuse_missing(parts: Sequence[tuple[ActionVideos, ActionVideos]], request: Request) -> None:
    missing = sorted({name for pair in parts for side in pair for name in side.missing})
    if missing and request.strict:
        raise UserError(f"{len(missing)} listed videos are missing, the first is {missing[0]}; without --strict they would be left out")


def _facts(
    name: str, parts: Sequence[tuple[ActionVideos, ActionVideos]], features: Sequence[ClipFeatures], request: Request
) -> dict[str, str]:
    """A row's `data`: what was read, what the lists name and the folder lacks, and what cannot be read. UserError for those if strict."""
    data = {"name": name, "fingerprint": "".join(side.fingerprint() for side in parts[0])}
    missing = sorted({name for pair in parts for side in pair for name in side.missing})
    total = len(_together(parts))
    if missing:
        data["missing"] = f"{len(missing)} of {total + len(missing)} listed videos are missing: {', '.join(missing[:SHOWN])}"
    left_out = list(dict.fromkeys(reason for part in features for reason in part.left_out))
    if left_out:
        data["left_out"] = f"{len(left_out)} of {total} videos cannot be read: {', '.join(left_out)}"
        if request.strict:
            raise UserError(f"{data['left_out']}; without --strict they would be left out")
    request.say("; ".join(list(data.values())[2:]) or "all videos can be read")
    return data


def found_on(read: Read, root: Path | None) -> Finding:
    """Whether both splits are there."""
    try:
        train, test = read(root, "train"), read(root, "test")
    except UserError as error:
        return Finding(present=False, text=str(error))
    return Finding(present=True, folder=train.folder, text=f"{len(train)} training and {len(test)} test videos")


def _protocol(parts: Sequence[tuple[ActionVideos, ActionVideos]], split: str, splits: Sequence[Split], settings: Settings) -> str:
    train, known, asked = parts[0][0], splits[0].known, splits[0].asked
    common = torch.bincount(known.classes, minlength=len(train.class_names)).argmax()
    text = PROTOCOL.format(
        name=train.NAME,
        split=split,
        classes=len(train.class_names),
        train="/".join(str(len(s.known)) for s in splits),
        test="/".join(str(len(s.asked)) for s in splits),
        chance=100 * (asked.classes == common).double().mean().item(),
        length=settings.length,
        stride=settings.stride,
        size=settings.size,
        train_clips=settings.train_clips,
        clips=settings.clips,
        gallery=settings.gallery_clips,
        grid=settings.grid,
        held=settings.held_out_every,
        folds=settings.folds,
        k=settings.neighbours,
        t=settings.temperature,
        least=LEAST_GROUPS,
    )
    return text + (SPLITS.format(count=len(parts)) if len(parts) > 1 else "")


def probe(
    known: ClipFeatures, asked: ClipFeatures, count: int, settings: Settings, say: Callable[[str], None]
) -> dict[str, dict[str, Chosen]]:
    """{kind: {stage: Chosen}}: every stage's probes, chosen on held-out training videos and tried on the test videos."""
    held = [held_out_groups(known.groups, settings.held_out_every, fold) for fold in range(settings.folds)]
    probes: dict[str, dict[str, Chosen]] = {kind: {} for kind in settings.kinds}
    for stage in known.stages:
        whole, y = known.stages[stage].to(device()), known.classes.to(device())
        x = thinned(whole, settings.train_clips)
        tested, truth = asked.stages[stage].to(device()), asked.classes.to(device())
        folds = [(x[~mask], y[~mask], x[mask], y[mask]) for mask in held]
        checked = {p: _mean(linear(*fold, count, p) for fold in folds) for p in settings.penalties}
        penalty = max(checked, key=lambda p: (checked[p], p))
        hits = linear_hits(x, y, tested, truth, count, penalty)
        probes["linear"][stage] = Chosen(held_out=checked[penalty], penalty=penalty, hits=hits)
        if "knn" in probes:
            share = _mean(neighbours(*fold, count, settings) for fold in folds)
            probes["knn"][stage] = Chosen(held_out=share, hits={"knn_top1": neighbour_hits(x, y, tested, truth, count, settings)})
        if "retrieval" in probes:
            share = _mean(retrieval(whole[~mask], y[~mask], whole[mask], y[mask])["retrieval_top1"] for mask in held)
            probes["retrieval"][stage] = Chosen(held_out=share, hits=retrieval_hits(whole, y, tested, truth))
        say(f"{stage}: linear {100 * probes['linear'][stage].hits['linear_top1'].double().mean():.1f} %")
    return probes


def report(result: Evaluation, splits: Sequence[Split]) -> None:
    """Adds the rows of every stage and of those that held-out training videos choose, each the mean over the splits."""
    groups = [split.asked.groups for split in splits]
    best = dict[str, list[str]]()
    for kind in splits[0].probes:
        best[kind] = [best_stage({stage: chosen.held_out for stage, chosen in split.probes[kind].items()}) for split in splits]
        for stage in splits[0].known.stages:
            taken = [split.probes[kind][stage] for split in splits]
            penalties = [chosen.penalty for chosen in taken if chosen.penalty is not None]
            facts = {"penalty": penalties[0] if len(splits) == 1 else penalties} if penalties else {}
            add_hits(result, _by_metric([chosen.hits for chosen in taken]), groups, stage=stage, chosen=facts)
    for kind, stages in best.items():
        taken = [split.probes[kind][stage] for split, stage in zip(splits, stages, strict=True)]
        named = {"stage": ", ".join(dict.fromkeys(stages))}
        hits = _by_metric([chosen.hits for chosen in taken])
        add_hits(result, hits, groups, stage="best", chosen=named, keep=True)
        if len(splits) > 1:
            for metric, of_splits in hits.items():
                for number, of_split in enumerate(of_splits, start=1):
                    if metric in PER_SPLIT or (kind == "retrieval" and number == 1):
                        chosen = {"stage": stages[number - 1]}
                        add_hits(result, {f"{metric}_split{number}": [of_split]}, [groups[number - 1]], stage="best", chosen=chosen)


def _by_metric(hits: Sequence[Hits]) -> dict[str, list[Tensor]]:
    """{metric: one mask a split} of the metrics that all splits have."""
    return {metric: [of_split[metric] for of_split in hits] for metric in hits[0] if all(metric in of_split for of_split in hits)}


def add_hits(
    result: Evaluation,
    hits: Mapping[str, Sequence[Tensor]],
    groups: Sequence[Sequence[str]],
    *,
    stage: str,
    chosen: Mapping[str, Any] | None = None,
    keep: bool = False,
) -> None:
    """A row of each metric: the mean over splits of the share of test videos that hit; its interval by groups. `keep` for paired tests."""
    for metric, of_splits in hits.items():
        names, values = by_groups(of_splits, groups)
        interval = values.interval() if len(names) >= LEAST_GROUPS else None
        count = sum(len(mask) for mask in of_splits)
        result.add({metric: values.value}, stage=stage, n=count, chosen=chosen, interval=interval)
        if keep:
            facts = {"numerator": values.numerator.tolist(), "denominator": values.denominator.tolist()}
            result.per_item[metric] = {"items": names, **facts}


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def neighbour_hits(x: Tensor, classes: Tensor, y: Tensor, truth: Tensor, count: int, settings: Settings) -> Tensor:
    """Of videos y [V', K', D], by the votes of their clips' nearest clips in x [V, K, D]."""
    known = classes.repeat_interleave(x.shape[1])
    votes = knn_scores(x.flatten(0, 1), known, y.flatten(0, 1), count, k=settings.neighbours, temperature=settings.temperature)
    return hits_of(votes.unflatten(0, y.shape[:2]).mean(1), truth, 1)


def neighbours(x: Tensor, classes: Tensor, y: Tensor, truth: Tensor, count: int, settings: Settings) -> float:
    return neighbour_hits(x, classes, y, truth, count, settings).double().mean().item()


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


def _supervised(train: ActionVideos, settings: Settings, source: Source, request: Request, tag: str) -> tuple[ClipClassifier, float]:
    """The reference, trained, and the seconds that it took."""
    learner = ClipClassifier(source.fresh_backbone(), len(train.class_names), settings.size)
    footage = Footage(length=settings.length, stride=settings.stride)
    data: Any = train.stretches(footage, classes=train.classes, short_px=settings.size, keep_below=IN_MEMORY_BYTES)
    training = Training(samples=settings.supervised_samples, batch_size=settings.supervised_batch, seed=source.seed)
    return learner, train_supervised(learner, data, training, request, tag)


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
