"""SceneNet layouts (Handa et al. 2016): `<room type>/<name>.obj`, each object of the file a thing whose name says what it is."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from scenes.errors import UserError
from scenes.importers.collection import Collection
from scenes.importers.files import digest_of, leads_out
from scenes.importers.free_space import world_triangles
from scenes.importers.meshes import import_mesh, parts_of, soup_of
from scenes.palette import Palette
from scenes.randomness import Streams
from scenes.scene import Instance, Material, Trajectory
from scenes.semantics import NYU40
from scenes.textures.images import texture_of

# Words in the names of layout objects that are not NYU40 classes themselves.
_WORDS = {
    "ground": "floor", "walls": "wall", "skeleton": "wall", "ceilingwall": "ceiling", "roof": "ceiling", "painting": "picture",
    "poster": "picture", "carpet": "floor_mat", "rug": "floor_mat", "mat": "floor_mat", "couch": "sofa", "armchair": "chair",
    "stool": "chair", "bench": "chair", "wardrobe": "cabinet", "cupboard": "cabinet", "drawer": "cabinet", "drawers": "cabinet",
    "closet": "cabinet", "tv": "television", "monitor": "television", "screen": "television", "nightstand": "night_stand",
    "bedside": "night_stand", "fridge": "refrigerator", "refridgerator": "refrigerator", "cushion": "pillow", "bathtub": "bathtub",
    "tub": "bathtub", "basin": "sink", "worktop": "counter", "shelf": "shelves", "bookcase": "bookshelf", "chandelier": "lamp",
    "light": "lamp", "bulb": "lamp", "lightbulb": "lamp", "blind": "blinds", "book": "books", "radiator": "otherstructure",
    "heater": "otherstructure", "column": "otherstructure", "stairs": "otherstructure", "railing": "otherstructure",
    "plant": "otherprop", "vase": "otherprop", "bottle": "otherprop", "bowl": "otherprop", "plate": "otherprop", "toy": "otherprop",
    "oven": "otherfurniture", "stove": "otherfurniture", "piano": "otherfurniture", "furniture": "otherfurniture",
}  # fmt: skip
_ROLES = {
    "wall": "wall", "floor": "floor", "ceiling": "ceiling", "sofa": "fabric", "bed": "fabric", "pillow": "fabric", "curtain": "curtain",
    "floor_mat": "fabric", "clothes": "fabric", "towel": "fabric", "bathtub": "ceramic", "toilet": "ceramic", "sink": "ceramic",
}  # fmt: skip


def layout_files(root: Path) -> tuple[Path, ...]:
    """All layouts, sorted; UserError where there is none."""
    files = tuple(sorted(root.glob("*/*.obj")))
    if not files:
        raise UserError(f"{root} is not a folder of SceneNet layouts: expected <room type>/<name>.obj, for example bedroom/bedroom1.obj")
    return files


def room_type(path: Path) -> str:
    """Type of room of a layout file, as `synsets` spells it."""
    name = path.parent.name.lower().replace("_", "").replace("-", "")
    return {"living": "livingroom", "washroom": "bathroom"}.get(name, name)


def category_of(name: str) -> str | None:
    """NYU40 class of a layout's object by its name, such as "bed", "Night-stand.001" or "walls1_line01_12"; None when no word is known."""
    plain = re.sub(r"[-\s]", "_", name.lower().split(".")[0])
    whole = re.sub(r"[\d_]+$", "", plain)
    words = [re.sub(r"\d+", "", word) for word in plain.split("_")]
    for word in (whole, whole.replace("_", ""), *words):
        for form in (word, word.removesuffix("s"), f"{word}s"):
            found = _WORDS.get(form, form)
            if form and found in NYU40 and found != "unlabelled":
                return found
    return None


def add_layout(path: Path, scale: float, things: Collection, streams: Streams, textures: Path | None, remarks: list[str]) -> None:
    """Adds every object of a layout. Layouts name their materials without describing them, so the palette or a texture library does.

    `textures` holds a folder of pictures for each material name (SceneNet's texture library); what it lacks the palette covers.
    """
    palette = Palette(streams, float(streams.generator("tint").uniform()))
    names = parts_of(path)
    for name in names:
        category = category_of(name)
        if category is None:
            remarks.append(f"object {name!r} has a name that says no class: counts as otherstructure")
            category = "otherstructure"
        try:
            asset = import_mesh(path, scale=scale, up="y", origin="file", part=name, warn=False)
            soup, _ = soup_of(path.as_posix(), digest_of(path))
            pictures = [_picture(textures, material, streams, name) for material in soup.part(name).materials]
            painted = any(material.texture for material in (*asset.materials, *(p for p in pictures if p)))
            plain = palette.material(_ROLES.get(category, "wood"), "room" if category in ("wall", "floor", "ceiling") else name)
            found = tuple(p or (m if m.texture else plain) for p, m in zip(pictures, asset.materials, strict=False))
            if not painted:
                asset = import_mesh(path, scale=scale, up="y", origin="file", part=name, uvs="metres", warn=False)
            things.add(name or category, category, asset.shape, found, Trajectory.still(np.eye(4)))
        except UserError as error:
            remarks.append(f"left out object {name!r}: {error}")


def _picture(textures: Path | None, material: str, streams: Streams, thing: str) -> Material | None:
    """A material with one of the library's pictures for a material name, chosen by the scene's draws; None where there is none."""
    name = re.sub(r"[\d_]", "", material.split(".")[0])
    folder = None if textures is None or leads_out(textures, name) else textures / name
    files = sorted(file for file in folder.iterdir() if file.is_file()) if folder is not None and folder.is_dir() else []
    if not files:
        return None
    choice = int(streams.generator(f"picture/{thing}/{material}").integers(len(files)))
    return Material(color=(0.9, 0.9, 0.9), texture=texture_of(files[choice]), roughness=0.8)


def floor_of(things: list[Instance]) -> Instance | None:
    """The floor among things: of those that are one, that with the largest extent."""
    floors = [thing for thing in things if thing.category == "floor"]
    return max(floors, key=lambda thing: float(np.ptp(world_triangles(thing)[..., :2], axis=(0, 1)).prod()), default=None)
