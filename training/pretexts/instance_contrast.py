"""Two views of a picture are told from those of all others (SimCLR, Chen, Kornblith et al. 2020; MoCo, He et al. 2020).

"simclr": both views of a batch of B pictures pass the network, and each must find its partner among the 2B - 1 others (NT-Xent), under
DDP among those of all ranks. "moco": the second views pass a slow copy of the network (momentum encoder) and go into a queue of keys;
the first views must find theirs among the queue's, so that negatives are many where batches are small.

What differs from the papers, and why:
- Views of the same picture are never each other's negatives. Small data sets show a picture twice in a batch, or again while its last
  keys are still in the queue; to tell it from itself can't be learnt. A batch of one picture alone teaches nothing: its loss is 0.
- MoCo's keys of the current batch are negatives of one another beside the queue's, so that the first step has some. There is no shuffled
  batch normalisation: it keeps apart the statistics of queries and keys that share a device, of which there is one here or, under DDP,
  few; SimCLR puts both views into one batch, where statistics tell nothing about who is whose partner.
- The temperature is 0.2, MoCo v2's (SimCLR: 0.1 at batches of 4,096), and the momentum 0.99 (0.999), for runs of thousands of steps.
- MoCo's queue holds 256 keys (65,536), of the last 8 batches of 32. While the network still changes fast, keys of other steps differ by
  their age, and whoever tells age needs not tell pictures: with 1,024 or 4,096 keys of Tiny ImageNet the loss of such a run rose again
  while the learning rate fell, with 256 it fell to its end.
- Blur reaches 1 pixel where the crop has 64, which is as much of the picture as SimCLR's 2 of 224.

The histogram of colours is the known shortcut: two crops of a picture share it. Colours are jittered as strongly as SimCLR's (s = 1);
of constant pictures that differ in colour alone a network then finds 3 % among 126, without jitter all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenes.errors import UserError
from training.augment import PhotometricConfig
from training.backbones.base import Backbone
from training.crops import CropConfig
from training.distributed import gather, world
from training.frozen import follow, frozen_copy
from training.images import to_picture
from training.learner import Batch, Config, Picture, Sample
from training.losses import masked_mean
from training.pretexts.base import Pretext
from training.views import picture_id, recoloured_input, two_views

EMPTY = -1
"""The picture's id in a place of the queue that holds no key yet."""


def _views() -> CropConfig:
    return CropConfig(area=(0.2, 1.0), aspect=(3 / 4, 4 / 3))


def _colours() -> PhotometricConfig:
    """SimCLR's at full strength; its hue of 0.2 turns is 0.4 half-circles."""
    return PhotometricConfig(
        brightness=0.8, contrast=0.8, saturation=0.8, hue=0.4, grey=0.2, channel=0.0, blur=0.5, blur_sigma=1.0, noise=0.0
    )


@dataclass(frozen=True, kw_only=True)
class InstanceContrastConfig(Config):
    """`hidden` and `dimensions` are the widths of the projection's two layers. `queue` (keys) and `momentum` are MoCo's alone."""

    crop: CropConfig = field(default_factory=_views)
    colour: PhotometricConfig = field(default_factory=_colours)
    method: Literal["simclr", "moco"] = "simclr"
    temperature: float = 0.2
    hidden: int = 256
    dimensions: int = 64
    queue: int = 256
    momentum: float = 0.99

    def __post_init__(self) -> None:
        if self.method not in ("simclr", "moco"):
            raise UserError(f"method must be simclr or moco, not {self.method!r}")
        if not self.temperature > 0:
            raise UserError(f"temperature must be positive, not {self.temperature}")
        if min(self.hidden, self.dimensions, self.queue) < 1:
            raise UserError(f"hidden, dimensions and queue must be at least 1, not {self.hidden}, {self.dimensions}, {self.queue}")
        if not 0 <= self.momentum < 1:
            raise UserError(f"momentum must lie in [0, 1), not {self.momentum}")


class InstanceContrast(Pretext):
    """Find the other view of the same picture.

    "accuracy" is the part of views whose partner is the most similar of all candidates; by chance it is 1 / (1 + "negatives"), which are
    2B - 2 in batches of B different pictures, or those in the queue. "alignment" is the mean squared distance of partners (0..4),
    "uniformity" the log of the mean of exp(-2 distance^2) over negatives (Wang & Isola 2020): both are the better the lower.
    """

    Config: ClassVar[type[Config]] = InstanceContrastConfig
    unit = "image"
    labels = ("rgb",)
    queue: Tensor
    queue_ids: Tensor
    queued: Tensor

    def __init__(self, backbone: Backbone, config: InstanceContrastConfig) -> None:
        super().__init__(backbone, config)
        self.config: InstanceContrastConfig = config
        inputs = backbone.channels[backbone.stages[-1]]
        self.projection = nn.Sequential(
            nn.Linear(inputs, config.hidden, bias=False),
            nn.BatchNorm1d(config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.dimensions),
        )
        if config.method == "moco":
            self.key_backbone, self.key_projection = frozen_copy(backbone), frozen_copy(self.projection)
            self.register_buffer("queue", torch.zeros(config.queue, config.dimensions))
            self.register_buffer("queue_ids", torch.full((config.queue,), EMPTY))
            self.register_buffer("queued", torch.zeros((), dtype=torch.long))

    def views(self, sample: Sample, generator: torch.Generator) -> Batch:
        return {"views": two_views(sample["rgb"], self.config.crop, generator), "id": picture_id(sample["rgb"])}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        return {"views": recoloured_input(batch["views"], self.config.colour, generator), "id": batch["id"]}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        if len(batch["id"]) < 2:
            raise UserError("instance_contrast tells pictures from others, so it needs at least two in a batch: raise batch_size")
        return self._among_views(batch) if self.config.method == "simclr" else self._among_keys(batch)

    def _among_views(self, batch: Batch) -> dict[str, Tensor]:
        """NT-Xent: candidates are the views of all ranks, in the order picture 0's two, picture 1's two, …"""
        own = encode(self.backbone, self.projection, batch["views"].flatten(0, 1))
        ids = batch["id"].repeat_interleave(2)
        return info_nce(own, gather(own), _places(own) ^ 1, ids, gather(ids), self.config.temperature)

    def _among_keys(self, batch: Batch) -> dict[str, Tensor]:
        """InfoNCE: candidates are the keys of all ranks' second views and those of the queue."""
        queries = encode(self.backbone, self.projection, batch["views"][:, 0])
        if self.training:
            follow(self.key_backbone, self.backbone, self.config.momentum)
            follow(self.key_projection, self.projection, self.config.momentum)
        with torch.no_grad():
            keys, ids = gather(encode(self.key_backbone, self.key_projection, batch["views"][:, 1])), gather(batch["id"])
        candidates, candidate_ids = torch.cat([keys, self.queue]), torch.cat([ids, self.queue_ids])
        parts = info_nce(queries, candidates, _places(queries), batch["id"], candidate_ids, self.config.temperature)
        if self.training:
            self._enqueue(keys, ids)
        return parts

    @torch.no_grad()
    def _enqueue(self, keys: Tensor, ids: Tensor) -> None:
        """The oldest keys make room; of a batch larger than the queue the last ones stay."""
        size = self.config.queue
        keys, ids = keys[-size:], ids[-size:]
        places = (self.queued + torch.arange(len(keys), device=keys.device)) % size
        self.queue.index_copy_(0, places, keys)
        self.queue_ids.index_copy_(0, places, ids)
        self.queued.copy_((self.queued + len(keys)) % size)

    def preview(self, batch: Batch) -> list[Picture]:
        """Each picture's two views, and the view of the batch that the first one is most similar to."""
        training = self.training
        with torch.no_grad():
            self.eval()
            found = encode(self.backbone, self.projection, batch["views"].flatten(0, 1))
        self.train(training)
        nearest = (found @ found.T).fill_diagonal_(-2)[::2].argmax(1).tolist()
        seen = to_picture(batch["views"].flatten(0, 1)).permute(0, 2, 3, 1).cpu().numpy()
        pictures: list[Picture] = []
        for i, other in enumerate(nearest):
            verdict = "right" if other == 2 * i + 1 else "wrong"
            pictures += [("view", seen[2 * i]), ("the other view", seen[2 * i + 1]), (f"most similar: {verdict}", seen[other])]
        return pictures


def encode(backbone: nn.Module, projection: nn.Module, images: Tensor) -> Tensor:
    """Images -> unit vectors float32 [N, dimensions], projected from the mean over the last stage's cells."""
    return F.normalize(projection(backbone(images).mean((2, 3))).float(), dim=1)


def _places(own: Tensor) -> Tensor:
    """int64 [N]: where this rank's rows stand among those of all ranks."""
    return world()[0] * len(own) + torch.arange(len(own), device=own.device)


def info_nce(
    queries: Tensor, candidates: Tensor, positive: Tensor, query_ids: Tensor, candidate_ids: Tensor, temperature: float
) -> dict[str, Tensor]:
    """Cross-entropy of finding each query's own candidate, and its metrics; means over the queries that have a negative.

    queries float32 [N, D], candidates float32 [M, D]: unit vectors; positive int64 [N]: the index of each query's own candidate;
    query_ids int64 [N], candidate_ids int64 [M]: whose view it is. Other candidates of the query's picture don't count, nor EMPTY ones.
    """
    with torch.autocast(queries.device.type, enabled=False):
        similarity = queries @ candidates.T
    own = positive[:, None] == torch.arange(len(candidates), device=queries.device)
    negative = (query_ids[:, None] != candidate_ids) & (candidate_ids != EMPTY)
    logits = (similarity / temperature).masked_fill(~(negative | own), -torch.inf)
    usable = negative.any(1)
    loss = masked_mean(F.cross_entropy(logits, positive, reduction="none"), usable)
    with torch.no_grad():
        partner = similarity.gather(1, positive[:, None])[:, 0]
        most = similarity.masked_fill(~negative, -torch.inf).amax(1)
        near = masked_mean(torch.exp(4 * similarity - 4), negative)  # exp(-2 |a - b|^2), and |a - b|^2 = 2 - 2 a.b
        return {
            "loss": loss,
            "accuracy": masked_mean((partner > most).float(), usable),
            "negatives": negative.sum(1).float().mean(),
            "alignment": (2 - 2 * partner).mean(),
            "uniformity": near.clamp(min=1e-38).log(),
        }
