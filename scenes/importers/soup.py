"""What the readers of all mesh formats hand over: triangles as the file has them, in the file's own axes and units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Soup:
    """Triangles of a file, unmended: vertices may be NaN, faces flat or flipped.

    vertices float64 [V, 3]; faces int64 [F, 3] into them; uvs [V, 2], v upwards, None where the file has none; normals [V, 3] likewise.
    slots int64 [F] into `materials`, the file's names of them; parts int64 [F] into `names`, the objects or groups of the file.
    colors float64 [V, 3], sRGB in [0, 1], of files that colour their vertices.
    """

    vertices: Float
    faces: Int
    slots: Int
    parts: Int
    materials: tuple[str, ...]
    names: tuple[str, ...]
    uvs: Float | None = None
    normals: Float | None = None
    colors: Float | None = None

    def part(self, name: str) -> Soup:
        """The faces of one part (of all when the name is empty) and what they use; materials are numbered anew in the order of the file."""
        keep = self.parts == self.names.index(name) if name else np.ones(len(self.faces), dtype=bool)
        used, slots = np.unique(self.slots[keep], return_inverse=True)
        rows, faces = np.unique(self.faces[keep], return_inverse=True)
        return replace(
            self,
            vertices=self.vertices[rows],
            uvs=None if self.uvs is None else self.uvs[rows],
            normals=None if self.normals is None else self.normals[rows],
            colors=None if self.colors is None else self.colors[rows],
            faces=faces.reshape(-1, 3),
            slots=slots.reshape(-1),
            parts=self.parts[keep],
            materials=tuple(self.materials[k] for k in used),
        )


def joined(soups: list[Soup]) -> Soup:
    """Several soups as one; materials of the same name are one material."""
    materials = tuple(dict.fromkeys(name for soup in soups for name in soup.materials))
    names = tuple(dict.fromkeys(name for soup in soups for name in soup.names))
    first = np.cumsum([0, *(len(soup.vertices) for soup in soups)])
    slot_of = [np.array([materials.index(name) for name in soup.materials], dtype=np.int64) for soup in soups]
    part_of = [np.array([names.index(name) for name in soup.names], dtype=np.int64) for soup in soups]
    return Soup(
        vertices=np.concatenate([soup.vertices for soup in soups]),
        faces=np.concatenate([soup.faces + start for soup, start in zip(soups, first[:-1], strict=True)]),
        slots=np.concatenate([table[soup.slots] for soup, table in zip(soups, slot_of, strict=True)]),
        parts=np.concatenate([table[soup.parts] for soup, table in zip(soups, part_of, strict=True)]),
        materials=materials,
        names=names,
        uvs=_all([soup.uvs for soup in soups], [len(soup.vertices) for soup in soups], 2),
        normals=_all([soup.normals for soup in soups], [len(soup.vertices) for soup in soups], 3),
        colors=_all([soup.colors for soup in soups], [len(soup.vertices) for soup in soups], 3),
    )


def _all(arrays: list[Float | None], lengths: list[int], width: int) -> Float | None:
    """The arrays one after the other, NaN where one is missing; None where all are."""
    if all(array is None for array in arrays):
        return None
    return np.concatenate([np.full((n, width), np.nan) if a is None else a for a, n in zip(arrays, lengths, strict=True)])
