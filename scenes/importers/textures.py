"""A user's folder of pictures on the surfaces of any scene."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenes.errors import UserError
from scenes.importers.files import AssetWarning
from scenes.randomness import Streams
from scenes.scene import Material, Scene, Texture
from scenes.textures.images import mean_color, texture_of

# Pictures of one thing, which its shape shows once at a certain place: another picture there would be nonsense.
SHOWN_ONCE = frozenset(
    (
        *("image", "painting", "screen", "page", "label", "packaging", "cover", "outlook", "spines", "world_map"),
        *("signs", "direction_board", "poster", "sign_boards", "glazing", "road_paint", "leafage"),
    )
)
_MOST_GAIN = 1.0  # albedo is at most that of the picture
_LEVEL = 0.6  # mean linear value of our own patterns, which are light


@dataclass(frozen=True)
class Picture:
    """An image of the folder and its mean linear colour."""

    texture: Texture
    mean: NDArray[np.float64]


@lru_cache(maxsize=8)
def pictures_in(folder: str) -> tuple[Picture, ...]:
    """The images of a folder and those below it, sorted by path; each file that is none is warned about once. UserError without any."""
    root = Path(folder)
    if not root.is_dir():
        raise UserError(f"texture_folder {folder} is not a folder: name one with .png or .jpg images")
    found = []
    for path in sorted(file for file in root.rglob("*") if file.is_file() and not file.name.startswith(".")):
        try:
            texture = texture_of(path, fit="mirror")
        except UserError as error:
            warnings.warn(f"left out of the textures: {error}", AssetWarning, stacklevel=2)
            continue
        found.append(Picture(texture, mean_color(texture)))
    if not found:
        raise UserError(f"texture_folder {folder} has no readable image: put .png or .jpg files into it")
    return tuple(found)


def dressed(scene: Scene, folder: str, share: float) -> Scene:
    """The scene with an image of the folder instead of the pattern on about `share` of its patterned materials.

    Pictures that are shown once (paintings, screens, signs) stay. An image is cut to a square and mirrored, so that it repeats without a
    seam, covers as much surface as the pattern did, and is dimmed to the brightness of the pattern, so that light and exposure still fit.
    Each material has its own draw, so one more material changes nothing for the others.
    """
    pictures = pictures_in(folder)
    streams = Streams(scene.seed, scene.index).child("texture folder")
    changed = []
    for material in scene.materials:
        rng = streams.generator(repr(material))
        if material.texture is not None and material.texture.kind not in SHOWN_ONCE and rng.uniform() < share:
            material = _covered(material, pictures[int(rng.integers(len(pictures)))])
        changed.append(material)
    return replace(scene, materials=tuple(changed))


def _covered(material: Material, picture: Picture) -> Material:
    assert material.texture is not None
    wanted, given = _LEVEL * float(np.mean(material.color)), max(float(np.mean(picture.mean)), 1e-3)
    level = round(min(wanted / given, _MOST_GAIN), 4)
    return replace(material, color=(level, level, level), texture=replace(picture.texture, metres=material.texture.metres))
