"""What the catalogue says of a thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from scenes.scene import Shape


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A kind of thing.

    category: a name in `scenes.semantics`. draw: a shape with plausible measures. large: furniture or vehicle rather than a small thing
    (SceneNet RGB-D's border is 0.4 m). rooms: how often it is found in a type of room, relative to the others (empty: not indoors).
    outdoors: found in streets and gardens. loose: can lie about, be thrown or float; not what hangs on a wall or under a ceiling.
    """

    category: str
    draw: Callable[[np.random.Generator], Shape]
    large: bool = False
    rooms: Mapping[str, float] = field(default_factory=dict)
    outdoors: bool = False
    loose: bool = True
