"""What the WordNet synsets of ShapeNet are: a NYU40 class, a plausible height, and how often they are found in the rooms of SceneNet.

The ids and names are those of ShapeNetCore's taxonomy. What is not found indoors (vehicles, weapons) is not in the table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from scenes.errors import UserError
from scenes.semantics import NYU40

LARGE_M = 0.4  # SceneNet RGB-D's border between large and small things
_ROOM_LETTERS = {"b": "bedroom", "l": "livingroom", "k": "kitchen", "o": "office", "w": "bathroom"}


@dataclass(frozen=True)
class Kind:
    """name: ShapeNet's. category: NYU40 class. low, high: height in metres. rooms: types it belongs to."""

    name: str
    category: str
    low: float
    high: float
    rooms: frozenset[str]

    @property
    def large(self) -> bool:
        return (self.low + self.high) / 2 >= LARGE_M


# synset, name, NYU40 class, heights in metres, rooms (bedroom, living room, kitchen, office, washroom)
_TABLE = """
02747177 trash_bin     otherprop      0.25 0.60 blkow
02773838 bag           bag            0.25 0.50 blo
02801938 basket        otherprop      0.15 0.40 blkw
02808440 bathtub       bathtub        0.50 0.65 w
02818832 bed           bed            0.60 1.10 b
02828884 bench         chair          0.45 0.90 blk
02871439 bookshelf     bookshelf      0.90 2.10 blo
02876657 bottle        otherprop      0.15 0.33 blkow
02880940 bowl          otherprop      0.05 0.14 lk
02933112 cabinet       cabinet        0.60 1.90 blkow
02942699 camera        otherprop      0.07 0.16 blo
02946921 can           otherprop      0.10 0.18 lko
02954340 cap           clothes        0.10 0.16 bl
02992529 cellphone     otherprop      0.08 0.15 blo
03001627 chair         chair          0.75 1.10 blko
03046257 clock         otherprop      0.15 0.35 blko
03085013 keyboard      otherprop      0.02 0.05 o
03207941 dishwasher    otherfurniture 0.80 0.88 k
03211117 display       television     0.35 0.65 blo
03261776 earphone      otherprop      0.10 0.20 bo
03325088 faucet        otherprop      0.12 0.30 kw
03337140 file_cabinet  cabinet        0.55 1.35 o
03467517 guitar        otherprop      0.90 1.05 bl
03513137 helmet        otherprop      0.20 0.30 b
03593526 jar           otherprop      0.12 0.35 lk
03636649 lamp          lamp           0.30 1.60 blo
03642806 laptop        otherprop      0.18 0.28 blo
03691459 loudspeaker   otherprop      0.25 1.00 blo
03761084 microwave     otherprop      0.26 0.34 k
03797390 mug           otherprop      0.08 0.12 lko
03928116 piano         otherfurniture 0.95 1.30 l
03938244 pillow        pillow         0.12 0.25 bl
03991062 pot           otherprop      0.20 0.70 lkow
04004475 printer       otherprop      0.18 0.45 o
04074963 remote        otherprop      0.02 0.04 bl
04256520 sofa          sofa           0.70 0.95 lo
04330267 stove         otherfurniture 0.82 0.95 k
04379243 table         table          0.40 0.80 blko
04401088 telephone     otherprop      0.08 0.20 blo
04554684 washer        otherfurniture 0.80 0.90 kw
"""


def _read(table: str) -> dict[str, Kind]:
    kinds = {}
    for line in table.strip().splitlines():
        synset, name, category, low, high, letters = line.split()
        kinds[synset] = Kind(name, category, float(low), float(high), frozenset(_ROOM_LETTERS[k] for k in letters))
    return kinds


KINDS: Mapping[str, Kind] = _read(_TABLE)


@lru_cache(maxsize=8)
def taxonomy(root: Path) -> Mapping[str, tuple[str, str]]:
    """(name, parent or "") of each synset in `taxonomy.json`; empty where the file is missing."""
    path = root / "taxonomy.json"
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        parents = {str(child): str(entry["synsetId"]) for entry in entries for child in entry.get("children", [])}
        return {str(e["synsetId"]): (str(e.get("name", "")), parents.get(str(e["synsetId"]), "")) for e in entries}
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UserError(f"{path} is broken ({error}): copy it again from ShapeNetCore, or remove it") from error


def kind_of(synset: str, root: Path) -> Kind | None:
    """What a synset is: its own line, that of its nearest ancestor in the taxonomy, or a NYU40 class among its names; None otherwise."""
    known = taxonomy(root)
    seen: set[str] = set()
    ancestor = synset
    while ancestor and ancestor not in seen:
        if ancestor in KINDS:
            return KINDS[ancestor]
        seen.add(ancestor)
        ancestor = known.get(ancestor, ("", ""))[1]
    for name in known.get(synset, ("", ""))[0].split(","):
        word = name.strip().replace(" ", "_")
        if word in NYU40:
            return Kind(word, word, 0.2, 0.6, frozenset(_ROOM_LETTERS.values()))
    return None
