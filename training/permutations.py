"""Sets of permutations that differ from each other in as many places as can be."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError

MOST_ITEMS = 9
"""9! = 362,880 permutations are searched in milliseconds a pick; 10! would take gigabytes for nothing."""


@lru_cache(maxsize=8)
def distant_permutations(count: int, items: int = 9) -> tuple[tuple[int, ...], ...]:
    """`count` permutations of 0..items-1, greedily chosen (Noroozi & Favaro 2016, algorithm 1); the first is the identity.

    Each next one has the largest Hamming distance to the nearest that is chosen already; among those the largest summed distance to
    all, then the first in lexicographic order. (The paper maximises the sum alone, which lets near twins in.)
    """
    if not 1 <= items <= MOST_ITEMS:
        raise UserError(f"permutations are of 1 to {MOST_ITEMS} items, not {items}")
    if not 1 <= count <= math.factorial(items):
        raise UserError(f"{items} items have {math.factorial(items)} permutations, so {count} of them can't be chosen")
    columns = _all_permutations(items)
    # The nearest distance counts first; `total` stays below `weight`.
    weight, nearest, total = items * count + 1, np.full(columns.shape[1], items, np.int32), np.zeros(columns.shape[1], np.int32)
    pick, chosen = 0, []
    for _ in range(count):
        chosen.append(tuple(int(value) for value in columns[:, pick]))
        distance = _distances(columns, pick)
        np.minimum(nearest, distance, out=nearest)
        total += distance
        pick = int(np.argmax(nearest * weight + total))
    return tuple(chosen)


def _all_permutations(items: int) -> NDArray[np.uint8]:
    """[items, items!] in lexicographic order; places as rows, so that comparing one place reads contiguous memory."""
    flat = np.fromiter(itertools.chain.from_iterable(itertools.permutations(range(items))), np.uint8)
    return np.ascontiguousarray(flat.reshape(-1, items).T)


def _distances(columns: NDArray[np.uint8], pick: int) -> NDArray[np.uint8]:
    """Places in which each permutation differs from the one in column `pick`."""
    distance = np.zeros(columns.shape[1], np.uint8)
    for place in columns:
        distance += place != place[pick]
    return distance
