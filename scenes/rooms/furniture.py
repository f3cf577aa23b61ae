"""Furniture of a room by relations, up to a wanted number of large pieces, with what hangs on walls and under the ceiling."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.furnishing import clutter, shell
from scenes.furnishing.furnish import Furnisher
from scenes.furnishing.layout import Item, Layout
from scenes.furnishing.service_rooms import HOUSE_TYPES
from scenes.randomness import Streams
from scenes.rooms.dropping import choose
from scenes.shapes import size

_LARGE_M = 0.4  # SceneNet RGB-D's border between large and small
_TO_THE_WALL = frozenset(("bookshelf", "shelf", "cabinet", "wardrobe", "dresser", "bench", "desk", "washing_machine", "vacuum_cleaner"))
_ANYWHERE = frozenset(("chair", "armchair", "stool", "ottoman", "plant", "lamp", "coffee_table", "basket", "umbrella_stand", "coat_rack"))
_MORE_TRIES = 12


@dataclass(frozen=True)
class Furnished:
    """`surfaces`: names of what has a top to put things on."""

    ceiling_lamps: list[Item]
    surfaces: frozenset[str]


def furnish(layout: Layout, streams: Streams, kind: str, holes: tuple[shell.Opening, ...], large: int, pictures: int) -> Furnished:
    """Fills the layout, large things first; with `large` = 0 only what is fixed to the room."""
    furnisher = Furnisher(layout, streams, min(1.2, 0.5 + 0.04 * large))
    shell.dress_windows(furnisher, holes)
    if large:
        HOUSE_TYPES[kind](furnisher)
    lamps = clutter.ceiling_lamps(furnisher)
    clutter.pictures(furnisher, pictures)
    if large:
        _more(furnisher, kind, large)
    return Furnished([lamp for lamp in lamps if lamp in layout.items], frozenset(surface.item.name for surface in furnisher.surfaces))


def _more(f: Furnisher, kind: str, wanted: int) -> None:
    """Further large pieces of the catalogue where there is room, until there are as many as wanted."""
    for k in range(_MORE_TRIES):
        if sum(max(size(item.shape)[:2]) > _LARGE_M and item.z < 0.1 and item.category != "rug" for item in f.layout.items) >= wanted:
            return
        rng = f.rng(f"more/{k}")
        piece = choose(rng, kind, True, 0.05)
        shape = piece.draw(rng)
        if piece.category in _TO_THE_WALL:
            f.against_wall(f"more/{k}/place", piece.category, shape, zone=0.3, surface=size(shape)[2] if size(shape)[2] < 1.5 else None)
        elif piece.category in _ANYWHERE:
            f.on_floor(f"more/{k}/place", piece.category, shape, corner=0.5)
