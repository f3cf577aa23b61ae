"""Telling the one right candidate from the wrong ones (InfoNCE, van den Oord et al. 2018); which are wrong is said one by one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.distributed import world


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Of every query: `loss` float [N]; `similarity` float [N, M], cosines without gradient; `negative` bool [N, M] as given."""

    loss: Tensor
    similarity: Tensor
    positive: Tensor
    negative: Tensor

    def found(self, among: Tensor | None = None) -> Tensor:
        """bool [N]: the right candidate is more similar than any wrong one (of `among`, bool [N, M]); an equal one is not less."""
        wrong = self.negative if among is None else self.negative & among
        right = self.similarity.gather(1, self.positive[:, None])[:, 0]
        return right > self.similarity.masked_fill(~wrong, -torch.inf).amax(1)


def contrast(queries: Tensor, candidates: Tensor, positive: Tensor, negative: Tensor, temperature: float) -> Contrast:
    """Cross-entropy of every query's right candidate among it and its wrong ones, over their cosines / temperature.

    queries float [N, D] and candidates [M, D] of any length; positive int64 [N]; negative bool [N, M]. The loss is 0 without a negative.
    """
    with torch.autocast(queries.device.type, enabled=False):
        similarity = F.normalize(queries.float(), dim=1) @ F.normalize(candidates.float(), dim=1).T
    own = F.one_hot(positive, len(candidates)).bool()
    loss = F.cross_entropy((similarity / temperature).masked_fill(~(negative | own), -torch.inf), positive, reduction="none")
    return Contrast(loss=loss, similarity=similarity.detach(), positive=positive, negative=negative & ~own)


def first_of_rank(own: Tensor) -> int:
    """Where this rank's rows begin among those of all ranks, once gathered."""
    return world()[0] * len(own)
