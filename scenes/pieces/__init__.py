"""The catalogue of things: each names what it is, draws a plausible shape of it, and says where it belongs.

One line in a module's `PIECES` adds a thing; the families pick from `PIECES` by surroundings, size or category.
"""

from __future__ import annotations

from scenes.pieces import buildings, fitted, furniture, household, indoor, leisure, outdoors, traffic
from scenes.pieces.piece import Piece

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

__all__ = ["PIECES", "Piece"]
