"""Random numbers that depend on nothing but (data set seed, scene index, purpose)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Streams:
    """A family of independent generators, one for each purpose.

    Each purpose has a stream of its own, so adding a draw for one purpose shifts nothing elsewhere, and scene 17 is the
    same alone, in any worker, on any machine. Asking twice for one purpose gives the same stream again from its start.
    """

    seed: int
    index: int
    path: tuple[str, ...] = ()

    def generator(self, purpose: str) -> np.random.Generator:
        """A fresh generator for `purpose`, at the start of its stream."""
        key = "/".join((*self.path, purpose)).encode()
        words = np.frombuffer(hashlib.sha256(key).digest()[:16], dtype="<u4")
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, self.index, *(int(w) for w in words)])))

    def child(self, name: str) -> Streams:
        """Streams for a part (a room, an object) that keeps its own purposes."""
        return Streams(self.seed, self.index, (*self.path, name))
