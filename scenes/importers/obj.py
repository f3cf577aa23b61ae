"""Wavefront OBJ geometry: polygons with material, object and group names, also with relative indices, with or without an MTL file."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from scenes.errors import UserError
from scenes.importers.soup import Float, Int, Soup


@dataclass
class _Lines:
    """The statements of a file, sorted by kind. `corners` numbers the distinct "v/vt/vn" of the faces."""

    vertices: list[str] = field(default_factory=list)
    uvs: list[str] = field(default_factory=list)
    normals: list[str] = field(default_factory=list)
    corners: dict[str, int] = field(default_factory=dict)
    faces: list[tuple[int, int, int]] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    materials: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    libraries: list[str] = field(default_factory=list)


def read(path: Path) -> tuple[Soup, tuple[str, ...]]:
    """(triangles, names of the material libraries). Polygons become fans; a corner that the file does not define becomes NaN."""
    lines = _sorted(path.read_text(encoding="utf-8", errors="replace").replace("\\\n", " "))
    where = str(path)
    vertices = _numbers(lines.vertices, where, "v")
    position, uv, normal = _indices(lines.corners, where)
    soup = Soup(
        vertices=_picked(vertices[:, :3], position),
        faces=np.array(lines.faces, dtype=np.int64).reshape(-1, 3),
        slots=np.array(lines.slots, dtype=np.int64),
        parts=np.array(lines.parts, dtype=np.int64),
        materials=tuple(lines.materials),
        names=tuple(lines.names),
        uvs=_picked(_numbers(lines.uvs, where, "vt", 2), uv) if lines.uvs else None,
        normals=_picked(_numbers(lines.normals, where, "vn"), normal) if lines.normals else None,
        colors=_picked(vertices[:, 3:6], position) if vertices.shape[1] >= 6 else None,
    )
    return soup, tuple(lines.libraries)


def _sorted(text: str) -> _Lines:
    lines = _Lines()
    material, name = "", ""
    for line in text.splitlines():
        key, _, rest = line.strip().replace("\t", " ").partition(" ")
        if key == "v":
            lines.vertices.append(rest)
        elif key == "vt":
            lines.uvs.append(rest)
        elif key == "vn":
            lines.normals.append(rest)
        elif key == "f":
            _face(lines, rest.split(), material, name)
        elif key == "usemtl":
            material = rest.strip()
        elif key in ("o", "g"):
            name = rest.strip() or name
        elif key == "mtllib":
            lines.libraries.append(rest.strip())
    return lines


def _face(lines: _Lines, tokens: list[str], material: str, name: str) -> None:
    if any("-" in token for token in tokens):
        tokens = [_absolute(token, (len(lines.vertices), len(lines.uvs), len(lines.normals))) for token in tokens]
    ids = [lines.corners.setdefault(token, len(lines.corners)) for token in tokens]
    slot = lines.materials.setdefault(material, len(lines.materials))
    part = lines.names.setdefault(name, len(lines.names))
    for second, third in pairwise(ids[1:]):
        lines.faces.append((ids[0], second, third))
        lines.slots.append(slot)
        lines.parts.append(part)


def _absolute(token: str, counts: tuple[int, int, int]) -> str:
    """A corner whose negative indices (-1 is the last so far) are counted from the start."""
    fields = token.split("/")
    return "/".join(
        str(count + int(f) + 1) if f.startswith("-") and f[1:].isdigit() else f for f, count in zip(fields, counts, strict=False)
    )


def _numbers(rows: list[str], path: str, key: str, least: int = 3) -> Float:
    """float64 [N, k], k >= least the most columns that all rows have."""
    try:
        flat = np.array(" ".join(rows).split(), dtype=np.float64)
        columns = len(flat) // max(len(rows), 1)
        if len(flat) != columns * len(rows) or columns < least or len({row.count(" ") for row in rows}) > 1:
            table = [row.split() for row in rows]
            columns = max(least, min((len(row) for row in table), default=least))
            flat = np.array([(row + ["nan"] * columns)[:columns] for row in table], dtype=np.float64)
    except ValueError as error:
        raise UserError(f"{path} is broken: a {key!r} line is not made of numbers ({error}); export it again") from error
    return flat.reshape(len(rows), columns)


def _indices(corners: dict[str, int], path: str) -> tuple[Int, Int, Int]:
    """One-based indices of the distinct corners into positions, texture coordinates and normals, 0 where not given."""
    try:
        table = [([int(f) if f else 0 for f in corner.split("/")] + [0, 0])[:3] for corner in corners]
    except ValueError as error:
        raise UserError(f"{path} is broken: a face has a corner that is no index ({error}); export it again") from error
    columns = np.array(table, dtype=np.int64).reshape(-1, 3)
    return columns[:, 0], columns[:, 1], columns[:, 2]


def _picked(values: Float, index: Int) -> Float:
    """Rows of `values` at one-based indices, NaN where there is none."""
    padded = np.concatenate([np.full((1, values.shape[1]), np.nan), values])
    return padded[np.where((index < 0) | (index > len(values)), 0, index)]
