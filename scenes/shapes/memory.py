"""Meshes that were built, the most recently used ones kept up to a number of triangles."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from scenes.scene import Mesh, Shape


class MeshCache:
    """A builder of meshes that remembers: `cache(shape)` builds each shape once while no more than `triangles` are in use.

    A bound on triangles (about 100 bytes each) rather than on meshes, whose sizes differ by a factor of a thousand.
    """

    def __init__(self, builder: Callable[[Shape], Mesh], triangles: int) -> None:
        self._builder, self._most = builder, triangles
        self._meshes: OrderedDict[Shape, Mesh] = OrderedDict()
        self._held = 0

    def __call__(self, shape: Shape) -> Mesh:
        mesh = self._meshes.get(shape)
        if mesh is None:
            mesh = self._meshes[shape] = self._builder(shape)
            self._held += len(mesh.faces)
            while self._held > self._most and len(self._meshes) > 1:
                self._held -= len(self._meshes.popitem(last=False)[1].faces)
        else:
            self._meshes.move_to_end(shape)
        return mesh

    def cache_clear(self) -> None:
        """Forget all meshes (files may have changed)."""
        self._meshes.clear()
        self._held = 0
