"""Features of rendered and of real pictures made alike: by an adversary on a stage's maps, and by the batch statistics of the real ones.

Owns the adversary, its memory, and whose pictures batch normalisation follows. What makes the pictures themselves alike, before any
network sees them, is in `training.stylise`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from scenes.errors import UserError
from training.backbones.base import Backbone
from training.distributed import gather
from training.learner import Config

COARSEST = 16
"""Stride of the maps that an adversary judges unless it is told otherwise: that of AlexNet's conv5 (Ren & Lee 2018)."""


@dataclass(frozen=True, kw_only=True)
class AdaptationConfig(Config):
    """`align` weighs how rendered features of `stage` ("": the deepest of a stride of at most 16) deceive an adversary that remembers
    `pool` maps of either kind; 0 plays no game. `bn`: whose statistics batch normalisation keeps for use after training."""

    align: float = 0.0
    stage: str = ""
    pool: int = 128
    bn: Literal["rendered", "real"] = "rendered"

    def __post_init__(self) -> None:
        if self.align < 0 or self.pool < 1:
            raise UserError(f"align must not be negative and pool must be at least 1, not {self.align}, {self.pool}")
        if self.bn not in ("rendered", "real"):
            raise UserError(f"bn must be rendered or real, not {self.bn!r}")

    @property
    def reads_real(self) -> bool:
        """Whether real pictures are needed."""
        return self.align > 0 or self.bn == "real"


class FeaturePool(nn.Module):
    """The newest `size` feature maps, first in, first out; as buffers, so that a resumed run goes on with them.

    An adversary that sees old maps among the new ones does not forget what the network did to deceive it (Shrivastava et al. 2017).
    """

    kept: Tensor
    received: Tensor

    def __init__(self, size: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.register_buffer("kept", torch.zeros(size, *shape))
        self.register_buffer("received", torch.zeros((), dtype=torch.long))

    def mix(self, maps: Tensor, draws: Tensor) -> Tensor:
        """maps [B, C, h, w], each left as it is or, with even chances, replaced by one that is kept. draws: float [B, 2] in [0, 1)."""
        stored = self.received.clamp(max=len(self.kept))
        old = self.kept[(draws[:, 1] * stored).long()].to(maps.dtype)
        replaced = (draws[:, 0] < 0.5) & (stored > 0)
        return torch.where(replaced[:, None, None, None], old, maps)

    @torch.no_grad()
    def put(self, maps: Tensor) -> None:
        """The oldest make room; of more than `size` maps the last stay."""
        size = len(self.kept)
        first = self.received + max(0, len(maps) - size)
        newest = maps[-size:].to(self.kept.dtype)
        self.kept.index_copy_(0, (first + torch.arange(len(newest), device=maps.device)) % size, newest)
        self.received.add_(len(maps))


class MapDiscriminator(nn.Sequential):
    """Scores [B, 1, h, w] of feature maps [B, C, h, w], high for real ones: each cell judged with the two around it on every side.

    Without batch statistics, which would tell a batch of rendered pictures from one of real ones.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(
            nn.Conv2d(channels, width, 3, 1, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 1, 1),
        )


class Alignment(nn.Module):
    """The game of Ren & Lee (2018): an adversary learns which maps are of real pictures, the network to make rendered ones pass for real.

    Cross-entropy that does not saturate (Goodfellow et al. 2014). Real maps have no gradient, as in the paper: they are where the others
    are drawn to. Both players are trained by one backward pass: the adversary sees the maps detached, the network the adversary's weights.
    """

    def __init__(self, backbone: Backbone, config: AdaptationConfig, picture_size: int) -> None:
        super().__init__()
        self.stage = config.stage or stage_to_align(backbone)
        if self.stage not in backbone.stages:
            raise UserError(f"the backbone has no stage {self.stage} to align: it has {', '.join(backbone.stages)}")
        channels, cells = backbone.channels[self.stage], -(-picture_size // backbone.strides[self.stage])
        self.adversary = MapDiscriminator(channels, max(16, channels // 4))
        self.rendered, self.real = (FeaturePool(config.pool, (channels, cells, cells)) for _ in range(2))

    @staticmethod
    def draws(count: int, generator: torch.Generator) -> Tensor:
        """float [count, 4] in [0, 1): what `forward` needs for maps of so many pictures."""
        return torch.rand(count, 4, generator=generator, device=generator.device)

    def forward(self, rendered_maps: Mapping[str, Tensor], real_maps: Mapping[str, Tensor], draws: Tensor) -> dict[str, Tensor]:
        """Gives `adversary` and `deceive`, the two players' losses, to be added up; `told_apart`: the part of cells the adversary judges
        right (0.5 by chance). Of both kinds: every stage's maps [B, C, h, w]; rendered ones beyond B are left out. In training all are
        remembered."""
        real = real_maps[self.stage]
        rendered = rendered_maps[self.stage][: len(real)]
        shown_rendered = self.rendered.mix(rendered.detach(), draws[:, :2])
        shown_real = self.real.mix(real.detach(), draws[:, 2:])
        if self.training:
            self.rendered.put(gather(rendered.detach()))
            self.real.put(gather(real.detach()))
        of_rendered, of_real = self.adversary(shown_rendered), self.adversary(shown_real)
        fixed = {name: weight.detach() for name, weight in self.adversary.named_parameters()}
        return {
            "adversary": 0.5 * (F.softplus(of_rendered).mean() + F.softplus(-of_real).mean()),
            "deceive": F.softplus(-functional_call(self.adversary, fixed, (rendered,))).mean(),
            "told_apart": 0.5 * ((of_rendered < 0).float().mean() + (of_real > 0).float().mean()).detach(),
        }


def stage_to_align(backbone: Backbone) -> str:
    """The deepest stage that still has a grid: of a stride of at most COARSEST, else the first."""
    fine = [stage for stage in backbone.stages if backbone.strides[stage] <= COARSEST]
    return fine[-1] if fine else backbone.stages[0]


def batch_norms(network: nn.Module) -> list[_BatchNorm]:
    return [module for module in network.modules() if isinstance(module, _BatchNorm)]


@contextmanager
def tracking(network: nn.Module, on: bool) -> Iterator[None]:
    """Unless it is `on`, running means and variances stay as they are: in training, batches are still normalised by their own."""
    momenta = [] if on else [(module, module.momentum) for module in batch_norms(network)]
    for module, _ in momenta:
        module.momentum = 0.0
    try:
        yield
    finally:
        for module, momentum in momenta:
            module.momentum = momentum


@torch.no_grad()
def adapt_batch_norm(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Running statistics computed anew from these pictures alone, weights left as they are (AdaBN, Li et al. 2016).

    batches: float32 [B, 3, H, W], normalised, of one B (means over batches are not weighted). Every layer is normalised by the batch's own
    statistics meanwhile, as in training. Modes stay as they were. UserError without a batch.
    """
    norms = [module for module in batch_norms(network) if module.track_running_stats]
    modes, momenta = [(part, part.training) for part in network.modules()], [module.momentum for module in norms]
    network.eval()
    for module in norms:
        module.train()
        module.reset_running_stats()
        module.momentum = None  # the plain mean over all batches
    count = 0
    try:
        for images in batches:
            network(images)
            count += 1
    finally:
        for module, momentum in zip(norms, momenta, strict=True):
            module.momentum = momentum
        for part, mode in modes:
            part.training = mode
    if not count:
        raise UserError("batch statistics cannot be adapted to no pictures at all: give at least one batch")
