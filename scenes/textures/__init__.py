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
        "image": "scenes.textures.images:image",
        "checker": "scenes.textures.plain:checker",
        "noise": "scenes.textures.plain:noise",
        "plaster": "scenes.textures.plain:plaster",
        "stripes": "scenes.textures.plain:stripes",
        "dots": "scenes.textures.plain:dots",
        "gingham": "scenes.textures.plain:gingham",
        "wood": "scenes.textures.surfaces:wood",
        "planks": "scenes.textures.surfaces:planks",
        "parquet": "scenes.textures.surfaces:parquet",
        "tiles": "scenes.textures.surfaces:tiles",
        "bricks": "scenes.textures.surfaces:bricks",
        "wall_tiles": "scenes.textures.surfaces:wall_tiles",
        "marble": "scenes.textures.surfaces:marble",
        "concrete": "scenes.textures.surfaces:concrete",
        "brushed": "scenes.textures.surfaces:brushed",
        "weave": "scenes.textures.cloth:weave",
        "carpet": "scenes.textures.cloth:carpet",
        "kilim": "scenes.textures.cloth:kilim",
        "berber": "scenes.textures.cloth:berber",
        "foliage": "scenes.textures.cloth:foliage",
        "wicker": "scenes.textures.cloth:wicker",
        "painting": "scenes.textures.pictures:painting",
        "screen": "scenes.textures.pictures:screen",
        "page": "scenes.textures.print:page",
        "label": "scenes.textures.print:label",
        "packaging": "scenes.textures.print:packaging",
        "cover": "scenes.textures.print:cover",
        "outlook": "scenes.textures.outlook:outlook",
        "spines": "scenes.textures.pictures:spines",
        "world_map": "scenes.textures.pictures:world_map",
        "leafage": "scenes.textures.outdoors:leafage",
        "grass": "scenes.textures.outdoors:grass",
        "bark": "scenes.textures.outdoors:bark",
        "gravel": "scenes.textures.outdoors:gravel",
        "soil": "scenes.textures.outdoors:soil",
        "leaves_ground": "scenes.textures.outdoors:leaves_ground",
        "signs": "scenes.textures.signs:signs",
        "direction_board": "scenes.textures.signs:direction_board",
        "poster": "scenes.textures.signs:poster",
        "asphalt": "scenes.textures.ground:asphalt",
        "paving": "scenes.textures.ground:paving",
        "setts": "scenes.textures.ground:setts",
        "slabs": "scenes.textures.ground:slabs",
        "road_paint": "scenes.textures.ground:road_paint",
        "turf": "scenes.textures.farmland:turf",
        "meadow": "scenes.textures.farmland:meadow",
        "crop_rows": "scenes.textures.farmland:crop_rows",
        "ears": "scenes.textures.farmland:ears",
        "stubble": "scenes.textures.farmland:stubble",
        "furrows": "scenes.textures.farmland:furrows",
        "brickwork": "scenes.textures.facades:brickwork",
        "render": "scenes.textures.facades:render",
        "ashlar": "scenes.textures.facades:ashlar",
        "rubble": "scenes.textures.facades:rubble",
        "clapboard": "scenes.textures.facades:clapboard",
        "roof_tiles": "scenes.textures.facades:roof_tiles",
        "slates": "scenes.textures.facades:slates",
        "sheet_metal": "scenes.textures.facades:sheet_metal",
        "glazing": "scenes.textures.facades:glazing",
        "sign_boards": "scenes.textures.facades:sign_boards",
    },
)


@lru_cache(maxsize=16)
def build(texture: Texture) -> NDArray[np.uint8]:
    """The picture of a recipe, sRGB uint8 [N, N, 3], read-only and shared; the last 16 are kept, as renderers keep their own."""
    image: NDArray[np.uint8] = TEXTURES[texture.kind](texture.resolution, **dict(texture.parameters))
    image.setflags(write=False)
    return image
