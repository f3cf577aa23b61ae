"""PLY and STL through trimesh: geometry and colours, no materials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from scenes.errors import UserError
from scenes.importers.soup import Soup


def read(path: Path) -> Soup:
    """Triangles of the file, with the colours of its vertices or faces where it has any."""
    mesh = trimesh.load_scene(str(path), process=False).to_mesh()
    if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
        raise UserError(f"{path} has no triangles (a point cloud, or cut off?): export it as a surface")
    faces, vertices = np.asarray(mesh.faces, dtype=np.int64), np.asarray(mesh.vertices, dtype=np.float64)
    visual: Any = mesh.visual
    given = "vertex_normals" in mesh._cache.cache  # asking for the property would compute them
    normals = np.asarray(mesh.vertex_normals) if given and path.suffix.lower() != ".stl" else None
    colors = np.asarray(visual.vertex_colors[:, :3] / 255.0) if visual.kind == "vertex" else None
    if visual.kind == "face":
        vertices, colors = vertices[faces].reshape(-1, 3), np.repeat(visual.face_colors[:, :3] / 255.0, 3, axis=0)
        normals, faces = None, np.arange(faces.size).reshape(-1, 3)
    outside = (faces < 0) | (faces >= len(vertices))
    if outside.any():
        raise UserError(f"{path} is broken: {int(outside.any(axis=1).sum())} faces name vertices that it lacks; export it again")
    uv = getattr(visual, "uv", None)
    nought = np.zeros(len(faces), dtype=np.int64)
    return Soup(
        vertices=vertices,
        faces=faces,
        slots=nought,
        parts=nought,
        materials=("",),
        names=("",),
        uvs=None if uv is None else np.asarray(uv, dtype=np.float64),
        normals=normals,
        colors=colors,
    )
