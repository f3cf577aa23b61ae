"""Clusters of the network's own features are the classes that it learns next (DeepCluster, Caron et al., ECCV 2018).

The paper alternates: cluster the features of the whole data set, train for an epoch to name every picture's cluster, start over with a
new last layer. A stream of samples has no epochs and remembers no picture's label, so here a round is this:

1. A copy of the network is frozen. The features it finds in the central squares of the next `memory` pictures are stored.
2. They are PCA-whitened, l2-normalised and clustered by k-means; a cluster that runs empty splits the largest one.
3. The frozen copy with its centroids becomes the labeller, and the network's last layer starts anew. Until the next round the labeller
   names the cluster of each picture's central square, and the network learns to name it from a random crop.

So a picture's label is what DeepCluster would have given it at the beginning of the epoch, as a function instead of a list, which makes
endless streams and resumption possible, for one more forward pass. Rounds start every `period` samples. The first ones are
shorter: clusters of the first batch, of the next twice as many pictures, and so on, with at most one cluster for four pictures.

What else differs from the paper, and why:
- The loss is reweighted so that all clusters count alike, which the paper names as equivalent to its sampling uniformly over clusters.
- The optimiser's running means of the last layer are kept when it starts anew; the loop owns them, and they fade within some ten steps.
- There are 32 clusters, not 10,000, so that a cluster has 128 pictures a round, as in the paper; the PCA has 16 dimensions, not 256.
  (In 12,800 pictures of Tiny ImageNet a small network learnt to name 16 % of these clusters right, of 100 in 64 dimensions 4 %.)
- Features are the mean over the last stage's cells; there is no layer between them and the last one (AlexNet's has two).

Colour is the known shortcut, because it makes easy clusters. With `input` "sobel" the network sees no colours but, as in the paper, the
gradients of the grey picture: [d/dx, d/dy, magnitude], here each picture's over their root mean square, because colours differ in
brightness and brightness scales gradients. Such a backbone must be fed with `training.views.sobel(pictures)` later on: on RGB its first
layer finds what it was never trained for. With "rgb" it sees colours, jittered, and can be used like any other; its labels come from
grey pictures of equal brightness and contrast, so that clusters can't be of colours either.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones.base import Backbone
from training.crops import CropConfig
from training.distributed import gather
from training.frozen import copy_into, frozen_copy
from training.images import to_picture
from training.kmeans import k_means, mutual_information, nearest, whitening
from training.learner import Batch, Config, Picture, Sample
from training.pretexts.base import Pretext
from training.views import central_view, even_grey, random_view, recoloured_input, sobel

PICTURES_PER_CLUSTER = 4
"""At least so many, where the memory holds fewer than it should."""
UNUSED = 1e3
"""Coordinates of centroids that stand for no cluster: out of reach of unit vectors."""


@dataclass(frozen=True, kw_only=True)
class ClusteringConfig(Config):
    """`memory` and `period` are in pictures: how many are clustered, and from one round to the next. `components`: of the PCA."""

    crop: CropConfig = field(default_factory=CropConfig)
    input: Literal["sobel", "rgb"] = "sobel"
    colour: PhotometricConfig = field(default_factory=PhotometricConfig)
    clusters: int = 32
    components: int = 16
    memory: int = 2048
    period: int = 4096
    iterations: int = 10

    def __post_init__(self) -> None:
        if self.input not in ("sobel", "rgb"):
            raise UserError(f"input must be sobel or rgb, not {self.input!r}")
        if self.clusters < 2 or min(self.components, self.iterations) < 1:
            raise UserError(
                f"clusters must be at least 2, components and iterations 1, not {self.clusters}, {self.components}, {self.iterations}"
            )
        if not PICTURES_PER_CLUSTER * self.clusters <= self.memory <= self.period:
            raise UserError(
                f"memory must hold at least {PICTURES_PER_CLUSTER} pictures a cluster and at most a period's, "
                f"not {self.memory} for {self.clusters} clusters and a period of {self.period}"
            )


class Labeller(nn.Module):
    """A frozen network and the clusters of its features: images -> the cluster of each."""

    mean: Tensor
    whitening: Tensor
    centroids: Tensor

    def __init__(self, backbone: Backbone, config: ClusteringConfig) -> None:
        super().__init__()
        features = backbone.channels[backbone.stages[-1]]
        self.backbone = frozen_copy(backbone)
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("whitening", torch.zeros(features, config.components))
        self.register_buffer("centroids", torch.full((config.clusters, config.components), UNUSED))

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """int64 [B]."""
        return nearest(self.points(pooled(self.backbone, images)), self.centroids)

    def points(self, features: Tensor) -> Tensor:
        """float32 [B, D] -> [B, components]: whitened unit vectors."""
        return F.normalize((features - self.mean) @ self.whitening, dim=1)


class Clustering(Pretext):
    """Name the cluster of a picture from a random crop of it.

    "accuracy" counts all clusters alike, so by chance it is 1 / "clusters" (those in use, 32 by default). "stability" is the normalised
    mutual information between the clusters of the last two rounds, of the same pictures; "empty" and "refilled" count clusters without
    a picture at the last round's end and those filled again on the way.
    """

    Config: ClassVar[type[Config]] = ClusteringConfig
    unit = "image"
    labels = ("rgb",)
    features: Tensor
    earlier: Tensor
    progress: Tensor
    weights: Tensor
    facts: Tensor

    def __init__(self, backbone: Backbone, config: ClusteringConfig) -> None:
        super().__init__(backbone, config)
        self.config: ClusteringConfig = config
        inputs = backbone.channels[backbone.stages[-1]]
        self.head = nn.Linear(inputs, config.clusters)
        self.labeller, self.candidate = Labeller(backbone, config), frozen_copy(backbone)
        self.register_buffer("features", torch.zeros(config.memory, inputs))
        self.register_buffer("earlier", torch.zeros(config.memory, dtype=torch.long))  # the stored pictures' clusters of the last round
        self.register_buffer("progress", torch.tensor([0, 0, 0]))  # pictures stored, to be stored in this round, to pass before it starts
        self.register_buffer("weights", torch.zeros(config.clusters))  # of the clusters in the loss; 0: not in use
        self.register_buffer("facts", torch.zeros(3))  # stability, empty, refilled
        self.train()

    def train(self, mode: bool = True) -> Clustering:
        super().train(mode)
        self.labeller.eval()
        self.candidate.eval()
        return self

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        crop = self.config.crop
        return {"view": random_view(sample["rgb"], crop, generator), "centre": central_view(sample["rgb"], crop.size)}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        centre = batch["centre"].float() / 255
        if self.config.input == "sobel":
            images = {"view": sobel(batch["view"].float() / 255), "centre": sobel(centre)}
        else:
            images = {"view": recoloured_input(batch["view"], self.config.colour, generator), "centre": even_grey(centre)}
        seed = torch.randint(2**62, (1,), generator=generator, device=generator.device)
        return {**images, "picture": batch["centre"], "seed": seed}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        if len(batch["view"]) < 2:
            raise UserError("clustering needs at least two pictures in a batch: raise batch_size")
        labels = self.labeller(batch["centre"])
        if self.training and self._advance(batch["centre"], labels, batch["seed"]):
            labels = self.labeller(batch["centre"])
        logits = self._predict(batch["view"])
        weights = self.weights[labels]
        weights = weights / gather(weights).mean()  # so that the mean over ranks is that of all their pictures
        right = (logits.argmax(1) == labels).float()
        stability, empty, refilled = self.facts.clone()
        return {
            "loss": (weights * F.cross_entropy(logits, labels, reduction="none")).mean(),
            "accuracy": (weights * right).mean(),
            "stability": stability,
            "empty": empty,
            "refilled": refilled,
            "clusters": (self.weights > 0).float().sum(),
        }

    def _predict(self, images: Tensor) -> Tensor:
        return self.head(pooled(self.backbone, images)).float().masked_fill(self.weights == 0, -torch.inf)

    @torch.no_grad()
    def _advance(self, images: Tensor, labels: Tensor, seed: Tensor) -> bool:
        """One step of the round; whether it ended with new clusters. The same on all ranks, which see each other's pictures."""
        stored, target, pause = self.progress.tolist()
        if pause > 0:
            self.progress[2] = pause = pause - len(gather(labels))
            if pause <= 0:
                copy_into(self.candidate, self.backbone)
            return False
        features, labels = gather(pooled(self.candidate, images)), gather(labels)
        space = self.config.memory - stored
        self.features[stored : stored + len(features)] = features[:space]
        self.earlier[stored : stored + len(features)] = labels[:space]
        stored += min(len(features), space)
        self.progress[0] = stored
        if stored < target:
            return False
        self._recluster(stored, torch.Generator().manual_seed(int(gather(seed)[0])))
        return True

    def _recluster(self, stored: int, generator: torch.Generator) -> None:
        """Ends a round: new clusters of what is stored, a new last layer, and the next round's beginning."""
        config, labeller = self.config, self.labeller
        first = not self.weights.any()
        copy_into(labeller.backbone, self.candidate)
        mean, matrix = whitening(self.features[:stored], config.components)
        labeller.mean.copy_(mean)
        labeller.whitening.copy_(matrix)
        k = min(config.clusters, max(2, stored // PICTURES_PER_CLUSTER))
        found = k_means(labeller.points(self.features[:stored]), k, generator, config.iterations)
        labeller.centroids.fill_(UNUSED)[:k] = found.centroids
        self.weights.zero_()[:k] = stored / (k * found.counts.clamp(min=1))
        stability = 0.0 if first else mutual_information(self.earlier[:stored], found.labels)
        self.facts.copy_(torch.tensor([stability, float((found.counts == 0).sum()), found.refilled]))
        self.head.weight.copy_(torch.empty(self.head.weight.shape).normal_(0, 0.01, generator=generator))
        self.head.bias.zero_()
        pause = config.period - config.memory if stored == config.memory else 0
        self.progress.copy_(torch.tensor([0, min(2 * stored, config.memory), pause]))
        copy_into(self.candidate, self.backbone)

    def preview(self, batch: Batch) -> list[Picture]:
        """Pictures cluster by cluster, what the network sees of them and says; before training, the clusters are of the batch itself."""
        twin = copy.deepcopy(self).eval()
        with torch.no_grad():
            if not self.weights.any():
                twin._advance(batch["centre"], twin.labeller(batch["centre"]), batch["seed"])
            labels, said = twin.labeller(batch["centre"]).tolist(), twin._predict(batch["view"]).argmax(1).tolist()
        pictures: list[Picture] = []
        for i in sorted(range(len(labels)), key=lambda i: labels[i]):
            pictures += [
                ("picture", batch["picture"][i].permute(1, 2, 0).cpu().numpy()),
                (f"cluster {labels[i]}", to_picture(batch["centre"][i]).permute(1, 2, 0).cpu().numpy()),
                (f"view: cluster {said[i]}", to_picture(batch["view"][i]).permute(1, 2, 0).cpu().numpy()),
            ]
        return pictures


def pooled(backbone: nn.Module, images: Tensor) -> Tensor:
    """float32 [B, D]: the mean over the last stage's cells."""
    # In one layout whatever the weights have, so that a network gives the same bits after it was saved and loaded.
    return backbone(images.contiguous(memory_format=torch.channels_last)).mean((2, 3)).float()
