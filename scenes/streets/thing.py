"""What stands, lies or moves in a street."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenes import shapes
from scenes.furnishing.layout import Box
from scenes.geometry import compose, rotation_z
from scenes.scene import Shape, Trajectory

MAST_M = 0.15  # half the ground that a mast needs


@dataclass(frozen=True, kw_only=True, eq=False)
class Thing:
    """A shape in its place, metres and radians; `group` names the set that shares its materials.

    `roles` replace those of the shape's slots where they are given; `poses` [T + 2, 4, 4] replace the place of what moves.
    """

    category: str
    shape: Shape
    group: str
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    roles: tuple[str, ...] = ()
    poses: NDArray[np.float64] | None = None

    @property
    def motion(self) -> Trajectory:
        if self.poses is not None:
            return Trajectory(self.poses)
        return Trajectory.still(compose(rotation_z(round(self.yaw, 5)), (round(self.x, 3), round(self.y, 3), round(self.z, 3))))

    @property
    def materials(self) -> tuple[str, ...]:
        """The role of each slot."""
        return self.roles or shapes.roles(self.shape.kind)


def footprint(shape: Shape, x: float, y: float, yaw: float, z: float = 0.0) -> Box:
    """The upright box around a shape that stands at a place; of a mast only its foot."""
    if shapes.is_mast(shape.kind):
        return Box(x, y, MAST_M, MAST_M, yaw, z, z + shape.number("height"))
    width, depth, height = shapes.size(shape)
    return Box(x, y, width / 2, depth / 2, yaw, z, z + height)
