"""Worlds and things from files: meshes, robots (URDF), SUNCG houses, SceneNet layouts with ShapeNet objects, folders of textures.

It owns reading, mending and converting files into recipes (`Shape.of("mesh_file", ...)`, `Texture.of("image", ...)`) with materials. It
does not own where things stand (`scenes.furnishing`, `scenes.physics`) nor pixels. A user's mistake is one sentence: a `UserError` where
nothing can go on, an `AssetWarning` that names the file where something was mended, guessed or left out.
"""

from __future__ import annotations

from scenes.importers.files import AssetWarning
from scenes.importers.meshes import Asset, import_mesh, materials_of

__all__ = ["Asset", "AssetWarning", "import_mesh", "materials_of"]
