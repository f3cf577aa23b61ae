"""Photosites and converter: light becomes a count of electrons, the count a number. Tensors of any shape.

Random numbers come in as standard normal deviates, one for each photosite whatever its light, so that a rounding in the light never
shifts the noise of the photosites after it.
"""

from __future__ import annotations

import numpy as np
import torch

_FEW = 16.0  # electrons; below, the count's distribution is summed up term by term


def deviates(generator: np.random.Generator, shape: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """Standard normal deviates float32, drawn on the CPU so that every device has the same."""
    return torch.from_numpy(generator.standard_normal(shape, dtype=np.float32)).to(device)


def shot_noise(electrons: torch.Tensor, normal: torch.Tensor) -> torch.Tensor:
    """Poisson-distributed whole counts whose means are `electrons`, from one normal deviate each.

    The deviate's quantile is looked up exactly where electrons are few; elsewhere by the Cornish-Fisher expansion up to the skewness.
    """
    mean = electrons.clamp_min(0.0)
    many = torch.round(mean + mean.sqrt() * normal + (normal * normal - 1.0) / 6.0).clamp_min(0.0)
    few = mean < _FEW
    many[few] = _poisson_quantile(mean[few].double(), torch.special.ndtr(normal[few].double())).to(many.dtype)
    return many


def _poisson_quantile(mean: torch.Tensor, probability: torch.Tensor) -> torch.Tensor:
    """The smallest count whose cumulative probability reaches `probability`; means below _FEW never reach the last count tried."""
    count = torch.zeros_like(mean)
    term = torch.exp(-mean)
    cumulative = term.clone()
    for k in range(1, 64):
        short = cumulative < probability
        if not short.any():
            break
        count += short
        term = term * mean / k
        cumulative += term
    return count


def digitise(signal: torch.Tensor, bits: int, black_level: float) -> torch.Tensor:
    """`signal` (1 is full) as a converter of 2^bits codes returns it: rounded, cut off outside its range, black subtracted again."""
    top = 2**bits - 1
    black = round(black_level * top)
    codes = torch.round(black + signal * (top - black)).clamp(0, top)
    return (codes - black) / (top - black)
