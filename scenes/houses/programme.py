"""Which rooms a house has, how large each kind may be, and how readily one is entered from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Limits of a kind of room, inside its walls: area in m^2, shortest side in metres, longest side over shortest.

    `through` is the cost of walking through it to another room: people enter bathrooms from corridors, not corridors from bathrooms.
    """

    area: tuple[float, float]
    least_side: float
    most_aspect: float = 2.0
    through: float = 3.0


KINDS = {
    "living": Kind(area=(14.0, 30.0), least_side=3.2, most_aspect=2.1, through=1.0),
    "bedroom": Kind(area=(9.0, 16.0), least_side=2.6, most_aspect=1.8, through=4.0),
    "kitchen": Kind(area=(7.0, 14.0), least_side=2.1, through=2.0),
    "bathroom": Kind(area=(4.0, 8.0), least_side=1.65, most_aspect=2.3, through=9.0),
    "office": Kind(area=(7.0, 12.0), least_side=2.3, most_aspect=1.9),
    "dining": Kind(area=(9.0, 16.0), least_side=2.6, most_aspect=1.9, through=1.5),
}
CORRIDOR = Kind(area=(2.5, 18.0), least_side=1.1, most_aspect=12.0, through=0.0)
CORRIDOR_WIDTH = (1.1, 1.6)
SOCIAL = frozenset(("living", "kitchen", "dining"))  # often joined by an open passage

_WITHOUT_CORRIDOR = {3: 1.0, 4: 0.7, 5: 0.4, 6: 0.2}
_POOL = ("bedroom", "bedroom", "bedroom", "dining", "office", "office", "bathroom")
_TINY = (("kitchen", "bathroom"), ("kitchen", "bedroom"), ("bedroom", "bathroom"))


def kind_of(name: str) -> Kind:
    return CORRIDOR if name == "corridor" else KINDS[name]


def programme(count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Kinds of `count` rooms, from which the others are entered first: a corridor, or in small houses the living room."""
    corridor = bool(rng.uniform() >= _WITHOUT_CORRIDOR.get(count, 0.0))
    spine = ("corridor", "living") if corridor else ("living",)
    missing = count - len(spine)
    if missing < 3:
        small = ("kitchen", "bathroom", "bedroom") if missing == 1 else _TINY[int(rng.integers(len(_TINY)))]
        return (*spine, *small[:missing])
    extras = rng.permutation(len(_POOL))[: missing - 3]
    return (*spine, "kitchen", "bathroom", "bedroom", *(_POOL[int(k)] for k in extras))
