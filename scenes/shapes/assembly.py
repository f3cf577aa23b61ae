"""Joining parts into a mesh with material slots and an exact bounding box."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from scenes.scene import Mesh
from scenes.shapes.parts import Part, join, unit

Builder = Callable[..., Mesh]
Slot = Part | Iterable[Part]


def made_of(*roles: str, wall_hung: bool = False) -> Callable[[Builder], Builder]:
    """Decorator of a shape's function that says what its material slots are, in order, and whether it hangs on a wall."""

    def mark(builder: Builder) -> Builder:
        builder.roles = roles  # type: ignore[attr-defined]
        builder.wall_hung = wall_hung  # type: ignore[attr-defined]
        return builder

    return mark


def assemble(*slots: Slot) -> Mesh:
    """One mesh in which the k-th argument (a part or several) is covered by the instance's material k."""
    groups = [[slot] if isinstance(slot, Part) else list(slot) for slot in slots]
    joined = join(part for group in groups for part in group)
    counts = [sum(len(part.faces) for part in group) for group in groups]
    return Mesh(
        vertices=joined.vertices.astype(np.float32),
        faces=joined.faces.astype(np.int32),
        uvs=joined.uvs.astype(np.float32),
        slots=np.repeat(np.arange(len(groups), dtype=np.uint8), counts),
        normals=joined.normals.astype(np.float32),
    )


def standing(size: Sequence[float], *slots: Slot) -> Mesh:
    """`assemble`, then stretched to the bounding box `size` (x, y, z) with the centre of the footprint at the origin."""
    x, y, z = size
    return _fit(assemble(*slots), (-x / 2, -y / 2, 0.0), (x / 2, y / 2, z))


def hung(size: Sequence[float], *slots: Slot) -> Mesh:
    """`assemble`, then stretched to the bounding box `size` (x, y, z) with its back in the wall's plane y = 0."""
    x, y, z = size
    return _fit(assemble(*slots), (-x / 2, -y, 0.0), (x / 2, 0.0, z))


def _fit(mesh: Mesh, low: Sequence[float], high: Sequence[float]) -> Mesh:
    """The parts are designed to about the right size; this makes the bounding box exact."""
    minimum, maximum = mesh.vertices.min(axis=0).astype(np.float64), mesh.vertices.max(axis=0).astype(np.float64)
    scale = (np.asarray(high) - low) / (maximum - minimum)
    vertices = np.asarray(low) + (mesh.vertices - minimum) * scale
    normals = unit(mesh.normals / scale)
    return Mesh(vertices.astype(np.float32), mesh.faces, mesh.uvs, mesh.slots, normals.astype(np.float32))
