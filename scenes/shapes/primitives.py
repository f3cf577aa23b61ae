"""Plain solids. Unlike furniture (which stands on z = 0) they are centred on the origin of object space; each has one material slot."""

from __future__ import annotations

import numpy as np
import trimesh

from scenes.scene import Mesh
from scenes.shapes import parts
from scenes.shapes.assembly import assemble, made_of


@made_of("surface")
def box(x: float, y: float, z: float) -> Mesh:
    """A box with edges x, y, z, centred on the origin."""
    return assemble(parts.boxes([[x, y, z]], [[0.0, 0.0, 0.0]]))


@made_of("surface")
def sphere(radius: float, subdivisions: int = 3) -> Mesh:
    """An icosphere around the origin: 20 * 4**subdivisions triangles, the vertices on the sphere, smooth normals.

    Texture coordinates come from longitude and latitude; the seam at longitude 180 degrees is not cut.
    """
    ball = trimesh.creation.icosphere(subdivisions=int(subdivisions), radius=1.0)
    unit = np.asarray(ball.vertices)
    longitude, latitude = np.arctan2(unit[:, 1], unit[:, 0]), np.arcsin(np.clip(unit[:, 2], -1, 1))
    uvs = np.stack([longitude, latitude], axis=1) * radius
    return assemble(parts.Part(unit * radius, np.asarray(ball.faces), uvs, unit))


@made_of("surface")
def cylinder(radius: float, height: float, segments: int = 32) -> Mesh:
    """A cylinder about the z axis, centred on the origin."""
    return assemble(parts.cylinder(radius, height, (0.0, 0.0, -height / 2), segments=int(segments)))


@made_of("surface")
def plane(x: float, y: float) -> Mesh:
    """A rectangle in z = 0, centred on the origin, that faces up only: an open surface of two triangles."""
    vertices = np.array([[-x, -y, 0.0], [x, -y, 0.0], [x, y, 0.0], [-x, y, 0.0]]) / 2
    normals = np.tile([0.0, 0.0, 1.0], (4, 1))
    return assemble(parts.Part(vertices, np.array([[0, 1, 2], [0, 2, 3]]), vertices[:, :2], normals))
