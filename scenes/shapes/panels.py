"""Panels that cover a part of a wall."""

from __future__ import annotations

from scenes.scene import Mesh
from scenes.shapes.assembly import hung, made_of
from scenes.shapes.parts import rounded_box


@made_of("splashback", wall_hung=True)
def splashback(width: float = 1.2, depth: float = 0.01, height: float = 0.55, rounding: float = 0.002) -> Mesh:
    """Tiles or glass behind a worktop."""
    return hung((width, depth, height), rounded_box(width, depth, height, rounding, (0, -depth / 2, 0)))
