"""An adversary for pretexts that generate pictures, trained by the same optimiser in the same backward pass."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call


class PatchDiscriminator(nn.Module):
    """Judges overlapping patches of 18 pixels (Isola et al. 2017), without batch statistics, which would tell real batches from others."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 3, 1, 1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Normalised [B, 3, H, W] -> scores [B, 1, H / 4, W / 4], high for real ones."""
        scores: Tensor = self.layers(pictures)
        return scores


def adversarial_losses(discriminator: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """(the discriminator's loss, the generator's loss): hinge losses (Lim & Ye 2017) that may be added up and minimised together.

    The first sees `fake` detached, the second the discriminator's weights detached, so each player's gradient is its own: one optimiser
    and one backward pass train both. (A gradient reversal layer does so with one evaluation less, but it plays the minimax game, whose
    generator learns nothing from a discriminator that is sure of itself.)
    """
    judge = F.relu(1 - discriminator(real)).mean() + F.relu(1 + discriminator(fake.detach())).mean()
    fixed = {name: weight.detach() for name, weight in discriminator.named_parameters()}
    return judge, -functional_call(discriminator, fixed, (fake,)).mean()
