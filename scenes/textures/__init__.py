"""Procedural pictures that repeat without a seam: a `Texture` names a pattern and its parameters, `build` makes the picture.

Rows of a picture run along v, columns along u; row 0 lies at v = 0. Patterns take the resolution first and then keyword parameters, all
with defaults; `seed` picks a variant. Colours come mostly from `Material.color`, so pictures are light and shared between scenes.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scenes.registry import Registry
from scenes.scene import Texture

TEXTURES = Registry(
    "texture",
    {
        "checker": "scenes.textures.plain:checker",
        "noise": "scenes.textures.plain:noise",
    },
)


@lru_cache(maxsize=256)
def build(texture: Texture) -> NDArray[np.uint8]:
    """The picture of a recipe, sRGB uint8 [N, N, 3]. It is read-only and shared: the most recently used 256 are kept."""
    image: NDArray[np.uint8] = TEXTURES[texture.kind](texture.resolution, **dict(texture.parameters))
    image.setflags(write=False)
    return image
