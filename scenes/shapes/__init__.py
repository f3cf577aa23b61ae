"""Parametric meshes: a `Shape` names a builder and its parameters, `build` makes the mesh.

Conventions of object space, for all shapes but the plain solids in `primitives` (which are centred on the origin):

- metres, z up, z = 0 the bottom; the front faces -y.
- What stands, lies or hangs from the ceiling has its origin at the centre of its footprint.
- What hangs on a wall (`WALL_HUNG`) has the wall's surface as y = 0 and reaches into the room towards -y; x = 0 is its middle.
- `width`, `depth` and `height` are the bounding box along x, y and z, exactly; a missing depth equals the width, a missing height too.
- Every connected component is closed and faces outwards, and no two faces coincide.
"""

from __future__ import annotations

from functools import lru_cache

from scenes.registry import Registry
from scenes.scene import Mesh, Shape

SHAPES = Registry(
    "shape",
    {
        "box": "scenes.shapes.primitives:box",
        "sphere": "scenes.shapes.primitives:sphere",
        "cylinder": "scenes.shapes.primitives:cylinder",
        "plane": "scenes.shapes.primitives:plane",
    },
)


@lru_cache(maxsize=512)
def build(shape: Shape) -> Mesh:
    """The mesh of a recipe. Arrays are read-only and shared: the most recently used 512 meshes are kept."""
    mesh: Mesh = SHAPES[shape.kind](**dict(shape.parameters))
    return mesh
