"""The catalogue of things: each names what it is, draws a plausible shape of it, and says where it belongs.

One line in a module's `PIECES` adds a thing; the families pick from `PIECES` by surroundings, size or category.
"""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

import numpy as np

from scenes.pieces import buildings, fitted, furniture, household, indoor, leisure, outdoors, traffic
from scenes.pieces.piece import Piece
from scenes.scene import Shape

PIECES: dict[str, Piece] = {
    **indoor.PIECES,
    **furniture.PIECES,
    **fitted.PIECES,
    **household.PIECES,
    **leisure.PIECES,
    **buildings.PIECES,
    **outdoors.PIECES,
    **traffic.PIECES,
}

VARIANTS = 14  # of a piece, for families that share meshes between scenes


@lru_cache(maxsize=8192)
def variant(name: str, number: int) -> Shape:
    """One of the shapes of a piece of the catalogue, the same in all scenes."""
    return PIECES[name].draw(np.random.default_rng([crc32(name.encode()), number]))


__all__ = ["PIECES", "VARIANTS", "Piece", "variant"]
