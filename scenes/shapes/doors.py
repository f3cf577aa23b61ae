"""Inner doors: the lining of an opening through a wall, and a leaf on hinges that stands open or shut.

In the frame of a wall its surface is y = 0, the room lies at y < 0, the floor at z = 0, and x = 0 is the middle of the opening.
"""

from __future__ import annotations

import numpy as np

from scenes.geometry import rotation_z
from scenes.scene import Mesh
from scenes.shapes.architecture import THICKNESS_M, lattice
from scenes.shapes.assembly import assemble, made_of
from scenes.shapes.parts import box, rounded_box, tube

CASING_M = 0.07  # how far the casing covers the wall beside an opening
LEAF_M = 0.04  # thickness
_REBATE_M = 0.018  # from the opening's edge to the leaf's


@made_of("trim")
def doorway(hole_width: float = 0.85, hole_height: float = 2.02, thickness: float = THICKNESS_M) -> Mesh:
    """Casings on both faces of a wall of that thickness, and the lining between them."""
    w, h, t = hole_width / 2, hole_height, thickness
    xs, zs = [-w - CASING_M, -w + 0.012, w - 0.012, w + CASING_M], [0, h - 0.012, h + CASING_M]
    solid = [[1, 0, 1], [1, 1, 1]]
    casings = [lattice(xs, zs, solid, -0.02, 0.0), lattice(xs, zs, solid, t, t + 0.02)]
    lining = lattice([-w - 0.004, -w + 0.016, w - 0.016, w + 0.004], [0, h - 0.016, h + 0.004], solid, -0.004, t + 0.004)
    return assemble([*casings, lining])


def leaf_width(hole_width: float) -> float:
    return hole_width - 2 * _REBATE_M


@made_of("door", "metal")
def door_leaf(hole_width: float = 0.85, hole_height: float = 2.02, panels: int = 2, hinge: int = 1, angle_deg: float = 80.0) -> Mesh:
    """A leaf hinged at the opening's right (`hinge` = 1) or left (-1) edge, turned into the room (towards -y) by `angle_deg`."""
    width, height = leaf_width(hole_width), hole_height - 0.036
    leaf = [box(width, LEAF_M, height, (-width / 2, LEAF_M / 2, 0.016))]
    rows = {0: [], 1: [(0.14, 0.84)], 2: [(0.08, 0.42), (0.48, 0.93)], 3: [(0.06, 0.3), (0.35, 0.62), (0.67, 0.94)]}[int(panels)]
    for low, high in rows:
        for x, breadth in ((-0.29, 0.31), (-0.71, 0.31)) if panels > 1 else ((-0.5, 0.65),):
            panel = rounded_box(breadth * width, LEAF_M + 0.016, (high - low) * height, 0.006, (x * width, LEAF_M / 2, low * height))
            leaf.append(panel)
    x = 0.075 - width
    handle = [box(0.035, LEAF_M + 0.012, 0.2, (x, LEAF_M / 2, 0.93))]
    for side in (-1.0, 1.0):
        y = LEAF_M / 2 + side * LEAF_M / 2
        path = [[x, y - side * 0.002, 1.04], [x, y + side * 0.045, 1.04], [x + 0.11, y + side * 0.05, 1.04]]
        handle.append(tube(path, 0.009))
    turn = rotation_z(np.radians(angle_deg))
    edge = hole_width / 2 - _REBATE_M
    mesh = assemble([part.turned(turn).moved(edge) for part in leaf], [part.turned(turn).moved(edge) for part in handle])
    return mesh if hinge > 0 else _mirrored(mesh)


def _mirrored(mesh: Mesh) -> Mesh:
    """The mesh with left and right exchanged."""
    flip = np.array([-1, 1, 1], dtype=np.float32)
    return Mesh(mesh.vertices * flip, mesh.faces[:, ::-1].copy(), mesh.uvs.copy(), mesh.slots.copy(), mesh.normals * flip)
