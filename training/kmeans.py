"""k-means on whitened features, and how well two clusterings agree. Nothing here has a gradient."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """`centroids` float [k, P]; `labels` int64 [N]: the nearest centroid of each point; `refilled`: how many times one had run empty."""

    centroids: Tensor
    labels: Tensor
    refilled: int

    @property
    def counts(self) -> Tensor:
        """int64 [k]: points of each cluster."""
        return torch.bincount(self.labels, minlength=len(self.centroids))


@torch.no_grad()
def k_means(points: Tensor, k: int, generator: torch.Generator, iterations: int = 10) -> Clusters:
    """Lloyd's algorithm from k-means++ seeds. points: float [N, P], N >= k. `generator` lives on the CPU.

    A cluster that runs empty takes over a part of the largest one: the points nearer to that one's farthest member than to its centroid
    (DeepCluster and Faiss split a cluster by a small perturbation of its centroid). Equal points can't be split, so a cluster
    stays empty where there are fewer different points than clusters.
    """
    centroids, refilled = _seeds(points, k, generator), 0
    for _ in range(iterations):
        labels = nearest(points, centroids)
        refilled += _refill(points, centroids, labels)
        members = F.one_hot(labels, k).to(points.dtype)
        counts = members.sum(0)[:, None]
        # A product, because sums by index have no fixed order on a GPU.
        centroids = torch.where(counts > 0, members.T @ points / counts.clamp(min=1), centroids)
    return Clusters(centroids=centroids, labels=nearest(points, centroids), refilled=refilled)


def nearest(points: Tensor, centroids: Tensor) -> Tensor:
    """int64 [N]: the index of the centroid at the least Euclidean distance."""
    return (centroids.square().sum(1) / 2 - points @ centroids.T).argmin(1)


def _seeds(points: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """k of the points: each next one drawn in proportion to its squared distance from those before (Arthur & Vassilvitskii 2007)."""
    draws = torch.rand(k, generator=generator, dtype=torch.float64).to(points.device)
    chosen = [(draws[0] * len(points)).long()]
    distance = torch.full((len(points),), math.inf, dtype=points.dtype, device=points.device)
    for draw in draws[1:]:
        distance = torch.minimum(distance, (points - points[chosen[-1]]).square().sum(1))
        reach = distance.double().cumsum(0)
        chosen.append(torch.searchsorted(reach, draw * reach[-1], right=True).clamp(max=len(points) - 1))
    return points[torch.stack(chosen)]


def _refill(points: Tensor, centroids: Tensor, labels: Tensor) -> int:
    """Splits the largest cluster for every empty one, in place; the number of clusters that were filled."""
    counts = torch.bincount(labels, minlength=len(centroids))
    filled = 0
    for empty in (counts == 0).nonzero()[:, 0].tolist():
        largest = int(counts.argmax())
        members = (labels == largest).nonzero()[:, 0]
        distance = (points[members] - centroids[largest]).square().sum(1)
        farthest = points[members[distance.argmax()]]
        moved = members[(points[members] - farthest).square().sum(1) < distance]
        if not 0 < len(moved) < len(members):
            continue
        centroids[empty], labels[moved] = farthest, empty
        counts[largest] -= len(moved)
        counts[empty], filled = len(moved), filled + 1
    return filled


@torch.no_grad()
def whitening(features: Tensor, components: int) -> tuple[Tensor, Tensor]:
    """PCA-whitening of float [N, D]: mean [D] and matrix [D, components], so that (features - mean) @ matrix has unit variances.

    Directions without variance, or beyond the rank, have weight zero: below 1e-6 of the largest one's, or where features differ by less
    than 1e-4 of their size, there is nothing but rounding.
    """
    mean = features.double().mean(0)
    centred = features.double() - mean
    variance, directions = torch.linalg.eigh(centred.T @ centred / len(features))
    variance, directions = variance.flip(0)[:components], directions.flip(1)[:, :components]
    least = torch.maximum(1e-6 * variance[:1], 1e-8 * features.double().square().sum(1).mean())
    scale = torch.where(variance > least, variance.clamp(min=1e-30).rsqrt(), 0.0)
    matrix = torch.zeros(features.shape[1], components, device=features.device)
    matrix[:, : len(scale)] = (directions * scale).float()
    return mean.float(), matrix


def mutual_information(a: Tensor, b: Tensor) -> float:
    """Normalised mutual information I(a; b) / sqrt(H(a) H(b)) of two labellings int64 [N], 0..1 (the normalisation of DeepCluster).

    Of two labellings of which one says the same of everything it is 0.
    """
    table = torch.zeros(int(a.max()) + 1, int(b.max()) + 1, dtype=torch.float64)
    table.index_put_((a.cpu(), b.cpu()), torch.ones(len(a), dtype=torch.float64), accumulate=True)
    joint = table / len(a)
    entropy_a, entropy_b, entropy = _entropy(joint.sum(1)), _entropy(joint.sum(0)), _entropy(joint.flatten())
    if min(entropy_a, entropy_b) == 0:
        return 0.0
    return max(0.0, entropy_a + entropy_b - entropy) / math.sqrt(entropy_a * entropy_b)


def _entropy(probabilities: Tensor) -> float:
    return float(torch.special.entr(probabilities).sum())
