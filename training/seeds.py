"""Random numbers of the training loop: each a function of (seed, purpose, index), never of what was drawn before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from scenes.randomness import Streams


def seed_of(seed: int, purpose: str, index: int = 0) -> int:
    """A 63-bit seed for torch's generators."""
    return int(Streams(seed, index).generator(purpose).integers(2**63))


def generator(seed: int, purpose: str, index: int = 0, device: torch.device | str = "cpu") -> torch.Generator:
    """A fresh generator at the start of its stream. Streams of the CPU and of a GPU differ."""
    return torch.Generator(device).manual_seed(seed_of(seed, purpose, index))


def seed_global(seed: int, device: torch.device | str = "cpu") -> None:
    """Seeds torch's global generators of the CPU and of `device`.

    torch.manual_seed would do, but it takes a millisecond a call and, where a GPU is not in use, keeps a record of every call for ever.
    """
    torch.default_generator.manual_seed(seed)
    device = torch.device(device)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or 0].manual_seed(seed)


@contextmanager
def seeded(seed: int, purpose: str = "init", index: int = 0) -> Iterator[None]:
    """Seeds torch's global CPU generator within the block and puts its state back afterwards.

    For what cannot be handed a generator: the initial weights that torch's modules draw, and dropout.
    """
    state = torch.get_rng_state()
    seed_global(seed_of(seed, purpose, index))
    try:
        yield
    finally:
        torch.set_rng_state(state)
