"""A user's folder of meshes as catalogue pieces, for families that drop, throw or fly things."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from scenes.errors import UserError
from scenes.importers.files import AssetWarning
from scenes.importers.meshes import FORMATS, Asset, import_mesh
from scenes.pieces.piece import Piece
from scenes.scene import Shape
from scenes.semantics import NYU40

LARGE_M = 0.4  # SceneNet RGB-D's border between large and small things


@lru_cache(maxsize=8)
def assets_in(folder: str) -> dict[str, Asset]:
    """The meshes of a folder and those below it by their path without the ending; what cannot be read is warned about and left out."""
    root = Path(folder)
    if not root.is_dir():
        raise UserError(f"mesh_folder {folder} is not a folder: name one with {', '.join(FORMATS)} files")
    found: dict[str, Asset] = {}
    for path in sorted(file for file in root.rglob("*") if file.suffix.lower() in FORMATS and file.is_file()):
        try:
            found[path.relative_to(root).with_suffix("").as_posix()] = import_mesh(path)
        except UserError as error:
            warnings.warn(f"left out of the meshes: {error}", AssetWarning, stacklevel=2)
    if not found:
        raise UserError(f"mesh_folder {folder} has no mesh that can be read: put {', '.join(FORMATS)} files into it")
    return found


def pieces_from(folder: str | Path) -> dict[str, Piece]:
    """A loose piece for each mesh, always the same shape; `shapes.own_materials(shape)` gives what it is made of.

    A mesh below a folder that has the name of a NYU40 class ("chair/mine.obj") has this category, others are "otherprop".
    """
    pieces = {}
    for name, asset in assets_in(Path(folder).as_posix()).items():
        category = next((word for word in name.lower().split("/")[:-1] if word in NYU40), "otherprop")
        pieces[name] = Piece(category=category, draw=_always(asset.shape), large=max(asset.size) > LARGE_M, outdoors=True)
    return pieces


def _always(shape: Shape) -> Callable[[np.random.Generator], Shape]:
    return lambda _: shape
