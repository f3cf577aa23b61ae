"""Probes on features of the clips of videos: what each says of every test video, and the mean over splits of that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scenes.errors import UserError
from simlearn.benchmarks.features import device
from simlearn.benchmarks.probes import Scaler, fit_logistic, logits
from simlearn.statistics import PerItem

RANKS = (1, 5, 10, 20, 50)
FIVE_OF = 10  # five of fewer classes are no feat
Hits = dict[str, Tensor]
"""{metric: bool [V] of test videos}"""


def by_groups(hits: Sequence[Tensor], groups: Sequence[Sequence[str]]) -> tuple[list[str], PerItem]:
    """The mean over splits of each one's percentage of hits, as a ratio of sums over groups: a group tested in two splits is one item."""
    sums, weights = dict[str, float](), dict[str, float]()
    for mask, names in zip(hits, groups, strict=True):
        for hit, name in zip(mask.tolist(), names, strict=True):
            weight = len(hits[0]) / len(mask)  # 1 where there is one split, so that its sums are exact
            weights[name] = weights.get(name, 0.0) + weight
            sums[name] = sums.get(name, 0.0) + 100 * hit * weight
    ordered = sorted(weights)
    return ordered, PerItem.pooled([sums[name] for name in ordered], [weights[name] for name in ordered])


def thinned(x: Tensor, clips: int) -> Tensor:
    """[V, K, D] -> [V, min(K, clips), D], evenly of the clips."""
    places = np.linspace(0, x.shape[1] - 1, min(x.shape[1], clips)).round().astype(np.int64)
    return x[:, torch.from_numpy(places).to(x.device)]


def held_out_groups(groups: Sequence[str], every: int, fold: int) -> Tensor:
    """A mask bool [V] of the videos of one group in `every`, in the order of names; each fold below `every` has other groups.

    UserError for fewer groups than `every`.
    """
    names = sorted(set(groups))
    if len(names) < every:
        raise UserError(f"the training videos are of {len(names)} groups, at least {every} are needed to choose a probe: add more")
    chosen = set(names[every - 1 - fold :: every])
    return torch.tensor([group in chosen for group in groups], device=device())


def hits_of(scores: Tensor, classes: Tensor, k: int) -> Tensor:
    """bool [V]: whether the class is among the k highest scores [V, C]; ties count against, as in `top_k`."""
    own = scores.gather(1, classes[:, None])
    return ((scores >= own).sum(1) <= k).cpu()


def linear_hits(x: Tensor, classes: Tensor, y: Tensor, truth: Tensor, count: int, penalty: float) -> Hits:
    """Of a classifier of the clips of x [V, K, D] on videos y [V', K', D], by the mean of the clips' logits, and of their probabilities."""
    clips = x.flatten(0, 1)
    scale = Scaler.of(clips)
    model = fit_logistic(scale(clips), classes.repeat_interleave(x.shape[1]), count, penalty)
    scores = logits(model, scale(y.flatten(0, 1))).unflatten(0, y.shape[:2])
    mean = scores.mean(1)
    hits = {"linear_top1": hits_of(mean, truth, 1), "linear_softmax_top1": hits_of(scores.softmax(2).mean(1), truth, 1)}
    return hits | ({"linear_top5": hits_of(mean, truth, 5)} if count > FIVE_OF else {})


def linear(x: Tensor, classes: Tensor, y: Tensor, truth: Tensor, count: int, penalty: float) -> float:
    return linear_hits(x, classes, y, truth, count, penalty)["linear_top1"].double().mean().item()


def retrieval_hits(x: Tensor, classes: Tensor, y: Tensor, truth: Tensor) -> Hits:
    """Whether videos y [V', K', D] have one of their class among the k most similar of x [V, K, D]; for k below the number of those."""
    similarity = F.normalize(y.mean(1)) @ F.normalize(x.mean(1)).T
    ranked = classes[similarity.argsort(dim=1, descending=True, stable=True)] == truth[:, None]
    return {f"retrieval_top{k}": ranked[:, :k].any(1).cpu() for k in RANKS if k == 1 or k < len(x)}


def retrieval(x: Tensor, classes: Tensor, y: Tensor, truth: Tensor) -> dict[str, float]:
    return {name: hits.double().mean().item() for name, hits in retrieval_hits(x, classes, y, truth).items()}
